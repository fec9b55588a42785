//! What the doors keep sealed in the data folder moves to the newest version of its key when that turns: the local authority's
//! private key, and an ACME authority's account and certificates.
//!
//! Each process sees the folder of its own host only, so over PostgreSQL an old version is needed by folders that nobody here
//! can see; each host's process seals its own anew when it starts.

use ::store::Engine;
use base::ProblemResult;
use keys::{KeyError, KeyKind, Owner, SecretKey};

use super::acme::files;
use super::{CertificateError, certificate};
use crate::App;
use crate::problem::internal;

/// The keys that the local authority's private key may be sealed with, the one to seal with first.
pub(crate) fn authority_keys(app: &App) -> Result<Vec<SecretKey>, KeyError> {
    let held = app.keys.held(KeyKind::LocalAuthority, Owner::Installation)?;
    Ok(std::iter::once(held.primary).chain(held.others.into_iter().map(|(_, key)| key)).collect())
}

/// Seals anew what this folder holds under an older key of this kind.
pub(crate) async fn reseal(app: &App, kind: KeyKind) -> ProblemResult<()> {
    let (folder, keys, rng) = (app.tls_folder(), app.keys.clone(), app.rng.clone());
    let authority_keys = authority_keys(app).map_err(internal)?;
    on_disk(move || match kind {
        KeyKind::Acme => files::reseal_known(&folder.join("acme"), &keys, rng.as_ref()),
        _ => certificate::reseal(&folder, &authority_keys, rng.as_ref()),
    })
    .await
}

/// How much lies under a version of a key of this kind, as far as it can be known.
pub(crate) async fn sealed_with(app: &App, kind: KeyKind, version: u32) -> ProblemResult<u64> {
    let unseen = u64::from(app.main.engine() == Engine::Postgres);
    let key = app.keys.version(kind, Owner::Installation, version).map_err(internal)?;
    let folder = app.tls_folder();
    let seen = on_disk(move || {
        let files = files::sealed_with(&folder.join("acme"), kind, version)?;
        let authority = kind == KeyKind::LocalAuthority && certificate::is_sealed_with(&folder, &key)?;
        Ok(files + u64::from(authority))
    });
    Ok(unseen + seen.await?)
}

/// Does what waits for a disk or for a lock on a thread that may.
async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CertificateError> + Send + 'static,
) -> ProblemResult<T> {
    tokio::task::spawn_blocking(work).await.map_err(internal)?.map_err(internal)
}
