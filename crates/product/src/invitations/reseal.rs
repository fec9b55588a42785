//! Addresses of invitations when an organisation's key turns.

use base::ProblemResult;
use base::id::OrganisationId;
use keys::{KeyKind, Owner};

use super::{context, store};
use crate::App;
use crate::authority::SystemTx;
use crate::problem::{internal, store_failed};
use crate::sealed;

/// Seals what an organisation's invitations have under an older key anew.
pub(crate) async fn organisation(app: &App, organisation: OrganisationId) -> ProblemResult<()> {
    let owner = Owner::Organisation(organisation);
    let (newest, _) = app.keys.primary(KeyKind::Organisation, owner).map_err(internal)?;
    let mut tx = SystemTx::begin(app).await?;
    for row in store::of_organisation(&mut tx.0, organisation).await.map_err(store_failed)? {
        if sealed::version_of(&row.email) != Some(newest) {
            let email = sealed::open(app, KeyKind::Organisation, owner, &context(row.id), &row.email)?;
            let anew = sealed::seal(app, KeyKind::Organisation, owner, &context(row.id), email.expose())?;
            store::set_email(&mut tx.0, &row, &anew).await.map_err(store_failed)?;
        }
    }
    tx.commit().await
}

/// How many invitations of an organisation are sealed under this version of its key.
pub(crate) async fn sealed_with(tx: &mut SystemTx, organisation: OrganisationId, version: u32) -> ProblemResult<u64> {
    let rows = store::of_organisation(&mut tx.0, organisation).await.map_err(store_failed)?;
    Ok(rows.iter().filter(|row| sealed::version_of(&row.email) == Some(version)).count() as u64)
}
