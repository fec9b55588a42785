//! Wrapping erasable keys anew when the root key turns: the same versions of the same pairs, under its newest version.

use super::{
    CELL_LEN, ErasableFile, Key, Place, Slot, is_well_formed, offset, open_cell, root_version_of, sealed_cell,
    version_of,
};
use crate::SecretKey;
use crate::provider::file::FileProvider;
use crate::provider::{ErasableVersion, ProviderError};
use std::fs::File;
use std::os::unix::fs::FileExt;

/// The root key to wrap with.
struct Newest {
    version: u32,
    key: SecretKey,
}

impl ErasableFile {
    /// Wraps every pair anew that is not under the primary root key. All new cells are durable before an old one is
    /// overwritten; what was interrupted is done again.
    pub(in crate::provider::file) fn rewrap(&self, provider: &FileProvider) -> Result<(), ProviderError> {
        self.changing(provider, |file| {
            let (version, key) = provider.primary()?;
            let newest = Newest { version, key };
            let mut old = Vec::new();
            for bucket in 0..=u8::MAX {
                let slot = self.read(file, bucket, provider)?;
                old.extend(self.rewrap_slot(file, bucket, slot, &newest, provider)?);
            }
            if old.is_empty() {
                return Ok(());
            }
            file.sync_data().map_err(|source| self.io(source))?;
            for (bucket, index) in old {
                file.write_all_at(&[0; CELL_LEN], offset(bucket, index)).map_err(|source| self.io(source))?;
            }
            file.sync_data().map_err(|source| self.io(source))
        })
    }

    /// Writes a slot's missing cells; the answer is those that they replace.
    fn rewrap_slot(
        &self,
        file: &File,
        bucket: u8,
        mut slot: Slot,
        newest: &Newest,
        provider: &FileProvider,
    ) -> Result<Vec<(u8, usize)>, ProviderError> {
        let environment = self.environment;
        let mut replaced = Vec::new();
        for index in 0..slot.cells.len() {
            let cell = slot.cells[index];
            if !is_well_formed(&cell) || root_version_of(&cell) == newest.version {
                continue;
            }
            let Key { version, created_at, public, private } = open_cell(&cell, environment, bucket, provider)
                .ok_or_else(|| ProviderError::WrongRootKey { provider: provider.name_now() })?;
            let is_there = slot.cells.iter().any(|other| {
                is_well_formed(other) && version_of(other) == version && root_version_of(other) == newest.version
            });
            if !is_there {
                let free = slot.free_cell().ok_or(ProviderError::ErasableFull { environment, bucket })?;
                let place = Place { environment, bucket, version, created_at };
                let anew = sealed_cell(&place, &public, &private, newest.version, &newest.key, &*provider.rng);
                file.write_all_at(&anew, offset(bucket, free)).map_err(|source| self.io(source))?;
                slot.cells[free] = anew;
            }
            replaced.push((bucket, index));
        }
        Ok(replaced)
    }

    /// Whether some cell is under this version of the root key.
    pub(in crate::provider::file) fn needs_root(
        &self,
        root_version: u32,
        provider: &FileProvider,
    ) -> Result<bool, ProviderError> {
        self.locked(provider, |file| {
            for bucket in 0..=u8::MAX {
                let slot = self.read(file, bucket, provider)?;
                if slot.cells.iter().any(|cell| is_well_formed(cell) && root_version_of(cell) == root_version) {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }

    /// Every version that opens.
    pub(in crate::provider::file) fn versions(
        &self,
        provider: &FileProvider,
    ) -> Result<Vec<ErasableVersion>, ProviderError> {
        self.locked(provider, |file| {
            let mut versions = Vec::new();
            for bucket in 0..=u8::MAX {
                let mut keys = self.read(file, bucket, provider)?.keys;
                keys.sort_by_key(|key| key.version);
                keys.dedup_by_key(|key| key.version);
                versions.extend(keys.iter().map(|key| ErasableVersion {
                    bucket,
                    version: key.version,
                    created_at: key.created_at,
                }));
            }
            Ok(versions)
        })
    }
}
