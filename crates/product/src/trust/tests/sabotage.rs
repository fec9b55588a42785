//! Each check's sabotage: one thing is broken behind the product's back, and the check must notice within a minute. A check
//! without one fails the run.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use app_test::app_test;
use axum::Router;
use axum::extract::OriginalUri;
use futures::future::BoxFuture;
use keys::{ApiKey, ApiKeyKind};
use store::{Engine, Scope, sql};

use super::transport::weak_front;
use super::world::World;
use super::{run_due, seen};
use crate::doors::Door;
use crate::testing::TestApp;
use crate::trust::check::Verdict;
use crate::trust::checks::CHECKS;

/// Breaks something, and mends it again.
struct Sabotage {
    check: &'static str,
    /// A part of what the check then says.
    says: &'static str,
    break_it: for<'w> fn(&'w mut World) -> BoxFuture<'w, ()>,
    mend_it: for<'w> fn(&'w mut World) -> BoxFuture<'w, ()>,
}

/// At least one for every check.
const SABOTAGES: &[Sabotage] = &[
    Sabotage {
        check: "transport",
        says: "The edge door accepts SSL 3.0, TLS 1.0, TLS 1.1.",
        break_it: |world| Box::pin(async { world.replace(Door::Edge, weak_front(world.address(Door::Edge)).await) }),
        mend_it: |world| Box::pin(async { world.mend_doors() }),
    },
    Sabotage {
        check: "at_rest",
        says: "A personal value stands in a file in clear.",
        break_it: |world| {
            Box::pin(async {
                let canary = world.app.app().trust.canary.value().to_owned();
                fs::write(leak(world), data_encoding::BASE64.encode(format!("x{canary}").as_bytes())).unwrap();
            })
        },
        mend_it: |world| Box::pin(async { fs::remove_file(leak(world)).unwrap() }),
    },
    Sabotage {
        check: "at_rest",
        says: "A database or column file is not encrypted.",
        break_it: |world| Box::pin(async { fs::write(leak(world), b"SQLite format 3\0 and pages").unwrap() }),
        mend_it: |world| Box::pin(async { fs::remove_file(leak(world)).unwrap() }),
    },
    Sabotage {
        check: "root_key",
        says: "Others than the server's own user may read the root key",
        break_it: |world| Box::pin(async { set_mode(&root_key(world), 0o644) }),
        mend_it: |world| Box::pin(async { set_mode(&root_key(world), 0o600) }),
    },
    Sabotage {
        check: "stores",
        says: "others than the server's own user may read the data",
        break_it: |world| {
            Box::pin(async {
                set_mode(world.app.app().data(), 0o755);
                fs::write(leak(world), b"anything").unwrap();
                set_mode(&leak(world), 0o644);
            })
        },
        mend_it: |world| {
            Box::pin(async {
                fs::remove_file(leak(world)).unwrap();
                set_mode(world.app.app().data(), 0o700);
            })
        },
    },
    Sabotage {
        check: "environments",
        says: "An environment lacks a key of its own.",
        break_it: |world| {
            Box::pin(async { run(world, "UPDATE keys SET state = 'enabled' WHERE kind = 'message_hash'").await })
        },
        mend_it: |world| {
            Box::pin(async { run(world, "UPDATE keys SET state = 'primary' WHERE kind = 'message_hash'").await })
        },
    },
    Sabotage {
        check: "sdk",
        says: "A file that the edge serves is not what pages name: browsers do not run it.",
        break_it: |world| {
            Box::pin(async {
                let list = world.app.at(Door::Edge).get("/sdk/integrity.json").await.body;
                let tampered = move |OriginalUri(uri): OriginalUri| async move {
                    let body = if uri.path().contains("integrity") { list } else { b"alert(1)".to_vec() };
                    ([("access-control-allow-origin", "*")], body)
                };
                let edge = world.serve(vec![(Door::Edge, Router::new().fallback(tampered))]).await;
                world.replace(Door::Edge, edge[0].1);
            })
        },
        mend_it: |world| Box::pin(async { world.mend_doors() }),
    },
    Sabotage {
        check: "api_keys",
        says: "More of a secret key than its first characters stands in the store.",
        break_it: |world| {
            Box::pin(async {
                let key = ApiKey::generate(ApiKeyKind::Api, &base::SeededRng::new(7));
                let text = key.text().expose().clone();
                let query = sql("UPDATE api_keys SET shown = $1").bind(text.as_str());
                query.execute(world.app.app().main.read(Scope::System)).await.unwrap();
            })
        },
        mend_it: |world| Box::pin(async { run(world, "UPDATE api_keys SET shown = 'pfk_abcdef'").await }),
    },
    Sabotage {
        check: "events",
        says: "The event log is damaged",
        break_it: |world| Box::pin(async { flip(&log_file(world)) }),
        mend_it: |world| Box::pin(async { flip(&log_file(world)) }),
    },
    Sabotage {
        check: "events",
        says: "messages were answered of which nobody knows what became of them",
        break_it: |world| Box::pin(async { answer(world, 0) }),
        mend_it: |world| Box::pin(async { answer(world, 2) }),
    },
    Sabotage {
        check: "identity",
        says: "In production a browser may name any user",
        break_it: |world| Box::pin(async { require_identity(world, "0").await }),
        mend_it: |world| Box::pin(async { require_identity(world, "1").await }),
    },
];

/// Takes a message that nothing becomes of, and says that so many were refused.
fn answer(world: &World, refused: usize) {
    let environment = world.app.installed().organisation.environments[0].id;
    world.app.app().balances.take(environment, 1).answer(Ok(refused));
}

fn leak(world: &World) -> PathBuf {
    world.app.app().data().join("leak")
}

fn root_key(world: &World) -> PathBuf {
    PathBuf::from(world.app.app().keys.provider().name().strip_prefix("file:").unwrap())
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The file of the event log.
fn log_file(world: &World) -> PathBuf {
    let mut folders = vec![world.app.app().data().join("log")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false if fs::metadata(&path).unwrap().len() > 100 => return path,
                false => {}
            }
        }
    }
    panic!("there is no event log");
}

/// Flips a bit of the last byte.
fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(path, bytes).unwrap();
}

async fn run(world: &World, statement: &'static str) {
    sql(statement).execute(world.app.app().main.read(Scope::System)).await.unwrap();
}

async fn require_identity(world: &World, required: &'static str) {
    let statement = format!("UPDATE environments SET identity_required = {required} WHERE name = 'production'");
    sql(statement).execute(world.app.app().main.read(Scope::System)).await.unwrap();
}

#[test]
fn every_check_has_a_sabotage() {
    for check in CHECKS {
        assert!(SABOTAGES.iter().any(|sabotage| sabotage.check == check.id), "{} has none", check.id);
        assert!(check.every <= Duration::from_mins(1), "{} is made too seldom to notice within a minute", check.id);
    }
    for sabotage in SABOTAGES {
        assert!(CHECKS.iter().any(|check| check.id == sabotage.check), "{} is no check", sabotage.check);
    }
}

#[app_test]
async fn every_check_notices_its_sabotage_within_a_minute(app: TestApp) {
    let mut world = World::start(&app).await;
    run_due(app.app()).await;
    for sabotage in SABOTAGES {
        let Sabotage { check, says, break_it, mend_it } = sabotage;
        let before = seen(app.app(), check).await;
        assert_ne!(before.verdict, Verdict::Broken, "{check}: {}", before.reason);
        break_it(&mut world).await;
        app.advance(Duration::from_mins(1));
        run_due(app.app()).await;
        let broken = seen(app.app(), check).await;
        assert_eq!(broken.verdict, Verdict::Broken, "{check} notices nothing");
        assert!(broken.reason.contains(says), "{check}: {}", broken.reason);
        assert_eq!(broken.since, app.app().clock.now());
        mend_it(&mut world).await;
        app.advance(Duration::from_mins(1));
        run_due(app.app()).await;
        let mended = seen(app.app(), check).await;
        assert_eq!(mended.verdict, before.verdict, "{check}: {}", mended.reason);
    }
    // Each time that something broke and was mended is on the record; one sabotage may break what two checks see.
    let mut counts = Vec::new();
    for kind in ["trust.broken", "trust.mended"] {
        let found = sql("SELECT count(*) AS rows FROM findings WHERE kind = $1").bind(kind);
        let found = found.fetch_one(app.app().main.read(Scope::System)).await.unwrap();
        counts.push(usize::try_from(found.get::<i64>("rows").unwrap()).unwrap());
    }
    assert!(counts[0] >= SABOTAGES.len() && counts[0] == counts[1], "{counts:?}");
    world.stop().await;
}

#[app_test]
async fn a_table_without_its_fence_is_noticed(app: TestApp) {
    if app.app().main.engine() == Engine::Sqlite {
        return;
    }
    let world = World::start(&app).await;
    run(&world, "ALTER TABLE people DISABLE ROW LEVEL SECURITY").await;
    run(&world, "ALTER TABLE trust_canaries DISABLE ROW LEVEL SECURITY").await;
    run_due(app.app()).await;
    let found = seen(app.app(), "environments").await;
    assert_eq!(found.verdict, Verdict::Broken);
    assert_eq!(
        found.reason,
        "A table with rows of environments has no row-level security. Asked in the name of one environment, the database \
         shows a row of another."
    );
    world.stop().await;
}

#[app_test]
async fn an_old_key_is_noticed(app: TestApp) {
    let world = World::start(&app).await;
    app.advance(Duration::from_hours(400 * 24));
    run_due(app.app()).await;
    let found = seen(app.app(), "root_key").await;
    assert_eq!(found.verdict, Verdict::Broken);
    let embedded = (app.app().main.engine() == Engine::Sqlite).then_some("key of a store's file");
    for key in ["root key", "erasable key", "key in the store"].into_iter().chain(embedded) {
        let says = format!("The oldest {key} in use is 400 days old and may be 372.");
        assert!(found.reason.contains(&says), "{}", found.reason);
    }
    world.stop().await;
}

#[app_test]
async fn events_that_are_gone_from_the_log_are_noticed(app: TestApp) {
    let world = World::start(&app).await;
    run_due(app.app()).await;
    assert_ne!(seen(app.app(), "events").await.verdict, Verdict::Broken);
    // The whole log of the environment, as if it had never been: no frame of it is damaged.
    let file = log_file(&world);
    let random = data_encoding::HEXLOWER.encode(&app.app().rng.bytes::<4>());
    fs::rename(file.parent().unwrap(), app.app().data().with_extension(random)).unwrap();
    app.advance(Duration::from_mins(1));
    run_due(app.app()).await;
    let found = seen(app.app(), "events").await;
    assert_eq!(found.reason, "For an environment there are more or fewer events in the files than were acknowledged.");
    world.stop().await;
}
