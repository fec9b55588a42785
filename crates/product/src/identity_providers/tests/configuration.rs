//! What an organisation says of its providers, and who may.

use app_test::app_test;
use serde_json::{Value, json};

use super::issuer::{CLIENT, SECRET};
use super::{PROVIDERS, World, adds, records, settings};
use crate::testing::TestApp;

#[app_test]
async fn providers_are_added_changed_and_removed_and_their_secret_is_never_shown(app: TestApp) {
    let world = World::new(&app).await;
    let path = format!("{PROVIDERS}/{}", world.provider);
    let provider = world.owner.asks().get(&path).await.assert(200).json();
    assert_eq!((&provider["name"], &provider["issuer"]), (&json!("Acme"), &json!(world.issuer.url)));
    assert_eq!((&provider["settings"], &provider["members"]), (&settings(json!({})), &json!(0)));
    assert_eq!(provider["last_used_at"], Value::Null);
    let bob = world.signs_in().await;
    let listed = world.owner.asks().get(PROVIDERS).await.assert(200);
    assert_eq!((&listed.json()["data"][0]["members"], listed.json()["data"].as_array().unwrap().len()), (&json!(1), 1));
    assert!(!String::from_utf8_lossy(&listed.body).contains("secret, with"));

    // The secret stays unless another is given.
    let more = settings(json!({"domains": ["Acme.example"], "scopes": ["groups"]}));
    let changed = json!({"name": " Acme at work ", "client_id": CLIENT, "settings": more});
    let answer = world.owner.says(changed.clone()).put(&path).await.assert(200).json();
    assert_eq!((&answer["name"], &answer["settings"]["domains"]), (&json!("Acme at work"), &json!(["acme.example"])));
    assert!(bob.is_in().await);
    assert_eq!(world.goes().await.asked()["scope"], "openid email profile groups");
    world.signs_in().await;
    let mut wrong = changed;
    wrong["client_secret"] = json!("another");
    world.owner.says(wrong.clone()).put(&path).await.assert(200);
    let refused = world.tries().await.assert(502);
    assert!(refused.json()["detail"].as_str().unwrap().contains("client id and secret"));
    wrong["client_secret"] = json!(SECRET);
    world.owner.says(wrong.clone()).put(&path).await.assert(200);
    world.signs_in().await;
    // An issuer stays what it is.
    wrong["issuer"] = json!("https://evil.example");
    world.owner.says(wrong).put(&path).await.assert(400);

    world.owner.asks().delete(&path).await.assert(204);
    assert_eq!(world.owner.asks().get(PROVIDERS).await.assert(200).json(), json!({"data": []}));
    world.owner.asks().get(&path).await.assert(404);
    let done = records(&app).await;
    for action in ["identity_provider.create", "identity_provider.update", "identity_provider.delete"] {
        assert!(done.contains(&action.to_owned()), "{action}");
    }
}

#[app_test]
async fn admins_configure_after_a_fresh_proof_others_do_not_and_another_organisation_finds_nothing(app: TestApp) {
    let world = World::new(&app).await;
    let path = format!("{PROVIDERS}/{}", world.provider);
    let admin = app.member("carol@example.org", "admin").await;
    let second = adds(&admin, &world.issuer, "Second", json!({})).await;
    let officer = app.member("dan@example.org", "privacy_officer").await;
    officer.asks().get(PROVIDERS).await.assert(200);
    assert_eq!(officer.asks().delete(&path).await.assert(403).code(), "forbidden");
    let editor = app.member("erin@example.org", "editor").await;
    for asking in [editor.asks().get(PROVIDERS).await, editor.asks().get("/api/v1/organisation/sign-in").await] {
        assert_eq!(asking.assert(403).code(), "forbidden");
    }
    let other = app.other_owner("olga@other.example").await;
    for path in [&path, &format!("{PROVIDERS}/nothing")] {
        other.asks().get(path).await.assert(404);
        other.asks().delete(path).await.assert(404);
        other.asks().post(&format!("{path}/test")).await.assert(404);
    }
    assert_eq!(other.asks().get(PROVIDERS).await.assert(200).json(), json!({"data": []}));
    app.advance(std::time::Duration::from_mins(11));
    for answer in [
        admin.asks().delete(&format!("{PROVIDERS}/{second}")).await,
        admin.asks().post(&format!("{path}/test")).await,
        admin.says(json!({"name": "Third"})).post(PROVIDERS).await,
    ] {
        assert_eq!(answer.assert(403).code(), "step_up_required");
    }
}

#[app_test]
async fn what_cannot_be_a_provider_is_refused_at_its_field(app: TestApp) {
    let owner = app.owner().await;
    let good = json!({
        "name": "Acme", "issuer": "https://id.acme.example", "client_id": "c", "client_secret": "s",
        "settings": settings(json!({})),
    });
    for (field, value, pointer) in [
        ("name", json!(" "), "/name"),
        ("issuer", json!("http://id.acme.example"), "/issuer"),
        ("issuer", json!("https://user:password@id.acme.example"), "/issuer"),
        ("issuer", json!("https://id.acme.example?a=b"), "/issuer"),
        ("issuer", json!("id.acme.example"), "/issuer"),
        ("client_id", json!(""), "/client_id"),
        ("client_secret", json!("two\nlines"), "/client_secret"),
        ("settings", settings(json!({"default_role": "owner"})), "/settings/default_role"),
        ("settings", settings(json!({"domains": []})), "/settings/domains"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let refused = owner.says(body).post(PROVIDERS).await.assert(422);
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer);
    }
    owner.says(good).post(PROVIDERS).await.assert(201);
}

#[app_test]
async fn a_test_says_what_is_wrong_with_a_provider(app: TestApp) {
    let world = World::new(&app).await;
    let path = format!("{PROVIDERS}/{}/test", world.provider);
    let test = async || world.owner.asks().post(&path).await.assert(200).json();
    assert_eq!(test().await, json!({"problem": null, "usable_keys": 1}));
    for (disclosed, problem) in [
        (json!({"issuer": "https://evil.example"}), "another issuer"),
        (json!({"issuer": world.issuer.url, "code_challenge_methods_supported": ["plain"]}), "PKCE"),
        (json!({"code_challenge_methods_supported": ["S256"], "token_endpoint": "http://10.0.0.1/token"}), "not https"),
        (
            json!({"token_endpoint": format!("{}/token", world.issuer.url), "token_endpoint_auth_methods_supported": ["none"]}),
            "no client secret",
        ),
        (json!({"token_endpoint_auth_methods_supported": null, "jwks_uri": 7}), "does not say what it should"),
    ] {
        world.issuer.discloses(disclosed);
        let said = test().await;
        assert!(said["problem"].as_str().unwrap().contains(problem), "{said}");
    }
    world.issuer.discloses(json!({"jwks_uri": format!("{}/nothing", world.issuer.url)}));
    assert_eq!(test().await["problem"], "it answers with status 404 Not Found");
    world.issuer.discloses(json!({"jwks_uri": format!("{}/keys", world.issuer.url)}));
    assert_eq!(test().await["problem"], Value::Null);
    world.issuer.stops().await;
    let unreachable = test().await["problem"].clone();
    assert!(unreachable.as_str().unwrap().starts_with("nobody answers there within 10 seconds"), "{unreachable}");
}

#[app_test]
async fn an_organisation_tests_its_providers_ten_times_a_minute_at_most(app: TestApp) {
    let world = World::new(&app).await;
    let path = format!("{PROVIDERS}/{}/test", world.provider);
    let mut refused = None;
    for _ in 0..20 {
        let answer = world.owner.asks().post(&path).await;
        if answer.status != 200 {
            refused = Some(answer.assert(429));
            break;
        }
    }
    assert_eq!(refused.expect("it is refused at some time").code(), "too_many_requests");
    // Another organisation has an allowance of its own.
    let other = app.other_owner("olga@other.example").await;
    let theirs = adds(&other, &world.issuer, "Theirs", json!({})).await;
    other.asks().post(&format!("{PROVIDERS}/{theirs}/test")).await.assert(200);
}

#[app_test]
async fn a_test_that_fails_leaves_others_what_is_known_of_the_issuer(app: TestApp) {
    let world = World::new(&app).await;
    world.signs_in().await;
    let other = app.other_owner("olga@other.example").await;
    let theirs = adds(&other, &world.issuer, "Theirs", json!({})).await;
    world.issuer.is_down(true);
    let test = async || other.asks().post(&format!("{PROVIDERS}/{theirs}/test")).await.assert(200).json();
    assert_eq!(test().await["problem"], "it answers with status 502 Bad Gateway");
    world.signs_in().await;
    // What a test finds in order is known from then on.
    world.issuer.is_down(false);
    app.advance(std::time::Duration::from_mins(9));
    assert_eq!(test().await["problem"], Value::Null);
    let asked = world.issuer.asked();
    app.advance(std::time::Duration::from_mins(59));
    world.signs_in().await;
    assert_eq!(world.issuer.asked(), asked);
}

#[app_test]
async fn a_provider_that_wants_the_secret_in_the_form_gets_it_there(app: TestApp) {
    let world = World::new(&app).await;
    world.issuer.discloses(json!({"token_endpoint_auth_methods_supported": ["client_secret_post"]}));
    world.signs_in().await;
}

#[app_test]
async fn a_provider_that_sends_us_elsewhere_or_too_much_is_not_followed(app: TestApp) {
    let world = World::new(&app).await;
    let path = format!("{PROVIDERS}/{}/test", world.provider);
    for (place, problem) in
        [("redirect", "it answers with status 302 Found"), ("endless", "it answers more than 256 KB")]
    {
        world.issuer.discloses(json!({"jwks_uri": format!("{}/{place}", world.issuer.url)}));
        assert_eq!(world.owner.asks().post(&path).await.assert(200).json()["problem"], problem);
    }
}
