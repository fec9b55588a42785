use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use app_test::app_test;
use serde_json::json;

use crate::doors::Door;
use crate::mail::tests::Letterbox;
use crate::testing::{Answer, OWNER, PASSWORD, TestApp, dump};

const NEW: &str = "nine anchors on the wall";

async fn asks(app: &TestApp, email: &str) -> Answer {
    app.at(Door::Dashboard).json(&json!({"email": email})).post("/api/v1/password-resets").await
}

async fn completes(app: &TestApp, token: &str, password: &str) -> Answer {
    let body = json!({"token": token, "password": password});
    app.at(Door::Dashboard).json(&body).post("/api/v1/password-resets/complete").await
}

async fn with_mail(app: TestApp) -> (TestApp, Arc<Letterbox>) {
    let letters = Letterbox::new();
    let mailer = letters.clone();
    (app.restart_with(move |app| app.mailer = Some(mailer)).await, letters)
}

fn token(text: &str) -> String {
    text.split_once("/reset#token=").unwrap().1.split_whitespace().next().unwrap().to_owned()
}

async fn link(app: &TestApp) -> String {
    let email = base::Personal::new(OWNER.to_owned());
    token(super::link_for_operator(app.app(), &email).await.unwrap().expose())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_comes_by_mail_and_gives_a_new_password_once() {
    let (app, letters) = with_mail(TestApp::start_embedded("reset_by_mail").await).await;
    let offer = app.at(Door::Dashboard).get("/api/v1/sign-in").await.assert(200).json();
    assert_eq!(offer, json!({"mail": true, "identity_providers": []}));
    let before = app.owner().await;
    assert_eq!(asks(&app, OWNER).await.assert(202).json(), json!({}));
    assert_eq!(app.works_off().await, 1);
    let [(to, text)] = letters.take().try_into().unwrap();
    assert_eq!(to, OWNER);
    let token = token(&text);
    assert!(!dump(&app.app().main).await.contains(&token));
    completes(&app, &token, NEW).await.assert(204);
    assert!(!before.is_in().await, "every session ends");
    assert_eq!(completes(&app, &token, NEW).await.assert(403).code(), "link_invalid");
    app.try_to_sign_in(OWNER, PASSWORD).await.assert(401);
    app.signs_in(OWNER, NEW).await;
    drop(before);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asking_tells_nothing_of_whether_there_is_an_account() {
    let (app, letters) = with_mail(TestApp::start_embedded("reset_alike").await).await;
    for email in [OWNER, "nobody@example.org"] {
        assert_eq!(asks(&app, email).await.assert(202).json(), json!({}));
    }
    let jobs = store::sql("SELECT COUNT(*) AS jobs FROM jobs WHERE kind = 'password_reset.mail'");
    let jobs = jobs.fetch_one(app.app().main.read(store::Scope::System)).await.unwrap();
    assert_eq!(jobs.get::<i64>("jobs").unwrap(), 2, "the same is written for both");
    assert_eq!(app.works_off().await, 2);
    assert_eq!(letters.take().len(), 1);
    for email in [OWNER, "nobody@example.org"] {
        let mut taken = 1;
        while asks(&app, email).await.status == 202 {
            taken += 1;
        }
        assert_eq!(taken, 4, "{email}: as many as may be asked for without a pause");
    }
    app.finish().await;
}

#[app_test]
async fn without_a_mail_server_asking_answers_the_same_and_the_operator_makes_links(app: TestApp) {
    assert_eq!(asks(&app, OWNER).await.assert(202).json(), json!({}));
    assert_eq!(app.works_off().await, 0);
    let offer = app.at(Door::Dashboard).get("/api/v1/sign-in").await.assert(200).json();
    assert_eq!(offer, json!({"mail": false, "identity_providers": []}));
    let nobody = base::Personal::new("nobody@example.org".to_owned());
    assert_eq!(super::link_for_operator(app.app(), &nobody).await.unwrap_err().code, base::Code::NotFound);
    let first = link(&app).await;
    let second = link(&app).await;
    completes(&app, &first, NEW).await.assert(403);
    completes(&app, &second, NEW).await.assert(204);
    app.signs_in(OWNER, NEW).await;
}

#[app_test]
async fn a_link_ends_after_half_an_hour(app: TestApp) {
    let token = link(&app).await;
    app.advance(Duration::from_mins(30));
    assert_eq!(completes(&app, &token, NEW).await.assert(403).code(), "link_invalid");
    super::forget_old(app.app()).await.unwrap();
    app.signs_in(OWNER, PASSWORD).await;
}

#[app_test]
async fn a_weak_password_is_refused_and_does_not_use_the_link_up(app: TestApp) {
    let token = link(&app).await;
    for weak in ["short", "password12345678", "anaanaanaanaana", "my organisation 1"] {
        let refused = completes(&app, &token, weak).await.assert(422);
        assert_eq!(refused.json()["errors"][0]["pointer"], "/password", "{weak}");
    }
    completes(&app, &token, NEW).await.assert(204);
}

#[app_test]
async fn of_two_who_use_a_link_at_once_one_does(app: TestApp) {
    let token = link(&app).await;
    let (one, other) = tokio::join!(completes(&app, &token, NEW), completes(&app, &token, "eleven harbours at night"));
    let mut answers = [one.status.as_u16(), other.status.as_u16()];
    answers.sort_unstable();
    assert_eq!(answers, [204, 403]);
}

async fn mailed_again(app: TestApp) {
    let (app, letters) = with_mail(app).await;
    let asks_and_gets = async || {
        asks(&app, OWNER).await.assert(202);
        app.works_off().await;
        letters.take().first().map(|(_, text)| token(text))
    };
    letters.out_of_order.store(true, Ordering::SeqCst);
    assert!(asks_and_gets().await.is_none());
    letters.out_of_order.store(false, Ordering::SeqCst);
    app.advance(Duration::from_hours(1));
    let first = asks_and_gets().await.unwrap();
    assert!(asks_and_gets().await.is_none(), "it was mailed a moment ago");
    app.advance(super::PAUSE);
    let second = asks_and_gets().await.unwrap();
    completes(&app, &first, NEW).await.assert(403);
    assert!(asks_and_gets().await.is_none());
    completes(&app, &second, NEW).await.assert(204);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_is_sent_again_after_a_pause_and_its_link_stays_good_until_then_over_embedded() {
    mailed_again(TestApp::start_embedded("reset_again_embedded").await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_is_sent_again_after_a_pause_and_its_link_stays_good_until_then_over_postgres() {
    mailed_again(TestApp::start_postgres("reset_again_postgres").await).await;
}
