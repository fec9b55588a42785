//! Who worked in an organisation and does not any more. For a time no provider's word makes them a member of it again, only an
//! invitation. They are known by keyed hashes: of their address, and of the subjects that the organisation's providers named them by.

use std::time::Duration;

use ::store::{StoreResult, Tx, dialect, sql};
use base::Timestamp;
use base::id::{MemberId, OrganisationId};

use crate::authority::OrganisationTx;

/// How long they are remembered: by then a provider that still names them was told so by somebody else.
const REMEMBERED: Duration = Duration::from_hours(180 * 24);

/// Remembers a member who leaves an organisation.
pub(super) async fn remember(tx: &mut OrganisationTx, member: MemberId, now: Timestamp) -> StoreResult<u64> {
    let organisation = tx.organisation();
    sql("INSERT INTO former_members (organisation_id, known_by, index_version, expires_at) \
         SELECT $1, email_index, index_version, $3 FROM members WHERE id = $2 UNION \
         SELECT $1, i.subject_index, i.index_version, $3 FROM member_identities i \
         JOIN identity_providers p ON p.id = i.provider_id WHERE i.member_id = $2 AND p.organisation_id = $1 \
         ON CONFLICT (organisation_id, known_by) DO UPDATE SET expires_at = excluded.expires_at")
    .bind(organisation)
    .bind(member)
    .bind(now.plus(REMEMBERED))
    .execute(tx.tx())
    .await
}

/// Whether one of these hashes is of somebody who has left an organisation.
pub(super) async fn is_one(
    tx: &mut Tx,
    organisation: OrganisationId,
    hashes: &[[u8; 32]],
    now: Timestamp,
) -> StoreResult<bool> {
    let text = format!(
        "SELECT known_by FROM former_members WHERE organisation_id = $1 AND expires_at > $2 AND known_by IN ({}) LIMIT 1",
        dialect::placeholders(3, hashes.len()),
    );
    let query = sql(text).bind(organisation).bind(now).bind_all(hashes.iter().copied());
    Ok(query.fetch_optional(tx).await?.is_some())
}

pub(super) async fn forget_old(tx: &mut Tx, now: Timestamp) -> StoreResult<u64> {
    sql("DELETE FROM former_members WHERE expires_at <= $1").bind(now).execute(tx).await
}

/// How many hashes are under this version of their key. They cannot be made anew: what they were made of is forgotten.
pub(super) async fn hashed_with(tx: &mut Tx, version: u32) -> StoreResult<u64> {
    let query = sql("SELECT COUNT(*) AS hashes FROM former_members WHERE index_version = $1").bind(version);
    query.fetch_one(tx).await?.get("hashes")
}
