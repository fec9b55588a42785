//! A SQLCipher file: one connection that writes, several that read, and how the file gets another key.
//!
//! Whoever wants a connection queues for the right to have one and holds nothing meanwhile. A change of the key takes all of
//! these rights: it waits in the same queue for the one to write, then for the few reads that are under way, and whoever comes
//! waits for it.
//!
//! The file is never changed under its old key: a copy of it gets the new one, is made durable, and takes its place whole.
//! Other connections that are open while a file gets another key fail, hence none is. A change that was
//! begun goes on to its end, also when whoever asked for it is gone: connections are closed until then.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use base::Secret;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;
use zeroize::Zeroizing;

use crate::folder::remove_durably;
use crate::{StoreError, StoreResult};

const READERS: u32 = 4;
const WAIT_FOR_CONNECTION: Duration = Duration::from_secs(10);
/// How long a change of the key, and with it whoever comes, waits for reads that are under way.
const LONGEST_DRAIN: Duration = Duration::from_secs(1);
/// How long it is before a file that could not be opened after a change of its key is tried again.
const REOPEN: Duration = Duration::from_secs(1);
/// What the name of the copy that gets the new key has at its end.
const COPY: &str = ".rekeyed";

type Key = Secret<[u8; 32]>;

/// The file with its connections.
///
/// Whoever writes has the one permit of `writing`, whoever reads has one of `reading`, each before it asks for a connection: so
/// who waits in a queue holds nothing, and a change of the key, which takes all permits, waits only for what is under way. Who
/// reads while it writes has both, in this order; a change takes them in the same.
#[derive(Clone)]
pub(crate) struct Sqlcipher {
    path: PathBuf,
    pools: Arc<ArcSwap<Pools>>,
    writing: Arc<Semaphore>,
    reading: Arc<Semaphore>,
    /// Changes of the key that are under way: nobody who stops waiting stops one.
    changes: TaskTracker,
    closing: Arc<AtomicBool>,
}

/// The connections under one key. They are closed when nobody has them any more.
struct Pools {
    writer: SqlitePool,
    readers: SqlitePool,
}

/// Connections that nobody has any more, while they are being closed.
static CLOSING: LazyLock<TaskTracker> = LazyLock::new(TaskTracker::new);

/// Returns when no connection is open of a file that nobody has any more. A process that ends earlier may crash: each connection
/// has a thread, which uses what the end of the process takes down.
pub async fn closed() {
    CLOSING.close();
    CLOSING.wait().await;
}

/// The right to use a connection of a kind, which ends with this.
pub(crate) struct Held {
    pub(crate) pool: SqlitePool,
    _permit: OwnedSemaphorePermit,
}

impl Sqlcipher {
    /// Opens a file, or makes it. What an interrupted change of its key left beside it goes.
    pub(crate) async fn open(path: &Path, key: &Key, make: bool) -> StoreResult<Self> {
        quiet_sqlcipher().await?;
        remove_durably(&copy_of(path))?;
        Ok(Self {
            path: path.to_owned(),
            pools: Arc::new(ArcSwap::from_pointee(Pools::open(path, key, make).await?)),
            writing: Arc::new(Semaphore::new(1)),
            reading: Arc::new(Semaphore::new(READERS as usize)),
            changes: TaskTracker::new(),
            closing: Arc::default(),
        })
    }

    /// The connection that writes, for as long as this is held.
    pub(crate) async fn writer(&self) -> StoreResult<Held> {
        let permit = self.permit(&self.writing).await?;
        Ok(Held { pool: self.pools.load().writer.clone(), _permit: permit })
    }

    /// A connection that reads, for as long as this is held.
    pub(crate) async fn reader(&self) -> StoreResult<Held> {
        let permit = self.permit(&self.reading).await?;
        Ok(Held { pool: self.pools.load().readers.clone(), _permit: permit })
    }

    /// # Errors
    /// [`StoreError::Unavailable`] if it was not one's turn for ten seconds, in which no change of the key kept anybody.
    async fn permit(&self, of: &Arc<Semaphore>) -> StoreResult<OwnedSemaphorePermit> {
        let mut turn = pin!(Arc::clone(of).acquire_owned());
        loop {
            match tokio::time::timeout(WAIT_FOR_CONNECTION, &mut turn).await {
                Ok(permit) => return Ok(permit.map_err(|_closed| sqlx::Error::PoolClosed)?),
                Err(_) if !self.changes.is_empty() => {}
                Err(_) => return Err(sqlx::Error::PoolTimedOut.into()),
            }
        }
    }

    /// Gives the file another key while everybody waits. It goes on to its end when nobody waits for it any more. After an
    /// error the file has one of both keys, and this can be asked again.
    ///
    /// # Errors
    /// [`StoreError::Contended`] if a read did not end soon.
    pub(crate) async fn rekey(&self, old: &Key, new: &Key) -> StoreResult<()> {
        let closed = |_| sqlx::Error::PoolClosed;
        let writing = Arc::clone(&self.writing).acquire_owned().await.map_err(closed)?;
        let all_readers = Arc::clone(&self.reading).acquire_many_owned(READERS);
        let drained = tokio::time::timeout(LONGEST_DRAIN, all_readers).await;
        let reading = drained.map_err(|_elapsed| StoreError::Contended)?.map_err(closed)?;
        let (file, change) = (self.clone(), Change { path: self.path.clone(), old: old.clone(), new: new.clone() });
        let changed = self.changes.spawn(async move {
            let changed = change.run(&file.pools, &file.closing).await;
            drop((writing, reading));
            changed
        });
        changed.await.unwrap_or(Err(StoreError::Unavailable("the change of its key was cut off")))
    }

    /// Writes what the write-ahead log still holds into the file and closes all connections.
    pub(crate) async fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
        self.changes.close();
        self.changes.wait().await;
        self.pools.load_full().close().await;
    }
}

/// A change of a file's key.
struct Change {
    path: PathBuf,
    old: Key,
    new: Key,
}

impl Change {
    /// Nobody has a connection meanwhile.
    async fn run(self, pools: &ArcSwap<Pools>, closing: &AtomicBool) -> StoreResult<()> {
        pools.load_full().close().await;
        // What a change before this one could not bring to its end may have left it with the new key.
        let changed = match opens(&self.path, &self.new).await {
            Ok(true) => Ok(()),
            _ => self.replace().await,
        };
        if let Some(opened) = self.reopen(closing).await {
            pools.store(Arc::new(opened));
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

/// Whether a file opens with a key. Looked at by a connection that is closed whatever comes of it.
async fn opens(path: &Path, key: &Key) -> StoreResult<bool> {
    let plain = SqliteConnectOptions::new().filename(path).busy_timeout(Duration::from_secs(10));
    let mut connection = plain.disable_statement_logging().connect().await?;
    let statement = Zeroizing::new(format!("PRAGMA key = \"x'{}'\"", *hex(key)));
    let looked = async {
        sqlx::query(sqlx::AssertSqlSafe(statement.to_string())).execute(&mut connection).await?;
        sqlx::query("SELECT COUNT(*) FROM sqlite_schema").fetch_one(&mut connection).await
    };
    let looked = looked.await;
    connection.close().await?;
    match looked {
        Ok(_) => Ok(true),
        // SQLITE_NOTADB: what the first page decrypts to has no SQLite header.
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("26") => Ok(false),
        Err(error) => Err(error.into()),
    }
}

impl Pools {
    async fn open(path: &Path, key: &Key, make: bool) -> StoreResult<Self> {
        if path.exists() && !opens(path, key).await? {
            return Err(StoreError::WrongKey { path: path.display().to_string() });
        }
        let options = options(path, key).create_if_missing(make);
        let pool = |connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(WAIT_FOR_CONNECTION)
                .idle_timeout(None)
                .max_lifetime(None)
                .test_before_acquire(false)
        };
        let writer = pool(1).connect_with(options.clone()).await?;
        let readers = pool(READERS).connect_lazy_with(options.pragma("query_only", "ON"));
        let pools = Self { writer, readers };
        // One that cannot be used is noticed here, and both are closed then.
        drop(pools.readers.acquire().await?);
        Ok(pools)
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

impl Drop for Pools {
    fn drop(&mut self) {
        let (writer, readers) = (self.writer.clone(), self.readers.clone());
        if writer.is_closed() && readers.is_closed() {
            return;
        }
        // Without a runtime nobody is left who could wait for it.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            CLOSING.spawn_on(
                async move {
                    readers.close().await;
                    writer.close().await;
                },
                &runtime,
            );
        }
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

#[cfg(test)]
mod tests;
