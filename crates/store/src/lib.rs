//! The two databases: the main store (what a team makes, what is known of people, sealed) and the keyring (who is who).
//!
//! Each is a `SQLCipher` file or a PostgreSQL database, behind one SQL text ([`sql`]). Mutations open one [`Tx`] and
//! commit it explicitly; where both databases change, the keyring commits first, and an orphan row in it is harmless.
//! Invariant: no column here holds an unsealed personal value; only the keyring connects an outside id with a person.

mod db;
pub mod dialect;
pub mod embedded;
mod error;
pub mod folder;
pub mod grants;
pub mod identity;
pub mod key_records;
pub mod keyring;
mod migrate;
mod query;
mod sqlcipher;

pub use db::{Db, Engine, Reader, Scope, Tx};
pub use error::{StoreError, StoreResult};
pub use folder::{DataFolder, Sharing};
pub use identity::Identity;
pub use migrate::{may_migrate, migrate_keyring, migrate_main};
pub use query::{Column, ColumnKind, Executor, Query, Row, Value, sql};
pub use sqlcipher::closed;
