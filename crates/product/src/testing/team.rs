//! Members beside the owner, made through public calls.

use base::Timestamp;
use serde_json::{Value, json};

use super::{Answer, Asking, OWNER, PASSWORD, TestApp};
use crate::authority::{Role, SystemTx};
use crate::doors::Door;
use crate::{members, organisations};

/// The password of every member of a test but the owner.
pub(crate) const THEIR_PASSWORD: &str = "seven lighthouses in a row";

/// Somebody who is signed in.
#[derive(Clone)]
pub(crate) struct SignedIn {
    app: TestApp,
    pub(crate) id: String,
    pub(crate) cookie: String,
}

impl SignedIn {
    /// A request of theirs.
    pub(crate) fn asks(&self) -> Asking {
        self.app.at(Door::Dashboard).cookie(&self.cookie)
    }

    /// A request of theirs with a body.
    pub(crate) fn says(&self, body: Value) -> Asking {
        self.asks().json(&body)
    }

    /// Invites somebody; the link's token.
    pub(crate) async fn invites(&self, email: &str, role: &str) -> String {
        let body = json!({"email": email, "role": role});
        let invited = self.says(body).post("/api/v1/invitations").await.assert(201).json();
        let link = invited["link"].as_str().unwrap();
        link.strip_prefix("https://dashboard.localhost:8444/invitation#token=").unwrap().to_owned()
    }

    /// Sets up one-time codes.
    pub(crate) async fn sets_up_totp(&self) -> TotpOf {
        let begun = self.asks().post("/api/v1/account/totp").await.assert(201).json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut totp = TotpOf { secret: text(&begun["secret"]), uri: text(&begun["uri"]), recovery_codes: Vec::new() };
        let code = totp.code_at(self.app.app().clock.now());
        let confirmed = self.says(json!({"code": code})).post("/api/v1/account/totp/confirm").await.assert(200).json();
        totp.recovery_codes = confirmed["recovery_codes"].as_array().unwrap().iter().map(text).collect();
        totp
    }

    /// Whether their session goes on.
    pub(crate) async fn is_in(&self) -> bool {
        self.asks().get("/api/v1/sessions/current").await.status == 200
    }
}

/// What an authenticator app has, and the codes on a sheet of paper.
pub(crate) struct TotpOf {
    pub(crate) secret: String,
    pub(crate) uri: String,
    pub(crate) recovery_codes: Vec<String>,
}

impl TotpOf {
    /// The code that the app shows at a time.
    pub(crate) fn code_at(&self, time: Timestamp) -> String {
        let secret = totp_rs::Secret::try_from_base32(&self.secret).unwrap();
        let totp = totp_rs::Builder::new().with_secret(secret).with_account_name("").build().unwrap();
        totp.generate(u64::try_from(time.seconds()).unwrap()).to_string()
    }
}

impl TestApp {
    /// Signs the owner in as far as the password does, who has a second factor.
    pub(crate) async fn half_signed_in(&self) -> SignedIn {
        self.half(&self.try_to_sign_in(OWNER, PASSWORD).await.assert(403))
    }

    /// Who is signed in as far as this refusal says, and has a second factor to prove.
    pub(crate) fn half(&self, refusal: &Answer) -> SignedIn {
        SignedIn { app: self.clone(), id: String::new(), cookie: refusal.cookie() }
    }

    /// Signs the owner in with a one-time code too.
    pub(crate) async fn signs_in_with_totp(&self, totp: &TotpOf) -> SignedIn {
        let half = self.half_signed_in().await;
        let body = json!({"kind": "totp", "code": totp.code_at(self.app().clock.now())});
        self.began(&half.says(body).post("/api/v1/sessions/current/proofs").await.assert(200))
    }

    /// Tries to sign in.
    pub(crate) async fn try_to_sign_in(&self, email: &str, password: &str) -> Answer {
        let body = json!({"email": email, "password": password});
        self.at(Door::Dashboard).json(&body).post("/api/v1/sessions").await
    }

    /// Signs somebody in.
    pub(crate) async fn signs_in(&self, email: &str, password: &str) -> SignedIn {
        self.began(&self.try_to_sign_in(email, password).await.assert(201))
    }

    /// Signs the owner in.
    pub(crate) async fn owner(&self) -> SignedIn {
        self.signs_in(OWNER, PASSWORD).await
    }

    /// Accepts an invitation.
    pub(crate) async fn accepts(&self, token: &str, password: &str) -> Answer {
        let body = json!({"token": token, "name": "Bob Bell", "password": password});
        self.at(Door::Dashboard).json(&body).post("/api/v1/invitations/accept").await
    }

    /// Has the owner invite somebody, who joins.
    pub(crate) async fn member(&self, email: &str, role: &str) -> SignedIn {
        let token = self.owner().await.invites(email, role).await;
        self.began(&self.accepts(&token, THEIR_PASSWORD).await.assert(201))
    }

    /// The owner of another organisation.
    pub(crate) async fn other_owner(&self, email: &str) -> SignedIn {
        let personal = |text: &str| base::Personal::new(text.to_owned());
        let (email_here, name) = (personal(email), personal("Olga"));
        let password = base::Secret::new(THEIR_PASSWORD.to_owned());
        let owner = members::prepare(self.app(), &email_here, &name, &password, "Other").await.unwrap();
        let mut tx = SystemTx::begin(self.app()).await.unwrap();
        let other = organisations::create(self.app(), &mut tx, "Other").await.unwrap();
        members::insert(self.app(), &mut tx, other.id, Role::Owner, owner).await.unwrap();
        tx.commit().await.unwrap();
        self.signs_in(email, THEIR_PASSWORD).await
    }

    /// Does the jobs that are due.
    pub(crate) async fn works_off(&self) -> usize {
        crate::jobs::runner(self.app()).run_due().await.unwrap()
    }

    pub(crate) fn began(&self, answer: &Answer) -> SignedIn {
        let id = answer.json()["member"].as_str().unwrap().to_owned();
        SignedIn { app: self.clone(), id, cookie: answer.cookie() }
    }
}
