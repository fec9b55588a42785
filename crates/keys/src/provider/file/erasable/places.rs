//! Two places: the file in the provider's folder, and perhaps a second one that follows it write by write, without history.
//!
//! Whatever changes the first place is written to the second before the change is answered. A place that is lost, replaced
//! or damaged is mended from the other one, bucket by bucket, and noted: [`FileProvider`] says it to whoever asks. What the
//! first place has counts, unless the second has a newer version in a bucket: then somebody put an old copy in the first one's
//! place, or its bytes are broken. With a root key that does not open a place nobody knows which one is behind: neither is written.

use super::{
    CELL_LEN, ErasableFile, FILE_LEN, HEADER_LEN, SLOT_LEN, Slot, file_header, is_well_formed, root_version_of,
};
use crate::provider::ProviderError;
use crate::provider::file::{FileProvider, checks};
use base::id::EnvironmentId;
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// The open files of both places.
pub(super) struct Handles {
    pub(super) first: File,
    second: Option<File>,
}

/// Which place was mended from the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::provider::file) enum Mended {
    /// The provider's own folder.
    First,
    /// The second folder.
    Second,
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> ProviderError + '_ {
    move |source| ProviderError::Io { path: path.to_owned(), source }
}

impl ErasableFile {
    /// Opens both places, mending one that is not whole.
    pub(in crate::provider::file) fn open(
        path: PathBuf,
        second: Option<PathBuf>,
        environment: EnvironmentId,
        provider: &FileProvider,
    ) -> Result<Self, ProviderError> {
        if let Some(second) = &second
            && read(&path, environment)?.is_none()
            && restore(&path, second, environment, provider)?
        {
            provider.mended(Mended::First);
        }
        let first = open_whole(&path, environment)?;
        let handles = std::sync::Mutex::new(Handles { first, second: None });
        let file = Self { path, second, environment, handles };
        file.tend(provider)?;
        Ok(file)
    }

    /// Looks at both places and mends them.
    pub(in crate::provider::file) fn tend(&self, provider: &FileProvider) -> Result<(), ProviderError> {
        self.changing(provider, |_| Ok(()))
    }

    /// Makes the handle that of the file that is there now. One that was removed comes back from what is open of it, or else
    /// from the second place.
    pub(super) fn follow(&self, handles: &mut Handles, provider: &FileProvider) -> Result<(), ProviderError> {
        let Some(second) = &self.second else { return Ok(()) };
        let length = handles.first.metadata().map_err(io(&self.path))?.len();
        if length == FILE_LEN as u64 && is_at(&handles.first, &self.path)? {
            return Ok(());
        }
        if read(&self.path, self.environment)?.is_none() {
            let mut bytes = vec![0; FILE_LEN];
            if handles.first.read_exact_at(&mut bytes, 0).is_ok() {
                put(&self.path, &bytes, provider)?;
            } else {
                restore(&self.path, second, self.environment, provider)?;
            }
            provider.mended(Mended::First);
        }
        handles.first = open_whole(&self.path, self.environment)?;
        Ok(())
    }

    /// Brings the places to the same bytes; the first one is locked.
    pub(super) fn agree(&self, handles: &mut Handles, provider: &FileProvider) -> Result<(), ProviderError> {
        let Some(path) = &self.second else { return Ok(()) };
        let mut first = vec![0; FILE_LEN];
        handles.first.read_exact_at(&mut first, 0).map_err(io(&self.path))?;
        let is_here = match &handles.second {
            Some(second) => is_at(second, path)?,
            None => false,
        };
        if !is_here {
            if read(path, self.environment)?.is_none() {
                put(path, &first, provider)?;
                provider.mended(Mended::Second);
            }
            handles.second = Some(open_whole(path, self.environment)?);
        }
        let Some(file) = &handles.second else { return Ok(()) };
        let mut second = vec![0; FILE_LEN];
        file.read_exact_at(&mut second, 0).map_err(io(path))?;
        if first != second {
            self.settle([(&handles.first, &first), (file, &second)], path, provider)?;
        }
        Ok(())
    }

    /// Writes each bucket that differs to the place that is behind; nothing at all if that cannot be told with this root key.
    fn settle(
        &self,
        [(first, in_first), (second, in_second)]: [(&File, &[u8]); 2],
        path: &Path,
        provider: &FileProvider,
    ) -> Result<(), ProviderError> {
        let (mut to_first, mut to_second) = (Vec::new(), Vec::new());
        for bucket in 0..=u8::MAX {
            let at = HEADER_LEN + usize::from(bucket) * SLOT_LEN;
            let (one, other) = (&in_first[at..at + SLOT_LEN], &in_second[at..at + SLOT_LEN]);
            if one == other {
                continue;
            }
            let (here, there) = (self.slot(one, bucket, provider), self.slot(other, bucket, provider));
            self.refuse_foreign(&here, in_first, provider)?;
            self.refuse_foreign(&there, in_second, provider)?;
            match (rank(&here), rank(&there)) {
                // Nothing opens in either: neither is better, and both stay for whoever has to look into it.
                ((0, _), (0, _)) => {}
                (here, there) if there > here => to_first.push((at, other)),
                _ => to_second.push((at, one)),
            }
        }
        if !to_first.is_empty() {
            write_slots(first, &to_first).map_err(io(&self.path))?;
            provider.mended(Mended::First);
        }
        write_slots(second, &to_second).map_err(io(path))
    }

    fn slot(&self, bytes: &[u8], bucket: u8, provider: &FileProvider) -> Slot {
        let mut slot = Slot { cells: [[0; CELL_LEN]; super::CELLS], keys: Vec::new(), refused: false };
        slot.fill(bytes, self.environment, bucket, provider);
        slot
    }

    /// Refuses a slot whose cells may be whole under a root key that is not this one: one says a version that this root key
    /// does not have, or nothing of the whole place opens. A broken cell among others that open is broken.
    fn refuse_foreign(&self, slot: &Slot, place: &[u8], provider: &FileProvider) -> Result<(), ProviderError> {
        if !slot.refused {
            return Ok(());
        }
        let mut whole = slot.cells.iter().filter(|cell| is_well_formed(cell));
        let unknown = whole.any(|cell| {
            let root = provider.root(root_version_of(cell));
            !matches!(root, Ok(_) | Err(ProviderError::RootVersionDestroyed { .. }))
        });
        // Under a version that was destroyed nothing opens any more, whatever the root key: such a place is an old copy.
        let tried = slot.cells.iter().any(|cell| is_well_formed(cell) && provider.root(root_version_of(cell)).is_ok());
        let opens = |bucket: u8| {
            let at = HEADER_LEN + usize::from(bucket) * SLOT_LEN;
            !self.slot(&place[at..at + SLOT_LEN], bucket, provider).keys.is_empty()
        };
        if unknown || tried && !(0..=u8::MAX).any(opens) {
            return Err(ProviderError::WrongRootKey { provider: provider.name_now() });
        }
        Ok(())
    }
}

/// What of two slots' is the better one: the newest version that opens, 0 if none does, and then whether all do.
fn rank(slot: &Slot) -> (u32, bool) {
    (slot.newest().map_or(0, |key| key.version), !slot.refused)
}

fn write_slots(file: &File, slots: &[(usize, &[u8])]) -> std::io::Result<()> {
    for (at, slot) in slots {
        file.write_all_at(slot, *at as u64)?;
    }
    if slots.is_empty() { Ok(()) } else { file.sync_data() }
}

/// Whether an open file is the one at this path.
fn is_at(file: &File, path: &Path) -> Result<bool, ProviderError> {
    let open = file.metadata().map_err(io(path))?;
    match std::fs::metadata(path) {
        Ok(there) => Ok((open.dev(), open.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(io(path)(error)),
    }
}

/// A file's bytes, if it is there and of the form that it must have.
fn read(path: &Path, environment: EnvironmentId) -> Result<Option<Vec<u8>>, ProviderError> {
    if checks::open_private(path)?.is_none() {
        return Ok(None);
    }
    let bytes = std::fs::read(path).map_err(io(path))?;
    Ok((bytes.len() == FILE_LEN && bytes.starts_with(&file_header(environment))).then_some(bytes))
}

/// Puts the second place's file in the first one's; false if there is none.
fn restore(
    path: &Path,
    second: &Path,
    environment: EnvironmentId,
    provider: &FileProvider,
) -> Result<bool, ProviderError> {
    let Some(bytes) = read(second, environment)? else { return Ok(false) };
    put(path, &bytes, provider)?;
    Ok(true)
}

/// Writes a whole file, in the place of what is there.
fn put(path: &Path, bytes: &[u8], provider: &FileProvider) -> Result<(), ProviderError> {
    if let Some(folder) = path.parent() {
        checks::make_folders(folder)?;
    }
    if path.exists() {
        checks::replace(path, bytes, &*provider.rng)
    } else {
        checks::write_new(path, bytes, &*provider.rng)
    }
}

/// Opens a file that has the form that it must have.
fn open_whole(path: &Path, environment: EnvironmentId) -> Result<File, ProviderError> {
    let missing = || ProviderError::ErasableMissing { environment, path: path.to_owned() };
    checks::open_private(path)?.ok_or_else(missing)?;
    if read(path, environment)?.is_none() {
        let reason = format!("expected the erasable keys of {environment}, {FILE_LEN} bytes");
        return Err(ProviderError::Malformed { path: path.to_owned(), reason });
    }
    OpenOptions::new().read(true).write(true).open(path).map_err(io(path))
}
