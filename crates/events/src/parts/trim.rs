//! Trimming: log files go once everything that they hold is in parts, so that an event is kept once.
//!
//! A file goes when all of it is sealed, whoever follows the log has passed it, a copy of what it holds would be recognised
//! no more (a start reads the window's messages from the log), and each of its events was found in the parts that were
//! read for it. The mark ([`Mark`]) is durable before a file is removed, and the manifest before the mark. A crash between
//! two of these steps leaves files that nobody reads any more: the next look removes them.
//!
//! A file that is damaged or that cannot be opened stays, and with it what lies behind: it goes on being named.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::Read as _;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{UInt32Type, UInt64Type};

use super::error::PartError;
use super::manifest::{Manifest, PartEntry};
use super::schema::Fixed;
use super::store::Parts;
use crate::disk;
use crate::encoding::EventRef;
use crate::format::Header;
use crate::index::{Frame, LogFile};
use crate::inspect::{Folder, Inspection, inspect};
use crate::open::is_edge_name;
use crate::record::LogId;
use crate::recover::{Visitor, read_file};
use crate::trimmed::{self, Mark};

/// What was trimmed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trimming {
    /// Log files that are in parts only from now on.
    pub files: u64,
    /// Events that they held.
    pub events: u64,
    /// Files that were removed. An edge that is another user removes its own.
    pub removed: u64,
}

impl Parts {
    /// Up to which frame each log may be trimmed once whoever follows it has passed that. Logs of which nothing may go are left out.
    pub fn trimmable(&self) -> Result<BTreeMap<LogId, u64>, PartError> {
        let state = self.state()?;
        let mut trimmable = BTreeMap::new();
        for inspection in self.inspect_logs()? {
            let log = LogId::of(&inspection.folder.edge, self.environment);
            let sealed = state.manifest.sealed.get(&log.0).copied().unwrap_or(0);
            let ends = (0..inspection.files.len()).map_while(|at| self.end(&inspection, at, sealed).transpose());
            if let Some(end) = ends.last().transpose()?.filter(|end| *end > inspection.report.trimmed.upto) {
                trimmable.insert(log, end);
            }
        }
        Ok(trimmable)
    }

    /// Trims the logs, each at most up to the caller's `floor`: what lies above has not been passed by everybody who follows it.
    /// A log without a floor keeps its files.
    pub fn trim_logs(&self, floor: &BTreeMap<LogId, u64>) -> Result<Trimming, PartError> {
        let state = self.state()?;
        // One that cannot be read is not made anew, though nothing may be to be trimmed.
        self.mark()?;
        let mut done = Trimming::default();
        for inspection in self.inspect_logs()? {
            let folder = &inspection.folder;
            let log = LogId::of(&folder.edge, self.environment);
            let upto =
                state.manifest.sealed.get(&log.0).zip(floor.get(&log)).map_or(0, |(sealed, floor)| *sealed.min(floor));
            let mut trimmed = inspection.report.trimmed.upto;
            for at in 0..inspection.files.len() {
                let Some(end) = self.end(&inspection, at, upto)? else { break };
                let Some(events) = self.events_in_parts(&inspection, at, &state.manifest)? else { break };
                if end <= trimmed {
                    // It failed before anything of it was acknowledged: it goes with what follows.
                    continue;
                }
                trimmed = end;
                let mut mark = self.mark()?;
                mark.add(&folder.edge, end, events);
                self.store_mark(&mark)?;
                (done.files, done.events) = (done.files + 1, done.events + events);
            }
            done.removed += trimmed::remove_below(folder, trimmed).map_err(PartError::storage(&folder.path))?;
        }
        Ok(done)
    }

    /// The logs of all edges.
    fn inspect_logs(&self) -> Result<Vec<Inspection>, PartError> {
        let logs = self.data.join("log");
        let mut found = Vec::new();
        for edge in disk::names(&logs).map_err(PartError::storage(&logs))?.into_iter().filter(|name| is_edge_name(name))
        {
            let folder = Folder::new(&self.data, &edge, self.environment);
            if folder.path.is_dir() {
                found.push(inspect(folder, self.log_keys.as_ref())?);
            }
        }
        Ok(found)
    }

    /// The last frame of a file that is followed by another, if it is at or below `upto` and old enough by the other's header.
    fn end(&self, inspection: &Inspection, at: usize, upto: u64) -> Result<Option<u64>, PartError> {
        let Some(next) = inspection.boundary(at).filter(|next| *next <= upto.saturating_add(1)) else {
            return Ok(None);
        };
        let path = inspection.folder.path.join(inspection.files[at + 1].name.to_string());
        let mut bytes = Vec::new();
        let read = File::open(&path).and_then(|file| file.take(4_096).read_to_end(&mut bytes));
        read.map_err(PartError::storage(&path))?;
        // Whatever a file holds was received before the next one was begun, unless the clock was set back: see below.
        let begun = Header::read(&bytes).map(|(header, _)| header.opened);
        Ok(begun.is_ok_and(|begun| begun.micros() <= self.oldest()).then(|| next.saturating_sub(1)))
    }

    /// What was received before is recognised no more.
    fn oldest(&self) -> i64 {
        self.clock.now().minus(self.options.duplicate_window).micros()
    }

    /// How many events a file holds, if all of it can be read, is old enough and is in parts.
    fn events_in_parts(
        &self,
        inspection: &Inspection,
        at: usize,
        manifest: &Manifest,
    ) -> Result<Option<u64>, PartError> {
        let environment = self.environment;
        let Ok(opened) = &inspection.files[at].state else {
            tracing::warn!(%environment, file = %inspection.files[at].name, "an unusable log file is not trimmed");
            return Ok(None);
        };
        let mut contents = Contents::new(manifest);
        let (_, judged, _, events) = read_file(inspection, at, opened, &mut contents)?;
        if let Some(loss) = judged.findings.iter().find(|finding| finding.kind.is_loss()) {
            tracing::warn!(%environment, "a damaged log file is not trimmed: {loss}");
            return Ok(None);
        }
        if contents.received.is_some_and(|(_, newest)| newest > self.oldest()) {
            return Ok(None);
        }
        self.look_for(&mut contents, LogId::of(&inspection.folder.edge, environment), manifest)?;
        let Some(missing) = contents.missing() else { return Ok(Some(events)) };
        let reason = format!("frame {missing} is sealed, but not all of its events are in parts: the file is kept");
        Err(PartError::damaged(&opened.file.path, reason))
    }

    /// Looks for what a file holds in the parts that may have it: as it is, or the copy that another log had first.
    fn look_for(&self, contents: &mut Contents<'_>, log: LogId, manifest: &Manifest) -> Result<(), PartError> {
        let Some((first, last)) = contents.received else { return Ok(()) };
        for part in manifest.parts.iter().filter(|part| part.logs.contains(&log.0)) {
            if part.bounds.received.0 <= last && first <= part.bounds.received.1 {
                self.look_for_arrivals(contents, log, part)?;
            }
        }
        let copied = contents.messages_missing();
        if copied.is_empty() {
            return Ok(());
        }
        let window = i64::try_from(self.options.duplicate_window.as_micros()).unwrap_or(i64::MAX);
        let (first, last) = (first.saturating_sub(window), last.saturating_add(window));
        let mut found = HashSet::new();
        for part in manifest.parts.iter().filter(|part| part.logs.iter().any(|other| *other != log.0)) {
            if part.bounds.received.0 < last && first < part.bounds.received.1 {
                self.look_for_messages(&copied, &mut found, part)?;
            }
        }
        contents.are_copies(&found);
        if !manifest.erased.whole.is_empty() || manifest.retained.is_some() {
            // The copy that stayed may have been another person's, or of another time, and gone since: nobody can tell.
            contents.are_copies(&copied);
        }
        Ok(())
    }

    fn look_for_arrivals(&self, contents: &mut Contents<'_>, log: LogId, part: &PartEntry) -> Result<(), PartError> {
        let part = self.part(part)?;
        let columns = [Fixed::Log, Fixed::Sequence, Fixed::Index].map(|column| column as usize);
        for (group, about) in part.groups.iter().enumerate() {
            let batch = part.batch(group, 0..about.rows, &columns)?;
            let logs = batch.column(0).as_primitive_opt::<UInt64Type>();
            let sequences = batch.column(1).as_primitive_opt::<UInt64Type>();
            let indexes = batch.column(2).as_primitive_opt::<UInt32Type>();
            let (Some(logs), Some(sequences), Some(indexes)) = (logs, sequences, indexes) else {
                return Err(PartError::damaged(&part.path, "a column has another type"));
            };
            for ((of, sequence), index) in logs.values().iter().zip(sequences.values()).zip(indexes.values()) {
                if *of == log.0 {
                    contents.is_there(*sequence, *index);
                }
            }
        }
        Ok(())
    }

    fn look_for_messages(
        &self,
        wanted: &HashSet<[u8; 16]>,
        found: &mut HashSet<[u8; 16]>,
        part: &PartEntry,
    ) -> Result<(), PartError> {
        let part = self.part(part)?;
        for (group, about) in part.groups.iter().enumerate() {
            let batch = part.batch(group, 0..about.rows, &[Fixed::Message as usize])?;
            let messages = batch.column(0).as_fixed_size_binary_opt();
            let messages = messages.ok_or_else(|| PartError::damaged(&part.path, "a column has another type"))?;
            let hashes = messages.iter().flatten().filter_map(|message| <[u8; 16]>::try_from(message).ok());
            found.extend(hashes.filter(|message| wanted.contains(message)));
        }
        Ok(())
    }

    pub(super) fn mark(&self) -> Result<Mark, PartError> {
        Ok(Mark::load(&self.data, self.environment, self.log_keys.as_ref())?)
    }

    pub(super) fn store_mark(&self, mark: &Mark) -> Result<(), PartError> {
        Ok(mark.store(&self.data, self.environment, self.log_keys.as_ref(), self.rng.as_ref())?)
    }
}

/// What a file holds, and what of it was found in parts.
struct Contents<'a> {
    manifest: &'a Manifest,
    /// The frames' sequences, and where their events begin.
    frames: Vec<(u64, usize)>,
    begins: usize,
    messages: Vec<[u8; 16]>,
    /// Whether it is in a part, or is to be in none.
    found: Vec<bool>,
    /// When the first and the last were received.
    received: Option<(i64, i64)>,
}

impl<'a> Contents<'a> {
    const fn new(manifest: &'a Manifest) -> Self {
        Self { manifest, frames: Vec::new(), begins: 0, messages: Vec::new(), found: Vec::new(), received: None }
    }

    fn is_there(&mut self, sequence: u64, index: u32) {
        let Ok(at) = self.frames.binary_search_by_key(&sequence, |(sequence, _)| *sequence) else { return };
        let end = self.frames.get(at + 1).map_or(self.found.len(), |(_, begins)| *begins);
        let place = self.frames[at].1 + index as usize;
        if place < end {
            self.found[place] = true;
        }
    }

    fn messages_missing(&self) -> HashSet<[u8; 16]> {
        self.messages.iter().zip(&self.found).filter(|(_, found)| !**found).map(|(message, _)| *message).collect()
    }

    fn are_copies(&mut self, messages: &HashSet<[u8; 16]>) {
        for (message, found) in self.messages.iter().zip(&mut self.found) {
            *found |= messages.contains(message);
        }
    }

    /// The sequence of the first frame of which something was not found.
    fn missing(&self) -> Option<u64> {
        let place = self.found.iter().position(|found| !found)?;
        let frame = self.frames.partition_point(|(_, begins)| *begins <= place).checked_sub(1)?;
        Some(self.frames[frame].0)
    }
}

impl Visitor for Contents<'_> {
    fn file(&mut self, _: &Arc<LogFile>) -> u32 {
        0
    }

    fn event(&mut self, event: &EventRef<'_>) {
        let too_old = self.manifest.retained.is_some_and(|before| event.time < before);
        self.found.push(too_old || self.manifest.erased.whole.contains(&event.person));
        self.messages.push(event.message);
        let (first, last) = self.received.unwrap_or((event.received, event.received));
        self.received = Some((first.min(event.received), last.max(event.received)));
    }

    fn frame(&mut self, frame: Frame) {
        self.frames.push((frame.sequence, self.begins));
        self.begins = self.found.len();
    }
}
