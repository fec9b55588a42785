//! What a question asks that only the main store knows: of whom a condition on an attribute holds, which value of an attribute
//! somebody has, and who was merged into whom. Attributes are read anew for each question, a page of people at a time; who was
//! merged is kept from one question to the next, until there are more.
//!
//! Invariant: no personal value is looked at. Somebody whose value of an otherwise plain attribute is sealed, since it alone
//! looked personal, is neither among those of whom a condition holds nor has a value.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base::id::EnvironmentId;
use base::{Code, Problem, ProblemResult, Timestamp};
use events::{Known, Needs, NumberSet};
use serde_json::Value;
use store::{StoreResult, sql};
use targeting::{Did, Fact, Facts, Field, Filter, Outcome, PredicateHash, Scope};

use super::question::Question;
use crate::App;
use crate::authority::{InTenant, TenantReader};
use crate::people::{AttributeSet, int, read_attributes};
use crate::problem::store_failed;

/// How many rows are read at once.
const PAGE: u64 = 2_000;

/// Finds out what a question needs; gives up after a time.
pub(super) async fn resolve(
    app: &App,
    environment: EnvironmentId,
    question: &Question,
    time: Duration,
) -> ProblemResult<Known> {
    let reader = TenantReader::new(app, environment);
    let mut known = Known::new(question.zone.clone(), app.clock.now());
    known.aliases = app.questions.aliases(reader).await.map_err(store_failed)?;
    let needs = question.query.needs();
    let begun = Instant::now();
    for (scope, table) in [(Scope::Person, People), (Scope::Company, Companies)] {
        let mut wanted = Wanted::new(&needs, scope, known.now);
        if wanted.is_nothing() {
            continue;
        }
        let mut after = None;
        loop {
            let page = page(reader, table, after).await.map_err(store_failed)?;
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            if begun.elapsed() > time {
                return Err(Problem::new(Code::QueryTooLarge).detail("looking at everybody's attributes took too long"));
            }
            wanted.look(page);
        }
        wanted.put(&mut known);
    }
    Ok(known)
}

/// Whose attributes.
#[derive(Clone, Copy)]
enum Table {
    People,
    Companies,
}
use Table::{Companies, People};

/// What is gathered of the attributes of people, or of companies.
struct Wanted {
    now: Timestamp,
    filters: Vec<Gathered>,
    breakdown: Option<(Field, HashMap<u64, Arc<str>>)>,
}

/// Of whom a condition holds, or, if it holds of those without the attribute, of whom it does not.
struct Gathered {
    filter: Arc<Filter>,
    holds_of_nothing: bool,
    numbers: Vec<u64>,
}

impl Wanted {
    fn new(needs: &Needs, scope: Scope, now: Timestamp) -> Self {
        let nothing = AttributeSet::default();
        let filters = needs.filters.iter().filter(|filter| filter.field().scope() == scope).map(|filter| Gathered {
            filter: Arc::clone(filter),
            holds_of_nothing: holds(filter, &nothing, now),
            numbers: Vec::new(),
        });
        let breakdown = needs.breakdown.as_ref().filter(|field| field.scope() == scope);
        Self { now, filters: filters.collect(), breakdown: breakdown.map(|field| (field.clone(), HashMap::new())) }
    }

    fn is_nothing(&self) -> bool {
        self.filters.is_empty() && self.breakdown.is_none()
    }

    fn look(&mut self, rows: Vec<(u64, AttributeSet)>) {
        for (number, attributes) in rows {
            for gathered in &mut self.filters {
                if holds(&gathered.filter, &attributes, self.now) != gathered.holds_of_nothing {
                    gathered.numbers.push(number);
                }
            }
            if let Some((field, values)) = &mut self.breakdown
                && let Some(value) = attributes.values.get(field.name()).and_then(as_text)
            {
                values.insert(number, value);
            }
        }
    }

    fn put(self, known: &mut Known) {
        for Gathered { filter, holds_of_nothing, numbers } in self.filters {
            let set = if holds_of_nothing { NumberSet::except(numbers) } else { NumberSet::of(numbers) };
            known.sets.insert(filter.predicate(), set);
        }
        known.values.extend(self.breakdown);
    }
}

/// A value as the groups of an answer are named; `None` for null.
fn as_text(value: &Value) -> Option<Arc<str>> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(Arc::from(text.as_str())),
        other => Some(Arc::from(other.to_string())),
    }
}

fn holds(filter: &Filter, attributes: &AttributeSet, now: Timestamp) -> bool {
    filter.evaluate(&Attributes { attributes, now }) == Outcome::True
}

/// One person's or company's attributes, as a condition sees them.
struct Attributes<'a> {
    attributes: &'a AttributeSet,
    now: Timestamp,
}

impl Facts for Attributes<'_> {
    fn attribute(&self, field: &Field) -> Fact<'_> {
        if self.attributes.outcomes.contains_key(field.name()) {
            return Fact::Unknown;
        }
        self.attributes.values.get(field.name()).map_or(Fact::Missing, Fact::Value)
    }

    fn outcome(&self, _predicate: PredicateHash) -> Outcome {
        Outcome::Unknown
    }

    fn did(&self, _did: &Did) -> Option<u64> {
        None
    }

    fn now(&self) -> Timestamp {
        self.now
    }
}

/// How many were merged: whenever somebody is, it is one more.
pub(super) async fn merged(on: impl InTenant) -> StoreResult<usize> {
    sql("SELECT COUNT(*) AS merged FROM people WHERE environment_id = $1 AND merged_into IS NOT NULL")
        .bind(on.environment())
        .fetch_one(on)
        .await?
        .get::<u64>("merged")
        .map(|merged| usize::try_from(merged).unwrap_or(usize::MAX))
}

/// The number of everybody who was merged, and whose it is now.
pub(super) async fn aliases(on: impl InTenant) -> StoreResult<HashMap<u64, u64>> {
    sql("SELECT number, merged_into FROM people WHERE environment_id = $1 AND merged_into IS NOT NULL")
        .bind(on.environment())
        .fetch_all(on)
        .await?
        .iter()
        .map(|row| Ok((row.get("number")?, row.get("merged_into")?)))
        .collect()
}

/// Some people or companies with their attributes, by number.
async fn page(on: impl InTenant, table: Table, after: Option<u64>) -> StoreResult<Vec<(u64, AttributeSet)>> {
    let from = match table {
        People => "people WHERE environment_id = $1 AND number > $2 AND merged_into IS NULL",
        Companies => "companies WHERE environment_id = $1 AND number > $2",
    };
    let text = format!("SELECT number, attributes, attribute_times, outcomes FROM {from} ORDER BY number LIMIT {PAGE}");
    // Numbers begin at 0.
    let after = after.map_or(store::Value::Int(Some(-1)), int);
    let query = sql(text).bind(on.environment()).bind(after);
    query.fetch_all(on).await?.iter().map(|row| Ok((row.get("number")?, read_attributes(row, "")?))).collect()
}
