//! Secrets of providers and subjects of identities when their keys turn.

use base::ProblemResult;
use base::id::OrganisationId;
use keys::{KeyKind, Owner};

use super::{former, identities, secret_context, store};
use crate::App;
use crate::authority::SystemTx;
use crate::problem::{internal, store_failed};
use crate::sealed;

/// Seals what is under an older key of an organisation anew.
pub(crate) async fn organisation(app: &App, organisation: OrganisationId) -> ProblemResult<()> {
    let (kind, owner) = (KeyKind::Organisation, Owner::Organisation(organisation));
    let (newest, _) = app.keys.primary(kind, owner).map_err(internal)?;
    let is_older = |sealed: &[u8]| sealed::version_of(sealed) != Some(newest);
    let mut tx = SystemTx::begin(app).await?;
    for provider in store::of_organisation(&mut tx.0, organisation).await.map_err(store_failed)? {
        if is_older(&provider.client_secret) {
            let context = secret_context(provider.id);
            let secret = sealed::open(app, kind, owner, &context, &provider.client_secret)?;
            let anew = sealed::seal(app, kind, owner, &context, secret.expose())?;
            store::set_secret(&mut tx.0, &provider, &anew).await.map_err(store_failed)?;
        }
    }
    for identity in identities::all(&mut tx.0).await.map_err(store_failed)? {
        if identity.organisation == organisation && is_older(&identity.subject) {
            let context = identities::context(identity.id);
            let subject = sealed::open(app, kind, owner, &context, &identity.subject)?;
            let anew = sealed::seal(app, kind, owner, &context, subject.expose())?;
            identities::set_subject(&mut tx.0, &identity, &anew).await.map_err(store_failed)?;
        }
    }
    tx.commit().await
}

/// How many secrets and subjects are sealed under this version of an organisation's key.
pub(crate) async fn sealed_with(tx: &mut SystemTx, organisation: OrganisationId, version: u32) -> ProblemResult<u64> {
    let is_under = |sealed: &[u8]| sealed::version_of(sealed) == Some(version);
    let providers = store::of_organisation(&mut tx.0, organisation).await.map_err(store_failed)?;
    let secrets = providers.iter().filter(|provider| is_under(&provider.client_secret)).count();
    let identities = identities::all(&mut tx.0).await.map_err(store_failed)?;
    let of_organisation = identities.iter().filter(|identity| identity.organisation == organisation);
    let subjects = of_organisation.filter(|identity| is_under(&identity.subject)).count();
    Ok((secrets + subjects) as u64)
}

/// Writes the index of every identity that is found by an older one.
pub(crate) async fn indexes(app: &App) -> ProblemResult<()> {
    let (newest, _) = app.keys.primary(KeyKind::MemberIndex, Owner::Installation).map_err(internal)?;
    let mut tx = SystemTx::begin(app).await?;
    for identity in identities::all(&mut tx.0).await.map_err(store_failed)? {
        if identity.index_version < newest {
            let owner = Owner::Organisation(identity.organisation);
            let context = identities::context(identity.id);
            let subject = sealed::open_text(app, KeyKind::Organisation, owner, &context, &identity.subject)?;
            let index = identities::index(app, identity.provider, &subject)?;
            identities::set_index(&mut tx.0, identity.id, &index).await.map_err(store_failed)?;
        }
    }
    tx.commit().await
}

/// How many identities are found by an index under this version of its key, and how many of who left are.
pub(crate) async fn indexed_with(tx: &mut SystemTx, version: u32) -> ProblemResult<u64> {
    let identities = identities::all(&mut tx.0).await.map_err(store_failed)?;
    let former = former::hashed_with(&mut tx.0, version).await.map_err(store_failed)?;
    Ok(former + identities.iter().filter(|identity| identity.index_version == version).count() as u64)
}
