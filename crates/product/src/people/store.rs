//! SQL of people, and of the sealed attributes of people and companies.

use std::collections::{BTreeMap, BTreeSet};

use base::Timestamp;
use base::id::EnvironmentId;
use serde::de::DeserializeOwned;
use store::dialect::{self, placeholders};
use store::keyring::SubjectKind;
use store::{Engine, Executor, Row, Scope, StoreError, StoreResult, Tx, Value, sql};

use super::presence::Span;
use super::record::{AttributeSet, PersonRow};
use super::{PersonRef, Standing, SubjectRef};
use crate::App;

/// How many rows one statement writes: the databases bound the number of parameters.
pub(crate) const ROWS: usize = 500;

const COLUMNS: &str = "p.number, p.id, p.identified, p.company_number, p.company_at, p.attributes, p.attribute_times, p.outcomes, \
     p.seen, p.counters, p.first_seen_at, p.last_seen_at";
const COMPANY_COLUMNS: &str =
    "c.attributes AS company_attributes, c.attribute_times AS company_attribute_times, c.outcomes AS company_outcomes";

/// A sealed attribute.
#[derive(Debug, Clone)]
pub(crate) struct SealedAttribute {
    pub(crate) number: u64,
    pub(crate) name: String,
    pub(crate) version: u64,
    pub(crate) sealed: Vec<u8>,
}

/// A number as the databases hold it.
pub(crate) fn int(number: u64) -> Value {
    Value::Int(Some(i64::try_from(number).unwrap_or(i64::MAX)))
}

/// A JSON column.
pub(crate) fn json(value: &impl serde::Serialize) -> Value {
    // Maps with text keys always serialise.
    Value::from(serde_json::to_string(value).unwrap_or_default())
}

pub(crate) fn read_json<T: DeserializeOwned>(row: &Row, column: &str) -> StoreResult<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|_| StoreError::Decode { column: column.to_owned() })
}

/// The three columns of attributes.
pub(crate) fn read_attributes(row: &Row, prefix: &str) -> StoreResult<AttributeSet> {
    Ok(AttributeSet {
        values: read_json(row, &format!("{prefix}attributes"))?,
        times: read_json(row, &format!("{prefix}attribute_times"))?,
        outcomes: read_json(row, &format!("{prefix}outcomes"))?,
    })
}

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

/// What a decision needs to know about a person, in one query.
pub(crate) async fn row(app: &App, person: &PersonRef) -> StoreResult<PersonRow> {
    let text = format!(
        "SELECT {COLUMNS}, {COMPANY_COLUMNS} FROM people p \
         LEFT JOIN companies c ON c.environment_id = p.environment_id AND c.number = p.company_number \
         WHERE p.environment_id = $1 AND p.number = COALESCE(\
         (SELECT merged_into FROM people WHERE environment_id = $1 AND number = $2), $2)"
    );
    let reader = app.main.read(Scope::Environment(person.environment));
    let row = sql(text).bind(person.environment).bind(int(person.number())).fetch_optional(reader).await?;
    let Some(row) = row else { return Ok(empty(person, app.clock.now())) };
    let mut person = read(&row)?;
    if row.get::<Option<String>>("company_attributes")?.is_some() {
        person.company_attributes = read_attributes(&row, "company_")?;
    }
    Ok(person)
}

/// A person of whom nothing is known.
pub(super) fn empty(person: &PersonRef, at: Timestamp) -> PersonRow {
    PersonRow {
        number: person.number(),
        id: person.subject.id,
        identified: person.subject.identified,
        first_seen_at: at,
        last_seen_at: at,
        ..PersonRow::default()
    }
}

/// The rows of these people; of none that was merged.
pub(crate) async fn rows_of(
    on: impl Executor,
    environment: EnvironmentId,
    numbers: &[u64],
) -> StoreResult<Vec<PersonRow>> {
    select(on, environment, numbers, "").await
}

/// As [`rows_of`], held until the transaction ends; merged ones too.
pub(crate) async fn hold(
    tx: &mut Tx,
    engine: Engine,
    environment: EnvironmentId,
    numbers: &[u64],
) -> StoreResult<Vec<PersonRow>> {
    select(tx, environment, numbers, dialect::for_update(engine)).await
}

/// The rows that stand for these people now, held until the transaction ends, and which stands for whom: somebody may
/// have been merged since a request found out who they are. All are held in the order of their numbers.
pub(crate) async fn hold_whole(
    tx: &mut Tx,
    engine: Engine,
    environment: EnvironmentId,
    numbers: &[u64],
) -> StoreResult<(Vec<PersonRow>, BTreeMap<u64, u64>)> {
    let before = roots(&mut *tx, environment, numbers).await?;
    let wanted: BTreeSet<u64> = before.into_iter().flat_map(|(number, root)| [number, root]).collect();
    let wanted: Vec<u64> = wanted.into_iter().collect();
    let mut rows = hold(&mut *tx, engine, environment, &wanted).await?;
    let roots = roots(&mut *tx, environment, numbers).await?;
    let wholes: BTreeSet<u64> = roots.values().copied().collect();
    rows.retain(|row| wholes.contains(&row.number));
    let missing: Vec<u64> = wholes.into_iter().filter(|root| wanted.binary_search(root).is_err()).collect();
    // Merged between the two looks: seldom, and out of order.
    rows.extend(hold(tx, engine, environment, &missing).await?);
    Ok((rows, roots))
}

/// Into whom each of these people was merged, or themselves.
pub(crate) async fn roots(
    on: impl Executor,
    environment: EnvironmentId,
    numbers: &[u64],
) -> StoreResult<BTreeMap<u64, u64>> {
    let text = format!(
        "SELECT number, COALESCE(merged_into, number) AS root FROM people WHERE environment_id = $1 AND number IN ({})",
        placeholders(2, numbers.len())
    );
    sql(text)
        .bind(environment)
        .bind_all(numbers.iter().map(|number| int(*number)))
        .fetch_all(on)
        .await?
        .iter()
        .map(|row| Ok((row.get("number")?, row.get("root")?)))
        .collect()
}

async fn select(
    on: impl Executor,
    environment: EnvironmentId,
    numbers: &[u64],
    end: &str,
) -> StoreResult<Vec<PersonRow>> {
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "SELECT {COLUMNS} FROM people p WHERE p.environment_id = $1 AND p.number IN ({}) ORDER BY p.number{end}",
        placeholders(2, numbers.len())
    );
    let query = sql(text).bind(environment).bind_all(numbers.iter().map(|number| int(*number)));
    query.fetch_all(on).await?.iter().map(read).collect()
}

/// A page of people who were not merged, seen last first; before a place, if one is given.
pub(super) async fn page(
    on: impl Executor,
    environment: EnvironmentId,
    before: Option<(Timestamp, u64)>,
    limit: usize,
) -> StoreResult<Vec<PersonRow>> {
    let (seen, number) = before.unwrap_or((Timestamp(i64::MAX), i64::MAX.unsigned_abs()));
    let text = format!(
        "SELECT {COLUMNS} FROM people p WHERE p.environment_id = $1 AND p.merged_into IS NULL \
         AND (p.last_seen_at < $2 OR (p.last_seen_at = $2 AND p.number < $3)) \
         ORDER BY p.last_seen_at DESC, p.number DESC LIMIT $4"
    );
    let query = sql(text).bind(environment).bind(seen).bind(int(number)).bind(int(limit as u64));
    query.fetch_all(on).await?.iter().map(read).collect()
}

/// The numbers of people who act for a company, seen last first.
pub(crate) async fn of_company(
    on: impl Executor,
    environment: EnvironmentId,
    company: u64,
    limit: u64,
) -> StoreResult<Vec<u64>> {
    let rows = sql("SELECT number FROM people WHERE environment_id = $1 AND company_number = $2 \
                    ORDER BY last_seen_at DESC, number DESC LIMIT $3")
    .bind(environment)
    .bind(int(company))
    .bind(int(limit))
    .fetch_all(on)
    .await?;
    rows.iter().map(|row| row.get("number")).collect()
}

/// How these people stand; those without a row are left out.
pub(super) async fn standings(
    on: impl Executor,
    environment: EnvironmentId,
    numbers: &[u64],
) -> StoreResult<Vec<(u64, Standing)>> {
    let text = format!(
        "SELECT number, company_number, company_at FROM people WHERE environment_id = $1 AND number IN ({})",
        placeholders(2, numbers.len())
    );
    let query = sql(text).bind(environment).bind_all(numbers.iter().map(|number| int(*number)));
    let rows = query.fetch_all(on).await?;
    rows.iter()
        .map(|row| {
            let standing = Standing { company: row.get("company_number")?, company_at: row.get("company_at")? };
            Ok((row.get("number")?, standing))
        })
        .collect()
}

/// Which of these were merged without the main store having been told.
pub(super) async fn not_folded(
    on: impl Executor,
    environment: EnvironmentId,
    numbers: &[u64],
) -> StoreResult<Vec<u64>> {
    let text = format!(
        "SELECT number FROM people WHERE environment_id = $1 AND merged_into IS NULL AND number IN ({})",
        placeholders(2, numbers.len())
    );
    let query = sql(text).bind(environment).bind_all(numbers.iter().map(|number| int(*number)));
    query.fetch_all(on).await?.iter().map(|row| row.get("number")).collect()
}

/// Adds empty rows; one that is there stays as it is.
pub(super) async fn insert_missing(tx: &mut Tx, people: &[(PersonRef, Timestamp)]) -> StoreResult<()> {
    for people in people.chunks(ROWS) {
        let text = format!(
            "INSERT INTO people (environment_id, number, id, identified, attributes, attribute_times, outcomes, seen, \
             counters, first_seen_at, last_seen_at) VALUES {} ON CONFLICT DO NOTHING",
            dialect::rows(1, people.len(), 11)
        );
        let values = people.iter().flat_map(|(person, at)| {
            [
                person.environment.into(),
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
pub(crate) async fn update(tx: &mut Tx, environment: EnvironmentId, people: &[PersonRow]) -> StoreResult<()> {
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

/// Notes that somebody was merged.
pub(super) async fn set_merged(tx: &mut Tx, into: &SubjectRef, number: u64) -> StoreResult<()> {
    sql("UPDATE people SET merged_into = $3 WHERE environment_id = $1 AND number = $2")
        .bind(into.environment)
        .bind(int(number))
        .bind(int(into.number()))
        .execute(tx)
        .await?;
    Ok(())
}

/// Writes when people were seen; they come in the order of their numbers, and are held in it.
pub(super) async fn set_seen(
    tx: &mut Tx,
    engine: Engine,
    environment: EnvironmentId,
    seen: &[(u64, Span)],
) -> StoreResult<()> {
    for seen in seen.chunks(ROWS) {
        let text = format!(
            "SELECT number FROM people WHERE environment_id = $1 AND number IN ({}) ORDER BY number{}",
            placeholders(2, seen.len()),
            dialect::for_update(engine)
        );
        sql(text).bind(environment).bind_all(seen.iter().map(|(number, _)| int(*number))).fetch_all(&mut *tx).await?;
        // Both databases call the columns of a list of values column1, column2, …
        let text = format!(
            "UPDATE people SET \
             first_seen_at = CASE WHEN v.column2 < first_seen_at THEN v.column2 ELSE first_seen_at END, \
             last_seen_at = CASE WHEN v.column3 > last_seen_at THEN v.column3 ELSE last_seen_at END \
             FROM (VALUES {}) AS v WHERE environment_id = $1 AND number = v.column1",
            dialect::rows(2, seen.len(), 3)
        );
        let values = seen.iter().flat_map(|(number, (first, last))| [int(*number), (*first).into(), (*last).into()]);
        sql(text).bind(environment).bind_all::<Value>(values).execute(&mut *tx).await?;
    }
    Ok(())
}

/// Which of these messages have not written their attributes; they have from now on. They are written in their order, so
/// that two who claim the same at once wait for each other and not crosswise.
pub(super) async fn claim_messages(
    tx: &mut Tx,
    environment: EnvironmentId,
    messages: &[[u8; 16]],
    now: Timestamp,
) -> StoreResult<Vec<[u8; 16]>> {
    let mut new = Vec::with_capacity(messages.len());
    let mut messages = messages.to_vec();
    messages.sort_unstable();
    for messages in messages.chunks(ROWS) {
        let text = format!(
            "INSERT INTO applied_messages (environment_id, message, received_at) VALUES {} \
             ON CONFLICT DO NOTHING RETURNING message",
            dialect::rows(1, messages.len(), 3)
        );
        let values = messages.iter().flat_map(|message| [environment.into(), (*message).into(), now.into()]);
        let rows = sql(text).bind_all::<Value>(values).fetch_all(&mut *tx).await?;
        for row in rows {
            new.push(row.get("message")?);
        }
    }
    Ok(new)
}

/// Forgets messages that the log would no longer recognise either.
pub(super) async fn forget_messages(tx: &mut Tx, before: Timestamp) -> StoreResult<u64> {
    sql("DELETE FROM applied_messages WHERE received_at < $1").bind(before).execute(tx).await
}

/// Writes sealed attributes.
pub(super) async fn put_sealed(
    tx: &mut Tx,
    environment: EnvironmentId,
    kind: SubjectKind,
    sealed: &[SealedAttribute],
) -> StoreResult<()> {
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
pub(super) async fn remove_sealed(
    tx: &mut Tx,
    environment: EnvironmentId,
    kind: SubjectKind,
    number: u64,
    name: &str,
) -> StoreResult<()> {
    sql("DELETE FROM sealed_attributes WHERE environment_id = $1 AND kind = $2 AND name = $4 AND (number = $3 \
         OR (kind = 'person' AND number IN (SELECT number FROM people WHERE environment_id = $1 AND merged_into = $3)))")
    .bind(environment)
    .bind(kind.name())
    .bind(int(number))
    .bind(name)
    .execute(tx)
    .await?;
    Ok(())
}

/// The sealed attributes of these subjects.
pub(crate) async fn sealed_of(
    on: impl Executor,
    environment: EnvironmentId,
    kind: SubjectKind,
    numbers: &[u64],
) -> StoreResult<Vec<SealedAttribute>> {
    let text = format!(
        "SELECT number, name, version, sealed FROM sealed_attributes \
         WHERE environment_id = $1 AND kind = $2 AND number IN ({})",
        placeholders(3, numbers.len())
    );
    let query = sql(text).bind(environment).bind(kind.name()).bind_all(numbers.iter().map(|number| int(*number)));
    let rows = query.fetch_all(on).await?;
    rows.iter()
        .map(|row| {
            Ok(SealedAttribute {
                number: row.get("number")?,
                name: row.get("name")?,
                version: row.get("version")?,
                sealed: row.get("sealed")?,
            })
        })
        .collect()
}
