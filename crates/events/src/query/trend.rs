//! Trends: how much, over time.
//!
//! Of a breakdown, the values with most of the measure over the whole range stand by themselves, all others together. If
//! there are not too many values, one pass folds each of them, and those that do not stand by themselves are added up
//! afterwards. Else, and where that cannot be added up (people are counted once among all others), which ones they are is
//! found first, with the whole range as one interval.

use std::sync::Arc;

use base::Timestamp;
use targeting::Field;

use super::Target;
use super::answer::{Answer, Group, Point, SeriesAnswer, TrendAnswer};
use super::cells::Cells;
use super::chunks::{Sources, chunks, each, in_time_order};
use super::control::QueryError;
use super::groups::{Grouping, Groups};
use super::intervals::{Intervals, before};
use super::matcher::{Matcher, visit};
use super::model::{Measure, Range, Series, Trend};
use super::numbers::NumberSet;
use super::run::Run;
use crate::columns::{Column, Columns, NO_NUMBER, Source, Wanted};

/// So many rows between two looks at what cells have grown by. A new group, whose cells may be many, is looked at by itself.
const OFTEN: usize = 4_096;

/// About how many bytes the cells of every value may take on a thread: more, and the values are chosen first.
const AT_ONCE: usize = 32 << 20;

/// Each series' groups.
type Chosen = Vec<Groups>;

/// What one pass over the events looks at.
struct Pass<'q> {
    matcher: Matcher<'q>,
    series: &'q [Series],
    range: Range,
    intervals: Intervals,
    field: Option<&'q Field>,
    run: &'q Run<'q>,
    merged: &'q NumberSet,
    by_person: bool,
    /// Whether rows are counted, and nothing else of them but the time matters.
    counts_rows: bool,
    /// So many bytes a thread's cells may take.
    most: usize,
}

pub(super) fn answer(trend: &Trend, run: &Run<'_>) -> Result<Answer, QueryError> {
    let (chosen, answered) = match at_once(trend, run)? {
        Some(answered) => answered,
        None => (choose(trend, run)?, None),
    };
    let series = if let Some(series) = answered {
        series
    } else {
        let intervals = Intervals::of(trend.range, trend.interval, &run.known.zone);
        series(trend, trend.range, intervals, &chosen, run)?
    };
    let before = if trend.compare {
        let range = before(trend.range, trend.interval, &run.known.zone);
        let intervals = Intervals::of(range, trend.interval, &run.known.zone);
        Some(self::series(trend, range, intervals, &chosen, run)?)
    } else {
        None
    };
    Ok(Answer::Trend(TrendAnswer { series, before }))
}

/// Folds every value of a breakdown by itself: the groups, and the answer if it can be made of that. Nothing without a
/// breakdown, or if the cells would be too large.
#[expect(clippy::type_complexity, reason = "both of them are options for a reason of their own")]
fn at_once(trend: &Trend, run: &Run<'_>) -> Result<Option<(Chosen, Option<Vec<SeriesAnswer>>)>, QueryError> {
    let Some(limit) = trend.breakdown.as_ref().map(|breakdown| breakdown.limit) else { return Ok(None) };
    let intervals = Intervals::of(trend.range, trend.interval, &run.known.zone);
    let (starts, open) = (intervals.starts().to_vec(), vec![Groups::default(); trend.series.len()]);
    let held = run.control.held();
    let answered = pass(trend, (trend.range, intervals), &open, AT_ONCE, run, |cells| {
        let mut cells: Vec<Cells> = cells.collect();
        let chosen: Chosen = cells.iter_mut().map(|cells| top(cells, limit)).collect();
        let adds_up = |cells: &Cells| cells.groups.all().len() <= limit || cells.adds_up();
        let closed = cells.iter().all(adds_up).then(|| {
            let closed = cells.into_iter().zip(&chosen).map(|(cells, groups)| cells.closed(groups.clone()));
            answers(trend, &starts, closed)
        });
        (chosen, closed)
    });
    match answered {
        Err(QueryError::TooLarge) => {
            run.control.release(run.control.held() - held);
            Ok(None)
        }
        other => other.map(Some),
    }
}

/// The groups that stand by themselves.
fn choose(trend: &Trend, run: &Run<'_>) -> Result<Chosen, QueryError> {
    let Some(limit) = trend.breakdown.as_ref().map(|breakdown| breakdown.limit) else {
        return Ok(vec![Groups::default(); trend.series.len()]);
    };
    let open = vec![Groups::default(); trend.series.len()];
    pass(trend, (trend.range, Intervals::whole(trend.range)), &open, usize::MAX, run, |cells| {
        cells.map(|mut cells| top(&mut cells, limit)).collect()
    })
}

/// The groups of a series with most of its measure.
fn top(cells: &mut Cells, limit: usize) -> Groups {
    let totals: Vec<f64> = (0..cells.groups.all().len()).map(|id| cells.total(id)).collect();
    let mut ranked: Vec<_> = totals.into_iter().zip(cells.groups.all()).collect();
    ranked.sort_by(|(one, of_one), (other, of_other)| other.total_cmp(one).then_with(|| of_one.cmp(of_other)));
    let top: Vec<Group> = ranked.into_iter().take(limit).map(|(_, group)| group.clone()).collect();
    Groups::closed(&top)
}

fn series(
    trend: &Trend,
    range: Range,
    intervals: Intervals,
    chosen: &Chosen,
    run: &Run<'_>,
) -> Result<Vec<SeriesAnswer>, QueryError> {
    let starts = intervals.starts().to_vec();
    pass(trend, (range, intervals), chosen, usize::MAX, run, |cells| answers(trend, &starts, cells))
}

fn answers(trend: &Trend, starts: &[i64], cells: impl Iterator<Item = Cells>) -> Vec<SeriesAnswer> {
    let mut answers = Vec::new();
    for (index, mut cells) in cells.enumerate() {
        let groups: Vec<Option<Group>> = match trend.breakdown {
            None => vec![None],
            Some(_) => cells.groups.all().iter().cloned().map(Some).collect(),
        };
        for (id, breakdown) in groups.into_iter().enumerate() {
            if breakdown == Some(Group::Other) && !cells.has(id) {
                continue;
            }
            let points = starts
                .iter()
                .enumerate()
                .map(|(place, start)| Point { time: Timestamp(*start), value: cells.value(id, place) });
            let points = points.collect();
            let label = String::from(&*trend.series[index].events.event);
            answers.push(SeriesAnswer { label, index, breakdown, points, total: cells.total(id) });
        }
    }
    answers
}

/// Folds every series over a range, and shows their cells, which are held until then. They are too large if a thread's
/// take more than `most` bytes.
fn pass<T>(
    trend: &Trend,
    (range, intervals): (Range, Intervals),
    groups: &Chosen,
    most: usize,
    run: &Run<'_>,
    show: impl FnOnce(std::vec::IntoIter<Cells>) -> T,
) -> Result<T, QueryError> {
    let field = run.breakdown(trend.breakdown.as_ref())?;
    let pass = Pass { most, ..Pass::new(&trend.series, range, intervals, run, field)? };
    let states = pass.fold(
        || {
            pass.series
                .iter()
                .zip(groups)
                .map(|(series, groups)| Cells::new(series.measure, groups.clone(), pass.intervals.len()))
                .collect::<Vec<_>>()
        },
        |cells, chunk| pass.chunk(cells, chunk),
    )?;
    let held: usize = states.iter().map(|cells| bytes(cells) - groups.iter().map(Groups::bytes).sum::<usize>()).sum();
    let mut states = states.into_iter();
    let mut all = states.next().unwrap_or_default();
    for state in states {
        all.iter_mut().zip(state).for_each(|(all, one)| all.merge(one));
    }
    all.iter_mut().for_each(Cells::finish);
    let shown = show(all.into_iter());
    run.control.release(held);
    Ok(shown)
}

impl<'q> Pass<'q> {
    fn new(
        series: &'q [Series],
        range: Range,
        intervals: Intervals,
        run: &'q Run<'q>,
        field: Option<&'q Field>,
    ) -> Result<Self, QueryError> {
        let selections: Vec<_> = series.iter().map(|series| &series.events).collect();
        let mut matcher = run.matcher(&selections)?;
        for series in series {
            match series.measure {
                Measure::People | Measure::PerPerson => matcher.want(Column::Person),
                Measure::Companies => matcher.want(Column::Company),
                _ => {}
            }
            series.property.iter().for_each(|property| matcher.want_property(property));
        }
        if let Some(field) = field {
            matcher.want_field(field);
        }
        if !run.known.erased.is_empty() {
            matcher.want(Column::Person);
        }
        let by_person = matcher.columns.has(Column::Person);
        let totals = series.iter().all(|series| series.measure == Measure::Total && series.property.is_none());
        let counts_rows = totals && field.is_none() && !by_person;
        Ok(Self {
            matcher,
            series,
            range,
            intervals,
            field,
            run,
            merged: run.known.merged(),
            by_person,
            counts_rows,
            most: usize::MAX,
        })
    }

    /// Reads everything, in chunks of people where people matter and else source by source.
    fn fold<S: Send>(
        &self,
        state: impl Fn() -> S + Sync,
        work: impl Fn(&mut S, &[Columns]) -> Result<(), QueryError> + Sync,
    ) -> Result<Vec<S>, QueryError> {
        let sources = in_time_order(self.run.sources);
        let control = self.run.control;
        if self.by_person {
            let chunks = chunks(&sources, control);
            return each(control, chunks.len(), state, |state, item| {
                let wanted = Wanted { people: chunks[item].clone(), ..self.wanted() };
                self.with(&sources, &wanted, |read| work(state, read))
            });
        }
        each(control, sources.len(), state, |state, item| {
            self.with(&sources[item..=item], &self.wanted(), |read| work(state, read))
        })
    }

    /// Works on what is read from some sources. Nobody is split over chunks, so that it may be anything: each source's rows
    /// are held as they come.
    fn with(
        &self,
        sources: &Sources,
        wanted: &Wanted,
        work: impl FnOnce(&[Columns]) -> Result<(), QueryError>,
    ) -> Result<(), QueryError> {
        let (mut read, mut held) = (Vec::with_capacity(sources.len()), 0);
        for source in sources {
            let columns = self.read(source, wanted)?;
            held += columns.bytes();
            self.run.control.hold(columns.bytes())?;
            read.push(columns);
        }
        work(&read)?;
        self.run.control.release(held);
        Ok(())
    }

    fn wanted(&self) -> Wanted {
        Wanted {
            people: 0..=u64::MAX,
            time: self.range.from..self.range.to,
            names: Some(self.matcher.names()),
            columns: self.matcher.columns,
            properties: self.matcher.properties(),
        }
    }

    fn read(&self, source: &Arc<dyn Source>, wanted: &Wanted) -> Result<Columns, QueryError> {
        let time = source.time();
        let outside = *time.end() < self.range.from || self.range.to <= *time.start();
        let nameless = !self.series.iter().any(|series| source.may_hold(&series.events.event));
        if outside || nameless || source.rows() == 0 { Ok(Columns::default()) } else { Ok(source.read(wanted)?) }
    }

    fn chunk(&self, cells: &mut [Cells], chunk: &[Columns]) -> Result<(), QueryError> {
        let first = chunk.iter().filter_map(|columns| columns.stretches.first()).map(|stretch| stretch.person).min();
        let last = chunk.iter().filter_map(|columns| columns.stretches.last()).map(|stretch| stretch.person).max();
        if let (Some(first), Some(last), None) = (first, last, self.field) {
            let rows = chunk.iter().map(|columns| columns.rows).sum();
            for cells in &mut *cells {
                cells.begin((first, last), rows, self.run.control)?;
            }
        }
        let mut held = bytes(cells);
        for columns in chunk {
            self.columns(cells, columns, &mut held)?;
        }
        cells.iter_mut().for_each(Cells::end);
        self.hold(cells, &mut held)
    }

    /// Holds what cells have grown by.
    fn hold(&self, cells: &[Cells], held: &mut usize) -> Result<(), QueryError> {
        let before = std::mem::replace(held, bytes(cells));
        self.run.control.hold(*held - before)?;
        if *held > self.most { Err(QueryError::TooLarge) } else { Ok(()) }
    }

    /// Counts rows of which only the name and the time matter.
    fn count(&self, cells: &mut Cells, times: &[i64], takes: impl Fn(usize) -> bool) {
        let mut counts = vec![0_u64; self.intervals.len()];
        for (row, time) in times.iter().enumerate() {
            if takes(row) && self.range.from <= *time && *time < self.range.to {
                counts[self.intervals.at(*time)] += 1;
            }
        }
        counts.iter().enumerate().for_each(|(interval, count)| cells.count(0, interval, *count));
    }

    fn columns(&self, cells: &mut [Cells], columns: &Columns, held: &mut usize) -> Result<(), QueryError> {
        let bound = self.matcher.bind(columns);
        if !bound.may_match() {
            return Ok(());
        }
        if let (true, Some(takes)) = (self.counts_rows, bound.by_name()) {
            self.count(&mut cells[0], &columns.time, takes);
            return self.hold(cells, held);
        }
        let (mut rows, mut grown, mut holds) = (0_usize, false, Ok(()));
        let mut groupings: Vec<_> =
            self.series.iter().map(|_| Grouping::new(self.field, columns, self.run.known)).collect();
        let values: Vec<Option<Numbers<'_>>> = self
            .series
            .iter()
            .map(|series| series.property.as_ref().and_then(|name| columns.properties.get(name)).map(Numbers::of))
            .collect();
        visit(columns, &bound, self.run.known, self.range, false, |number, person, row, mut mask| {
            rows += 1;
            if (grown || rows.is_multiple_of(OFTEN)) && holds.is_ok() {
                grown = false;
                holds = self.hold(cells, held);
            }
            if holds.is_err() {
                return;
            }
            let interval = self.intervals.at(columns.time[row]);
            while mask != 0 {
                let at = mask.trailing_zeros() as usize;
                mask &= mask - 1;
                let cells = &mut cells[at];
                let value = values[at].as_ref().map_or(f64::NAN, |values| values.get(row));
                if self.series[at].measure.needs_property() && value.is_nan() {
                    continue;
                }
                if self.series[at].measure == Measure::Companies && columns.company[row] == NO_NUMBER {
                    continue;
                }
                let groups = cells.groups.all().len();
                let group = groupings[at].of(row, person, columns, self.field, &mut cells.groups);
                grown |= cells.groups.all().len() > groups;
                match self.series[at].measure {
                    Measure::Total => cells.count(group, interval, 1),
                    Measure::People => cells.person(group, interval, number, person, self.merged),
                    Measure::PerPerson => {
                        cells.count(group, interval, 1);
                        cells.person(group, interval, number, person, self.merged);
                    }
                    Measure::Companies => cells.company(group, interval, columns.company[row]),
                    _ => cells.number(group, interval, value),
                }
            }
        });
        holds.and_then(|()| self.hold(cells, held))
    }
}

fn bytes(cells: &[Cells]) -> usize {
    cells.iter().map(Cells::bytes).sum()
}

/// The numbers of a property; NaN for all else.
enum Numbers<'c> {
    Plain(&'c [f64]),
    Mixed(&'c [u32], Vec<f64>),
}

impl<'c> Numbers<'c> {
    fn of(property: &'c crate::columns::Property) -> Self {
        match property {
            crate::columns::Property::Number(values) => Self::Plain(values),
            crate::columns::Property::Coded(coded) => {
                // A number too large for a double to be finite is none.
                let number = |value: &serde_json::Value| value.as_f64().filter(|value| value.is_finite());
                Self::Mixed(&coded.codes, coded.values.iter().map(|value| number(value).unwrap_or(f64::NAN)).collect())
            }
        }
    }

    fn get(&self, row: usize) -> f64 {
        match self {
            Self::Plain(values) => values[row],
            Self::Mixed(codes, values) => values.get(codes[row] as usize).copied().unwrap_or(f64::NAN),
        }
    }
}

/// Who has an event behind a point or a series.
pub(super) fn people(trend: &Trend, target: &Target, run: &Run<'_>) -> Result<Vec<u64>, QueryError> {
    let Target::Trend { series, point, breakdown } = target else {
        return Err(QueryError::NoTarget("a trend has series"));
    };
    let asked = trend.series.get(*series).ok_or(QueryError::NoTarget("the trend has fewer series"))?;
    let intervals = Intervals::of(trend.range, trend.interval, &run.known.zone);
    if point.is_some_and(|point| point >= intervals.len()) {
        return Err(QueryError::NoTarget("the series has fewer points"));
    }
    let mut groups = match (breakdown, &trend.breakdown) {
        (Some(Group::Other), Some(_)) => choose(trend, run)?.swap_remove(*series),
        (Some(group), Some(_)) => Groups::closed(std::slice::from_ref(group)),
        (Some(_), None) => return Err(QueryError::NoTarget("the question has no breakdown")),
        (None, _) => Groups::default(),
    };
    let wanted = breakdown.as_ref().map(|group| groups.id(group));
    let field = run.breakdown(trend.breakdown.as_ref())?.filter(|_| wanted.is_some());
    let mut pass = Pass::new(std::slice::from_ref(asked), trend.range, intervals, run, field)?;
    pass.matcher.want(Column::Person);
    pass.by_person = true;
    let states = pass.fold(
        || (Vec::new(), groups.clone()),
        |(people, groups), chunk| {
            let before = people.len();
            for columns in chunk {
                pass.who(columns, (*point, wanted), groups, people);
            }
            run.control.hold((people.len() - before) * size_of::<u64>())
        },
    )?;
    Ok(states.into_iter().flat_map(|(people, _)| people).collect())
}

impl Pass<'_> {
    fn who(
        &self,
        columns: &Columns,
        (point, wanted): (Option<usize>, Option<u32>),
        groups: &mut Groups,
        people: &mut Vec<u64>,
    ) {
        let bound = self.matcher.bind(columns);
        if !bound.may_match() {
            return;
        }
        let [series] = self.series else { return };
        let mut grouping = Grouping::new(self.field, columns, self.run.known);
        let values = series.property.as_ref().map(|name| columns.properties.get(name).map(Numbers::of));
        visit(columns, &bound, self.run.known, self.range, false, |_, person, row, _| {
            let counts = match (&values, series.measure) {
                (Some(values), _) => values.as_ref().is_some_and(|values| !values.get(row).is_nan()),
                (None, Measure::Companies) => columns.company[row] != NO_NUMBER,
                (None, _) => true,
            };
            let here = point.is_none_or(|point| self.intervals.at(columns.time[row]) == point);
            if counts
                && here
                && wanted.is_none_or(|wanted| grouping.of(row, person, columns, self.field, groups) == wanted)
                && people.last() != Some(&person)
            {
                people.push(person);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use serde_json::json;

    use super::*;
    use crate::columns::TailRun;
    use crate::query::{Control, Known, Query};
    use crate::record::{Arrival, Event, Kind, LogId};

    const START: Timestamp = Timestamp(1_790_812_800_000_000);

    fn event(at: u32) -> (Arrival, Event) {
        let event = Event {
            person: u64::from(at),
            company: Some(u64::from(at)),
            time: START,
            received: START,
            message: [0; 16],
            kind: Kind::Track,
            name: "A".to_owned(),
            session: None,
            path: None,
            device: None,
            content: None,
            step: None,
            properties: [("page".to_owned(), json!(at.to_string())), ("amount".to_owned(), json!(1))]
                .into_iter()
                .collect(),
            sealed: std::collections::BTreeMap::new(),
        };
        (Arrival { log: LogId(1), sequence: u64::from(at), index: 0 }, event)
    }

    #[test]
    fn no_group_is_taken_that_there_is_no_room_for() {
        // 1,000 values in one reading: each takes 54 KB for its numbers of an hour, or 6 KB to count people or companies.
        let sources: Vec<Arc<dyn Source>> = vec![Arc::new(TailRun::of((0..1_000).map(event).collect()))];
        let known = Known::new(TimeZone::UTC, START);
        for measure in ["average", "people", "per_person", "companies"] {
            let mut series = json!({"event": "A", "measure": measure});
            if measure == "average" {
                series["property"] = json!("amount");
            }
            let question = json!({
                "kind": "trend", "range": {"from": "2026-10-01T00:00:00Z", "to": "2026-11-01T00:00:00Z"}, "interval": "hour",
                "breakdown": {"field": "event.page"}, "series": [series],
            });
            let query = Query::parse(&question, "").unwrap();
            let Query::Trend(trend) = &query else { panic!("{query:?}") };
            let control = Control::new();
            let run = Run::new(&query, &sources, &known, &control).unwrap();
            let intervals = Intervals::of(trend.range, trend.interval, &known.zone);
            let passed = pass(trend, (trend.range, intervals), &vec![Groups::default()], 1 << 20, &run, |_| ());
            assert!(matches!(passed, Err(QueryError::TooLarge)), "{measure}: {passed:?}");
            assert!(control.held() < 3 << 19, "{measure}: {}", control.held());
            assert!(query.run(&sources, &known, &Control::new()).is_ok());
        }
    }
}
