//! Of whom a condition such as *did A at least 3 times within 30 days* holds.
//!
//! The window ends now, or where the question's range does if that is earlier: what was asked last month is answered the
//! same next month. It may begin before the range.

use std::collections::HashMap;

use base::Timestamp;
use foldhash::fast::RandomState;
use targeting::Did;

use super::Range;
use super::chunks::{Sources, chunks, each};
use super::control::{Control, QueryError};
use super::known::Known;
use super::matcher::{Matcher, visit};
use super::numbers::NumberSet;
use crate::columns::{Column, Wanted};

#[derive(Default)]
struct State {
    /// Those of whom it holds, or, if it holds of those who never did it, those of whom it does not.
    listed: Vec<u64>,
    /// Counts of people who have several numbers.
    scattered: HashMap<u64, u64, RandomState>,
}

/// Whom it holds of.
pub(super) fn who(
    did: &Did,
    range: Range,
    sources: &Sources,
    known: &Known,
    control: &Control,
) -> Result<NumberSet, QueryError> {
    let moment = Timestamp(known.now.micros().min(range.to - 1));
    let from = did.within().map_or(i64::MIN, |span| span.start(moment).micros());
    let window = Range { from, to: moment.micros() + 1 };
    let mut matcher = Matcher::of_did(did, known);
    matcher.want(Column::Person);
    let absent = did.count().holds(0);
    let chunks = chunks(sources, control);
    let merged = known.merged();
    let states = each(control, chunks.len(), State::default, |state, item| {
        let wanted = Wanted {
            people: chunks[item].clone(),
            time: window.from..window.to,
            names: Some(matcher.names()),
            columns: matcher.columns,
            properties: matcher.properties(),
        };
        // Pairs of (person, count), ascending within each source.
        let mut counts: Vec<(u64, u64)> = Vec::new();
        for source in sources.iter().filter(|source| source.may_hold(did.event())) {
            let before = counts.len() + 2 * state.scattered.len();
            let columns = source.read(&wanted)?;
            let read = columns.bytes();
            control.hold(read)?;
            let bound = matcher.bind(&columns);
            visit(&columns, &bound, known, window, false, |number, person, _, _| {
                if !merged.is_empty() && merged.contains(Some(number)) {
                    *state.scattered.entry(person).or_default() += 1;
                } else {
                    match counts.last_mut() {
                        Some((last, count)) if *last == person => *count += 1,
                        _ => counts.push((person, 1)),
                    }
                }
            });
            control.release(read);
            control.hold((counts.len() + 2 * state.scattered.len() - before) * size_of::<(u64, u64)>())?;
        }
        let before = state.listed.len();
        counts.sort_by_key(|(person, _)| *person);
        for of_one in counts.chunk_by(|(one, _), (other, _)| one == other) {
            let count = of_one.iter().map(|(_, count)| count).sum();
            if did.count().holds(count) != absent {
                state.listed.push(of_one[0].0);
            }
        }
        control.release(size_of_val(counts.as_slice()));
        control.hold((state.listed.len() - before) * size_of::<u64>())
    })?;
    let mut scattered: HashMap<u64, u64, RandomState> = HashMap::default();
    let mut listed = Vec::new();
    for state in states {
        listed.extend(state.listed);
        state.scattered.into_iter().for_each(|(person, count)| *scattered.entry(person).or_default() += count);
    }
    listed.extend(scattered.into_iter().filter(|(_, count)| did.count().holds(*count) != absent).map(|(who, _)| who));
    Ok(if absent { NumberSet::except(listed) } else { NumberSet::of(listed) })
}
