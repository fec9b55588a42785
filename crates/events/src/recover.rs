//! Makes a log fit for use after whatever ended the process before: reads every frame, cuts what was never
//! acknowledged into `quarantine/`, and makes durable what it keeps.
//!
//! The last file's frames beyond the published durable offset may be in the page cache only, and after a failed sync the
//! kernel may hold them for clean: they are written again, byte for byte in place, and synced, before anything counts on
//! them. That is no append: no new bytes, no nonce used twice.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::disk;
use crate::encoding::{DecodeError, EventRef, Events};
use crate::error::OpenError;
use crate::format::{Durable, FrameError};
use crate::index::{Frame, Holds, Index, LogFile};
use crate::inspect::{Folder, Inspection, Judged, Opened, QUARANTINE, inspect, storage};
use crate::log_keys::LogKeys;
use crate::report::{Finding, FindingKind, LogReport};
use crate::scan::Segment;

/// Whether files are only looked at or also put in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Verify,
    Recover,
}

/// Takes each event that counts, in order of arrival.
pub(crate) trait Visitor {
    fn file(&mut self, file: &Arc<LogFile>) -> u32;
    fn event(&mut self, event: &EventRef<'_>);
    /// The frame whose events were just given.
    fn frame(&mut self, frame: Frame);
}

/// Counts and forgets.
pub(crate) struct Nothing;

impl Visitor for Nothing {
    fn file(&mut self, _: &Arc<LogFile>) -> u32 {
        0
    }

    fn event(&mut self, _: &EventRef<'_>) {}

    fn frame(&mut self, _: Frame) {}
}

/// Reads a whole log.
pub(crate) fn recover(
    folder: Folder,
    keys: &dyn LogKeys,
    mode: Mode,
    visitor: &mut dyn Visitor,
) -> Result<LogReport, OpenError> {
    let mut inspection = inspect(folder, keys)?;
    let mut next = inspection.report.next;
    for at in 0..inspection.files.len() {
        if let Some((finding, torn)) = inspection.judge_unusable(at) {
            next = next.max(finding.frames.end).max(inspection.files[at].name.first);
            if torn && mode == Mode::Recover {
                let path = inspection.folder.path.join(inspection.files[at].name.to_string());
                set_aside(&inspection.folder, &path).map_err(storage(&path))?;
            }
            inspection.report.findings.push(finding);
        } else if let Ok(opened) = &inspection.files[at].state {
            let (bytes, mut judged, frames, events) = read_file(&inspection, at, opened, visitor)?;
            next = next.max(judged.next);
            if mode == Mode::Recover {
                let last = inspection.boundary(at).is_none();
                settle(&inspection, opened, &bytes, &judged, last).map_err(storage(&opened.file.path))?;
            }
            inspection.report.frames += frames;
            inspection.report.events += events;
            inspection.report.findings.append(&mut judged.findings);
        }
    }
    inspection.report.next = next.max(inspection.published_next());
    Ok(inspection.report)
}

/// Reads a usable file and judges it: its bytes, what of them counts, and how many frames and events that is.
pub(crate) fn read_file(
    inspection: &Inspection,
    at: usize,
    opened: &Opened,
    visitor: &mut dyn Visitor,
) -> Result<(Vec<u8>, Judged, u64, u64), OpenError> {
    let bytes = fs::read(&opened.file.path).map_err(storage(&opened.file.path))?;
    let mut judged = inspection.judge(at, opened, &bytes);
    let (frames, events) = visit(inspection, opened, &bytes, &mut judged, visitor);
    Ok((bytes, judged, frames, events))
}

/// Hands the events of whole frames to the visitor; a frame whose block can't be read becomes a finding.
fn visit(
    inspection: &Inspection,
    opened: &Opened,
    bytes: &[u8],
    judged: &mut Judged,
    visitor: &mut dyn Visitor,
) -> (u64, u64) {
    let number = visitor.file(&opened.file);
    let (mut frames, mut events) = (0, 0);
    for segment in &judged.frames {
        let Segment::Whole { sequence, offset, length, .. } = *segment else { continue };
        let taken = unpack(&opened.file, sequence, &bytes[offset..]).and_then(|(block, count)| {
            decode(&block, count)?.iter().for_each(|event| visitor.event(event));
            Ok(count)
        });
        match taken {
            Ok(count) => {
                let place = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
                visitor.frame(Frame {
                    sequence,
                    file: number,
                    offset: place(offset),
                    length: place(length),
                    holds: Holds::default(),
                });
                frames += 1;
                events += u64::from(count);
            }
            Err(reason) => judged.findings.push(Finding {
                kind: FindingKind::Damaged,
                file: opened.file.path.strip_prefix(&inspection.folder.root).unwrap_or(&opened.file.path).to_owned(),
                bytes: offset as u64..(offset + length) as u64,
                frames: sequence..sequence + 1,
                reason,
            }),
        }
    }
    (frames, events)
}

/// A frame's block, and how many events it says to hold.
pub(crate) fn unpack(file: &LogFile, sequence: u64, bytes: &[u8]) -> Result<(Vec<u8>, u32), String> {
    let (block, _) = file.key.open(sequence, bytes).map_err(|error| error.to_string())?;
    let count = block.prologue.count;
    block.unpack().map(|block| (block, count)).map_err(|error: FrameError| error.to_string())
}

/// A block's events, if all can be read.
fn decode(block: &[u8], count: u32) -> Result<Vec<EventRef<'_>>, String> {
    let mut events = Vec::with_capacity(block.len() / 64);
    for event in Events::of(block) {
        let event = event.and_then(|event| event.check().map(|()| event));
        events.push(event.map_err(|error: DecodeError| format!("event {} {error}", events.len()))?);
    }
    if events.len() == count as usize {
        Ok(events)
    } else {
        Err(format!("holds {} events instead of {count}", events.len()))
    }
}

/// Cuts what does not count, and makes durable what does.
fn settle(inspection: &Inspection, opened: &Opened, bytes: &[u8], judged: &Judged, last: bool) -> io::Result<()> {
    let path = &opened.file.path;
    if judged.cut.is_none() && !last {
        return Ok(());
    }
    let file = OpenOptions::new().write(true).open(path)?;
    let end = judged.cut.unwrap_or(bytes.len());
    if end < bytes.len() {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        keep(&inspection.folder, &format!("{name}.{end}"), &bytes[end..])?;
        file.set_len(end as u64)?;
    }
    if last {
        let published = inspection.published.filter(|published| published.file == opened.file.id);
        let from = published.map_or(0, |published| usize::try_from(published.offset).unwrap_or(end)).min(end);
        if from < end {
            disk::write_whole_at(&file, &bytes[from..end], from as u64)?;
        }
    }
    file.sync_all()?;
    disk::sync_folders(&inspection.folder.path, &inspection.folder.root)?;
    if last {
        // What is kept counts from here on, also for those who read along.
        let next = judged.next.max(inspection.published_next());
        let durable = Durable { file: opened.file.id, next, offset: end as u64 };
        let published = disk::open_or_create(&inspection.folder.path.join(Durable::FILE_NAME))?;
        disk::write_whole_at(&published, &durable.to_bytes(), 0)?;
    }
    Ok(())
}

/// Keeps cut bytes in quarantine, durably, before they are cut.
fn keep(folder: &Folder, name: &str, bytes: &[u8]) -> io::Result<()> {
    let quarantine = folder.path.join(QUARANTINE);
    disk::create_folders(&quarantine)?;
    for attempt in 0_u32.. {
        let name = if attempt == 0 { name.to_owned() } else { format!("{name}-{attempt}") };
        match disk::create_new(&quarantine.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(file) => {
                disk::write_whole_at(&file, bytes, 0)?;
                file.sync_all()?;
                break;
            }
        }
    }
    disk::sync_folders(&quarantine, &folder.root)
}

/// Moves a file that was torn at its making into quarantine.
fn set_aside(folder: &Folder, path: &Path) -> io::Result<()> {
    let bytes = fs::read(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    keep(folder, &name, &bytes)?;
    fs::remove_file(path)?;
    File::open(&folder.path)?.sync_all()
}

/// Collects what an index needs.
pub(crate) struct Rebuild<'a, F> {
    pub(crate) index: &'a mut Index,
    /// What was seen of the frame that is being read.
    pub(crate) holds: Holds,
    /// The code of an event's name.
    pub(crate) name: F,
}

impl<F: FnMut(&EventRef<'_>) -> u32> Visitor for Rebuild<'_, F> {
    fn file(&mut self, file: &Arc<LogFile>) -> u32 {
        self.index.add_file(Arc::clone(file))
    }

    fn event(&mut self, event: &EventRef<'_>) {
        self.holds.add((self.name)(event));
    }

    fn frame(&mut self, frame: Frame) {
        self.index.add_frame(Frame { holds: std::mem::take(&mut self.holds), ..frame });
    }
}
