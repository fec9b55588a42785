//! An edge that has its bundle, the databases and a data folder of its own, over PostgreSQL.

use std::sync::Arc;

use ::store::{DataFolder, Engine, Sharing};
use app_test::app_test;
use keys::{BundleProvider, GrantKey, KeyError, KeyKind, Owner, ProviderError, write_bundle};
use serde_json::{Value, json};

use super::grant;
use crate::authority::SystemTx;
use crate::doors::Door;
use crate::edge_grants::revoke;
use crate::key_rotation::{Wanted, rotate};
use crate::testing::TestApp;
use crate::{App, Duties, OpenError, organisations, router};

async fn try_edge(app: &TestApp, key: &GrantKey, name: &str) -> Result<Arc<App>, OpenError> {
    let home = app.app().data().parent().unwrap();
    let (data, bundle) = (home.join(name), home.join(format!("{name}.bundle")));
    let folder = DataFolder::open(&data, Sharing::Shared).unwrap();
    write_bundle(&bundle, &data, key, app.app().rng.as_ref()).unwrap();
    let bundle = Arc::new(BundleProvider::open(&bundle, &data).unwrap());
    let (clock, rng, urls) = (app.app().clock.clone(), app.app().rng.clone(), app.app().urls.clone());
    let duties = Duties { edge: Some(name.to_owned()), worker: false };
    App::open_edge(folder, app.databases(), bundle, urls, duties, (clock, rng)).await.map(Arc::new)
}

async fn send(edge: &Arc<App>, path: &str, key: &str, body: Value) -> u16 {
    let asking = TestApp::through(router(edge, Door::Edge), "localhost").bearer(key).json(&body);
    asking.post(path).await.status.as_u16()
}

/// The grant is for edges that run apart.
fn has_one_process(app: &TestApp) -> bool {
    app.app().main.engine() == Engine::Sqlite
}

#[app_test]
async fn an_edge_with_a_bundle_takes_events_and_follows_every_change(app: TestApp) {
    if has_one_process(&app) {
        return;
    }
    let key = grant(app.app()).await;
    let edge = try_edge(&app, &key, "edge").await.unwrap();
    crate::installation::ensure(&edge).await.unwrap();
    let server = app.installed().organisation.environments[0].server_key.as_ref().unwrap().expose().clone();
    let identify = |id: &str| json!({"userId": id, "traits": {"email": format!("{id}@example.org"), "plan": "pro"}});
    assert_eq!(send(&edge, "/v1/identify", &server, identify("ana")).await, 200);
    assert_eq!(send(&edge, "/v1/sync", &server, json!({"userId": "ana"})).await, 200);
    let person = app.api().get("/api/v1/people/ana").await.assert(200).json().to_string();
    assert!(person.contains("ana@example.org"), "the root key's process opens it: {person}");

    // A new environment, asked for before anybody looked.
    let mut tx = SystemTx::begin(app.app()).await.unwrap();
    let made = organisations::create(app.app(), &mut tx, "Another").await.unwrap();
    let other = organisations::add_server_key(app.app(), &mut tx.0, made.id, made.environments[0].id).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(send(&edge, "/v1/identify", other.expose(), identify("eve")).await, 200);

    // Erasable keys turn: whoever comes next is sealed to the new ones, though nobody told the edge.
    rotate(app.app(), Wanted { kind: Some(KeyKind::Erasable), now: true }).await.unwrap();
    assert_eq!(send(&edge, "/v1/identify", &server, identify("bob")).await, 200);
    assert_eq!(send(&edge, "/v1/group", &server, json!({"userId": "bob", "groupId": "acme"})).await, 200);
    let person = app.api().get("/api/v1/people/bob").await.assert(200).json().to_string();
    assert!(person.contains("bob@example.org"), "{person}");

    // Keys turn, and the edge takes the new ones at its next look.
    for kind in [KeyKind::EventLog, KeyKind::ApiKeyHash, KeyKind::Identity] {
        rotate(app.app(), Wanted { kind: Some(kind), now: true }).await.unwrap();
        edge.reload_keys().await.unwrap();
        assert_eq!(send(&edge, "/v1/identify", &server, identify("cem")).await, 200, "{kind}");
    }
    let version = |app: &App| app.keys.primary(KeyKind::ApiKeyHash, Owner::Installation).unwrap().0;
    assert_eq!((version(&edge), version(app.app())), (2, 2));
    edge.close().await;
}

#[app_test]
async fn an_edge_with_a_bundle_opens_neither_people_nor_members(app: TestApp) {
    if has_one_process(&app) {
        return;
    }
    app.user("ana").is(json!({"email": "ana@example.org"})).await;
    let edge = try_edge(&app, &grant(app.app()).await, "edge").await.unwrap();
    let organisation = Owner::Organisation(app.installed().organisation.id);
    let environment = Owner::Environment(app.production());
    for (kind, owner) in [
        (KeyKind::Organisation, organisation),
        (KeyKind::MemberIndex, Owner::Installation),
        (KeyKind::Pepper, Owner::Installation),
        (KeyKind::Session, Owner::Installation),
        (KeyKind::LocalAuthority, Owner::Installation),
        (KeyKind::EdgeGrant, Owner::Installation),
        (KeyKind::Part, environment),
        (KeyKind::Inbox, environment),
    ] {
        assert!(matches!(edge.keys.primary(kind, owner), Err(KeyError::NotGranted { .. })), "{kind}");
        // What the root key's process says of the same key: it is there, but for grants, which have no primary one.
        assert_eq!(app.app().keys.usable(kind, owner).unwrap().len(), 1, "{kind}");
    }
    let found = crate::people::find(&edge, app.production(), "ana").await.unwrap().unwrap();
    let kind = ::store::keyring::SubjectKind::Person;
    let openers = crate::people::Openers::load(&edge, app.production(), kind, &[found.subject.number]).await.unwrap();
    assert!(openers.open(found.subject.number, "attribute:email", 1, b"").is_none());
    let private = edge.keys.provider().erasable_private(app.production(), 1, 1).await;
    assert!(matches!(private, Err(ProviderError::NotInBundle { .. })));
    edge.close().await;
}

#[app_test]
async fn a_revoked_edge_is_told_to_end_and_opens_no_more(app: TestApp) {
    if has_one_process(&app) {
        return;
    }
    app.app().authority().unwrap();
    let key = grant(app.app()).await;
    let edge = try_edge(&app, &key, "edge").await.unwrap();
    assert!(edge.granted_leaf().unwrap().load().is_ok());
    revoke(app.app(), key.id()).await.unwrap();
    assert!(matches!(edge.reload_keys().await, Err(OpenError::GrantEnded(id)) if id == key.id()));
    edge.grant_ended().await;
    edge.close().await;
    let again = try_edge(&app, &key, "again").await.err().unwrap();
    assert!(matches!(again, OpenError::GrantEnded(_)), "{again}");
    // A grant of which nobody knows anything, as of another installation.
    let id = base::id::EdgeGrantId::new(app.app().clock.as_ref(), app.app().rng.as_ref());
    let foreign = GrantKey::new(id, base::Secret::new([1; 32]));
    assert!(matches!(try_edge(&app, &foreign, "foreign").await.err().unwrap(), OpenError::GrantEnded(_)));
}
