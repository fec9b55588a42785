//! Reading back: a timeline, counts, everything. What was acknowledged a moment ago is there.
//!
//! Blocks are opened on demand: a timeline of n events unpacks at most n blocks, whatever the length of the log.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use base::Timestamp;

use crate::encoding::{Events, event_at};
use crate::error::ReadError;
use crate::index::{DAY, FrameAt, LogFile, Position};
use crate::log::Log;
use crate::record::{Arrival, Cursor, Event, LogId};
use crate::recover::unpack;

/// A page of a timeline, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    pub events: Vec<(Arrival, Event)>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Cursor>,
}

/// How many events of a name happened on a day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count {
    /// The day's first instant, in UTC.
    pub day: Timestamp,
    pub event: Arc<str>,
    pub count: u64,
}

/// What somebody who follows a log has before them.
#[derive(Debug, Default)]
pub struct Following {
    /// The sequence of the last frame that was looked at.
    pub upto: u64,
    /// The events that were asked for, in order of arrival.
    pub events: Vec<(Arrival, Event)>,
    /// Frames on the way that cannot be read any more.
    pub damaged: Vec<ReadError>,
}

/// Frames of which the index is asked at once.
const LOOK: usize = 4_096;

/// Events of these names in the frames behind `after`, frame by frame until there are `limit` or more. A frame without any
/// is passed over by the index alone.
pub(crate) fn follow(log: &Log, after: u64, names: &[&str], limit: usize) -> Result<Following, ReadError> {
    // The end first: whatever lies before it had its name numbered before it was written.
    let end = log.index().last();
    let codes: Vec<u32> = {
        let known = log.names();
        names.iter().filter_map(|name| known.known(name)).collect()
    };
    let (upto, frames) = {
        let index = log.index();
        let (upto, frames) = index.following(after, end, &codes, LOOK);
        let with_file = |frame: FrameAt| (index.file(frame.file), frame);
        (upto, frames.into_iter().map(with_file).collect::<Vec<_>>())
    };
    let mut following = Following { upto, ..Following::default() };
    for (file, frame) in frames {
        match named(log, &file, &frame, names) {
            Ok(events) => following.events.extend(events),
            Err(error @ ReadError::Damaged { .. }) => following.damaged.push(error),
            Err(error) => return Err(error),
        }
        if following.events.len() >= limit {
            following.upto = frame.sequence;
            break;
        }
    }
    Ok(following)
}

/// The events of these names in a frame.
fn named(log: &Log, file: &LogFile, frame: &FrameAt, names: &[&str]) -> Result<Vec<(Arrival, Event)>, ReadError> {
    let block = load(file, frame)?;
    let mut found = Vec::new();
    for (event, index) in Events::of(&block).zip(0..) {
        let event = event.map_err(|error| damaged(file, frame, &error))?;
        if names.contains(&event.name) {
            let event = event.to_event().map_err(|error| damaged(file, frame, &error))?;
            found.push((arrival(log, frame.sequence, index), event));
        }
    }
    Ok(found)
}

/// Events of these people in several logs before the cursor, by time and then arrival, newest first.
pub(crate) fn timelines(
    logs: &[Arc<Log>],
    people: &[u64],
    before: Option<Cursor>,
    limit: usize,
) -> Result<Page, ReadError> {
    if let [log] = logs {
        return timeline(log, people, before, limit);
    }
    let mut events = Vec::new();
    let mut more = false;
    for log in logs {
        let page = timeline(log, people, before.map(|before| within(log, before)), limit)?;
        more |= page.next.is_some();
        events.extend(page.events);
    }
    events.sort_by_key(|(arrival, event)| std::cmp::Reverse((event.time, *arrival)));
    more |= events.len() > limit;
    events.truncate(limit);
    let last = events.last().map(|(arrival, event)| Cursor { time: event.time, arrival: *arrival });
    Ok(Page { events, next: last.filter(|_| more) })
}

/// A cursor as a log has it that may not be the cursor's: events of the same time follow each other by their logs.
fn within(log: &Log, mut before: Cursor) -> Cursor {
    let (sequence, index) = match log.id.cmp(&before.arrival.log) {
        std::cmp::Ordering::Equal => return before,
        std::cmp::Ordering::Less => (u64::MAX, u32::MAX),
        std::cmp::Ordering::Greater => (0, 0),
    };
    before.arrival = Arrival { log: log.id, sequence, index };
    before
}

/// Counts of several logs as one.
pub(crate) fn together(mut counts: Vec<Count>) -> Vec<Count> {
    counts.sort();
    counts.dedup_by(|next, kept| {
        let same = (next.day, &next.event) == (kept.day, &kept.event);
        kept.count += if same { next.count } else { 0 };
        same
    });
    counts
}

/// Events of these people before the cursor, by time and then arrival, newest first.
pub(crate) fn timeline(log: &Log, people: &[u64], before: Option<Cursor>, limit: usize) -> Result<Page, ReadError> {
    let before = before.map(|before| (before.time.micros(), before.arrival.sequence, before.arrival.index));
    let (mut positions, files) = {
        let index = log.index();
        let positions = index.newest(people, before, limit.saturating_add(1));
        let files: Vec<_> = positions.iter().map(|position| index.file(position.frame.file)).collect();
        (positions, files)
    };
    let more = positions.len() > limit;
    positions.truncate(limit);
    let next = positions.last().filter(|_| more).map(|last| cursor(log, last));
    let read = positions.iter().zip(&files).map(|(position, file)| {
        let block = block(log, file, &position.frame)?;
        let event = event_at(&block, position.index).map_err(|error| damaged(file, &position.frame, &error))?;
        Ok((arrival(log, position.frame.sequence, position.index), event))
    });
    Ok(Page { events: read.collect::<Result<_, ReadError>>()?, next })
}

/// Events timed within [from, to) by UTC day and name.
pub(crate) fn counts(log: &Log, range: Range<Timestamp>) -> Vec<Count> {
    let counts = log.index().counts(range.start.micros()..range.end.micros());
    let names = log.names();
    let mut counts: Vec<Count> = counts
        .into_iter()
        .map(|((day, name), count)| Count { day: Timestamp(day.saturating_mul(DAY)), event: names.name(name), count })
        .collect();
    drop(names);
    counts.sort();
    counts
}

/// Every event in order of arrival, as of the call.
pub(crate) fn scan(
    log: &Log,
    each: &mut dyn FnMut(&Arrival, &Event) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    let (files, frames) = log.index().frames();
    for frame in frames {
        let file = &files[frame.file as usize];
        let block = load(file, &frame)?;
        for (event, index) in Events::of(&block).zip(0..) {
            let event = event.and_then(|event| event.to_event()).map_err(|error| damaged(file, &frame, &error))?;
            each(&arrival(log, frame.sequence, index), &event)?;
        }
    }
    Ok(())
}

/// What lies in a log behind a frame.
pub(crate) struct Behind {
    pub(crate) log: LogId,
    /// The sequence of the last frame.
    pub(crate) upto: u64,
    /// Every event, in order of arrival.
    pub(crate) events: Vec<(Arrival, Event)>,
}

/// What lies behind `after`.
pub(crate) fn behind(log: &Log, after: u64) -> Result<Behind, ReadError> {
    let frames = log.index().behind(after);
    let upto = frames.last().map_or(after, |(_, frame)| frame.sequence);
    let mut events = Vec::new();
    for (file, frame) in frames {
        let block = load(&file, &frame)?;
        for (event, index) in Events::of(&block).zip(0..) {
            let event = event.and_then(|event| event.to_event()).map_err(|error| damaged(&file, &frame, &error))?;
            events.push((arrival(log, frame.sequence, index), event));
        }
    }
    Ok(Behind { log: log.id, upto, events })
}

fn cursor(log: &Log, position: &Position) -> Cursor {
    let arrival = arrival(log, position.frame.sequence, position.index);
    Cursor { time: Timestamp(position.time), arrival }
}

const fn arrival(log: &Log, sequence: u64, index: u32) -> Arrival {
    Arrival { log: log.id, sequence, index }
}

fn block(log: &Log, file: &LogFile, frame: &FrameAt) -> Result<Arc<Vec<u8>>, ReadError> {
    let cache = &log.shared.cache;
    if let Some(block) = cache.get((log.id, frame.sequence)) {
        return Ok(block);
    }
    let block = Arc::new(load(file, frame)?);
    cache.put((log.id, frame.sequence), Arc::clone(&block));
    Ok(block)
}

fn load(file: &LogFile, frame: &FrameAt) -> Result<Vec<u8>, ReadError> {
    let mut bytes = vec![0; frame.length as usize];
    File::open(&file.path)
        .and_then(|handle| handle.read_exact_at(&mut bytes, u64::from(frame.offset)))
        .map_err(|source| ReadError::Storage { path: file.path.clone(), source })?;
    unpack(file, frame.sequence, &bytes).map(|(block, _)| block).map_err(|reason| damaged(file, frame, &reason))
}

fn damaged(file: &LogFile, frame: &FrameAt, reason: &dyn std::fmt::Display) -> ReadError {
    let (path, offset) = (file.path.clone(), u64::from(frame.offset));
    ReadError::Damaged { path, sequence: frame.sequence, offset, reason: reason.to_string() }
}
