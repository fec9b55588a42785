//! SQL of identity providers, and of states that were answered.

use base::Timestamp;
use base::id::{IdentityProviderId, MemberId, OrganisationId};
use store::{Db, Engine, Executor, Row, Scope, StoreError, StoreResult, Tx, dialect, sql};

use super::model::Settings;
use crate::authority::{OrganisationReader, OrganisationTx, Role};

/// An identity provider of an organisation.
#[derive(Clone)]
pub(crate) struct Provider {
    pub(super) id: IdentityProviderId,
    pub(super) organisation: OrganisationId,
    pub(super) name: String,
    pub(super) issuer: String,
    pub(super) client_id: String,
    /// Sealed under the organisation's key.
    pub(super) client_secret: Vec<u8>,
    pub(super) settings: Settings,
    pub(super) created_at: Timestamp,
    pub(super) last_used_at: Option<Timestamp>,
}

const COLUMNS: &str = "p.id, p.organisation_id, p.name, p.issuer, p.client_id, p.client_secret, p.settings, p.created_at, \
    p.last_used_at";

/// Nobody else changes an organisation's providers, or takes the word of one, until the transaction ends.
pub(super) async fn lock(tx: &mut Tx, engine: Engine, organisation: OrganisationId) -> StoreResult<()> {
    dialect::lock(tx, engine, "identity_providers", &organisation.bytes()).await
}

/// Nobody changes an organisation's providers until the transaction ends; others take their word at the same time.
pub(super) async fn lock_shared(tx: &mut Tx, engine: Engine, organisation: OrganisationId) -> StoreResult<()> {
    dialect::lock_shared(tx, engine, "identity_providers", &organisation.bytes()).await
}

pub(super) async fn insert(tx: &mut OrganisationTx, provider: &Provider) -> StoreResult<u64> {
    let settings = written(&provider.settings);
    sql("INSERT INTO identity_providers (id, organisation_id, name, issuer, client_id, client_secret, settings, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
    .bind(provider.id)
    .bind(provider.organisation)
    .bind(provider.name.as_str())
    .bind(provider.issuer.as_str())
    .bind(provider.client_id.as_str())
    .bind(provider.client_secret.as_slice())
    .bind(settings)
    .bind(provider.created_at)
    .execute(tx.tx())
    .await
}

pub(super) async fn update(tx: &mut OrganisationTx, provider: &Provider) -> StoreResult<u64> {
    let organisation = tx.organisation();
    sql("UPDATE identity_providers SET name = $3, client_id = $4, client_secret = $5, settings = $6 \
         WHERE id = $1 AND organisation_id = $2")
    .bind(provider.id)
    .bind(organisation)
    .bind(provider.name.as_str())
    .bind(provider.client_id.as_str())
    .bind(provider.client_secret.as_slice())
    .bind(written(&provider.settings))
    .execute(tx.tx())
    .await
}

pub(super) async fn delete(tx: &mut OrganisationTx, id: IdentityProviderId) -> StoreResult<u64> {
    let organisation = tx.organisation();
    let query = sql("DELETE FROM identity_providers WHERE id = $1 AND organisation_id = $2");
    query.bind(id).bind(organisation).execute(tx.tx()).await
}

/// A provider of the reader's organisation.
pub(super) async fn get(reader: OrganisationReader<'_>, id: IdentityProviderId) -> StoreResult<Option<Provider>> {
    let text = format!("SELECT {COLUMNS} FROM identity_providers p WHERE p.id = $1 AND p.organisation_id = $2");
    let row = sql(text).bind(id).bind(reader.organisation()).fetch_optional(reader.db()).await?;
    row.as_ref().map(read).transpose()
}

/// A provider, whoever's it is.
pub(super) async fn find(on: impl Executor, id: IdentityProviderId) -> StoreResult<Option<Provider>> {
    let text = format!("SELECT {COLUMNS} FROM identity_providers p WHERE p.id = $1");
    let row = sql(text).bind(id).fetch_optional(on).await?;
    row.as_ref().map(read).transpose()
}

/// An organisation's providers, oldest first.
pub(super) async fn of_organisation(on: impl Executor, organisation: OrganisationId) -> StoreResult<Vec<Provider>> {
    let text =
        format!("SELECT {COLUMNS} FROM identity_providers p WHERE p.organisation_id = $1 ORDER BY p.created_at, p.id");
    sql(text).bind(organisation).fetch_all(on).await?.iter().map(read).collect()
}

/// Writes that somebody signed in over a provider.
pub(super) async fn used(tx: &mut Tx, id: IdentityProviderId, now: Timestamp) -> StoreResult<u64> {
    sql("UPDATE identity_providers SET last_used_at = $2 WHERE id = $1").bind(id).bind(now).execute(tx).await
}

/// Writes that nobody has signed in over a provider as it is now.
pub(super) async fn unused(tx: &mut Tx, id: IdentityProviderId) -> StoreResult<u64> {
    sql("UPDATE identity_providers SET last_used_at = NULL WHERE id = $1").bind(id).execute(tx).await
}

/// Puts what was sealed anew in the place of the bytes that it was made of.
pub(super) async fn set_secret(tx: &mut Tx, of: &Provider, secret: &[u8]) -> StoreResult<u64> {
    sql("UPDATE identity_providers SET client_secret = $2 WHERE id = $1 AND client_secret = $3")
        .bind(of.id)
        .bind(secret)
        .bind(of.client_secret.as_slice())
        .execute(tx)
        .await
}

/// Whether the members of an organisation must sign in over a provider.
pub(super) async fn is_required(on: impl Executor, organisation: OrganisationId) -> StoreResult<bool> {
    let query = sql("SELECT id FROM organisations WHERE id = $1 AND provider_required_at IS NOT NULL");
    Ok(query.bind(organisation).fetch_optional(on).await?.is_some())
}

/// Whether a member is the only owner who gets in without a provider where one is required: in an organisation, or in any.
pub(super) async fn is_last_way_in(
    tx: &mut Tx,
    member: MemberId,
    organisation: Option<OrganisationId>,
) -> StoreResult<bool> {
    let gets_in = "SELECT 1 FROM memberships ms JOIN members m ON m.id = ms.member_id WHERE ms.organisation_id = o.id \
         AND ms.role = $3 AND ms.suspended_at IS NULL AND m.second_factor_since <= o.provider_required_at";
    let text = format!(
        "SELECT o.id FROM organisations o WHERE ($2 IS NULL OR o.id = $2) AND EXISTS ({gets_in} AND ms.member_id = $1) \
         AND NOT EXISTS ({gets_in} AND ms.member_id <> $1) LIMIT 1"
    );
    let query = sql(text).bind(member).bind(organisation).bind(Role::Owner.name());
    Ok(query.fetch_optional(tx).await?.is_some())
}

/// Has them do so from a time on. Where they must already, it stays the time that it was.
pub(super) async fn require(tx: &mut OrganisationTx, now: Timestamp) -> StoreResult<u64> {
    let organisation = tx.organisation();
    let query =
        sql("UPDATE organisations SET provider_required_at = $2 WHERE id = $1 AND provider_required_at IS NULL");
    query.bind(organisation).bind(now).execute(tx.tx()).await
}

/// Lets them sign in as they like.
pub(super) async fn require_no_more(tx: &mut OrganisationTx) -> StoreResult<u64> {
    let organisation = tx.organisation();
    let query = sql("UPDATE organisations SET provider_required_at = NULL WHERE id = $1");
    query.bind(organisation).execute(tx.tx()).await
}

/// The only organisation, if there is but one.
pub(super) async fn only_organisation(db: &Db) -> StoreResult<Option<OrganisationId>> {
    let rows = sql("SELECT id FROM organisations LIMIT 2").fetch_all(db.read(Scope::System)).await?;
    match rows.as_slice() {
        [one] => one.get("id").map(Some),
        _ => Ok(None),
    }
}

/// Writes that a state was answered, unless it was.
pub(super) async fn use_state(tx: &mut Tx, state: &[u8], expires: Timestamp) -> StoreResult<u64> {
    sql("INSERT INTO answered_states (state, expires_at) VALUES ($1, $2) ON CONFLICT (state) DO NOTHING")
        .bind(state)
        .bind(expires)
        .execute(tx)
        .await
}

pub(super) async fn forget_states(tx: &mut Tx, before: Timestamp) -> StoreResult<u64> {
    sql("DELETE FROM answered_states WHERE expires_at <= $1").bind(before).execute(tx).await
}

fn written(settings: &Settings) -> String {
    serde_json::json!(settings).to_string()
}

fn read(row: &Row) -> StoreResult<Provider> {
    let settings: String = row.get("settings")?;
    Ok(Provider {
        id: row.get("id")?,
        organisation: row.get("organisation_id")?,
        name: row.get("name")?,
        issuer: row.get("issuer")?,
        client_id: row.get("client_id")?,
        client_secret: row.get("client_secret")?,
        settings: serde_json::from_str(&settings).map_err(|_| StoreError::Decode { column: "settings".to_owned() })?,
        created_at: row.get("created_at")?,
        last_used_at: row.get("last_used_at")?,
    })
}
