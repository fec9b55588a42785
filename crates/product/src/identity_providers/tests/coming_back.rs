//! What a browser brings back: codes that were used, states of others, the answer of another provider.

use std::time::Duration;

use app_test::app_test;
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use url::Url;

use super::issuer::{Issuer, Tokens};
use super::{BEGIN, CALLBACK, Gone, World, adds, sign_ins};
use crate::doors::Door;
use crate::testing::TestApp;

const UNAVAILABLE: &str = "the identity provider does not answer as it should: try again in a minute, and if it stays so, tell an \
    admin";

#[app_test]
async fn somebody_signs_in_over_the_provider_and_is_in_its_organisation(app: TestApp) {
    let world = World::new(&app).await;
    let gone = world.goes().await;
    let asked = gone.asked();
    assert_eq!(asked["scope"], "openid email profile");
    assert!(asked["state"].len() > 90 && asked["nonce"].len() == 43 && asked["code_challenge"].len() == 43);
    assert!(!asked.contains_key("max_age") && !asked.contains_key("prompt"));
    let answer = world.comes_back(&gone).await.assert(201);
    let session = answer.json();
    assert_eq!((&session["identity_provider"], &session["level"]), (&json!(world.provider), &json!("password")));
    assert_eq!((&session["needs"], &session["next"]), (&Value::Null, &json!(["identity_provider"])));
    let bob = app.began(&answer);
    let me = bob.asks().get("/api/v1/me").await.assert(200).json();
    assert_eq!(me["member"], json!({"id": bob.id, "email": "bob@acme.example", "name": "Bob Bell"}));
    assert_eq!(me["role"], "viewer");
    let own = bob.asks().get("/api/v1/account/sign-ins").await.assert(200).json();
    assert_eq!((&own["data"][0]["method"], &own["data"][0]["outcome"]), (&json!("identity_provider"), &json!("right")));
    // They are the same member the next time, whatever their address is then.
    world.issuer.says(json!({"email": "robert@acme.example", "name": "Robert"}));
    assert_eq!(world.signs_in().await.id, bob.id);
}

#[app_test]
async fn the_cookie_of_the_browser_is_kept_for_ten_minutes_and_read_by_nobody(app: TestApp) {
    let world = World::new(&app).await;
    let body = json!({"identity_provider": world.provider});
    let answer = app.at(Door::Dashboard).json(&body).post(BEGIN).await.assert(201);
    let cookie = answer.header("set-cookie").to_owned();
    assert!(cookie.starts_with("__Host-pilotfish_oidc="), "{cookie}");
    assert!(cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600"), "{cookie}");
    // Another tab goes on with the same.
    let own = answer.cookie();
    let again = app.at(Door::Dashboard).cookie(&own).json(&body).post(BEGIN).await.assert(201);
    assert_eq!(again.cookie(), own);
    for made_up in ["__Host-pilotfish_oidc=short", "__Host-pilotfish_oidc=\"; Path=/\""] {
        let other = app.at(Door::Dashboard).cookie(made_up).json(&body).post(BEGIN).await.assert(201);
        assert_ne!(other.cookie(), made_up);
    }
    // Two tabs both come back.
    for answer in [&answer, &again] {
        let gone = Gone::new(answer, None);
        world.comes_back(&gone).await.assert(201);
    }
}

#[app_test]
async fn a_state_is_good_once_in_its_browser_for_ten_minutes(app: TestApp) {
    let world = World::new(&app).await;
    let gone = world.goes().await;
    let back = world.issuer.approves(&gone.url);
    let other = world.goes().await;
    for cookie in
        [other.cookie.as_str(), "", "__Host-pilotfish_oidc=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]
    {
        let refused = app.at(Door::Dashboard).cookie(cookie).json(&back).post(CALLBACK).await.assert(403);
        assert_eq!(refused.code(), "invalid_proof", "{cookie}");
    }
    world.says(&gone, &back).await.assert(201);
    assert_eq!(world.says(&gone, &back).await.assert(403).code(), "invalid_proof", "replayed");
    let late = world.goes().await;
    let back = world.issuer.approves(&late.url);
    app.advance(Duration::from_mins(10));
    assert_eq!(world.says(&late, &back).await.assert(403).code(), "invalid_proof", "late");
    let wrong = sign_ins(&app).await.iter().filter(|(_, outcome)| outcome == "wrong").count();
    assert_eq!(wrong, 5);
    super::super::forget_old(app.app()).await.unwrap();
}

#[app_test]
async fn a_failed_answer_uses_the_state_up(app: TestApp) {
    let world = World::new(&app).await;
    let gone = world.goes().await;
    let refused = world.says(&gone, &gone.brings(json!({"error": "access_denied"}))).await.assert(403);
    assert_eq!(refused.code(), "identity_provider_refused");
    assert_eq!(world.comes_back(&gone).await.assert(403).code(), "invalid_proof");
    let gone = world.goes().await;
    for body in [json!({}), json!({"code": "made up"})] {
        let refused = world.says(&gone, &gone.brings(body)).await.assert(403).code();
        assert!(["identity_provider_refused", "invalid_proof"].contains(&refused.as_str()), "{refused}");
    }
}

#[app_test]
async fn a_code_is_good_once_and_for_whom_it_was_given(app: TestApp) {
    let world = World::new(&app).await;
    let (one, other) = (world.goes().await, world.goes().await);
    let back = world.issuer.approves(&one.url);
    // A code that was given in another browser, brought in by whoever has it.
    let injected = other.brings(json!({"code": back["code"]}));
    assert_eq!(world.says(&other, &injected).await.assert(403).code(), "identity_provider_refused");
    // The code is gone by that.
    assert_eq!(world.says(&one, &back).await.assert(403).code(), "identity_provider_refused");
    // A provider that does not look at PKCE: the nonce tells.
    world.issuer.checks_no_codes();
    let (one, other) = (world.goes().await, world.goes().await);
    let back = world.issuer.approves(&one.url);
    let injected = other.brings(json!({"code": back["code"]}));
    assert_eq!(world.says(&other, &injected).await.assert(401).code(), "identity_not_accepted");
    // One that was used, with a state of its own.
    let gone = world.goes().await;
    let back = world.issuer.approves(&gone.url);
    world.says(&gone, &back).await.assert(201);
    let again = world.goes().await;
    let replayed = again.brings(json!({"code": back["code"]}));
    assert_eq!(world.says(&again, &replayed).await.assert(403).code(), "identity_provider_refused");
}

#[app_test]
async fn answers_of_two_providers_are_not_mixed_up(app: TestApp) {
    let world = World::new(&app).await;
    let evil = Issuer::start(&app).await;
    let second = adds(&world.owner, &evil, "Evil", json!({})).await;
    // The state of one with the code of the other: the other never sees the first one's secret or verifier for it.
    let (to_first, to_second) = (world.goes().await, world.goes_to(&second).await);
    let (from_first, from_second) = (world.issuer.approves(&to_first.url), evil.approves(&to_second.url));
    let mixed = to_first.brings(json!({"code": from_second["code"]}));
    assert_eq!(world.says(&to_first, &mixed).await.assert(403).code(), "identity_provider_refused");
    let mixed = to_second.brings(json!({"code": from_first["code"]}));
    assert_eq!(world.says(&to_second, &mixed).await.assert(403).code(), "identity_provider_refused");
    // Whoever names itself must be the one that was asked.
    let gone = world.goes().await;
    let mut back = world.issuer.approves(&gone.url);
    back["iss"] = json!(evil.url);
    assert_eq!(world.says(&gone, &back).await.assert(401).code(), "identity_not_accepted");
    let gone = world.goes().await;
    let mut back = world.issuer.approves(&gone.url);
    back["iss"] = json!(world.issuer.url);
    world.says(&gone, &back).await.assert(201);
    // The other one's token, under its own key, for the first one.
    let first = world.issuer.url.clone();
    evil.forges(move |token| drop(token.claims.insert("iss".to_owned(), json!(first))));
    let gone = world.goes_to(&second).await;
    let back = evil.approves(&gone.url);
    assert_eq!(world.says(&gone, &back).await.assert(401).code(), "identity_not_accepted");
    // Another provider in a state, or another purpose, is not ours any more.
    for (at, byte) in [(9, 1), (8, 2), (8, 3), (0, 1)] {
        let gone = world.goes().await;
        let mut back = world.issuer.approves(&gone.url);
        let mut state = BASE64URL_NOPAD.decode(back["state"].as_str().unwrap().as_bytes()).unwrap();
        state[at] ^= byte;
        back["state"] = json!(BASE64URL_NOPAD.encode(&state));
        assert_eq!(world.says(&gone, &back).await.assert(403).code(), "invalid_proof", "{at}");
    }
}

#[app_test]
async fn the_answer_of_a_provider_that_another_one_had_asked_is_sent_nowhere(app: TestApp) {
    let world = World::new(&app).await;
    let olga = app.other_owner("olga@other.example").await;
    let evil = Issuer::start(&app).await;
    let theirs = adds(&olga, &evil, "Evil", json!({})).await;
    // Whoever works in both goes to the one's provider, which sends them on to the other's with its own request.
    let gone = world.goes_to(&theirs).await;
    let mut sent_on = Url::parse(&format!("{}/authorize", world.issuer.url)).unwrap();
    let own = world.goes().await.asked()["redirect_uri"].clone();
    for (name, value) in gone.asked() {
        let value = if name == "redirect_uri" { own.clone() } else { value };
        sent_on.query_pairs_mut().append_pair(&name, &value);
    }
    let back = world.issuer.approves(&sent_on);
    assert_eq!(back["identity_provider"], json!(world.provider), "it answers at its own address");
    assert_eq!(world.says(&gone, &back).await.assert(403).code(), "invalid_proof");
    assert_eq!((evil.asked_for_tokens(), world.issuer.asked_for_tokens()), (0, 0));
    // With the address that the first asked for, the other does not answer.
    app.advance(Duration::from_hours(1));
    evil.discloses(json!({"authorization_endpoint": format!("{}/authorize", world.issuer.url)}));
    let gone = world.goes_to(&theirs).await;
    assert!(gone.url.as_str().starts_with(&world.issuer.url));
    assert!(!world.issuer.has_registered(&gone.asked()["redirect_uri"]));
    // Each goes on by itself.
    world.signs_in().await;
}

#[app_test]
async fn each_provider_has_a_page_to_come_back_to(app: TestApp) {
    let world = World::new(&app).await;
    let own = world.goes().await.asked()["redirect_uri"].clone();
    assert!(own.ends_with(&world.provider));
    let page = async |uri: &str| {
        let path = Url::parse(uri).unwrap().path().to_owned();
        app.at(Door::Dashboard).header("accept", "text/html").get(&path).await.status
    };
    assert_eq!(page(&own).await, 200);
    assert_eq!(page(own.strip_suffix(&format!("/{}", world.provider)).unwrap()).await, 404);
}

#[app_test]
async fn a_provider_that_says_it_names_itself_must(app: TestApp) {
    let world = World::new(&app).await;
    world.issuer.discloses(json!({"authorization_response_iss_parameter_supported": true}));
    assert_eq!(world.tries().await.assert(401).code(), "identity_not_accepted");
    let gone = world.goes().await;
    let mut back = world.issuer.approves(&gone.url);
    back["iss"] = json!(world.issuer.url);
    world.says(&gone, &back).await.assert(201);
}

#[app_test]
async fn another_sites_page_begins_and_ends_nothing(app: TestApp) {
    let world = World::new(&app).await;
    let gone = world.goes().await;
    let back = world.issuer.approves(&gone.url);
    for (path, body) in [(BEGIN, json!({"identity_provider": world.provider})), (CALLBACK, back)] {
        let asking = app.at(Door::Dashboard).cookie(&gone.cookie).json(&body);
        let refused = asking.header("origin", "https://evil.example").post(path).await.assert(403);
        assert_eq!(refused.code(), "cross_site");
    }
}

#[app_test]
async fn a_provider_that_does_not_answer_is_nobodys_wrong_attempt(app: TestApp) {
    let world = World::new(&app).await;
    world.signs_in().await;
    let gone = world.goes().await;
    let back = world.issuer.approves(&gone.url);
    world.issuer.is_down(true);
    app.advance(Duration::from_hours(1) - Duration::from_mins(55));
    world.says(&gone, &back).await.assert(201);
    app.advance(Duration::from_hours(2));
    let body = json!({"identity_provider": world.provider});
    let down = app.at(Door::Dashboard).json(&body).post(BEGIN).await.assert(502);
    assert_eq!((down.code().as_str(), &down.json()["detail"]), ("identity_provider_unavailable", &json!(UNAVAILABLE)),);
    // What went wrong is remembered for a moment only.
    world.issuer.is_down(false);
    app.at(Door::Dashboard).json(&body).post(BEGIN).await.assert(502);
    app.advance(Duration::from_secs(15));
    world.signs_in().await;
    assert!(sign_ins(&app).await.iter().all(|(_, outcome)| outcome == "right"));
}

#[app_test]
async fn what_the_provider_is_at_fault_for_uses_up_nobodys_allowance(app: TestApp) {
    let world = World::new(&app).await;
    let counted = async || {
        let query = ::store::sql("SELECT COUNT(*) AS attempts FROM sign_in_attempts");
        let row = query.fetch_one(app.app().main.read(::store::Scope::System)).await.unwrap();
        row.get::<i64>("attempts").unwrap()
    };
    let before = counted().await;
    for tokens in [Tokens::Failing, Tokens::Malformed] {
        world.issuer.answers_codes_with(tokens);
        let failed = world.tries().await.assert(502).json();
        assert_eq!(failed["detail"], UNAVAILABLE, "a stranger is told nothing of what it answers");
        assert_eq!(counted().await, before);
    }
    world.issuer.answers_codes_with(Tokens::Given);
    let gone = world.goes().await;
    world.says(&gone, &gone.brings(json!({"code": "made up"}))).await.assert(403);
    assert_eq!(counted().await, before + 2, "of the state and of the address");
}

#[app_test]
async fn nobody_learns_which_organisations_there_are(app: TestApp) {
    let world = World::new(&app).await;
    let organisation = app.installed().organisation.id;
    let offer =
        async |of: String| app.at(Door::Dashboard).get(&format!("/api/v1/sign-in/{of}")).await.assert(200).json();
    let ours = json!([{"id": world.provider, "name": "Acme"}]);
    assert_eq!(offer(organisation.to_string()).await, json!({"identity_providers": ours, "required": false}));
    let nothing = json!({"identity_providers": [], "required": false});
    let unknown = base::id::OrganisationId::new(app.app().clock.as_ref(), app.app().rng.as_ref());
    let at_the_door = async || app.at(Door::Dashboard).get("/api/v1/sign-in").await.assert(200).json();
    assert_eq!(at_the_door().await["identity_providers"], ours, "there is but one organisation");
    app.other_owner("olga@other.example").await;
    let other = ::store::sql("SELECT id FROM organisations WHERE name = 'Other'");
    let other = other.fetch_one(app.app().main.read(::store::Scope::System)).await.unwrap();
    let other: base::id::OrganisationId = other.get("id").unwrap();
    for of in [unknown.to_string(), other.to_string(), "acme".to_owned(), world.provider.clone()] {
        assert_eq!(offer(of).await, nothing);
    }
    assert_eq!(at_the_door().await["identity_providers"], json!([]));
}
