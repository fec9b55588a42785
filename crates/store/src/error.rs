//! What can go wrong with a store. Driver texts stay inside: they may quote values.

/// A failure of a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique or foreign key constraint refused a row.
    #[error("the row conflicts with one that is there")]
    Conflict,
    /// The database broke the transaction off, since others were changing the same rows: done again as a whole it may
    /// succeed.
    #[error("the transaction was broken off, since others were changing the same rows")]
    Contended,
    /// What was to be written is sealed to a key that is being replaced: made anew it will be taken.
    #[error("the row is sealed to a key that is being replaced")]
    Outdated,
    /// The database cannot be reached, or cannot serve: the same statement may succeed later.
    #[error("the database cannot be reached or does not work ({0})")]
    Unavailable(&'static str),
    /// The URL is not PostgreSQL's.
    #[error("the database's URL must begin with postgres:// or postgresql://")]
    NotPostgres,
    /// The role that connects is above row-level security.
    #[error(
        "the role that connects to PostgreSQL is a superuser or bypasses row-level security, which fences tenants from \
         each other: connect as a role that is neither (create role pilotfish login nosuperuser nobypassrls)"
    )]
    Unfenced,
    /// The way to the database leads over a network, and whoever answers there need not prove who it is.
    #[error(
        "the database is on another machine and its URL does not have the server prove who it is: add \
         sslmode=verify-full&sslrootcert=FILE, and sslcert=FILE&sslkey=FILE to prove who this process is; \
         --allow-unverified-database goes on without"
    )]
    Unverified,
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
    /// The schema's owner has not brought it up to this release, and the role that connects may not.
    #[error(
        "{database} has schema version {found} and this release needs {known}: as the schema's owner run pilotfish init, or \
         pilotfish migrate after an upgrade; this role may not (docs/roles.md)"
    )]
    NotMigrated {
        /// Which of the two databases.
        database: &'static str,
        /// The version that it has; 0 for none, or none that this role may see.
        found: i64,
        /// The newest version that this binary knows.
        known: i64,
    },
    /// The roles that grants are for are not there.
    #[error(
        "PostgreSQL has no roles pilotfish_edge, pilotfish_api, pilotfish_dashboard and pilotfish_worker, and the role that \
         connects may not make any: run deploy/postgresql/roles.sql as a superuser, or grant it CREATEROLE"
    )]
    RolesMissing,
    /// The role that connects may not do this.
    #[error(
        "the role that connects to PostgreSQL may not do this: is it granted the role of this process? (docs/roles.md)"
    )]
    Denied,
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
            sqlx::Error::Database(database) => of_database(database.as_ref()),
            sqlx::Error::Configuration(_) => Self::Unavailable("its URL is not one"),
            sqlx::Error::Io(error) => Self::Unavailable(match error.kind() {
                std::io::ErrorKind::ConnectionRefused => "connection refused",
                std::io::ErrorKind::NotFound => "no such host or socket",
                // What is wrong with the other side's certificate comes as this.
                std::io::ErrorKind::InvalidData => "TLS failed",
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

fn of_database(error: &(dyn sqlx::error::DatabaseError + 'static)) -> StoreError {
    if error.is_unique_violation() || error.is_foreign_key_violation() {
        return StoreError::Conflict;
    }
    let code = error.code().map_or_else(|| "no code".to_owned(), Into::into);
    if code == "42501" {
        return StoreError::Denied;
    }
    // Serialization failure, deadlock.
    if ["40001", "40P01"].contains(&code.as_str()) {
        return StoreError::Contended;
    }
    let trouble = if error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
        trouble_of_sqlite(&code)
    } else {
        trouble_of_postgres(&code)
    };
    trouble.map_or(StoreError::Driver { code }, StoreError::Unavailable)
}

/// What is wrong with the file rather than with the statement. The code is extended: its low byte says what it is.
fn trouble_of_sqlite(code: &str) -> Option<&'static str> {
    Some(match code.parse::<u32>().ok()? & 0xff {
        5 => "another connection holds it",
        6 => "a table of it is locked",
        8 => "it is read-only",
        10 => "input or output failed",
        13 => "the disk is full",
        14 => "its file cannot be opened",
        _ => return None,
    })
}

/// What is wrong with the server or the way to it rather than with the statement, by SQLSTATE.
fn trouble_of_postgres(code: &str) -> Option<&'static str> {
    Some(match code {
        "3D000" => "there is no database of this name",
        "55000" => "it is not in a state to serve",
        _ => match code.get(..2)? {
            "08" => "the connection failed",
            "28" => "the role or its password is refused",
            "53" => "it has no more space, memory or connections",
            "57" => "it is stopping, starting or gave up the statement",
            _ => return None,
        },
    })
}

/// The result of a store's operation.
pub type StoreResult<T> = Result<T, StoreError>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_of_the_file_or_server_is_not_the_statements_fault() {
        for code in ["5", "261", "6", "8", "10", "8714", "13", "14"] {
            assert!(trouble_of_sqlite(code).is_some(), "{code}");
        }
        for code in ["1", "19", "787", "2067", "no code"] {
            assert_eq!(trouble_of_sqlite(code), None, "{code}");
        }
        for code in ["08006", "53100", "57P01", "57014", "55000", "28P01", "3D000"] {
            assert!(trouble_of_postgres(code).is_some(), "{code}");
        }
        for code in ["23505", "42501", "22021", "55P03", "no code", ""] {
            assert_eq!(trouble_of_postgres(code), None, "{code}");
        }
    }

    #[tokio::test]
    async fn another_databases_url_is_refused_without_being_quoted() {
        for url in ["mysql://root:hunter2@localhost/main", "localhost/main", ""] {
            let refused = crate::Db::connect_postgres(&base::Secret::new(url.to_owned())).await.err().unwrap();
            assert_eq!(refused.to_string(), "the database's URL must begin with postgres:// or postgresql://");
        }
    }

    #[test]
    fn over_a_network_the_server_has_to_prove_who_it_is() {
        let asked = |url: &str| crate::Db::refuse_unverified(&base::Secret::new(url.to_owned()));
        for url in ["u@localhost/d", "u@127.0.0.1:5433/d", "u@[::1]/d", "u@%2Frun%2Fpostgresql/d", "/d?host=/run/pg"] {
            asked(&format!("postgres://{url}")).unwrap();
        }
        for host in ["db.example.org", "192.0.2.7", "localhost.example.org", "[2001:db8::7]"] {
            for mode in ["", "?sslmode=disable", "?sslmode=prefer", "?sslmode=require", "?sslmode=verify-ca"] {
                let refused = asked(&format!("postgres://u:p@{host}/d{mode}"));
                assert!(matches!(refused, Err(StoreError::Unverified)), "{host} {mode}");
            }
            asked(&format!("postgres://u:p@{host}/d?sslmode=verify-full&sslrootcert=ca.pem")).unwrap();
        }
    }

    #[tokio::test]
    async fn a_record_cannot_be_replaced_behind_its_triggers() {
        use crate::{Db, Scope, migrate_main, sql};
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open_sqlcipher(&folder.path().join("main.db"), &base::Secret::new([7; 32]), true).await.unwrap();
        migrate_main(&db).await.unwrap();
        let add = |verb: &str, kind: &str| {
            sql(format!("{verb} INTO findings (id, kind, detail, created_at) VALUES (x'01', '{kind}', '{{}}', 1)"))
                .execute(db.read(Scope::System))
        };
        add("INSERT", "first").await.unwrap();
        assert!(add("INSERT OR REPLACE", "second").await.is_err());
        let row = sql("SELECT kind FROM findings").fetch_one(db.read(Scope::System)).await.unwrap();
        assert_eq!(row.get::<String>("kind").unwrap(), "first");
        db.close().await;
    }
}
