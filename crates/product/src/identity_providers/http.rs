//! Requests to providers: one try, ten seconds in all, so many bytes, no redirect is followed, and nobody is asked who is not in the
//! [networks](super::networks) that may be.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::{HeaderValue, Method, Request, Response, StatusCode, header};
use base::Secret;
use bytes::Bytes;
use futures::future::BoxFuture;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::legacy::connect::{HttpConnector, HttpInfo};
use hyper_util::rt::TokioExecutor;
use tower::Service;

use super::address::Address;
use super::networks::{Networks, Place};
use crate::doors::tls;

const PATIENCE: Duration = Duration::from_secs(10);
/// More than any document of theirs has.
const MOST: usize = 256 * 1024;

/// Why a provider gave no answer that can be used. The words are for whoever configures it; what else is known stands in the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unanswered {
    #[error("the certificates that this machine trusts cannot be read")]
    Roots,
    /// One for all of these: nobody is to learn by us what there is in a private network.
    #[error(
        "nobody answers there within 10 seconds, its certificate is not trusted, or it is in a private network that the operator \
         has not named (--identity-provider-networks)"
    )]
    Unreachable,
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
    place: Option<Place>,
}

impl Answer {
    /// What is wrong with it, as far as it may be told.
    pub(super) fn wrong(&self, how: Unanswered) -> Unanswered {
        told(self.place, how)
    }
}

/// Of a machine in a network that the operator named nothing is told but that there is no provider.
fn told(place: Option<Place>, how: Unanswered) -> Unanswered {
    match place {
        Some(Place::Internet | Place::ThisMachine) => how,
        Some(Place::Named) | None => Unanswered::Unreachable,
    }
}

type HttpClient = Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>;

/// The way to providers.
pub(super) struct Http {
    networks: Arc<Networks>,
    client: OnceLock<HttpClient>,
}

impl Http {
    pub(super) fn new(networks: Networks) -> Self {
        Self { networks: Arc::new(networks), client: OnceLock::new() }
    }

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
        // Addresses that stand in the URL itself are not resolved.
        if address.ip().is_some_and(|ip| self.networks.place(ip).is_none()) {
            return Err(unreachable(address, &NotToBeAsked));
        }
        let exchange = async {
            let answer = self.client()?.request(request).await.map_err(|error| unreachable(address, &error))?;
            let (status, place) = (answer.status(), self.place_of(&answer));
            let body = Limited::new(answer.into_body(), MOST).collect().await;
            let body = body.map_err(|error| told(place, cut_short(address, error.as_ref())))?;
            Ok(Answer { status, body: Secret::new(body.to_bytes().to_vec()), place })
        };
        tokio::time::timeout(PATIENCE, exchange).await.map_err(|late| unreachable(address, &late))?
    }

    /// Where the machine is that gave an answer.
    fn place_of<T>(&self, answer: &Response<T>) -> Option<Place> {
        let connection = answer.extensions().get::<HttpInfo>()?;
        self.networks.place(connection.remote_addr().ip())
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
        let mut connector = HttpConnector::new_with_resolver(Resolver(self.networks.clone()));
        connector.enforce_http(false);
        let connector = trusting.https_or_http().enable_http1().wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Ok(self.client.get_or_init(|| client))
    }
}

/// What is resolved to addresses that may be asked.
#[derive(Clone)]
struct Resolver(Arc<Networks>);

#[derive(Debug, thiserror::Error)]
#[error("none of its addresses is on the internet, or in a network that the operator named")]
struct NotToBeAsked;

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let networks = self.0.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let may: Vec<_> = found.filter(|address| networks.place(address.ip()).is_some()).collect();
            if may.is_empty() { Err(io::Error::other(NotToBeAsked)) } else { Ok(may.into_iter()) }
        })
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
