use std::sync::Arc;
use std::time::Duration;

use app_test::app_test;
use serde_json::json;

use crate::authority::SystemTx;
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

async fn confirms(who: &SignedIn, token: &str) -> Answer {
    who.says(json!({"token": token})).post("/api/v1/email-confirmations").await
}

/// Asks, and has the letter sent: the link's token, if there was one to this address.
async fn link(app: &TestApp, letters: &Letterbox, who: &SignedIn, email: &str) -> Option<String> {
    asks_for(who, email).await.assert(202);
    app.works_off().await;
    letters.take().iter().find(|(to, _)| to == email).map(|(_, text)| token(text))
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
    let other = app.signs_in(OWNER, PASSWORD).await;
    confirms(&owner, &token).await.assert(204);
    assert!(!owner.is_in().await && !other.is_in().await, "every session ends");
    app.try_to_sign_in(OWNER, PASSWORD).await.assert(401);
    let owner = app.signs_in(NEW, PASSWORD).await;
    assert_eq!(owner.asks().get("/api/v1/account").await.assert(200).json()["email"], NEW);
    assert_eq!(confirms(&owner, &token).await.assert(403).code(), "link_invalid");
    drop((owner, other));
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
    let first = link(&app, &letters, &owner, NEW).await.unwrap();
    let second = link(&app, &letters, &other, NEW).await.unwrap();
    confirms(&owner, &first).await.assert(204);
    assert_eq!(confirms(&other, &second).await.assert(403).code(), "link_invalid");
    drop((owner, other));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_ends_with_the_next_one_and_after_a_day() {
    let (app, letters) = with_mail(TestApp::start_embedded("email_ends").await).await;
    let owner = app.owner().await;
    let first = link(&app, &letters, &owner, NEW).await.unwrap();
    let second = link(&app, &letters, &owner, NEW).await.unwrap();
    confirms(&owner, &first).await.assert(403);
    app.advance(Duration::from_hours(24));
    let again = app.owner().await;
    confirms(&again, &second).await.assert(403);
    super::forget_old(app.app()).await.unwrap();
    drop((owner, again));
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

async fn only_the_asker_confirms(app: TestApp) {
    let (app, letters) = with_mail(app).await;
    let (owner, stranger) = (app.owner().await, app.other_owner("olga@example.org").await);
    let token = link(&app, &letters, &owner, NEW).await.unwrap();
    let nobody = app.at(Door::Dashboard).json(&json!({"token": token})).post("/api/v1/email-confirmations").await;
    assert_eq!(nobody.assert(401).code(), "unauthenticated");
    assert_eq!(confirms(&stranger, &token).await.assert(403).code(), "link_invalid");
    confirms(&owner, &token).await.assert(204);
    drop((owner, stranger));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_who_gets_the_letter_confirms_nothing_over_embedded() {
    only_the_asker_confirms(TestApp::start_embedded("email_asker_embedded").await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_who_gets_the_letter_confirms_nothing_over_postgres() {
    only_the_asker_confirms(TestApp::start_postgres("email_asker_postgres").await).await;
}

/// What was mailed under another password or address is good for nothing.
async fn links_end(app: TestApp) {
    let (app, letters) = with_mail(app).await;
    let resets = async |token: &str| {
        let body = json!({"token": token, "password": "eleven harbours at night"});
        app.at(Door::Dashboard).json(&body).post("/api/v1/password-resets/complete").await
    };
    let reset = async |email: &str| {
        let email = base::Personal::new(email.to_owned());
        let link = crate::password_resets::link_for_operator(app.app(), &email).await.unwrap();
        link.expose().split_once("#token=").unwrap().1.to_owned()
    };
    // Chosen by the member.
    let owner = app.owner().await;
    let (change, old_reset) = (link(&app, &letters, &owner, NEW).await.unwrap(), reset(OWNER).await);
    let chosen = "nine anchors on the wall";
    owner.says(json!({"password": chosen})).put("/api/v1/account/password").await.assert(204);
    assert_eq!(confirms(&owner, &change).await.assert(403).code(), "link_invalid");
    assert_eq!(resets(&old_reset).await.assert(403).code(), "link_invalid");
    // By a link.
    let change = link(&app, &letters, &owner, NEW).await.unwrap();
    resets(&reset(OWNER).await).await.assert(204);
    let owner = app.signs_in(OWNER, "eleven harbours at night").await;
    assert_eq!(confirms(&owner, &change).await.assert(403).code(), "link_invalid");
    // Another address.
    let (change, old_reset) = (link(&app, &letters, &owner, NEW).await.unwrap(), reset(OWNER).await);
    confirms(&owner, &change).await.assert(204);
    assert_eq!(resets(&old_reset).await.assert(403).code(), "link_invalid");
    drop(owner);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_ends_with_the_password_and_the_address_over_embedded() {
    links_end(TestApp::start_embedded("email_links_embedded").await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_ends_with_the_password_and_the_address_over_postgres() {
    links_end(TestApp::start_postgres("email_links_postgres").await).await;
}

#[app_test]
async fn a_link_is_of_the_address_that_its_letter_goes_to(app: TestApp) {
    let owner = app.owner().await;
    let member = owner.id.parse().unwrap();
    let (organisation, now) = (app.installed().organisation.id, app.app().clock.now());
    let later = now.plus(super::LIFE);
    let mut tx = SystemTx::begin(app.app()).await.unwrap();
    super::store::set(&mut tx.0, member, organisation, b"first", later).await.unwrap();
    let read = super::store::get(&mut tx.0, member, now).await.unwrap().unwrap();
    super::store::set(&mut tx.0, member, organisation, b"second", later).await.unwrap();
    assert!(super::make_link(app.app(), &mut tx, &read).await.unwrap().is_none());
    let read = super::store::get(&mut tx.0, member, now).await.unwrap().unwrap();
    assert!(super::make_link(app.app(), &mut tx, &read).await.unwrap().is_some());
}

async fn so_many_letters(app: TestApp) {
    let (app, letters) = with_mail(app).await;
    let owner = app.owner().await;
    for number in 0..super::MOST_BY_MEMBER {
        asks_for(&owner, &format!("{number}{NEW}")).await.assert(202);
    }
    let refused = asks_for(&owner, NEW).await.assert(429);
    assert_eq!(refused.code(), "too_many_requests");
    app.works_off().await;
    letters.take();
    app.advance(Duration::from_hours(24));
    super::forget_old(app.app()).await.unwrap();
    let owner = app.owner().await;
    assert!(link(&app, &letters, &owner, NEW).await.is_some());
    drop(owner);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_causes_a_few_letters_a_day_over_embedded() {
    so_many_letters(TestApp::start_embedded("email_many_embedded").await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_causes_a_few_letters_a_day_over_postgres() {
    so_many_letters(TestApp::start_postgres("email_many_postgres").await).await;
}
