//! A database of either kind, and its transactions.
//!
//! Over SQLite one connection writes and several read; over PostgreSQL one pool does both. A mutation opens a [`Tx`],
//! commits it explicitly, and is rolled back if that is forgotten.

use base::Secret;
use base::id::{EnvironmentId, OrganisationId};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgSslMode};
use sqlx::{ConnectOptions as _, Postgres, Sqlite, Transaction};
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use crate::sqlcipher::{Held, Sqlcipher};
use crate::{Executor, Query, Row, StoreError, StoreResult, sql};

const POSTGRES_CONNECTIONS: u32 = 10;
const WAIT_FOR_CONNECTION: Duration = Duration::from_secs(10);

/// A database. Cheap to clone; clones share the connections.
#[derive(Clone)]
pub struct Db(DbOf);

#[derive(Clone)]
enum DbOf {
    Sqlite(Sqlcipher),
    Postgres(PgPool),
}

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// The embedded store.
    Sqlite,
    /// The scale-out store.
    Postgres,
}

/// What rows a transaction may see where the database itself can tell (row-level security in PostgreSQL).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One environment's.
    Environment(EnvironmentId),
    /// One organisation's own: its keys and records, and nothing of what its environments' end users made.
    Organisation(OrganisationId),
    /// Everything: work of the system.
    System,
}

impl Db {
    /// Opens a SQLCipher file, or makes it.
    ///
    /// # Errors
    /// [`StoreError::WrongKey`] if the file was not written with this key.
    pub async fn open_sqlcipher(path: &Path, key: &Secret<[u8; 32]>, make: bool) -> StoreResult<Self> {
        Ok(Self(DbOf::Sqlite(Sqlcipher::open(path, key, make).await?)))
    }

    /// Gives a SQLCipher file another key, while everybody waits. It goes on to its end when nobody waits for it any more, and
    /// after an error it can be asked again.
    ///
    /// # Errors
    /// [`StoreError::Contended`] if somebody used it all the time: try again.
    pub async fn rekey(&self, old: &Secret<[u8; 32]>, new: &Secret<[u8; 32]>) -> StoreResult<()> {
        match &self.0 {
            DbOf::Sqlite(file) => file.rekey(old, new).await,
            DbOf::Postgres(_) => Err(StoreError::Unavailable("it has no key of its own")),
        }
    }

    /// Connects to PostgreSQL.
    ///
    /// # Errors
    /// [`StoreError::NotPostgres`] if the URL is another database's, [`StoreError::Unavailable`] if it is malformed or
    /// nobody answers there, [`StoreError::Unfenced`] if the role is above row-level security. The URL is never quoted.
    pub async fn connect_postgres(url: &Secret<String>) -> StoreResult<Self> {
        if !["postgres://", "postgresql://"].iter().any(|scheme| url.expose().starts_with(scheme)) {
            return Err(StoreError::NotPostgres);
        }
        let options =
            PgConnectOptions::from_str(url.expose())?.application_name("pilotfish").disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(POSTGRES_CONNECTIONS)
            .acquire_timeout(WAIT_FOR_CONNECTION)
            .connect_with(options)
            .await?;
        let db = Self(DbOf::Postgres(pool));
        db.refuse_unfenced_role().await?;
        Ok(db)
    }

    /// Refuses a URL that leads over a network without proof of who answers there. Sockets and the loopback are this machine's.
    ///
    /// # Errors
    /// [`StoreError::Unverified`]; [`StoreError::Unavailable`] if the URL is malformed.
    pub fn refuse_unverified(url: &Secret<String>) -> StoreResult<()> {
        let options = PgConnectOptions::from_str(url.expose())?;
        let host = options.get_host();
        let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
        let here = options.get_socket().is_some()
            || host.starts_with('/')
            || host == "localhost"
            || address.is_ok_and(|address| address.is_loopback());
        if here || matches!(options.get_ssl_mode(), PgSslMode::VerifyFull) {
            return Ok(());
        }
        Err(StoreError::Unverified)
    }

    /// Row-level security is the second fence between tenants: a role that it does not hold may not serve.
    async fn refuse_unfenced_role(&self) -> StoreResult<()> {
        let role = sql("SELECT (rolsuper OR rolbypassrls)::int::bigint AS unfenced FROM pg_roles \
                        WHERE rolname = current_user")
        .fetch_one(self.read(Scope::System))
        .await?;
        if role.get("unfenced")? { Err(StoreError::Unfenced) } else { Ok(()) }
    }

    /// Which kind this is.
    pub fn engine(&self) -> Engine {
        match &self.0 {
            DbOf::Sqlite(_) => Engine::Sqlite,
            DbOf::Postgres(_) => Engine::Postgres,
        }
    }

    /// Opens a transaction that sees what the scope allows.
    pub async fn begin(&self, scope: Scope) -> StoreResult<Tx> {
        match &self.0 {
            DbOf::Sqlite(file) => {
                let held = file.writer().await?;
                let tx = held.pool.begin_with("BEGIN IMMEDIATE").await?;
                Ok(Tx(TxOf::Sqlite(tx, held)))
            }
            DbOf::Postgres(pool) => {
                let mut tx = Tx(TxOf::Postgres(pool.begin().await?));
                let (setting, value) = match scope {
                    Scope::Environment(id) => ("pilotfish.environment", data_encoding::HEXLOWER.encode(&id.bytes())),
                    Scope::Organisation(id) => ("pilotfish.organisation", data_encoding::HEXLOWER.encode(&id.bytes())),
                    Scope::System => ("pilotfish.system", "on".to_owned()),
                };
                sql("SELECT set_config($1, $2, true)").bind(setting).bind(value).fetch_all(&mut tx).await?;
                Ok(tx)
            }
        }
    }

    /// A handle that reads what the scope allows, each query for itself.
    pub fn read(&self, scope: Scope) -> Reader<'_> {
        Reader { db: self, scope }
    }

    /// Runs a statement that no transaction may hold, such as `CREATE DATABASE`.
    pub async fn run_outside_transaction(&self, statement: String) -> StoreResult<()> {
        match &self.0 {
            DbOf::Sqlite(file) => sql(statement).run_sqlite(&file.writer().await?.pool).await.map(|_| ()),
            DbOf::Postgres(pool) => sql(statement).run_postgres(pool).await.map(|_| ()),
        }
    }

    /// Writes what the write-ahead log still holds into the file and closes all connections.
    pub async fn close(&self) {
        match &self.0 {
            DbOf::Sqlite(file) => file.close().await,
            DbOf::Postgres(pool) => pool.close().await,
        }
    }

    pub(crate) async fn migrate(&self, migrator: &sqlx::migrate::Migrator) -> Result<(), sqlx::migrate::MigrateError> {
        match &self.0 {
            DbOf::Sqlite(file) => {
                let held = file.writer().await.map_err(|_| sqlx::Error::PoolTimedOut)?;
                migrator.run(&held.pool).await
            }
            DbOf::Postgres(pool) => migrator.run(pool).await,
        }
    }
}

/// Reads within a [`Scope`]. Over PostgreSQL each query has a short transaction that carries the scope.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    db: &'a Db,
    scope: Scope,
}

impl Executor for Reader<'_> {
    async fn rows(self, query: Query) -> StoreResult<Vec<Row>> {
        match &self.db.0 {
            DbOf::Sqlite(file) => query.rows_sqlite(&file.reader().await?.pool).await,
            DbOf::Postgres(_) => {
                let mut tx = self.db.begin(self.scope).await?;
                let rows = query.fetch_all(&mut tx).await?;
                tx.commit().await?;
                Ok(rows)
            }
        }
    }

    async fn some_rows(&mut self, query: Query) -> StoreResult<Vec<Row>> {
        self.rows(query).await
    }

    async fn run(self, query: Query) -> StoreResult<u64> {
        let mut tx = self.db.begin(self.scope).await?;
        let changed = query.execute(&mut tx).await?;
        tx.commit().await?;
        Ok(changed)
    }
}

/// A transaction. Dropped without [`Tx::commit`], it is rolled back.
#[must_use = "a transaction that is not committed is rolled back"]
pub struct Tx(TxOf);

enum TxOf {
    /// The transaction ends before the file is let go.
    Sqlite(Transaction<'static, Sqlite>, Held),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    /// Makes everything durable.
    pub async fn commit(self) -> StoreResult<()> {
        match self.0 {
            TxOf::Sqlite(tx, _held) => Ok(tx.commit().await?),
            TxOf::Postgres(tx) => Ok(tx.commit().await?),
        }
    }
}

impl Executor for &mut Tx {
    async fn rows(self, query: Query) -> StoreResult<Vec<Row>> {
        match &mut self.0 {
            TxOf::Sqlite(tx, _) => query.rows_sqlite(&mut **tx).await,
            TxOf::Postgres(tx) => query.rows_postgres(&mut **tx).await,
        }
    }

    async fn some_rows(&mut self, query: Query) -> StoreResult<Vec<Row>> {
        (&mut **self).rows(query).await
    }

    async fn run(self, query: Query) -> StoreResult<u64> {
        match &mut self.0 {
            TxOf::Sqlite(tx, _) => query.run_sqlite(&mut **tx).await,
            TxOf::Postgres(tx) => query.run_postgres(&mut **tx).await,
        }
    }
}
