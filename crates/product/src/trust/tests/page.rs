//! What the page says, and to whom.

use std::time::Duration;

use app_test::app_test;
use base::Timestamp;
use store::{Scope, sql};

use super::world::World;
use super::{run_due, seen};
use crate::doors::Door;
use crate::testing::{Answer, OWNER, TestApp};
use crate::trust::html;
use crate::trust::page::{BuildWire, CheckWire, PromiseWire, State, TestWire, Totals, TrustPage};
use crate::trust::promises::CHAPTERS;

async fn json(app: &TestApp) -> serde_json::Value {
    app.at(Door::Dashboard).get("/trust.json").await.assert(200).json()
}

/// State and reason of a promise.
fn fares(page: &serde_json::Value, id: &str) -> (String, String) {
    let rows = page["promises"].as_array().unwrap();
    let row = rows.iter().find(|row| row["id"] == id).unwrap();
    (row["state"].as_str().unwrap().to_owned(), row["reason"].as_str().unwrap().to_owned())
}

async fn read(app: &TestApp) -> Answer {
    app.at(Door::Dashboard).get("/trust").await.assert(200)
}

#[app_test]
async fn every_promise_is_on_the_page_for_anybody(app: TestApp) {
    let world = World::start(&app).await;
    run_due(app.app()).await;
    let page = read(&app).await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    let text = String::from_utf8(page.body).unwrap();
    let rows = json(&app).await["promises"].as_array().unwrap().len();
    assert_eq!(text.matches("<li class=\"promise").count(), rows);
    for promise in CHAPTERS.iter().flat_map(|chapter| chapter.promises) {
        assert!(text.contains(&format!("id=\"{}\"", promise.id)), "{}", promise.id);
    }
    assert!(!text.contains("<script"), "the page needs none");
    assert!(!text.contains(" style="), "the policy lets no style attribute");
    // Where the shell lies is nobody's page.
    app.at(Door::Dashboard).get("/trust.html").await.assert(404);
    for path in ["/trust", "/trust.json"] {
        app.at(Door::Dashboard).post(path).await.assert(405);
        app.at(Door::Edge).get(path).await.assert(404);
        app.at(Door::Api).get(path).await.assert(404);
    }
    world.stop().await;
}

#[app_test]
async fn nothing_on_the_page_is_nobodys_business(app: TestApp) {
    let world = World::start(&app).await;
    run_due(app.app()).await;
    let said = json(&app).await.to_string() + &String::from_utf8(read(&app).await.body).unwrap();
    let app_ = app.app();
    let data = app_.data().display().to_string();
    let root_key = app_.keys.provider().name();
    let environment = &app.installed().organisation.environments[0];
    let secret = [
        data.as_str(),
        root_key.strip_prefix("file:").unwrap(),
        environment.browser_key.expose(),
        OWNER,
        app_.trust.canary.value(),
        "env_0",
        "org_0",
        "127.0.0.1",
        "localhost",
        "/tmp/",
    ];
    for secret in secret {
        assert!(!said.contains(secret), "{secret}");
    }
    world.stop().await;
}

#[app_test]
async fn nobody_is_told_how_many_files_or_environments_there_are(app: TestApp) {
    let world = World::start(&app).await;
    let another = "INSERT INTO environments (id, organisation_id, app_id, name, identity_required, \
                   identity_secret, created_at) SELECT $1, organisation_id, app_id, 'preview', 0, identity_secret, \
                   created_at FROM environments WHERE name = 'production'";
    let id = base::id::EnvironmentId::new(app.app().clock.as_ref(), app.app().rng.as_ref());
    sql(another).bind(id).execute(app.app().main.read(Scope::System)).await.unwrap();
    run_due(app.app()).await;
    let evidence = async |check| seen(app.app(), check).await.evidence;
    assert_eq!(
        evidence("identity").await,
        [
            "In production a browser names a user only with a signed identity token.",
            "In environments for trying out a browser may name anybody; their data are apart.",
        ]
    );
    for sentence in evidence("sdk").await {
        assert!(!sentence.contains(|letter: char| letter.is_ascii_digit() || letter == '/'), "{sentence}");
    }
    world.stop().await;
}

#[app_test]
async fn what_is_seen_is_green_amber_or_red_and_what_is_not_is_stale(app: TestApp) {
    let world = World::start(&app).await;
    assert_eq!(fares(&json(&app).await, "UL-4.1"), ("stale".to_owned(), "This was not looked at yet.".to_owned()));
    run_due(app.app()).await;
    let page = json(&app).await;
    assert_eq!(fares(&page, "UL-4.1"), ("proven_here".to_owned(), String::new()));
    assert_eq!(fares(&page, "UL-1.7b"), ("proven_for_this_build".to_owned(), String::new()));
    assert_eq!(fares(&page, "UL-2.2").0, "not_yet");
    let (state, reason) = fares(&page, "UL-1.1c");
    assert_eq!(state, "amber");
    assert!(reason.contains("same disk as the data"), "{reason}");
    let one_process = app.app().main.engine() == store::Engine::Sqlite;
    assert_eq!(fares(&page, "UP-16").0, if one_process { "not_in_this_deployment" } else { "not_yet" });
    let totals: u64 = page["totals"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(usize::try_from(totals).unwrap(), page["promises"].as_array().unwrap().len());
    assert_eq!(page["totals"]["red"], 0);

    app.advance(Duration::from_secs(59));
    assert_eq!(fares(&json(&app).await, "UL-4.1").0, "proven_here");
    app.advance(Duration::from_secs(2));
    let late = fares(&json(&app).await, "UL-4.1");
    assert_eq!(late, ("stale".to_owned(), "This was not looked at in time.".to_owned()));
    world.stop().await;
}

#[app_test]
async fn what_is_broken_is_red_at_once_and_says_how(app: TestApp) {
    let world = World::start(&app).await;
    sql("UPDATE environments SET identity_required = 0").execute(app.app().main.read(Scope::System)).await.unwrap();
    run_due(app.app()).await;
    let reason = "In production a browser may name any user, without a signature.";
    assert_eq!(fares(&json(&app).await, "PF-1"), ("red".to_owned(), reason.to_owned()));
    assert!(String::from_utf8(read(&app).await.body).unwrap().contains(reason));
    world.stop().await;
}

/// A page with a row in each state. The dashboard's browser tests read this snapshot too.
#[test]
fn every_state_has_a_word_of_its_own() {
    let row = |id, state, reason: &str, seen: bool| {
        let at = seen.then(|| Timestamp::from_seconds(1_790_812_800));
        let check = CheckWire {
            id: "check",
            observes: "Looks at something from outside.",
            every_seconds: 30,
            checked_at: at,
            evidence: vec!["It was there & <whole>.".to_owned()],
        };
        PromiseWire {
            id,
            chapter: "In-product surveys",
            promise: "Something is so.",
            meaning: "What that means here.",
            kind: "live",
            state,
            reason: reason.to_owned(),
            since: at,
            checked_at: at,
            checks: seen.then_some(check).into_iter().collect(),
            tests: vec![TestWire { file: "crates/x/tests.rs", name: "it_is_so" }],
        }
    };
    let promises = vec![
        row("UL-1", State::ProvenHere, "", true),
        row("UL-2", State::ProvenForThisBuild, "", false),
        row("UL-3", State::Amber, "Only in part.", true),
        row("UL-4", State::NotInThisDeployment, "There is one process.", false),
        row("UL-5", State::NotYet, "All of it is missing.", false),
        row("UL-6", State::Stale, "This was not looked at in time.", true),
        row("UL-7", State::Red, "It is not so.", true),
    ];
    let build = BuildWire { version: "0.1.0", commit: Some("c0ffee"), sha256: Some("ab".repeat(32)) };
    let at = Timestamp::from_seconds(1_790_812_830);
    let page = TrustPage { at, build, totals: Totals::count(&promises), promises };
    let html = html::fill("<!-- trust -->", &page);
    for word in
        ["Proven here", "Proven for this build", "Kept weakly", "Not in this deployment", "Not kept yet", "Broken"]
    {
        assert_eq!(html.matches(&format!("</span>{word}</")).count(), 2, "{word}");
    }
    insta::assert_snapshot!("every_state", html);
}
