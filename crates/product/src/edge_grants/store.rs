//! SQL of grants, and of what is sealed for them.

use base::Timestamp;
use base::id::{EdgeGrantId, EnvironmentId};
use keys::{Grants, KeyKind, KeyState, Owner, WrappedKey};
use store::{Executor, Row, StoreError, StoreResult, Tx, dialect, sql};

/// A grant as the store keeps it.
pub(super) struct Grant {
    pub(super) id: EdgeGrantId,
    /// The version of the kind `edge_grant` that is its key.
    pub(super) key_version: u32,
    /// For which names its certificate is.
    pub(super) hosts: Vec<String>,
    pub(super) created_at: Timestamp,
    pub(super) revoked_at: Option<Timestamp>,
}

/// A certificate that was sealed for a grant.
pub(super) struct Leaf {
    pub(super) authority: [u8; 32],
    pub(super) sealed: Vec<u8>,
    pub(super) issued_at: Timestamp,
}

/// Every grant there ever was, the oldest first.
pub(super) async fn all(on: impl Executor) -> StoreResult<Vec<Grant>> {
    let rows = sql("SELECT id, key_version, hosts, created_at, revoked_at FROM edge_grants ORDER BY key_version");
    rows.fetch_all(on).await?.iter().map(read).collect()
}

/// Those that were not revoked.
pub(super) async fn good(on: impl Executor) -> StoreResult<Vec<Grant>> {
    let mut grants = all(on).await?;
    grants.retain(|grant| grant.revoked_at.is_none());
    Ok(grants)
}

/// A grant.
pub(super) async fn find(on: impl Executor, id: EdgeGrantId) -> StoreResult<Option<Grant>> {
    let row = sql("SELECT id, key_version, hosts, created_at, revoked_at FROM edge_grants WHERE id = $1").bind(id);
    row.fetch_optional(on).await?.as_ref().map(read).transpose()
}

fn read(row: &Row) -> StoreResult<Grant> {
    let hosts = serde_json::from_str(&row.get::<String>("hosts")?);
    Ok(Grant {
        id: row.get("id")?,
        key_version: row.get("key_version")?,
        hosts: hosts.map_err(|_| StoreError::Decode { column: "hosts".to_owned() })?,
        created_at: row.get("created_at")?,
        revoked_at: row.get("revoked_at")?,
    })
}

pub(super) async fn insert(tx: &mut Tx, grant: &Grant) -> StoreResult<()> {
    sql("INSERT INTO edge_grants (id, key_version, hosts, created_at) VALUES ($1, $2, $3, $4)")
        .bind(grant.id)
        .bind(grant.key_version)
        .bind(serde_json::json!(grant.hosts).to_string())
        .bind(grant.created_at)
        .execute(tx)
        .await?;
    Ok(())
}

/// Ends a grant, with all that was sealed for it.
pub(super) async fn revoke(tx: &mut Tx, id: EdgeGrantId, now: Timestamp) -> StoreResult<()> {
    sql("UPDATE edge_grants SET revoked_at = $2 WHERE id = $1").bind(id).bind(now).execute(&mut *tx).await?;
    for table in ["granted_keys", "granted_public_keys", "granted_certificates"] {
        sql(format!("DELETE FROM {table} WHERE grant_id = $1")).bind(id).execute(&mut *tx).await?;
    }
    Ok(())
}

/// Which versions are sealed for which grants.
pub(super) async fn sealed(on: impl Executor) -> StoreResult<Vec<(EdgeGrantId, KeyKind, Owner, u32)>> {
    let rows = sql("SELECT grant_id, kind, owner, version FROM granted_keys").fetch_all(on).await?;
    rows.iter()
        .map(|row| {
            let kind = kind(row)?;
            Ok((row.get("grant_id")?, kind, Owner::from_bytes(kind, row.get("owner")?), row.get("version")?))
        })
        .collect()
}

/// Adds a version of a key, sealed for a grant.
pub(super) async fn add_key(tx: &mut Tx, grant: EdgeGrantId, key: &WrappedKey, sealed: &[u8]) -> StoreResult<()> {
    sql("INSERT INTO granted_keys (grant_id, kind, owner, version, sealed) VALUES ($1, $2, $3, $4, $5)")
        .bind(grant)
        .bind(key.kind.name())
        .bind(key.owner.bytes())
        .bind(key.version)
        .bind(sealed)
        .execute(tx)
        .await?;
    Ok(())
}

/// Takes away what is sealed of a version.
pub(super) async fn drop_key(tx: &mut Tx, key: &WrappedKey) -> StoreResult<()> {
    sql("DELETE FROM granted_keys WHERE kind = $1 AND owner = $2 AND version = $3")
        .bind(key.kind.name())
        .bind(key.owner.bytes())
        .bind(key.version)
        .execute(tx)
        .await?;
    Ok(())
}

/// Takes away what is sealed of versions that were destroyed while it was being sealed.
pub(super) async fn drop_destroyed(tx: &mut Tx) -> StoreResult<()> {
    sql("DELETE FROM granted_keys WHERE EXISTS (SELECT 1 FROM keys k WHERE k.kind = granted_keys.kind AND \
         k.owner = granted_keys.owner AND k.version = granted_keys.version AND k.state = 'destroyed')")
    .execute(tx)
    .await?;
    Ok(())
}

/// The keys of the kinds that an edge may hold, with what of them is sealed for a grant in the place of the wrapped bytes. A
/// version that is not sealed for it is left out, unless it is destroyed.
pub(super) async fn keys_of(on: impl Executor, grant: EdgeGrantId) -> StoreResult<Vec<WrappedKey>> {
    let kinds: Vec<_> = KeyKind::ALL.iter().copied().filter(|kind| Grants::edge().allows(*kind)).collect();
    let text = format!(
        "SELECT k.kind, k.owner, k.version, k.state, k.created_at, g.sealed FROM keys k \
         LEFT JOIN granted_keys g ON g.grant_id = $1 AND g.kind = k.kind AND g.owner = k.owner AND \
         g.version = k.version WHERE k.kind IN ({}) AND (g.sealed IS NOT NULL OR k.state = 'destroyed') \
         ORDER BY k.kind, k.owner, k.version",
        dialect::placeholders(2, kinds.len()),
    );
    let rows = sql(text).bind(grant).bind_all(kinds.iter().map(|kind| kind.name())).fetch_all(on).await?;
    rows.iter()
        .map(|row| {
            let kind = kind(row)?;
            let state = row.get::<String>("state")?.parse::<KeyState>();
            Ok(WrappedKey {
                kind,
                owner: Owner::from_bytes(kind, row.get("owner")?),
                version: row.get("version")?,
                state: state.map_err(|_| StoreError::Decode { column: "state".to_owned() })?,
                bytes: row.get::<Option<Vec<u8>>>("sealed")?.unwrap_or_default(),
                created_at: row.get("created_at")?,
            })
        })
        .collect()
}

fn kind(row: &Row) -> StoreResult<KeyKind> {
    row.get::<String>("kind")?.parse().map_err(|_| StoreError::Decode { column: "kind".to_owned() })
}

/// The sealed public halves of a grant, by environment.
pub(super) async fn publics(on: impl Executor, grant: EdgeGrantId) -> StoreResult<Vec<(EnvironmentId, Vec<u8>)>> {
    let rows =
        sql("SELECT owner, sealed FROM granted_public_keys WHERE grant_id = $1").bind(grant).fetch_all(on).await?;
    rows.iter().map(|row| Ok((row.get("owner")?, row.get("sealed")?))).collect()
}

pub(super) async fn put_publics(
    tx: &mut Tx,
    grant: EdgeGrantId,
    environment: EnvironmentId,
    sealed: &[u8],
) -> StoreResult<()> {
    sql("INSERT INTO granted_public_keys (grant_id, owner, sealed) VALUES ($1, $2, $3) \
         ON CONFLICT (grant_id, owner) DO UPDATE SET sealed = excluded.sealed")
    .bind(grant)
    .bind(environment)
    .bind(sealed)
    .execute(tx)
    .await?;
    Ok(())
}

/// The sealed certificate of a grant.
pub(super) async fn leaf(on: impl Executor, grant: EdgeGrantId) -> StoreResult<Option<Leaf>> {
    let row = sql("SELECT authority, sealed, issued_at FROM granted_certificates WHERE grant_id = $1").bind(grant);
    row.fetch_optional(on)
        .await?
        .map(|row| {
            Ok(Leaf { authority: row.get("authority")?, sealed: row.get("sealed")?, issued_at: row.get("issued_at")? })
        })
        .transpose()
}

pub(super) async fn put_leaf(tx: &mut Tx, grant: EdgeGrantId, leaf: &Leaf) -> StoreResult<()> {
    sql("INSERT INTO granted_certificates (grant_id, authority, sealed, issued_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (grant_id) DO UPDATE SET authority = excluded.authority, sealed = excluded.sealed, \
         issued_at = excluded.issued_at")
    .bind(grant)
    .bind(leaf.authority)
    .bind(leaf.sealed.as_slice())
    .bind(leaf.issued_at)
    .execute(tx)
    .await?;
    Ok(())
}
