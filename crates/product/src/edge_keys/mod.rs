//! Keys of environments: a browser's, which is public, and a server's. They open the edge and nothing else.
//!
//! A key is looked up by its keyed hash and remembered for half a minute, so that a busy edge asks the store rarely and a
//! revoked key ends soon. Requests are counted per key.

mod store;

use std::num::NonZeroU32;
use std::time::Duration;

use base::id::EnvironmentId;
use base::{Code, Problem, ProblemResult};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use keys::{ApiKey, ApiKeyKind, KeyKind, Owner};
use moka::sync::Cache;

use crate::App;
use crate::authority::SystemTx;
use crate::hashed::Hashes;
use crate::problem::{internal, store_failed};

const REMEMBERED_FOR: Duration = Duration::from_secs(30);
const REMEMBERED: u64 = 10_000;
/// Requests a second per key, unless the operator sets another limit.
const PER_KEY: NonZeroU32 = NonZeroU32::new(1_000).unwrap();

/// Whose key it is, and what it may do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EdgeKey {
    pub(crate) environment: EnvironmentId,
    pub(crate) kind: ApiKeyKind,
    /// Whether a browser may name a user only with a signed identity token.
    pub(crate) identity_required: bool,
}

/// Keys that were seen lately.
pub(crate) struct EdgeKeys {
    known: Cache<[u8; 32], EdgeKey>,
    requests: DefaultKeyedRateLimiter<[u8; 32]>,
}

impl EdgeKeys {
    pub(crate) fn new() -> Self {
        Self::with_limit(PER_KEY)
    }

    /// With another limit of requests a second per key.
    pub(crate) fn with_limit(per_second: NonZeroU32) -> Self {
        let known = Cache::builder().max_capacity(REMEMBERED).time_to_live(REMEMBERED_FOR).build();
        Self { known, requests: RateLimiter::keyed(Quota::per_second(per_second)) }
    }
}

/// Whose key this text is, counting one request.
///
/// # Errors
/// 401, the same for a mistyped, unknown and revoked key and for one of another kind; 429 at once when there are too many.
pub(crate) async fn check(app: &App, text: &str) -> ProblemResult<EdgeKey> {
    let key = ApiKey::parse(text).ok().filter(|key| key.kind() != ApiKeyKind::Api).ok_or_else(refused)?;
    let (_, hashing) = app.keys.primary(KeyKind::ApiKeyHash, Owner::Installation).map_err(internal)?;
    let hash = key.hash(&hashing);
    let found = match app.edge_keys.known.get(&hash) {
        Some(known) => known,
        None => read(app, &key).await?.ok_or_else(refused)?,
    };
    count(app, &hash)?;
    Ok(found)
}

/// What the store knows of a key, remembered from now on; a look at what is remembered does not make it last longer.
async fn read(app: &App, key: &ApiKey) -> ProblemResult<Option<EdgeKey>> {
    let hashes = Hashes::of(app, KeyKind::ApiKeyHash, |hashing| key.hash(hashing))?;
    let Some((found, hashed_with)) = store::find(&app.main, &hashes.all, key.kind()).await.map_err(store_failed)?
    else {
        return Ok(None);
    };
    if hashed_with.version < hashes.version {
        let (hash, version) = (&hashes.primary, hashes.version);
        store::rehash(&app.main, &hashed_with.hash, hash, version).await.map_err(store_failed)?;
    }
    app.know(found.environment).await?;
    app.edge_keys.known.insert(hashes.primary, found);
    Ok(Some(found))
}

/// Writes the hashes of browsers' keys, which are public and stand in the store, under the newest version of the hashing key.
pub(crate) async fn rehash_public(app: &App) -> ProblemResult<()> {
    let (version, hashing) = app.keys.primary(KeyKind::ApiKeyHash, Owner::Installation).map_err(internal)?;
    for (before, text) in store::public(&app.main, version).await.map_err(store_failed)? {
        let hash = ApiKey::parse(&text).map_err(internal)?.hash(&hashing);
        store::rehash(&app.main, &before, &hash, version).await.map_err(store_failed)?;
    }
    Ok(())
}

/// How many keys that were not revoked are known by a hash under this version of the hashing key.
pub(crate) async fn hashed_with(tx: &mut SystemTx, version: u32) -> ProblemResult<u64> {
    store::hashed_with(&mut tx.0, version).await.map_err(store_failed)
}

/// What a missing or wrong key is told.
pub(crate) fn refused() -> Problem {
    Problem::new(Code::Unauthenticated)
        .detail("send an environment's key: basic auth's user name, authorization: bearer, or writeKey in the body")
}

fn count(app: &App, hash: &[u8; 32]) -> ProblemResult<()> {
    app.edge_keys
        .requests
        .check_key(hash)
        .map_err(|_| Problem::new(Code::TooManyRequests).detail("too many requests with this key").retry_after(1))
}
