//! `/account/passkeys`, `/passkeys/challenge` and `/sessions/current/proofs/challenge`, on the dashboard only.

use std::sync::Arc;

use axum::Json as JsonBody;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode};
use base::id::PasskeyId;
use base::{Code, Problem, ProblemResult, Timestamp};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ceremony::{ALGORITHMS, Registration, relying_party};
use super::challenge::{self, LIFE, Purpose};
use super::store::{self, NewPasskey};
use super::{Passkey, PasskeyKind};
use crate::App;
use crate::authority::{Can, OwnSession, SecureAccount};
use crate::extract::Json;
use crate::members;
use crate::problem::store_failed;
use crate::second_factors;
use crate::sessions::{self, Level};

/// How many keys a member may have.
const MOST: usize = 20;

/// What a browser is to ask a key for.
#[derive(Serialize, ToSchema)]
#[schema(as = PasskeyChallenge)]
struct Challenge {
    challenge: String,
    /// For `PublicKeyCredential.parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`.
    #[schema(value_type = Object)]
    public_key: Value,
}

/// A key of one's own.
#[derive(Serialize, ToSchema)]
#[schema(as = Passkey)]
pub(crate) struct PasskeyWire {
    id: PasskeyId,
    kind: PasskeyKind,
    /// Browser and system with which it was made.
    device: String,
    created_at: Timestamp,
    #[schema(required)]
    last_used_at: Option<Timestamp>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPasskey)]
struct NewKey {
    /// What the key was made for.
    challenge: String,
    credential: Registration,
}

/// A key was kept.
#[derive(Serialize, ToSchema)]
#[schema(as = AddedPasskey)]
struct Kept {
    passkey: PasskeyWire,
    /// The first second factor brings recovery codes, which are shown this once.
    recovery_codes: Vec<String>,
}

/// The operations of this feature.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(challenge_of_sign_in))
        .routes(routes!(challenge_of_proof))
        .routes(routes!(challenge_of_new_key))
        .routes(routes!(keep))
        .routes(routes!(remove))
}

impl From<Passkey> for PasskeyWire {
    fn from(key: Passkey) -> Self {
        let Passkey { id, kind, device, created_at, last_used_at } = key;
        Self { id, kind, device, created_at, last_used_at }
    }
}

/// Begin to sign in with a passkey.
#[utoipa::path(post, path = "/passkeys/challenge", tag = "sessions", operation_id = "challenge_passkey", security(()),
    responses((status = 201, body = Challenge)))]
async fn challenge_of_sign_in(
    State(app): State<Arc<App>>,
    method: Method,
    headers: HeaderMap,
) -> ProblemResult<(StatusCode, JsonBody<Challenge>)> {
    sessions::refuse_cross_site(&app, &method, &headers)?;
    Ok((StatusCode::CREATED, JsonBody(to_sign(&app, Purpose::SignIn, "required", &[])?)))
}

/// Begin to prove who one is with a passkey or a security key of one's own.
#[utoipa::path(post, path = "/sessions/current/proofs/challenge", tag = "sessions", operation_id = "challenge_proof",
    responses((status = 201, body = Challenge)))]
async fn challenge_of_proof(
    Can { caller, .. }: Can<OwnSession>,
    State(app): State<Arc<App>>,
) -> ProblemResult<(StatusCode, JsonBody<Challenge>)> {
    let (member, _) = caller.member()?;
    let own = store::credentials(&app.main, member).await.map_err(store_failed)?;
    Ok((StatusCode::CREATED, JsonBody(to_sign(&app, Purpose::Prove(member), "preferred", &own)?)))
}

/// What one of these keys is to sign, or any if there are none.
fn to_sign(app: &App, purpose: Purpose, verification: &str, keys: &[Vec<u8>]) -> ProblemResult<Challenge> {
    let challenge = challenge::make(app, purpose)?;
    let public_key = json!({
        "challenge": challenge, "rpId": relying_party(app), "timeout": LIFE.as_millis(),
        "userVerification": verification, "allowCredentials": descriptors(keys),
    });
    Ok(Challenge { challenge, public_key })
}

/// Begin to set up a passkey or a security key.
#[utoipa::path(post, path = "/account/passkeys/challenge", tag = "account", operation_id = "begin_passkey",
    responses((status = 201, body = Challenge), (status = 409, description = "conflict")))]
async fn challenge_of_new_key(
    Can { caller, .. }: Can<SecureAccount>,
    State(app): State<Arc<App>>,
) -> ProblemResult<(StatusCode, JsonBody<Challenge>)> {
    let (id, _) = caller.member()?;
    let member = members::get(&app, caller.organisation_reader(&app), id).await?;
    let own = store::credentials(&app.main, id).await.map_err(store_failed)?;
    refuse_too_many(own.len())?;
    let challenge = challenge::make(&app, Purpose::Register(id))?;
    let algorithms: Vec<Value> = ALGORITHMS.iter().map(|alg| json!({"type": "public-key", "alg": alg})).collect();
    let public_key = json!({
        "rp": {"id": relying_party(&app), "name": "Pilotfish"},
        "user": {
            "id": BASE64URL_NOPAD.encode(&id.bytes()),
            "name": member.email.open(),
            "displayName": member.name.open(),
        },
        "challenge": challenge, "pubKeyCredParams": algorithms, "timeout": LIFE.as_millis(),
        "excludeCredentials": descriptors(&own), "attestation": "none",
        "authenticatorSelection": {"residentKey": "preferred", "userVerification": "preferred"},
    });
    Ok((StatusCode::CREATED, JsonBody(Challenge { challenge, public_key })))
}

/// Keep a new passkey or security key. All other sessions end.
#[utoipa::path(post, path = "/account/passkeys", tag = "account", operation_id = "add_passkey", request_body = NewKey,
    responses((status = 201, body = Kept), (status = 403, description = "invalid_proof"),
              (status = 409, description = "conflict"), (status = 422, description = "invalid_value")))]
async fn keep(
    Can { caller, .. }: Can<SecureAccount>,
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Json(NewKey { challenge, credential }): Json<NewKey>,
) -> ProblemResult<(StatusCode, JsonBody<Kept>)> {
    let (member, session) = caller.member()?;
    let new = credential.verify(&app, &challenge)?;
    let mut tx = caller.begin_account(&app).await?;
    if !challenge::take(&app, &mut tx, &challenge, Purpose::Register(member)).await? {
        return Err(Problem::new(Code::InvalidProof));
    }
    refuse_too_many(store::count(&mut tx.0, member).await.map_err(store_failed)?)?;
    let kind = if new.owner_verified { PasskeyKind::Passkey } else { PasskeyKind::SecurityKey };
    let (device, now) = (sessions::device(&headers), app.clock.now());
    let id = PasskeyId::new(app.clock.as_ref(), app.rng.as_ref());
    let row = NewPasskey {
        id,
        member,
        credential: &new.credential,
        public_key: &new.public_key,
        algorithm: new.algorithm,
        counter: i64::from(new.counter),
        kind,
        device: &device,
        now,
    };
    store::insert(&mut tx.0, &row).await.map_err(|error| match error {
        ::store::StoreError::Conflict => Problem::new(Code::Conflict).detail("this key is somebody's already"),
        other => store_failed(other),
    })?;
    let codes = second_factors::added(&app, &mut tx, &caller, "account.add_passkey").await?;
    sessions::raise(&app, &mut tx.0, session, Level::PhishingResistant).await?;
    tx.commit().await?;
    let passkey = PasskeyWire { id, kind, device, created_at: now, last_used_at: None };
    Ok((StatusCode::CREATED, JsonBody(Kept { passkey, recovery_codes: codes })))
}

/// Remove a passkey or a security key. All other sessions end.
#[utoipa::path(delete, path = "/account/passkeys/{id}", tag = "account", operation_id = "remove_passkey",
    params(("id" = String, Path)), responses((status = 204), (status = 409, description = "conflict")))]
async fn remove(
    Can { caller, .. }: Can<SecureAccount>,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> ProblemResult<StatusCode> {
    let missing = || Problem::new(Code::NotFound).detail("you have no such key");
    let (member, _) = caller.member()?;
    let id: PasskeyId = id.parse().map_err(|_| missing())?;
    let mut tx = caller.begin_account(&app).await?;
    if store::remove(&mut tx.0, member, id).await.map_err(store_failed)? == 0 {
        return Err(missing());
    }
    second_factors::removed(&app, &mut tx, &caller, "account.remove_passkey").await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

fn refuse_too_many(keys: usize) -> ProblemResult<()> {
    if keys < MOST {
        return Ok(());
    }
    Err(Problem::new(Code::Conflict).detail(format!("you have {MOST} keys: remove one first")))
}

fn descriptors(credentials: &[Vec<u8>]) -> Vec<Value> {
    credentials.iter().map(|id| json!({"type": "public-key", "id": BASE64URL_NOPAD.encode(id)})).collect()
}
