//! Harbour from outside: its page, its policy, its sign-in, and that the edge believes its tokens.

use app_test::app_test;
use serde_json::{Value, json};

use crate::demo::tests::{SITE, make_demo};
use crate::doors::Door;
use crate::router;
use crate::testing::{Asking, TestApp};

async fn harbour(app: &TestApp) -> impl Fn() -> Asking {
    make_demo(app).await;
    let router = router(app.app(), Door::Site);
    move || TestApp::through(router.clone(), "localhost")
}

fn newcomer(email: &str) -> Value {
    json!({"user": "new", "name": "Ana", "email": email, "company": "Ana & Sons"})
}

#[app_test]
async fn the_page_is_filled_in_anew_for_each_answer(app: TestApp) {
    let site = harbour(&app).await;
    let page = site().get("/invoices/1042").await.assert(200);
    let html = String::from_utf8(page.body.clone()).unwrap();
    assert!(!html.contains("__"), "a placeholder is left: {html}");
    let policy = page.header("content-security-policy");
    let nonce = policy.split_once("'nonce-").unwrap().1.split_once('\'').unwrap().0.to_owned();
    let expected = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self'; connect-src 'self' https://localhost:8443; \
         img-src 'self' https://localhost:8443; font-src 'self'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types pilotfish"
    );
    assert_eq!(policy, expected);
    assert_eq!((page.header("x-content-type-options"), page.header("cache-control")), ("nosniff", "no-store"));
    let tag = html.split("<script async").nth(1).unwrap().split('>').next().unwrap();
    let integrity = app.at(Door::Edge).get("/sdk/integrity.json").await.json()["/sdk/pilotfish.js"].clone();
    let key = app.installed().organisation.environments[0].browser_key.expose().clone();
    for part in [
        format!("src=\"https://localhost:8443/sdk/{}/pilotfish.js\"", env!("CARGO_PKG_VERSION")),
        format!("integrity=\"{}\"", integrity.as_str().unwrap()),
        format!("nonce=\"{nonce}\""),
        format!("data-key=\"{key}\""),
        "crossorigin=\"anonymous\"".to_owned(),
    ] {
        assert!(tag.contains(&part), "{part} is not in {tag}");
    }
    let config = html.split("id=\"harbour-config\"").nth(1).unwrap().split_once('>').unwrap().1;
    let config: Value = serde_json::from_str(config.split("</script>").next().unwrap()).unwrap();
    assert_eq!(config["users"][0]["id"], "usr_maya");
    assert_ne!(site().get("/").await.header("content-security-policy"), expected, "each answer has a nonce of its own");
}

#[app_test]
async fn files_are_served_and_what_is_none_is_not(app: TestApp) {
    let site = harbour(&app).await;
    let html = String::from_utf8(site().get("/").await.body).unwrap();
    let script = html.split("src=\"/assets/").nth(1).unwrap().split('"').next().unwrap();
    let file = site().get(&format!("/assets/{script}")).await.assert(200);
    assert!(file.header("cache-control").contains("immutable"));
    assert_eq!(site().get("/favicon.svg").await.assert(200).header("content-type"), "image/svg+xml");
    site().get("/assets/none.js").await.assert(404);
    site().get("/api/v1/me").await.assert(200);
    assert_eq!(site().get("/api/v1/me").await.header("content-type"), "text/html; charset=utf-8");
}

#[app_test]
async fn who_comes_back_is_the_same_person(app: TestApp) {
    let site = harbour(&app).await;
    let sign_in = |body: Value| site().json(&body).post("/session");
    let first = sign_in(newcomer("ana@example.org")).await.assert(200).json();
    let again = sign_in(newcomer(" Ana@Example.org ")).await.assert(200).json();
    assert_eq!(first["user"], again["user"]);
    assert_eq!((&first["user"]["plan"], &first["user"]["company"]["size"]), (&json!("trial"), &json!(1)));
    assert!(!first["user"]["id"].as_str().unwrap().contains("ana"));
    assert_ne!(sign_in(newcomer("bea@example.org")).await.json()["user"]["id"], first["user"]["id"]);
    assert_eq!(sign_in(newcomer("maya@tidewater.example")).await.json()["user"]["id"], "usr_maya");
    assert_eq!(sign_in(json!({"user": "usr_ingrid"})).await.json()["user"]["plan"], "growth");
    sign_in(json!({"user": "usr_nobody"})).await.assert(404);
    assert_eq!(sign_in(newcomer("nobody")).await.assert(422).json()["errors"][0]["pointer"], "/email");
}

#[app_test]
async fn another_sites_page_signs_nobody_in(app: TestApp) {
    let site = harbour(&app).await;
    let asking = || site().json(&json!({"user": "usr_maya"}));
    assert_eq!(
        asking().header("origin", "https://evil.example").post("/session").await.assert(403).code(),
        "cross_site"
    );
    asking().header("sec-fetch-site", "same-site").post("/session").await.assert(403);
    asking().header("origin", SITE).header("sec-fetch-site", "same-origin").post("/session").await.assert(200);
    site().body(r#"{"user":"usr_maya"}"#).post("/session").await.assert(415);
}

#[app_test]
async fn the_edge_believes_its_tokens_for_an_hour(app: TestApp) {
    let site = harbour(&app).await;
    let token = site().json(&json!({"user": "usr_maya"})).post("/session").await.json()["token"].clone();
    let key = app.installed().organisation.environments[0].browser_key.expose().clone();
    let identify = |user: &str, token: &Value| {
        app.at(Door::Edge).json(&json!({"writeKey": key, "userId": user, "token": token, "traits": {}}))
    };
    identify("usr_maya", &token).post("/v1/identify").await.assert(200);
    identify("usr_tomas", &token).post("/v1/identify").await.assert(401);
    identify("usr_maya", &Value::Null).post("/v1/identify").await.assert(401);
    let group = |company: &str| {
        app.at(Door::Edge).json(&json!({"writeKey": key, "userId": "usr_maya", "groupId": company, "token": token}))
    };
    let company =
        site().json(&json!({"user": "usr_maya"})).post("/session").await.json()["user"]["company"]["id"].clone();
    group(company.as_str().unwrap()).post("/v1/group").await.assert(200);
    assert_eq!(group("co_other").post("/v1/group").await.assert(403).code(), "company_not_in_token");
    app.advance(std::time::Duration::from_mins(62));
    identify("usr_maya", &token).post("/v1/identify").await.assert(401);
}
