//! Verifying parts: every byte of every file against what the manifest says of it, and every row read; or, again and again,
//! the bytes of what was not read before or has changed. Changes nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use base::Timestamp;
use base::id::EnvironmentId;

use super::error::PartError;
use super::format::PartId;
use super::keys::PartKeys;
use super::manifest::{MANIFEST, Manifest, NEXT, PartEntry};
use super::read::Part;
use super::store::LOCK;
use super::{SUFFIX, file_name};
use crate::again::Again;
use crate::disk;
use crate::inspect::Folder;
use crate::log_keys::LogKeys;
use crate::record::LogId;
use crate::trimmed::{self, Mark, MarkError, Trimmed};

/// The parts of all environments, as they were found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartsReport {
    pub environments: Vec<EnvironmentParts>,
    /// Names below `parts/` that belong to no environment.
    pub strays: Vec<PathBuf>,
}

/// The parts of an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentParts {
    pub environment: EnvironmentId,
    pub parts: u64,
    pub events: u64,
    pub bytes: u64,
    /// Events that were taken from logs: those in parts, and those that were copies, erased or let go since.
    pub taken: u64,
    /// Up to which frame each log was taken.
    pub sealed: BTreeMap<LogId, u64>,
    /// Parts that were left for the next time ([`verify_parts_again`]): what they hold is not counted.
    pub unread: u64,
    pub findings: Vec<PartFinding>,
}

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartFinding {
    pub kind: PartFindingKind,
    /// The file, relative to the data folder.
    pub file: PathBuf,
    pub reason: String,
}

/// What kind of finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartFindingKind {
    /// A file that holds events, or says which do, cannot be used or is not there.
    Damaged,
    /// Written and never committed: the next process that writes parts removes it.
    Uncommitted,
    /// A file that does not belong here.
    Stray,
}

impl PartFindingKind {
    /// Whether events are lost or out of reach.
    pub const fn is_loss(self) -> bool {
        matches!(self, Self::Damaged)
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Damaged => "damaged",
            Self::Uncommitted => "never committed",
            Self::Stray => "stray file",
        }
    }
}

impl PartsReport {
    /// Every finding.
    pub fn findings(&self) -> impl Iterator<Item = &PartFinding> {
        self.environments.iter().flat_map(|environment| &environment.findings)
    }

    /// Whether every part is whole.
    pub fn is_whole(&self) -> bool {
        !self.findings().any(|finding| finding.kind.is_loss())
    }

    /// Whether every part was read, now or when it was seen last.
    pub fn is_complete(&self) -> bool {
        self.environments.iter().all(|environment| environment.unread == 0)
    }

    /// How many events are in parts.
    pub fn events(&self) -> u64 {
        self.environments.iter().map(|environment| environment.events).sum()
    }
}

/// Checks the parts of every environment in this data folder. While a process writes parts, what it merges may be looked
/// at anew a few times.
pub fn verify_parts(data: &Path, keys: &dyn PartKeys, log_keys: &dyn LogKeys) -> Result<PartsReport, PartError> {
    verify_each(data, keys, log_keys, &mut |folder, environment, entry| {
        verify_part(folder, environment, entry, keys).map(Some)
    })
}

/// Parts whose bytes were those that were written when they were read last.
#[derive(Debug, Default)]
pub struct RememberedParts(HashMap<PartId, (About, Timestamp)>);

/// What changes with a file's content.
type About = (u64, i64, i64);

/// Does what [`verify_parts`] does, but only compares bytes, and those that were not read before or have changed since; and may
/// be stopped.
pub fn verify_parts_again(
    data: &Path,
    keys: &dyn PartKeys,
    log_keys: &dyn LogKeys,
    again: Again<'_, RememberedParts>,
) -> Result<PartsReport, PartError> {
    let Again { remembered, now, whole_again, go_on } = again;
    let mut seen = HashSet::new();
    let report = verify_each(data, keys, log_keys, &mut |folder, _, entry| {
        seen.insert(entry.id);
        let path = folder.join(file_name(entry.id));
        let file = std::fs::metadata(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => PartError::damaged(&path, "it is not there"),
            _ => PartError::storage(&path)(error),
        })?;
        let about = (file.len(), file.ctime(), file.ctime_nsec());
        let known = remembered.0.get(&entry.id).filter(|(known, _)| *known == about);
        let fresh = known.is_some_and(|(_, read_at)| now.since(*read_at) < whole_again);
        if !fresh && !go_on() {
            return Ok(known.map(|_| entry.rows));
        }
        if !fresh {
            remembered.0.remove(&entry.id);
            compare(&path, entry)?;
            remembered.0.insert(entry.id, (about, now));
        }
        Ok(Some(entry.rows))
    })?;
    remembered.0.retain(|part, _| seen.contains(part));
    Ok(report)
}

/// How a part is verified: how many rows it has, or nothing if it was left for the next time.
type Verify<'a> = &'a mut dyn FnMut(&Path, EnvironmentId, &PartEntry) -> Result<Option<u64>, PartError>;

fn verify_each(
    data: &Path,
    keys: &dyn PartKeys,
    log_keys: &dyn LogKeys,
    verify: Verify<'_>,
) -> Result<PartsReport, PartError> {
    let mut report = PartsReport::default();
    let folder = data.join("parts");
    for name in disk::names(&folder).map_err(PartError::storage(&folder))? {
        match name.parse() {
            Ok(environment) => {
                let mut found = verify_environment(data, environment, keys, verify)?;
                found.findings.extend(verify_mark(data, environment, keys, log_keys)?);
                report.environments.push(found);
            }
            Err(_) => report.strays.push(Path::new("parts").join(name)),
        }
    }
    Ok(report)
}

/// What is wrong with the mark of what was trimmed: that it cannot be read, or that it says of something that is not in parts.
fn verify_mark(
    data: &Path,
    environment: EnvironmentId,
    keys: &dyn PartKeys,
    log_keys: &dyn LogKeys,
) -> Result<Vec<PartFinding>, PartError> {
    let path = Mark::path(data, environment);
    let finding = |reason| {
        let file = path.strip_prefix(data).map(Path::to_owned).unwrap_or(path.clone());
        PartFinding { kind: PartFindingKind::Damaged, file, reason }
    };
    // The mark first: what it says of was in parts before it was written.
    let mark = match Mark::load(data, environment, log_keys) {
        Ok(mark) => mark,
        Err(MarkError::Storage { path, source }) => return Err(PartError::Storage { path, source }),
        Err(MarkError::Key { source, .. }) => return Ok(vec![finding(source.to_string())]),
        Err(MarkError::Damaged { reason, .. }) => return Ok(vec![finding(reason)]),
    };
    // What is wrong with the manifest is said elsewhere.
    let Ok(manifest) = Manifest::load(&super::folder(data, environment), environment, keys) else {
        return Ok(Vec::new());
    };
    let sealed = manifest.unwrap_or_default().sealed;
    let mut findings = Vec::new();
    for (edge, Trimmed { upto, .. }) in mark.logs() {
        let sealed = sealed.get(&LogId::of(edge, environment).0).copied().unwrap_or(0);
        if upto > sealed {
            let reason = format!("the log of {edge} was trimmed up to frame {upto}, but only {sealed} are in parts");
            findings.push(finding(reason));
        }
        // The last file never goes. Where the folder is there, the log's own report names what is missing in it.
        let folder = Folder::new(data, edge, environment).path;
        if !folder.try_exists().map_err(PartError::storage(&folder))? {
            let reason =
                format!("the log of {edge} was trimmed up to frame {upto}, and its folder is not there any more");
            findings.push(finding(reason));
        }
    }
    Ok(findings)
}

/// How often parts are looked at again because they were merged meanwhile.
const TRIES: u32 = 8;

fn verify_environment(
    data: &Path,
    environment: EnvironmentId,
    keys: &dyn PartKeys,
    verify: Verify<'_>,
) -> Result<EnvironmentParts, PartError> {
    let folder = super::folder(data, environment);
    let mut tries = 0;
    loop {
        let before = Manifest::load(&folder, environment, keys);
        let found = verify_once(data, environment, &before, verify)?;
        tries += 1;
        let settled = match (&before, Manifest::load(&folder, environment, keys)) {
            (Ok(before), Ok(after)) => *before == after,
            _ => true,
        };
        if found.findings.is_empty() || settled || tries == TRIES {
            return Ok(found);
        }
    }
}

fn verify_once(
    data: &Path,
    environment: EnvironmentId,
    manifest: &Result<Option<Manifest>, PartError>,
    verify: Verify<'_>,
) -> Result<EnvironmentParts, PartError> {
    let folder = super::folder(data, environment);
    let mut found = EnvironmentParts {
        environment,
        parts: 0,
        events: 0,
        bytes: 0,
        taken: 0,
        sealed: BTreeMap::new(),
        unread: 0,
        findings: Vec::new(),
    };
    let relative = |name: &str| {
        let path = folder.join(name);
        path.strip_prefix(data).map(Path::to_owned).unwrap_or(path)
    };
    let names = disk::names(&folder).map_err(PartError::storage(&folder))?;
    let parts = match manifest {
        Ok(Some(manifest)) => {
            found.taken = manifest.taken();
            found.sealed = manifest.sealed.iter().map(|(log, upto)| (LogId(*log), *upto)).collect();
            found.findings.extend(balance(manifest).map(|reason| PartFinding {
                kind: PartFindingKind::Damaged,
                file: relative(MANIFEST),
                reason,
            }));
            manifest.parts.as_slice()
        }
        Ok(None) if !names.iter().any(|name| name.ends_with(SUFFIX)) => &[],
        other => {
            let reason =
                other.as_ref().err().map_or("it is not there, though parts are".to_owned(), ToString::to_string);
            found.findings.push(PartFinding { kind: PartFindingKind::Damaged, file: relative(MANIFEST), reason });
            return Ok(found);
        }
    };
    for part in parts {
        found.parts += 1;
        found.bytes += part.bytes;
        match verify(&folder, environment, part) {
            Ok(Some(rows)) => found.events += rows,
            Ok(None) => found.unread += 1,
            Err(error) => found.findings.push(PartFinding {
                kind: PartFindingKind::Damaged,
                file: relative(&file_name(part.id)),
                reason: reason(error),
            }),
        }
    }
    let committed: BTreeSet<String> = parts.iter().map(|part| file_name(part.id)).collect();
    let known = [MANIFEST, LOCK, trimmed::FILE_NAME];
    for name in names.iter().filter(|name| !known.contains(&name.as_str()) && !committed.contains(*name)) {
        let written = name == NEXT || name == trimmed::NEXT || name.ends_with(SUFFIX);
        let (kind, reason) = if written {
            (PartFindingKind::Uncommitted, "no manifest names it")
        } else {
            (PartFindingKind::Stray, "not a file of the parts")
        };
        found.findings.push(PartFinding { kind, file: relative(name), reason: reason.to_owned() });
    }
    Ok(found)
}

/// What does not add up: of every event that was taken from a log it is known what became of it.
fn balance(manifest: &Manifest) -> Option<String> {
    let Manifest { duplicates, gone, .. } = manifest;
    let (rows, taken) = (manifest.rows(), manifest.taken());
    (rows + duplicates + gone != taken).then(|| {
        format!("of {taken} events {rows} are in its parts, {duplicates} were copies and {gone} were erased or let go")
    })
}

/// What is wrong, without the path, which the finding has.
fn reason(error: PartError) -> String {
    match error {
        PartError::Damaged { reason, .. } => reason,
        PartError::Storage { source, .. } => source.to_string(),
        other => other.to_string(),
    }
}

/// Checks a part's bytes, then reads every row; how many there are.
fn verify_part(
    folder: &Path,
    environment: EnvironmentId,
    entry: &PartEntry,
    keys: &dyn PartKeys,
) -> Result<u64, PartError> {
    let part = Part::open(folder, environment, entry.clone(), keys)?;
    compare(&part.path, entry)?;
    let (mut rows, mut last) = (0, None);
    for at in 0..part.groups.len() {
        let group = part.group(at)?;
        for row in 0..group.rows() {
            let read = group.row(row).map_err(|error| PartError::damaged(&part.path, error))?;
            if last.is_some_and(|last| last >= read.key()) {
                return Err(PartError::damaged(&part.path, "its rows are not in order"));
            }
            last = Some(read.key());
            rows += 1;
        }
    }
    if rows != entry.rows {
        return Err(PartError::damaged(&part.path, format!("it has {rows} rows instead of {}", entry.rows)));
    }
    Ok(rows)
}

/// Whether a file's bytes are those that were written.
pub(super) fn compare(path: &Path, entry: &PartEntry) -> Result<(), PartError> {
    if hash(path)? == entry.sha256 {
        Ok(())
    } else {
        Err(PartError::damaged(path, "its bytes are not those that were written"))
    }
}

fn hash(path: &Path) -> Result<[u8; 32], PartError> {
    let mut file = File::open(path).map_err(PartError::storage(path))?;
    let (mut hash, mut buffer) = (Context::new(&SHA256), vec![0; 1 << 20]);
    loop {
        match file.read(&mut buffer).map_err(PartError::storage(path))? {
            0 => break,
            read => hash.update(&buffer[..read]),
        }
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(hash.finish().as_ref());
    Ok(digest)
}

impl fmt::Display for PartFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.kind.as_str(), self.file.display(), self.reason)
    }
}

impl fmt::Display for PartsReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for EnvironmentParts { environment, parts, events, bytes, findings, .. } in &self.environments {
            writeln!(f, "{environment}: {events} events in {parts} parts, {bytes} bytes")?;
            findings.iter().try_for_each(|finding| writeln!(f, "  {finding}"))?;
        }
        self.strays.iter().try_for_each(|path| writeln!(f, "belongs to no environment: {}", path.display()))
    }
}
