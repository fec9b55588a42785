//! From flags to the opened product: the folder's lock, the root key, the databases.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::{Clock, Rng, Secret, SystemClock, SystemRng};
use keys::KeyProvider;
use product::{App, Databases, Duties, Urls};
use store::{DataFolder, Db, Sharing, StoreError, embedded};

use crate::Failure;
use crate::args::{DatabaseArgs, Place};
use crate::root_key::RootKey;

/// Where everything is to lie, understood; nothing has been looked at.
pub(crate) struct Wanted {
    pub(crate) data: PathBuf,
    pub(crate) root_key: RootKey,
    pub(crate) erasable_copy: Option<PathBuf>,
    pub(crate) databases: Databases,
}

impl Wanted {
    pub(crate) fn of(place: &Place, database: &DatabaseArgs) -> Result<Self, Failure> {
        Self::with(place, databases(database)?)
    }

    /// The same where the databases are understood already.
    pub(crate) fn with(place: &Place, databases: Databases) -> Result<Self, Failure> {
        let root_key = RootKey::of(place)?;
        let (data, erasable_copy) = (place.data.clone(), place.erasable_copy.clone());
        Ok(Self { data, root_key, erasable_copy, databases })
    }

    /// Whether an installation is there, whole or not: then nothing of it is ever made again.
    pub(crate) async fn made_before(&self) -> Result<bool, Failure> {
        match &self.databases {
            Databases::Embedded => Ok(embedded::exists(&self.data)),
            Databases::Postgres { main, keyring } => Ok(product::installation::made_before(main, keyring).await?),
        }
    }
}

/// The folder, locked, and the key provider, checked: what comes before anything is opened.
pub(crate) struct Ground {
    pub(crate) folder: DataFolder,
    pub(crate) provider: Arc<dyn KeyProvider>,
    pub(crate) databases: Databases,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
}

/// Takes the folder's lock and opens the root key, making one only where nothing has been made before.
pub(crate) async fn ground(wanted: Wanted) -> Result<Ground, Failure> {
    let sharing = match wanted.databases {
        Databases::Embedded => Sharing::Exclusive,
        Databases::Postgres { .. } => Sharing::Shared,
    };
    let folder = DataFolder::open(&wanted.data, sharing)?;
    let (clock, rng): (Arc<dyn Clock>, Arc<dyn Rng>) = (Arc::new(SystemClock), Arc::new(SystemRng));
    let (may_make, second) = (!wanted.made_before().await?, wanted.erasable_copy.as_deref());
    let provider = wanted.root_key.provider(may_make, folder.path(), second, &clock, &rng).await?;
    Ok(Ground { folder, provider, databases: wanted.databases, clock, rng })
}

impl Ground {
    /// Opens the product over it.
    pub(crate) async fn open(self, urls: Urls, duties: Duties) -> Result<App, Failure> {
        let Self { folder, provider, databases, clock, rng } = self;
        Ok(App::open(folder, &databases, provider, urls, duties, (clock, rng)).await?)
    }
}

/// Which databases the flags name.
pub(crate) fn databases(args: &DatabaseArgs) -> Result<Databases, Failure> {
    let main = one_of("--database", args.database.as_deref(), args.database_file.as_deref())?;
    let keyring =
        one_of("--keyring-database", args.keyring_database.as_deref(), args.keyring_database_file.as_deref())?;
    let Some(main) = main else {
        return match keyring {
            Some(_) => Err(Failure::Usage("--keyring-database needs --database".to_owned())),
            None => Ok(Databases::Embedded),
        };
    };
    let derived = || {
        keyring_url(main.expose()).map(Secret::new).ok_or_else(|| {
            Failure::Usage("--database: the URL names no database to derive the keyring's from".to_owned())
        })
    };
    let keyring = keyring.map_or_else(derived, Ok)?;
    if main.expose() == keyring.expose() {
        return Err(Failure::Usage("--keyring-database: the keyring needs a database of its own".to_owned()));
    }
    for url in [&main, &keyring] {
        match Db::refuse_unverified(url) {
            Err(StoreError::Unverified) if args.allow_unverified_database => warn_of_unverified(),
            other => other?,
        }
    }
    Ok(Databases::Postgres { main, keyring })
}

/// In the log of what serves; else, where nothing is logged, on standard error.
fn warn_of_unverified() {
    const WARNING: &str = "a database on another machine does not have to prove who it is, since \
                           --allow-unverified-database is set: whoever is in between reads and changes everything";
    if tracing::dispatcher::has_been_set() {
        tracing::warn!("{WARNING}");
    } else {
        let _ = writeln!(std::io::stderr(), "pilotfish: warning: {WARNING}");
    }
}

/// A secret that is given itself or by the file that holds it.
pub(crate) fn one_of(flag: &str, itself: Option<&str>, file: Option<&Path>) -> Result<Option<Secret<String>>, Failure> {
    match (itself, file) {
        (Some(_), Some(_)) => Err(Failure::Usage(format!("{flag} and {flag}-file are both given: keep one of them"))),
        (Some(text), None) => Ok(Some(Secret::new(text.to_owned()))),
        (None, Some(path)) => read_secret(path).map(Some),
        (None, None) => Ok(None),
    }
}

/// The main store's URL with `_keyring` after the database's name.
fn keyring_url(main: &str) -> Option<String> {
    let (address, query) = main.split_once('?').map_or((main, None), |(address, query)| (address, Some(query)));
    let (_, name) = address.split_once("://")?.1.rsplit_once('/')?;
    if name.is_empty() {
        return None;
    }
    Some(match query {
        Some(query) => format!("{address}_keyring?{query}"),
        None => format!("{address}_keyring"),
    })
}

/// Reads a secret from a file; a trailing line break is not part of it.
pub(crate) fn read_secret(path: &Path) -> Result<Secret<String>, Failure> {
    let mut text =
        std::fs::read_to_string(path).map_err(|error| Failure::Refused(format!("{}: {error}", path.display())))?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(Secret::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keyring_has_a_database_of_its_own() {
        assert_eq!(
            keyring_url("postgres://u@h:5432/main?sslmode=require").unwrap(),
            "postgres://u@h:5432/main_keyring?sslmode=require"
        );
        assert_eq!(keyring_url("postgres://u@h/main").unwrap(), "postgres://u@h/main_keyring");
        assert_eq!(keyring_url("postgres://u@h"), None);
    }
}
