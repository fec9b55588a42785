//! Tokens that are not what they should be: none is accepted.

use app_test::app_test;
use serde_json::{Value, json};

use super::issuer::{By, Signer, Token};
use super::{World, sign_ins};
use crate::testing::TestApp;

async fn is_refused(world: &World, what: &str) {
    let refused = world.tries().await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (401, "identity_not_accepted"), "{what}");
    let set: Vec<_> = refused.headers.get_all("set-cookie").iter().collect();
    assert!(set.is_empty(), "{what}: {set:?}");
}

/// What is wrong about a token, and how it becomes so.
type Forgery = (&'static str, fn(&mut Token));

async fn all_are_refused(world: &World, forgeries: &[Forgery]) {
    for (what, forge) in forgeries {
        world.issuer.forges(*forge);
        is_refused(world, what).await;
    }
    world.issuer.is_honest();
    world.signs_in().await;
}

fn set(token: &mut Token, claim: &str, value: Value) {
    token.claims.insert(claim.to_owned(), value);
}

fn shift(token: &mut Token, claim: &str, seconds: i64) {
    let now = token.claims["iat"].as_i64().unwrap();
    set(token, claim, json!(now + seconds));
}

#[app_test]
async fn a_token_of_another_issuer_for_another_client_or_another_request_is_refused(app: TestApp) {
    let world = World::new(&app).await;
    all_are_refused(
        &world,
        &[
            ("another issuer", |token| set(token, "iss", json!("https://evil.example"))),
            ("the issuer with a slash", |token| {
                let issuer = format!("{}/", token.claims["iss"].as_str().unwrap());
                set(token, "iss", json!(issuer));
            }),
            ("one of several issuers", |token| {
                let issuer = token.claims["iss"].clone();
                set(token, "iss", json!([issuer, "https://evil.example"]));
            }),
            ("no issuer", |token| drop(token.claims.remove("iss"))),
            ("another audience", |token| set(token, "aud", json!("another client"))),
            ("another audience besides", |token| {
                let own = token.claims["aud"].clone();
                set(token, "aud", json!([own, "another client"]));
            }),
            ("no audience", |token| drop(token.claims.remove("aud"))),
            ("nobody in the audience", |token| set(token, "aud", json!([]))),
            ("another party", |token| set(token, "azp", json!("another client"))),
            ("another nonce", |token| set(token, "nonce", json!("another"))),
            ("no nonce", |token| drop(token.claims.remove("nonce"))),
            ("a nonce that is no text", |token| {
                let nonce = token.claims["nonce"].clone();
                set(token, "nonce", json!([nonce]));
            }),
            ("no subject", |token| drop(token.claims.remove("sub"))),
            ("an empty subject", |token| set(token, "sub", json!(""))),
            ("a subject that is no text", |token| set(token, "sub", json!(7))),
            ("a long subject", |token| set(token, "sub", json!("x".repeat(256)))),
        ],
    )
    .await;
    let noted = sign_ins(&app).await;
    let wrong = ("identity_provider".to_owned(), "wrong".to_owned());
    assert_eq!(noted.iter().filter(|one| **one == wrong).count(), 16);
    assert!(noted.contains(&("identity_provider".to_owned(), "right".to_owned())));
}

#[app_test]
async fn a_token_of_another_time_is_refused(app: TestApp) {
    let world = World::new(&app).await;
    all_are_refused(
        &world,
        &[
            ("expired", |token| shift(token, "exp", -61)),
            ("expired at the end of the leeway", |token| shift(token, "exp", -60)),
            ("never expires", |token| drop(token.claims.remove("exp"))),
            ("expires in words", |token| set(token, "exp", json!("tomorrow"))),
            ("from the future", |token| shift(token, "iat", 61)),
            ("made long ago", |token| shift(token, "iat", -661)),
            ("made at no time", |token| drop(token.claims.remove("iat"))),
            ("not good yet", |token| shift(token, "nbf", 61)),
            ("good from a word on", |token| set(token, "nbf", json!("now"))),
        ],
    )
    .await;
    // Within the leeway, and with a fraction, it is taken.
    world.issuer.forges(|token| {
        shift(token, "exp", -59);
        shift(token, "nbf", 59);
        let now = token.claims["iat"].as_i64().unwrap();
        #[allow(clippy::cast_precision_loss, reason = "it is small")]
        set(token, "iat", json!(now as f64 + 0.5));
    });
    world.signs_in().await;
}

#[app_test]
async fn a_token_of_another_algorithm_is_refused(app: TestApp) {
    let world = World::new(&app).await;
    for algorithm in ["none", "None", "NONE", ""] {
        world.issuer.forges(move |token| {
            token.header.insert("alg".to_owned(), json!(algorithm));
            token.by = By::Nobody;
        });
        is_refused(&world, algorithm).await;
    }
    // The public key is no secret, in whichever form.
    for secret in world.issuer.public_bytes() {
        world.issuer.forges(move |token| {
            token.header.insert("alg".to_owned(), json!("HS256"));
            token.by = By::Secret(secret.clone());
        });
        is_refused(&world, "HS256").await;
    }
    for algorithm in ["HS256", "RS256", "PS256", "ES384", "EdDSA", "RS512"] {
        world.issuer.forges(move |token| drop(token.header.insert("alg".to_owned(), json!(algorithm))));
        is_refused(&world, algorithm).await;
    }
    world.issuer.is_honest();
    world.signs_in().await;
}

#[app_test]
async fn a_symmetric_key_that_is_published_verifies_nothing(app: TestApp) {
    let world = World::new(&app).await;
    world.issuer.publishes(json!({"kty": "oct", "k": "c2VjcmV0", "kid": "secret", "use": "sig", "alg": "HS256"}));
    world.issuer.forges(|token| {
        token.header.insert("alg".to_owned(), json!("HS256"));
        token.header.insert("kid".to_owned(), json!("secret"));
        token.by = By::Secret(b"secret".to_vec());
    });
    is_refused(&world, "HS256 under a published secret").await;
}

#[app_test]
async fn a_token_that_another_key_signed_or_that_was_changed_is_refused(app: TestApp) {
    let world = World::new(&app).await;
    all_are_refused(
        &world,
        &[
            ("another key of that name", |token| token.by = By::Other(Signer::ec("first"))),
            ("a key that nobody published", |token| {
                token.header.insert("kid".to_owned(), json!("other"));
                token.by = By::Other(Signer::ec("other"));
            }),
            ("no key named, and another's", |token| {
                token.header.remove("kid");
                token.by = By::Other(Signer::ec("other"));
            }),
            ("a key that the token brings", |token| {
                let other = Signer::ec("other");
                token.header.insert("jwk".to_owned(), other.jwk());
                token.by = By::Other(other);
            }),
            ("a key at an address that the token names", |token| {
                token.header.insert("jku".to_owned(), json!("https://evil.example/keys"));
                token.by = By::Other(Signer::ec("first"));
            }),
            ("no signature", |token| token.by = By::Nobody),
            ("changed afterwards", |token| token.by = By::Broken),
            ("what is critical and not known", |token| {
                token.header.insert("crit".to_owned(), json!(["exp"]));
            }),
            ("an access token", |token| {
                token.header.insert("typ".to_owned(), json!("at+jwt"));
            }),
        ],
    )
    .await;
}

#[app_test]
async fn a_key_for_something_else_verifies_nothing(app: TestApp) {
    let world = World::new(&app).await;
    for change in [json!({"use": "enc"}), json!({"alg": "ES384"}), json!({"alg": "HS256"})] {
        let other = Signer::ec("other");
        let mut key = other.jwk();
        super::extend(&mut key, change.clone());
        world.issuer.publishes(key);
        let other = std::sync::Mutex::new(Some(other));
        world.issuer.forges(move |token| {
            token.header.insert("kid".to_owned(), json!("other"));
            token.by = By::Other(other.lock().unwrap().take().unwrap());
        });
        app.advance(std::time::Duration::from_mins(2));
        is_refused(&world, &change.to_string()).await;
    }
}

#[app_test]
async fn each_algorithm_that_is_good_is_taken(app: TestApp) {
    let world = World::new(&app).await;
    for (signer, algorithm) in [
        (Signer::rsa("rs"), "RS256"),
        (Signer::rsa("ps"), "PS256"),
        (Signer::ec("es"), "ES256"),
        (Signer::ed("ed"), "EdDSA"),
    ] {
        world.issuer.signs_with(signer);
        world.issuer.forges(move |token| drop(token.header.insert("alg".to_owned(), json!(algorithm))));
        app.advance(std::time::Duration::from_mins(2));
        assert_eq!(world.tries().await.status, 201, "{algorithm}");
    }
}
