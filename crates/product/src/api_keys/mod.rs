//! API keys: how the customer's back end proves itself at the api door. Shown once, stored as keyed hashes, good until
//! they expire.

mod store;

use std::time::Duration;

use ::store::StoreError;
use axum::http::HeaderMap;
use base::id::{ApiKeyId, OrganisationId};
use base::{Code, Problem, ProblemResult, Secret, Timestamp};
use keys::{ApiKey, ApiKeyKind, KeyKind, Owner};

use crate::App;
use crate::authority::{Actor, Identified, Role, SystemTx, bearer};
use crate::hashed::Hashes;
use crate::problem::{internal, store_failed};

/// How long a new key is good for.
const LIFE: Duration = Duration::from_hours(90 * 24);

/// Makes a key that is good for an organisation and trusted with what a role is.
pub(crate) async fn create(
    app: &App,
    tx: &mut SystemTx,
    organisation: OrganisationId,
    role: Role,
) -> ProblemResult<Secret<String>> {
    let key = ApiKey::generate(ApiKeyKind::Api, app.rng.as_ref());
    let (key_version, hashing) = app.keys.primary(KeyKind::ApiKeyHash, Owner::Installation).map_err(internal)?;
    let row = store::NewApiKey {
        key_version,
        hash: key.hash(&hashing),
        id: ApiKeyId::new(app.clock.as_ref(), app.rng.as_ref()),
        organisation,
        shown: key.hint(),
        role,
        created_at: app.clock.now(),
        expires_at: app.clock.now().plus(LIFE),
    };
    store::insert(&mut tx.0, &row).await.map_err(store_failed)?;
    Ok(key.text())
}

/// Ends a key.
pub(crate) async fn revoke(app: &App, tx: &mut SystemTx, hash: &[u8; 32]) -> ProblemResult<()> {
    store::revoke(&mut tx.0, hash, app.clock.now()).await.map(drop).map_err(store_failed)
}

/// Whose key a request carries.
///
/// # Errors
/// 401, the same for a missing, mistyped, unknown, revoked and expired key.
pub(crate) async fn identify(app: &App, headers: &HeaderMap) -> ProblemResult<Identified> {
    let refused = || Problem::new(Code::Unauthenticated).detail("send a valid API key as authorization: bearer pfk_…");
    let key = bearer(headers).and_then(|text| ApiKey::parse(text).ok()).ok_or_else(refused)?;
    if key.kind() != ApiKeyKind::Api {
        return Err(refused());
    }
    let hashes = Hashes::of(app, KeyKind::ApiKeyHash, |hashing| key.hash(hashing))?;
    let found = store::find(&app.main, &hashes.all, app.clock.now()).await.map_err(store_failed)?;
    let found = found.ok_or_else(refused)?;
    if found.key_version < hashes.version {
        match store::rehash(&app.main, found.id, &hashes.primary, hashes.version).await {
            // Roles apart: only the api's may write a key's hash.
            Err(StoreError::Denied) => {}
            other => other.map_err(store_failed)?,
        }
    }
    Ok(Identified {
        actor: Actor::ApiKey(found.id),
        organisation: found.organisation,
        environment: found.environment,
        role: found.role,
        standing: None,
    })
}

/// How many keys that are good are known by a hash under this version of the hashing key.
pub(crate) async fn hashed_with(tx: &mut SystemTx, version: u32, now: Timestamp) -> ProblemResult<u64> {
    store::hashed_with(&mut tx.0, version, now).await.map_err(store_failed)
}
