//! SQL of companies.

use std::collections::{BTreeMap, HashMap};

use base::Timestamp;
use store::dialect::{self, placeholders};
use store::{Row, StoreResult, Value, sql};

use crate::authority::{InTenant, TenantTx};
use crate::people::api::Place;
use crate::people::{AttributeSet, CompanyChange, CompanyRef, ROWS, int, json, read_attributes};

/// What is known of a company.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CompanyRow {
    pub(crate) number: u64,
    pub(crate) id: [u8; 16],
    pub(crate) attributes: AttributeSet,
    pub(crate) first_seen_at: Timestamp,
    pub(crate) last_seen_at: Timestamp,
}

const COLUMNS: &str = "number, id, attributes, attribute_times, outcomes, first_seen_at, last_seen_at";

fn read(row: &Row) -> StoreResult<CompanyRow> {
    Ok(CompanyRow {
        number: row.get("number")?,
        id: row.get("id")?,
        attributes: read_attributes(row, "")?,
        first_seen_at: row.get("first_seen_at")?,
        last_seen_at: row.get("last_seen_at")?,
    })
}

/// The rows of these companies.
pub(crate) async fn rows_of(on: impl InTenant, numbers: &[u64]) -> StoreResult<Vec<CompanyRow>> {
    select(on, numbers, "").await
}

async fn select(on: impl InTenant, numbers: &[u64], end: &str) -> StoreResult<Vec<CompanyRow>> {
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "SELECT {COLUMNS} FROM companies WHERE environment_id = $1 AND number IN ({}) ORDER BY number{end}",
        placeholders(2, numbers.len())
    );
    let query = sql(text).bind(on.environment()).bind_all(numbers.iter().map(|number| int(*number)));
    query.fetch_all(on).await?.iter().map(read).collect()
}

/// A page of companies, seen last first; before a place, if one is given.
pub(super) async fn page(
    on: impl InTenant,
    before: Option<(Timestamp, u64)>,
    limit: usize,
) -> StoreResult<Vec<CompanyRow>> {
    let (seen, number) = before.unwrap_or((Timestamp(i64::MAX), i64::MAX.unsigned_abs()));
    let text = format!(
        "SELECT {COLUMNS} FROM companies WHERE environment_id = $1 \
         AND (last_seen_at < $2 OR (last_seen_at = $2 AND number < $3)) \
         ORDER BY last_seen_at DESC, number DESC LIMIT $4"
    );
    let query = sql(text).bind(on.environment()).bind(seen).bind(int(number)).bind(int(limit as u64));
    query.fetch_all(on).await?.iter().map(read).collect()
}

/// A page of the places of people who act for a company and were not merged, seen last first; before one, if it is given.
pub(super) async fn people_page(
    on: impl InTenant,
    company: u64,
    before: Option<Place>,
    limit: usize,
) -> StoreResult<Vec<Place>> {
    let Place(seen, number) = before.unwrap_or(Place(Timestamp(i64::MAX), i64::MAX.unsigned_abs()));
    let query = sql("SELECT last_seen_at, number FROM people \
                     WHERE environment_id = $1 AND company_number = $2 AND merged_into IS NULL \
                     AND (last_seen_at < $3 OR (last_seen_at = $3 AND number < $4)) \
                     ORDER BY last_seen_at DESC, number DESC LIMIT $5");
    let query = query.bind(on.environment()).bind(int(company)).bind(seen).bind(int(number)).bind(int(limit as u64));
    let rows = query.fetch_all(on).await?;
    rows.iter().map(|row| Ok(Place(row.get("last_seen_at")?, row.get("number")?))).collect()
}

/// The rows that these changes are about, held until the transaction ends. Made first where they are missing.
pub(crate) async fn hold(tx: &mut TenantTx, changes: &[&CompanyChange]) -> StoreResult<HashMap<u64, CompanyRow>> {
    let mut companies: BTreeMap<u64, (CompanyRef, Timestamp)> = BTreeMap::new();
    for change in changes {
        let at = change.attributes.at;
        let entry = companies.entry(change.company.number()).or_insert((change.company, at));
        entry.1 = entry.1.min(at);
    }
    let companies: Vec<_> = companies.into_values().collect();
    insert_missing(tx, &companies).await?;
    let numbers: Vec<u64> = companies.iter().map(|(company, _)| company.number()).collect();
    let mut rows = HashMap::with_capacity(numbers.len());
    for numbers in numbers.chunks(ROWS) {
        let end = dialect::for_update(tx.engine());
        let held = select(&mut *tx, numbers, end).await?;
        rows.extend(held.into_iter().map(|row| (row.number, row)));
    }
    Ok(rows)
}

async fn insert_missing(tx: &mut TenantTx, companies: &[(CompanyRef, Timestamp)]) -> StoreResult<()> {
    let environment = tx.environment();
    for companies in companies.chunks(ROWS) {
        let text = format!(
            "INSERT INTO companies (environment_id, number, id, attributes, attribute_times, outcomes, first_seen_at, \
             last_seen_at) VALUES {} ON CONFLICT DO NOTHING",
            dialect::rows(1, companies.len(), 8)
        );
        let values = companies.iter().flat_map(|(company, at)| {
            [
                environment.into(),
                int(company.number()),
                company.subject.id.into(),
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
pub(crate) async fn update(tx: &mut TenantTx, companies: impl Iterator<Item = &CompanyRow>) -> StoreResult<()> {
    let environment = tx.environment();
    for company in companies {
        sql("UPDATE companies SET attributes = $3, attribute_times = $4, outcomes = $5, last_seen_at = $6 \
             WHERE environment_id = $1 AND number = $2")
        .bind(environment)
        .bind(int(company.number))
        .bind(json(&company.attributes.values))
        .bind(json(&company.attributes.times))
        .bind(json(&company.attributes.outcomes))
        .bind(company.last_seen_at)
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}
