//! What somebody did in Harbour, and when: at the days and hours at which people work, and what follows from what.

use std::collections::BTreeMap;
use std::time::Duration;

use base::Timestamp;
use serde_json::{Map, Value, json};

use super::draw::{Draw, whole};
use super::recipe::{EventRecipe, Generator, PlanRecipe, Recipe};

const DAY: Duration = Duration::from_hours(24);
const DAY_SECONDS: i64 = 86_400;

/// Something that somebody did.
#[derive(Debug, Clone)]
pub(super) struct Happening<'a> {
    pub(super) at: Timestamp,
    pub(super) event: &'a str,
    pub(super) page: &'a str,
    pub(super) properties: Map<String, Value>,
}

/// What somebody did while they were there, in order of time.
pub(super) fn of<'a>(
    recipe: &'a Recipe,
    draw: &Draw,
    plan: &PlanRecipe,
    since: Timestamp,
    until: Timestamp,
    now: Timestamp,
) -> Vec<Happening<'a>> {
    let from = since.max(now.minus(DAY * recipe.history_days));
    if until <= from {
        return Vec::new();
    }
    let weeks = until.since(from).as_secs_f64() / (7.0 * DAY.as_secs_f64());
    let mut by_name: BTreeMap<&str, Vec<Happening<'a>>> = BTreeMap::new();
    for (name, event) in recipe.events.iter().filter(|(_, event)| event.follows.is_none()) {
        let rate = plan.events_per_week.get(name).copied().unwrap_or(0.0) * plan.share;
        let times = (0..draw.times(rate * weeks)).filter_map(|_| working_time(recipe, draw, from, until));
        let happened = times.map(|at| happening(recipe, draw, plan, name, event, at)).collect();
        by_name.insert(name, happened);
    }
    while let Some((name, event, before)) = next_following(recipe, &by_name) {
        let rate = |name: &str| plan.events_per_week.get(name).copied().unwrap_or(0.0);
        let Some(follows) = &event.follows else { break };
        let share = (rate(name) / rate(&follows.event).max(f64::EPSILON)).min(1.0);
        let mut happened = Vec::new();
        for cause in before {
            let at = cause.at.plus(Duration::from_mins(draw.within(follows.minutes).into()));
            if draw.chance(share) && at <= until {
                happened.push(Happening { at, event: name, page: &event.page, properties: cause.properties.clone() });
            }
        }
        by_name.insert(name, happened);
    }
    let mut all: Vec<Happening<'a>> = by_name.into_values().flatten().collect();
    all.sort_by_key(|one| one.at);
    all
}

/// An event whose cause has been drawn and which has not.
fn next_following<'a>(
    recipe: &'a Recipe,
    drawn: &BTreeMap<&'a str, Vec<Happening<'a>>>,
) -> Option<(&'a str, &'a EventRecipe, Vec<Happening<'a>>)> {
    recipe.events.iter().filter(|(name, _)| !drawn.contains_key(name.as_str())).find_map(|(name, event)| {
        let before = drawn.get(event.follows.as_ref()?.event.as_str())?;
        Some((name.as_str(), event, before.clone()))
    })
}

fn happening<'a>(
    recipe: &Recipe,
    draw: &Draw,
    plan: &PlanRecipe,
    name: &'a str,
    event: &'a EventRecipe,
    at: Timestamp,
) -> Happening<'a> {
    let properties = event.properties.iter().filter_map(|(name, generator)| {
        let value = match recipe.properties.get(generator)? {
            Generator::LogNormal { median, sigma, min, max, decimals } => {
                let median = median.get(&plan.plan).copied().unwrap_or(1.0);
                let scale = 10_f64.powi(*decimals);
                json!((draw.log_normal(median, *sigma).clamp(*min, *max) * scale).round() / scale)
            }
            Generator::Choice { weights } => draw.named(weights).into(),
        };
        Some((name.clone(), value))
    });
    Happening { at, event: name, page: &event.page, properties: properties.collect() }
}

/// Some time in a span.
pub(super) fn between(draw: &Draw, from: Timestamp, until: Timestamp) -> Timestamp {
    from.plus(until.since(from).mul_f64(draw.unit()))
}

/// A time in a span at which people work; `None` if it has hardly any.
fn working_time(recipe: &Recipe, draw: &Draw, from: Timestamp, until: Timestamp) -> Option<Timestamp> {
    let most = recipe.weekday_weights.iter().copied().fold(0.0, f64::max);
    for _ in 0..30 {
        let day = between(draw, from, until).seconds().div_euclid(DAY_SECONDS);
        // The first day of 1970 was a Thursday; Monday comes first.
        let weekday = usize::try_from((day + 3).rem_euclid(7)).unwrap_or(0);
        if !draw.chance(recipe.weekday_weights[weekday] / most) {
            continue;
        }
        let hour = draw.place(recipe.hour_weights.iter().copied());
        let second = i64::from(whole(draw.unit() * 3_600.0));
        let at = Timestamp::from_seconds(day * DAY_SECONDS + i64::try_from(hour).unwrap_or(0) * 3_600 + second);
        if (from..=until).contains(&at) {
            return Some(at);
        }
    }
    None
}
