//! The same questions over plain vectors, slowly, from their description in `docs/analytics.md`. It shares the shapes of
//! questions and answers with the engine, and what a single filter means; nothing else.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use base::Timestamp;
use events::{
    Answer, Arrival, By, Cohort, Condition, Count, Event, Funnel, Group, Interval, Kind, Known, Match, Measure, Mode,
    Order, Query, Range, Retention, Selection, Series, Subject, Target, Trend,
};
use jiff::civil::Weekday;
use jiff::{ToSpan as _, Zoned};
use serde_json::{Value, json};
use targeting::{Did, Field, Scope};

/// An event that shows, and whose it is now.
#[derive(Clone)]
pub(crate) struct Seen<'e> {
    who: u64,
    at: (i64, Arrival),
    event: &'e Event,
}

pub(crate) struct Oracle<'e> {
    pub(crate) seen: Vec<Seen<'e>>,
    known: &'e Known,
}

impl<'e> Oracle<'e> {
    pub(crate) fn new(events: &'e [(Arrival, Event)], known: &'e Known) -> Self {
        let mut seen = Vec::new();
        for (arrival, event) in events {
            let who = known.aliases.person(event.person);
            if !known.erased.contains(Some(event.person)) && !known.erased.contains(Some(who)) {
                seen.push(Seen { who, at: (event.time.micros(), *arrival), event });
            }
        }
        seen.sort_by_key(|seen| seen.at);
        Self { seen, known }
    }

    pub(crate) fn answer(&self, query: &Query) -> Value {
        match query {
            Query::Trend(trend) => self.trend(trend),
            Query::Funnel(funnel) => self.funnel(funnel),
            Query::Retention(retention) => self.retention(retention),
        }
    }

    fn within(&self, range: Range) -> Vec<&Seen<'e>> {
        self.seen.iter().filter(|seen| range.from <= seen.at.0 && seen.at.0 < range.to).collect()
    }

    fn value(&self, seen: &Seen<'_>, field: &Field) -> Option<Value> {
        let of = |number: Option<u64>| self.known.values[field].get(&number?).map(|text| json!(**text));
        let value = match (field.scope(), field.name()) {
            (Scope::Person, _) => of(Some(seen.who)),
            (Scope::Company, _) => of(seen.event.company),
            (Scope::Page, _) => seen.event.path.clone().map(Value::from),
            (Scope::Device, "kind") => seen.event.device.map(|kind| json!(kind.as_str())),
            (Scope::Device, _) => seen.event.properties.get("$browser").cloned(),
            (_, name) => seen.event.properties.get(name).cloned(),
        };
        value.filter(|value| !value.is_null())
    }

    fn takes(&self, selection: &Selection, seen: &Seen<'_>, range: Range) -> bool {
        *selection.event == *seen.event.name
            && selection.conditions.iter().all(|condition| match condition {
                Condition::Filter(filter) => filter.holds(self.value(seen, filter.field()).as_ref(), self.known.now),
                Condition::Did(did) => self.did(did, seen.who, range),
            })
    }

    fn did(&self, did: &Did, who: u64, range: Range) -> bool {
        let end = Timestamp(self.known.now.micros().min(range.to - 1));
        let count = self.seen.iter().filter(|seen| {
            let passes =
                did.filters().iter().all(|filter| filter.holds(self.value(seen, filter.field()).as_ref(), end));
            seen.who == who && seen.event.name == did.event() && did.covers(seen.event.time, end) && passes
        });
        did.count().holds(count.count() as u64)
    }

    fn group(&self, seen: &Seen<'_>, field: &Field) -> Group {
        match self.value(seen, field) {
            None => Group::Missing,
            Some(Value::String(text)) => Group::Value(text),
            Some(Value::Number(number)) => {
                let whole = number.as_f64().unwrap().fract() == 0.0 && number.is_f64();
                #[allow(clippy::cast_possible_truncation, reason = "small")]
                let text = if whole { (number.as_f64().unwrap() as i64).to_string() } else { number.to_string() };
                Group::Value(text)
            }
            Some(other) => Group::Value(other.to_string()),
        }
    }

    // Trends

    fn trend(&self, trend: &Trend) -> Value {
        let mut groups = Vec::new();
        for series in &trend.series {
            groups.push(self.largest(series, trend));
        }
        let mut answer = json!({ "series": self.series(trend, trend.range, &groups) });
        if trend.compare {
            let before = self.before(trend.range, trend.interval);
            answer["before"] = self.series(trend, before, &groups);
        }
        answer
    }

    /// The values of a series that stand by themselves.
    fn largest(&self, series: &Series, trend: &Trend) -> Vec<Group> {
        let Some(breakdown) = &trend.breakdown else { return Vec::new() };
        let mut groups: BTreeMap<Group, Vec<&Seen<'_>>> = BTreeMap::new();
        for seen in self.measured(series, trend, trend.range) {
            groups.entry(self.group(seen, &breakdown.field)).or_default().push(seen);
        }
        let mut ranked: Vec<_> = groups.into_iter().map(|(group, seen)| (measure(series, &seen), group)).collect();
        ranked.sort_by(|(one, of_one), (other, of_other)| other.total_cmp(one).then_with(|| of_one.cmp(of_other)));
        ranked.truncate(breakdown.limit);
        ranked.into_iter().map(|(_, group)| group).collect()
    }

    /// The events that have what a series measures.
    ///
    /// A condition on what somebody did ends with the question's range, also in the period before.
    fn measured(&self, series: &Series, trend: &Trend, range: Range) -> Vec<&Seen<'e>> {
        let mut events = self.within(range);
        events.retain(|seen| self.takes(&series.events, seen, trend.range));
        events.retain(|seen| series.property.as_ref().is_none_or(|name| number(seen, name).is_some()));
        events.retain(|seen| series.measure != Measure::Companies || seen.event.company.is_some());
        events
    }

    fn series(&self, trend: &Trend, range: Range, groups: &[Vec<Group>]) -> Value {
        let intervals = self.intervals(range, trend.interval);
        let mut answers = Vec::new();
        for (index, series) in trend.series.iter().enumerate() {
            let measured = self.measured(series, trend, range);
            let mut answer = |breakdown: Option<Group>, events: Vec<&Seen<'_>>| {
                let point = |start: &i64| {
                    let here = |seen: &&&Seen<'_>| self.interval_of(seen.at.0, trend.interval) == *start;
                    let events: Vec<_> = events.iter().filter(here).copied().collect();
                    json!({ "time": Timestamp(*start), "value": plain(measure(series, &events)) })
                };
                answers.push(json!({
                    "label": &*series.events.event, "index": index, "breakdown": breakdown,
                    "points": intervals.iter().map(point).collect::<Vec<_>>(), "total": plain(measure(series, &events)),
                }));
            };
            let Some(breakdown) = &trend.breakdown else {
                answer(None, measured);
                continue;
            };
            for group in &groups[index] {
                let of_group = |seen: &&&Seen<'_>| self.group(seen, &breakdown.field) == *group;
                answer(Some(group.clone()), measured.iter().filter(of_group).copied().collect());
            }
            let rest = |seen: &&&Seen<'_>| !groups[index].contains(&self.group(seen, &breakdown.field));
            let others: Vec<_> = measured.iter().filter(rest).copied().collect();
            if !others.is_empty() {
                answer(Some(Group::Other), others);
            }
        }
        Value::from(answers)
    }

    // Intervals

    fn zoned(&self, micros: i64) -> Zoned {
        jiff::Timestamp::from_microsecond(micros).unwrap().to_zoned(self.known.zone.clone())
    }

    /// When the interval of a time begins.
    fn interval_of(&self, micros: i64, interval: Interval) -> i64 {
        let at = self.zoned(micros);
        let start = match interval {
            Interval::Hour => {
                let into = i64::from(at.minute()) * 60_000_000 + i64::from(at.second()) * 1_000_000;
                return micros - into - i64::from(at.subsec_nanosecond()) / 1_000;
            }
            Interval::Day => at.start_of_day(),
            Interval::Week => {
                let mut day = at;
                while day.weekday() != Weekday::Monday {
                    day = day.yesterday().unwrap();
                }
                day.start_of_day()
            }
            Interval::Month => at.first_of_month().unwrap().start_of_day(),
        };
        start.unwrap().timestamp().as_microsecond()
    }

    fn intervals(&self, range: Range, interval: Interval) -> Vec<i64> {
        let quarters = (range.from..range.to).step_by(900_000_000).chain([range.to - 1]);
        quarters.map(|at| self.interval_of(at, interval)).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn before(&self, range: Range, interval: Interval) -> Range {
        let count = i64::try_from(self.intervals(range, interval).len()).unwrap();
        let mut from = range.from - (range.to - range.from);
        if self.interval_of(range.from, interval) == range.from {
            let at = self.zoned(range.from);
            let moved = match interval {
                Interval::Hour => at.checked_sub(count.hours()),
                Interval::Day => at.checked_sub(count.days()),
                Interval::Week => at.checked_sub(count.weeks()),
                Interval::Month => at.checked_sub(count.months()),
            };
            from = moved.unwrap().timestamp().as_microsecond();
        }
        Range { from, to: range.from }
    }

    // Funnels

    /// Everybody's measured attempt: when each step was taken, and the value of the first.
    fn attempts(&self, funnel: &Funnel) -> BTreeMap<u64, (Vec<i64>, Group)> {
        let mut of_each: BTreeMap<u64, Vec<&Seen<'_>>> = BTreeMap::new();
        for seen in self.within(funnel.range) {
            let who = if funnel.by == By::Company { seen.event.company } else { Some(seen.who) };
            if let Some(who) = who {
                of_each.entry(who).or_default().push(seen);
            }
        }
        let mut measured = BTreeMap::new();
        for (who, events) in of_each {
            let mut best: Option<(Vec<i64>, Group)> = None;
            for start in 0..events.len() {
                let times = self.attempt(funnel, &events, start);
                if times.len() > best.as_ref().map_or(0, |(times, _)| times.len()) {
                    let group = funnel
                        .breakdown
                        .as_ref()
                        .map_or(Group::Missing, |asked| self.group(events[start], &asked.field));
                    best = Some((times, group));
                }
            }
            if let Some(best) = best {
                measured.insert(who, best);
            }
        }
        measured
    }

    /// When an attempt that opens with this event takes each step.
    fn attempt(&self, funnel: &Funnel, events: &[&Seen<'_>], start: usize) -> Vec<i64> {
        let step = |at: usize, step: usize| self.takes(&funnel.steps[step], events[at], funnel.range);
        let excluded = |at: usize| funnel.exclude.iter().any(|one| self.takes(one, events[at], funnel.range));
        let steps: Vec<usize> = (0..funnel.steps.len()).collect();
        let takes_any = |at: usize| steps.iter().any(|one| step(at, *one)) || excluded(at);
        let ends: usize = (start + 1..events.len())
            .find(|at| excluded(*at) || events[*at].at.0 > events[start].at.0 + funnel.window)
            .unwrap_or(events.len());
        let mut times = Vec::new();
        match funnel.order {
            Order::Ordered => {
                // Of each step all events that may take it.
                let mut earliest = start;
                for one in steps {
                    let from = if one == 0 { start..start + 1 } else { earliest + 1..ends };
                    let Some(at) = from.into_iter().find(|at| step(*at, one)) else { break };
                    earliest = at;
                    times.push(events[at].at.0);
                }
            }
            Order::Strict => {
                let did = |at: &usize| takes_any(*at) || happened(events[*at].event.kind);
                let mut next = (start..ends).filter(did);
                for one in 0..funnel.steps.len() {
                    match next.next() {
                        Some(at) if step(at, one) && (one > 0 || at == start) => times.push(events[at].at.0),
                        _ => break,
                    }
                }
            }
            Order::Any => {
                let mut left: Vec<usize> = steps;
                for (at, seen) in events.iter().enumerate().take(ends).skip(start) {
                    if let Some(place) = left.iter().position(|one| step(at, *one)) {
                        left.remove(place);
                        times.push(seen.at.0);
                    } else if at == start {
                        break;
                    }
                }
            }
        }
        times
    }

    fn funnel(&self, funnel: &Funnel) -> Value {
        let attempts: Vec<_> = self.attempts(funnel).into_values().collect();
        let all: Vec<_> = attempts.iter().map(|(times, _)| times.clone()).collect();
        let mut answer = json!({ "steps": steps(funnel, &all) });
        if funnel.breakdown.is_some() && !attempts.is_empty() {
            let groups = |top: &[Group]| -> Vec<Value> {
                let of = |group: &Group| {
                    let is_of =
                        |other: &Group| if *group == Group::Other { !top.contains(other) } else { group == other };
                    let times: Vec<_> =
                        attempts.iter().filter(|(_, other)| is_of(other)).map(|(times, _)| times.clone()).collect();
                    (!times.is_empty()).then(|| json!({ "value": group, "steps": steps(funnel, &times) }))
                };
                top.iter().chain([&Group::Other]).filter_map(of).collect()
            };
            answer["breakdown"] = Value::from(groups(&self.top(funnel)));
        }
        answer
    }

    fn top(&self, funnel: &Funnel) -> Vec<Group> {
        let mut counts: BTreeMap<Group, u64> = BTreeMap::new();
        self.attempts(funnel).into_values().for_each(|(_, group)| *counts.entry(group).or_default() += 1);
        let mut ranked: Vec<_> = counts.into_iter().map(|(group, count)| (Reverse(count), group)).collect();
        ranked.sort();
        let limit = funnel.breakdown.as_ref().map_or(0, |breakdown| breakdown.limit);
        ranked.into_iter().take(limit).map(|(_, group)| group).collect()
    }

    // Retention

    /// Of each cohort who belongs to it, with the periods in which they came back.
    fn cohorts(&self, retention: &Retention) -> BTreeMap<i64, BTreeMap<u64, Vec<bool>>> {
        let intervals = self.intervals(retention.range, retention.interval);
        let place = |seen: &Seen<'_>| {
            let start = self.interval_of(seen.at.0, retention.interval);
            intervals.iter().position(|one| *one == start).unwrap()
        };
        let events = self.within(retention.range);
        let mut cohorts: BTreeMap<i64, BTreeMap<u64, Vec<bool>>> = BTreeMap::new();
        let mut started = BTreeSet::new();
        for seen in events.iter().filter(|seen| self.takes(&retention.start, seen, retention.range)) {
            if retention.mode == Mode::FirstTime && !started.insert(seen.who) {
                continue;
            }
            let cohort = place(seen);
            let back: Vec<usize> = events
                .iter()
                .filter(|other| other.who == seen.who && self.takes(&retention.back, other, retention.range))
                .map(|other| place(other))
                .collect();
            let came = |period| match retention.matching {
                Match::Exactly => back.contains(&(cohort + period)),
                Match::OnOrAfter => back.iter().any(|at| *at >= cohort + period),
            };
            let periods = (0..retention.periods).map(came).collect();
            cohorts.entry(intervals[cohort]).or_default().insert(seen.who, periods);
        }
        cohorts
    }

    fn retention(&self, retention: &Retention) -> Value {
        let cohort = |(time, who): (i64, BTreeMap<u64, Vec<bool>>)| Cohort {
            time: Timestamp(time),
            count: who.len() as u64,
            returned: (0..retention.periods)
                .map(|period| who.values().filter(|back| back[period]).count() as u64)
                .collect(),
        };
        json!({ "cohorts": self.cohorts(retention).into_iter().map(cohort).collect::<Vec<_>>() })
    }

    /// By UTC day and name; of everybody who is not erased, whoever they were merged into.
    pub(crate) fn counts(events: &[(Arrival, Event)], range: &std::ops::Range<Timestamp>) -> Vec<Count> {
        const DAY: i64 = 86_400_000_000;
        let mut counts: BTreeMap<(i64, &str), u64> = BTreeMap::new();
        for (_, event) in events.iter().filter(|(_, event)| range.contains(&event.time)) {
            *counts.entry((event.time.micros().div_euclid(DAY) * DAY, &event.name)).or_default() += 1;
        }
        counts
            .into_iter()
            .map(|((day, name), count)| Count { day: Timestamp(day), event: name.into(), count })
            .collect()
    }

    /// All of a timeline of events A and C, newest first. A person is given by their number of today.
    pub(crate) fn timeline(&self, of: &Subject) -> Vec<(Arrival, Event)> {
        let is_of = |seen: &&Seen<'_>| match of {
            Subject::Person(numbers) => numbers.contains(&seen.who),
            Subject::Company(company) => seen.event.company == Some(*company),
        };
        let named = |seen: &&Seen<'_>| ["A", "C"].contains(&seen.event.name.as_str());
        let shown = self.seen.iter().rev().filter(is_of).filter(named).map(|seen| {
            let mut event = seen.event.clone();
            event.properties.retain(|_, value| !value.is_null());
            for value in event.properties.values_mut() {
                let whole = value.as_f64().filter(|number| value.is_f64() && number.fract() == 0.0);
                #[allow(clippy::cast_possible_truncation, reason = "small")]
                if let Some(number) = whole {
                    *value = json!(number as i64);
                }
            }
            if self.known.personal_erased.contains(Some(seen.event.person)) {
                event.sealed.clear();
            }
            (seen.at.1, event)
        });
        shown.collect()
    }

    // Who are these?

    pub(crate) fn people(&self, query: &Query, target: &Target) -> BTreeSet<u64> {
        match (query, target) {
            (Query::Trend(trend), Target::Trend { series, point, breakdown }) => {
                let asked = &trend.series[*series];
                let top = self.largest(asked, trend);
                let intervals = self.intervals(trend.range, trend.interval);
                let mut events = self.measured(asked, trend, trend.range);
                events.retain(|seen| {
                    point.is_none_or(|point| intervals[point] == self.interval_of(seen.at.0, trend.interval))
                });
                events.retain(|seen| match (breakdown, &trend.breakdown) {
                    (Some(Group::Other), Some(asked)) => !top.contains(&self.group(seen, &asked.field)),
                    (Some(group), Some(asked)) => *group == self.group(seen, &asked.field),
                    _ => true,
                });
                events.into_iter().map(|seen| seen.who).collect()
            }
            (Query::Funnel(funnel), Target::Funnel { step, dropped, breakdown }) => {
                let top = self.top(funnel);
                let is_of = |other: &Group| match breakdown {
                    None => true,
                    Some(Group::Other) => !top.contains(other),
                    Some(group) => group == other,
                };
                let attempts = self.attempts(funnel).into_iter().filter(|(_, (times, group))| {
                    let got_there = if *dropped { times.len() == step + 1 } else { times.len() > *step };
                    got_there && is_of(group)
                });
                attempts.map(|(who, _)| who).collect()
            }
            (Query::Retention(retention), Target::Retention { cohort, period }) => {
                let cohorts = self.cohorts(retention);
                let who = cohorts.get(&cohort.micros()).into_iter().flatten();
                who.filter(|(_, back)| period.is_none_or(|period| back[period])).map(|(who, _)| *who).collect()
            }
            _ => BTreeSet::new(),
        }
    }
}

fn happened(kind: Kind) -> bool {
    !matches!(kind, Kind::Identify | Kind::Group | Kind::Alias)
}

fn number(seen: &Seen<'_>, name: &str) -> Option<f64> {
    seen.event.properties.get(name).and_then(Value::as_f64)
}

#[allow(clippy::cast_precision_loss, reason = "small")]
fn measure(series: &Series, events: &[&Seen<'_>]) -> f64 {
    let people = events.iter().map(|seen| seen.who).collect::<BTreeSet<_>>().len();
    let companies = events.iter().filter_map(|seen| seen.event.company).collect::<BTreeSet<_>>().len();
    let mut numbers: Vec<f64> =
        series.property.iter().flat_map(|name| events.iter().filter_map(|seen| number(seen, name))).collect();
    numbers.sort_by(f64::total_cmp);
    let sum: f64 = numbers.iter().sum();
    let of_100 = |percent: usize| numbers[(numbers.len() * percent).div_ceil(100) - 1];
    match series.measure {
        Measure::Total => events.len() as f64,
        Measure::People => people as f64,
        Measure::Companies => companies as f64,
        _ if events.is_empty() => 0.0,
        Measure::PerPerson => events.len() as f64 / people as f64,
        Measure::Sum => sum,
        Measure::Average => sum / numbers.len() as f64,
        Measure::Min => numbers[0],
        Measure::Max => numbers[numbers.len() - 1],
        Measure::Median => middle(&numbers),
        Measure::P90 => of_100(90),
        Measure::P99 => of_100(99),
    }
}

fn middle(sorted: &[f64]) -> f64 {
    f64::midpoint(sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2])
}

#[allow(clippy::cast_precision_loss, reason = "small")]
fn steps(funnel: &Funnel, attempts: &[Vec<i64>]) -> Vec<Value> {
    let step = |step: usize| {
        let there: Vec<_> = attempts.iter().filter(|times| times.len() > step).collect();
        let mut answer = json!({ "count": there.len() });
        if step > 0 && !there.is_empty() {
            for (key, from) in [("median_seconds", step - 1), ("median_seconds_from_start", 0)] {
                let mut seconds: Vec<f64> =
                    there.iter().map(|times| (times[step] - times[from]) as f64 / 1e6).collect();
                seconds.sort_by(f64::total_cmp);
                answer[key] = plain(middle(&seconds));
            }
        }
        answer
    };
    (0..funnel.steps.len()).map(step).collect()
}

/// A number as answers have it.
#[allow(clippy::cast_possible_truncation, reason = "small")]
fn plain(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0 { json!(value as i64) } else { json!(value) }
}

/// An answer as the oracle has it: the bars of a funnel are looked at by themselves.
pub(crate) fn comparable(answer: &Answer) -> Value {
    let mut value = serde_json::to_value(answer).unwrap();
    if let Some(object) = value.as_object_mut() {
        object.remove("distribution");
    }
    value
}
