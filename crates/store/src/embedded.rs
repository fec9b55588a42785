//! The embedded stores: `main.db` and `keyring.db` in the data folder, and `store-keys.json`, which holds the
//! installation's identity and the stores' file keys, wrapped by the root key.
//!
//! Invariant: files are made only where nothing of an installation lies, under a marker (`making`) that stays until the
//! first start has finished. What an interrupted first start left is thrown away and made again: nobody has been shown
//! anything of it. Without the marker a missing file is a loss, and is named, never replaced.

use std::path::{Path, PathBuf};

use base::{Clock, Rng};
use keys::{KeyKind, KeyProvider, KeySet, Owner, WrappedKey};
use serde::{Deserialize, Serialize};

use crate::folder::{remove_durably, write_durably};
use crate::identity::Identity;
use crate::{Db, StoreError, StoreResult};

const MARKER: &str = "making";
const KEYS_FILE: &str = "store-keys.json";
const MAIN: &str = "main.db";
const KEYRING: &str = "keyring.db";
/// What only an installation leaves in the folder.
const OURS: [&str; 9] =
    [KEYS_FILE, MAIN, "main.db-wal", "main.db-shm", KEYRING, "keyring.db-wal", "keyring.db-shm", "tls", "log"];
/// What must be there all together.
const NEEDED: [&str; 3] = [KEYS_FILE, KEYRING, MAIN];

/// `store-keys.json`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeysFile {
    identity: Identity,
    keys: Vec<WrappedKey>,
}

/// The opened stores.
pub struct Embedded {
    /// The main store.
    pub main: Db,
    /// The keyring.
    pub keyring: Db,
    /// Whose they must be.
    pub identity: Identity,
}

/// Whether an installation lies in this folder, whole or not: then the root key that wraps its keys must exist.
pub fn exists(folder: &Path) -> bool {
    !folder.join(MARKER).exists() && OURS.iter().any(|name| folder.join(name).exists())
}

/// Opens the main store and the keyring, making both if nothing is here.
///
/// # Errors
/// [`StoreError::Lost`] if a part of the installation is missing, [`StoreError::Key`] if the root key is not the one that
/// wrapped the stores' keys.
pub async fn open(folder: &Path, keys: &KeySet, clock: &dyn Clock, rng: &dyn Rng) -> StoreResult<Embedded> {
    let path = folder.join(KEYS_FILE);
    let making = !exists(folder);
    let file = if making {
        write_durably(&folder.join(MARKER), b"the first start is under way\n", rng)?;
        for name in OURS {
            remove_durably(&folder.join(name))?;
        }
        let file = make_keys(keys, clock, rng).await?;
        write_keys(&path, &file, rng)?;
        file
    } else {
        if let Some(name) = NEEDED.iter().find(|name| !folder.join(name).exists()) {
            return Err(StoreError::Lost { path: folder.join(name).display().to_string() });
        }
        read_keys(&path)?
    };
    keys.load(file.keys).await?;
    let main = open_store(folder, keys, KeyKind::MainStoreFile, making, rng).await?;
    let keyring = open_store(folder, keys, KeyKind::KeyringFile, making, rng).await?;
    Ok(Embedded { main, keyring, identity: file.identity })
}

/// Where the store with a file key of this kind is; `None` if no store has one.
pub fn path(folder: &Path, kind: KeyKind) -> Option<PathBuf> {
    match kind {
        KeyKind::MainStoreFile => Some(folder.join(MAIN)),
        KeyKind::KeyringFile => Some(folder.join(KEYRING)),
        _ => None,
    }
}

/// Opens a store with its primary key, or with another version that it was given before this could be noted.
async fn open_store(folder: &Path, keys: &KeySet, kind: KeyKind, making: bool, rng: &dyn Rng) -> StoreResult<Db> {
    let path = folder.join(if kind == KeyKind::MainStoreFile { MAIN } else { KEYRING });
    let (primary, key) = keys.primary(kind, Owner::Installation)?;
    let wrong = match Db::open_sqlcipher(&path, &key, making).await {
        Err(wrong @ StoreError::WrongKey { .. }) => wrong,
        other => return other,
    };
    for (version, key) in keys.usable(kind, Owner::Installation)? {
        if version != primary
            && let Ok(db) = Db::open_sqlcipher(&path, &key, false).await
        {
            note_rekeyed(folder, keys, kind, version, rng).await?;
            return Ok(db);
        }
    }
    Err(wrong)
}

/// Writes down that a store has this version of its key, and destroys the ones before.
pub async fn note_rekeyed(folder: &Path, keys: &KeySet, kind: KeyKind, version: u32, rng: &dyn Rng) -> StoreResult<()> {
    keys.load(keys.promote(kind, Owner::Installation, version)?).await?;
    for (older, _) in keys.usable(kind, Owner::Installation)?.into_iter().filter(|(other, _)| *other < version) {
        keys.load([keys.destroy(kind, Owner::Installation, older)?]).await?;
    }
    write_records(folder, keys, rng)
}

/// Makes a store's next key, durably; the store goes on with the one that it has.
pub async fn mint_next(
    folder: &Path,
    keys: &KeySet,
    kind: KeyKind,
    clock: &dyn Clock,
    rng: &dyn Rng,
) -> StoreResult<()> {
    let key = keys.mint(kind, Owner::Installation, clock, rng).await?;
    let path = folder.join(KEYS_FILE);
    let mut file = read_keys(&path)?;
    file.keys.push(key.clone());
    write_keys(&path, &file, rng)?;
    keys.load([key]).await?;
    Ok(())
}

/// Writes what the set knows of the stores' keys.
fn write_records(folder: &Path, keys: &KeySet, rng: &dyn Rng) -> StoreResult<()> {
    let path = folder.join(KEYS_FILE);
    let identity = read_keys(&path)?.identity;
    let of_stores = [KeyKind::MainStoreFile, KeyKind::KeyringFile];
    let keys = keys.records().into_iter().filter(|key| of_stores.contains(&key.kind)).collect();
    write_keys(&path, &KeysFile { identity, keys }, rng)
}

/// Wraps the stores' file keys anew under the primary root key; the records as they are now.
///
/// # Errors
/// [`StoreError::Key`] if the root key is not the one that wrapped them.
pub async fn rewrap(folder: &Path, provider: &dyn KeyProvider, rng: &dyn Rng) -> StoreResult<Vec<WrappedKey>> {
    let path = folder.join(KEYS_FILE);
    let KeysFile { identity, keys } = read_keys(&path)?;
    let mut anew = Vec::with_capacity(keys.len());
    for key in keys {
        let (kind, owner) = (key.kind, key.owner);
        let wrapped = keys::rewrap(provider, key).await;
        anew.push(wrapped.map_err(|source| keys::KeyError::Provider { kind, owner, source })?);
    }
    let file = KeysFile { identity, keys: anew };
    write_keys(&path, &file, rng)?;
    Ok(file.keys)
}

fn read_keys(path: &Path) -> StoreResult<KeysFile> {
    let text = std::fs::read(path).map_err(|error| io(path, error))?;
    serde_json::from_slice(&text).map_err(|error| io(path, error.into()))
}

fn write_keys(path: &Path, file: &KeysFile, rng: &dyn Rng) -> StoreResult<()> {
    let text = serde_json::to_vec_pretty(file).map_err(|error| io(path, error.into()))?;
    write_durably(path, &text, rng)
}

/// Says that the first start has finished: from now on nothing of the folder is ever made again.
pub fn finish(folder: &Path) -> StoreResult<()> {
    remove_durably(&folder.join(MARKER))
}

async fn make_keys(keys: &KeySet, clock: &dyn Clock, rng: &dyn Rng) -> StoreResult<KeysFile> {
    let mut made = Vec::new();
    for kind in [KeyKind::MainStoreFile, KeyKind::KeyringFile] {
        made.push(keys.mint(kind, Owner::Installation, clock, rng).await?);
    }
    Ok(KeysFile { identity: Identity::new(rng), keys: made })
}

fn io(path: &Path, source: std::io::Error) -> StoreError {
    StoreError::Io { path: path.display().to_string(), source }
}
