//! Secrets of one-time codes when their key turns.

use base::ProblemResult;
use keys::{KeyKind, Owner};

use super::{store, totp};
use crate::App;
use crate::authority::SystemTx;
use crate::problem::{internal, store_failed};
use crate::sealed;

/// Seals what is under an older key anew.
pub(crate) async fn all(app: &App) -> ProblemResult<()> {
    let (newest, _) = app.keys.primary(KeyKind::SecondFactor, Owner::Installation).map_err(internal)?;
    let mut tx = SystemTx::begin(app).await?;
    for row in store::all_totp(&mut tx.0).await.map_err(store_failed)? {
        if sealed::version_of(&row.secret) != Some(newest) {
            let (kind, owner, context) = (KeyKind::SecondFactor, Owner::Installation, totp::context(row.member));
            let secret = sealed::open(app, kind, owner, &context, &row.secret)?;
            let anew = sealed::seal(app, kind, owner, &context, secret.expose())?;
            store::set_secret(&mut tx.0, &row, &anew).await.map_err(store_failed)?;
        }
    }
    tx.commit().await
}

/// How many secrets are sealed under this version of the key.
pub(crate) async fn sealed_with(tx: &mut SystemTx, version: u32) -> ProblemResult<u64> {
    let rows = store::all_totp(&mut tx.0).await.map_err(store_failed)?;
    Ok(rows.iter().filter(|row| sealed::version_of(&row.secret) == Some(version)).count() as u64)
}
