//! Random events and what the product knows about their people, by seed.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use base::Timestamp;
use events::{Aliases, Arrival, DeviceKind, Event, Kind, Known, LogId, NumberSet, Query};
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};
use targeting::{Field, Place};

/// A small generator of its own: the same seed makes the same run anywhere.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()].clone()
    }
}

/// Clocks go back in Berlin on 25 October and in New York on 1 November.
pub(crate) const FROM: &str = "2026-10-20T00:00:00Z";
const HOUR: i64 = 3_600_000_000;

pub(crate) fn start() -> i64 {
    FROM.parse::<Timestamp>().unwrap().micros()
}

/// People: close together, and two far away.
pub(crate) fn people() -> Vec<u64> {
    (1..=14).chain([1 << 40, u64::MAX - 9]).collect()
}

pub(crate) fn event(dice: &mut Dice) -> Event {
    // A third of them on 25 October: many at the same microsecond, some just beside it.
    let quarters = if dice.one_in(3) { 5 * 96 + dice.below(96) } else { dice.below(15 * 96) };
    let time = start() + i64::try_from(quarters).unwrap() * (HOUR / 4);
    let time = time + if dice.one_in(4) { i64::try_from(dice.below(3)).unwrap() - 1 } else { 0 };
    let mut message = [0; 16];
    message[..8].copy_from_slice(&dice.next().to_le_bytes());
    Event {
        person: dice.pick(&people()),
        company: if dice.one_in(3) { None } else { Some(dice.below(5) + 1) },
        time: Timestamp(time),
        received: Timestamp(start() + 20 * 24 * HOUR),
        message,
        kind: dice.pick(&[Kind::Track, Kind::Track, Kind::Track, Kind::Page, Kind::Identify]),
        name: dice.pick(&["A", "A", "B", "B", "C", "D"]).to_owned(),
        session: (!dice.one_in(3)).then(|| dice.below(9)),
        path: (!dice.one_in(3)).then(|| dice.pick(&["/", "/pricing", "/docs/a"]).to_owned()),
        device: (!dice.one_in(4)).then(|| dice.pick(&[DeviceKind::Desktop, DeviceKind::Mobile, DeviceKind::Tablet])),
        content: dice.one_in(9).then(|| "flow_1".to_owned()),
        step: dice.one_in(9).then(|| "step_2".to_owned()),
        properties: properties(dice),
        sealed: if dice.one_in(5) { BTreeMap::from([("email".to_owned(), vec![1, 2, 3])]) } else { BTreeMap::new() },
    }
}

fn properties(dice: &mut Dice) -> Map<String, Value> {
    let mut properties = Map::new();
    if !dice.one_in(4) {
        // Quarters, so that a plain sum is exact as well.
        #[allow(clippy::cast_precision_loss, reason = "small")]
        let quarters = dice.below(4_000) as f64 / 4.0 - 300.0;
        properties.insert("amount".to_owned(), if dice.one_in(3) { json!(dice.below(50)) } else { json!(quarters) });
    }
    if !dice.one_in(4) {
        properties.insert("plan".to_owned(), json!(dice.pick(&["free", "pro", "team", "Ünï"])));
    }
    if dice.one_in(2) {
        let values = [
            json!(true),
            json!(7),
            json!(7.0),
            json!("7"),
            json!(null),
            json!(["x", 7]),
            json!(9_007_199_254_740_993_u64),
        ];
        properties.insert("mixed".to_owned(), dice.pick(&values));
    }
    if dice.one_in(3) {
        properties.insert("$browser".to_owned(), json!(dice.pick(&["Firefox", "Safari"])));
    }
    properties
}

/// Events with arrivals in an order that has nothing to do with time.
pub(crate) fn events(dice: &mut Dice, count: u64) -> Vec<(Arrival, Event)> {
    let arrival =
        |at: u64| Arrival { log: LogId(at % 2), sequence: at / 6 + 1, index: u32::try_from(at % 6 / 2).unwrap() };
    (0..count).map(|at| (arrival(at), event(dice))).collect()
}

/// Zone, now, aliases, erased people and attributes.
pub(crate) fn known(dice: &mut Dice) -> Known {
    let zone = dice.pick(&["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"]);
    let mut known = Known::new(
        TimeZone::get(zone).unwrap(),
        Timestamp(start() + i64::try_from(dice.below(20)).unwrap() * 24 * HOUR),
    );
    if dice.one_in(2) {
        known.aliases = Arc::new(Aliases::of([(3, 11), (12, 11), (1 << 40, 2), (5, 77)].into()));
    }
    if dice.one_in(3) {
        known.erased = NumberSet::of([4, 12]);
    }
    if dice.one_in(3) {
        known.personal_erased = NumberSet::of([6]);
    }
    let field = |text| Field::parse(text, Place::Query).unwrap();
    let plans = |dice: &mut Dice| {
        people()
            .into_iter()
            .filter_map(|who| {
                let plan: Arc<str> = dice.pick(&["small", "large"]).into();
                (!dice.one_in(4)).then_some((who, plan))
            })
            .collect::<HashMap<_, _>>()
    };
    known.values.insert(field("person.plan"), plans(dice));
    known.values.insert(field("company.size"), plans(dice));
    known
}

/// What the product would find out for a question: whom each filter on an attribute holds of.
pub(crate) fn resolve(query: &Query, known: &mut Known) {
    for filter in query.needs().filters {
        let values = &known.values[filter.field()];
        let holds = |number: &u64| filter.holds(values.get(number).map(|text| json!(**text)).as_ref(), known.now);
        let numbers: Vec<u64> = values.keys().copied().collect();
        let set = if filter.holds(None, known.now) {
            NumberSet::except(numbers.into_iter().filter(|number| !holds(number)))
        } else {
            NumberSet::of(numbers.into_iter().filter(holds))
        };
        known.sets.insert(filter.predicate(), set);
    }
}
