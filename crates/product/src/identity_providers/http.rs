//! Requests to providers: one try, ten seconds in all, so many bytes, and no redirect is followed.

use std::error::Error;
use std::sync::OnceLock;
use std::time::Duration;

use axum::http::{HeaderValue, Method, Request, StatusCode, header};
use base::Secret;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::address::Address;
use crate::doors::tls;

const PATIENCE: Duration = Duration::from_secs(10);
/// More than any document of theirs has.
const MOST: usize = 256 * 1024;

/// Why a provider gave no answer that can be used. The words are for whoever configures it; what else is known stands in the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unanswered {
    #[error("the certificates that this machine trusts cannot be read")]
    Roots,
    #[error("nobody answers there, or its certificate is not trusted")]
    Unreachable,
    #[error("it gives no answer within 10 seconds")]
    Late,
    #[error("it answers more than 256 KB")]
    TooLong,
    #[error("it answers with status {0}")]
    Status(StatusCode),
    #[error("{0}")]
    Malformed(&'static str),
}

/// What comes back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Secret<Vec<u8>>,
}

type HttpClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// The way to providers.
#[derive(Default)]
pub(super) struct Http {
    client: OnceLock<HttpClient>,
}

impl Http {
    /// What stands at an address.
    pub(super) async fn get(&self, address: &Address, bearer: Option<&Secret<String>>) -> Result<Answer, Unanswered> {
        let authorization = bearer.map(|token| Secret::new(format!("Bearer {}", token.expose())));
        self.ask(Method::GET, address, authorization, Bytes::new()).await
    }

    /// What a form is answered with.
    pub(super) async fn post(
        &self,
        address: &Address,
        authorization: Option<Secret<String>>,
        form: String,
    ) -> Result<Answer, Unanswered> {
        self.ask(Method::POST, address, authorization, Bytes::from(form)).await
    }

    async fn ask(
        &self,
        method: Method,
        address: &Address,
        authorization: Option<Secret<String>>,
        body: Bytes,
    ) -> Result<Answer, Unanswered> {
        const NOT_SENT: Unanswered =
            Unanswered::Malformed("it cannot be asked: its address or the client's secret is malformed");
        let mut request = Request::builder()
            .method(&method)
            .uri(address.url().as_str())
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, "Pilotfish");
        if let Some(value) = authorization {
            let mut value = HeaderValue::from_str(value.expose()).map_err(|_| NOT_SENT)?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        if method == Method::POST {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let request = request.body(Full::new(body)).map_err(|_| NOT_SENT)?;
        let exchange = async {
            let answer = self.client()?.request(request).await.map_err(|error| unreachable(address, &error))?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), MOST).collect().await;
            let body = body.map_err(|error| cut_short(address, error.as_ref()))?;
            Ok(Answer { status, body: Secret::new(body.to_bytes().to_vec()) })
        };
        tokio::time::timeout(PATIENCE, exchange).await.map_err(|_| Unanswered::Late)?
    }

    fn client(&self) -> Result<&HttpClient, Unanswered> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let trusting =
            HttpsConnectorBuilder::new().with_provider_and_platform_verifier(tls::provider()).map_err(|error| {
                tracing::error!(%error, "identity providers cannot be asked");
                Unanswered::Roots
            })?;
        // Which addresses may be asked without TLS is the address's business.
        let connector = trusting.https_or_http().enable_http1().build();
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Ok(self.client.get_or_init(|| client))
    }
}

fn unreachable(address: &Address, error: &(dyn Error + 'static)) -> Unanswered {
    tracing::warn!(
        host = address.url().host_str(),
        reason = with_causes(error),
        "an identity provider does not answer"
    );
    Unanswered::Unreachable
}

fn cut_short(address: &Address, error: &(dyn Error + Send + Sync + 'static)) -> Unanswered {
    if error.is::<http_body_util::LengthLimitError>() {
        return Unanswered::TooLong;
    }
    unreachable(address, error)
}

fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
