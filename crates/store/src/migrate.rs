//! Migrations: expand, then contract; never edited once they have landed (`migrations/landed.sha256`). They run at start. PostgreSQL's advisory lock lets one
//! process at a time run them; a SQLite file has one process anyway.
//!
//! Over PostgreSQL only the schema's owner migrates. A process that connects as another role waits a while for the owner to
//! have done it, and is refused if it has not.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

#[cfg(test)]
mod tests;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

use crate::{Db, Engine, Scope, StoreError, StoreResult, sql};

/// How long a process waits for the owner to migrate.
const WAITS_FOR_OWNER: Duration = Duration::from_secs(30);
/// How often it looks.
const LOOKS: Duration = Duration::from_millis(250);
/// What the grants' migration says when the roles are not there and cannot be made.
const ROLES_MISSING: &str = "PF001";

/// One migration: number, name, and its text for each engine.
struct Step(i64, &'static str, [&'static str; 2]);

/// The same text for both engines.
macro_rules! same {
    ($folder:literal, $number:literal, $name:literal) => {
        Step($number, $name, [include_str!(concat!("../../../migrations/", $folder, "/", $name, ".sql")); 2])
    };
}

/// A text for each engine, under the same number.
macro_rules! each {
    ($folder:literal, $number:literal, $name:literal) => {
        Step(
            $number,
            $name,
            [
                include_str!(concat!("../../../migrations/", $folder, "/", $name, ".sql")),
                include_str!(concat!("../../../migrations/", $folder, "/", $name, ".postgres.sql")),
            ],
        )
    };
}

const MAIN: &[Step] = &[
    same!("main", 1, "0001_init"),
    each!("main", 2, "0002_append_only"),
    each!("main", 3, "0003_row_level_security"),
    same!("main", 4, "0004_people"),
    same!("main", 5, "0005_sdk_files"),
    each!("main", 6, "0006_page_origins_scope"),
    each!("main", 7, "0007_people_scope"),
    same!("main", 10, "0010_content"),
    same!("main", 11, "0011_jobs"),
    same!("main", 12, "0012_answers"),
    each!("main", 13, "0013_content_scope"),
    each!("main", 14, "0014_scope_of_keys_and_records"),
    same!("main", 20, "0020_demo"),
    each!("main", 21, "0021_noted"),
    each!("main", 22, "0022_noted_scope"),
    same!("main", 23, "0023_provisional_attributes"),
    each!("main", 25, "0025_answer_tallies"),
    each!("main", 26, "0026_count_what_was_answered"),
    same!("main", 27, "0027_demo_checklist"),
    same!("main", 29, "0029_names"),
    same!("main", 30, "0030_key_versions"),
    same!("main", 35, "0035_trust"),
    each!("main", 36, "0036_trust_scope"),
    each!("main", 40, "0040_grants"),
    each!("main", 45, "0045_edge_grants"),
    each!("main", 48, "0048_promoted_at"),
    same!("main", 54, "0054_reports"),
    each!("main", 55, "0055_reports_scope"),
    same!("main", 60, "0060_memberships"),
    each!("main", 61, "0061_memberships_scope"),
    same!("main", 62, "0062_passwords"),
    each!("main", 63, "0063_passwords_scope"),
    same!("main", 64, "0064_second_factors"),
    each!("main", 65, "0065_second_factors_scope"),
    same!("main", 66, "0066_passkeys"),
    each!("main", 67, "0067_passkeys_scope"),
    same!("main", 68, "0068_sign_ins"),
    each!("main", 69, "0069_sign_ins_scope"),
    same!("main", 70, "0070_email_changes"),
    each!("main", 71, "0071_email_changes_scope"),
    same!("main", 74, "0074_spikes"),
    each!("main", 75, "0075_spikes_scope"),
    same!("main", 76, "0076_identity_providers"),
    each!("main", 77, "0077_identity_providers_scope"),
];

const KEYRING: &[Step] = &[
    same!("keyring", 1, "0001_init"),
    each!("keyring", 2, "0002_row_level_security"),
    same!("keyring", 3, "0003_written_at"),
    each!("keyring", 10, "0010_erasable_floors"),
    each!("keyring", 11, "0011_index_versions"),
    each!("keyring", 15, "0015_grants"),
];

/// Brings the main store to this release's schema.
///
/// # Errors
/// [`StoreError::NewerSchema`] if a newer release has been here.
pub async fn migrate_main(db: &Db) -> StoreResult<()> {
    run(db, "the main store", MAIN).await
}

/// Brings the keyring to this release's schema.
///
/// # Errors
/// [`StoreError::NewerSchema`] if a newer release has been here.
pub async fn migrate_keyring(db: &Db) -> StoreResult<()> {
    run(db, "the keyring", KEYRING).await
}

/// The texts of a database's migrations for PostgreSQL, `main` or `keyring`.
pub(crate) fn postgres_texts(database: &str) -> impl Iterator<Item = &'static str> {
    let steps = if database == "main" { MAIN } else { KEYRING };
    steps.iter().map(|step| step.2[1])
}

async fn run(db: &Db, database: &'static str, steps: &[Step]) -> StoreResult<()> {
    let text = match db.engine() {
        Engine::Sqlite => 0,
        Engine::Postgres => 1,
    };
    let migrations = steps
        .iter()
        .map(|Step(number, name, texts)| {
            let sql = sqlx::SqlStr::from_static(texts[text]);
            Migration::new(*number, (*name).into(), MigrationType::Simple, sql, false)
        })
        .collect();
    let known = steps.iter().map(|step| step.0).max().unwrap_or(0);
    if !may_migrate(db).await? {
        return wait_for_owner(db, database, steps, known).await;
    }
    match db.migrate(&Migrator::with_migrations(migrations)).await {
        Ok(()) => Ok(()),
        Err(MigrateError::VersionMissing(found)) if found > known => {
            Err(StoreError::NewerSchema { database, found, known })
        }
        // Between the known ones: not newer, but of another line.
        Err(
            MigrateError::VersionMissing(version)
            | MigrateError::VersionMismatch(version)
            | MigrateError::Dirty(version),
        ) => Err(StoreError::OtherMigration { database, version }),
        Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => Err(failed(error)),
        Err(_) => Err(StoreError::Driver { code: "migration".to_owned() }),
    }
}

fn failed(error: sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    if code.as_deref() == Some(ROLES_MISSING) { StoreError::RolesMissing } else { error.into() }
}

/// Whether this process may make and change the schema: over PostgreSQL if its role owns it; or, where there is none yet, if
/// its role owns the database and is no process's. That a role may make tables in a schema says nothing: everybody may
/// where an old cluster's `public` was left as it was.
pub async fn may_migrate(db: &Db) -> StoreResult<bool> {
    if db.engine() == Engine::Sqlite {
        return Ok(true);
    }
    let row = sql("SELECT COALESCE(\
                   (SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class \
                    WHERE oid = to_regclass('_sqlx_migrations')), \
                   (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) OR \
                   (SELECT pg_has_role(current_user, datdba, 'USAGE') FROM pg_database WHERE datname = current_database()) \
                   AND NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname IN \
                    ('pilotfish_edge', 'pilotfish_api', 'pilotfish_dashboard', 'pilotfish_worker') \
                    AND pg_has_role(current_user, oid, 'USAGE')))::int::bigint AS may");
    row.fetch_one(db.read(Scope::System)).await?.get("may")
}

async fn wait_for_owner(db: &Db, database: &'static str, steps: &[Step], known: i64) -> StoreResult<()> {
    let began = Instant::now();
    loop {
        let applied = applied(db).await?;
        let found = applied.last().copied().unwrap_or(0);
        if found > known {
            return Err(StoreError::NewerSchema { database, found, known });
        }
        if steps.iter().all(|step| applied.contains(&step.0)) {
            return Ok(());
        }
        if began.elapsed() >= WAITS_FOR_OWNER {
            return Err(StoreError::NotMigrated { database, found, known });
        }
        tokio::time::sleep(LOOKS).await;
    }
}

/// The migrations that the owner has made.
async fn applied(db: &Db) -> StoreResult<BTreeSet<i64>> {
    let there = sql("SELECT 1::bigint AS there WHERE to_regclass('_sqlx_migrations') IS NOT NULL");
    if there.fetch_optional(db.read(Scope::System)).await?.is_none() {
        return Ok(BTreeSet::new());
    }
    match sql("SELECT version FROM _sqlx_migrations WHERE success").fetch_all(db.read(Scope::System)).await {
        Ok(rows) => rows.iter().map(|row| row.get("version")).collect(),
        // Before the migration that grants it.
        Err(StoreError::Denied) => Ok(BTreeSet::new()),
        Err(error) => Err(error),
    }
}
