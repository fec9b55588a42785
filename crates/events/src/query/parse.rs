//! From JSON to a valid question. All problems are told at once, each with a JSON pointer and with what is accepted.

use std::sync::Arc;

use base::{FieldProblem, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use targeting::{Field, Filter, Place, Rule, Span};

use super::model::{
    Breakdown, Condition, Funnel, Interval, Measure, Query, Range, Retention, Selection, Series, Trend,
};

const MAX_SERIES: usize = 10;
const MAX_STEPS: usize = 15;
const MAX_EXCLUDED: usize = 10;
const MAX_FILTERS: usize = 20;
const MAX_VALUES: usize = 100;
const MAX_PERIODS: usize = 400;
const MAX_RANGE_DAYS: i64 = 366 * 10;
const MAX_NAME: usize = 200;
const DAY: i64 = 86_400_000_000;
/// More points help nobody …
const MAX_POINTS: i64 = 5_000;
/// … and more numbers neither: of all series, values and points of an answer together.
const MAX_NUMBERS: usize = 200_000;

impl Query {
    /// Reads a question; pointers start with the given one (empty for none).
    pub fn parse(value: &Value, pointer: &str) -> Result<Self, Vec<FieldProblem>> {
        let mut reader = Reader::default();
        let query = reader.query(value, pointer);
        match query {
            Some(query) if reader.problems.is_empty() => Ok(query),
            _ => Err(reader.problems),
        }
    }
}

#[derive(Default)]
struct Reader {
    problems: Vec<FieldProblem>,
}

type Object = Map<String, Value>;

impl Reader {
    fn problem<T>(&mut self, pointer: &str, detail: impl Into<String>) -> Option<T> {
        self.problems.push(FieldProblem { pointer: pointer.to_owned(), detail: detail.into() });
        None
    }

    fn query(&mut self, value: &Value, at: &str) -> Option<Query> {
        let object = self.object(value, at)?;
        match object.get("kind").and_then(Value::as_str) {
            Some("trend") => self.trend(object, at).map(Query::Trend),
            Some("funnel") => self.funnel(object, at).map(Query::Funnel),
            Some("retention") => self.retention(object, at).map(Query::Retention),
            _ => self.problem(&format!("{at}/kind"), "expected a kind of question; accepted: trend, funnel, retention"),
        }
    }

    fn trend(&mut self, object: &Object, at: &str) -> Option<Trend> {
        self.only(object, &["kind", "range", "interval", "series", "breakdown", "compare"], at);
        let range = self.range(object, at);
        let interval = self.named(object, "interval", Some(Interval::Day), at);
        let series = self.list(object, "series", 1..=MAX_SERIES, at, Self::series);
        let breakdown = self.breakdown(object, at);
        let compare = match present(object, "compare") {
            None => Some(false),
            Some(Value::Bool(compare)) => Some(*compare),
            Some(_) => self.problem(&format!("{at}/compare"), "expected true or false"),
        };
        let (range, interval) = (range?, interval?);
        self.points(range, interval, at)?;
        let (series, breakdown, compare) = (series?, breakdown?, compare?);
        // The values that stand by themselves, the missing one and all others.
        let groups = breakdown.as_ref().map_or(1, |breakdown| breakdown.limit + 2);
        let numbers = series.len() * groups * most_points(range, interval) * if compare { 2 } else { 1 };
        let instead = "take a longer interval, a shorter range, fewer series or a lower limit of the breakdown";
        self.numbers(numbers, &format!("{at}/interval"), instead)?;
        Some(Trend { range, interval, series, breakdown, compare })
    }

    fn series(&mut self, value: &Value, at: &str) -> Option<Series> {
        let object = self.object(value, at)?;
        self.only(object, &["event", "filters", "measure", "property"], at);
        let events = self.selection_of(object, at);
        let measure: Measure = self.named(object, "measure", Some(Measure::Total), at)?;
        let property_at = format!("{at}/property");
        let property = match (present(object, "property"), measure.needs_property()) {
            (None, false) => None,
            (Some(_), false) => return self.problem(&property_at, "this measure takes no property; leave it out"),
            (property, true) => match property.and_then(Value::as_str) {
                Some(name) if !name.is_empty() && name.len() <= MAX_NAME => Some(Arc::from(name)),
                _ => {
                    let detail = format!("this measure needs the name of a property, 1 to {MAX_NAME} bytes");
                    return self.problem(&property_at, detail);
                }
            },
        };
        Some(Series { events: events?, measure, property })
    }

    fn funnel(&mut self, object: &Object, at: &str) -> Option<Funnel> {
        self.only(object, &["kind", "range", "steps", "window", "order", "exclude", "by", "breakdown"], at);
        let range = self.range(object, at);
        let steps = self.list(object, "steps", 2..=MAX_STEPS, at, Self::selection);
        let exclude = match present(object, "exclude") {
            None => Some(Vec::new()),
            Some(_) => self.list(object, "exclude", 0..=MAX_EXCLUDED, at, Self::selection),
        };
        let window = match object.get("window").and_then(Value::as_str).and_then(Span::parse) {
            Some(span) if span.duration().as_secs() <= 366 * 86_400 => i64::try_from(span.duration().as_micros()).ok(),
            _ => self.problem(
                &format!("{at}/window"),
                "expected a length such as 7d: minutes (m), hours (h), days (d) or weeks (w), at most 366d",
            ),
        };
        let order = self.named(object, "order", Some(super::Order::default()), at);
        let by = self.named(object, "by", Some(super::By::default()), at);
        let breakdown = self.breakdown(object, at);
        Some(Funnel {
            range: range?,
            steps: steps?,
            window: window?,
            order: order?,
            exclude: exclude?,
            by: by?,
            breakdown: breakdown?,
        })
    }

    fn retention(&mut self, object: &Object, at: &str) -> Option<Retention> {
        self.only(object, &["kind", "range", "interval", "start", "return", "periods", "mode", "match"], at);
        let range = self.range(object, at);
        let interval = self.named(object, "interval", Some(Interval::Week), at);
        if interval == Some(Interval::Hour) {
            return self.problem(&format!("{at}/interval"), "accepted: day, week, month");
        }
        let mut selection = |key: &str| {
            let at = format!("{at}/{key}");
            let value = object.get(key).unwrap_or(&Value::Null);
            self.selection(value, &at)
        };
        let (start, back) = (selection("start"), selection("return"));
        let periods = match object.get("periods").and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok())
        {
            Some(periods) if (1..=MAX_PERIODS).contains(&periods) => Some(periods),
            _ => self.problem(&format!("{at}/periods"), format!("expected a whole number from 1 to {MAX_PERIODS}")),
        };
        let mode = self.named(object, "mode", Some(super::Mode::default()), at);
        let matching = self.named(object, "match", Some(super::Match::default()), at);
        let (range, interval) = (range?, interval?);
        self.points(range, interval, at)?;
        let periods = periods?;
        let instead = "take fewer periods, a longer interval or a shorter range";
        self.numbers(periods * most_points(range, interval), &format!("{at}/periods"), instead)?;
        Some(Retention { range, interval, start: start?, back: back?, periods, mode: mode?, matching: matching? })
    }

    fn selection(&mut self, value: &Value, at: &str) -> Option<Selection> {
        let object = self.object(value, at)?;
        self.only(object, &["event", "filters"], at);
        self.selection_of(object, at)
    }

    fn selection_of(&mut self, object: &Object, at: &str) -> Option<Selection> {
        let event = match object.get("event").and_then(Value::as_str) {
            Some(name) if !name.is_empty() && name.len() <= MAX_NAME => Some(Arc::from(name)),
            _ => self.problem(&format!("{at}/event"), format!("expected the name of an event, 1 to {MAX_NAME} bytes")),
        };
        let conditions = match present(object, "filters") {
            None => Some(Vec::new()),
            Some(_) => self.list(object, "filters", 0..=MAX_FILTERS, at, Self::condition),
        };
        Some(Selection { event: event?, conditions: conditions? })
    }

    fn condition(&mut self, value: &Value, at: &str) -> Option<Condition> {
        let read = if value.get("event").is_some() {
            Rule::parse(value, Place::Segment, at)
        } else {
            Filter::parse(value, Place::Query, at).map(|filter| Rule::Filter(Arc::new(filter)))
        };
        match read {
            Ok(Rule::Filter(filter)) => Some(Condition::Filter(filter)),
            Ok(Rule::Did(did)) => Some(Condition::Did(did)),
            Ok(_) => self.problem(at, "expected one condition: {\"field\":…,\"op\":…,\"value\":…} or {\"event\":…}"),
            Err(problems) => {
                self.problems.extend(problems);
                None
            }
        }
    }

    #[expect(clippy::option_option, reason = "a problem, no breakdown, or one")]
    fn breakdown(&mut self, object: &Object, at: &str) -> Option<Option<Breakdown>> {
        let Some(value) = present(object, "breakdown") else { return Some(None) };
        let at = format!("{at}/breakdown");
        let object = self.object(value, &at)?;
        self.only(object, &["field", "limit"], &at);
        let field = match object.get("field").and_then(Value::as_str).map(|text| Field::parse(text, Place::Query)) {
            Some(Ok(field)) => field,
            Some(Err(detail)) => return self.problem(&format!("{at}/field"), detail),
            None => return self.problem(&format!("{at}/field"), "expected a field, such as event.plan"),
        };
        let limit = match present(object, "limit") {
            None => 10,
            Some(limit) => match limit.as_u64().and_then(|limit| usize::try_from(limit).ok()) {
                Some(limit) if (1..=MAX_VALUES).contains(&limit) => limit,
                _ => {
                    let detail = format!("expected a whole number from 1 to {MAX_VALUES}");
                    return self.problem(&format!("{at}/limit"), detail);
                }
            },
        };
        Some(Some(Breakdown { field, limit }))
    }

    fn range(&mut self, object: &Object, at: &str) -> Option<Range> {
        let at = format!("{at}/range");
        let object = self.object(object.get("range").unwrap_or(&Value::Null), &at)?;
        self.only(object, &["from", "to"], &at);
        let mut instant = |key: &str| {
            let read = object.get(key).and_then(Value::as_str).and_then(|text| text.parse::<Timestamp>().ok());
            read.or_else(|| {
                self.problem(&format!("{at}/{key}"), "expected a time with a zone, such as 2026-10-01T00:00:00Z")
            })
        };
        let (from, to) = (instant("from"), instant("to"));
        let (from, to) = (from?.micros(), to?.micros());
        if from >= to {
            return self.problem(&format!("{at}/to"), "expected a time after from: the range would be empty");
        }
        if to - from > MAX_RANGE_DAYS * DAY {
            return self.problem(&at, format!("too long: a range has at most {MAX_RANGE_DAYS} days"));
        }
        Some(Range { from, to })
    }

    fn points(&mut self, range: Range, interval: Interval, at: &str) -> Option<()> {
        let shortest = if interval == Interval::Hour { DAY / 24 } else { DAY };
        if (range.to - range.from) / shortest <= MAX_POINTS {
            return Some(());
        }
        self.problem(
            &format!("{at}/interval"),
            format!("too short for this range: more than {MAX_POINTS} points; take a longer one"),
        )
    }

    fn numbers(&mut self, numbers: usize, at: &str, instead: &str) -> Option<()> {
        if numbers <= MAX_NUMBERS {
            return Some(());
        }
        self.problem(at, format!("an answer of up to {numbers} numbers, more than {MAX_NUMBERS}: {instead}"))
    }

    fn list<T>(
        &mut self,
        object: &Object,
        key: &str,
        counts: std::ops::RangeInclusive<usize>,
        at: &str,
        read: impl Fn(&mut Self, &Value, &str) -> Option<T>,
    ) -> Option<Vec<T>> {
        let at = format!("{at}/{key}");
        let items = match object.get(key) {
            Some(Value::Array(items)) if counts.contains(&items.len()) => items,
            _ => return self.problem(&at, format!("expected a list of {} to {}", counts.start(), counts.end())),
        };
        let read: Vec<_> =
            items.iter().enumerate().filter_map(|(index, item)| read(self, item, &format!("{at}/{index}"))).collect();
        (read.len() == items.len()).then_some(read)
    }

    fn named<T: DeserializeOwned>(&mut self, object: &Object, key: &str, default: Option<T>, at: &str) -> Option<T> {
        match present(object, key) {
            None => default,
            Some(value) => match serde_json::from_value(value.clone()) {
                Ok(named) => Some(named),
                Err(error) => self.problem(&format!("{at}/{key}"), error.to_string()),
            },
        }
    }

    fn object<'v>(&mut self, value: &'v Value, at: &str) -> Option<&'v Object> {
        value.as_object().or_else(|| self.problem(at, "expected an object"))
    }

    fn only(&mut self, object: &Object, known: &[&str], at: &str) {
        for key in object.keys().filter(|key| !known.contains(&key.as_str())) {
            let pointer = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
            self.problem::<()>(&pointer, format!("unknown key; accepted: {}", known.join(", ")));
        }
    }
}

/// How many points a range has at most: the first and the last may be cut.
fn most_points(range: Range, interval: Interval) -> usize {
    let shortest = match interval {
        Interval::Hour => DAY / 24,
        Interval::Day => DAY,
        Interval::Week => 7 * DAY,
        Interval::Month => 28 * DAY,
    };
    usize::try_from((range.to - range.from) / shortest + 2).unwrap_or(usize::MAX)
}

fn present<'v>(object: &'v Object, key: &str) -> Option<&'v Value> {
    object.get(key).filter(|value| !value.is_null())
}
