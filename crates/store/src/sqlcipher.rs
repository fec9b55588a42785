//! A SQLCipher file: one connection that writes, several that read, and how the file gets another key.
//!
//! Whoever uses a connection holds the pools; a change of the key waits until nobody does, and whoever comes meanwhile waits
//! for it. Who holds them and wants them once more would wait for ever, so the change gives up soon and is tried again.
//!
//! The file is never changed under its old key: a copy of it gets the new one, is made durable, and takes its place whole.
//! Other connections that are open while a file gets another key fail, hence none is. A change that was
//! begun goes on to its end, also when whoever asked for it is gone: connections are closed until then.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use base::Secret;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};
use tokio_util::task::TaskTracker;
use zeroize::Zeroizing;

use crate::folder::remove_durably;
use crate::{StoreError, StoreResult};

const READERS: u32 = 4;
const WAIT_FOR_CONNECTION: Duration = Duration::from_secs(10);
/// How long a change of the key waits for those who use the file, while whoever comes waits for it: the first time, and at
/// most, as it waits longer each time that it was in vain.
const DRAIN: Duration = Duration::from_millis(250);
const LONGEST_DRAIN: Duration = Duration::from_secs(1);
/// How long it is before a file that could not be opened after a change of its key is tried again.
const REOPEN: Duration = Duration::from_secs(1);
/// What the name of the copy that gets the new key has at its end.
const COPY: &str = ".rekeyed";

type Key = Secret<[u8; 32]>;

/// The file with its connections.
#[derive(Clone)]
pub(crate) struct Sqlcipher {
    path: PathBuf,
    pools: Arc<RwLock<Pools>>,
    /// Changes of the key that are under way: nobody who stops waiting stops one.
    changes: TaskTracker,
    closing: Arc<AtomicBool>,
    /// How often in a row a change of the key waited in vain.
    in_vain: Arc<AtomicU32>,
}

/// The connections under one key.
pub(crate) struct Pools {
    pub(crate) writer: SqlitePool,
    pub(crate) readers: SqlitePool,
}

/// Held as long as a connection is used.
pub(crate) type Held = OwnedRwLockReadGuard<Pools>;

impl Sqlcipher {
    /// Opens a file, or makes it. What an interrupted change of its key left beside it goes.
    pub(crate) async fn open(path: &Path, key: &Key, make: bool) -> StoreResult<Self> {
        quiet_sqlcipher().await?;
        remove_durably(&copy_of(path))?;
        let pools = Pools::open(path, key, make).await?;
        let (pools, closing, in_vain) = (Arc::new(RwLock::new(pools)), Arc::default(), Arc::default());
        Ok(Self { path: path.to_owned(), pools, changes: TaskTracker::new(), closing, in_vain })
    }

    /// The connections, for as long as this is held.
    pub(crate) async fn hold(&self) -> Held {
        Arc::clone(&self.pools).read_owned().await
    }

    /// Gives the file another key while everybody waits. It goes on to its end when nobody waits for it any more. After an
    /// error the file has one of both keys, and this can be asked again.
    ///
    /// # Errors
    /// [`StoreError::Contended`] if somebody used it all the time.
    pub(crate) async fn rekey(&self, old: &Key, new: &Key) -> StoreResult<()> {
        let in_vain = self.in_vain.fetch_add(1, Ordering::Relaxed);
        let drain = DRAIN.saturating_mul(in_vain.saturating_add(1)).min(LONGEST_DRAIN);
        let drained = tokio::time::timeout(drain, Arc::clone(&self.pools).write_owned());
        let pools = drained.await.map_err(|_elapsed| StoreError::Contended)?;
        self.in_vain.store(0, Ordering::Relaxed);
        let change = Change { path: self.path.clone(), old: old.clone(), new: new.clone() };
        let closing = Arc::clone(&self.closing);
        let changed = self.changes.spawn(async move { change.run(pools, &closing).await }).await;
        changed.unwrap_or(Err(StoreError::Unavailable("the change of its key was cut off")))
    }

    /// Writes what the write-ahead log still holds into the file and closes all connections.
    pub(crate) async fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
        self.changes.close();
        self.changes.wait().await;
        self.pools.read().await.close().await;
    }
}

/// A change of a file's key.
struct Change {
    path: PathBuf,
    old: Key,
    new: Key,
}

impl Change {
    async fn run(self, mut pools: OwnedRwLockWriteGuard<Pools>, closing: &AtomicBool) -> StoreResult<()> {
        pools.close().await;
        // What a change before this one could not bring to its end may have left it with the new key.
        let changed = if opens(&self.path, &self.new).await { Ok(()) } else { self.replace().await };
        if let Some(opened) = self.reopen(closing).await {
            *pools = opened;
        }
        changed
    }

    /// Opens the file with the key that it has, until that works: who waits would else be refused for ever.
    async fn reopen(&self, closing: &AtomicBool) -> Option<Pools> {
        loop {
            let opened = match Pools::open(&self.path, &self.new, false).await {
                Err(StoreError::WrongKey { .. }) => Pools::open(&self.path, &self.old, false).await,
                other => other,
            };
            match opened {
                Ok(pools) => return Some(pools),
                Err(error) => {
                    tracing::error!(%error, "a store could not be opened after a change of its key; trying again");
                }
            }
            if closing.load(Ordering::Relaxed) {
                return None;
            }
            tokio::time::sleep(REOPEN).await;
        }
    }

    /// Makes a copy under the new key and puts it in the file's place. No connection is open.
    async fn replace(&self) -> StoreResult<()> {
        let copy = copy_of(&self.path);
        let log = with_end(&self.path, "-wal");
        if std::fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
            return Err(StoreError::Unavailable("its write-ahead log could not be written into the file"));
        }
        remove_durably(&copy)?;
        on_disk(&self.path, &copy, |from, to| std::fs::copy(from, to).map(drop)).await?;
        let draft =
            || options(&copy, &self.old).journal_mode(SqliteJournalMode::Delete).synchronous(SqliteSynchronous::Off);
        let mut connection = draft().connect().await?;
        let statement = Zeroizing::new(format!("PRAGMA rekey = \"x'{}'\"", *hex(&self.new)));
        sqlx::query(sqlx::AssertSqlSafe(statement.to_string())).execute(&mut connection).await?;
        connection.close().await?;
        // It opens under the new key, or it does not take the file's place.
        let mut connection = options(&copy, &self.new).journal_mode(SqliteJournalMode::Delete).connect().await?;
        sqlx::query("SELECT COUNT(*) FROM sqlite_schema").fetch_one(&mut connection).await?;
        connection.close().await?;
        on_disk(&copy, &self.path, |copy, path| {
            std::fs::File::open(copy)?.sync_all()?;
            std::fs::rename(copy, path)?;
            path.parent().map_or(Ok(()), |folder| std::fs::File::open(folder)?.sync_all())
        })
        .await
    }
}

/// Whether a file opens with a key.
async fn opens(path: &Path, key: &Key) -> bool {
    let Ok(mut connection) = options(path, key).connect().await else { return false };
    let looked = sqlx::query("SELECT COUNT(*) FROM sqlite_schema").fetch_one(&mut connection).await;
    let closed = connection.close().await;
    looked.is_ok() && closed.is_ok()
}

impl Pools {
    async fn open(path: &Path, key: &Key, make: bool) -> StoreResult<Self> {
        let options = options(path, key).create_if_missing(make);
        let wrong_key = |error: sqlx::Error| match &error {
            // SQLITE_NOTADB: what the first page decrypts to has no SQLite header.
            sqlx::Error::Database(database) if database.code().as_deref() == Some("26") => {
                StoreError::WrongKey { path: path.display().to_string() }
            }
            _ => error.into(),
        };
        let pool = |connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(WAIT_FOR_CONNECTION)
                .idle_timeout(None)
                .max_lifetime(None)
                .test_before_acquire(false)
        };
        let writer = pool(1).connect_with(options.clone()).await.map_err(wrong_key)?;
        let readers = pool(READERS).connect_with(options.pragma("query_only", "ON")).await.map_err(wrong_key)?;
        Ok(Self { writer, readers })
    }

    async fn close(&self) {
        self.readers.close().await;
        if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.writer).await {
            let error = StoreError::from(error);
            tracing::warn!(%error, "the write-ahead log stays; the next start reads it");
        }
        self.writer.close().await;
    }
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

fn copy_of(path: &Path) -> PathBuf {
    with_end(path, COPY)
}

/// Does something slow with two files, on a thread that may wait.
async fn on_disk(
    one: &Path,
    other: &Path,
    work: impl FnOnce(&Path, &Path) -> std::io::Result<()> + Send + 'static,
) -> StoreResult<()> {
    let (from, to, name) = (one.to_owned(), other.to_owned(), one.display().to_string());
    let done = tokio::task::spawn_blocking(move || work(&from, &to)).await;
    let done = done.unwrap_or_else(|error| Err(std::io::Error::other(error)));
    done.map_err(|source| StoreError::Io { path: name, source })
}

fn hex(key: &Key) -> Zeroizing<String> {
    Zeroizing::new(data_encoding::HEXLOWER.encode(key.expose()))
}

fn options(path: &Path, key: &Key) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .pragma("key", format!("\"x'{}'\"", *hex(key)))
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(10))
        .pragma("temp_store", "MEMORY")
        .pragma("secure_delete", "ON")
        // Else INSERT OR REPLACE would remove rows behind the back of the triggers that keep records as they are.
        .pragma("recursive_triggers", "ON")
        .disable_statement_logging()
}

/// SQLCipher prints its own errors to standard error; the setting is the process's, so any connection can make it.
async fn quiet_sqlcipher() -> StoreResult<()> {
    let mut connection = SqliteConnectOptions::new().in_memory(true).disable_statement_logging().connect().await?;
    sqlx::query("PRAGMA cipher_log_level = NONE").execute(&mut connection).await?;
    connection.close().await?;
    Ok(())
}
