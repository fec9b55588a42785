use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::doors::Door;
use crate::mail::tests::Letterbox;
use crate::testing::{Answer, OWNER, PASSWORD, SignedIn, TestApp, dump};

const NEW: &str = "ana@elsewhere.example";

async fn with_mail(app: TestApp) -> (TestApp, Arc<Letterbox>) {
    let letters = Letterbox::new();
    let mailer = letters.clone();
    (app.restart_with(move |app| app.mailer = Some(mailer)).await, letters)
}

async fn asks_for(who: &SignedIn, email: &str) -> Answer {
    who.says(json!({"email": email})).post("/api/v1/account/email").await
}

async fn confirms(app: &TestApp, token: &str) -> Answer {
    app.at(Door::Dashboard).json(&json!({"token": token})).post("/api/v1/email-confirmations").await
}

fn token(text: &str) -> String {
    text.split_once("/email#token=").unwrap().1.split_whitespace().next().unwrap().to_owned()
}

async fn becomes_theirs(app: TestApp) {
    let (app, letters) = with_mail(app).await;
    let owner = app.owner().await;
    assert_eq!(asks_for(&owner, "nobody").await.assert(422).json()["errors"][0]["pointer"], "/email");
    assert_eq!(asks_for(&owner, NEW).await.assert(202).json(), json!({}));
    app.works_off().await;
    let mut sent = letters.take();
    sent.sort();
    let [(first, link), (second, notice)] = sent.try_into().unwrap();
    assert_eq!((first.as_str(), second.as_str()), (NEW, OWNER));
    assert!(notice.contains("another address") && !notice.contains(NEW), "{notice}");
    let token = token(&link);
    let everything = dump(&app.app().main).await;
    assert!(!everything.contains(&token) && !everything.contains(NEW));
    app.signs_in(OWNER, PASSWORD).await;
    confirms(&app, &token).await.assert(204);
    assert!(!owner.is_in().await, "every session ends");
    assert_eq!(confirms(&app, &token).await.assert(403).code(), "link_invalid");
    app.try_to_sign_in(OWNER, PASSWORD).await.assert(401);
    let owner = app.signs_in(NEW, PASSWORD).await;
    assert_eq!(owner.asks().get("/api/v1/account").await.assert(200).json()["email"], NEW);
    drop(owner);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_opens_the_link_makes_the_address_theirs_over_embedded() {
    becomes_theirs(TestApp::start_embedded("email_embedded").await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_opens_the_link_makes_the_address_theirs_over_postgres() {
    becomes_theirs(TestApp::start_postgres("email_postgres").await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_elses_address_answers_the_same_and_nothing_comes_of_it() {
    let (app, letters) = with_mail(TestApp::start_embedded("email_taken").await).await;
    let other = app.other_owner("olga@example.org").await;
    let owner = app.owner().await;
    app.works_off().await;
    letters.take();
    assert_eq!(asks_for(&owner, "olga@example.org").await.assert(202).json(), json!({}));
    app.works_off().await;
    let sent = letters.take();
    let to_olga = sent.iter().find(|(to, _)| to == "olga@example.org").unwrap();
    assert!(!to_olga.1.contains("#token="), "{}", to_olga.1);
    // Nor where it is taken between the letter and the link.
    asks_for(&owner, NEW).await.assert(202);
    asks_for(&other, NEW).await.assert(202);
    app.works_off().await;
    let links: Vec<String> = letters.take().iter().filter(|(to, _)| to == NEW).map(|(_, text)| token(text)).collect();
    confirms(&app, &links[0]).await.assert(204);
    assert_eq!(confirms(&app, &links[1]).await.assert(403).code(), "link_invalid");
    drop((owner, other));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_ends_with_the_next_one_and_after_a_day() {
    let (app, letters) = with_mail(TestApp::start_embedded("email_ends").await).await;
    let owner = app.owner().await;
    let mut links = Vec::new();
    for _ in 0..2 {
        asks_for(&owner, NEW).await.assert(202);
        app.works_off().await;
        links.extend(letters.take().iter().filter(|(to, _)| to == NEW).map(|(_, text)| token(text)));
    }
    confirms(&app, &links[0]).await.assert(403);
    app.advance(Duration::from_hours(24));
    confirms(&app, &links[1]).await.assert(403);
    super::forget_old(app.app()).await.unwrap();
    drop(owner);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_mail_server_an_address_cannot_be_proven() {
    let app = TestApp::start_embedded("email_without").await;
    let owner = app.owner().await;
    assert_eq!(asks_for(&owner, NEW).await.assert(409).code(), "mail_unavailable");
    drop(owner);
    app.finish().await;
}
