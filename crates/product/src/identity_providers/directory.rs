//! What providers say of themselves: their addresses (OpenID Connect Discovery) and the keys that they sign with. Both are
//! remembered for an hour. A token whose key is not among those known has them asked for again, but not within a minute of the last
//! time: keys turn, and nobody has us ask as often as they like. One request at a time asks an issuer; the others wait for it.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use base::Timestamp;
use jsonwebtoken::jwk::Jwk;
use moka::sync::Cache;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use super::address::Address;
use super::http::{Http, Unanswered};
use crate::App;

const REMEMBERED: Duration = Duration::from_hours(1);
/// How long what went wrong is remembered.
const FAILED: Duration = Duration::from_secs(15);
/// How often keys are asked for because of a token.
const ASKED_AGAIN: Duration = Duration::from_mins(1);
const MOST_ISSUERS: u64 = 256;
const MOST_KEYS: usize = 100;

/// What is known of providers, by their issuers.
pub(crate) struct Directory {
    pub(super) http: Http,
    issuers: Cache<String, Arc<Issuer>>,
}

impl Default for Directory {
    fn default() -> Self {
        Self { http: Http::default(), issuers: Cache::new(MOST_ISSUERS) }
    }
}

#[derive(Default)]
struct Issuer {
    metadata: Mutex<Option<Known<Metadata>>>,
    keys: Mutex<Option<Known<Vec<Jwk>>>>,
}

struct Known<T> {
    at: Timestamp,
    found: Result<Arc<T>, Unanswered>,
}

impl<T> Known<T> {
    /// What was found, unless it has to be asked for again.
    fn still(&self, now: Timestamp) -> Option<Result<Arc<T>, Unanswered>> {
        let lasts = if self.found.is_ok() { REMEMBERED } else { FAILED };
        (now.since(self.at) < lasts).then(|| self.found.clone())
    }
}

/// Where an issuer is asked what.
pub(super) struct Metadata {
    pub(super) authorization: Url,
    pub(super) token: Address,
    pub(super) userinfo: Option<Address>,
    /// Whether the client's secret goes into the header, as it does unless the issuer says otherwise.
    pub(super) takes_basic: bool,
    /// Whether it names itself when it sends somebody back (RFC 9207).
    pub(super) names_itself: bool,
    keys: Address,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

#[derive(Deserialize)]
struct KeyDocument {
    keys: Vec<Value>,
}

impl Directory {
    /// Where an issuer is asked what.
    pub(super) async fn metadata(&self, app: &App, issuer: &str) -> Result<Arc<Metadata>, Unanswered> {
        let known = self.issuer(issuer);
        let mut metadata = known.metadata.lock().await;
        let now = app.clock.now();
        if let Some(found) = metadata.as_ref().and_then(|known| known.still(now)) {
            return found;
        }
        let found = self.discover(app, issuer).await.map(Arc::new);
        *metadata = Some(Known { at: now, found: found.clone() });
        found
    }

    /// The keys that an issuer signs with; asked for again if none is fit.
    pub(super) async fn keys(
        &self,
        app: &App,
        issuer: &str,
        metadata: &Metadata,
        fits: impl Fn(&Jwk) -> bool,
    ) -> Result<Arc<Vec<Jwk>>, Unanswered> {
        let known = self.issuer(issuer);
        let mut keys = known.keys.lock().await;
        let now = app.clock.now();
        if let Some(known) = keys.as_ref()
            && let Some(found) = known.still(now)
        {
            let is_fit = found.as_ref().is_ok_and(|keys| keys.iter().any(fits));
            if found.is_err() || is_fit || now.since(known.at) < ASKED_AGAIN {
                return found;
            }
        }
        let found = self.read::<KeyDocument>(&metadata.keys).await.map(|document| Arc::new(readable(document)));
        *keys = Some(Known { at: now, found: found.clone() });
        found
    }

    /// Has the next request ask an issuer anew.
    pub(super) fn forget(&self, issuer: &str) {
        self.issuers.invalidate(issuer);
    }

    fn issuer(&self, issuer: &str) -> Arc<Issuer> {
        self.issuers.get_with(issuer.to_owned(), Arc::default)
    }

    async fn discover(&self, app: &App, issuer: &str) -> Result<Metadata, Unanswered> {
        let address = Address::of_discovery(app, issuer).ok_or(Unanswered::Malformed(NOT_ASKED))?;
        let document: Document = self.read(&address).await?;
        if document.issuer != issuer {
            return Err(Unanswered::Malformed("it says that it is another issuer"));
        }
        let lacks = |list: &Option<Vec<String>>, wanted: &str| {
            list.as_ref().is_some_and(|list| !list.iter().any(|one| one == wanted))
        };
        if lacks(&document.code_challenge_methods_supported, "S256") {
            return Err(Unanswered::Malformed("it does not know PKCE with S256"));
        }
        let read = |text: &str| Address::parse(app, text).ok_or(Unanswered::Malformed(NOT_ASKED));
        let takes_basic = !lacks(&document.token_endpoint_auth_methods_supported, "client_secret_basic");
        if !takes_basic && lacks(&document.token_endpoint_auth_methods_supported, "client_secret_post") {
            return Err(Unanswered::Malformed("it takes no client secret"));
        }
        Ok(Metadata {
            authorization: read(&document.authorization_endpoint)?.url().clone(),
            token: read(&document.token_endpoint)?,
            userinfo: document.userinfo_endpoint.as_deref().map(read).transpose()?,
            takes_basic,
            names_itself: document.authorization_response_iss_parameter_supported,
            keys: read(&document.jwks_uri)?,
        })
    }

    async fn read<T: DeserializeOwned>(&self, address: &Address) -> Result<T, Unanswered> {
        let answer = self.http.get(address, None).await?;
        if answer.status != StatusCode::OK {
            return Err(Unanswered::Status(answer.status));
        }
        serde_json::from_slice(answer.body.expose())
            .map_err(|_| Unanswered::Malformed("it does not say what it should"))
    }
}

/// The keys that we can read; others are nobody's business.
fn readable(document: KeyDocument) -> Vec<Jwk> {
    document.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).take(MOST_KEYS).collect()
}

const NOT_ASKED: &str = "one of its addresses is not https://";
