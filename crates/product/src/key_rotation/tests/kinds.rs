//! What each kind's turn does, and when its old version ends.

use std::time::Duration;

use ::store::Engine;
use app_test::app_test;
use keys::{KeyError, KeyKind, KeyState, Owner, ProviderError};
use serde_json::json;

use super::{everything_works, look, prepared, states, turn};
use crate::doors::Door;
use crate::edge_grants;
use crate::key_rotation::{Wanted, rotate, wrapped};
use crate::parts;
use crate::testing::{OWNER, PASSWORD, TestApp};

const TURNED: [(u32, KeyState); 2] = [(1, KeyState::Destroyed), (2, KeyState::Primary)];
const KEPT: [(u32, KeyState); 2] = [(1, KeyState::Enabled), (2, KeyState::Primary)];

#[app_test]
async fn everything_turns_at_once_and_works_on(app: TestApp) {
    let cookie = prepared(&app).await;
    for round in 2..=3 {
        let turned = turn(&app, None).await;
        assert!(turned.iter().all(|key| key.version == round), "{turned:?}");
        everything_works(&app, &cookie).await;
    }
    app.sign_in().await;
}

#[app_test]
async fn the_old_root_key_is_destroyed_when_nothing_is_under_it(app: TestApp) {
    let cookie = prepared(&app).await;
    turn(&app, Some(KeyKind::Root)).await;
    assert_eq!(states(&app, KeyKind::Root).await, TURNED);
    everything_works(&app, &cookie).await;
    let old = ::store::key_records::all(app.app().main.read(::store::Scope::System)).await.unwrap();
    assert!(old.iter().all(|key| key.bytes[1..5] == [0, 0, 0, 2]), "a stored key is under the old root key");
    let again = app.app().keys.provider().destroy_root(2).await;
    assert!(matches!(again, Err(ProviderError::RootInUse { version: 2 })));
}

#[app_test]
async fn erasable_keys_turn_and_the_old_ones_refuse(app: TestApp) {
    let cookie = prepared(&app).await;
    turn(&app, Some(KeyKind::Erasable)).await;
    let provider = app.app().keys.provider();
    for bucket in [0, 255] {
        let old = provider.erasable_private(app.production(), bucket, 1).await;
        assert!(matches!(old, Err(ProviderError::ErasableDestroyed { version: 1, .. })));
    }
    everything_works(&app, &cookie).await;
}

#[app_test]
async fn a_person_who_is_made_while_erasable_keys_turn_is_not_sealed_to_the_old_one(app: TestApp) {
    let (provider, environment) = (app.app().keys.provider(), app.production());
    let clock = app.app().clock.clone();
    let (id, rng) = (base::id::PersonId::random(app.app().rng.as_ref()), app.app().rng.clone());
    let subject = keys::Subject::person(environment, id);
    let before = provider.erasable_public(environment, subject.bucket()).await.unwrap();
    turn(&app, Some(KeyKind::Erasable)).await;
    // Its pair was made before the turn, and comes to the keyring after it.
    let pair = keys::PairId { subject, kind: KeyKind::Person, version: 1 };
    let made = keys::mint_pair(&before, &pair, clock.as_ref(), rng.as_ref()).unwrap();
    let new = ::store::keyring::NewSubject {
        id: subject.id,
        identified: true,
        key_version: 1,
        public_key: made.public.0,
        sealed_private: made.sealed_private,
    };
    let kind = ::store::keyring::SubjectKind::Person;
    let mut tx = app.app().keyring.begin(::store::Scope::Environment(environment)).await.unwrap();
    let inserted = ::store::keyring::insert(&mut tx, environment, kind, &[new], clock.now()).await;
    assert!(matches!(inserted, Err(::store::StoreError::Outdated)), "{inserted:?}");
}

#[app_test]
async fn member_data_and_identity_secrets_are_sealed_anew(app: TestApp) {
    let cookie = prepared(&app).await;
    for kind in [KeyKind::Organisation, KeyKind::Identity] {
        turn(&app, Some(kind)).await;
        assert_eq!(states(&app, kind).await, TURNED, "{kind}");
    }
    everything_works(&app, &cookie).await;
    let owner = Owner::Organisation(app.installed().organisation.id);
    let old = app.app().keys.version(KeyKind::Organisation, owner, 1);
    assert!(matches!(old, Err(KeyError::Destroyed { version: 1, .. })));
    let revealed = app.api().post("/api/v1/installation/identity-secret/reveal").await.assert(200).json();
    assert_eq!(revealed["identity_secret"], *app.installed().organisation.environments[0].identity_secret.expose());
}

#[app_test]
async fn an_old_pepper_verifies_until_its_member_has_signed_in(app: TestApp) {
    let turned = turn(&app, Some(KeyKind::Pepper)).await;
    assert_eq!(turned[0].kept[0].needed_by, 1);
    look(&app).await;
    assert_eq!(states(&app, KeyKind::Pepper).await, KEPT);
    app.sign_in().await;
    look(&app).await;
    assert_eq!(states(&app, KeyKind::Pepper).await, TURNED);
    app.sign_in().await;
}

#[app_test]
async fn a_session_is_hashed_anew_when_it_is_used(app: TestApp) {
    let (used, unused) = (app.sign_in().await, app.sign_in().await);
    forget_devices(&app).await;
    turn(&app, Some(KeyKind::Session)).await;
    app.at(Door::Dashboard).cookie(&used).get("/api/v1/me").await.assert(200);
    look(&app).await;
    assert_eq!(states(&app, KeyKind::Session).await, KEPT, "the other session may still be used");
    app.advance(Duration::from_mins(20));
    app.at(Door::Dashboard).cookie(&used).get("/api/v1/me").await.assert(200);
    app.advance(Duration::from_mins(20));
    look(&app).await;
    assert_eq!(states(&app, KeyKind::Session).await, TURNED);
    app.at(Door::Dashboard).cookie(&used).get("/api/v1/me").await.assert(200);
    app.at(Door::Dashboard).cookie(&unused).get("/api/v1/me").await.assert(401);
}

#[app_test]
async fn a_known_device_keeps_the_old_session_key_until_it_is_forgotten(app: TestApp) {
    app.sign_in().await;
    turn(&app, Some(KeyKind::Session)).await;
    app.advance(Duration::from_hours(13));
    look(&app).await;
    assert_eq!(states(&app, KeyKind::Session).await, KEPT);
    forget_devices(&app).await;
    look(&app).await;
    assert_eq!(states(&app, KeyKind::Session).await, TURNED);
}

async fn forget_devices(app: &TestApp) {
    let mut tx = app.app().main.begin(::store::Scope::System).await.unwrap();
    ::store::sql("DELETE FROM devices").execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
}

#[app_test]
async fn browsers_keys_are_hashed_anew_at_once_and_others_at_their_next_use(app: TestApp) {
    turn(&app, Some(KeyKind::ApiKeyHash)).await;
    assert_eq!(states(&app, KeyKind::ApiKeyHash).await, KEPT);
    app.api().get("/api/v1/me").await.assert(200);
    app.user("ana").does("Seen", json!({})).await;
    assert_eq!(states(&app, KeyKind::ApiKeyHash).await, KEPT);
    let staging = app.installed().organisation.environments[1].server_key.as_ref().unwrap().expose().clone();
    let body = json!({"writeKey": staging, "userId": "ana", "event": "Seen"});
    app.at(Door::Edge).json(&body).post("/v1/track").await.assert(200);
    look(&app).await;
    assert_eq!(states(&app, KeyKind::ApiKeyHash).await, TURNED);
    app.visitor("somebody").does("Seen", json!({})).await;
    app.user("ana").does("Seen", json!({})).await;
    app.api().get("/api/v1/me").await.assert(200);
}

#[app_test]
async fn guesses_count_on_over_a_turn(app: TestApp) {
    let guess = || {
        let body = json!({"email": OWNER, "password": "a wrong password, long enough"});
        app.at(Door::Dashboard).json(&body).post("/api/v1/sessions")
    };
    for _ in 0..4 {
        guess().await.assert(401);
    }
    for kind in [KeyKind::MemberIndex, KeyKind::AddressHash] {
        turn(&app, Some(kind)).await;
        assert_eq!(states(&app, kind).await, KEPT);
    }
    let body = json!({"email": OWNER, "password": PASSWORD});
    app.at(Door::Dashboard).json(&body).post("/api/v1/sessions").await.assert(429);
    app.advance(Duration::from_mins(16));
    look(&app).await;
    for kind in [KeyKind::MemberIndex, KeyKind::AddressHash] {
        assert_eq!(states(&app, kind).await, TURNED);
    }
    app.at(Door::Dashboard).json(&body).post("/api/v1/sessions").await.assert(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_key_lives_as_long_as_a_file_is_sealed_under_it() {
    let app = TestApp::start_embedded("log_key").await;
    app.user("ana").does("Seen", json!({})).await;
    let turned = turn(&app, Some(KeyKind::EventLog)).await;
    let production = app.production().to_string();
    let kept = |turned: &[crate::key_rotation::Turned], owner: &str| {
        turned.iter().find(|key| key.owner == owner).unwrap().kept.iter().map(|kept| kept.needed_by).sum::<u64>()
    };
    assert_eq!(kept(&turned, &production), 1);
    let staging = app.installed().organisation.environments[1].id.to_string();
    assert_eq!(kept(&turned, &staging), 0, "it has no file");
    let app = app.restart().await;
    app.user("ana").does("Seen again", json!({})).await;
    let events = app.api().get("/api/v1/people/ana/events").await.assert(200).json();
    assert_eq!(events["data"].as_array().unwrap().len(), 2, "{events}");
    app.finish().await;
}

#[app_test]
async fn parts_and_their_names_move_to_the_newest_keys(app: TestApp) {
    app.user("ana").does("Seen", json!({})).await;
    app.seal().await;
    let expected = if app.app().main.engine() == Engine::Sqlite { TURNED } else { KEPT };
    for kind in [KeyKind::Part, KeyKind::Dictionary] {
        let sealed = async |version| parts::sealed_with(app.app(), kind, app.production(), version).await.unwrap();
        assert_eq!((sealed(1).await, sealed(2).await), (1, 0), "{kind}");
        turn(&app, Some(kind)).await;
        assert_eq!((sealed(1).await, sealed(2).await), (0, 1), "{kind}");
        assert_eq!(states(&app, kind).await, expected, "{kind}");
        let events = app.api().get("/api/v1/people/ana/events").await.assert(200).json();
        assert_eq!(events["data"].as_array().unwrap().len(), 1, "{kind}: {events}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_file_gets_another_key_while_requests_wait() {
    let app = TestApp::start_embedded("store_file").await;
    let cookie = prepared(&app).await;
    let (_, old) = app.app().keys.primary(KeyKind::KeyringFile, Owner::Installation).unwrap();
    let requests = futures::future::join_all((0..40).map(|number| {
        let app = app.clone();
        async move {
            tokio::time::sleep(Duration::from_millis(number * 10)).await;
            app.user(&format!("user-{number}")).is(json!({"email": "somebody@example.org"})).await;
        }
    }));
    let turning = async {
        for kind in [KeyKind::MainStoreFile, KeyKind::KeyringFile] {
            turn(&app, Some(kind)).await;
            assert_eq!(states(&app, kind).await, TURNED);
        }
    };
    futures::future::join(requests, turning).await;
    everything_works(&app, &cookie).await;
    let keyring = app.app().data().join("keyring.db");
    let app = app.restart().await;
    everything_works(&app, &cookie).await;
    let under_old = ::store::Db::open_sqlcipher(&keyring, &old, false).await;
    assert!(matches!(under_old, Err(::store::StoreError::WrongKey { .. })));
    assert!(!keyring.with_extension("db.rekeyed").exists());
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_file_that_got_its_key_before_that_was_noted_opens() {
    let app = TestApp::start_embedded("store_file_unnoted").await;
    let cookie = prepared(&app).await;
    for (kind, db) in [(KeyKind::MainStoreFile, &app.app().main), (KeyKind::KeyringFile, &app.app().keyring)] {
        let (clock, rng) = (app.app().clock.as_ref(), app.app().rng.as_ref());
        ::store::embedded::mint_next(app.app().data(), &app.app().keys, kind, clock, rng).await.unwrap();
        let (_, old) = app.app().keys.primary(kind, Owner::Installation).unwrap();
        db.rekey(&old, &app.app().keys.version(kind, Owner::Installation, 2).unwrap()).await.unwrap();
    }
    let app = app.restart().await;
    everything_works(&app, &cookie).await;
    for kind in [KeyKind::MainStoreFile, KeyKind::KeyringFile] {
        assert_eq!(states(&app, kind).await, TURNED);
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_answers_after_whoever_changed_its_key_is_gone() {
    let app = TestApp::start_embedded("store_file_dropped").await;
    let cookie = prepared(&app).await;
    let (kind, db) = (KeyKind::KeyringFile, &app.app().keyring);
    let (clock, rng) = (app.app().clock.as_ref(), app.app().rng.as_ref());
    ::store::embedded::mint_next(app.app().data(), &app.app().keys, kind, clock, rng).await.unwrap();
    let key = |version| app.app().keys.version(kind, Owner::Installation, version).unwrap();
    for millis in [0, 1, 2, 4, 8, 16, 32, 64] {
        let (one, other) = (key(1), key(2));
        let change = db.rekey(&one, &other);
        let _ = tokio::time::timeout(Duration::from_millis(millis), change).await;
        app.user("ana").is(json!({"email": "ana@example.org"})).await;
        everything_works(&app, &cookie).await;
        // Whether or not the file has its new key already, it is its key after this, and its old one again then.
        ensure_rekeyed(db, &key(1), &key(2)).await;
        everything_works(&app, &cookie).await;
        ensure_rekeyed(db, &key(2), &key(1)).await;
    }
    app.finish().await;
}

async fn ensure_rekeyed(db: &::store::Db, old: &keys::SecretKey, new: &keys::SecretKey) {
    while let Err(error) = db.rekey(old, new).await {
        assert!(matches!(error, ::store::StoreError::Contended), "{error}");
    }
}

#[app_test]
async fn a_turn_that_fails_keeps_no_other_from_turning(app: TestApp) {
    let root_key = app.app().keys.provider().name().trim_start_matches("file:").to_owned();
    // What looks like a draft of the root key file and cannot be removed.
    std::fs::create_dir(format!("{root_key}.new-0123456789abcdef")).unwrap();
    rotate(app.app(), Wanted { kind: None, now: true }).await.unwrap_err();
    assert_eq!(states(&app, KeyKind::Root).await, [(1, KeyState::Primary)]);
    assert_eq!(states(&app, KeyKind::Organisation).await, TURNED);
    assert_eq!(states(&app, KeyKind::Erasable).await, [(2, KeyState::Primary)]);
}

#[app_test]
async fn an_older_erasable_version_is_listed_as_long_as_a_bucket_has_it(app: TestApp) {
    let (provider, environment) = (app.app().keys.provider(), app.production());
    provider.rotate_erasable(environment, 7, 1).await.unwrap();
    let versions = async || {
        let listed = super::list(app.app()).await.unwrap().into_iter();
        let ours = listed.filter(|key| key.kind == KeyKind::Erasable && key.owner == environment.to_string());
        ours.map(|key| (key.version, key.state)).collect::<Vec<_>>()
    };
    // Version 1 is the other buckets' newest.
    assert_eq!(versions().await, [(1, KeyState::Primary), (2, KeyState::Primary)]);
    for bucket in 0..=u8::MAX {
        provider.rotate_erasable(environment, bucket, 1).await.unwrap();
    }
    assert_eq!(versions().await, [(1, KeyState::Enabled), (2, KeyState::Primary)]);
    turn(&app, Some(KeyKind::Session)).await;
    assert_eq!(versions().await, [(2, KeyState::Primary)]);
}

#[app_test]
async fn the_end_of_a_root_key_is_on_record_before_it_begins(app: TestApp) {
    let actions = async || {
        let query = ::store::sql("SELECT action FROM audit_records WHERE object = 'root' ORDER BY action");
        let rows = query.fetch_all(app.app().main.read(::store::Scope::System)).await.unwrap();
        rows.iter().map(|row| row.get::<String>("action").unwrap()).collect::<Vec<_>>()
    };
    let provider = app.app().keys.provider();
    provider.rotate_root(1).await.unwrap();
    // What looks like a draft of the root key file and cannot be removed: the destruction fails.
    let draft = format!("{}.new-0123456789abcdef", provider.name().trim_start_matches("file:"));
    std::fs::create_dir(&draft).unwrap();
    rotate(app.app(), Wanted { kind: None, now: false }).await.unwrap_err();
    assert_eq!(actions().await, ["key.destroy_begin"]);
    std::fs::remove_dir(&draft).unwrap();
    look(&app).await;
    assert_eq!(actions().await, ["key.destroy", "key.destroy_begin", "key.destroy_begin"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_local_authority_stays_the_same_under_another_key() {
    let app = TestApp::start_embedded("local_authority").await;
    app.app().authority().unwrap().issue().unwrap();
    let certificate = || std::fs::read(app.app().tls_folder().join("ca.pem")).unwrap();
    let before = certificate();
    for kind in [KeyKind::LocalAuthority, KeyKind::Acme] {
        turn(&app, Some(kind)).await;
        assert_eq!(states(&app, kind).await, TURNED, "{kind}");
    }
    app.app().authority().unwrap().issue().unwrap();
    assert_eq!(certificate(), before);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_postgres_another_hosts_authority_opens_after_the_key_turned() {
    let app = TestApp::start_postgres("authorities").await;
    let other = app.second_process().await;
    for app in [app.app(), &other] {
        app.authority().unwrap();
    }
    turn(&app, Some(KeyKind::LocalAuthority)).await;
    assert_eq!(states(&app, KeyKind::LocalAuthority).await, KEPT, "the other folder cannot be seen");
    other.reload_keys().await.unwrap();
    other.authority().unwrap().issue().unwrap();
    let newest = other.keys.version(KeyKind::LocalAuthority, Owner::Installation, 2).unwrap();
    let sealed = std::fs::read(other.tls_folder().join("ca.key.sealed")).unwrap();
    keys::aead::open(&newest, &keys::Aad::new("pilotfish/local-authority/v1"), &sealed).expect("sealed anew");
    other.close().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kind_of_a_newer_release_gets_its_key_at_the_first_start() {
    let app = TestApp::start_embedded("newer_kind").await;
    let mut tx = app.app().main.begin(::store::Scope::System).await.unwrap();
    ::store::sql("DELETE FROM keys WHERE kind = 'acme'").execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    let app = app.restart().await;
    assert!(app.app().keys.primary(KeyKind::Acme, Owner::Installation).is_err());
    crate::installation::ensure(app.app()).await.unwrap();
    crate::installation::ensure(app.app()).await.unwrap();
    let app = app.restart().await;
    assert_eq!(app.app().keys.primary(KeyKind::Acme, Owner::Installation).unwrap().0, 1);
    app.finish().await;
}

#[app_test]
async fn a_kind_that_does_not_turn_says_why(app: TestApp) {
    for kind in [KeyKind::AuditSigning, KeyKind::Inbox, KeyKind::Person] {
        let refused = rotate(app.app(), Wanted { kind: Some(kind), now: true }).await.unwrap_err();
        let said = refused.detail.unwrap();
        assert!(said.starts_with(&format!("keys of kind {kind} do not rotate: ")), "{said}");
        assert!(app.app().keys.records().iter().all(|key| key.kind != kind || key.version == 1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_knows_a_new_key_before_it_is_used() {
    let app = TestApp::start_postgres("two_processes").await;
    let cookie = prepared(&app).await;
    let other = app.second_process().await;
    turn(&app, None).await;
    other.reload_keys().await.unwrap();
    let dashboard = TestApp::through(crate::router(&other, Door::Dashboard), "dashboard.localhost");
    let me = dashboard.cookie(&cookie).get("/api/v1/me").await.assert(200).json();
    assert_eq!(me["member"]["email"], OWNER);
    let person = app.api_of(&other).get("/api/v1/people/ana").await.assert(200);
    assert!(String::from_utf8(person.body).unwrap().contains("ana@example.org"));
    other.close().await;
    app.finish().await;
}

#[app_test]
async fn a_new_version_is_sealed_for_edges_before_any_process_may_promote_it(app: TestApp) {
    let app = app.app();
    edge_grants::prepare(app, Vec::new()).await.unwrap().commit(app).await.unwrap();
    wrapped::begin(app, KeyKind::ApiKeyHash, Owner::Installation, 1).await.unwrap();
    let sealed = ::store::sql("SELECT COUNT(*) AS sealed FROM granted_keys WHERE kind = $1 AND version = 2");
    let row = sealed.bind("api_key_hash").fetch_one(app.main.read(::store::Scope::System)).await.unwrap();
    assert_eq!(row.get::<i64>("sealed").unwrap(), 1);
}
