//! Migrations: expand, then contract; never edited once released. They run at start. PostgreSQL's advisory lock lets one
//! process at a time run them; a SQLite file has one process anyway.

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

use crate::{Db, Engine, StoreError, StoreResult};

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
    same!("main", 54, "0054_reports"),
    each!("main", 55, "0055_reports_scope"),
];

const KEYRING: &[Step] = &[
    same!("keyring", 1, "0001_init"),
    each!("keyring", 2, "0002_row_level_security"),
    same!("keyring", 3, "0003_written_at"),
    each!("keyring", 10, "0010_erasable_floors"),
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
        Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => Err(error.into()),
        Err(_) => Err(StoreError::Driver { code: "migration".to_owned() }),
    }
}
