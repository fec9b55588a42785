//! Every schema that there ever was becomes today's with its data in it, on both engines; and a migration that has landed
//! never changes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base::{Rng, Secret, SystemRng};
use sha2::{Digest as _, Sha256};

use super::{KEYRING, MAIN, Step, run};
use crate::{Db, Scope, StoreError, sql};

/// A row as a release wrote it whose newest migration is between `since` and `until`. Every BYTEA is `$1`.
struct Row {
    since: i64,
    until: i64,
    insert: &'static str,
    /// What must be there today, once.
    still: &'static str,
}

const ALWAYS: i64 = i64::MAX;

const fn row(since: i64, insert: &'static str, still: &'static str) -> Row {
    Row { since, until: ALWAYS, insert, still }
}

const MAIN_ROWS: &[Row] = &[
    row(
        1,
        "installation (id, created_at, setup_token_hash) VALUES (1, 2, $1)",
        "installation WHERE setup_token_hash = $1 AND setup_key_version = 1",
    ),
    row(1, "store_identity (id, identity) VALUES (1, $1)", "store_identity WHERE identity = $1"),
    row(
        1,
        "keys (kind, owner, version, state, wrapped, created_at) VALUES ('session', $1, 1, 'primary', $1, 2)",
        "keys WHERE owner = $1 AND wrapped = $1 AND state = 'primary'",
    ),
    row(
        1,
        "organisations (id, name, created_at) VALUES ($1, 'Harbour', 2)",
        "organisations WHERE id = $1 AND name = 'Harbour' AND require_mfa = 'off' AND idle_minutes = 30",
    ),
    row(
        1,
        "apps (id, organisation_id, name, created_at) VALUES ($1, $1, 'Web', 2)",
        "apps WHERE id = $1 AND name = 'Web'",
    ),
    row(
        1,
        "environments (id, organisation_id, app_id, name, identity_required, identity_secret, created_at) VALUES ($1, $1, $1, 'production', 1, $1, 2)",
        "environments WHERE id = $1 AND identity_secret = $1 AND identity_required = 1",
    ),
    row(
        1,
        "environment_keys (hash, environment_id, organisation_id, kind, shown, created_at) VALUES ($1, $1, $1, 'browser', 'pfe_1', 2)",
        "environment_keys WHERE hash = $1 AND shown = 'pfe_1' AND key_version = 1",
    ),
    Row {
        since: 1,
        until: 59,
        insert: "members (id, organisation_id, email_index, email, name, role, password, pepper_version, created_at) VALUES ($1, $1, $1, $1, $1, 'owner', 'phc', 1, 2)",
        still: "members WHERE id = $1 AND email = $1 AND password = 'phc' AND index_version = 1",
    },
    row(
        60,
        "members (id, organisation_id, email_index, email, name, password, pepper_version, created_at) VALUES ($1, $1, $1, $1, $1, 'phc', 1, 2)",
        "members WHERE id = $1 AND email = $1 AND password = 'phc' AND index_version = 1",
    ),
    // What 0060 makes of a member who has a role.
    Row {
        since: 1,
        until: 59,
        insert: "members (id, organisation_id, email_index, email, name, role, password, pepper_version, created_at) VALUES ($1, $1, $1, $1, $1, 'owner', 'phc', 1, 2) ON CONFLICT DO NOTHING",
        still: "memberships WHERE member_id = $1 AND organisation_id = $1 AND role = 'owner' AND created_at = 2 AND suspended_at IS NULL",
    },
    row(
        60,
        "memberships (organisation_id, member_id, role, created_at, suspended_at) VALUES ($1, $1, 'editor', 2, 3)",
        "memberships WHERE member_id = $1 AND role = 'editor' AND suspended_at = 3",
    ),
    row(
        70,
        "email_changes (member_id, organisation_id, email, expires_at) VALUES ($1, $1, $1, 2)",
        "email_changes WHERE member_id = $1 AND email = $1 AND hash IS NULL",
    ),
    row(
        70,
        "letter_counts (subject, day, letters) VALUES ($1, 2, 3)",
        "letter_counts WHERE subject = $1 AND letters = 3",
    ),
    row(74, "spikes (subject, at) VALUES ($1, 2)", "spikes WHERE subject = $1 AND at = 2"),
    row(
        76,
        "identity_providers (id, organisation_id, name, issuer, client_id, client_secret, settings, created_at) VALUES ($1, $1, 'Acme', 'https://id.example', 'us', $1, '{}', 2)",
        "identity_providers WHERE id = $1 AND issuer = 'https://id.example' AND last_used_at IS NULL",
    ),
    row(
        76,
        "member_identities (id, member_id, provider_id, subject_index, index_version, subject, created_at, linked_by) VALUES ($1, $1, $1, $1, 1, $1, 2, 'member')",
        "member_identities WHERE id = $1 AND subject = $1 AND linked_by = 'member'",
    ),
    row(76, "answered_states (state, expires_at) VALUES ($1, 2)", "answered_states WHERE state = $1"),
    row(
        76,
        "former_members (organisation_id, known_by, index_version, expires_at) VALUES ($1, $1, 1, 2)",
        "former_members WHERE known_by = $1 AND expires_at = 2",
    ),
    row(
        68,
        "devices (id, member_id, hash, key_version, device, created_at, last_used_at) VALUES ($1, $1, $1, 1, 'Firefox on Linux', 2, 3)",
        "devices WHERE id = $1 AND hash = $1 AND last_used_at = 3",
    ),
    row(
        68,
        "sign_ins (id, member_id, at, method, outcome, device, known_device, network) VALUES ($1, $1, 2, 'password', 'wrong', 'Firefox on Linux', 1, $1)",
        "sign_ins WHERE id = $1 AND outcome = 'wrong' AND known_device = 1",
    ),
    row(
        66,
        "passkeys (id, member_id, credential, public_key, algorithm, counter, kind, device, created_at) VALUES ($1, $1, $1, $1, -7, 4, 'passkey', 'Firefox on Linux', 2)",
        "passkeys WHERE id = $1 AND credential = $1 AND public_key = $1 AND counter = 4",
    ),
    row(66, "answered_challenges (challenge, expires_at) VALUES ($1, 2)", "answered_challenges WHERE challenge = $1"),
    row(
        64,
        "totp_factors (member_id, state, secret, step, created_at) VALUES ($1, 'confirmed', $1, 7, 2)",
        "totp_factors WHERE member_id = $1 AND state = 'confirmed' AND secret = $1 AND step = 7",
    ),
    // What 0076 makes of a second factor that is there.
    Row {
        since: 64,
        until: 75,
        insert: "totp_factors (member_id, state, secret, step, created_at) VALUES ($1, 'confirmed', $1, 7, 2) ON CONFLICT DO NOTHING",
        still: "members WHERE id = $1 AND second_factor_since = 2",
    },
    row(
        64,
        "recovery_codes (member_id, hash, created_at) VALUES ($1, $1, 2)",
        "recovery_codes WHERE member_id = $1 AND hash = $1",
    ),
    row(
        62,
        "password_resets (member_id, hash, key_version, expires_at) VALUES ($1, $1, 1, 2)",
        "password_resets WHERE member_id = $1 AND hash = $1 AND expires_at = 2",
    ),
    row(
        60,
        "invitations (id, organisation_id, email, role, created_at, expires_at, invited_by) VALUES ($1, $1, $1, 'editor', 2, 3, $1)",
        "invitations WHERE id = $1 AND email = $1 AND role = 'editor' AND hash IS NULL",
    ),
    row(
        1,
        "sessions (hash, id, member_id, organisation_id, created_at, last_used_at) VALUES ($1, $1, $1, $1, 2, 3)",
        "sessions WHERE hash = $1 AND last_used_at = 3 AND key_version = 1 AND level = 'password'",
    ),
    row(
        1,
        "sign_in_attempts (subject, at, number) VALUES ($1, 2, 3)",
        "sign_in_attempts WHERE subject = $1 AND number = 3",
    ),
    row(
        1,
        "api_keys (hash, id, organisation_id, shown, role, created_at, expires_at) VALUES ($1, $1, $1, 'pfa_1', 'owner', 2, 3)",
        "api_keys WHERE hash = $1 AND expires_at = 3 AND key_version = 1",
    ),
    row(
        1,
        "audit_records (id, organisation_id, actor_kind, action, object, detail, created_at) VALUES ($1, $1, 'system', 'a', 'o', '{}', 2)",
        "audit_records WHERE id = $1 AND action = 'a'",
    ),
    row(
        1,
        "findings (id, organisation_id, kind, detail, created_at) VALUES ($1, $1, 'k', '{}', 2)",
        "findings WHERE id = $1 AND kind = 'k'",
    ),
    row(
        4,
        "people (environment_id, number, id, identified, attributes, attribute_times, outcomes, seen, counters, first_seen_at, last_seen_at) VALUES ($1, 7, $1, 1, '{\"plan\":\"pro\"}', '{\"plan\":5}', '{}', '{}', '{}', 2, 3)",
        "people WHERE number = 7 AND id = $1 AND attributes = '{\"plan\":\"pro\"}' AND last_seen_at = 3",
    ),
    row(
        4,
        "companies (environment_id, number, id, attributes, attribute_times, outcomes, first_seen_at, last_seen_at) VALUES ($1, 8, $1, '{\"seats\":4}', '{}', '{}', 2, 3)",
        "companies WHERE number = 8 AND id = $1 AND attributes = '{\"seats\":4}'",
    ),
    row(
        4,
        "sealed_attributes (environment_id, kind, number, name, version, sealed) VALUES ($1, 'person', 7, 'email', 5, $1)",
        "sealed_attributes WHERE number = 7 AND name = 'email' AND sealed = $1",
    ),
    row(
        4,
        "registered_attributes (environment_id, scope, name, type, class, first_seen_at) VALUES ($1, 'person', 'email', 'text', 'personal', 2)",
        "registered_attributes WHERE name = 'email' AND class = 'personal' AND provisional = 0",
    ),
    row(
        4,
        "applied_messages (environment_id, message, received_at) VALUES ($1, $1, 2)",
        "applied_messages WHERE message = $1",
    ),
    row(
        5,
        "sdk_files (path, integrity, body, first_served_at) VALUES ('/sdk/0.0.1/pilotfish.js', 'sha384-x', $1, 2)",
        "sdk_files WHERE path = '/sdk/0.0.1/pilotfish.js' AND integrity = 'sha384-x' AND body = $1",
    ),
    row(
        5,
        "page_origins (environment_id, origin, first_heard_at, last_heard_at) VALUES ($1, 'https://a.example', 2, 3)",
        "page_origins WHERE origin = 'https://a.example' AND last_heard_at = 3",
    ),
    row(
        10,
        "contents (id, environment_id, kind, name, status, draft, version, revision, created_at, updated_at) VALUES ($1, $1, 'survey', 'How is it?', 'live', '{}', 1, 4, 2, 3)",
        "contents WHERE id = $1 AND name = 'How is it?' AND revision = 4",
    ),
    row(
        10,
        "content_versions (content_id, version, environment_id, definition, published_at) VALUES ($1, 1, $1, '{\"questions\":[]}', 2)",
        "content_versions WHERE content_id = $1 AND definition = '{\"questions\":[]}'",
    ),
    row(10, "rulesets (environment_id, number) VALUES ($1, 9)", "rulesets WHERE number = 9"),
    row(
        11,
        "jobs (id, kind, payload, state, attempts, due_at, done, created_at) VALUES ($1, 'a.b', '{}', 'queued', 0, 2, 0, 2)",
        "jobs WHERE id = $1 AND state = 'queued'",
    ),
    // What 0026 counts: one answer with a score, a text and a list of choices.
    Row {
        since: 12,
        until: 25,
        insert: "answers (environment_id, id, content_id, version, person_number, answers, texts, complete, created_at, updated_at) VALUES ($1, $1, $1, 1, 7, '{\"q1\":9,\"q3\":[\"a\",\"b\"]}', '{\"q2\":\"c2VhbGVk\"}', 1, 2, 3)",
        still: "answer_tallies WHERE content_id = $1 AND question = 'q1' AND value = '9' AND count = 1",
    },
    row(
        12,
        "answers (environment_id, id, content_id, version, person_number, answers, texts, complete, created_at, updated_at) VALUES ($1, $1, $1, 1, 7, '{\"q1\":9,\"q3\":[\"a\",\"b\"]}', '{\"q2\":\"c2VhbGVk\"}', 1, 2, 3) ON CONFLICT DO NOTHING",
        "answers WHERE id = $1 AND person_number = 7 AND answers LIKE '%\"q1\":9%' AND texts LIKE '%c2VhbGVk%' AND complete = 1",
    ),
    row(
        12,
        "encounters (content_id, person_number, environment_id, shown_at, completed_at) VALUES ($1, 7, $1, 2, 3)",
        "encounters WHERE person_number = 7 AND shown_at = 2 AND completed_at = 3",
    ),
    Row {
        since: 12,
        until: 25,
        insert: "encounters (content_id, person_number, environment_id, shown_at, completed_at) VALUES ($1, 7, $1, 2, 3) ON CONFLICT DO NOTHING",
        still: "encounters WHERE person_number = 7 AND impressions = 1 AND last_impression_at = 2",
    },
    row(
        12,
        "encounter_steps (content_id, person_number, step, environment_id) VALUES ($1, 7, 'step_1', $1)",
        "encounter_steps WHERE person_number = 7 AND step = 'step_1'",
    ),
    row(
        12,
        "watched (environment_id, kind, hash, since, ready_at) VALUES ($1, 'counter', $1, 2, 3)",
        "watched WHERE hash = $1 AND ready_at = 3 AND checkpoints = '{}'",
    ),
    row(
        20,
        "demo (id, people, begun_at, next_batch) VALUES (1, 60, 2, 3)",
        "demo WHERE people = 60 AND next_batch = 3",
    ),
    Row {
        since: 21,
        until: 28,
        insert: "noted_logs (environment_id, log, sequence) VALUES ($1, 5, 6)",
        still: "log_checkpoints WHERE log = 5 AND sequence = 6",
    },
    row(
        29,
        "log_checkpoints (environment_id, log, sequence) VALUES ($1, 5, 6)",
        "log_checkpoints WHERE log = 5 AND sequence = 6",
    ),
    row(
        35,
        "trust_results (check_id, verdict, reason, evidence, since, checked_at, due_at) VALUES ('sdk', 'kept', '', '[]', 2, 3, 4)",
        "trust_results WHERE check_id = 'sdk' AND verdict = 'kept' AND since = 2",
    ),
    row(
        35,
        "trust_canaries (environment_id, person, sealed, sealed_private, planted_at) VALUES ($1, $1, $1, $1, 2)",
        "trust_canaries WHERE person = $1 AND sealed = $1",
    ),
];

const KEYRING_ROWS: &[Row] = &[
    row(1, "store_identity (id, identity) VALUES (1, $1)", "store_identity WHERE identity = $1"),
    row(1, "numbers (environment_id, kind, next) VALUES ($1, 'person', 64)", "numbers WHERE next = 64"),
    row(
        1,
        "subjects (environment_id, kind, number, id, state, identified, key_version, public_key, sealed_private_key, created_at) VALUES ($1, 'person', 7, $1, 'active', 1, 1, $1, $1, 2)",
        "subjects WHERE number = 7 AND id = $1 AND public_key = $1 AND sealed_private_key = $1",
    ),
    row(
        1,
        "blind_indexes (environment_id, namespace, hash, key_version, kind, number, sealed_value) VALUES ($1, 'external_id', $1, 1, 'person', 7, $1)",
        "blind_indexes WHERE hash = $1 AND sealed_value = $1",
    ),
    row(
        10,
        "erasable_floors (environment_id, bucket, version) VALUES ($1, 3, 2)",
        "erasable_floors WHERE bucket = 3 AND version = 2",
    ),
];

/// A database of each engine.
enum Engine {
    Sqlite(tempfile::TempDir),
    Postgres { admin: Db, url: String },
}

impl Engine {
    async fn open(&self, name: &str) -> Db {
        match self {
            Self::Sqlite(folder) => {
                let path = folder.path().join(name);
                Db::open_sqlcipher(&path, &Secret::new([7; 32]), true).await.unwrap()
            }
            Self::Postgres { admin, url } => {
                admin.run_outside_transaction(format!("CREATE DATABASE {name}")).await.unwrap();
                let (address, query) = url.split_once('?').map_or((url.as_str(), ""), |parts| parts);
                let (server, _) = address.rsplit_once('/').unwrap();
                Db::connect_postgres(&Secret::new(format!("{server}/{name}?{query}"))).await.unwrap()
            }
        }
    }

    async fn done(&self, db: Db, name: &str) {
        db.close().await;
        if let Self::Postgres { admin, .. } = self {
            admin.run_outside_transaction(format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "the test command says here where the cluster is")]
async fn engines() -> [Engine; 2] {
    let url = std::env::var("PILOTFISH_TEST_POSTGRES")
        .expect("PILOTFISH_TEST_POSTGRES is not set: run the tests with `cargo xtask test`");
    let admin = Db::connect_postgres(&Secret::new(url.clone())).await.unwrap();
    [Engine::Sqlite(tempfile::tempdir().unwrap()), Engine::Postgres { admin, url }]
}

fn unique() -> String {
    let rng: &dyn Rng = &SystemRng;
    data_encoding::HEXLOWER.encode(&rng.bytes::<6>())
}

async fn from_every_schema(of: &'static str, steps: &[Step], rows: &[Row]) {
    let id = [3_u8; 16];
    let unique = unique();
    for engine in engines().await {
        for (index, Step(newest, step, _)) in steps.iter().enumerate() {
            let name = format!("t_{of}_{newest}_{unique}");
            let db = engine.open(&name).await;
            run(&db, of, &steps[..=index]).await.unwrap();
            let there: Vec<_> = rows.iter().filter(|row| (row.since..=row.until).contains(newest)).collect();
            let mut tx = db.begin(Scope::System).await.unwrap();
            for row in &there {
                let insert = sql(format!("INSERT INTO {}", row.insert));
                let insert = if row.insert.contains("$1") { insert.bind(id.as_slice()) } else { insert };
                insert.execute(&mut tx).await.unwrap_or_else(|error| panic!("{step}: {}: {error}", row.insert));
            }
            tx.commit().await.unwrap();

            run(&db, of, steps).await.unwrap_or_else(|error| panic!("from {step}: {error}"));
            let mut tx = db.begin(Scope::System).await.unwrap();
            for row in &there {
                let still = sql(format!("SELECT count(*) AS found FROM {}", row.still));
                let still = if row.still.contains("$1") { still.bind(id.as_slice()) } else { still };
                let found = still.fetch_one(&mut tx).await.unwrap_or_else(|error| panic!("{}: {error}", row.still));
                assert_eq!(found.get::<i64>("found").unwrap(), 1, "{of} from {step}: {}", row.still);
            }
            drop(tx);
            engine.done(db, &name).await;
        }
        if let Engine::Postgres { admin, .. } = engine {
            admin.close().await;
        }
    }
}

#[tokio::test]
async fn every_earlier_main_store_becomes_todays_with_its_rows() {
    from_every_schema("main", MAIN, MAIN_ROWS).await;
}

#[tokio::test]
async fn every_earlier_keyring_becomes_todays_with_its_rows() {
    from_every_schema("keyring", KEYRING, KEYRING_ROWS).await;
}

#[tokio::test]
async fn a_store_of_a_newer_release_is_refused_and_left_as_it_is() {
    for engine in engines().await {
        let name = format!("t_newer_{}", unique());
        let db = engine.open(&name).await;
        run(&db, "the main store", MAIN).await.unwrap();
        let Step(newest, ..) = MAIN.last().unwrap();
        let older = &MAIN[..MAIN.len() - 1];
        let refused = run(&db, "the main store", older).await.unwrap_err();
        let StoreError::NewerSchema { found, known, .. } = &refused else { panic!("{refused}") };
        assert_eq!((found, *known), (newest, older.last().unwrap().0));
        assert!(refused.to_string().contains("start the newer release"), "{refused}");
        let applied = sql("SELECT max(version) AS newest FROM _sqlx_migrations");
        let applied = applied.fetch_one(db.read(Scope::System)).await.unwrap();
        assert_eq!(applied.get::<i64>("newest").unwrap(), *newest, "nothing was taken back");
        engine.done(db, &name).await;
    }
}

fn migrations() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations")
}

/// The hash of each migration's file.
fn files() -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for of in ["main", "keyring"] {
        for entry in std::fs::read_dir(migrations().join(of)).unwrap() {
            let path = entry.unwrap().path();
            let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(std::fs::read(&path).unwrap()));
            files.insert(format!("{of}/{}", path.file_name().unwrap().to_str().unwrap()), hash);
        }
    }
    files
}

#[test]
fn a_migration_that_has_landed_never_changes() {
    let files = files();
    let landed = std::fs::read_to_string(migrations().join("landed.sha256")).unwrap();
    let landed: BTreeMap<_, _> =
        landed.lines().filter_map(|line| line.split_once("  ")).map(|(hash, file)| (file, hash)).collect();
    for (file, hash) in &landed {
        let now = files.get(*file).unwrap_or_else(|| panic!("{file} has landed and is gone"));
        assert_eq!(now, hash, "{file} has landed: put it back as it was, and write a new migration for what changes");
    }
    let new: Vec<_> = files.iter().filter(|(file, _)| !landed.contains_key(file.as_str())).collect();
    let lines: Vec<_> = new.iter().map(|(file, hash)| format!("{hash}  {file}")).collect();
    assert!(new.is_empty(), "append to migrations/landed.sha256, once these are final:\n{}", lines.join("\n"));
}

#[test]
fn every_file_is_a_step_of_its_engine() {
    let names = files();
    for (of, steps) in [("main", MAIN), ("keyring", KEYRING)] {
        assert!(steps.is_sorted_by(|one, next| one.0 < next.0), "{of}: the numbers count up");
        for Step(number, name, [_, postgres]) in steps {
            assert!(name.starts_with(&format!("{number:04}_")), "{of}: {name}");
            if let Ok(own) = std::fs::read_to_string(migrations().join(format!("{of}/{name}.postgres.sql"))) {
                assert_eq!(&own, postgres, "{of}/{name}: use each!, it has a text of its own for PostgreSQL");
            }
        }
    }
    for file in names.keys() {
        let (of, name) = file.split_once('/').unwrap();
        let name = name.trim_end_matches(".sql").trim_end_matches(".postgres");
        let steps = if of == "main" { MAIN } else { KEYRING };
        assert!(steps.iter().any(|step| step.1 == name), "{file} is no step");
    }
}
