//! SQL of people's rows.

use std::collections::{BTreeMap, BTreeSet};

use base::Timestamp;
use store::dialect::{self, placeholders};
use store::{Row, StoreResult, Value, sql};

use super::{ROWS, int, json, read_attributes, read_json, roots};
use crate::authority::{InTenant, TenantReader, TenantTx};
use crate::people::PersonRef;
use crate::people::record::{AttributeSet, PersonRow};

const COLUMNS: &str = "p.number, p.id, p.identified, p.company_number, p.company_at, p.attributes, p.attribute_times, p.outcomes, \
     p.seen, p.counters, p.first_seen_at, p.last_seen_at";
const COMPANY_COLUMNS: &str =
    "c.attributes AS company_attributes, c.attribute_times AS company_attribute_times, c.outcomes AS company_outcomes";

fn read(row: &Row) -> StoreResult<PersonRow> {
    Ok(PersonRow {
        number: row.get("number")?,
        id: row.get("id")?,
        identified: row.get("identified")?,
        company: row.get("company_number")?,
        company_at: row.get("company_at")?,
        attributes: read_attributes(row, "")?,
        company_attributes: AttributeSet::default(),
        seen: read_json(row, "seen")?,
        counters: read_json(row, "counters")?,
        first_seen_at: row.get("first_seen_at")?,
        last_seen_at: row.get("last_seen_at")?,
    })
}

/// What a decision needs to know about a person, or about whom they were merged into, in one query; `None` without a row.
pub(in crate::people) async fn row(reader: TenantReader<'_>, number: u64) -> StoreResult<Option<PersonRow>> {
    let text = format!(
        "SELECT {COLUMNS}, {COMPANY_COLUMNS} FROM people p \
         LEFT JOIN companies c ON c.environment_id = p.environment_id AND c.number = p.company_number \
         WHERE p.environment_id = $1 AND p.number = COALESCE(\
         (SELECT merged_into FROM people WHERE environment_id = $1 AND number = $2), $2)"
    );
    let row = sql(text).bind(reader.environment()).bind(int(number)).fetch_optional(reader).await?;
    row.as_ref().map(read_whole).transpose()
}

/// With the attributes of the company that the person acts for.
fn read_whole(row: &Row) -> StoreResult<PersonRow> {
    let mut person = read(row)?;
    if row.get::<Option<String>>("company_attributes")?.is_some() {
        person.company_attributes = read_attributes(row, "company_")?;
    }
    Ok(person)
}

/// How many people there are who were not merged, and between which numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) people: u64,
    pub(crate) first: u64,
    pub(crate) last: u64,
}

/// The extent of the people.
pub(crate) async fn extent(reader: TenantReader<'_>) -> StoreResult<Extent> {
    let row = sql("SELECT COUNT(*) AS people, COALESCE(MIN(number), 0) AS first, COALESCE(MAX(number), 0) AS last \
                   FROM people WHERE environment_id = $1 AND merged_into IS NULL")
    .bind(reader.environment())
    .fetch_one(reader)
    .await?;
    Ok(Extent { people: row.get("people")?, first: row.get("first")?, last: row.get("last")? })
}

/// What decisions need to know about people who were not merged, by number: from one number on, up to and with another.
pub(crate) async fn whole_rows(
    reader: TenantReader<'_>,
    (from, to): (u64, u64),
    limit: usize,
) -> StoreResult<Vec<PersonRow>> {
    let text = format!(
        "SELECT {COLUMNS}, {COMPANY_COLUMNS} FROM people p \
         LEFT JOIN companies c ON c.environment_id = p.environment_id AND c.number = p.company_number \
         WHERE p.environment_id = $1 AND p.number >= $2 AND p.number <= $3 AND p.merged_into IS NULL \
         ORDER BY p.number LIMIT $4"
    );
    let query = sql(text).bind(reader.environment()).bind(int(from)).bind(int(to)).bind(int(limit as u64));
    query.fetch_all(reader).await?.iter().map(read_whole).collect()
}

/// The rows of these people; of none that was merged.
pub(crate) async fn rows_of(on: impl InTenant, numbers: &[u64]) -> StoreResult<Vec<PersonRow>> {
    select(on, numbers, "").await
}

/// As [`rows_of`], held until the transaction ends; merged ones too.
pub(in crate::people) async fn hold(tx: &mut TenantTx, numbers: &[u64]) -> StoreResult<Vec<PersonRow>> {
    let engine = tx.engine();
    select(tx, numbers, dialect::for_update(engine)).await
}

/// The rows that stand for these people now, held until the transaction ends, and which stands for whom: somebody may
/// have been merged since a request found out who they are. All are held in the order of their numbers.
pub(crate) async fn hold_whole(
    tx: &mut TenantTx,
    numbers: &[u64],
) -> StoreResult<(Vec<PersonRow>, BTreeMap<u64, u64>)> {
    let before = roots(&mut *tx, numbers).await?;
    let wanted: BTreeSet<u64> = before.into_iter().flat_map(|(number, root)| [number, root]).collect();
    let wanted: Vec<u64> = wanted.into_iter().collect();
    let mut rows = hold(&mut *tx, &wanted).await?;
    let roots = roots(&mut *tx, numbers).await?;
    let wholes: BTreeSet<u64> = roots.values().copied().collect();
    rows.retain(|row| wholes.contains(&row.number));
    let missing: Vec<u64> = wholes.into_iter().filter(|root| wanted.binary_search(root).is_err()).collect();
    // Merged between the two looks: seldom, and out of order.
    rows.extend(hold(tx, &missing).await?);
    Ok((rows, roots))
}

async fn select(on: impl InTenant, numbers: &[u64], end: &str) -> StoreResult<Vec<PersonRow>> {
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "SELECT {COLUMNS} FROM people p WHERE p.environment_id = $1 AND p.number IN ({}) ORDER BY p.number{end}",
        placeholders(2, numbers.len())
    );
    let query = sql(text).bind(on.environment()).bind_all(numbers.iter().map(|number| int(*number)));
    query.fetch_all(on).await?.iter().map(read).collect()
}

/// A page of people who were not merged, seen last first; before a place, if one is given.
pub(in crate::people) async fn page(
    on: impl InTenant,
    before: Option<(Timestamp, u64)>,
    limit: usize,
) -> StoreResult<Vec<PersonRow>> {
    let (seen, number) = before.unwrap_or((Timestamp(i64::MAX), i64::MAX.unsigned_abs()));
    let text = format!(
        "SELECT {COLUMNS} FROM people p WHERE p.environment_id = $1 AND p.merged_into IS NULL \
         AND (p.last_seen_at < $2 OR (p.last_seen_at = $2 AND p.number < $3)) \
         ORDER BY p.last_seen_at DESC, p.number DESC LIMIT $4"
    );
    let query = sql(text).bind(on.environment()).bind(seen).bind(int(number)).bind(int(limit as u64));
    query.fetch_all(on).await?.iter().map(read).collect()
}

/// Adds empty rows; one that is there stays as it is.
pub(in crate::people) async fn insert_missing(tx: &mut TenantTx, people: &[(PersonRef, Timestamp)]) -> StoreResult<()> {
    let environment = tx.environment();
    for people in people.chunks(ROWS) {
        let text = format!(
            "INSERT INTO people (environment_id, number, id, identified, attributes, attribute_times, outcomes, seen, \
             counters, first_seen_at, last_seen_at) VALUES {} ON CONFLICT DO NOTHING",
            dialect::rows(1, people.len(), 11)
        );
        let values = people.iter().flat_map(|(person, at)| {
            [
                environment.into(),
                int(person.number()),
                person.subject.id.into(),
                person.subject.identified.into(),
                "{}".into(),
                "{}".into(),
                "{}".into(),
                "{}".into(),
                "{}".into(),
                (*at).into(),
                (*at).into(),
            ]
        });
        sql(text).bind_all::<Value>(values).execute(&mut *tx).await?;
    }
    Ok(())
}

/// Writes rows that are there.
pub(crate) async fn update(tx: &mut TenantTx, people: &[PersonRow]) -> StoreResult<()> {
    let environment = tx.environment();
    for person in people {
        sql("UPDATE people SET identified = $3, company_number = $4, attributes = $5, attribute_times = $6, \
             outcomes = $7, seen = $8, counters = $9, first_seen_at = $10, last_seen_at = $11, company_at = $12 \
             WHERE environment_id = $1 AND number = $2")
        .bind(environment)
        .bind(int(person.number))
        .bind(person.identified)
        .bind(person.company.map_or(Value::Int(None), int))
        .bind(json(&person.attributes.values))
        .bind(json(&person.attributes.times))
        .bind(json(&person.attributes.outcomes))
        .bind(json(&person.seen))
        .bind(json(&person.counters))
        .bind(person.first_seen_at)
        .bind(person.last_seen_at)
        .bind(person.company_at)
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}
