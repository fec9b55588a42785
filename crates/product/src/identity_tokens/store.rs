//! SQL of identity secrets.

use base::ProblemResult;
use store::sql;

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
