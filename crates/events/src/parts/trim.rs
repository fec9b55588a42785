//! Trimming: log files go once everything that they hold is in parts, so that an event is kept once.
//!
//! A file goes when all of it is sealed, whoever follows the log has passed it, a copy of what it holds would be recognised
//! no more (a start reads the window's messages from the log), and each of its events is accounted for: it was found in a part
//! whose bytes are those that were written, or sealing or a later rewrite wrote down that it was left out ([`LeftOut`]). The
//! mark ([`Mark`]) is durable before a file is removed, and the manifest before the mark. A crash between two of these steps
//! leaves files that nobody reads any more: the next look removes them. A mark that is ahead of the parts is another time's (a copy
//! was put back that had none), and is set aside before anything goes by it.
//!
//! A file that is damaged or that cannot be opened stays, and with it what lies behind, and so does a log whose beginning is
//! missing: it goes on being named.
//!
//! [`LeftOut`]: super::left_out::LeftOut

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::Read as _;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{UInt32Type, UInt64Type};

use super::error::PartError;
use super::format::PartId;
use super::manifest::{Manifest, PartEntry};
use super::schema::Fixed;
use super::store::Parts;
use super::verify;
use crate::disk;
use crate::encoding::EventRef;
use crate::format::Header;
use crate::index::{Frame, LogFile};
use crate::inspect::{Folder, Inspection, inspect};
use crate::open::is_edge_name;
use crate::record::LogId;
use crate::recover::{Visitor, read_file};
use crate::report::FindingKind;
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

/// One look at the logs of an environment, to trim what may go: each is read once.
pub struct TrimLook {
    logs: Vec<LookedAt>,
    trimmable: BTreeMap<LogId, u64>,
    /// Parts whose bytes were compared in this look.
    compared: HashSet<PartId>,
    done: Trimming,
    /// The first thing that went wrong. It holds back its own log only.
    failed: Option<PartError>,
}

/// What becomes of a log's next file.
enum Next {
    Trimmed,
    /// First these parts are to be compared.
    Compare(Vec<PartEntry>),
    /// It stays, and what lies behind.
    Nothing,
}

/// What is known of a file's events.
enum Held {
    /// So many, all accounted for.
    InParts(u64),
    /// Nothing until these parts were compared.
    Compare(Vec<PartEntry>),
    /// It cannot be read whole, or is not old enough.
    Stays,
}

/// A log, and which of its files comes next.
struct LookedAt {
    inspection: Inspection,
    log: LogId,
    at: usize,
    trimmed: u64,
}

impl TrimLook {
    /// Up to which frame each log may be trimmed once whoever follows it has passed that. Logs of which nothing may go are left out.
    pub const fn trimmable(&self) -> &BTreeMap<LogId, u64> {
        &self.trimmable
    }

    /// What was trimmed and removed so far.
    pub const fn done(&self) -> Trimming {
        self.done
    }

    /// What there is, unless something went wrong: the first is told by whoever looks, and the others here.
    fn keep<T>(&mut self, result: Result<T, PartError>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) if self.failed.is_none() => {
                self.failed = Some(error);
                None
            }
            Err(error) => {
                tracing::error!(%error, "an event log is not trimmed");
                None
            }
        }
    }
}

impl Parts {
    /// Looks at the logs of all edges, and removes what was left behind of those that were trimmed before.
    pub fn look_to_trim(&self) -> Result<TrimLook, PartError> {
        let state = self.state()?;
        // One that cannot be read is not made anew, though nothing may be to be trimmed.
        if self.is_ahead(&self.mark()?, &state.manifest) {
            self.set_mark_aside()?;
        }
        let mut look = TrimLook {
            logs: Vec::new(),
            trimmable: BTreeMap::new(),
            compared: HashSet::new(),
            done: Trimming::default(),
            failed: None,
        };
        let logs = self.data.join("log");
        for edge in disk::names(&logs).map_err(PartError::storage(&logs))?.into_iter().filter(|name| is_edge_name(name))
        {
            let folder = Folder::new(&self.data, &edge, self.environment);
            if folder.path.is_dir() {
                let looked_at = self.look_at(folder, &state.manifest, &mut look);
                let kept = look.keep(looked_at);
                look.logs.extend(kept);
            }
        }
        Ok(look)
    }

    /// Trims the next file that may go, if there is one at or below the caller's `floor`: what lies above has not been passed
    /// by everybody who follows its log, and a log without a floor keeps its files. Whether there was one: call it again
    /// until there is none. One that must stay keeps what lies behind it, and no other log's.
    ///
    /// # Errors
    /// Once there is none, what kept a log from being trimmed, if something did.
    pub fn trim_due(&self, look: &mut TrimLook, floor: &BTreeMap<LogId, u64>) -> Result<bool, PartError> {
        while let Some(mut of) = look.logs.pop() {
            let state = self.state()?;
            let sealed = state.manifest.sealed.get(&of.log.0).copied().unwrap_or(0);
            let upto = floor.get(&of.log).map_or(0, |floor| sealed.min(*floor));
            let next = self.trim_next(&mut of, upto, &state.manifest, look);
            drop(state);
            match look.keep(next) {
                Some(Next::Trimmed) => {
                    look.logs.push(of);
                    return Ok(true);
                }
                Some(Next::Compare(parts)) => {
                    let compared = self.compare(&parts, look);
                    if look.keep(compared).is_some() {
                        look.logs.push(of);
                    }
                }
                Some(Next::Nothing) | None => {}
            }
        }
        look.failed.take().map_or(Ok(false), Err)
    }

    /// Compares parts with the manifest: what the columns that are looked at do not show is in these parts only as well, from now
    /// on. It takes long, and others have their turn meanwhile: a part that is gone by then has others in its place.
    fn compare(&self, parts: &[PartEntry], look: &mut TrimLook) -> Result<(), PartError> {
        for entry in parts {
            let compared = verify::compare(&self.folder.join(super::file_name(entry.id)), entry);
            if compared.is_err() && !self.state()?.manifest.parts.iter().any(|part| part.id == entry.id) {
                continue;
            }
            compared?;
            look.compared.insert(entry.id);
        }
        Ok(())
    }

    /// Whether a mark tells of more than is in parts.
    fn is_ahead(&self, mark: &Mark, manifest: &Manifest) -> bool {
        mark.logs().any(|(edge, trimmed)| {
            let log = LogId::of(edge, self.environment);
            trimmed.upto > manifest.sealed.get(&log.0).copied().unwrap_or(0)
        })
    }

    fn set_mark_aside(&self) -> Result<(), PartError> {
        let (path, aside) = (Mark::path(&self.data, self.environment), self.folder.join(trimmed::ASIDE));
        tracing::error!(
            environment = %self.environment, aside = %aside.display(),
            "the trim mark tells of more than is in parts: it is not of their time, and set aside"
        );
        let set = std::fs::rename(&path, aside).and_then(|()| File::open(&self.folder)?.sync_all());
        set.map_err(PartError::storage(&path))
    }

    /// A log as it is, without what was trimmed of it before.
    fn look_at(&self, folder: Folder, manifest: &Manifest, look: &mut TrimLook) -> Result<LookedAt, PartError> {
        let inspection = inspect(folder, self.log_keys.as_ref())?;
        let report = &inspection.report;
        let amiss = report.findings.iter().find(|found| found.kind.is_loss() || found.kind == FindingKind::TrimMark);
        if let Some(found) = amiss {
            // A mark above what is missing would say that it was trimmed.
            return Err(PartError::damaged(&self.data.join(&found.file), format!("{}: the log is kept", found.reason)));
        }
        let (log, trimmed) = (LogId::of(&report.edge, self.environment), report.trimmed.upto);
        let path = &inspection.folder.path;
        look.done.removed +=
            trimmed::remove(&inspection.folder, &inspection.below).map_err(PartError::storage(path))?;
        let sealed = manifest.sealed.get(&log.0).copied().unwrap_or(0);
        let ends = (0..inspection.files.len()).map_while(|at| self.end(&inspection, at, sealed).transpose());
        let ends = ends.collect::<Result<Vec<_>, _>>()?;
        if let Some(end) = ends.last().filter(|end| **end > trimmed) {
            look.trimmable.insert(log, *end);
        }
        Ok(LookedAt { inspection, log, at: 0, trimmed })
    }

    /// Trims a log's next file, if it may go.
    fn trim_next(
        &self,
        of: &mut LookedAt,
        upto: u64,
        manifest: &Manifest,
        look: &mut TrimLook,
    ) -> Result<Next, PartError> {
        while let Some(end) = self.end(&of.inspection, of.at, upto)? {
            let events = match self.events_in_parts(of, manifest, &look.compared)? {
                Held::InParts(events) => events,
                Held::Compare(parts) => return Ok(Next::Compare(parts)),
                Held::Stays => return Ok(Next::Nothing),
            };
            of.at += 1;
            if end <= of.trimmed {
                // It failed before anything of it was acknowledged: it goes with what follows.
                continue;
            }
            let folder = &of.inspection.folder;
            let mut mark = self.mark()?;
            mark.add(&folder.edge, end, events);
            self.store_mark(&mark)?;
            of.trimmed = end;
            (look.done.files, look.done.events) = (look.done.files + 1, look.done.events + events);
            look.done.removed += trimmed::remove_below(folder, end).map_err(PartError::storage(&folder.path))?;
            return Ok(Next::Trimmed);
        }
        Ok(Next::Nothing)
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

    /// How many events the next file holds, if all of it can be read and is old enough.
    ///
    /// # Errors
    /// If they are not all accounted for.
    fn events_in_parts(
        &self,
        of: &LookedAt,
        manifest: &Manifest,
        compared: &HashSet<PartId>,
    ) -> Result<Held, PartError> {
        let (environment, file) = (self.environment, &of.inspection.files[of.at]);
        let Ok(opened) = &file.state else {
            tracing::warn!(%environment, file = %file.name, "an unusable log file is not trimmed");
            return Ok(Held::Stays);
        };
        let mut contents = Contents::default();
        let (_, judged, _, events) = read_file(&of.inspection, of.at, opened, &mut contents)?;
        if let Some(loss) = judged.findings.iter().find(|finding| finding.kind.is_loss()) {
            tracing::warn!(%environment, "a damaged log file is not trimmed: {loss}");
            return Ok(Held::Stays);
        }
        if contents.received.is_some_and(|(_, newest)| newest > self.oldest()) {
            return Ok(Held::Stays);
        }
        if events == 0 {
            // Another file, which begins at the same frame, has what was left out.
            return Ok(Held::InParts(0));
        }
        let parts = contents.may_be_in(of.log, manifest);
        let compare: Vec<_> =
            parts.iter().filter(|part| !compared.contains(&part.id)).map(|part| (*part).clone()).collect();
        if !compare.is_empty() {
            return Ok(Held::Compare(compare));
        }
        for part in parts {
            self.look_through(&mut contents, of.log, part)?;
        }
        let (found, left_out) = (contents.found(), manifest.left_out.of(of.log.0, file.name.first, opened.file.id));
        if found + left_out == events && !contents.others {
            return Ok(Held::InParts(events));
        }
        let others = if contents.others { ", others are in their places" } else { "" };
        let reason = format!(
            "of its {events} events {found} were found in parts{others}, and {left_out} are known to be copies, erased or let go: \
             the file is kept"
        );
        Err(PartError::damaged(&opened.file.path, reason))
    }

    /// Looks for what a file holds in a part.
    fn look_through(&self, contents: &mut Contents, log: LogId, entry: &PartEntry) -> Result<(), PartError> {
        let part = self.part(entry)?;
        let columns = [Fixed::Log, Fixed::Sequence, Fixed::Index, Fixed::Message].map(|column| column as usize);
        for (group, about) in part.groups.iter().enumerate() {
            let batch = part.batch(group, 0..about.rows, &columns)?;
            let logs = batch.column(0).as_primitive_opt::<UInt64Type>();
            let sequences = batch.column(1).as_primitive_opt::<UInt64Type>();
            let indexes = batch.column(2).as_primitive_opt::<UInt32Type>();
            let messages = batch.column(3).as_fixed_size_binary_opt();
            let (Some(logs), Some(sequences), Some(indexes), Some(messages)) = (logs, sequences, indexes, messages)
            else {
                return Err(PartError::damaged(&part.path, "a column has another type"));
            };
            for row in (0..batch.num_rows()).filter(|row| logs.value(*row) == log.0) {
                contents.is_there(sequences.value(row), indexes.value(row), messages.value(row));
            }
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
#[derive(Default)]
struct Contents {
    /// The frames' sequences, and where their events begin.
    frames: Vec<(u64, usize)>,
    begins: usize,
    messages: Vec<[u8; 16]>,
    /// Whether it is in a part.
    found: Vec<bool>,
    /// Whether another event is in the place of one of these: of a log that this one was put in the place of.
    others: bool,
    /// When the first and the last were received.
    received: Option<(i64, i64)>,
}

impl Contents {
    /// A part has an event of this place. It is the same one only if it is the same message.
    fn is_there(&mut self, sequence: u64, index: u32, message: &[u8]) {
        let Ok(at) = self.frames.binary_search_by_key(&sequence, |(sequence, _)| *sequence) else { return };
        let end = self.frames.get(at + 1).map_or(self.found.len(), |(_, begins)| *begins);
        let place = self.frames[at].1 + index as usize;
        if place < end {
            let same = self.messages[place] == message;
            self.found[place] |= same;
            self.others |= !same;
        }
    }

    /// The parts that may have any of it.
    fn may_be_in<'m>(&self, log: LogId, manifest: &'m Manifest) -> Vec<&'m PartEntry> {
        let Some((first, last)) = self.received else { return Vec::new() };
        let may = |part: &&PartEntry| {
            part.logs.contains(&log.0) && part.bounds.received.0 <= last && first <= part.bounds.received.1
        };
        manifest.parts.iter().filter(may).collect()
    }

    fn found(&self) -> u64 {
        self.found.iter().filter(|found| **found).count() as u64
    }
}

impl Visitor for Contents {
    fn file(&mut self, _: &Arc<LogFile>) -> u32 {
        0
    }

    fn event(&mut self, event: &EventRef<'_>) {
        self.found.push(false);
        self.messages.push(event.message);
        let (first, last) = self.received.unwrap_or((event.received, event.received));
        self.received = Some((first.min(event.received), last.max(event.received)));
    }

    fn frame(&mut self, frame: Frame) {
        self.frames.push((frame.sequence, self.begins));
        self.begins = self.found.len();
    }
}

impl std::fmt::Debug for TrimLook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TrimLook").field("trimmable", &self.trimmable).field("done", &self.done).finish_non_exhaustive()
    }
}
