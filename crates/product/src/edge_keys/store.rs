//! SQL of environments' keys, as the edge asks for them.

use keys::ApiKeyKind;
use store::{Db, Scope, StoreResult, sql};

use super::EdgeKey;

/// The key with this hash, if it was not revoked.
pub(super) async fn find(db: &Db, hash: &[u8; 32], kind: ApiKeyKind) -> StoreResult<Option<EdgeKey>> {
    let row = sql("SELECT e.id, e.identity_required FROM environment_keys k \
                   JOIN environments e ON e.id = k.environment_id WHERE k.hash = $1 AND k.revoked_at IS NULL")
    .bind(*hash)
    .fetch_optional(db.read(Scope::System))
    .await?;
    row.map(|row| Ok(EdgeKey { environment: row.get("id")?, kind, identity_required: row.get("identity_required")? }))
        .transpose()
}
