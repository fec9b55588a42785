//! Members beside the owner, made through public calls.

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

    /// Whether their session goes on.
    pub(crate) async fn is_in(&self) -> bool {
        self.asks().get("/api/v1/sessions/current").await.status == 200
    }
}

impl TestApp {
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
        let owner = members::prepare(self.app(), &email_here, &name, &password).await.unwrap();
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
