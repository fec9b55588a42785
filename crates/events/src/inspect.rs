//! Looks at one log's folder without changing it: which frames count, which do not, and why.
//!
//! A file ends where the next usable one begins. What an earlier file holds beyond was never acknowledged: it was left
//! by a write that failed, after which the same sequences were given again. In the last file, whatever is broken is a
//! torn tail if no frame from there on can have been acknowledged: the published durable offset and the durable
//! sequence that each frame carries say up to where some were. Otherwise it is damage.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::id::EnvironmentId;

use crate::disk;
use crate::error::OpenError;
use crate::format::{Durable, FileName, Header};
use crate::index::LogFile;
use crate::log_keys::LogKeys;
use crate::report::{Finding, FindingKind, LogReport};
use crate::scan::{Segment, scan};
use crate::trimmed::{self, Mark, MarkError, Trimmed};

/// The folder in which a log keeps what was cut.
pub(crate) const QUARANTINE: &str = "quarantine";

/// A log's folder.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    /// The data folder.
    pub(crate) root: PathBuf,
    pub(crate) path: PathBuf,
    pub(crate) edge: String,
    pub(crate) environment: EnvironmentId,
}

impl Folder {
    pub(crate) fn new(root: &Path, edge: &str, environment: EnvironmentId) -> Self {
        let path = root.join("log").join(edge).join(environment.to_string());
        Self { root: root.to_owned(), path, edge: edge.to_owned(), environment }
    }

    /// A path as reports name it.
    pub(crate) fn relative(&self, name: &str) -> PathBuf {
        let path = self.path.join(name);
        path.strip_prefix(&self.root).map(Path::to_owned).unwrap_or(path)
    }
}

/// A file of the log, as far as its header tells.
pub(crate) struct Candidate {
    pub(crate) name: FileName,
    pub(crate) length: u64,
    pub(crate) state: Result<Opened, (FindingKind, String)>,
}

/// A file whose header is genuine.
pub(crate) struct Opened {
    pub(crate) file: Arc<LogFile>,
    /// Where its frames begin.
    pub(crate) start: usize,
}

/// What of a file counts, and what is to be done about the rest.
pub(crate) struct Judged {
    pub(crate) frames: Vec<Segment>,
    pub(crate) findings: Vec<Finding>,
    /// From here on it was never acknowledged.
    pub(crate) cut: Option<usize>,
    /// The sequence that follows.
    pub(crate) next: u64,
}

/// A log's files, with what their headers say.
pub(crate) struct Inspection {
    pub(crate) folder: Folder,
    /// Files that hold nothing but what was trimmed: they are about to go, and looked at no more.
    pub(crate) below: Vec<FileName>,
    pub(crate) files: Vec<Candidate>,
    pub(crate) published: Option<Durable>,
    pub(crate) report: LogReport,
}

pub(crate) fn storage(path: &Path) -> impl FnOnce(io::Error) -> OpenError {
    let path = path.to_owned();
    move |source| OpenError::Storage { path, source }
}

/// How often a log is looked at again because files of it were trimmed meanwhile.
const LOOKS: u32 = 8;

/// Looks at a log, and again if a file goes while it is looked at.
pub(crate) fn while_trimmed<T>(mut look: impl FnMut() -> Result<T, OpenError>) -> Result<T, OpenError> {
    let mut looks = 1;
    loop {
        match look() {
            Err(OpenError::Storage { source, .. }) if source.kind() == io::ErrorKind::NotFound && looks < LOOKS => {
                looks += 1;
            }
            other => return other,
        }
    }
}

/// Looks at a log until nothing of it was trimmed meanwhile, so that what was counted and what was trimmed make one whole.
pub(crate) fn steadily(
    folder: &Folder,
    keys: &dyn LogKeys,
    mut look: impl FnMut(Folder) -> Result<LogReport, OpenError>,
) -> Result<LogReport, OpenError> {
    for _ in 1..LOOKS {
        let report = while_trimmed(|| look(folder.clone()))?;
        let now = Mark::load(&folder.root, folder.environment, keys);
        if now.is_err() || now.is_ok_and(|mark| mark.of(&folder.edge) == report.trimmed) {
            return Ok(report);
        }
    }
    look(folder.clone())
}

/// Reads the folder and the headers.
pub(crate) fn inspect(folder: Folder, keys: &dyn LogKeys) -> Result<Inspection, OpenError> {
    while_trimmed(|| inspect_once(folder.clone(), keys))
}

fn inspect_once(folder: Folder, keys: &dyn LogKeys) -> Result<Inspection, OpenError> {
    let mut report = LogReport {
        edge: folder.edge.clone(),
        environment: folder.environment,
        files: 0,
        unread: 0,
        bytes: 0,
        frames: 0,
        events: 0,
        trimmed: Trimmed::default(),
        next: 1,
        findings: Vec::new(),
        quarantined: quarantined(&folder)?,
    };
    // Before the files are listed: whatever is below it is then in one of them, though more are begun meanwhile.
    let published = published(&folder, &mut report)?;
    let mut names = Vec::new();
    for name in disk::names(&folder.path).map_err(storage(&folder.path))? {
        if let Some(file_name) = FileName::parse(&name) {
            names.push(file_name);
        } else if name != Durable::FILE_NAME && name != QUARANTINE {
            report.findings.push(whole_file(&folder, &name, FindingKind::Stray, "not a file of the event log"));
        }
    }
    names.sort_unstable();
    // After the files were listed: whatever was trimmed before that is known by then.
    report.trimmed = trimmed(&folder, keys, &mut report.findings);
    let files = names.split_off(trimmed::below(&names, report.trimmed.upto));
    let candidate = |name: FileName| candidate(&folder, name, folder.path.join(name.to_string()), keys);
    let files = files.into_iter().map(candidate).collect::<Result<Vec<_>, _>>()?;
    report.files = files.len() as u64;
    report.bytes = files.iter().map(|file| file.length).sum();
    report.next = report.trimmed.upto + 1;
    let mut inspection = Inspection { folder, below: names, files, published, report };
    inspection.judge_beginning();
    Ok(inspection)
}

/// What was trimmed of this log.
fn trimmed(folder: &Folder, keys: &dyn LogKeys, findings: &mut Vec<Finding>) -> Trimmed {
    let (kind, reason) = match Mark::load(&folder.root, folder.environment, keys) {
        Ok(mark) => return mark.of(&folder.edge),
        // Also one that may not be read: whoever appends goes on from the last file, which is never trimmed.
        Err(MarkError::Storage { source, .. }) => (FindingKind::TrimMark, source.to_string()),
        Err(MarkError::Key { source, .. }) => (FindingKind::Key, source.to_string()),
        Err(MarkError::Damaged { reason, .. }) => (FindingKind::TrimMark, reason),
    };
    let path = Mark::path(&folder.root, folder.environment);
    let file = path.strip_prefix(&folder.root).map(Path::to_owned).unwrap_or(path);
    findings.push(Finding { kind, file, bytes: 0..0, frames: 0..0, reason });
    Trimmed::default()
}

/// The published offset, if there is one.
fn published(folder: &Folder, report: &mut LogReport) -> Result<Option<Durable>, OpenError> {
    let path = folder.path.join(Durable::FILE_NAME);
    let bytes = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(storage(&path))?,
    };
    let published = Durable::from_bytes(&bytes);
    if published.is_none() {
        let reason = "its checksum is wrong";
        report.findings.push(whole_file(folder, Durable::FILE_NAME, FindingKind::DurableOffset, reason));
    }
    Ok(published)
}

fn quarantined(folder: &Folder) -> Result<Vec<PathBuf>, OpenError> {
    let path = folder.path.join(QUARANTINE);
    let names = disk::names(&path).map_err(storage(&path))?;
    Ok(names.iter().map(|name| folder.relative(&format!("{QUARANTINE}/{name}"))).collect())
}

fn whole_file(folder: &Folder, name: &str, kind: FindingKind, reason: &str) -> Finding {
    Finding { kind, file: folder.relative(name), bytes: 0..0, frames: 0..0, reason: reason.to_owned() }
}

/// A file of this name, and what its header says.
pub(crate) fn candidate(
    folder: &Folder,
    name: FileName,
    path: PathBuf,
    keys: &dyn LogKeys,
) -> Result<Candidate, OpenError> {
    let mut bytes = vec![0; 4096];
    let file = fs::File::open(&path).map_err(storage(&path))?;
    let length = file.metadata().map_err(storage(&path))?.len();
    let take = usize::try_from(length).map_or(bytes.len(), |length| length.min(bytes.len()));
    bytes.truncate(take);
    std::os::unix::fs::FileExt::read_exact_at(&file, &mut bytes, 0).map_err(storage(&path))?;
    Ok(Candidate { name, length, state: open_header(folder, name, path, &bytes, keys) })
}

fn open_header(
    folder: &Folder,
    name: FileName,
    path: PathBuf,
    bytes: &[u8],
    keys: &dyn LogKeys,
) -> Result<Opened, (FindingKind, String)> {
    let unusable = |reason: String| (FindingKind::Header, reason);
    let (header, clear) = Header::read(bytes).map_err(|error| unusable(error.to_string()))?;
    if header.environment != folder.environment || header.edge != folder.edge || header.first != name.first {
        return Err(unusable("the header names another log or place than the file's path".to_owned()));
    }
    let key = keys
        .version(folder.environment, header.key_version)
        .map_err(|error| (FindingKind::Key, format!("version {}: {error}", header.key_version)))?;
    let (key, start) = header.open(bytes, clear, &key).map_err(|error| unusable(error.to_string()))?;
    Ok(Opened { file: Arc::new(LogFile { path, id: header.file, key }), start })
}

impl Inspection {
    /// Whether the first file is where it has to be: right behind what was trimmed, or at the log's beginning.
    fn judge_beginning(&mut self) {
        let from = self.report.trimmed.upto + 1;
        let to = self.files.first().map_or(self.published_next(), |file| file.name.first);
        // The last file of a log is never trimmed.
        let none_left = self.files.is_empty() && self.report.trimmed.upto > 0;
        if from < to || none_left {
            let file = self.folder.relative(&FileName { first: from, attempt: 0 }.to_string());
            let reason = if from < to {
                "the files that held these frames are not there, and were not trimmed"
            } else {
                "the log's last file is not there, and it was not trimmed"
            };
            let (kind, reason, frames) = (FindingKind::Missing, reason.to_owned(), from..to.max(from));
            self.report.findings.push(Finding { kind, file, bytes: 0..0, frames, reason });
        }
    }

    /// The first sequence of the file after `at`, unless that one was torn at its making.
    pub(crate) fn boundary(&self, at: usize) -> Option<u64> {
        self.files.get(at + 1).filter(|_| !self.is_torn(at + 1)).map(|file| file.name.first)
    }

    /// Whether the file's making was cut short: it is the last, and none of its frames can have been acknowledged.
    fn is_torn(&self, at: usize) -> bool {
        let unusable = matches!(&self.files[at].state, Err((FindingKind::Header, _)));
        unusable && at + 1 == self.files.len() && self.published_next() <= self.files[at].name.first
    }

    /// The lowest sequence that is not known to have been durable.
    pub(crate) fn published_next(&self) -> u64 {
        self.published.map_or(0, |published| published.next)
    }

    /// Judges an unusable file: a header torn at its making, or a loss.
    pub(crate) fn judge_unusable(&self, at: usize) -> Option<(Finding, bool)> {
        let file = &self.files[at];
        let (kind, reason) = file.state.as_ref().err()?;
        let torn = self.is_torn(at);
        let kind = if torn { FindingKind::TornTail } else { *kind };
        let frames = match self.boundary(at) {
            Some(next) => file.name.first..next.max(file.name.first),
            None => file.name.first..self.published_next().max(file.name.first),
        };
        let file_path = self.folder.relative(&file.name.to_string());
        let finding = Finding { kind, file: file_path, bytes: 0..file.length, frames, reason: reason.clone() };
        Some((finding, torn))
    }

    /// Judges the frames of a usable file.
    pub(crate) fn judge(&self, at: usize, opened: &Opened, bytes: &[u8]) -> Judged {
        let first = self.files[at].name.first;
        let segments = scan(&opened.file.key, bytes, opened.start, first);
        let boundary = self.boundary(at);
        let carried = segments.iter().map(|segment| match segment {
            Segment::Whole { durable, .. } => *durable,
            Segment::Broken { .. } => 0,
        });
        // Below this every frame was acknowledged, or may have been.
        let end = boundary.unwrap_or_else(|| carried.max().unwrap_or(0).max(self.published_next()).max(first));
        let mut judged = Judged { frames: Vec::new(), findings: Vec::new(), cut: None, next: first };
        let file = self.folder.relative(&self.files[at].name.to_string());
        for segment in segments {
            let beyond = segment.sequence() >= end;
            match segment {
                _ if boundary.is_some() && beyond => {
                    let reason = "a later file goes on from here".to_owned();
                    judged.cut(&file, segment.offset(), bytes.len(), FindingKind::Superseded, reason);
                    return judged;
                }
                Segment::Whole { sequence, .. } => {
                    judged.frames.push(segment);
                    judged.next = sequence + 1;
                }
                Segment::Broken { offset, error, .. } if beyond => {
                    judged.cut(&file, offset, bytes.len(), FindingKind::TornTail, error.to_string());
                    return judged;
                }
                Segment::Broken { sequence, next, offset, length, error } => {
                    let next = next.unwrap_or(end).min(end).max(sequence);
                    judged.findings.push(Finding {
                        kind: FindingKind::Damaged,
                        file: file.clone(),
                        bytes: offset as u64..(offset + length) as u64,
                        frames: sequence..next,
                        reason: error.to_string(),
                    });
                    judged.next = next;
                }
            }
        }
        if judged.next < end {
            let (kind, frames) = (FindingKind::Missing, judged.next..end);
            let reason = "these frames were durable and are not there".to_owned();
            judged.findings.push(Finding { kind, file, bytes: 0..0, frames, reason });
            judged.next = end;
        }
        judged
    }
}

impl Judged {
    fn cut(&mut self, file: &Path, offset: usize, end: usize, kind: FindingKind, reason: String) {
        let bytes = offset as u64..end as u64;
        self.findings.push(Finding { kind, file: file.to_owned(), bytes, frames: 0..0, reason });
        self.cut = Some(offset);
    }
}
