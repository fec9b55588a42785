//! From flags to the opened product: the folder's lock, the root key, the databases.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::{Clock, Rng, Secret, SystemClock, SystemRng};
use keys::FileProvider;
use product::{App, Databases, Urls};
use store::{DataFolder, Sharing, embedded};

use crate::Failure;
use crate::args::{DatabaseArgs, Place, UrlArgs};

/// The folder, locked, and the key provider, checked: what comes before anything is opened.
pub(crate) struct Ground {
    pub(crate) folder: DataFolder,
    pub(crate) provider: Arc<FileProvider>,
    pub(crate) databases: Databases,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
}

/// Takes the folder's lock and opens the root key, making one only where nothing has been made before.
pub(crate) async fn ground(place: &Place, database: &DatabaseArgs) -> Result<Ground, Failure> {
    let databases = databases(database)?;
    let sharing = match databases {
        Databases::Embedded => Sharing::Exclusive,
        Databases::Postgres { .. } => Sharing::Shared,
    };
    let root_key = root_key_path(place.root_key.as_deref())?;
    let folder = DataFolder::open(&place.data, sharing)?;
    let (clock, rng): (Arc<dyn Clock>, Arc<dyn Rng>) = (Arc::new(SystemClock), Arc::new(SystemRng));
    let made_before = match &databases {
        Databases::Embedded => embedded::exists(folder.path()),
        Databases::Postgres { main, .. } => product::installation::made_before(main).await?,
    };
    let provider = if made_before || root_key.exists() {
        FileProvider::open(&root_key, folder.path(), clock.clone(), rng.clone())?
    } else {
        FileProvider::create(&root_key, folder.path(), clock.clone(), rng.clone())?
    };
    Ok(Ground { folder, provider: Arc::new(provider), databases, clock, rng })
}

impl Ground {
    /// Opens the product over it.
    pub(crate) async fn open(self, urls: Urls) -> Result<App, Failure> {
        let Self { folder, provider, databases, clock, rng } = self;
        Ok(App::open(folder, &databases, provider, urls, clock, rng).await?)
    }
}

/// Public URLs, made from ports unless given.
pub(crate) fn urls(given: &UrlArgs, edge: u16, api: u16, dashboard: u16) -> Result<Urls, Failure> {
    Ok(Urls {
        edge: url(given.edge_url.as_deref(), "localhost", edge)?,
        api: url(given.api_url.as_deref(), "localhost", api)?,
        dashboard: url(given.dashboard_url.as_deref(), "dashboard.localhost", dashboard)?,
    })
}

/// A public URL, made from the port unless given.
pub(crate) fn url(given: Option<&str>, host: &str, port: u16) -> Result<String, Failure> {
    let Some(url) = given else { return Ok(format!("https://{host}:{port}")) };
    match url.strip_prefix("https://").map(|rest| rest.trim_end_matches('/')) {
        Some(rest) if !rest.is_empty() && !rest.contains('/') => Ok(format!("https://{rest}")),
        _ => Err(Failure(format!("{url} is not a URL of the form https://host or https://host:port"))),
    }
}

/// The file of `file:PATH`, or the default one.
pub(crate) fn root_key_path(given: Option<&str>) -> Result<PathBuf, Failure> {
    match given {
        Some(text) => match text.strip_prefix("file:") {
            Some(path) if !path.is_empty() => Ok(PathBuf::from(path)),
            _ => Err(Failure(format!("--root-key {text}: name a file as file:PATH"))),
        },
        None => Ok(state_folder()?.join("pilotfish").join("root.key")),
    }
}

/// `$XDG_STATE_HOME`, or what the XDG specification says when it is unset.
#[allow(clippy::disallowed_methods, reason = "the binary is the one reader of the environment")]
fn state_folder() -> Result<PathBuf, Failure> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
        .ok_or_else(|| Failure("neither XDG_STATE_HOME nor HOME is set: name the root key with --root-key".to_owned()))
}

fn databases(args: &DatabaseArgs) -> Result<Databases, Failure> {
    let Some(main) = &args.database else { return Ok(Databases::Embedded) };
    let keyring = match &args.keyring_database {
        Some(url) => url.clone(),
        None => keyring_url(main)
            .ok_or_else(|| Failure("--database: the URL names no database to derive the keyring's from".to_owned()))?,
    };
    Ok(Databases::Postgres { main: Secret::new(main.clone()), keyring: Secret::new(keyring) })
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
    let mut text = std::fs::read_to_string(path).map_err(|error| Failure(format!("{}: {error}", path.display())))?;
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
