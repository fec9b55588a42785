//! The embedded stores: `main.db` and `keyring.db` in the data folder, and `store-keys.json`, which holds their file keys
//! wrapped by the root key.

use std::path::Path;

use base::{Clock, Rng};
use keys::{KeyKind, KeySet, Owner, WrappedKey};

use crate::folder::write_durably;
use crate::{Db, StoreError, StoreResult};

const KEYS_FILE: &str = "store-keys.json";

/// Whether stores have been made in this folder: then the root key that wraps their keys must exist.
pub fn exists(folder: &Path) -> bool {
    folder.join(KEYS_FILE).exists()
}

/// Opens the main store and the keyring, making both if they are missing.
///
/// # Errors
/// [`StoreError::Key`] if the root key is not the one that wrapped their keys.
pub async fn open(folder: &Path, keys: &KeySet, clock: &dyn Clock, rng: &dyn Rng) -> StoreResult<(Db, Db)> {
    let path = folder.join(KEYS_FILE);
    if path.exists() {
        keys.load(read(&path)?).await?;
    } else {
        let mut made = Vec::new();
        for kind in [KeyKind::MainStoreFile, KeyKind::KeyringFile] {
            made.push(keys.mint(kind, Owner::Installation, clock, rng).await?);
        }
        let text = serde_json::to_vec_pretty(&made)
            .map_err(|error| StoreError::Io { path: path.display().to_string(), source: error.into() })?;
        write_durably(&path, &text)?;
        keys.load(made).await?;
    }
    let (_, main_key) = keys.primary(KeyKind::MainStoreFile, Owner::Installation)?;
    let (_, keyring_key) = keys.primary(KeyKind::KeyringFile, Owner::Installation)?;
    let main = Db::open_sqlcipher(&folder.join("main.db"), &main_key).await?;
    let keyring = Db::open_sqlcipher(&folder.join("keyring.db"), &keyring_key).await?;
    Ok((main, keyring))
}

fn read(path: &Path) -> StoreResult<Vec<WrappedKey>> {
    let failed = |source| StoreError::Io { path: path.display().to_string(), source };
    let text = std::fs::read(path).map_err(failed)?;
    serde_json::from_slice(&text).map_err(|error| failed(error.into()))
}
