//! Questions as they come over the wire: the engine reads and checks them ([`events::Query`]); what is added here is a range that
//! is counted back from now ([`range`]), the environment's zone, and that nothing personal is asked about.
//!
//! What is kept of a saved question is what was sent, once it was found to be sound. Every refusal points at the field.

mod range;
pub(super) mod shape;

use base::id::EnvironmentId;
use base::{Code, FieldProblem, Problem, ProblemResult, Timestamp};
use events::{Condition, Query};
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use targeting::{Class, Field, Place};

use super::zone;
use crate::App;
use crate::authority::TenantReader;
use crate::delivery;

/// A question, ready to be asked.
pub(super) struct Question {
    pub(super) query: Query,
    pub(super) zone: TimeZone,
    /// The zone's name.
    pub(super) zone_name: String,
}

/// Reads and checks a question of an environment; pointers start with the given one.
///
/// # Errors
/// 422 with what is wrong where.
pub(super) async fn read(
    app: &App,
    environment: EnvironmentId,
    sent: &Value,
    pointer: &str,
) -> ProblemResult<Question> {
    let refused = |errors| Problem { errors, ..Problem::new(Code::InvalidValue) };
    let (zone_name, zone) = zone::of(TenantReader::new(app, environment)).await?;
    let resolved = resolved(sent, app.clock.now(), &zone, pointer).map_err(|problem| refused(vec![problem]))?;
    let query = Query::parse(&resolved, pointer).map_err(refused)?;
    let classes = delivery::classes(app, environment).await?;
    let problems = personal(&query, |field| classes.of(field), pointer);
    if problems.is_empty() { Ok(Question { query, zone, zone_name }) } else { Err(refused(problems)) }
}

/// The question with its range as two moments.
fn resolved(sent: &Value, now: Timestamp, zone: &TimeZone, pointer: &str) -> Result<Value, FieldProblem> {
    let mut resolved = sent.clone();
    let Some(last) = sent.get("range").and_then(|range| range.get("last")) else { return Ok(resolved) };
    let problem = |at: &str, detail: String| FieldProblem { pointer: format!("{pointer}/range{at}"), detail };
    if sent["range"].get("from").is_some() || sent["range"].get("to").is_some() {
        return Err(problem("", "give from and to, or last, and not both".to_owned()));
    }
    let moments = last.as_str().and_then(|last| range::last(last, now, zone));
    let [from, to] = moments.ok_or_else(|| problem("/last", range::expected()))?;
    if let Some(range) = resolved.get_mut("range") {
        *range = json!({"from": from, "to": to});
    }
    Ok(resolved)
}

/// What is asked about that is personal: it is sealed, so no question can look at it.
fn personal(query: &Query, class: impl Fn(&Field) -> Class, pointer: &str) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    let mut look = |field: &Field, at: String| {
        if class(field) == Class::Personal {
            let detail = format!("{field} is personal: it is sealed, so no question can be asked about it");
            problems.push(FieldProblem { pointer: at, detail });
        }
    };
    for (place, selection) in places(query).iter().zip(query.selections()) {
        for (index, condition) in selection.conditions.iter().enumerate() {
            let at = format!("{pointer}/{place}/filters/{index}");
            match condition {
                Condition::Filter(filter) => look(filter.field(), format!("{at}/field")),
                Condition::Did(did) => {
                    for (index, filter) in did.filters().iter().enumerate() {
                        look(filter.field(), format!("{at}/filters/{index}/field"));
                    }
                }
            }
        }
    }
    if let Some(breakdown) = query.breakdown() {
        look(&breakdown.field, format!("{pointer}/breakdown/field"));
    }
    if let Query::Trend(trend) = query {
        for (index, series) in trend.series.iter().enumerate() {
            let field = series.property.as_ref().map(|name| Field::parse(&format!("event.{name}"), Place::Query));
            if let Some(Ok(field)) = field {
                look(&field, format!("{pointer}/series/{index}/property"));
            }
        }
    }
    problems
}

/// Where in a question each of its selections stands, in the engine's order.
fn places(query: &Query) -> Vec<String> {
    let numbered = |name: &str, count: usize| (0..count).map(|index| format!("{name}/{index}")).collect::<Vec<_>>();
    match query {
        Query::Trend(trend) => numbered("series", trend.series.len()),
        Query::Funnel(funnel) => {
            [numbered("steps", funnel.steps.len()), numbered("exclude", funnel.exclude.len())].concat()
        }
        Query::Retention(_) => vec!["start".to_owned(), "return".to_owned()],
    }
}
