use std::sync::Arc;
use std::time::Duration;

use app_test::app_test;
use base::id::OrganisationId;
use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::App;
use crate::doors::Door;
use crate::mail::tests::Letterbox;
use crate::testing::{OWNER, PASSWORD, SignedIn, THEIR_PASSWORD, TestApp, dump};

const WRONG: &str = "a wrong password, long enough";

async fn own(who: &SignedIn) -> Vec<Value> {
    who.asks().get("/api/v1/account/sign-ins").await.assert(200).json()["data"].as_array().unwrap().clone()
}

async fn findings(app: &TestApp, kind: &str) -> Vec<String> {
    let rows = store::sql("SELECT detail FROM findings WHERE kind = $1").bind(kind);
    let rows = rows.fetch_all(app.app().main.read(store::Scope::System)).await.unwrap();
    rows.iter().map(|row| row.get("detail").unwrap()).collect()
}

/// Guesses until the limit of the account is reached.
async fn guesses(app: &TestApp, email: &str) {
    guesses_every(app, email, 10, Duration::from_secs(1)).await;
}

/// Guesses until so many were looked at.
async fn guesses_every(app: &TestApp, email: &str, times: usize, every: Duration) {
    let mut checked = 0;
    while checked < times {
        match app.try_to_sign_in(email, WRONG).await.status.as_u16() {
            401 => checked += 1,
            _ => app.advance(every),
        }
    }
}

#[app_test]
async fn a_member_sees_who_tried_right_and_wrong(app: TestApp) {
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let body = json!({"email": OWNER, "password": WRONG});
    let asking = app.at(Door::Dashboard).json(&body).header("user-agent", firefox).from("203.0.113.9");
    asking.post("/api/v1/sessions").await.assert(401);
    app.advance(Duration::from_secs(1));
    let owner = app.owner().await;
    let seen = own(&owner).await;
    assert_eq!(seen.len(), 2);
    let fields = |row: &Value| [row["outcome"].clone(), row["method"].clone(), row["device"].clone()];
    assert_eq!(fields(&seen[0]), [json!("right"), json!("password"), json!("unknown device")]);
    assert_eq!(fields(&seen[1]), [json!("wrong"), json!("password"), json!("Firefox on Linux")]);
    assert_ne!(seen[0]["network"], seen[1]["network"]);
    assert_eq!(seen[1]["member"]["name"], "Ana");
    let everything = dump(&app.app().main).await;
    assert!(!everything.contains("203.0.113"), "no address is kept");
    assert!(!everything.contains("firefox/140"), "nor a user agent");
}

#[app_test]
async fn admins_see_their_own_team_and_nobody_else_does(app: TestApp) {
    let (owner, bob) = (app.owner().await, app.member("bob@example.org", "editor").await);
    let other = app.other_owner("olga@example.org").await;
    app.try_to_sign_in("bob@example.org", WRONG).await.assert(401);
    app.try_to_sign_in("nobody@example.org", WRONG).await.assert(401);
    let seen = owner.asks().get("/api/v1/organisation/sign-ins").await.assert(200).json();
    let of_bob = |row: &&Value| row["member"]["id"] == bob.id.as_str();
    assert!(seen["data"].as_array().unwrap().iter().filter(of_bob).any(|row| row["outcome"] == "wrong"));
    let of_other = other.asks().get("/api/v1/organisation/sign-ins").await.assert(200).json();
    assert!(of_other["data"].as_array().unwrap().iter().all(|row| row["member"]["id"] == other.id.as_str()));
    bob.asks().get("/api/v1/organisation/sign-ins").await.assert(403);
    assert!(own(&bob).await.iter().all(|row| row["member"]["id"] == bob.id.as_str()));
}

#[app_test]
async fn pages_follow_each_other(app: TestApp) {
    for _ in 0..60 {
        app.advance(Duration::from_mins(1));
        app.owner().await;
    }
    let owner = app.owner().await;
    let first = owner.asks().get("/api/v1/account/sign-ins").await.assert(200).json();
    assert_eq!(first["data"].as_array().unwrap().len(), 50);
    let path = format!("/api/v1/account/sign-ins?cursor={}", first["next_cursor"].as_str().unwrap());
    let second = owner.asks().get(&path).await.assert(200).json();
    assert_eq!((second["data"].as_array().unwrap().len(), &second["next_cursor"]), (11, &Value::Null));
    owner.asks().get("/api/v1/account/sign-ins?cursor=x").await.assert(400);
}

#[app_test]
async fn attempts_are_kept_for_thirty_days(app: TestApp) {
    app.owner().await;
    app.advance(Duration::from_hours(30 * 24));
    let owner = app.owner().await;
    assert_eq!(own(&owner).await.len(), 1);
    super::forget_old(app.app()).await.unwrap();
    let rows = store::sql("SELECT COUNT(*) AS rows FROM sign_ins");
    let rows = rows.fetch_one(app.app().main.read(store::Scope::System)).await.unwrap();
    assert_eq!(rows.get::<i64>("rows").unwrap(), 1);
}

#[app_test]
async fn every_attempt_is_in_the_audit_records(app: TestApp) {
    app.try_to_sign_in(OWNER, WRONG).await.assert(401);
    app.try_to_sign_in("nobody@example.org", WRONG).await.assert(401);
    app.owner().await;
    let rows = store::sql("SELECT object, detail FROM audit_records WHERE action = 'sign_in.try' ORDER BY id");
    let rows = rows.fetch_all(app.app().main.read(store::Scope::System)).await.unwrap();
    let texts: Vec<String> = rows.iter().map(|row| row.get("detail").unwrap()).collect();
    assert_eq!(texts.len(), 3);
    assert_eq!(texts.iter().filter(|text| text.contains("\"wrong\"")).count(), 2);
    assert!(texts.iter().all(|text| !text.contains("example.org")), "{texts:?}");
    let objects: Vec<String> = rows.iter().map(|row| row.get("object").unwrap()).collect();
    assert!(objects.iter().any(|object| object == "unknown account"));
}

#[app_test]
async fn a_spike_on_an_account_is_a_finding_known_or_not(app: TestApp) {
    for email in [OWNER, "nobody@example.org"] {
        guesses(&app, email).await;
    }
    let found = findings(&app, "sign_in.account_spike").await;
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().any(|detail| detail.contains("mem_")) && found.iter().all(|detail| !detail.contains('@')));
    let rows = store::sql("SELECT organisation_id FROM findings WHERE detail NOT LIKE '%null%'");
    let row = rows.fetch_one(app.app().main.read(store::Scope::System)).await.unwrap();
    assert_eq!(row.get::<OrganisationId>("organisation_id").unwrap(), app.installed().organisation.id);
}

#[app_test]
async fn a_spike_is_reported_once_a_day_however_long_it_lasts(app: TestApp) {
    guesses_every(&app, OWNER, 30, Duration::from_secs(20)).await;
    assert_eq!(findings(&app, "sign_in.account_spike").await.len(), 1);
    app.advance(Duration::from_hours(24));
    super::forget_old(app.app()).await.unwrap();
    let rows = store::sql("SELECT COUNT(*) AS rows FROM spikes");
    let rows = rows.fetch_one(app.app().main.read(store::Scope::System)).await.unwrap();
    assert_eq!(rows.get::<i64>("rows").unwrap(), 0);
    guesses(&app, OWNER).await;
    app.advance(Duration::from_hours(24));
    guesses(&app, OWNER).await;
    assert_eq!(findings(&app, "sign_in.account_spike").await.len(), 3, "forgotten or not");
}

#[app_test]
async fn the_right_password_of_who_works_nowhere_is_noted(app: TestApp) {
    let (owner, bob) = (app.owner().await, app.member("bob@example.org", "editor").await);
    owner.asks().post(&format!("/api/v1/members/{}/suspend", bob.id)).await.assert(200);
    app.try_to_sign_in("bob@example.org", THEIR_PASSWORD).await.assert(401);
    let seen = owner.asks().get("/api/v1/organisation/sign-ins").await.assert(200).json();
    let of_bob = |row: &&Value| row["member"]["id"] == bob.id.as_str() && row["outcome"] == "wrong";
    assert_eq!(seen["data"].as_array().unwrap().iter().filter(of_bob).count(), 1);
    let records = store::sql("SELECT detail FROM audit_records WHERE action = 'sign_in.try' AND object = $1");
    let records = records.bind(bob.id.as_str()).fetch_all(app.app().main.read(store::Scope::System)).await.unwrap();
    assert!(records.iter().any(|row| row.get::<String>("detail").unwrap().contains("\"wrong\"")));
}

#[app_test]
async fn a_spike_from_a_network_is_a_finding(app: TestApp) {
    for account in 0..101 {
        let body = json!({"email": format!("person-{account}@example.org"), "password": WRONG});
        app.at(Door::Dashboard).json(&body).from("192.0.2.1").post("/api/v1/sessions").await;
    }
    assert_eq!(findings(&app, "sign_in.address_spike").await.len(), 1);
}

async fn tells_by_mail(app: TestApp) {
    let letters = Letterbox::new();
    let mailer = letters.clone();
    let app = app.restart_with(move |app| app.mailer = Some(mailer)).await;
    app.owner().await;
    app.works_off().await;
    assert!(letters.take().is_empty(), "the first device is no news");
    app.owner().await;
    app.works_off().await;
    let [(to, text)] = letters.take().try_into().unwrap();
    assert!(to == OWNER && text.contains("unknown device"), "{text}");
    for email in [OWNER, "nobody@example.org"] {
        guesses(&app, email).await;
    }
    assert_eq!(app.works_off().await, 2, "as much is done for both");
    let [(to, text)] = letters.take().try_into().unwrap();
    assert!(to == OWNER && text.contains("as often as one may"), "{text}");
    assert!(!text.contains("right"), "the last guess was not looked at when this was written: {text}");
    app.finish().await;
}

async fn tells_whose_password_is_known(app: TestApp) {
    let letters = Letterbox::new();
    let mailer = letters.clone();
    let app = app.restart_with(move |app| app.mailer = Some(mailer)).await;
    app.owner().await.sets_up_totp().await;
    let half = app.half_signed_in().await;
    let (body, mut checked) = (json!({"kind": "totp", "code": "000000"}), 0);
    while checked < 10 {
        match half.says(body.clone()).post("/api/v1/sessions/current/proofs").await.status.as_u16() {
            403 => checked += 1,
            429 => app.advance(Duration::from_secs(1)),
            other => panic!("{other}"),
        }
    }
    app.works_off().await;
    let [(to, text)] = letters.take().try_into().unwrap();
    assert!(to == OWNER && text.contains("somebody knows your password: choose another one now"), "{text}");
    drop(half);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_whose_password_is_known_is_told_so() {
    tells_whose_password_is_known(TestApp::start_embedded("known").await).await;
    tells_whose_password_is_known(TestApp::start_postgres("known").await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_is_told_of_new_devices_and_of_guesses() {
    tells_by_mail(TestApp::start_embedded("told").await).await;
}

/// Sends so many wrong guesses at the same moment, by turns to each process; how many were looked at.
async fn at_once(processes: &[Arc<App>], email: &str, guesses: usize) -> usize {
    let barrier = Arc::new(Barrier::new(guesses));
    let body = json!({"email": email, "password": WRONG});
    let tasks = (0..guesses).map(|number| {
        let router = crate::router(&processes[number % processes.len()], Door::Dashboard);
        // Far more addresses than one may guess from.
        let address = format!("10.{}.{}.1", number / 250, number % 250);
        let asking = TestApp::through(router, "dashboard.localhost").json(&body).from(&address);
        let barrier = barrier.clone();
        async move {
            barrier.wait().await;
            asking.post("/api/v1/sessions").await.status.as_u16()
        }
    });
    let began = std::time::Instant::now();
    let answers = futures::future::join_all(tasks).await;
    // 503: a loaded machine's store was too busy to count it, so nothing was looked at.
    assert!(answers.iter().all(|status| [401, 429, 503].contains(status)), "{answers:?}");
    println!("{guesses} guesses at once were answered in {:?}", began.elapsed());
    answers.iter().filter(|status| **status == 401).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_guesses_at_once_over_two_processes_get_no_more_checks_than_the_limit() {
    let app = TestApp::start_postgres("at_once").await;
    let second = app.second_process().await;
    let processes = [app.app().clone(), second.clone()];
    let known = app.try_to_sign_in(OWNER, PASSWORD).await.assert(201);
    let known = known.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap().to_owned());
    let known = known.into_iter().find(|cookie| cookie.contains("_device=")).unwrap();
    for email in [OWNER, "nobody@example.org"] {
        let checked = at_once(&processes, email, 2000).await;
        assert!((1..=10).contains(&checked), "{checked} of {email}");
    }
    let body = json!({"email": OWNER, "password": PASSWORD});
    let asking = app.at(Door::Dashboard).json(&body).cookie(known.split(';').next().unwrap());
    asking.post("/api/v1/sessions").await.assert(201);
    drop(processes);
    second.close().await;
    drop(second);
    app.finish().await;
}

#[app_test]
async fn a_removed_members_attempts_are_forgotten(app: TestApp) {
    let (owner, bob) = (app.owner().await, app.member("bob@example.org", "editor").await);
    app.signs_in("bob@example.org", THEIR_PASSWORD).await;
    owner.asks().delete(&format!("/api/v1/members/{}", bob.id)).await.assert(204);
    app.works_off().await;
    let rows = store::sql("SELECT COUNT(*) AS rows FROM sign_ins WHERE member_id = $1");
    let rows = rows.bind(bob.id.parse::<base::id::MemberId>().unwrap());
    let rows = rows.fetch_one(app.app().main.read(store::Scope::System)).await.unwrap();
    assert_eq!(rows.get::<i64>("rows").unwrap(), 0);
}

/// The chance that a sample of one is larger than one of the other: a half if nothing tells them apart.
fn area_under_curve(one: &[Duration], other: &[Duration]) -> f64 {
    let larger = |a: &Duration, b: &Duration| f64::from(u8::from(a > b)) + f64::from(u8::from(a == b)) / 2.0;
    let sum: f64 = one.iter().map(|a| other.iter().map(|b| larger(a, b)).sum::<f64>()).sum();
    let pairs = f64::from(u32::try_from(one.len() * other.len()).unwrap());
    let area = sum / pairs;
    area.max(1.0 - area)
}

async fn times(app: &TestApp, path: &str, body: impl Fn(&str) -> Value, samples: usize) -> f64 {
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for sample in 0..samples * 2 {
        // By turns, and not always in the same order: the machine is not equally fast all the time.
        let is_known = (sample / 2 + sample) % 2 == 0;
        let asking = app.at(Door::Dashboard).json(&body(if is_known { OWNER } else { "nobody@example.org" }));
        let began = std::time::Instant::now();
        asking.post(path).await;
        if is_known { &mut known } else { &mut unknown }.push(began.elapsed());
    }
    let area = area_under_curve(&known, &unknown);
    println!("{path}: AUC {area:.3} over {samples} samples of each");
    area
}

/// Measured with `PILOTFISH_TEST_TIMING_SAMPLES=1000`; a few samples only tell whether something is far off.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[allow(clippy::disallowed_methods, reason = "whoever measures says how much")]
async fn the_time_of_an_answer_does_not_tell_whether_there_is_an_account() {
    let samples = std::env::var("PILOTFISH_TEST_TIMING_SAMPLES").map_or(60, |text| text.parse().unwrap());
    let limit = if samples >= 1000 { 0.55 } else { 0.75 };
    let letters = Letterbox::new();
    let app = TestApp::start_embedded("timing").await;
    let app = app
        .restart_with(move |app| {
            app.mailer = Some(letters);
            app.attempts = crate::AttemptLimits { per_account: 1_000_000, per_address: 1_000_000 };
        })
        .await;
    let password = |email: &str| json!({"email": email, "password": WRONG});
    assert!(times(&app, "/api/v1/sessions", password, samples).await <= limit);
    let forgotten = |email: &str| json!({"email": email});
    assert!(times(&app, "/api/v1/password-resets", forgotten, samples).await <= limit);
    app.finish().await;
}
