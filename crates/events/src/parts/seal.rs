//! Sealing: what lies in the logs behind what was sealed last becomes parts, one a slice of time.
//!
//! Exactly once over any crash: the parts and how far each log is in them are committed with one manifest.

use std::collections::{BTreeMap, HashMap};

use super::duplicates::{self, Copies};
use super::error::PartError;
use super::manifest::{Manifest, PartEntry};
use super::row::{Key, Row};
use super::schema::{self, Counting};
use super::store::{Parts, State, rows};
use super::tail::{self, Limit, Tail};
use super::write::PartWriter;
use crate::encoding::decode_ref;
use crate::record::Arrival;
use crate::report::Finding;

/// What came of sealing.
#[derive(Debug, Default)]
pub struct Sealing {
    /// Events that are in parts now.
    pub events: u64,
    /// Copies that were dropped because another edge's log had them first.
    pub duplicates: u64,
    /// Acknowledged frames that could not be read: `pilotfish events verify` names them.
    pub lost: Vec<Finding>,
    /// Whether more waits than was sealed at once.
    pub more: bool,
}

/// An event that waits.
pub(super) struct Waiting<'a> {
    pub(super) key: Key,
    pub(super) slice: i64,
    pub(super) message: [u8; 16],
    pub(super) received: i64,
    name: u32,
    arrival: Arrival,
    bytes: &'a [u8],
}

/// Rows whose properties are looked at to choose columns.
const SAMPLE: usize = 32 << 10;

impl Parts {
    /// Seals what waits if it is much or old enough.
    pub fn seal_due(&self) -> Result<Sealing, PartError> {
        self.seal(false)
    }

    /// Seals what waits, up to the number of rows that are sealed at once.
    pub fn seal_now(&self) -> Result<Sealing, PartError> {
        self.seal(true)
    }

    fn seal(&self, now: bool) -> Result<Sealing, PartError> {
        let sealing = self.state().and_then(|mut state| {
            let sealing = self.seal_more(&mut state, now)?;
            Ok((sealing, state.manifest.sealed.clone()))
        });
        let (sealing, sealed) = sealing.map_or_else(|error| (Err(error), None), |(done, sealed)| (Ok(done), Some(sealed)));
        self.progressed(sealed);
        sealing
    }

    fn seal_more(&self, state: &mut State, now: bool) -> Result<Sealing, PartError> {
        let sealed = &state.manifest.sealed;
        let limit = Limit { events: self.options.seal_rows, bytes: self.options.seal_bytes };
        let tail = tail::read(&self.data, self.environment, self.log_keys.as_ref(), sealed, limit)?;
        if tail.is_empty(sealed) || !(now || limit.is_reached(&tail) || self.is_old(&tail)) {
            return tail.held_back.map_or_else(|| Ok(Sealing::default()), Err);
        }
        let mut next = state.manifest.clone();
        let mut waiting = self.waiting(&tail, &mut next)?;
        next.taken = Some(next.taken() + waiting.len() as u64);
        for files in &tail.files {
            next.left_out.forget(files.log.0, files.trimmed);
            files.firsts.iter().for_each(|(first, file)| next.left_out.know(files.log.0, *first, *file));
        }
        let duplicates = self.leave_out(&tail, &mut waiting, &mut next)?;
        let events = waiting.len() as u64;
        let new = self.write(waiting, &next)?;
        next.sealed.extend(&tail.upto);
        self.commit(state, next, new, &[])?;
        for finding in &tail.lost {
            tracing::warn!(environment = %self.environment, "event log, while sealing: {finding}");
        }
        if let Some(error) = &tail.held_back {
            tracing::error!(environment = %self.environment, %error, "an event log is not sealed; the others are");
        }
        Ok(Sealing { events, duplicates, lost: tail.lost, more: tail.more })
    }

    /// Leaves out copies, and who is erased or too old, and writes that down. How many were copies.
    fn leave_out(&self, tail: &Tail, waiting: &mut Vec<Waiting<'_>>, next: &mut Manifest) -> Result<u64, PartError> {
        let mut duplicates = 0;
        let several = next.sealed.keys().chain(tail.upto.keys()).any(|log| tail.upto.keys().any(|other| other != log));
        if several {
            let mut copies = Copies::among(waiting, self.options.duplicate_window);
            for part in duplicates::that_may_hold(&next.parts, waiting, self.options.duplicate_window) {
                copies.look_through(&self.part(part)?, waiting)?;
            }
            copies.drop_from(waiting, |event| {
                duplicates += 1;
                next.left_out.add(event.key.2, event.key.3);
            });
        }
        next.duplicates += duplicates;
        waiting.retain(|event| {
            let goes = next.lets_go_of(event.key.0, event.key.1);
            if goes {
                next.let_go(event.key.2, event.key.3);
            }
            !goes
        });
        Ok(duplicates)
    }

    /// Whether the oldest that waits was received long enough ago.
    fn is_old(&self, tail: &Tail) -> bool {
        let first = |frame: &tail::Frame| decode_ref(frame.events().next()?.1).ok().map(|event| event.received);
        let oldest = tail.frames.iter().filter_map(first).min();
        oldest.is_some_and(|oldest| self.clock.now().since(base::Timestamp(oldest)) >= self.options.seal_age)
    }

    /// The tail's events with their places; new names get their codes.
    fn waiting<'a>(&self, tail: &'a Tail, next: &mut Manifest) -> Result<Vec<Waiting<'a>>, PartError> {
        let mut codes: HashMap<String, u32> = next.names.iter().cloned().zip(0..).collect();
        let mut waiting = Vec::with_capacity(tail.events);
        for frame in &tail.frames {
            for (arrival, bytes) in frame.events() {
                let event = decode_ref(bytes).and_then(|event| event.check().map(|()| event));
                let event = event.map_err(|error| {
                    PartError::damaged(&self.data.join("log"), format!("frame {}: {error}", arrival.sequence))
                })?;
                let name = if let Some(code) = codes.get(event.name) {
                    *code
                } else {
                    let code = u32::try_from(next.names.len()).unwrap_or(u32::MAX);
                    next.names.push(event.name.to_owned());
                    codes.insert(event.name.to_owned(), code);
                    code
                };
                waiting.push(Waiting {
                    key: (event.person, event.time, arrival.log.0, arrival.sequence, arrival.index),
                    slice: super::slice(event.time, event.received),
                    message: event.message,
                    received: event.received,
                    name,
                    arrival,
                    bytes,
                });
            }
        }
        Ok(waiting)
    }

    /// Writes a part a slice: as many rows as there are events.
    fn write(&self, mut waiting: Vec<Waiting<'_>>, next: &Manifest) -> Result<Vec<PartEntry>, PartError> {
        let events = waiting.len() as u64;
        waiting.sort_unstable_by_key(|event| (event.slice, event.key));
        let mut new = Vec::new();
        let mut written = || {
            for events in waiting.chunk_by(|a, b| a.slice == b.slice) {
                let mut counting = Counting::new(&[]);
                for event in events.iter().step_by(events.len().div_ceil(SAMPLE)) {
                    for (at, property) in self.row(event)?.properties.iter().enumerate() {
                        counting.count(at, property);
                    }
                }
                let plan = schema::choose(&counting.uses(), self.options.property_columns);
                let mut part = PartWriter::create(self.maker(), events[0].slice, plan)?;
                for event in events {
                    let mut row = self.row(event)?;
                    if next.erased.personal.contains(&row.person) {
                        row.sealed.clear();
                    }
                    part.push(&row)?;
                }
                new.extend(part.finish()?.map(|part| PartEntry { erasures: next.erasures, ..part }));
            }
            Ok(())
        };
        let written = written().and_then(|()| match rows(&new) {
            has if has == events => Ok(()),
            has => Err(PartError::damaged(&self.folder, format!("of {events} events {has} were written into parts"))),
        });
        match written {
            Ok(()) => Ok(new),
            Err(error) => {
                self.discard(&new);
                Err(error)
            }
        }
    }

    fn row<'a>(&self, event: &Waiting<'a>) -> Result<Row<'a>, PartError> {
        let row = decode_ref(event.bytes).and_then(|read| Row::of_log(&read, event.arrival, event.name));
        row.map_err(|error| PartError::damaged(&self.data.join("log"), error))
    }
}

impl Parts {
    /// Up to which sequence each log is in parts.
    pub fn sealed(&self) -> Result<BTreeMap<crate::LogId, u64>, PartError> {
        let state = self.state()?;
        Ok(state.manifest.sealed.iter().map(|(log, upto)| (crate::LogId(*log), *upto)).collect())
    }
}
