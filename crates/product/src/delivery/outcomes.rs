//! The job that computes, for predicates that some rule has begun to mention, what they say of the personal values that
//! are there: each value is opened, asked, and forgotten. What is written from now on is asked at ingest, while it is in
//! the clear. An outcome is stored only while the value that it was computed from is the current one.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use ::store::keyring::SubjectKind;
use ::store::{StoreResult, dialect, sql};
use base::id::EnvironmentId;
use jobs::{JobError, Progress, Run};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::watched::Payload;
use crate::App;
use crate::authority::{TenantReader, TenantTx};
use crate::people::{self, Openers, SealedAttribute, int, personal_field, read_json};

/// Values in a transaction.
const VALUES: u32 = 100;

/// Where to go on: the attribute's place in the payload, and the last number of it.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct At {
    attribute: usize,
    number: u64,
}

pub(super) async fn run(app: Arc<App>, run: Run) -> Result<Value, JobError> {
    let environment = run.environment()?;
    let reader = TenantReader::new(&app, environment);
    let Payload { of } = run.payload()?;
    let mut at: At = run.checkpoint().unwrap_or_default();
    let mut done = run.job().progress.done;
    for (index, field) in of.iter().enumerate().skip(at.attribute) {
        let Some((kind, name)) = parse(field) else { continue };
        if at.attribute < index {
            at = At { attribute: index, number: 0 };
        }
        loop {
            let values = people::page_of_sealed(reader, kind, name, at.number, VALUES).await?;
            let Some(last) = values.last() else { break };
            at.number = last.number;
            done += values.len() as u64;
            let outcomes = ask(&app, environment, kind, name, &values).await?;
            let mut tx = TenantTx::begin(&app, environment).await?;
            write(&mut tx, kind, name, &outcomes).await?;
            run.save(tx.tx(), Progress { done, total: None }, &json!(at)).await?;
            tx.commit().await?;
        }
    }
    Ok(json!({"values": done}))
}

/// Whose attribute a field names.
fn parse(field: &str) -> Option<(SubjectKind, &str)> {
    let (scope, name) = field.split_once('.')?;
    let kinds = [SubjectKind::Person, SubjectKind::Company];
    kinds.into_iter().find(|kind| kind.name() == scope).map(|kind| (kind, name))
}

/// What live rules say of each value, with the value's version.
type Outcomes = HashMap<u64, (u64, BTreeMap<String, bool>)>;

async fn ask(
    app: &App,
    environment: EnvironmentId,
    kind: SubjectKind,
    name: &str,
    values: &[SealedAttribute],
) -> Result<Outcomes, JobError> {
    let numbers: Vec<u64> = values.iter().map(|value| value.number).collect();
    let openers = Openers::load(app, environment, kind, &numbers).await.map_err(|_| JobError::Retry("keys"))?;
    let (watch, now, field) = (app.watches.of(environment), app.clock.now(), personal_field(kind, name));
    let ask = |value: &SealedAttribute| {
        let open = openers.open_json(value.number, &field, value.version, &value.sealed)?;
        Some((value.number, (value.version, watch.outcomes(kind, name, &open, now))))
    };
    Ok(values.iter().filter_map(ask).collect())
}

async fn write(tx: &mut TenantTx, kind: SubjectKind, name: &str, outcomes: &Outcomes) -> StoreResult<()> {
    let numbers: Vec<u64> = outcomes.keys().copied().collect();
    let roots = match kind {
        SubjectKind::Person => people::roots(&mut *tx, &numbers).await?,
        SubjectKind::Company => numbers.iter().map(|number| (*number, *number)).collect(),
    };
    for (number, (version, outcomes)) in outcomes {
        let Some(root) = roots.get(number) else { continue };
        set(tx, (kind, *root), name, *version, outcomes).await?;
    }
    Ok(())
}

/// Sets the outcomes of an attribute, if its value is still of this version.
async fn set(
    tx: &mut TenantTx,
    (kind, number): (SubjectKind, u64),
    name: &str,
    version: u64,
    outcomes: &BTreeMap<String, bool>,
) -> StoreResult<()> {
    let environment = tx.environment();
    let table = match kind {
        SubjectKind::Person => "people",
        SubjectKind::Company => "companies",
    };
    let text = format!(
        "SELECT attribute_times, outcomes FROM {table} WHERE environment_id = $1 AND number = $2{}",
        dialect::for_update(tx.engine())
    );
    let Some(row) = sql(text).bind(environment).bind(int(number)).fetch_optional(&mut *tx).await? else {
        return Ok(());
    };
    let times: BTreeMap<String, i64> = read_json(&row, "attribute_times")?;
    let mut all: BTreeMap<String, BTreeMap<String, bool>> = read_json(&row, "outcomes")?;
    let current = times.get(name).is_some_and(|time| time.cast_unsigned() == version);
    let Some(known) = all.get_mut(name).filter(|_| current) else { return Ok(()) };
    known.extend(outcomes.clone());
    sql(format!("UPDATE {table} SET outcomes = $3 WHERE environment_id = $1 AND number = $2"))
        .bind(environment)
        .bind(int(number))
        .bind(crate::people::json(&all))
        .execute(tx)
        .await?;
    Ok(())
}
