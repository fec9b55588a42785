//! The root key file: text, so that whoever finds it knows what it is.
//!
//! ```text
//! # comment lines
//! pilotfish-root-key 1
//! 1 enabled 2026-10-01T00:00:00Z <key: 64 hex digits> <checksum: 8 hex digits>
//! 2 primary 2026-11-01T00:00:00Z <key> <checksum>
//! ```
//! One line per version, rising, exactly one primary; a destroyed version has `-` for key and checksum. The checksum
//! is the beginning of SHA-256 (label ‖ version ‖ key): a mistyped or cut file is malformed, not a wrong key.

use crate::provider::{ProviderError, RootVersion};
use crate::{KeyState, SecretKey, hex};
use aws_lc_rs::digest;
use base::{Rng, Secret, Timestamp};
use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use zeroize::Zeroize;

const COMMENT: &str = "\
# This is the root key of a Pilotfish installation. Everything that the installation stores is encrypted under it:
# without this file, everything is lost; whoever has it and the data can read everything. The folder beside it, with
# the same name and .erasable at the end, belongs to it. Keep both outside the data folder and outside its backups.
# For safe keeping: pilotfish keys escrow --recipient age1… --out FILE
";
const HEAD: &str = "pilotfish-root-key 1";
const CHECKSUM_LABEL: &[u8] = b"pilotfish/root-key/v1";
const MAX_LEN: u64 = 64 * 1024;

/// The versions of the root key. Exactly one is the primary.
pub struct RootKeys(Vec<Entry>);

/// A version and, unless it was destroyed, its key.
type Entry = (RootVersion, Option<SecretKey>);

/// Reads the file's text.
pub(in crate::provider) fn read(file: File, path: &Path) -> Result<Secret<String>, ProviderError> {
    let mut bytes = Vec::with_capacity(4096);
    let read = file.take(MAX_LEN + 1).read_to_end(&mut bytes);
    read.map_err(|source| ProviderError::Io { path: path.to_owned(), source })?;
    let malformed = |reason: &str| ProviderError::Malformed { path: path.to_owned(), reason: reason.to_owned() };
    if bytes.len() as u64 > MAX_LEN {
        bytes.zeroize();
        return Err(malformed("it is too long for a key"));
    }
    String::from_utf8(bytes).map(Secret::new).map_err(|error| {
        error.into_bytes().zeroize();
        malformed("it is not text")
    })
}

impl RootKeys {
    /// These versions; `None` unless they rise, exactly one is the primary, and all but the destroyed ones have a key.
    pub fn of(versions: Vec<(RootVersion, Option<SecretKey>)>) -> Option<Self> {
        let rise = versions.windows(2).all(|pair| pair[0].0.version < pair[1].0.version);
        let primaries = versions.iter().filter(|(version, _)| version.state == KeyState::Primary).count();
        let whole = versions.iter().all(|(version, key)| key.is_some() == (version.state != KeyState::Destroyed));
        (rise && primaries == 1 && whole).then_some(Self(versions))
    }

    /// A first version.
    pub(crate) fn generate(now: Timestamp, rng: &dyn Rng) -> Self {
        let version = RootVersion { version: 1, state: KeyState::Primary, created_at: now };
        Self(vec![(version, Some(Secret::new(rng.bytes())))])
    }

    /// These versions and a new primary one.
    pub(crate) fn rotated(&self, now: Timestamp, rng: &dyn Rng) -> Self {
        let mut entries: Vec<Entry> = self.0.clone();
        for (version, _) in &mut entries {
            if version.state == KeyState::Primary {
                version.state = KeyState::Enabled;
            }
        }
        let number = entries.last().map_or(0, |(version, _)| version.version) + 1;
        let version = RootVersion { version: number, state: KeyState::Primary, created_at: now };
        entries.push((version, Some(Secret::new(rng.bytes()))));
        Self(entries)
    }

    /// These versions, one of them without its key.
    pub(crate) fn without(&self, number: u32) -> Self {
        let mut entries: Vec<Entry> = self.0.clone();
        for (version, key) in entries.iter_mut().filter(|(version, _)| version.version == number) {
            version.state = KeyState::Destroyed;
            *key = None;
        }
        Self(entries)
    }

    /// Reads the text; the error names line and reason, never a key.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
        if lines.next().is_none_or(|(_, line)| line.trim_end() != HEAD) {
            return Err(format!("expected a line {HEAD:?} before the keys"));
        }
        let mut versions: Vec<Entry> = Vec::new();
        for (number, line) in lines {
            let entry = parse_line(line).map_err(|reason| format!("line {}: {reason}", number + 1))?;
            if versions.last().is_some_and(|(last, _)| last.version >= entry.0.version) {
                return Err(format!("line {}: versions must rise", number + 1));
            }
            versions.push(entry);
        }
        match versions.iter().filter(|(version, _)| version.state == KeyState::Primary).count() {
            1 => Ok(Self(versions)),
            0 => Err("it has no primary key".to_owned()),
            _ => Err("it has more than one primary key".to_owned()),
        }
    }

    /// The text of the file.
    pub(crate) fn text(&self) -> Secret<String> {
        let mut text = String::with_capacity(1024 + self.0.len() * 160);
        text.push_str(COMMENT);
        text.push_str(HEAD);
        text.push('\n');
        for (version, key) in &self.0 {
            let RootVersion { version: number, state, created_at } = version;
            let key = Secret::new(key.as_ref().map_or_else(
                || "- -".to_owned(),
                |key| format!("{} {}", hex::encode(key.expose()), hex::encode(&checksum(*number, key))),
            ));
            // Writing to a string can't fail.
            let _ = writeln!(text, "{number} {state} {created_at} {}", key.expose());
        }
        Secret::new(text)
    }

    /// The version to wrap with.
    pub(crate) fn primary(&self) -> (RootVersion, &SecretKey) {
        let primary = self.0.iter().find(|(version, _)| version.state == KeyState::Primary);
        let Some((version, Some(key))) = primary else { unreachable!("a parsed root key has a primary version") };
        (*version, key)
    }

    /// A version's state, and its key unless destroyed.
    pub(crate) fn version(&self, number: u32) -> Option<(KeyState, Option<&SecretKey>)> {
        let found = self.0.iter().find(|(version, _)| version.version == number);
        found.map(|(version, key)| (version.state, key.as_ref()))
    }

    /// Every version, oldest first.
    pub(crate) fn versions(&self) -> Vec<RootVersion> {
        self.0.iter().map(|(version, _)| *version).collect()
    }
}

fn parse_line(line: &str) -> Result<Entry, &'static str> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let [number, state, created_at, key, sum] = fields[..] else {
        return Err("expected version, state, time, key and checksum");
    };
    let number: u32 = number.parse().map_err(|_| "the version is not a number")?;
    let state: KeyState = state.parse().map_err(|_| "the state is not primary, enabled or destroyed")?;
    let created_at = created_at.parse().map_err(|_| "the time is not RFC 3339")?;
    if number == 0 {
        return Err("versions start at 1");
    }
    let version = RootVersion { version: number, state, created_at };
    if state == KeyState::Destroyed {
        return if (key, sum) == ("-", "-") { Ok((version, None)) } else { Err("a destroyed version has no key") };
    }
    let bytes = hex::decode(key).map(Secret::new).ok_or("the key is not lower-case hexadecimal")?;
    let key = bytes.expose().as_slice().try_into().map(Secret::new).map_err(|_| "the key has not 32 bytes")?;
    if hex::decode(sum).as_deref() != Some(&checksum(number, &key)) {
        return Err("the checksum does not fit: the key was mistyped or changed");
    }
    Ok((version, Some(key)))
}

fn checksum(version: u32, key: &SecretKey) -> [u8; 4] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(CHECKSUM_LABEL);
    context.update(&version.to_be_bytes());
    context.update(key.expose());
    let mut sum = [0; 4];
    sum.copy_from_slice(&context.finish().as_ref()[..4]);
    sum
}
