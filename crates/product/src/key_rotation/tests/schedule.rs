//! Keys turn when they are old enough, and what was interrupted is finished by the hourly look.

use std::time::Duration;

use app_test::app_test;
use jobs::unfinished;
use keys::{KeyKind, KeyState};
use store::Scope;

use super::{look, states, turn};
use crate::key_rotation::{list, places, schedule};
use crate::testing::TestApp;

const DAY: Duration = Duration::from_hours(24);

#[app_test]
async fn keys_turn_when_they_are_due_and_not_before(app: TestApp) {
    schedule(app.app()).await.unwrap();
    app.advance(DAY * 29);
    app.work().await;
    assert_eq!(states(&app, KeyKind::AddressHash).await, [(1, KeyState::Primary)]);
    app.advance(DAY);
    app.work().await;
    assert_eq!(states(&app, KeyKind::AddressHash).await, [(1, KeyState::Enabled), (2, KeyState::Primary)]);
    assert_eq!(states(&app, KeyKind::Session).await, [(1, KeyState::Primary)], "90 days");
    app.advance(Duration::from_hours(1));
    app.work().await;
    assert_eq!(states(&app, KeyKind::AddressHash).await, [(1, KeyState::Destroyed), (2, KeyState::Primary)]);
}

#[app_test]
async fn keys_whose_escrows_would_stop_helping_do_not_turn_by_themselves(app: TestApp) {
    app.advance(DAY * 400);
    look(&app).await;
    for kind in [KeyKind::Root, KeyKind::Erasable] {
        assert_eq!(states(&app, kind).await, [(1, KeyState::Primary)], "{kind}");
    }
    assert_eq!(states(&app, KeyKind::Organisation).await.len(), 2, "what else is as old has turned");
    let listed = list(app.app()).await.unwrap();
    assert!(listed.iter().filter(|key| key.kind == KeyKind::Root).all(|key| key.next_rotation.is_none()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_store_file_turns_only_when_the_operator_says_so() {
    let app = TestApp::start_embedded("large_store").await;
    let app = app.restart_with(|app| app.rotation.largest_by_itself = 1_000).await;
    app.advance(DAY * 400);
    look(&app).await;
    for kind in [KeyKind::MainStoreFile, KeyKind::KeyringFile] {
        assert_eq!(states(&app, kind).await, [(1, KeyState::Primary)], "{kind}");
        turn(&app, Some(kind)).await;
        assert_eq!(states(&app, kind).await, [(1, KeyState::Destroyed), (2, KeyState::Primary)]);
    }
    app.finish().await;
}

#[app_test]
async fn there_is_one_look_that_waits_however_often_a_process_starts(app: TestApp) {
    let waiting = async || unfinished(app.app().main.read(Scope::System)).await.unwrap();
    schedule(app.app()).await.unwrap();
    schedule(app.app()).await.unwrap();
    assert_eq!(waiting().await, 1);
    app.work().await;
    assert_eq!(waiting().await, 1, "the next one");
    schedule(app.app()).await.unwrap();
    assert_eq!(waiting().await, 1);
}

#[app_test]
async fn a_list_names_age_and_next_rotation_and_no_material(app: TestApp) {
    app.advance(DAY * 3);
    let listed = list(app.app()).await.unwrap();
    let session = listed.iter().find(|key| key.kind == KeyKind::Session).unwrap();
    assert_eq!((session.owner.as_str(), session.version, session.age_days), ("installation", 1, 3));
    assert_eq!(session.next_rotation, Some(session.created_at.plus(DAY * 90)));
    assert!(
        listed.iter().any(|key| key.kind == KeyKind::Root) && listed.iter().any(|key| key.kind == KeyKind::Erasable)
    );
    let signing = listed.iter().find(|key| key.kind == KeyKind::AuditSigning).unwrap();
    assert_eq!(signing.next_rotation, None, "it does not turn");
    let text = serde_json::to_string(&listed).unwrap();
    for key in app.app().keys.records() {
        assert!(!text.contains(&data_encoding::HEXLOWER.encode(&key.bytes[5..])));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_that_was_mended_is_a_finding_once() {
    let app = TestApp::start_postgres("mended_place").await;
    let findings = async || {
        let query = ::store::sql("SELECT detail FROM findings WHERE kind = 'erasable_keys.mended'");
        query.fetch_all(app.app().main.read(Scope::System)).await.unwrap().len()
    };
    let second = tempfile::tempdir().unwrap();
    let folder = second.path().join("copy");
    let other = app.second_process_with(Some(&folder)).await;
    places::tend(&other).await.unwrap();
    assert_eq!(findings().await, 0);
    std::fs::remove_dir_all(&folder).unwrap();
    for _ in 0..2 {
        places::tend(&other).await.unwrap();
        assert_eq!(findings().await, 1);
    }
    let places = places::places(&other).await.unwrap();
    assert_eq!(places.iter().map(|place| place.mended_at.is_some()).collect::<Vec<_>>(), [false, true]);
    other.close().await;
    app.finish().await;
}
