//! States: what a browser takes to a provider and brings back. None is stored when it is made, so that nobody fills the store by
//! asking: a keyed hash in each says that it is ours, of this browser, for which provider and purpose, and until when. The browser
//! is known by a token in a cookie. Those that were answered are kept until they end: each is good once.
//!
//! Nonce and PKCE verifier are keyed hashes of state and token: nobody who lacks the key and the cookie has them, and no row holds
//! them.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use base::id::{IdentityProviderId, MemberId, SessionId};
use base::{ProblemResult, Secret, Timestamp};
use data_encoding::BASE64URL_NOPAD;
use keys::{Aad, KeyKind, Owner, SecretKey, hash, random_token};

use super::store;
use crate::App;
use crate::authority::SystemTx;
use crate::problem::{internal, store_failed};
use crate::sessions;

pub(super) const LIFE: Duration = Duration::from_mins(10);
const COOKIE: &str = "__Host-pilotfish_oidc";
const TOKEN_LEN: usize = 52;
const RANDOM_LEN: usize = 16;
const SAID_LEN: usize = 8 + 1 + 16 + RANDOM_LEN;
const LEN: usize = SAID_LEN + 32;

/// What somebody goes to a provider for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To sign in.
    SignIn,
    /// To link the identity that they have there with the account that they are signed in to here.
    Link(MemberId, SessionId),
    /// To prove once more who they are.
    Prove(MemberId, SessionId),
}

/// A browser, by the token in its cookie.
pub(super) struct Browser(Secret<String>);

/// A state with what goes along with it.
pub(super) struct Made {
    pub(super) state: String,
    pub(super) nonce: String,
    pub(super) verifier: Secret<String>,
}

/// What a state says that was brought back.
pub(super) struct Taken {
    pub(super) purpose: Purpose,
    /// When it was made.
    pub(super) since: Timestamp,
    pub(super) nonce: String,
    pub(super) verifier: Secret<String>,
}

impl Browser {
    /// The browser of a request; one without a token gets one.
    pub(super) fn of(app: &App, headers: &HeaderMap) -> Self {
        Self::known(headers).unwrap_or_else(|| Self(random_token(app.rng.as_ref())))
    }

    fn known(headers: &HeaderMap) -> Option<Self> {
        let token = sessions::cookie_of(headers, COOKIE)?;
        let well_formed =
            token.expose().len() == TOKEN_LEN && token.expose().bytes().all(|b| b.is_ascii_alphanumeric());
        well_formed.then_some(Self(token))
    }

    /// The `Set-Cookie` that keeps it as long as a state lives.
    pub(super) fn cookie(&self) -> ProblemResult<HeaderValue> {
        let (token, seconds) = (self.0.expose(), LIFE.as_secs());
        let text = format!("{COOKIE}={token}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}");
        let mut value = HeaderValue::try_from(text).map_err(internal)?;
        value.set_sensitive(true);
        Ok(value)
    }

    fn hash(&self, key: &SecretKey, label: &str, fields: &[&[u8]]) -> [u8; 32] {
        let aad = Aad::new(label).text(self.0.expose());
        hash::keyed(key, &fields.iter().fold(aad, |aad, field| aad.bytes(field)))
    }

    fn tag(&self, key: &SecretKey, said: &[u8], purpose: Purpose) -> [u8; 32] {
        let session = match purpose {
            Purpose::SignIn => [0; 16],
            Purpose::Link(_, session) | Purpose::Prove(_, session) => session.bytes(),
        };
        self.hash(key, "pilotfish/oidc-state/v1", &[said, &session])
    }

    fn nonce(&self, key: &SecretKey, state: &[u8]) -> String {
        BASE64URL_NOPAD.encode(&self.hash(key, "pilotfish/oidc-nonce/v1", &[state]))
    }

    fn verifier(&self, key: &SecretKey, state: &[u8]) -> Secret<String> {
        Secret::new(BASE64URL_NOPAD.encode(&self.hash(key, "pilotfish/oidc-verifier/v1", &[state])))
    }
}

/// Makes a state of a browser.
pub(super) fn make(
    app: &App,
    browser: &Browser,
    provider: IdentityProviderId,
    purpose: Purpose,
) -> ProblemResult<Made> {
    let (_, key) = app.keys.primary(KeyKind::Session, Owner::Installation).map_err(internal)?;
    let mut bytes = app.clock.now().plus(LIFE).micros().to_be_bytes().to_vec();
    bytes.push(match purpose {
        Purpose::SignIn => 1,
        Purpose::Link(..) => 2,
        Purpose::Prove(..) => 3,
    });
    bytes.extend(provider.bytes());
    bytes.extend(app.rng.bytes::<RANDOM_LEN>());
    bytes.extend(browser.tag(&key, &bytes, purpose));
    let (nonce, verifier) = (browser.nonce(&key, &bytes), browser.verifier(&key, &bytes));
    Ok(Made { state: BASE64URL_NOPAD.encode(&bytes), nonce, verifier })
}

/// What a state says, if it is ours, for the provider at whose redirect URI it was brought back, of the browser of the request and of
/// its session where it is about one, and nobody has answered it; it is answered now.
pub(super) async fn take(
    app: &App,
    headers: &HeaderMap,
    session: Option<(MemberId, SessionId)>,
    provider: IdentityProviderId,
    state: &str,
) -> ProblemResult<Option<Taken>> {
    let Some((browser, bytes)) = Browser::known(headers).zip(decode(state)) else { return Ok(None) };
    let (said, tag) = bytes.split_at(SAID_LEN);
    let Some(read) = Said::read(said, session) else { return Ok(None) };
    if read.provider != provider || read.expires <= app.clock.now() {
        return Ok(None);
    }
    let usable = app.keys.usable(KeyKind::Session, Owner::Installation).map_err(internal)?;
    let ours = usable.iter().find(|(_, key)| hash::equal(&browser.tag(key, said, read.purpose), tag));
    let Some((_, key)) = ours else { return Ok(None) };
    let mut tx = SystemTx::begin(app).await?;
    if store::use_state(&mut tx.0, tag, read.expires).await.map_err(store_failed)? == 0 {
        return Ok(None);
    }
    tx.commit().await?;
    let (nonce, verifier) = (browser.nonce(key, &bytes), browser.verifier(key, &bytes));
    let since = read.expires.minus(LIFE);
    Ok(Some(Taken { purpose: read.purpose, since, nonce, verifier }))
}

fn decode(state: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(state.as_bytes()).ok().filter(|bytes| bytes.len() == LEN)
}

struct Said {
    expires: Timestamp,
    purpose: Purpose,
    provider: IdentityProviderId,
}

impl Said {
    fn read(said: &[u8], session: Option<(MemberId, SessionId)>) -> Option<Self> {
        let (expires, rest) = said.split_first_chunk::<8>()?;
        let (code, rest) = rest.split_first()?;
        let provider = rest.first_chunk::<16>()?;
        let purpose = match (code, session) {
            (1, _) => Purpose::SignIn,
            (2, Some((member, session))) => Purpose::Link(member, session),
            (3, Some((member, session))) => Purpose::Prove(member, session),
            _ => return None,
        };
        let provider = IdentityProviderId(uuid::Uuid::from_bytes(*provider));
        Some(Self { expires: Timestamp(i64::from_be_bytes(*expires)), purpose, provider })
    }
}
