//! Reading a log back: what follows a frame, everything. What was acknowledged a moment ago is there.

use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::encoding::Events;
use crate::error::ReadError;
use crate::index::{Frame, LogFile, NameSet};
use crate::log::Log;
use crate::record::{Arrival, Event, LogId};
use crate::recover::unpack;

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
    let codes: NameSet = {
        let known = log.names();
        names.iter().filter_map(|name| known.known(name)).collect()
    };
    let (upto, frames) = {
        let index = log.index();
        let (upto, frames) = index.following(after, end, codes, LOOK);
        let with_file = |frame: Frame| (index.file(frame.file), frame);
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
fn named(log: &Log, file: &LogFile, frame: &Frame, names: &[&str]) -> Result<Vec<(Arrival, Event)>, ReadError> {
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

const fn arrival(log: &Log, sequence: u64, index: u32) -> Arrival {
    Arrival { log: log.id, sequence, index }
}

fn load(file: &LogFile, frame: &Frame) -> Result<Vec<u8>, ReadError> {
    let mut bytes = vec![0; frame.length as usize];
    File::open(&file.path)
        .and_then(|handle| handle.read_exact_at(&mut bytes, u64::from(frame.offset)))
        .map_err(|source| ReadError::Storage { path: file.path.clone(), source })?;
    unpack(file, frame.sequence, &bytes).map(|(block, _)| block).map_err(|reason| damaged(file, frame, &reason))
}

fn damaged(file: &LogFile, frame: &Frame, reason: &dyn std::fmt::Display) -> ReadError {
    let (path, offset) = (file.path.clone(), u64::from(frame.offset));
    ReadError::Damaged { path, sequence: frame.sequence, offset, reason: reason.to_string() }
}
