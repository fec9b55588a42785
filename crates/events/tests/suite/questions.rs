//! Random questions about random events have the oracle's answer, however the events lie in sources.

mod ask;
mod edges;
mod engine;
mod oracle;
mod refused;
mod sealing;
mod stream;

use std::ops::RangeInclusive;
use std::sync::Arc;

use base::Timestamp;
use events::{
    Answer, Arrival, Columns, Control, Event, Group, Known, Query, ReadError, Source, Split, TailRun, Target, Wanted,
};
use serde_json::Value;

use oracle::{Oracle, comparable};
use stream::Dice;

type Events = Vec<(Arrival, Event)>;

/// A run that may be cut at every person.
struct Fine(TailRun);

impl Source for Fine {
    fn rows(&self) -> u64 {
        self.0.rows()
    }

    fn time(&self) -> RangeInclusive<i64> {
        self.0.time()
    }

    fn splits(&self) -> Vec<Split> {
        let columns = self.0.read(&Wanted::all()).unwrap();
        columns.people().map(|(person, rows)| Split { person, rows: rows.len() as u64 }).collect()
    }

    fn may_hold(&self, name: &str) -> bool {
        self.0.may_hold(name)
    }

    fn read(&self, wanted: &Wanted) -> Result<Columns, ReadError> {
        self.0.read(wanted)
    }
}

/// How events lie in sources.
#[derive(Debug, Clone, Copy)]
enum Layout {
    One,
    /// As they arrived: each source has events of any time.
    Arrived,
    /// By time: no source overlaps another.
    Sliced,
}

const LAYOUTS: [Layout; 3] = [Layout::One, Layout::Arrived, Layout::Sliced];

fn sources(events: &Events, layout: Layout) -> Vec<Arc<dyn Source>> {
    let mut events = events.clone();
    let run = |events: Events| -> Arc<dyn Source> { Arc::new(Fine(TailRun::of(events))) };
    match layout {
        Layout::One => vec![run(events)],
        Layout::Arrived => events.chunks(17).map(|events| run(events.to_vec())).collect(),
        Layout::Sliced => {
            events.sort_by_key(|(arrival, event)| (event.time, *arrival));
            let slice = |event: &Event| event.time.micros() / (3 * 86_400_000_000);
            events
                .chunk_by(|(_, one), (_, other)| slice(one) == slice(other))
                .map(|events| run(events.to_vec()))
                .collect()
        }
    }
}

fn control(threads: usize) -> Control {
    Control::new().threads(threads).chunk(10)
}

fn ask(query: &Query, events: &Events, known: &Known, layout: Layout) -> Answer {
    query.run(&sources(events, layout), known, &control(3)).unwrap()
}

/// What differs, if anything does.
fn difference(query: &Query, events: &Events, known: &Known) -> Option<String> {
    let oracle = Oracle::new(events, known);
    let expected = oracle.answer(query);
    for layout in LAYOUTS {
        let answer = ask(query, events, known, layout);
        if comparable(&answer) != expected {
            return Some(format!("{layout:?}\nengine: {}\noracle: {expected}", comparable(&answer)));
        }
        if let Answer::Funnel(funnel) = &answer {
            let bars: u64 = funnel.distribution.iter().map(|bar| bar.count).sum();
            if Some(bars) != funnel.steps.last().map(|step| step.count) {
                return Some(format!("{layout:?}: the bars hold {bars}"));
            }
        }
        for target in targets(&answer) {
            let page = query.people(&target, (None, 1_000), &sources(events, layout), known, &control(2)).unwrap();
            let expected: Vec<u64> = oracle.people(query, &target).into_iter().collect();
            if page.numbers != expected {
                return Some(format!("{layout:?} {target:?}\nengine: {:?}\noracle: {expected:?}", page.numbers));
            }
        }
    }
    None
}

/// Some numbers of an answer.
fn targets(answer: &Answer) -> Vec<Target> {
    match answer {
        Answer::Trend(trend) => {
            let some = |series: &events::SeriesAnswer| {
                let point = series.points.iter().position(|point| point.value.abs() > 0.0);
                let target = |point| Target::Trend { series: series.index, point, breakdown: series.breakdown.clone() };
                [target(None), target(point)]
            };
            trend.series.iter().rev().take(3).flat_map(some).collect()
        }
        Answer::Funnel(funnel) => {
            let of = |group: Option<Group>| {
                let target = move |step, dropped| Target::Funnel { step, dropped, breakdown: group.clone() };
                [target(0, false), target(0, true), target(1, false), target(1, true)]
            };
            let groups = funnel.breakdown.iter().rev().take(2).map(|group| Some(group.value.clone()));
            groups.chain([None]).flat_map(of).collect()
        }
        Answer::Retention(retention) => {
            let of = |cohort: &events::Cohort| {
                [None, Some(0), Some(cohort.returned.len() - 1)]
                    .map(|period| Target::Retention { cohort: cohort.time, period })
            };
            retention.cohorts.iter().take(2).flat_map(of).collect()
        }
    }
}

/// Leaves out events as long as the answer stays wrong.
fn shrink(query: &Query, events: &Events, known: &Known) -> Events {
    let mut events = events.clone();
    let mut size = events.len() / 2;
    while size > 0 {
        let mut start = 0;
        while start < events.len() {
            let mut fewer = events.clone();
            fewer.drain(start..(start + size).min(fewer.len()));
            if difference(query, &fewer, known).is_some() {
                events = fewer;
            } else {
                start += size;
            }
        }
        size /= 2;
    }
    events
}

fn check(seed: u64) {
    let mut dice = Dice::new(seed);
    let count = dice.below(160);
    let (events, mut known) = (stream::events(&mut dice, count), stream::known(&mut dice));
    for _ in 0..4 {
        let question = ask::question(&mut dice);
        let query = Query::parse(&question, "").unwrap_or_else(|problems| panic!("{question}: {problems:?}"));
        stream::resolve(&query, &mut known);
        if difference(&query, &events, &known).is_some() {
            let few = shrink(&query, &events, &known);
            let told = difference(&query, &few, &known).unwrap();
            let left: Vec<_> = few.iter().map(|(arrival, event)| brief(*arrival, event)).collect();
            panic!(
                "seed {seed}: {question}\nzone {:?}, now {}, aliases {:?}\n{}\n{told}",
                known.zone.iana_name(),
                known.now,
                known.aliases,
                left.join("\n")
            );
        }
    }
}

fn brief(arrival: Arrival, event: &Event) -> String {
    let Event { person, company, time, kind, name, path, device, properties, .. } = event;
    let properties = Value::from(properties.clone());
    format!("{arrival:?} {person} {company:?} {time} {kind:?} {name} {path:?} {device:?} {properties}")
}

#[test]
fn random_questions_have_the_answer_of_the_oracle() {
    (0..250).for_each(check);
}

#[test]
fn pages_of_people_follow_each_other() {
    let mut dice = Dice::new(1);
    let events = stream::events(&mut dice, 200);
    let known = Known::new(jiff::tz::TimeZone::UTC, Timestamp(stream::start()));
    let question = serde_json::json!({
        "kind": "trend", "range": {"from": "2026-10-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"}, "interval": "month",
        "series": [{"event": "A", "measure": "people"}],
    });
    let query = Query::parse(&question, "").unwrap();
    let target = Target::Trend { series: 0, point: None, breakdown: None };
    let page =
        |after| query.people(&target, (after, 5), &sources(&events, Layout::Arrived), &known, &control(2)).unwrap();
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = page(after);
        assert_eq!(page.count, 16);
        all.extend(page.numbers);
        after = all.last().copied();
        if !page.more {
            break;
        }
    }
    assert_eq!(all, stream::people());
}
