//! SQL of attempts to sign in, as they are shown, and of what is found in them.

use base::Timestamp;
use base::id::{FindingId, MemberId, OrganisationId, SignInId};
use serde_json::Value;
use store::{Executor, Row, StoreError, StoreResult, Tx, sql};

use super::Outcome;
use crate::authority::OrganisationReader;
use crate::sessions::ProofKind;

/// An attempt that is being noted.
pub(super) struct NewSignIn {
    pub(super) id: SignInId,
    pub(super) member: Option<MemberId>,
    pub(super) at: Timestamp,
    pub(super) method: ProofKind,
    pub(super) outcome: Outcome,
    pub(super) device: String,
    pub(super) known_device: bool,
    pub(super) network: [u8; 16],
}

/// An attempt as it is shown.
pub(super) struct SignIn {
    pub(super) id: SignInId,
    pub(super) member: MemberId,
    pub(super) at: Timestamp,
    pub(super) method: ProofKind,
    pub(super) outcome: Outcome,
    pub(super) device: String,
    pub(super) known_device: bool,
    pub(super) network: [u8; 16],
}

/// A finding that is being reported.
pub(super) struct NewFinding {
    pub(super) id: FindingId,
    pub(super) organisation: Option<OrganisationId>,
    pub(super) kind: &'static str,
    pub(super) detail: Value,
}

/// Which attempts are asked for: before one, so many, none older than a time.
pub(super) struct Page {
    pub(super) before: Option<SignInId>,
    pub(super) limit: u32,
    pub(super) since: Timestamp,
}

const COLUMNS: &str = "i.id, i.member_id, i.at, i.method, i.outcome, i.device, i.known_device, i.network";

pub(super) async fn insert(tx: &mut Tx, row: &NewSignIn) -> StoreResult<u64> {
    sql("INSERT INTO sign_ins (id, member_id, at, method, outcome, device, known_device, network) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
    .bind(row.id)
    .bind(row.member)
    .bind(row.at)
    .bind(row.method.name())
    .bind(row.outcome.name())
    .bind(row.device.as_str())
    .bind(row.known_device)
    .bind(row.network)
    .execute(tx)
    .await
}

/// A member's, newest first.
pub(super) async fn of_member(on: impl Executor, member: MemberId, page: &Page) -> StoreResult<Vec<SignIn>> {
    let text = format!(
        "SELECT {COLUMNS} FROM sign_ins i WHERE i.member_id = $1 AND i.at > $2 AND ($3 IS NULL OR i.id < $3) \
         ORDER BY i.id DESC LIMIT $4"
    );
    let query = sql(text).bind(member).bind(page.since).bind(page.before).bind(page.limit);
    query.fetch_all(on).await?.iter().map(read).collect()
}

/// Those of who works in the reader's organisation, newest first.
pub(super) async fn of_organisation(reader: OrganisationReader<'_>, page: &Page) -> StoreResult<Vec<SignIn>> {
    let text = format!(
        "SELECT {COLUMNS} FROM sign_ins i JOIN memberships ms ON ms.member_id = i.member_id \
         WHERE ms.organisation_id = $1 AND i.at > $2 AND ($3 IS NULL OR i.id < $3) ORDER BY i.id DESC LIMIT $4"
    );
    let query = sql(text).bind(reader.organisation()).bind(page.since).bind(page.before).bind(page.limit);
    query.fetch_all(reader.db()).await?.iter().map(read).collect()
}

pub(super) async fn insert_finding(tx: &mut Tx, finding: &NewFinding, now: Timestamp) -> StoreResult<u64> {
    sql("INSERT INTO findings (id, organisation_id, kind, detail, created_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(finding.id)
        .bind(finding.organisation)
        .bind(finding.kind)
        .bind(finding.detail.to_string())
        .bind(now)
        .execute(tx)
        .await
}

/// Notes that a subject is reported now; false if it was since a time.
pub(super) async fn note_spike(tx: &mut Tx, subject: &[u8], now: Timestamp, since: Timestamp) -> StoreResult<bool> {
    let query = sql("INSERT INTO spikes (subject, at) VALUES ($1, $2) \
                     ON CONFLICT (subject) DO UPDATE SET at = $2 WHERE spikes.at <= $3");
    Ok(query.bind(subject).bind(now).bind(since).execute(tx).await? == 1)
}

pub(super) async fn forget_spikes_before(tx: &mut Tx, time: Timestamp) -> StoreResult<u64> {
    sql("DELETE FROM spikes WHERE at <= $1").bind(time).execute(tx).await
}

pub(super) async fn forget_before(tx: &mut Tx, time: Timestamp) -> StoreResult<u64> {
    sql("DELETE FROM sign_ins WHERE at <= $1").bind(time).execute(tx).await
}

pub(super) async fn forget_of(tx: &mut Tx, member: MemberId) -> StoreResult<u64> {
    sql("DELETE FROM sign_ins WHERE member_id = $1").bind(member).execute(tx).await
}

fn read(row: &Row) -> StoreResult<SignIn> {
    let unknown = |column: &str| StoreError::Decode { column: column.to_owned() };
    Ok(SignIn {
        id: row.get("id")?,
        member: row.get("member_id")?,
        at: row.get("at")?,
        method: ProofKind::from_name(&row.get::<String>("method")?).ok_or_else(|| unknown("method"))?,
        outcome: Outcome::from_name(&row.get::<String>("outcome")?).ok_or_else(|| unknown("outcome"))?,
        device: row.get("device")?,
        known_device: row.get("known_device")?,
        network: row.get("network")?,
    })
}
