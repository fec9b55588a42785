//! Copies of one message in the logs of two edges. Within its own log each edge lets only the first copy in; between
//! logs it is decided here, when events are sealed: what is in a part already stays, else what was received first.
//!
//! No index is kept: an environment with one log needs none, and with several the hashes of the window's parts are read
//! again. What is held in memory is what is being sealed.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Int64Type, UInt64Type};

use super::error::PartError;
use super::manifest::PartEntry;
use super::read::Part;
use super::schema::Fixed;
use super::seal::Waiting;

/// The parts that may hold a copy of one of these events by another log, within the window.
pub(super) fn that_may_hold<'a>(
    parts: &'a [PartEntry],
    waiting: &[Waiting<'_>],
    window: Duration,
) -> Vec<&'a PartEntry> {
    let received = || waiting.iter().map(|event| event.received);
    let (Some(first), Some(last)) = (received().min(), received().max()) else { return Vec::new() };
    let logs: BTreeSet<u64> = waiting.iter().map(Waiting::arrival_log).collect();
    let window = micros(window);
    let near = |part: &&PartEntry| {
        part.bounds.received.1 > first.saturating_sub(window) && part.bounds.received.0 < last.saturating_add(window)
    };
    let others = |part: &&PartEntry| part.logs.iter().any(|log| logs.iter().any(|other| other != log));
    parts.iter().filter(near).filter(others).collect()
}

fn micros(window: Duration) -> i64 {
    i64::try_from(window.as_micros()).unwrap_or(i64::MAX)
}

/// Which of the events that wait are copies.
pub(super) struct Copies {
    window: i64,
    /// Where events of a message stand that are not copies so far.
    places: HashMap<[u8; 16], Vec<usize>>,
    found: BTreeSet<usize>,
}

impl Copies {
    /// Those of which an earlier one waits as well, in another log.
    pub(super) fn among(waiting: &[Waiting<'_>], window: Duration) -> Self {
        let window = micros(window);
        let mut order: Vec<usize> = (0..waiting.len()).collect();
        order.sort_by_key(|at| (waiting[*at].received, waiting[*at].key));
        let mut copies = Self { window, places: HashMap::new(), found: BTreeSet::new() };
        for at in order {
            let event = &waiting[at];
            let places = copies.places.entry(event.message).or_default();
            let is_copy = places.iter().any(|before| {
                let before = &waiting[*before];
                before.arrival_log() != event.arrival_log()
                    && event.received.abs_diff(before.received) < window.unsigned_abs()
            });
            if is_copy {
                copies.found.insert(at);
            } else {
                places.push(at);
            }
        }
        copies
    }

    /// Adds those of which a part holds a copy.
    pub(super) fn look_through(&mut self, part: &Part, waiting: &[Waiting<'_>]) -> Result<(), PartError> {
        let columns = [Fixed::Time, Fixed::Delay, Fixed::Log, Fixed::Message].map(|column| column as usize);
        for (group, about) in part.groups.iter().enumerate() {
            let batch = part.batch(group, 0..about.rows, &columns)?;
            let times = batch.column(0).as_primitive_opt::<Int64Type>();
            let delays = batch.column(1).as_primitive_opt::<Int64Type>();
            let logs = batch.column(2).as_primitive_opt::<UInt64Type>();
            let messages = batch.column(3).as_fixed_size_binary_opt();
            let (Some(times), Some(delays), Some(logs), Some(messages)) = (times, delays, logs, messages) else {
                return Err(PartError::damaged(&part.path, "a column has another type"));
            };
            for (row, message) in messages.iter().enumerate() {
                let Some(places) = message.and_then(|message| self.places.get(message)) else { continue };
                let received = times.value(row).wrapping_add(delays.value(row));
                for at in places {
                    let event = &waiting[*at];
                    let near = event.received.abs_diff(received) < self.window.unsigned_abs();
                    if near && event.arrival_log() != logs.value(row) {
                        self.found.insert(*at);
                    }
                }
            }
        }
        Ok(())
    }

    /// Leaves the copies out, and shows each.
    pub(super) fn drop_from(&self, waiting: &mut Vec<Waiting<'_>>, mut dropped: impl FnMut(&Waiting<'_>)) {
        let mut at = 0;
        waiting.retain(|event| {
            let found = self.found.contains(&at);
            at += 1;
            if found {
                dropped(event);
            }
            !found
        });
    }
}

impl Waiting<'_> {
    const fn arrival_log(&self) -> u64 {
        self.key.2
    }
}
