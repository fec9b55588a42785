//! What opening or verifying a log found. Printed by `pilotfish events verify`, logged at start.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use base::id::EnvironmentId;

use crate::trimmed::Trimmed;

/// All logs that were looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub logs: Vec<LogReport>,
    /// Names below `log/` that belong to no log.
    pub strays: Vec<PathBuf>,
}

/// One log: an edge's, of one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogReport {
    pub edge: String,
    pub environment: EnvironmentId,
    pub files: u64,
    /// Files that were left for the next time ([`crate::Again`]): what they hold is not counted.
    pub unread: u64,
    pub bytes: u64,
    pub frames: u64,
    pub events: u64,
    /// What was here once and is in parts only.
    pub trimmed: Trimmed,
    /// The sequence that the next frame gets.
    pub next: u64,
    pub findings: Vec<Finding>,
    /// What lies in the log's `quarantine/`.
    pub quarantined: Vec<PathBuf>,
}

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub kind: FindingKind,
    /// The file, relative to the data folder.
    pub file: PathBuf,
    /// Where in the file, and how many bytes.
    pub bytes: Range<u64>,
    /// The frames concerned, as far as is known.
    pub frames: Range<u64>,
    pub reason: String,
}

/// What kind of finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingKind {
    /// The end of the last write before a crash: never acknowledged. Opening cuts it into quarantine.
    TornTail,
    /// What a failed write left behind where a later file goes on: never acknowledged. Opening cuts it into quarantine.
    Superseded,
    /// Acknowledged bytes were changed. Left in place; the rest of the file is read.
    Damaged,
    /// Acknowledged frames are not there.
    Missing,
    /// A file's header cannot be used, and so neither can the file.
    Header,
    /// The key of the file is not to be had.
    Key,
    /// The published durable offset cannot be read: nothing is lost, but a lost tail would not be noticed.
    DurableOffset,
    /// What was trimmed cannot be read: it counts as missing.
    TrimMark,
    /// A file that does not belong here.
    Stray,
}

impl FindingKind {
    /// Whether acknowledged events are lost or out of reach.
    pub const fn is_loss(self) -> bool {
        matches!(self, Self::Damaged | Self::Missing | Self::Header | Self::Key)
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::TornTail => "torn tail",
            Self::Superseded => "superseded",
            Self::Damaged => "damaged",
            Self::Missing => "missing",
            Self::Header => "unusable header",
            Self::Key => "no key",
            Self::DurableOffset => "unreadable durable offset",
            Self::TrimMark => "unreadable trim mark",
            Self::Stray => "stray file",
        }
    }
}

impl Report {
    /// Every finding.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.logs.iter().flat_map(|log| &log.findings)
    }

    /// Whether every acknowledged event is whole.
    pub fn is_whole(&self) -> bool {
        !self.findings().any(|finding| finding.kind.is_loss())
    }

    /// Whether every file was read, now or when it was seen last.
    pub fn is_complete(&self) -> bool {
        self.logs.iter().all(|log| log.unread == 0)
    }

    /// How many events there are in files of the log.
    pub fn events(&self) -> u64 {
        self.logs.iter().map(|log| log.events).sum()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, file, bytes, frames, reason } = self;
        write!(f, "{}: {}", kind.as_str(), file.display())?;
        if !frames.is_empty() {
            write!(f, ", frame {}", frames.start)?;
            if frames.end > frames.start + 1 {
                write!(f, " to {}", frames.end - 1)?;
            }
        }
        if !bytes.is_empty() {
            write!(f, ", bytes {} to {}", bytes.start, bytes.end - 1)?;
        }
        write!(f, ": {reason}")
    }
}

impl fmt::Display for LogReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { edge, environment, files, bytes, frames, events, .. } = self;
        writeln!(f, "{edge} {environment}: {events} events in {frames} frames, {files} files, {bytes} bytes")?;
        if self.trimmed.upto > 0 {
            let Trimmed { upto, events } = self.trimmed;
            writeln!(f, "  {events} events up to frame {upto} were trimmed: they are in parts only")?;
        }
        self.findings.iter().try_for_each(|finding| writeln!(f, "  {finding}"))?;
        self.quarantined.iter().try_for_each(|path| writeln!(f, "  in quarantine: {}", path.display()))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.logs.iter().try_for_each(|log| write!(f, "{log}"))?;
        self.strays.iter().try_for_each(|path| writeln!(f, "belongs to no log: {}", path.display()))
    }
}
