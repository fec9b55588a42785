//! What providers say of themselves: their addresses (OpenID Connect Discovery) and the keys that they sign with. Both are
//! remembered for an hour, and for one more if nothing better comes of asking again. A token whose key is not among those known has
//! them asked for again, but not within a minute of the last time: keys turn, and nobody has us ask as often as they like. One request
//! at a time asks an issuer; the others wait for it.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use base::id::OrganisationId;
use base::{Code, Problem, ProblemResult, Timestamp};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use ipnet::IpNet;
use jsonwebtoken::jwk::Jwk;
use moka::sync::Cache;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use super::address::{Address, is_here};
use super::http::{Http, Unanswered};
use super::networks::Networks;
use crate::App;
use crate::routers::host_of;

const REMEMBERED: Duration = Duration::from_hours(1);
/// How much longer what was found is good if the issuer fails since.
const KEPT: Duration = Duration::from_hours(1);
/// How long what went wrong is remembered.
const FAILED: Duration = Duration::from_secs(15);
/// How often keys are asked for because of a token.
const ASKED_AGAIN: Duration = Duration::from_mins(1);
const MOST_ISSUERS: u64 = 256;
const MOST_KEYS: usize = 100;
/// How many tests an organisation may make in a minute.
const MOST_TESTS: NonZeroU32 = NonZeroU32::new(10).unwrap();

/// What is known of providers, by their issuers.
pub(crate) struct Directory {
    pub(super) http: Http,
    issuers: Cache<String, Arc<Issuer>>,
    tests: DefaultKeyedRateLimiter<OrganisationId>,
}

#[derive(Default)]
struct Issuer {
    metadata: Mutex<Known<Metadata>>,
    keys: Mutex<Known<Vec<Jwk>>>,
}

/// What was found last, and what went wrong since, if it was asked for again.
struct Known<T> {
    found: Option<(Timestamp, Arc<T>)>,
    failed: Option<(Timestamp, Unanswered)>,
}

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self { found: None, failed: None }
    }
}

impl<T> Known<T> {
    /// What is known, unless it has to be asked for again.
    fn still(&self, now: Timestamp) -> Option<Result<Arc<T>, Unanswered>> {
        if let Some(found) = self.within(REMEMBERED, now) {
            return Some(Ok(found));
        }
        let (at, error) = self.failed.as_ref()?;
        (now.since(*at) < FAILED).then(|| self.or_kept(error, now))
    }

    /// Learns what came of asking; what is known now.
    fn learn(&mut self, now: Timestamp, found: Result<T, Unanswered>) -> Result<Arc<T>, Unanswered> {
        match found {
            Ok(found) => {
                let found = Arc::new(found);
                *self = Self { found: Some((now, found.clone())), failed: None };
                Ok(found)
            }
            Err(error) => {
                let known = self.or_kept(&error, now);
                self.failed = Some((now, error));
                known
            }
        }
    }

    fn or_kept(&self, error: &Unanswered, now: Timestamp) -> Result<Arc<T>, Unanswered> {
        self.within(REMEMBERED + KEPT, now).ok_or_else(|| error.clone())
    }

    fn within(&self, lasts: Duration, now: Timestamp) -> Option<Arc<T>> {
        let (at, found) = self.found.as_ref()?;
        (now.since(*at) < lasts).then(|| found.clone())
    }

    /// Whether it was asked for a moment ago.
    fn was_asked(&self, now: Timestamp) -> bool {
        let found_at = self.found.as_ref().map(|(at, _)| *at);
        let asked_at = self.failed.as_ref().map(|(at, _)| *at).or(found_at);
        asked_at.is_some_and(|at| now.since(at) < ASKED_AGAIN)
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
    /// Of an installation with its dashboard at a URL; providers may be in these networks beside the internet.
    pub(crate) fn new(dashboard: &str, named: Vec<IpNet>) -> Self {
        let networks = Networks { named, this_machine: is_here(host_of(dashboard)) };
        let tests = RateLimiter::keyed(Quota::per_minute(MOST_TESTS));
        Self { http: Http::new(networks), issuers: Cache::new(MOST_ISSUERS), tests }
    }

    /// Where an issuer is asked what.
    pub(super) async fn metadata(&self, app: &App, issuer: &str) -> Result<Arc<Metadata>, Unanswered> {
        let known = self.issuer(issuer);
        let mut metadata = known.metadata.lock().await;
        let now = app.clock.now();
        match metadata.still(now) {
            Some(known) => known,
            None => metadata.learn(now, self.discover(app, issuer).await),
        }
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
        let is_fit = |keys: &Arc<Vec<Jwk>>| keys.iter().any(&fits);
        let found = match keys.still(now) {
            Some(Ok(found)) if !is_fit(&found) && !keys.was_asked(now) => {
                keys.learn(now, self.published(metadata).await)
            }
            Some(known) => known,
            None => keys.learn(now, self.published(metadata).await),
        };
        match &keys.failed {
            // Nobody knows whether a key that is not among those kept is the issuer's.
            Some((_, error)) if found.as_ref().is_ok_and(|found| !is_fit(found)) => Err(error.clone()),
            _ => found,
        }
    }

    /// Counts a test of an organisation.
    ///
    /// # Errors
    /// 429.
    pub(super) fn count_test(&self, organisation: OrganisationId) -> ProblemResult<()> {
        self.tests.check_key(&organisation).map_err(|_| {
            let detail = format!("{MOST_TESTS} tests a minute are enough: look at what the last one said");
            Problem::new(Code::TooManyRequests).detail(detail).retry_after(60 / u64::from(MOST_TESTS.get()))
        })
    }

    /// The keys of an issuer that is asked for everything now. What is as it should be is known from then on; what is not changes
    /// nothing.
    pub(super) async fn test(&self, app: &App, issuer: &str) -> Result<Arc<Vec<Jwk>>, Unanswered> {
        let now = app.clock.now();
        let metadata = self.discover(app, issuer).await?;
        let keys = self.published(&metadata).await?;
        let known = self.issuer(issuer);
        known.metadata.lock().await.learn(now, Ok(metadata))?;
        known.keys.lock().await.learn(now, Ok(keys))
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

    /// The keys that an issuer publishes now.
    async fn published(&self, metadata: &Metadata) -> Result<Vec<Jwk>, Unanswered> {
        self.read::<KeyDocument>(&metadata.keys).await.map(readable)
    }

    async fn read<T: DeserializeOwned>(&self, address: &Address) -> Result<T, Unanswered> {
        let answer = self.http.get(address, None).await?;
        if answer.status != StatusCode::OK {
            return Err(answer.wrong(Unanswered::Status(answer.status)));
        }
        serde_json::from_slice(answer.body.expose())
            .map_err(|_| answer.wrong(Unanswered::Malformed("it does not say what it should")))
    }
}

/// The keys that we can read; others are nobody's business.
fn readable(document: KeyDocument) -> Vec<Jwk> {
    document.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).take(MOST_KEYS).collect()
}

const NOT_ASKED: &str = "one of its addresses is not https://";
