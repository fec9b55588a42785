//! Grants: what is sealed for them and when, and an edge that has nothing else.

mod edge;

use std::collections::BTreeMap;

use ::store::{Scope, key_records};
use app_test::app_test;
use base::id::EdgeGrantId;
use keys::{GrantKey, Grants, KeyKind, KeyState, Owner};

use super::{list, prepare, renew_certificates, revoke, seal_missing, store};
use crate::App;
use crate::authority::SystemTx;
use crate::key_rotation::{Wanted, rotate};
use crate::organisations;
use crate::testing::TestApp;

/// Makes a grant, and keeps it.
async fn grant(app: &App) -> GrantKey {
    let pending = prepare(app, vec!["localhost".to_owned()]).await.unwrap();
    let key = pending.key().clone();
    pending.commit(app).await.unwrap();
    key
}

/// Which versions are sealed for a grant, each opened and compared with the installation's own.
async fn granted(app: &App, grant: &GrantKey) -> Vec<(KeyKind, Owner, u32)> {
    let mut found = Vec::new();
    for key in store::keys_of(app.main.read(Scope::System), grant.id()).await.unwrap() {
        if key.state == KeyState::Destroyed {
            continue;
        }
        let opened = grant.open_key(&key.context(), &key.bytes).unwrap();
        assert_eq!(opened.expose(), app.keys.version(key.kind, key.owner, key.version).unwrap().expose());
        found.push((key.kind, key.owner, key.version));
    }
    let sealed = store::sealed(app.main.read(Scope::System)).await.unwrap();
    assert_eq!(sealed.iter().filter(|sealed| sealed.0 == grant.id()).count(), found.len(), "nothing else is sealed");
    found.sort();
    found
}

/// What should be: every version, not destroyed, of a kind that an edge may hold.
async fn expected(app: &App) -> Vec<(KeyKind, Owner, u32)> {
    let mut all = key_records::all(app.main.read(Scope::System)).await.unwrap();
    all.retain(|key| key.state != KeyState::Destroyed && Grants::edge().allows(key.kind));
    let mut all: Vec<_> = all.into_iter().map(|key| (key.kind, key.owner, key.version)).collect();
    all.sort();
    all
}

/// The public halves that are sealed for a grant are the provider's newest, of every environment.
async fn publics_are_the_newest(app: &App, grant: &GrantKey) -> usize {
    let sealed = store::publics(app.main.read(Scope::System), grant.id()).await.unwrap();
    for (environment, sealed) in &sealed {
        for public in grant.open_publics(*environment, sealed).unwrap() {
            let newest = app.keys.provider().erasable_public(*environment, public.bucket).await.unwrap();
            assert_eq!(public, newest);
        }
    }
    sealed.len()
}

#[app_test]
async fn a_grant_holds_every_key_that_an_edge_may_hold_and_no_other(app: TestApp) {
    let app = app.app();
    let grant = grant(app).await;
    let granted = granted(app, &grant).await;
    assert_eq!(granted, expected(app).await);
    let mut by_kind = BTreeMap::new();
    for (kind, ..) in granted {
        *by_kind.entry(kind.name()).or_insert(0) += 1;
    }
    let two_environments = ["event_log", "identity", "index", "message_hash"].map(|kind| (kind, 2));
    assert_eq!(by_kind, [("api_key_hash", 1)].into_iter().chain(two_environments).collect());
    assert_eq!(publics_are_the_newest(app, &grant).await, 2);
}

#[app_test]
async fn what_is_made_later_is_granted_and_what_is_destroyed_vanishes(app: TestApp) {
    let app = app.app();
    let grant = grant(app).await;
    for kind in [KeyKind::EventLog, KeyKind::ApiKeyHash, KeyKind::Identity, KeyKind::Root, KeyKind::Erasable] {
        rotate(app, Wanted { kind: Some(kind), now: true }).await.unwrap();
        assert_eq!(granted(app, &grant).await, expected(app).await, "{kind}");
        publics_are_the_newest(app, &grant).await;
    }
    let versions = |granted: &[(KeyKind, Owner, u32)], kind| -> Vec<u32> {
        granted.iter().filter(|key| key.0 == kind).map(|key| key.2).collect()
    };
    let now = granted(app, &grant).await;
    assert_eq!(versions(&now, KeyKind::Identity), [2, 2], "the first versions are destroyed, and gone here");

    let mut tx = SystemTx::begin(app).await.unwrap();
    organisations::create(app, &mut tx, "Another").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(granted(app, &grant).await, expected(app).await);
    let before = versions(&now, KeyKind::EventLog).len();
    assert_eq!(versions(&granted(app, &grant).await, KeyKind::EventLog).len(), before + 2, "two environments more");
    assert_eq!(publics_are_the_newest(app, &grant).await, 4);
}

#[app_test]
async fn a_revoked_grant_has_nothing_and_the_others_stay(app: TestApp) {
    let app = app.app();
    app.authority().unwrap();
    let (first, second) = (grant(app).await, grant(app).await);
    revoke(app, first.id()).await.unwrap();
    assert_eq!(granted(app, &first).await, []);
    let read = || app.main.read(Scope::System);
    assert!(store::publics(read(), first.id()).await.unwrap().is_empty());
    assert!(store::leaf(read(), first.id()).await.unwrap().is_none());
    let keys = key_records::all(read()).await.unwrap();
    let of_grants: Vec<_> = keys.iter().filter(|key| key.kind == KeyKind::EdgeGrant).collect();
    assert_eq!(of_grants.iter().map(|key| key.state).collect::<Vec<_>>(), [KeyState::Destroyed, KeyState::Enabled]);
    assert!(of_grants[0].bytes.is_empty());
    rotate(app, Wanted { kind: Some(KeyKind::EventLog), now: true }).await.unwrap();
    assert_eq!(granted(app, &first).await, [], "nothing is sealed for it again");
    assert_eq!(granted(app, &second).await, expected(app).await);

    let unknown = EdgeGrantId::new(app.clock.as_ref(), app.rng.as_ref());
    for id in [first.id(), unknown] {
        assert_eq!(revoke(app, id).await.unwrap_err().code, base::Code::NotFound);
    }
    let listed = list(app).await.unwrap();
    assert_eq!(listed.iter().map(|grant| grant.revoked_at.is_some()).collect::<Vec<_>>(), [true, false]);
    assert_eq!(listed.iter().map(|grant| grant.certificate_issued_at.is_some()).collect::<Vec<_>>(), [false, true]);
    let records = ::store::sql("SELECT action FROM audit_records WHERE action LIKE 'edge_grant.%'");
    let records = records.fetch_all(read()).await.unwrap();
    let mut actions: Vec<String> = records.iter().map(|row| row.get("action").unwrap()).collect();
    actions.sort();
    assert_eq!(actions, ["edge_grant.create", "edge_grant.create", "edge_grant.revoke"]);
}

#[app_test]
async fn a_certificate_is_renewed_by_its_own_authority_only(app: TestApp) {
    let day = std::time::Duration::from_hours(25);
    app.app().authority().unwrap();
    let key = grant(app.app()).await;
    let leaf = || async { store::leaf(app.app().main.read(Scope::System), key.id()).await.unwrap().unwrap() };
    let first = leaf().await;
    let (chain, private) = key.open_leaf(&first.sealed).unwrap();
    assert_eq!((chain.len(), private.expose().is_empty()), (2, false));
    renew_certificates(app.app()).await.unwrap();
    assert_eq!(leaf().await.issued_at, first.issued_at, "it is new");
    app.advance(day);
    renew_certificates(app.app()).await.unwrap();
    let second = leaf().await;
    assert!(second.issued_at > first.issued_at);

    // Another authority: clients of this edge do not know it.
    std::fs::remove_dir_all(app.app().tls_folder()).unwrap();
    app.app().authority().unwrap();
    app.advance(day);
    renew_certificates(app.app()).await.unwrap();
    assert_eq!(leaf().await.issued_at, second.issued_at);
}

#[app_test]
async fn an_authority_that_is_not_the_grants_own_keeps_no_key_from_being_sealed(app: TestApp) {
    let app = app.app();
    app.authority().unwrap();
    let pending = prepare(app, vec!["edge.elsewhere.example".to_owned()]).await.unwrap();
    let grant = pending.key().clone();
    pending.commit(app).await.unwrap();
    let certificate = app.tls_folder().join("ca.pem");
    let before = std::fs::read(&certificate).unwrap();
    let stays = async |kind| {
        rotate(app, Wanted { kind: Some(kind), now: true }).await.unwrap();
        assert_eq!(granted(app, &grant).await, expected(app).await, "{kind}");
        assert!(store::leaf(app.main.read(Scope::System), grant.id()).await.unwrap().is_none());
        assert_eq!(std::fs::read(&certificate).unwrap(), before);
    };
    stays(KeyKind::EventLog).await;
    // Of an installation that is being made: it may be thrown away, but not by whoever renews certificates.
    std::fs::write(app.tls_folder().join("making"), b"").unwrap();
    stays(KeyKind::Identity).await;
    std::fs::remove_file(app.tls_folder().join("making")).unwrap();
    // Another installation's, and half of one.
    std::fs::write(app.tls_folder().join("ca.key.sealed"), b"sealed by another").unwrap();
    seal_missing(app).await.unwrap();
    renew_certificates(app).await.unwrap();
    std::fs::remove_file(app.tls_folder().join("ca.key.sealed")).unwrap();
    renew_certificates(app).await.unwrap();
    assert!(store::leaf(app.main.read(Scope::System), grant.id()).await.unwrap().is_none());
}

#[app_test]
async fn an_older_public_half_never_takes_a_newer_ones_place(app: TestApp) {
    let app = app.app();
    let grant = grant(app).await;
    let environment = organisations::first(app).await.unwrap().environment;
    let sealed = async || {
        let all = store::publics(app.main.read(Scope::System), grant.id()).await.unwrap();
        let sealed = all.into_iter().find(|(of, _)| *of == environment).unwrap().1;
        grant.open_publics(environment, &sealed).unwrap()
    };
    // As a process has them that has turned one bucket and is behind with another.
    let mut publics = sealed().await;
    publics[7].version = 9;
    publics[8].version = 0;
    let mut tx = SystemTx::begin(app).await.unwrap();
    let bytes = grant.seal_publics(environment, &publics, app.rng.as_ref());
    store::put_publics(&mut tx.0, grant.id(), environment, &bytes).await.unwrap();
    tx.commit().await.unwrap();
    seal_missing(app).await.unwrap();
    let now = sealed().await;
    assert_eq!((now[7].version, now[8].version, now[9].version), (9, 1, 1));
}
