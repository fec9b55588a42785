//! Keys turn, and everything that was sealed or hashed before is there afterwards.

mod interrupted;
mod kinds;
mod looked_up;
mod schedule;

use serde_json::json;

use super::{Listed, Turned, WAYS, Wanted, list, rotate, way};
use crate::doors::Door;
use crate::testing::TestApp;
use keys::{KeyKind, KeyState};

/// Turns keys of a kind, or of all, now.
async fn turn(app: &TestApp, kind: Option<KeyKind>) -> Vec<Turned> {
    rotate(app.app(), Wanted { kind, now: true }).await.unwrap()
}

/// What the hourly look does.
async fn look(app: &TestApp) {
    rotate(app.app(), Wanted { kind: None, now: false }).await.unwrap();
}

/// The versions of a kind's keys, with their states; of one owner, if the kind has several.
async fn states(app: &TestApp, kind: KeyKind) -> Vec<(u32, KeyState)> {
    let listed = list(app.app()).await.unwrap();
    let owner = listed.iter().find(|key| key.kind == kind).map(|key| key.owner.clone()).unwrap();
    let of_kind = listed.iter().filter(|key: &&Listed| key.kind == kind && key.owner == owner);
    of_kind.map(|key| (key.version, key.state)).collect()
}

/// Everything that keys stand before: a session, an api key, a browser's and a server's key, member data, a person's values.
async fn everything_works(app: &TestApp, cookie: &str) {
    let me = app.at(Door::Dashboard).cookie(cookie).get("/api/v1/me").await.assert(200).json();
    assert_eq!(me["member"]["email"], crate::testing::OWNER);
    app.visitor("somebody").does("Seen", json!({})).await;
    app.user("bob").is(json!({"email": "bob@example.org"})).await;
    for id in ["ana", "bob"] {
        let person = app.api().get(&format!("/api/v1/people/{id}")).await.assert(200);
        let text = String::from_utf8(person.body).unwrap();
        let email = format!("{id}@example.org");
        assert!(text.contains(&email), "{text}");
        let found = app.api().json(&json!({"email": email})).post("/api/v1/people/search").await.assert(200).json();
        assert_eq!(found["data"].as_array().unwrap().len(), 1, "{found}");
    }
}

/// Somebody with personal values, and a session of the owner.
async fn prepared(app: &TestApp) -> String {
    app.user("ana").is(json!({"email": "ana@example.org"})).await;
    app.user("ana").send("/v1/group", json!({"groupId": "acme", "traits": {"name": "Acme"}})).await.assert(200);
    app.sign_in().await
}

#[test]
fn every_kind_has_a_way_and_the_document_shows_it() {
    let kinds: Vec<KeyKind> = WAYS.iter().map(|way| way.kind).collect();
    assert_eq!(kinds, KeyKind::ALL, "in the order of their codes");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/rotation.md");
    let document = std::fs::read_to_string(path).unwrap();
    for kind in KeyKind::ALL {
        let way = way(*kind);
        let line = if way.turns {
            format!(
                "| `{kind}` | {} | {} | {} | {} |",
                way.days,
                if way.drained { "drained" } else { "online" },
                way.how,
                way.old
            )
        } else {
            format!("| `{kind}` | – | does not turn | {} | |", way.how)
        };
        assert!(document.contains(&line), "docs/rotation.md lacks the line\n{line}");
    }
}
