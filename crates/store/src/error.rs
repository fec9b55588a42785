//! What can go wrong with a store. Driver texts stay inside: they may quote values.

/// A failure of a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique or foreign key constraint refused a row.
    #[error("the row conflicts with one that is there")]
    Conflict,
    /// The database cannot be reached or does not answer.
    #[error("the database cannot be reached ({0})")]
    Unavailable(&'static str),
    /// The driver failed in another way. Only a code is kept: the database's own texts may quote values.
    #[error("the database refused a statement ({code})")]
    Driver {
        /// SQLSTATE, `SQLite`'s extended code, or the kind of failure.
        code: String,
    },
    /// A column does not hold what the code expects.
    #[error("column {column} holds a value of another type")]
    Decode {
        /// The column's name.
        column: String,
    },
    /// The schema was written by a newer release.
    #[error(
        "{database} has schema version {found}, newer than this release's {known}: start the newer release, or restore \
         a copy made before the upgrade"
    )]
    NewerSchema {
        /// Which of the two databases.
        database: &'static str,
        /// The version that it has.
        found: i64,
        /// The newest version that this binary knows.
        known: i64,
    },
    /// A migration that was applied is not the one that this binary has.
    #[error("migration {version} of {database} is not the one that was applied: this binary is from another line")]
    OtherMigration {
        /// Which of the two databases.
        database: &'static str,
        /// The migration's number.
        version: i64,
    },
    /// The file cannot be opened with the key that belongs to it.
    #[error("{path} cannot be opened with its key: it is damaged or belongs to another data folder")]
    WrongKey {
        /// The file.
        path: String,
    },
    /// A part of an embedded installation is not there.
    #[error(
        "{path} is missing, and other files of the installation are there: restore its newest copy; nothing is made in its place"
    )]
    Lost {
        /// The file.
        path: String,
    },
    /// The stores are not of one installation.
    #[error(
        "{store} is missing or belongs to another installation: name the right one, or put back its newest \
         copy"
    )]
    Foreign {
        /// Which of the two databases.
        store: &'static str,
    },
    /// Others may write into the data folder.
    #[error("{path} can be written by others than its owner (mode {mode:04o}): chmod go-w {path}")]
    WritableByOthers {
        /// The folder.
        path: String,
        /// Its mode.
        mode: u32,
    },
    /// A file or folder could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: String,
        /// The cause.
        source: std::io::Error,
    },
    /// Another process holds the lock that this one needs.
    #[error("{path} is served by another process: stop it first, or use another folder")]
    Locked {
        /// The locked folder.
        path: String,
    },
    /// A key could not be had.
    #[error(transparent)]
    Key(#[from] keys::KeyError),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(database)
                if database.is_unique_violation() || database.is_foreign_key_violation() =>
            {
                Self::Conflict
            }
            sqlx::Error::Database(database) => {
                Self::Driver { code: database.code().map_or_else(|| "no code".to_owned(), Into::into) }
            }
            sqlx::Error::Configuration(_) => Self::Unavailable("its URL is not one"),
            sqlx::Error::Io(error) => Self::Unavailable(match error.kind() {
                std::io::ErrorKind::ConnectionRefused => "connection refused",
                std::io::ErrorKind::NotFound => "no such host or socket",
                _ => "input or output failed",
            }),
            sqlx::Error::Tls(_) => Self::Unavailable("TLS failed"),
            sqlx::Error::PoolTimedOut => Self::Unavailable("no connection became free in time"),
            sqlx::Error::PoolClosed => Self::Unavailable("the connections are closed"),
            sqlx::Error::ColumnNotFound(column) => Self::Decode { column },
            sqlx::Error::ColumnDecode { index, .. } => Self::Decode { column: index },
            _ => Self::Driver { code: "driver".to_owned() },
        }
    }
}

/// The result of a store's operation.
pub type StoreResult<T> = Result<T, StoreError>;
