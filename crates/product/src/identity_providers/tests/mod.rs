//! An organisation with a provider: an issuer of the test's own, on this machine, that says what it is told to.

mod at_once;
mod coming_back;
mod configuration;
mod fences;
mod forged;
mod issuer;
mod joining;
mod keys;
mod linking;
mod ownership;
mod real;
mod required;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use url::Url;

use crate::doors::Door;
use crate::testing::{Answer, SignedIn, TestApp};
use issuer::Issuer;

const IDENTITIES: &str = "/api/v1/account/identities";
const PROVIDERS: &str = "/api/v1/organisation/identity-providers";
const BEGIN: &str = "/api/v1/sessions/oidc";
const CALLBACK: &str = "/api/v1/sessions/oidc/callback";
/// Where a provider sends people back to, before its id.
const REDIRECT: &str = "https://dashboard.localhost:8444/sign-in/oidc/callback/";
const COOKIE: &str = "__Host-pilotfish_oidc=";

/// An organisation with a provider, and the issuer behind it.
struct World {
    app: TestApp,
    owner: SignedIn,
    issuer: Issuer,
    provider: String,
}

/// Somebody who went to the provider.
struct Gone {
    url: Url,
    cookie: String,
}

/// What an organisation says of a provider, with something else about it.
fn settings(more: Value) -> Value {
    let mut settings = json!({
        "scopes": [], "domains": ["acme.example"], "trusts_mfa": false, "role_claim": null, "role_rules": [],
        "default_role": "viewer",
    });
    extend(&mut settings, more);
    settings
}

fn extend(value: &mut Value, more: Value) {
    let Value::Object(more) = more else { panic!("an object") };
    value.as_object_mut().unwrap().extend(more);
}

impl World {
    async fn new(app: &TestApp) -> Self {
        Self::with(app, json!({})).await
    }

    /// With more said of the provider.
    async fn with(app: &TestApp, more: Value) -> Self {
        let owner = app.owner().await;
        let issuer = Issuer::start(app).await;
        let provider = adds(&owner, &issuer, "Acme", more).await;
        Self { app: app.clone(), owner, issuer, provider }
    }

    /// Somebody goes to the provider from a browser that was not there before.
    async fn goes(&self) -> Gone {
        self.goes_to(&self.provider).await
    }

    async fn goes_to(&self, provider: &str) -> Gone {
        let body = json!({"identity_provider": provider});
        Gone::new(&self.app.at(Door::Dashboard).json(&body).post(BEGIN).await.assert(201), None)
    }

    /// Somebody signs in there and comes back.
    async fn comes_back(&self, gone: &Gone) -> Answer {
        self.says(gone, &self.issuer.approves(&gone.url)).await
    }

    /// Comes back with this.
    async fn says(&self, gone: &Gone, answer: &Value) -> Answer {
        self.app.at(Door::Dashboard).cookie(&gone.cookie).json(answer).post(CALLBACK).await
    }

    /// Goes there, signs in, and comes back.
    async fn tries(&self) -> Answer {
        let gone = self.goes().await;
        self.comes_back(&gone).await
    }

    /// The same, and is in.
    async fn signs_in(&self) -> SignedIn {
        let answer = self.tries().await.assert(201);
        self.app.began(&answer)
    }

    /// Somebody who is signed in goes there for something else, and comes back. The answer's cookie is the session's newer one.
    async fn goes_signed_in(&self, who: &SignedIn, path: &str) -> Answer {
        let body = json!({"identity_provider": self.provider});
        let asking = if path.ends_with("/oidc") { who.asks() } else { who.says(body) };
        let gone = Gone::new(&asking.post(path).await.assert(201), Some(&who.cookie));
        self.comes_back(&gone).await
    }

    async fn links(&self, who: &SignedIn) -> Answer {
        self.goes_signed_in(who, IDENTITIES).await
    }

    /// Somebody who has something of their own proves it in the session; the same, under its newer cookie.
    async fn proves(&self, who: &SignedIn, proof: Value) -> SignedIn {
        self.app.began(&who.says(proof).post("/api/v1/sessions/current/proofs").await.assert(200))
    }
}

/// Adds a provider, as its organisation's owner or admin; its id.
async fn adds(who: &SignedIn, issuer: &Issuer, name: &str, more: Value) -> String {
    let body = json!({
        "name": name, "issuer": issuer.url, "client_id": issuer::CLIENT, "client_secret": issuer::SECRET,
        "settings": settings(more),
    });
    let added = who.says(body).post(PROVIDERS).await.assert(201).json();
    let (id, redirect_uri) = (added["id"].as_str().unwrap(), added["redirect_uri"].as_str().unwrap());
    assert_eq!(redirect_uri, format!("{REDIRECT}{id}"));
    issuer.registers(redirect_uri);
    id.to_owned()
}

impl Gone {
    fn new(answer: &Answer, session: Option<&str>) -> Self {
        let own = answer.cookie();
        assert!(own.starts_with(COOKIE), "{own}");
        let url = Url::parse(answer.json()["url"].as_str().unwrap()).unwrap();
        let cookie = session.map_or_else(|| own.clone(), |session| format!("{session}; {own}"));
        Self { url, cookie }
    }

    /// What a browser brings back that was sent to where this one asked to be sent, with its state.
    fn brings(&self, more: Value) -> Value {
        let asked = self.asked();
        let provider = asked["redirect_uri"].strip_prefix(REDIRECT).unwrap();
        let mut answer = json!({"identity_provider": provider, "state": asked["state"]});
        extend(&mut answer, more);
        answer
    }

    fn asked(&self) -> BTreeMap<String, String> {
        self.url.query_pairs().into_owned().collect()
    }
}

/// What is recorded of sign-ins: method and outcome, oldest first.
async fn sign_ins(app: &TestApp) -> Vec<(String, String)> {
    let query = ::store::sql("SELECT method, outcome FROM sign_ins ORDER BY id");
    let rows = query.fetch_all(app.app().main.read(::store::Scope::System)).await.unwrap();
    rows.iter().map(|row| (row.get("method").unwrap(), row.get("outcome").unwrap())).collect()
}

/// Chooses a new password by a link that was brought to an address.
async fn resets(app: &TestApp, email: &str, password: &str) {
    let email = base::Personal::new(email.to_owned());
    let link = crate::password_resets::link_for_operator(app.app(), &email).await.unwrap();
    let token = link.expose().rsplit_once('=').unwrap().1.to_owned();
    let body = json!({"token": token, "password": password});
    app.at(Door::Dashboard).json(&body).post("/api/v1/password-resets/complete").await.assert(204);
}

/// Which actions are recorded.
async fn records(app: &TestApp) -> Vec<String> {
    let query = ::store::sql("SELECT action FROM audit_records ORDER BY id");
    let rows = query.fetch_all(app.app().main.read(::store::Scope::System)).await.unwrap();
    rows.iter().map(|row| row.get("action").unwrap()).collect()
}

/// Claims of somebody whose address the provider has verified.
fn person(subject: &str, email: &str) -> Map<String, Value> {
    let Value::Object(claims) = json!({"sub": subject, "email": email, "email_verified": true, "name": "Bob Bell"})
    else {
        unreachable!()
    };
    claims
}
