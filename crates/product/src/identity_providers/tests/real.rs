//! Against a provider that somebody else wrote: `oidc-provider` from npm, `tests/oidc/provider.mjs`.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use app_test::app_test;
use serde_json::{Value, json};
use url::Url;

use super::{CALLBACK, Gone, PROVIDERS, REDIRECT, extend, settings};
use crate::doors::Door;
use crate::testing::{Answer, SignedIn, TestApp};

/// The provider's process.
struct Real {
    child: Child,
    issuer: String,
    secret: String,
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A browser, as far as the provider sees it.
#[derive(Default)]
struct Browser {
    cookies: BTreeMap<String, String>,
}

impl Real {
    fn start(app: &TestApp) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oidc");
        assert!(
            folder.join("node_modules").exists(),
            "run the tests with `cargo xtask test`, which installs oidc-provider"
        );
        let mut child = Command::new("node")
            .arg(folder.join("provider.mjs"))
            .env("NOW", app.app().clock.now().millis().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node is installed");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).expect("the provider says where it is");
        let text = |name: &str| said[name].as_str().unwrap().to_owned();
        Self { child, issuer: text("issuer"), secret: text("secret") }
    }

    /// Adds the client of an algorithm as a provider of the organisation; its id.
    async fn added(&self, owner: &SignedIn, algorithm: &str, more: Value) -> String {
        let mut body = json!({
            "name": algorithm, "issuer": self.issuer, "client_id": algorithm, "client_secret": self.secret,
            "settings": settings(json!({"scopes": ["groups"]})),
        });
        extend(&mut body["settings"], more);
        let added = owner.says(body).post(PROVIDERS).await.assert(201).json();
        let (id, redirect_uri) = (added["id"].as_str().unwrap().to_owned(), added["redirect_uri"].as_str().unwrap());
        Browser::default().asks("PUT", &format!("{}/clients/{algorithm}", self.issuer), redirect_uri);
        let tested = owner.asks().post(&format!("{PROVIDERS}/{id}/test")).await.assert(200).json();
        assert_eq!(tested, json!({"problem": null, "usable_keys": 3}));
        id
    }

    /// Who signs in there from now on.
    fn is(&self, account: &Value) {
        Browser::default().asks("PUT", &format!("{}/account", self.issuer), &account.to_string());
    }

    fn rotates(&self) {
        Browser::default().asks("POST", &format!("{}/rotate", self.issuer), "");
    }
}

impl Browser {
    /// Goes where the dashboard sends it, until the provider sends it back: with what.
    fn walks(&mut self, url: &Url) -> Value {
        let mut at = url.clone();
        for _ in 0..10 {
            let to = self.asks("GET", at.as_str(), "").expect("the provider sends the browser on");
            at = at.join(&to).unwrap();
            if at.as_str().starts_with(REDIRECT) {
                let known = ["state", "code", "error", "iss"];
                let said = at.query_pairs().into_owned().filter(|(name, _)| known.contains(&name.as_str()));
                let provider = at.path().rsplit('/').next().unwrap().to_owned();
                return said.chain([("identity_provider".to_owned(), provider)]).collect();
            }
        }
        panic!("the provider sends the browser round in circles: {at}");
    }

    /// Makes a request; where the answer sends it.
    fn asks(&mut self, method: &str, url: &str, body: &str) -> Option<String> {
        let url = Url::parse(url).unwrap();
        let (host, port) = (url.host_str().unwrap(), url.port().unwrap());
        let path = &url[url::Position::BeforePath..];
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut stream = TcpStream::connect((host, port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let cookies = cookies.join("; ");
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {host}:{port}\r\nconnection: close\r\naccept: text/html\r\n\
             cookie: {cookies}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len(),
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let head = answer.split("\r\n\r\n").next().unwrap();
        let mut to = None;
        for (name, value) in head.lines().skip(1).filter_map(|line| line.split_once(": ")) {
            if name.eq_ignore_ascii_case("set-cookie") {
                let (name, value) = value.split(';').next().unwrap().split_once('=').unwrap();
                self.cookies.insert(name.to_owned(), value.to_owned());
            } else if name.eq_ignore_ascii_case("location") {
                to = Some(value.to_owned());
            }
        }
        assert!(!head.starts_with("HTTP/1.1 4") && !head.starts_with("HTTP/1.1 5"), "{answer}");
        to
    }
}

async fn goes(app: &TestApp, provider: &str) -> Gone {
    let begun = app.at(Door::Dashboard).json(&json!({"identity_provider": provider})).post(super::BEGIN).await;
    Gone::new(&begun.assert(201), None)
}

async fn says(app: &TestApp, gone: &Gone, back: &Value) -> Answer {
    app.at(Door::Dashboard).cookie(&gone.cookie).json(back).post(CALLBACK).await
}

async fn signs_in(app: &TestApp, provider: &str) -> Answer {
    let gone = goes(app, provider).await;
    says(app, &gone, &Browser::default().walks(&gone.url)).await
}

#[app_test]
async fn members_sign_in_over_oidc_provider_by_each_algorithm(app: TestApp) {
    let (owner, real) = (app.owner().await, Real::start(&app));
    let rules = json!({"role_claim": "groups", "role_rules": [{"value": "it", "role": "admin"}], "default_role": null});
    for algorithm in ["RS256", "PS256", "ES256", "EdDSA"] {
        real.is(&json!({
            "sub": algorithm, "email": format!("{algorithm}@acme.example"), "email_verified": true, "name": "Ana Acme",
            "groups": ["writers", "it"],
        }));
        let provider = real.added(&owner, algorithm, rules.clone()).await;
        let joined = app.began(&signs_in(&app, &provider).await.assert(201));
        let me = joined.asks().get("/api/v1/me").await.assert(200).json();
        assert_eq!((&me["role"], &me["member"]["name"]), (&json!("admin"), &json!("Ana Acme")), "{algorithm}");
        assert_eq!(app.began(&signs_in(&app, &provider).await.assert(201)).id, joined.id, "{algorithm}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_and_states_of_oidc_provider_are_good_once() {
    let app = TestApp::start_embedded("oidc_provider_once").await;
    let (owner, real) = (app.owner().await, Real::start(&app));
    let provider = real.added(&owner, "RS256", json!({})).await;
    let (gone, other) = (goes(&app, &provider).await, goes(&app, &provider).await);
    let back = Browser::default().walks(&gone.url);
    assert_eq!(back["iss"], json!(real.issuer), "it names itself");
    // Another browser's code: it was given for another verifier.
    let injected = other.brings(json!({"code": back["code"], "iss": back["iss"]}));
    assert_eq!(says(&app, &other, &injected).await.assert(403).code(), "identity_provider_refused");
    // Whose code it is, is in all the same.
    says(&app, &gone, &back).await.assert(201);
    assert_eq!(says(&app, &gone, &back).await.assert(403).code(), "invalid_proof");
    let again = goes(&app, &provider).await;
    let replayed = again.brings(json!({"code": back["code"], "iss": back["iss"]}));
    assert_eq!(says(&app, &again, &replayed).await.assert(403).code(), "identity_provider_refused");
    // Without its name it is not believed to be the one.
    let gone = goes(&app, &provider).await;
    let mut back = Browser::default().walks(&gone.url);
    back.as_object_mut().unwrap().remove("iss");
    assert_eq!(says(&app, &gone, &back).await.assert(401).code(), "identity_not_accepted");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_keys_of_oidc_provider_and_its_second_factor_are_taken() {
    let app = TestApp::start_embedded("oidc_provider_keys").await;
    let (owner, real) = (app.owner().await, Real::start(&app));
    let provider = real.added(&owner, "RS256", json!({"trusts_mfa": true})).await;
    let first = signs_in(&app, &provider).await.assert(201);
    assert_eq!(first.json()["level"], "password");
    real.rotates();
    signs_in(&app, &provider).await.assert(401);
    app.advance(Duration::from_secs(30));
    app.advance(Duration::from_secs(30));
    real.is(&json!({
        "sub": "ana", "email": "ana@acme.example", "email_verified": true, "name": "Ana Acme",
        "acr": "https://refeds.org/profile/mfa", "amr": ["pwd", "mfa"],
    }));
    let second = signs_in(&app, &provider).await.assert(201);
    assert_eq!(second.json()["level"], "mfa");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_proves_once_more_at_oidc_provider() {
    let app = TestApp::start_embedded("oidc_provider_proof").await;
    let (owner, real) = (app.owner().await, Real::start(&app));
    let provider = real.added(&owner, "RS256", json!({})).await;
    let ana = app.began(&signs_in(&app, &provider).await.assert(201));
    let begun = ana.asks().post("/api/v1/sessions/current/proofs/oidc").await.assert(201);
    let gone = Gone::new(&begun, Some(&ana.cookie));
    let proven = says(&app, &gone, &Browser::default().walks(&gone.url)).await.assert(200);
    assert!(!ana.is_in().await);
    assert!(app.began(&proven).is_in().await);
    app.finish().await;
}
