//! Verifying parts: every byte of every file against what the manifest says of it, and every row read. Changes nothing.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use base::id::EnvironmentId;

use super::error::PartError;
use super::keys::PartKeys;
use super::manifest::{MANIFEST, Manifest, NEXT, PartEntry};
use super::read::Part;
use super::store::LOCK;
use super::{SUFFIX, file_name};
use crate::disk;

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

    /// How many events are in parts.
    pub fn events(&self) -> u64 {
        self.environments.iter().map(|environment| environment.events).sum()
    }
}

/// Checks the parts of every environment in this data folder. While a process writes parts, what it merges may be looked
/// at anew a few times.
pub fn verify_parts(data: &Path, keys: &dyn PartKeys) -> Result<PartsReport, PartError> {
    let mut report = PartsReport::default();
    let folder = data.join("parts");
    for name in disk::names(&folder).map_err(PartError::storage(&folder))? {
        match name.parse() {
            Ok(environment) => report.environments.push(verify_environment(data, environment, keys)?),
            Err(_) => report.strays.push(Path::new("parts").join(name)),
        }
    }
    Ok(report)
}

/// How often parts are looked at again because they were merged meanwhile.
const TRIES: u32 = 8;

fn verify_environment(
    data: &Path,
    environment: EnvironmentId,
    keys: &dyn PartKeys,
) -> Result<EnvironmentParts, PartError> {
    let folder = super::folder(data, environment);
    let mut tries = 0;
    loop {
        let before = Manifest::load(&folder, environment, keys);
        let found = verify_once(data, environment, &before, keys)?;
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
    keys: &dyn PartKeys,
) -> Result<EnvironmentParts, PartError> {
    let folder = super::folder(data, environment);
    let mut found = EnvironmentParts { environment, parts: 0, events: 0, bytes: 0, findings: Vec::new() };
    let relative = |name: &str| {
        let path = folder.join(name);
        path.strip_prefix(data).map(Path::to_owned).unwrap_or(path)
    };
    let names = disk::names(&folder).map_err(PartError::storage(&folder))?;
    let parts = match manifest {
        Ok(Some(manifest)) => manifest.parts.as_slice(),
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
        match verify_part(&folder, environment, part, keys) {
            Ok(rows) => found.events += rows,
            Err(error) => found.findings.push(PartFinding {
                kind: PartFindingKind::Damaged,
                file: relative(&file_name(part.id)),
                reason: reason(error),
            }),
        }
    }
    let committed: BTreeSet<String> = parts.iter().map(|part| file_name(part.id)).collect();
    for name in names.iter().filter(|name| *name != MANIFEST && *name != LOCK && !committed.contains(*name)) {
        let written = name == NEXT || name.ends_with(SUFFIX);
        let (kind, reason) = if written {
            (PartFindingKind::Uncommitted, "no manifest names it")
        } else {
            (PartFindingKind::Stray, "not a file of the parts")
        };
        found.findings.push(PartFinding { kind, file: relative(name), reason: reason.to_owned() });
    }
    Ok(found)
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
    if hash(&part.path)? != entry.sha256 {
        return Err(PartError::damaged(&part.path, "its bytes are not those that were written"));
    }
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
    Ok(rows)
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
        for EnvironmentParts { environment, parts, events, bytes, findings } in &self.environments {
            writeln!(f, "{environment}: {events} events in {parts} parts, {bytes} bytes")?;
            findings.iter().try_for_each(|finding| writeln!(f, "  {finding}"))?;
        }
        self.strays.iter().try_for_each(|path| writeln!(f, "belongs to no environment: {}", path.display()))
    }
}
