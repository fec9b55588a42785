//! Keys that turned: what is sealed under an older version is written anew under the newest.

use keys::KeyKind;

use super::error::PartError;
use super::format::Sealed;
use super::keys::PartKeyError;
use super::manifest::{MANIFEST, PartEntry};
use super::store::Parts;
use crate::trimmed::Mark;

impl Parts {
    /// Writes one part anew whose key an older version seals, or else the manifest, or else the mark of what was trimmed;
    /// whether there was any. Call it again until there is none.
    pub fn reseal_due(&self) -> Result<bool, PartError> {
        let mut state = self.state()?;
        let (newest, _) = self.keys.primary(KeyKind::Part, self.environment)?;
        let mut next = state.manifest.clone();
        let is_old = |part: &&PartEntry| part.key_version != newest && !state.set_aside.contains(&part.id);
        if let Some(old) = next.parts.iter().find(is_old).cloned() {
            let anew = self.merge_or_set_aside(&mut state, std::slice::from_ref(&old), &mut next)?;
            self.commit(&mut state, next, anew.into_iter().collect(), &[old])?;
            return Ok(true);
        }
        let (newest, _) = self.keys.primary(KeyKind::Dictionary, self.environment)?;
        let path = self.folder.join(MANIFEST);
        let version = Sealed::key_version_of(&path).map_err(PartError::storage(&path))?;
        if version.is_none_or(|version| version == newest) {
            return self.reseal_mark();
        }
        self.commit(&mut state, next, Vec::new(), &[])?;
        Ok(true)
    }

    /// The mark of what was trimmed goes with the log's key.
    fn reseal_mark(&self) -> Result<bool, PartError> {
        let path = Mark::path(&self.data, self.environment);
        let versions = Mark::key_versions(&self.data, self.environment).map_err(PartError::storage(&path))?;
        if versions.is_empty() {
            return Ok(false);
        }
        let (newest, _) = self.log_keys.primary(self.environment).map_err(|error| PartKeyError(error.0))?;
        if versions.iter().all(|version| *version == newest) {
            return Ok(false);
        }
        self.store_mark(&self.mark()?)?;
        Ok(true)
    }
}
