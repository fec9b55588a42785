//! The seeded past, as the api shows it: whole, once, and the same after an interruption.

use std::collections::BTreeMap;

use app_test::app_test;
use base::{Clock as _, FrozenClock};
use serde_json::Value;

use super::content::{LiveContent, Piece};
use super::plan::{Batch, Plan};
use super::{Progress, SEED, SeedOptions, recipe, seed};
use crate::demo::tests::make_demo;
use crate::testing::TestApp;

const PEOPLE: u64 = 40;

fn plan_of(people: u64) -> Vec<Batch> {
    let piece = |id: &str| Piece { id: id.to_owned(), version: 1 };
    let content = LiveContent { flow: piece("flw_1"), survey: piece("srv_1") };
    Plan::new(&recipe::read().unwrap(), SEED, FrozenClock::default().now(), people, content).collect()
}

async fn seeded(app: &TestApp) -> Option<Progress> {
    seed(app.app(), &SeedOptions { people: Some(PEOPLE) }, |_| {}).await.unwrap()
}

async fn get(app: &TestApp, path: &str) -> Value {
    app.api().get(path).await.assert(200).json()
}

/// Events of all days, by name.
async fn events(app: &TestApp) -> BTreeMap<String, u64> {
    let counts = get(app, "/api/v1/events/counts?from=2020-01-01T00:00:00Z").await;
    let mut events = BTreeMap::new();
    for count in counts["data"].as_array().unwrap() {
        *events.entry(count["event"].as_str().unwrap().to_owned()).or_default() += count["count"].as_u64().unwrap();
    }
    events
}

#[test]
fn the_plan_is_believable_and_the_same_each_time() {
    let plan = plan_of(3_200);
    assert_eq!(plan, plan_of(3_200));
    let people: u64 = plan.iter().map(|batch| batch.people).sum();
    let events: usize = plan.iter().map(|batch| batch.messages.len()).sum();
    let answers: usize = plan.iter().map(|batch| batch.answers.len()).sum();
    assert_eq!(people, 3_200);
    assert!((50_000..120_000).contains(&events), "{events} events");
    assert!((300..1_500).contains(&answers), "{answers} answers");
    assert!(
        plan.iter().all(|batch| serde_json::to_vec(&batch.messages).unwrap().len() < 480_000),
        "a batch is too large"
    );
    let now = FrozenClock::default().now().to_string();
    let late = |message: &Value| message["timestamp"].as_str().unwrap() > now.as_str();
    assert!(!plan.iter().flat_map(|batch| &batch.messages).any(late), "nothing lies in the future");
}

#[app_test]
async fn what_was_planned_is_there_once(app: TestApp) {
    make_demo(&app).await;
    let done = seeded(&app).await.unwrap();
    assert_eq!(done.people, PEOPLE);
    let people = get(&app, "/api/v1/people?limit=200").await;
    assert_eq!(people["data"].as_array().unwrap().len() as u64, PEOPLE);
    let found = events(&app).await;
    let sent = found.values().sum::<u64>() - found.get("$answer").copied().unwrap_or(0);
    assert_eq!(sent, done.events, "{found:?}");
    assert_eq!(found["$identify"], PEOPLE);
    let flow = get(&app, "/api/v1/flows").await["data"][0].clone();
    assert_eq!((flow["name"].as_str(), flow["status"].as_str()), (Some("Welcome aboard"), Some("live")));
    assert_eq!(flow["figures"]["shown"], found["$shown"] - shown_surveys(&app).await);
    let survey = get(&app, "/api/v1/surveys").await["data"][0]["id"].as_str().unwrap().to_owned();
    let results = get(&app, &format!("/api/v1/surveys/{survey}/results")).await;
    assert_eq!(results["started"], done.answers);
    assert!(done.answers > 2);
    let now = app.app().clock.now().to_string();
    let times = results["answers"].as_array().unwrap().iter().map(|answer| answer["at"].as_str().unwrap());
    assert!(times.filter(|at| **at < now[..10]).count() > 1, "answers are of the past");
    assert_eq!(seeded(&app).await, None, "a second start seeds nothing");
    assert_eq!(events(&app).await, found);
}

async fn shown_surveys(app: &TestApp) -> u64 {
    get(app, "/api/v1/surveys").await["data"][0]["figures"]["shown"].as_u64().unwrap()
}

#[app_test]
async fn an_interrupted_seeding_goes_on_and_doubles_nothing(app: TestApp) {
    make_demo(&app).await;
    // Dropped in the middle of its second batch.
    let cut = tokio::sync::Notify::new();
    let options = SeedOptions { people: Some(PEOPLE) };
    tokio::select! {
        biased;
        () = cut.notified() => {}
        _ = seed(app.app(), &options, |_| cut.notify_one()) => panic!("it was not cut off"),
    }
    let part = events(&app).await;
    assert!((1..PEOPLE).contains(&part["$identify"]), "{part:?}");
    // As if the note of the last batch had not been written: it is sent again.
    let mut tx = crate::authority::SystemTx::begin(app.app()).await.unwrap();
    crate::demo::store::set_next(&mut tx.0, 0).await.unwrap();
    tx.commit().await.unwrap();
    let done = seeded(&app).await.unwrap();
    let found = events(&app).await;
    let sent = found.values().sum::<u64>() - found.get("$answer").copied().unwrap_or(0);
    assert_eq!((sent, found["$identify"]), (done.events, PEOPLE), "{found:?}");
    assert_eq!(get(&app, "/api/v1/surveys").await["data"].as_array().unwrap().len(), 1);
    assert_eq!(get(&app, "/api/v1/flows").await["data"].as_array().unwrap().len(), 1);
}

#[app_test]
async fn the_keys_of_the_seeding_end_with_it(app: TestApp) {
    make_demo(&app).await;
    seeded(&app).await.unwrap();
    let read = |text: &'static str| ::store::sql(text).fetch_one(app.app().main.read(::store::Scope::System));
    let keys = read("SELECT count(*) AS n FROM api_keys WHERE revoked_at IS NULL").await.unwrap();
    assert_eq!(keys.get::<i64>("n").unwrap(), 1, "the installation's own");
    let keys = read("SELECT count(*) AS n FROM environment_keys WHERE revoked_at IS NULL").await.unwrap();
    assert_eq!(keys.get::<i64>("n").unwrap(), 4, "the environments' own");
}

#[app_test]
async fn every_saved_question_has_an_answer(app: TestApp) {
    make_demo(&app).await;
    seeded(&app).await;
    let reports = get(&app, "/api/v1/reports").await;
    let reports = reports["data"].as_array().unwrap();
    assert_eq!(reports.len(), 4);
    for report in reports {
        let answer = app.api().json(&report["question"]).post("/api/v1/query").await.assert(200).json();
        let numbers = ["/series/0/total", "/steps/2/count", "/cohorts/0/count"];
        let first = numbers.iter().find_map(|pointer| answer.pointer(pointer)).and_then(Value::as_f64);
        assert!(first.is_some_and(|first| first > 0.0), "{}: {answer}", report["name"]);
    }
}
