//! SQL of identity secrets.

use base::ProblemResult;
use base::id::EnvironmentId;
use store::{StoreResult, Tx, sql};

use crate::authority::TenantReader;
use crate::problem::store_failed;

/// The identity secret of the reader's environment, sealed.
pub(super) async fn secret(reader: TenantReader<'_>) -> ProblemResult<Vec<u8>> {
    sql("SELECT identity_secret FROM environments WHERE id = $1")
        .bind(reader.environment())
        .fetch_one(reader)
        .await
        .and_then(|row| row.get("identity_secret"))
        .map_err(store_failed)
}

/// The identity secret of any environment, sealed.
pub(super) async fn sealed(tx: &mut Tx, environment: EnvironmentId) -> StoreResult<Vec<u8>> {
    let query = sql("SELECT identity_secret FROM environments WHERE id = $1").bind(environment);
    query.fetch_one(tx).await?.get("identity_secret")
}

/// Puts a secret that was sealed anew in the place of the bytes that it was made of; not if these are gone.
pub(super) async fn set_sealed(
    tx: &mut Tx,
    environment: EnvironmentId,
    before: &[u8],
    anew: &[u8],
) -> StoreResult<u64> {
    sql("UPDATE environments SET identity_secret = $2 WHERE id = $1 AND identity_secret = $3")
        .bind(environment)
        .bind(anew)
        .bind(before)
        .execute(tx)
        .await
}
