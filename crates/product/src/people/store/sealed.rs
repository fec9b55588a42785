//! SQL of sealed attributes.

use store::dialect::{self, placeholders};
use store::keyring::SubjectKind;
use store::{Row, StoreResult, Value, sql};

use super::{ROWS, int};
use crate::authority::{InTenant, TenantReader, TenantTx};

/// A sealed attribute.
#[derive(Debug, Clone)]
pub(crate) struct SealedAttribute {
    pub(crate) number: u64,
    pub(crate) name: String,
    pub(crate) version: u64,
    pub(crate) sealed: Vec<u8>,
}

/// Writes sealed attributes.
pub(in crate::people) async fn put_sealed(
    tx: &mut TenantTx,
    kind: SubjectKind,
    sealed: &[SealedAttribute],
) -> StoreResult<()> {
    let environment = tx.environment();
    for sealed in sealed.chunks(ROWS) {
        let text = format!(
            "INSERT INTO sealed_attributes (environment_id, kind, number, name, version, sealed) VALUES {} \
             ON CONFLICT (environment_id, kind, number, name) \
             DO UPDATE SET version = excluded.version, sealed = excluded.sealed",
            dialect::rows(1, sealed.len(), 6)
        );
        let values = sealed.iter().flat_map(|attribute| {
            [
                environment.into(),
                kind.name().into(),
                int(attribute.number),
                attribute.name.as_str().into(),
                int(attribute.version),
                attribute.sealed.as_slice().into(),
            ]
        });
        sql(text).bind_all::<Value>(values).execute(&mut *tx).await?;
    }
    Ok(())
}

/// Removes a sealed attribute of a subject and of everybody who was merged into it.
pub(in crate::people) async fn remove_sealed(
    tx: &mut TenantTx,
    kind: SubjectKind,
    number: u64,
    name: &str,
) -> StoreResult<()> {
    sql("DELETE FROM sealed_attributes WHERE environment_id = $1 AND kind = $2 AND name = $4 AND (number = $3 \
         OR (kind = 'person' AND number IN (SELECT number FROM people WHERE environment_id = $1 AND merged_into = $3)))")
    .bind(tx.environment())
    .bind(kind.name())
    .bind(int(number))
    .bind(name)
    .execute(tx)
    .await?;
    Ok(())
}

/// The sealed attributes of these subjects.
pub(in crate::people) async fn sealed_of(
    on: impl InTenant,
    kind: SubjectKind,
    numbers: &[u64],
) -> StoreResult<Vec<SealedAttribute>> {
    let text = format!(
        "SELECT number, name, version, sealed FROM sealed_attributes \
         WHERE environment_id = $1 AND kind = $2 AND number IN ({})",
        placeholders(3, numbers.len())
    );
    let query = sql(text).bind(on.environment()).bind(kind.name()).bind_all(numbers.iter().map(|number| int(*number)));
    query.fetch_all(on).await?.iter().map(read).collect()
}

/// A page of the sealed values of one attribute, in the order of their owners' numbers.
pub(crate) async fn page_of_sealed(
    reader: TenantReader<'_>,
    kind: SubjectKind,
    name: &str,
    after: u64,
    limit: u32,
) -> StoreResult<Vec<SealedAttribute>> {
    sql("SELECT number, name, version, sealed FROM sealed_attributes WHERE environment_id = $1 AND kind = $2 \
         AND name = $3 AND number > $4 ORDER BY number LIMIT $5")
    .bind(reader.environment())
    .bind(kind.name())
    .bind(name)
    .bind(int(after))
    .bind(limit)
    .fetch_all(reader)
    .await?
    .iter()
    .map(read)
    .collect()
}

fn read(row: &Row) -> StoreResult<SealedAttribute> {
    Ok(SealedAttribute {
        number: row.get("number")?,
        name: row.get("name")?,
        version: row.get("version")?,
        sealed: row.get("sealed")?,
    })
}
