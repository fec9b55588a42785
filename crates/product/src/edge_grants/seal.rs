//! The side that holds the root key: seals for every grant what it lacks.
//!
//! It is called wherever a key is made, in the transaction that makes it ([`crate::key_rotation`],
//! [`crate::organisations`]), and by the worker's hourly look. Certificates are renewed apart from that: what keeps one from
//! being made keeps no key from being sealed.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use ::store::{Tx, dialect, key_records};
use base::ProblemResult;
use base::id::EnvironmentId;
use keys::{ErasablePublic, GrantKey, Grants, KeyKind, KeyState, Owner, SecretKey, WrappedKey};

use super::store::{self, Grant, Leaf};
use crate::App;
use crate::authority::SystemTx;
use crate::problem::{internal, store_failed};

const PURPOSE: &str = "edge_grants";
/// How old a certificate gets before it is made anew, as that of a process which holds the authority's key.
const RENEW_LEAF_AFTER: Duration = Duration::from_hours(24);
/// When it is time to say that nobody renews it: it ends after 90 days.
const LEAF_IS_OLD_AFTER: Duration = Duration::from_hours(30 * 24);

/// Seals what any grant lacks.
pub(crate) async fn seal_missing(app: &App) -> ProblemResult<()> {
    let mut tx = SystemTx::begin(app).await?;
    seal_missing_in(app, &mut tx).await?;
    tx.commit().await
}

/// As [`seal_missing`], with the keys that this transaction makes.
pub(crate) async fn seal_missing_in(app: &App, tx: &mut SystemTx) -> ProblemResult<()> {
    let tx = &mut tx.0;
    hold(app, tx).await?;
    let grants = store::good(&mut *tx).await.map_err(store_failed)?;
    if grants.is_empty() {
        return Ok(());
    }
    let mut records = key_records::all(&mut *tx).await.map_err(store_failed)?;
    records.retain(|record| record.state != KeyState::Destroyed);
    let sealed: HashSet<_> = store::sealed(&mut *tx).await.map_err(store_failed)?.into_iter().collect();
    let publics = publics(app, &records).await?;
    for grant in &grants {
        let key = key_of(app, grant, &records).await?;
        let lacking = records.iter().filter(|record| {
            Grants::edge().allows(record.kind)
                && !sealed.contains(&(grant.id, record.kind, record.owner, record.version))
        });
        for record in lacking {
            let secret = secret(app, record).await?;
            let bytes = key.seal_key(record, &secret, app.rng.as_ref()).map_err(internal)?;
            store::add_key(tx, grant.id, record, &bytes).await.map_err(store_failed)?;
        }
        seal_publics(app, tx, &key, &publics).await?;
    }
    store::drop_destroyed(tx).await.map_err(store_failed)
}

/// Lets one at a time change what is sealed for grants, until the transaction ends.
pub(super) async fn hold(app: &App, tx: &mut Tx) -> ProblemResult<()> {
    dialect::lock(tx, app.main.engine(), PURPOSE, &[]).await.map_err(store_failed)
}

/// Takes away, with the transaction that destroys a version, what of it is sealed for grants. Nobody is sealing it meanwhile.
pub(crate) async fn forget(app: &App, tx: &mut Tx, destroyed: &WrappedKey) -> ProblemResult<()> {
    hold(app, tx).await?;
    store::drop_key(tx, destroyed).await.map_err(store_failed)
}

/// Gives every grant a newer certificate that is due one. One that fails keeps no other from it.
pub(crate) async fn renew_certificates(app: &App) -> ProblemResult<()> {
    let mut tx = SystemTx::begin(app).await?;
    hold(app, &mut tx.0).await?;
    let grants = store::good(&mut tx.0).await.map_err(store_failed)?;
    if grants.is_empty() {
        return Ok(());
    }
    let records = key_records::all(&mut tx.0).await.map_err(store_failed)?;
    for grant in &grants {
        let key = key_of(app, grant, &records).await?;
        if let Err(problem) = renew_leaf(app, &mut tx.0, grant, &key).await {
            tracing::error!(grant = %grant.id, code = problem.code.name(), "an edge's certificate is not renewed; the next look tries again");
        }
    }
    tx.commit().await
}

/// A grant's own key.
async fn key_of(app: &App, grant: &Grant, records: &[WrappedKey]) -> ProblemResult<GrantKey> {
    let record = records.iter().find(|key| key.kind == KeyKind::EdgeGrant && key.version == grant.key_version);
    let missing = || keys::KeyError::Missing { kind: KeyKind::EdgeGrant, owner: Owner::Installation };
    let record = record.ok_or_else(|| internal(missing()))?;
    Ok(GrantKey::new(grant.id, secret(app, record).await?))
}

/// A key: at hand, or unwrapped for this once if another process has just made it.
async fn secret(app: &App, record: &WrappedKey) -> ProblemResult<SecretKey> {
    if let Ok(at_hand) = app.keys.version(record.kind, record.owner, record.version) {
        return Ok(at_hand);
    }
    app.keys.provider().unwrap(&record.context(), &record.bytes).await.map_err(internal)
}

/// The newest public halves of every environment's erasable keys.
async fn publics(app: &App, records: &[WrappedKey]) -> ProblemResult<Vec<(EnvironmentId, Vec<ErasablePublic>)>> {
    let environments: BTreeSet<EnvironmentId> = records
        .iter()
        .filter_map(|record| if let Owner::Environment(id) = record.owner { Some(id) } else { None })
        .collect();
    let mut all = Vec::with_capacity(environments.len());
    for environment in environments {
        let mut newest = Vec::with_capacity(keys::BUCKETS);
        for bucket in 0..=u8::MAX {
            newest.push(app.keys.provider().erasable_public(environment, bucket).await.map_err(internal)?);
        }
        all.push((environment, newest));
    }
    Ok(all)
}

/// Seals the newest public halves. Of a bucket that another process has turned meanwhile the grant's own is the newer one.
async fn seal_publics(
    app: &App,
    tx: &mut Tx,
    key: &GrantKey,
    newest: &[(EnvironmentId, Vec<ErasablePublic>)],
) -> ProblemResult<()> {
    let granted = store::publics(&mut *tx, key.id()).await.map_err(store_failed)?;
    for (environment, publics) in newest {
        let sealed = granted.iter().find(|(of, _)| of == environment);
        let known = sealed.and_then(|(_, sealed)| key.open_publics(*environment, sealed).ok()).unwrap_or_default();
        let merged = newer_of(publics, &known);
        if merged != known {
            let sealed = key.seal_publics(*environment, &merged, app.rng.as_ref());
            store::put_publics(tx, key.id(), *environment, &sealed).await.map_err(store_failed)?;
        }
    }
    Ok(())
}

/// Of each bucket the half with the higher version.
fn newer_of(publics: &[ErasablePublic], known: &[ErasablePublic]) -> Vec<ErasablePublic> {
    let newer = |public: &ErasablePublic| {
        let known = known.iter().find(|known| known.bucket == public.bucket && known.version > public.version);
        *known.unwrap_or(public)
    };
    publics.iter().map(newer).collect()
}

/// Gives a grant another certificate of the local authority in this process's data folder, if it has none or one of the same
/// authority that is a day old. Where the authority is another one, or may not sign for the grant's names, or there is none,
/// whoever has the right one does it.
pub(super) async fn renew_leaf(app: &App, tx: &mut Tx, grant: &Grant, key: &GrantKey) -> ProblemResult<()> {
    let now = app.clock.now();
    let known = store::leaf(&mut *tx, grant.id).await.map_err(store_failed)?;
    if known.as_ref().is_some_and(|leaf| now.since(leaf.issued_at) < RENEW_LEAF_AFTER) {
        return Ok(());
    }
    let authority = app.authority_for(&grant.hosts).map_err(internal)?;
    let authority =
        authority.filter(|authority| known.as_ref().is_none_or(|leaf| leaf.authority == authority.fingerprint()));
    let Some(authority) = authority else {
        if known.is_some_and(|leaf| now.since(leaf.issued_at) > LEAF_IS_OLD_AFTER) {
            tracing::warn!(grant = %grant.id, "an edge's certificate is not renewed: its authority is not in this data folder");
        }
        return Ok(());
    };
    let (chain, private) = authority.issue_parts().map_err(internal)?;
    let chain: Vec<&[u8]> = chain.iter().map(AsRef::as_ref).collect();
    let sealed = key.seal_leaf(&chain, &private, app.rng.as_ref());
    let leaf = Leaf { authority: authority.fingerprint(), sealed, issued_at: now };
    store::put_leaf(tx, grant.id, &leaf).await.map_err(store_failed)
}
