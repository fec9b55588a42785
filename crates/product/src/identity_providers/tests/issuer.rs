//! An issuer that is as honest as the test has it be: discovery, keys, a token for a code, with whatever is wrong about the token that
//! the test wants.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest;
use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaKeyPair,
};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use base::Clock;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use url::Url;

use crate::testing::TestApp;

pub(super) const CLIENT: &str = "pilotfish at acme";
pub(super) const SECRET: &str = "a secret, with: colons & more";

/// A key that signs tokens.
pub(super) struct Signer {
    id: String,
    pair: Pair,
}

enum Pair {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

/// A token before it is signed, and by what it is.
pub(super) struct Token {
    pub(super) header: Map<String, Value>,
    pub(super) claims: Map<String, Value>,
    pub(super) by: By,
}

pub(super) enum By {
    /// The issuer's own key.
    Issuer,
    /// Somebody else's.
    Other(Signer),
    /// A secret, which may be a public key's bytes.
    Secret(Vec<u8>),
    /// Nobody: the signature is empty.
    Nobody,
    /// The issuer's own key, and something was changed afterwards.
    Broken,
}

type Forge = Box<dyn Fn(&mut Token) + Send>;

/// What the issuer is and knows.
struct Inner {
    clock: Arc<dyn Clock>,
    signer: Signer,
    /// Published besides.
    more_keys: Vec<Value>,
    /// Who signs in there.
    person: Map<String, Value>,
    forge: Option<Forge>,
    discovery: Map<String, Value>,
    userinfo: Option<Value>,
    checks_codes: bool,
    /// Where it may send people back to.
    registered: Vec<String>,
    /// What a token waits for, if for anything.
    gate: Option<Arc<Semaphore>>,
    asked_for_tokens: usize,
    codes: HashMap<String, HashMap<String, String>>,
    given: usize,
    tokens_given: usize,
    asked_for_keys: usize,
    asked_for_discovery: usize,
    down: bool,
    tokens: Tokens,
}

/// What it answers a code with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tokens {
    Given,
    /// It says that it is out of order.
    Failing,
    /// It says something else.
    Malformed,
}

/// A running issuer.
pub(super) struct Issuer {
    pub(super) url: String,
    inner: Arc<Mutex<Inner>>,
    server: JoinHandle<()>,
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Signer {
    pub(super) fn ec(id: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self { id: id.to_owned(), pair: Pair::Ec(pair) }
    }

    pub(super) fn ed(id: &str) -> Self {
        Self { id: id.to_owned(), pair: Pair::Ed(Ed25519KeyPair::generate().unwrap()) }
    }

    pub(super) fn rsa(id: &str) -> Self {
        Self { id: id.to_owned(), pair: Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()) }
    }

    fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Ec(_) => "ES256",
            Pair::Ed(_) => "EdDSA",
            Pair::Rsa(_) => "RS256",
        }
    }

    /// The public key, as it is published.
    pub(super) fn jwk(&self) -> Value {
        let mut key = match &self.pair {
            Pair::Ec(pair) => {
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "x": b64(&point[1..33]), "y": b64(&point[33..])})
            }
            Pair::Ed(pair) => json!({"kty": "OKP", "crv": "Ed25519", "x": b64(pair.public_key().as_ref())}),
            // A sequence of two integers: after nine bytes the modulus, of 2048 bits.
            Pair::Rsa(pair) => json!({"kty": "RSA", "n": b64(&pair.public_key().as_ref()[9..265]), "e": "AQAB"}),
        };
        super::extend(&mut key, json!({"kid": self.id, "use": "sig"}));
        key
    }

    /// The public key in the forms that a careless verifier might take for a secret.
    pub(super) fn public_bytes(&self) -> Vec<Vec<u8>> {
        let jwk = self.jwk();
        let (raw, der): (_, PublicKeyX509Der<'_>) = match &self.pair {
            Pair::Ec(pair) => (pair.public_key().as_ref().to_vec(), pair.public_key().as_der().unwrap()),
            Pair::Ed(pair) => (pair.public_key().as_ref().to_vec(), pair.public_key().as_der().unwrap()),
            Pair::Rsa(pair) => (pair.public_key().as_ref().to_vec(), pair.public_key().as_der().unwrap()),
        };
        let der = der.as_ref().to_vec();
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", BASE64.encode(&der));
        let x = BASE64URL_NOPAD.decode(jwk["x"].as_str().or(jwk["n"].as_str()).unwrap().as_bytes()).unwrap();
        vec![raw, der, pem.into_bytes(), jwk.to_string().into_bytes(), x]
    }

    fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ec(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Pair::Ed(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let padding: &'static dyn aws_lc_rs::signature::RsaEncoding =
                    if algorithm == "PS256" { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                pair.sign(padding, &random, message, &mut signature).unwrap();
                signature
            }
        }
    }
}

impl Issuer {
    pub(super) async fn start(app: &TestApp) -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let Value::Object(discovery) = json!({
            "issuer": url, "authorization_endpoint": format!("{url}/authorize"), "token_endpoint": format!("{url}/token"),
            "jwks_uri": format!("{url}/keys"), "code_challenge_methods_supported": ["S256"],
        }) else {
            unreachable!()
        };
        let inner = Arc::new(Mutex::new(Inner {
            clock: app.app().clock.clone(),
            signer: Signer::ec("first"),
            more_keys: Vec::new(),
            person: super::person("bob at acme", "bob@acme.example"),
            forge: None,
            discovery,
            userinfo: None,
            checks_codes: true,
            registered: Vec::new(),
            gate: None,
            asked_for_tokens: 0,
            codes: HashMap::new(),
            given: 0,
            tokens_given: 0,
            asked_for_keys: 0,
            asked_for_discovery: 0,
            down: false,
            tokens: Tokens::Given,
        }));
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(discovery_of))
            .route("/keys", get(keys_of))
            .route("/token", post(token_of))
            .route("/userinfo", get(userinfo_of))
            .route("/redirect", get(async || (StatusCode::FOUND, [("location", "/keys")])))
            .route("/endless", get(async || "x".repeat(300 * 1024)))
            .with_state(inner.clone());
        #[allow(clippy::disallowed_methods, reason = "it ends with the test")]
        let server = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { url, inner, server }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        change(&mut self.inner.lock().unwrap())
    }

    /// Lets people be sent back to an address.
    pub(super) fn registers(&self, redirect_uri: &str) {
        self.change(|inner| inner.registered.push(redirect_uri.to_owned()));
    }

    pub(super) fn has_registered(&self, redirect_uri: &str) -> bool {
        self.change(|inner| inner.registered.iter().any(|one| one == redirect_uri))
    }

    /// Somebody signs in at the address that the browser was sent to: what it brings back, and to whose address.
    pub(super) fn approves(&self, url: &Url) -> Value {
        let asked: HashMap<String, String> = url.query_pairs().into_owned().collect();
        assert!(url.as_str().starts_with(&format!("{}/authorize?", self.url)), "{url}");
        assert_eq!((asked["response_type"].as_str(), asked["client_id"].as_str()), ("code", CLIENT));
        assert_eq!(asked["code_challenge_method"], "S256");
        assert!(self.has_registered(&asked["redirect_uri"]), "{url}");
        let provider = asked["redirect_uri"].strip_prefix(super::REDIRECT).unwrap().to_owned();
        let state = asked["state"].clone();
        let code = self.change(|inner| {
            inner.given += 1;
            let code = format!("code {} of {}", inner.given, inner.discovery["issuer"]);
            inner.codes.insert(code.clone(), asked);
            code
        });
        json!({"identity_provider": provider, "code": code, "state": state})
    }

    /// Lets tokens be waited for; with the hand that gives them.
    pub(super) fn holds_tokens(&self) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        self.change(|inner| inner.gate = Some(gate.clone()));
        gate
    }

    /// Somebody has asked for so many tokens.
    pub(super) async fn was_asked_for_tokens(&self, times: usize) {
        while self.asked_for_tokens() < times {
            tokio::task::yield_now().await;
        }
    }

    pub(super) fn asked_for_tokens(&self) -> usize {
        self.change(|inner| inner.asked_for_tokens)
    }

    /// Who signs in there from now on.
    pub(super) fn is(&self, person: Map<String, Value>) {
        self.change(|inner| inner.person = person);
    }

    /// Says more of them, or else.
    pub(super) fn says(&self, more: Value) {
        let Value::Object(more) = more else { panic!("an object") };
        self.change(|inner| inner.person.extend(more));
    }

    pub(super) fn forges(&self, forge: impl Fn(&mut Token) + Send + 'static) {
        self.change(|inner| inner.forge = Some(Box::new(forge)));
    }

    pub(super) fn is_honest(&self) {
        self.change(|inner| inner.forge = None);
    }

    /// Gives a token for any code, whoever it was for.
    pub(super) fn checks_no_codes(&self) {
        self.change(|inner| inner.checks_codes = false);
    }

    pub(super) fn discloses(&self, more: Value) {
        let Value::Object(more) = more else { panic!("an object") };
        self.change(|inner| inner.discovery.extend(more));
    }

    /// Says so apart from the token.
    pub(super) fn says_apart(&self, userinfo: Value) {
        self.discloses(json!({"userinfo_endpoint": format!("{}/userinfo", self.url)}));
        self.change(|inner| inner.userinfo = Some(userinfo));
    }

    pub(super) fn signs_with(&self, signer: Signer) {
        self.change(|inner| inner.signer = signer);
    }

    pub(super) fn publishes(&self, key: Value) {
        self.change(|inner| inner.more_keys.push(key));
    }

    /// Its own key alone from now on.
    pub(super) fn publishes_no_more(&self) {
        self.change(|inner| inner.more_keys.clear());
    }

    pub(super) fn public_bytes(&self) -> Vec<Vec<u8>> {
        self.change(|inner| inner.signer.public_bytes())
    }

    pub(super) fn is_down(&self, down: bool) {
        self.change(|inner| inner.down = down);
    }

    pub(super) fn answers_codes_with(&self, tokens: Tokens) {
        self.change(|inner| inner.tokens = tokens);
    }

    /// How many tokens it gave.
    pub(super) fn tokens_given(&self) -> usize {
        self.change(|inner| inner.tokens_given)
    }

    /// Nobody answers from now on.
    pub(super) async fn stops(&self) {
        self.server.abort();
        while !self.server.is_finished() {
            tokio::task::yield_now().await;
        }
    }

    /// How often somebody asked for the keys, and for what it says of itself.
    pub(super) fn asked(&self) -> (usize, usize) {
        self.change(|inner| (inner.asked_for_keys, inner.asked_for_discovery))
    }
}

type Shared = State<Arc<Mutex<Inner>>>;
type Said = (StatusCode, Json<Value>);

async fn discovery_of(State(inner): Shared) -> Said {
    let mut inner = inner.lock().unwrap();
    inner.asked_for_discovery += 1;
    let status = if inner.down { StatusCode::BAD_GATEWAY } else { StatusCode::OK };
    (status, Json(Value::Object(inner.discovery.clone())))
}

async fn keys_of(State(inner): Shared) -> Said {
    let mut inner = inner.lock().unwrap();
    inner.asked_for_keys += 1;
    let keys: Vec<Value> = inner.more_keys.iter().cloned().chain([inner.signer.jwk()]).collect();
    let status = if inner.down { StatusCode::BAD_GATEWAY } else { StatusCode::OK };
    (status, Json(json!({ "keys": keys })))
}

async fn userinfo_of(State(inner): Shared, headers: HeaderMap) -> Said {
    let inner = inner.lock().unwrap();
    assert_eq!(headers["authorization"], "Bearer for userinfo");
    (StatusCode::OK, Json(inner.userinfo.clone().unwrap()))
}

async fn token_of(State(inner): Shared, headers: HeaderMap, body: String) -> Said {
    let gate = {
        let mut inner = inner.lock().unwrap();
        inner.asked_for_tokens += 1;
        inner.gate.clone()
    };
    if let Some(gate) = gate {
        gate.acquire().await.unwrap().forget();
    }
    let mut inner = inner.lock().unwrap();
    let form: HashMap<String, String> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let refused = |error: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": error })));
    if !is_client(&headers, &form) {
        return refused("invalid_client");
    }
    assert_eq!(form["grant_type"], "authorization_code");
    let Some(asked) = inner.codes.remove(&form["code"]) else { return refused("invalid_grant") };
    if asked["redirect_uri"] != form["redirect_uri"] {
        return refused("invalid_grant");
    }
    let challenge = b64(digest::digest(&digest::SHA256, form["code_verifier"].as_bytes()).as_ref());
    if inner.checks_codes && challenge != asked["code_challenge"] {
        return refused("invalid_grant");
    }
    match inner.tokens {
        Tokens::Given => inner.tokens_given += 1,
        Tokens::Failing => return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({}))),
        Tokens::Malformed => return (StatusCode::OK, Json(json!({"token": "none"}))),
    }
    let token = inner.token(&asked);
    (StatusCode::OK, Json(json!({"id_token": token, "access_token": "for userinfo", "token_type": "Bearer"})))
}

/// Client id and secret, form-encoded, in the header or in the body.
fn is_client(headers: &HeaderMap, form: &HashMap<String, String>) -> bool {
    let Some(header) = headers.get("authorization") else {
        return form.get("client_id").map(String::as_str) == Some(CLIENT)
            && form.get("client_secret").map(String::as_str) == Some(SECRET);
    };
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = BASE64.encode(format!("{}:{}", encode(CLIENT), encode(SECRET)).as_bytes());
    header.to_str().unwrap() == format!("Basic {pair}")
}

impl Inner {
    fn token(&self, asked: &HashMap<String, String>) -> String {
        let now = self.clock.now().seconds();
        let mut claims = self.person.clone();
        let Value::Object(own) = json!({
            "iss": self.discovery["issuer"], "aud": asked["client_id"], "nonce": asked["nonce"], "iat": now, "exp": now + 300,
            "auth_time": now,
        }) else {
            unreachable!()
        };
        claims.extend(own);
        let Value::Object(header) = json!({"alg": self.signer.algorithm(), "kid": self.signer.id, "typ": "JWT"}) else {
            unreachable!()
        };
        let mut token = Token { header, claims, by: By::Issuer };
        if let Some(forge) = &self.forge {
            forge(&mut token);
        }
        self.signed(&token)
    }

    fn signed(&self, token: &Token) -> String {
        let part = |map: &Map<String, Value>| b64(Value::Object(map.clone()).to_string().as_bytes());
        let message = format!("{}.{}", part(&token.header), part(&token.claims));
        let algorithm = token.header.get("alg").and_then(Value::as_str).unwrap_or_default();
        let signature = match &token.by {
            By::Issuer | By::Broken => self.signer.sign(algorithm, message.as_bytes()),
            By::Other(signer) => signer.sign(algorithm, message.as_bytes()),
            By::Secret(secret) => {
                hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes()).as_ref().to_vec()
            }
            By::Nobody => Vec::new(),
        };
        if matches!(token.by, By::Broken) {
            let mut changed = token.claims.clone();
            changed.insert("sub".to_owned(), json!("somebody else"));
            return format!("{}.{}.{}", part(&token.header), part(&changed), b64(&signature));
        }
        format!("{message}.{}", b64(&signature))
    }
}

fn b64(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}
