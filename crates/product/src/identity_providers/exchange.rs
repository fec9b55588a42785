//! The two requests of signing in over a provider: the one that the browser makes there, and ours that gives the code for a token.

use axum::http::StatusCode;
use base::{Code, Problem, ProblemResult, Secret};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use jsonwebtoken::jwk::Jwk;
use serde::Deserialize;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::directory::Metadata;
use super::http::{Answer, Unanswered};
use super::state::{Made, Purpose, Taken};
use super::store::Provider;
use super::token::{Expected, Unverified};
use super::{open_secret, redirect_uri};
use crate::App;

/// What the token alone may say.
const OF_THE_TOKEN: [&str; 12] =
    ["iss", "sub", "aud", "azp", "exp", "iat", "nbf", "nonce", "auth_time", "acr", "amr", "at_hash"];

#[derive(Deserialize)]
struct Tokens {
    id_token: Secret<String>,
    access_token: Option<Secret<String>>,
}

/// RFC 6749, section 5.2.
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

/// Where the browser goes.
///
/// # Errors
/// 502 `identity_provider_unavailable`.
pub(super) async fn ask(app: &App, provider: &Provider, made: &Made, purpose: Purpose) -> ProblemResult<String> {
    let metadata = app.providers.metadata(app, &provider.issuer).await.map_err(|error| unavailable(&error))?;
    let challenge = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, made.verifier.expose().as_bytes());
    let mut url = metadata.authorization.clone();
    let mut query = url.query_pairs_mut();
    query
        .append_pair("response_type", "code")
        .append_pair("client_id", &provider.client_id)
        .append_pair("redirect_uri", &redirect_uri(app, provider.id))
        .append_pair("scope", &provider.settings.scope())
        .append_pair("state", &made.state)
        .append_pair("nonce", &made.nonce)
        .append_pair("code_challenge", &BASE64URL_NOPAD.encode(challenge.as_ref()))
        .append_pair("code_challenge_method", "S256");
    if let Purpose::Prove(..) = purpose {
        query.append_pair("prompt", "login").append_pair("max_age", "0");
    }
    drop(query);
    Ok(url.into())
}

/// What a provider says of whom it sent back with a code.
///
/// # Errors
/// 401 `identity_not_accepted`, 403 `identity_provider_refused`, 502 `identity_provider_unavailable`.
pub(super) async fn claims(
    app: &App,
    provider: &Provider,
    state: &Taken,
    code: &Secret<String>,
    named: Option<&str>,
) -> ProblemResult<Map<String, Value>> {
    let failed = |error: Unanswered| unavailable(&error);
    let metadata = app.providers.metadata(app, &provider.issuer).await.map_err(failed)?;
    let names_another = named.is_some_and(|named| named != provider.issuer);
    if names_another || (metadata.names_itself && named.is_none()) {
        return Err(not_accepted(provider, &"another issuer sent this person back"));
    }
    let tokens = tokens(app, provider, &metadata, state, code).await?;
    let token = Unverified::read(&tokens.id_token).map_err(|refused| not_accepted(provider, &refused))?;
    let keys =
        app.providers.keys(app, &provider.issuer, &metadata, |key: &Jwk| token.fits(key)).await.map_err(failed)?;
    let expected = Expected {
        issuer: &provider.issuer,
        client_id: &provider.client_id,
        nonce: &state.nonce,
        now: app.clock.now(),
        proven_since: matches!(state.purpose, Purpose::Prove(..)).then_some(state.since),
    };
    let mut claims = token.verify(&keys, &expected).map_err(|refused| not_accepted(provider, &refused))?;
    let lacks = ["email", "name"].into_iter().any(|name| !claims.contains_key(name));
    if lacks || provider.settings.lacks_role_claim(&claims) {
        add_more(app, provider, &metadata, tokens.access_token.as_ref(), &mut claims).await?;
    }
    Ok(claims)
}

async fn tokens(
    app: &App,
    provider: &Provider,
    metadata: &Metadata,
    state: &Taken,
    code: &Secret<String>,
) -> ProblemResult<Tokens> {
    let (secret, redirect_uri) = (open_secret(app, provider)?, redirect_uri(app, provider.id));
    let mut pairs = vec![
        ("grant_type", "authorization_code"),
        ("code", code.expose()),
        ("redirect_uri", &redirect_uri),
        ("code_verifier", state.verifier.expose()),
    ];
    let basic = metadata.takes_basic.then(|| basic(&provider.client_id, &secret));
    if basic.is_none() {
        pairs.extend([("client_id", provider.client_id.as_str()), ("client_secret", secret.expose())]);
    }
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let answer = app.providers.http.post(&metadata.token, basic, form).await;
    let Answer { status, body, .. } = answer.map_err(|error| unavailable(&error))?;
    if status == StatusCode::OK {
        let malformed = Unanswered::Malformed("it gives no id token");
        return serde_json::from_slice(body.expose()).map_err(|_| unavailable(&malformed));
    }
    let refusal = serde_json::from_slice::<Refusal>(body.expose());
    let error: String = refusal.map(|refusal| refusal.error.chars().take(64).collect()).unwrap_or_default();
    tracing::warn!(provider = %provider.id, %status, error, "an identity provider gives no token");
    Err(match error.as_str() {
        "invalid_client" | "unauthorized_client" => Problem::new(Code::IdentityProviderUnavailable)
            .detail("the identity provider does not take the client id and secret that it was given: tell an admin"),
        _ if status.is_client_error() => Problem::new(Code::IdentityProviderRefused).detail("begin again"),
        _ => unavailable(&Unanswered::Status(status)),
    })
}

/// RFC 6749, section 2.3.1.
fn basic(client_id: &str, secret: &Secret<String>) -> Secret<String> {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = Secret::new(format!("{}:{}", encode(client_id), encode(secret.expose())));
    Secret::new(format!("Basic {}", BASE64.encode(pair.expose().as_bytes())))
}

/// Adds what the provider says of the same subject apart from the token.
async fn add_more(
    app: &App,
    provider: &Provider,
    metadata: &Metadata,
    access_token: Option<&Secret<String>>,
    claims: &mut Map<String, Value>,
) -> ProblemResult<()> {
    let Some((address, token)) = metadata.userinfo.as_ref().zip(access_token) else { return Ok(()) };
    let answer = app.providers.http.get(address, Some(token)).await.map_err(|error| unavailable(&error))?;
    if answer.status != StatusCode::OK {
        return Err(unavailable(&Unanswered::Status(answer.status)));
    }
    let malformed = Unanswered::Malformed("what it says of people is no JSON");
    let more: Map<String, Value> = serde_json::from_slice(answer.body.expose()).map_err(|_| unavailable(&malformed))?;
    if more.get("sub") != claims.get("sub") {
        return Err(not_accepted(provider, &"it speaks of somebody else apart from the token"));
    }
    // Whether an address was verified is said by what names the address.
    let has_email = claims.contains_key("email");
    if !has_email {
        claims.remove("email_verified");
    }
    for (name, value) in more {
        let is_kept = OF_THE_TOKEN.contains(&name.as_str()) || (name == "email_verified" && has_email);
        if !is_kept && !claims.contains_key(&name) {
            claims.insert(name, value);
        }
    }
    Ok(())
}

/// What anybody is told; what is wrong stands in the log, and a test of the provider says it to an admin.
fn unavailable(error: &Unanswered) -> Problem {
    tracing::warn!(%error, "an identity provider does not answer as it should");
    Problem::new(Code::IdentityProviderUnavailable).detail(
        "the identity provider does not answer as it should: try again in a minute, and if it stays so, tell an admin",
    )
}

fn not_accepted(provider: &Provider, reason: &dyn std::fmt::Display) -> Problem {
    tracing::warn!(provider = %provider.id, %reason, "what an identity provider says is not accepted");
    Problem::new(Code::IdentityNotAccepted).detail("begin again, and if it stays so, tell an admin")
}
