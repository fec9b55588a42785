//! SQL of identity secrets.

use base::id::EnvironmentId;
use store::{Db, Scope, StoreResult, sql};

/// An environment's identity secret, sealed.
pub(super) async fn secret(db: &Db, environment: EnvironmentId) -> StoreResult<Vec<u8>> {
    sql("SELECT identity_secret FROM environments WHERE id = $1")
        .bind(environment)
        .fetch_one(db.read(Scope::System))
        .await?
        .get("identity_secret")
}
