//! The file `root.kms`: the versions of the root key, each sealed by a KMS key. It holds no secret by itself.

use base::Timestamp;
use keys::KeyState;
use serde::{Deserialize, Serialize};

/// What the file says that it is.
const FORMAT: u32 = 1;

/// A version of the root key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SealedVersion {
    pub(crate) version: u32,
    pub(crate) state: KeyState,
    pub(crate) created_at: Timestamp,
    /// The ARN of the KMS key that sealed it.
    pub(crate) kms_key: String,
    /// What it made of the key, in base64; empty once destroyed.
    pub(crate) sealed: String,
}

/// The file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SealedRoot {
    #[serde(rename = "pilotfish-root-key-kms")]
    format: u32,
    /// Rising; the last is the primary.
    pub(crate) versions: Vec<SealedVersion>,
}

impl SealedRoot {
    /// With a first version.
    pub(crate) fn of(first: SealedVersion) -> Self {
        Self { format: FORMAT, versions: vec![first] }
    }

    /// Reads the file's text, or says what is wrong with it.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, String> {
        let root: Self = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if root.format != FORMAT {
            return Err(format!("format {} is not known here", root.format));
        }
        let numbers: Vec<u32> = root.versions.iter().map(|version| version.version).collect();
        if numbers.first() == Some(&0) || numbers.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err("versions start at 1 and rise".to_owned());
        }
        let Some((newest, older)) = root.versions.split_last() else {
            return Err("it has no version".to_owned());
        };
        if newest.state != KeyState::Primary || older.iter().any(|version| version.state == KeyState::Primary) {
            return Err("the last version, and no other, is primary".to_owned());
        }
        if root.versions.iter().any(|version| version.sealed.is_empty() != (version.state == KeyState::Destroyed)) {
            return Err("a version is destroyed, or has a sealed key".to_owned());
        }
        Ok(root)
    }

    /// The file's text.
    pub(crate) fn text(&self) -> Vec<u8> {
        // Numbers and texts can always be written.
        let mut text = serde_json::to_vec_pretty(self).unwrap_or_default();
        text.push(b'\n');
        text
    }

    /// These versions and a newer primary one.
    pub(crate) fn with(&self, newest: SealedVersion) -> Self {
        let mut root = self.clone();
        for version in root.versions.iter_mut().filter(|version| version.state == KeyState::Primary) {
            version.state = KeyState::Enabled;
        }
        root.versions.push(newest);
        root
    }

    /// These versions, one of them without its key.
    pub(crate) fn without(&self, number: u32) -> Self {
        let mut root = self.clone();
        for version in root.versions.iter_mut().filter(|version| version.version == number) {
            version.state = KeyState::Destroyed;
            version.sealed.clear();
        }
        root
    }

    /// The newest version's number.
    pub(crate) fn newest(&self) -> u32 {
        self.versions.last().map_or(0, |version| version.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KMS_KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    fn version(version: u32) -> SealedVersion {
        let created_at = "2026-10-01T00:00:00Z".parse().unwrap();
        let (kms_key, sealed) = (KMS_KEY.to_owned(), format!("AQICAHh{version}…"));
        SealedVersion { version, state: KeyState::Primary, created_at, kms_key, sealed }
    }

    /// The format is final: `docs/formats/keys.md` has this text.
    #[test]
    fn the_text_is_as_documented_and_read_back() {
        let root = SealedRoot::of(version(1)).with(version(2)).without(1);
        let text = String::from_utf8(root.text()).unwrap();
        let documented = include_str!("../../../docs/formats/keys.md");
        assert!(documented.contains(&text), "{text}");
        assert_eq!(SealedRoot::parse(text.as_bytes()), Ok(root));
    }

    #[test]
    fn what_is_not_whole_is_refused() {
        let text = String::from_utf8(SealedRoot::of(version(1)).with(version(2)).text()).unwrap();
        let cases = [
            (String::new(), "EOF"),
            (text[..text.len() - 3].to_owned(), "EOF"),
            (text.replace("\"pilotfish-root-key-kms\": 1", "\"pilotfish-root-key-kms\": 2"), "format 2"),
            (text.replace("\"version\": 1", "\"version\": 2"), "rise"),
            (text.replace("\"version\": 1", "\"version\": 0"), "start at 1"),
            (text.replace("\"primary\"", "\"enabled\""), "primary"),
            (text.replace("\"enabled\"", "\"primary\""), "primary"),
            (text.replace("AQICAHh1…", ""), "destroyed"),
            (text.replace("\"enabled\"", "\"destroyed\""), "destroyed"),
            (text.replace("\"sealed\"", "\"opened\""), "opened"),
            (r#"{"pilotfish-root-key-kms": 1, "versions": []}"#.to_owned(), "no version"),
        ];
        for (changed, reason) in cases {
            let error = SealedRoot::parse(changed.as_bytes()).unwrap_err();
            assert!(error.contains(reason), "{error} should say {reason}");
        }
    }
}
