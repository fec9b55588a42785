//! Reading a log back: what follows a frame. What was acknowledged a moment ago is there.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use crate::encoding::Events;
use crate::error::ReadError;
use crate::index::{Frame, IsTrimmed, LogFile, NameSet};
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
///
/// # Errors
/// Also if what lies behind `after` was trimmed: whoever follows is told up to where.
pub(crate) fn follow(log: &Log, after: u64, names: &[&str], limit: usize) -> Result<Following, ReadError> {
    // The end first: whatever lies before it had its name numbered before it was written.
    let end = log.index().last();
    let codes: NameSet = {
        let known = log.names();
        names.iter().filter_map(|name| known.known(name)).collect()
    };
    let frames = log.index().following(after, end, codes, LOOK);
    let (upto, frames) = frames.map_err(|IsTrimmed(upto)| ReadError::Trimmed { log: log.id.0, upto })?;
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
    let handle = File::open(&file.path).map_err(storage(file))?;
    let block = load(file, &handle, frame)?;
    let mut found = Vec::new();
    for (event, index) in Events::of(&block).zip(0..) {
        let event = event.map_err(|error| damaged(file, frame, &error))?;
        if names.contains(&event.name) {
            let event = event.to_event().map_err(|error| damaged(file, frame, &error))?;
            found.push((Arrival { log: log.id, sequence: frame.sequence, index }, event));
        }
    }
    Ok(found)
}

/// What lies in a log behind a frame. Its files are held open: that they are removed meanwhile does no harm.
pub(crate) struct Rest {
    id: LogId,
    /// The sequence of the last frame.
    pub(crate) upto: u64,
    frames: Vec<(Arc<LogFile>, Arc<File>, Frame)>,
}

/// What lies behind `after`.
///
/// # Errors
/// If it was trimmed: who asks has not seen the newest parts.
pub(crate) fn rest(log: &Log, after: u64) -> Result<Rest, ReadError> {
    let frames = log.index().behind(after);
    let frames = frames.map_err(|IsTrimmed(upto)| ReadError::Trimmed { log: log.id.0, upto })?;
    let upto = frames.last().map_or(after, |(_, frame)| frame.sequence);
    let mut open: Option<(u32, Arc<File>)> = None;
    let mut with_handle = |(file, frame): (Arc<LogFile>, Frame)| {
        let handle = match &open {
            Some((number, handle)) if *number == frame.file => Arc::clone(handle),
            _ => Arc::new(File::open(&file.path).map_err(storage(&file))?),
        };
        open = Some((frame.file, Arc::clone(&handle)));
        Ok((file, handle, frame))
    };
    let frames = frames.into_iter().map(&mut with_handle).collect::<Result<_, ReadError>>()?;
    Ok(Rest { id: log.id, upto, frames })
}

impl Rest {
    /// Which log it is of.
    pub(crate) const fn log(&self) -> LogId {
        self.id
    }

    /// Shows every event in order of arrival.
    pub(crate) fn each(&self, mut each: impl FnMut(Arrival, Event)) -> Result<(), ReadError> {
        for (file, handle, frame) in &self.frames {
            let block = load(file, handle, frame)?;
            for (event, index) in Events::of(&block).zip(0..) {
                let event = event.and_then(|event| event.to_event()).map_err(|error| damaged(file, frame, &error))?;
                each(Arrival { log: self.id, sequence: frame.sequence, index }, event);
            }
        }
        Ok(())
    }
}

fn storage(file: &LogFile) -> impl FnOnce(io::Error) -> ReadError + use<> {
    let path = file.path.clone();
    move |source| ReadError::Storage { path, source }
}

fn load(file: &LogFile, handle: &File, frame: &Frame) -> Result<Vec<u8>, ReadError> {
    let mut bytes = vec![0; frame.length as usize];
    handle.read_exact_at(&mut bytes, u64::from(frame.offset)).map_err(storage(file))?;
    unpack(file, frame.sequence, &bytes).map(|(block, _)| block).map_err(|reason| damaged(file, frame, &reason))
}

fn damaged(file: &LogFile, frame: &Frame, reason: &dyn std::fmt::Display) -> ReadError {
    let (path, offset) = (file.path.clone(), u64::from(frame.offset));
    ReadError::Damaged { path, sequence: frame.sequence, offset, reason: reason.to_string() }
}
