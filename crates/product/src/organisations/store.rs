//! SQL of organisations, apps, environments and their keys.

use base::Timestamp;
use base::id::{AppId, EnvironmentId, OrganisationId};
use store::{Db, Executor, Row, Scope, StoreError, StoreResult, Tx, sql};

use super::Tenant;
use crate::authority::{OrganisationReader, OrganisationTx, TenantReader};
use crate::sessions::RequireMfa;

/// An environment as it is stored.
#[derive(Debug, Clone)]
pub(super) struct EnvironmentRow {
    pub(super) id: EnvironmentId,
    pub(super) organisation: OrganisationId,
    pub(super) app: AppId,
    pub(super) name: String,
    pub(super) identity_required: bool,
}

/// An environment's key that is being made.
pub(super) struct NewKey {
    pub(super) organisation: OrganisationId,
    pub(super) environment: EnvironmentId,
    pub(super) kind: &'static str,
    pub(super) hash: [u8; 32],
    pub(super) key_version: u32,
    pub(super) shown: String,
}

pub(super) async fn insert_organisation(
    tx: &mut Tx,
    id: OrganisationId,
    name: &str,
    now: Timestamp,
) -> StoreResult<u64> {
    sql("INSERT INTO organisations (id, name, created_at) VALUES ($1, $2, $3)")
        .bind(id)
        .bind(name)
        .bind(now)
        .execute(tx)
        .await
}

pub(super) async fn insert_app(
    tx: &mut Tx,
    id: AppId,
    organisation: OrganisationId,
    name: &str,
    now: Timestamp,
) -> StoreResult<u64> {
    sql("INSERT INTO apps (id, organisation_id, name, created_at) VALUES ($1, $2, $3, $4)")
        .bind(id)
        .bind(organisation)
        .bind(name)
        .bind(now)
        .execute(tx)
        .await
}

pub(super) async fn insert_environment(
    tx: &mut Tx,
    environment: &EnvironmentRow,
    identity_secret: &[u8],
    now: Timestamp,
) -> StoreResult<u64> {
    sql("INSERT INTO environments (id, organisation_id, app_id, name, identity_required, identity_secret, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)")
    .bind(environment.id)
    .bind(environment.organisation)
    .bind(environment.app)
    .bind(environment.name.as_str())
    .bind(environment.identity_required)
    .bind(identity_secret)
    .bind(now)
    .execute(tx)
    .await
}

pub(super) async fn insert_key(tx: &mut Tx, key: &NewKey, now: Timestamp) -> StoreResult<u64> {
    sql("INSERT INTO environment_keys (hash, environment_id, organisation_id, kind, shown, created_at, key_version) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)")
    .bind(key.hash)
    .bind(key.environment)
    .bind(key.organisation)
    .bind(key.kind)
    .bind(key.shown.as_str())
    .bind(now)
    .bind(key.key_version)
    .execute(tx)
    .await
}

pub(super) async fn revoke_key(tx: &mut Tx, hash: &[u8; 32], now: Timestamp) -> StoreResult<u64> {
    sql("UPDATE environment_keys SET revoked_at = $2 WHERE hash = $1 AND revoked_at IS NULL")
        .bind(*hash)
        .bind(now)
        .execute(tx)
        .await
}

/// `production` of the oldest app of the oldest organisation.
pub(super) async fn first(db: &Db) -> StoreResult<Tenant> {
    let row = sql("SELECT o.id AS organisation_id, a.id AS app_id, e.id AS environment_id FROM organisations o \
                   JOIN apps a ON a.organisation_id = o.id JOIN environments e ON e.app_id = a.id \
                   WHERE e.name = 'production' ORDER BY o.created_at, o.id, a.created_at, a.id LIMIT 1")
    .fetch_one(db.read(Scope::System))
    .await?;
    Ok(Tenant {
        organisation: row.get("organisation_id")?,
        app: row.get("app_id")?,
        environment: row.get("environment_id")?,
    })
}

/// The oldest organisation.
pub(super) async fn first_id(tx: &mut Tx) -> StoreResult<OrganisationId> {
    let query = sql("SELECT id FROM organisations ORDER BY created_at, id LIMIT 1");
    query.fetch_one(tx).await?.get("id")
}

pub(super) async fn rename(tx: &mut Tx, organisation: OrganisationId, app: AppId, name: &str) -> StoreResult<()> {
    sql("UPDATE organisations SET name = $2 WHERE id = $1").bind(organisation).bind(name).execute(&mut *tx).await?;
    sql("UPDATE apps SET name = $2 WHERE id = $1").bind(app).bind(name).execute(tx).await?;
    Ok(())
}

pub(super) async fn organisation_of(tx: &mut Tx, id: EnvironmentId) -> StoreResult<Option<OrganisationId>> {
    let row = sql("SELECT organisation_id FROM environments WHERE id = $1").bind(id).fetch_optional(tx).await?;
    row.map(|row| row.get("organisation_id")).transpose()
}

pub(super) async fn owns(db: &Db, organisation: OrganisationId, environment: EnvironmentId) -> StoreResult<bool> {
    let row = sql("SELECT id FROM environments WHERE id = $1 AND organisation_id = $2")
        .bind(environment)
        .bind(organisation)
        .fetch_optional(db.read(Scope::Organisation(organisation)))
        .await?;
    Ok(row.is_some())
}

/// What an organisation asks of its members' sessions.
pub(super) struct SecurityRow {
    pub(super) require_mfa: RequireMfa,
    /// When that was made stricter.
    pub(super) required_at: Option<Timestamp>,
    /// Since when some second factor is required.
    pub(super) any_required_at: Option<Timestamp>,
    pub(super) grace_days: u32,
    pub(super) idle_minutes: u32,
    pub(super) absolute_hours: u32,
}

pub(super) async fn security(on: impl Executor, organisation: OrganisationId) -> StoreResult<SecurityRow> {
    let query =
        sql("SELECT require_mfa, mfa_required_at, any_mfa_required_at, grace_days, idle_minutes, absolute_hours \
                     FROM organisations WHERE id = $1");
    let row = query.bind(organisation).fetch_one(on).await?;
    Ok(SecurityRow {
        require_mfa: RequireMfa::from_name(&row.get::<String>("require_mfa")?)
            .ok_or_else(|| StoreError::Decode { column: "require_mfa".to_owned() })?,
        required_at: row.get("mfa_required_at")?,
        any_required_at: row.get("any_mfa_required_at")?,
        grace_days: row.get("grace_days")?,
        idle_minutes: row.get("idle_minutes")?,
        absolute_hours: row.get("absolute_hours")?,
    })
}

pub(super) async fn set_security(tx: &mut OrganisationTx, row: &SecurityRow) -> StoreResult<u64> {
    let organisation = tx.organisation();
    sql("UPDATE organisations SET require_mfa = $2, mfa_required_at = $3, grace_days = $4, idle_minutes = $5, \
         absolute_hours = $6, any_mfa_required_at = $7 WHERE id = $1")
    .bind(organisation)
    .bind(row.require_mfa.name())
    .bind(row.required_at)
    .bind(row.grace_days)
    .bind(row.idle_minutes)
    .bind(row.absolute_hours)
    .bind(row.any_required_at)
    .execute(tx.tx())
    .await
}

/// What an organisation is called.
pub(super) async fn name_of(db: &Db, id: OrganisationId) -> StoreResult<String> {
    let query = sql("SELECT name FROM organisations WHERE id = $1").bind(id);
    query.fetch_one(db.read(Scope::System)).await?.get("name")
}

/// What the reader's organisation is called.
pub(super) async fn name(reader: OrganisationReader<'_>) -> StoreResult<String> {
    sql("SELECT name FROM organisations WHERE id = $1")
        .bind(reader.organisation())
        .fetch_one(reader.db())
        .await?
        .get("name")
}

/// Whether the reader's organisation is the installation's first, whose owner is the operator.
pub(super) async fn is_first(reader: OrganisationReader<'_>) -> StoreResult<bool> {
    let row = sql("SELECT id FROM organisations ORDER BY created_at, id LIMIT 1");
    let first: OrganisationId = row.fetch_one(reader.db()).await?.get("id")?;
    Ok(first == reader.organisation())
}

/// The apps of the reader's organisation, oldest first.
pub(super) async fn apps(reader: OrganisationReader<'_>) -> StoreResult<Vec<(AppId, String)>> {
    sql("SELECT id, name FROM apps WHERE organisation_id = $1 ORDER BY created_at, id")
        .bind(reader.organisation())
        .fetch_all(reader.db())
        .await?
        .iter()
        .map(|row| Ok((row.get("id")?, row.get("name")?)))
        .collect()
}

/// The public key of the reader's environment, for tags.
pub(super) async fn browser_key(reader: TenantReader<'_>) -> StoreResult<Option<String>> {
    sql("SELECT shown FROM environment_keys WHERE environment_id = $1 AND kind = 'browser' AND revoked_at IS NULL")
        .bind(reader.environment())
        .fetch_optional(reader)
        .await?
        .map(|row| row.get("shown"))
        .transpose()
}

/// The environments of the reader's organisation, each with its browser key, in the order of their making.
pub(super) async fn environments(reader: OrganisationReader<'_>) -> StoreResult<Vec<(EnvironmentRow, String)>> {
    sql("SELECT e.id, e.organisation_id, e.app_id, e.name, e.identity_required, k.shown \
         FROM environments e JOIN environment_keys k ON k.environment_id = e.id \
         WHERE e.organisation_id = $1 AND k.kind = 'browser' AND k.revoked_at IS NULL ORDER BY e.created_at, e.name")
    .bind(reader.organisation())
    .fetch_all(reader.db())
    .await?
    .iter()
    .map(|row| Ok((read_environment(row)?, row.get("shown")?)))
    .collect()
}

fn read_environment(row: &Row) -> StoreResult<EnvironmentRow> {
    Ok(EnvironmentRow {
        id: row.get("id")?,
        organisation: row.get("organisation_id")?,
        app: row.get("app_id")?,
        name: row.get("name")?,
        identity_required: row.get("identity_required")?,
    })
}
