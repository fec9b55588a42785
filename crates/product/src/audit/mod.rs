//! What was done, by whom, on what: an append-only table, written on the same transaction as what it tells, so that an
//! act and its record are there together or not at all. No personal value and no outside id ever stands in a record.

use base::ProblemResult;
use base::id::{AuditRecordId, EnvironmentId, OrganisationId, RequestId};
use serde_json::Value;
use store::{Tx, sql};
use uuid::Uuid;

use crate::App;
use crate::authority::{Actor, Caller};
use crate::problem::store_failed;

/// Who did it.
#[derive(Debug, Clone, Copy)]
pub enum By<'a> {
    /// A checked caller.
    Caller(&'a Caller),
    /// Pilotfish itself, or the operator through the command line.
    System(OrganisationId),
}

/// One record.
#[derive(Debug)]
pub struct Entry<'a> {
    /// What was done, `noun.verb`.
    pub action: &'static str,
    /// On what: an id of ours.
    pub object: String,
    /// What else is worth knowing, without personal values.
    pub detail: Value,
    /// In which environment, if it was in one.
    pub environment: Option<EnvironmentId>,
    /// Who did it.
    pub by: By<'a>,
}

/// Writes a record on the transaction of what it tells.
pub async fn record(app: &App, tx: &mut Tx, entry: Entry<'_>) -> ProblemResult<()> {
    let (organisation, kind, actor, request): (_, _, Option<Uuid>, Option<RequestId>) = match entry.by {
        By::System(organisation) => (organisation, "system", None, None),
        By::Caller(caller) => match caller.actor() {
            Actor::Member(id, _) => (caller.organisation(), "member", Some(id.0), Some(caller.request())),
            Actor::ApiKey(id) => (caller.organisation(), "api_key", Some(id.0), Some(caller.request())),
        },
    };
    sql("INSERT INTO audit_records (id, organisation_id, environment_id, actor_kind, actor_id, action, object, request_id, \
         detail, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
    .bind(AuditRecordId::new(app.clock.as_ref(), app.rng.as_ref()))
    .bind(organisation)
    .bind(entry.environment)
    .bind(kind)
    .bind(actor)
    .bind(entry.action)
    .bind(entry.object)
    .bind(request)
    .bind(entry.detail.to_string())
    .bind(app.clock.now())
    .execute(tx)
    .await
    .map_err(store_failed)?;
    Ok(())
}
