//! The tracking API as its clients meet it.

mod accepting;
mod catching_up;
mod classes;
mod companies;
mod corpus;
mod identity;
mod limits;
mod projection;
mod reading;
mod registry;
mod tokens;

use serde_json::{Value, json};

use crate::doors::Door;
use crate::testing::{Answer, Asking, TestApp};

/// An environment of the installation.
#[derive(Clone, Copy)]
pub(super) enum Of {
    Production = 0,
    Staging = 1,
}

impl TestApp {
    pub(super) fn server_key(&self, of: Of) -> String {
        self.installed().organisation.environments[of as usize].server_key.as_ref().unwrap().expose().clone()
    }

    pub(super) fn browser_key(&self, of: Of) -> String {
        self.installed().organisation.environments[of as usize].browser_key.expose().clone()
    }

    /// A request at the edge with production's server key.
    pub(super) fn edge(&self) -> Asking {
        self.at(Door::Edge).bearer(&self.server_key(Of::Production))
    }

    /// Sends messages of production's server; all must be taken.
    pub(crate) async fn send(&self, messages: Value) {
        let answer = self.edge().json(&json!({"batch": messages})).post("/v1/batch").await.assert(200);
        assert_eq!(answer.json(), json!({"success": true}));
    }

    /// Sends messages of production's server: what was rejected, as (index, code).
    pub(super) async fn rejected(&self, messages: Value) -> Vec<(u64, String)> {
        let answer = self.edge().json(&json!({"batch": messages})).post("/v1/batch").await.assert(200).json();
        let rejected = answer["rejected"].as_array().cloned().unwrap_or_default();
        rejected.iter().map(|one| (one["index"].as_u64().unwrap(), one["code"].as_str().unwrap().to_owned())).collect()
    }

    pub(super) async fn person(&self, id: &str) -> Answer {
        self.api().get(&format!("/api/v1/people/{id}")).await
    }

    /// The names of somebody's events, newest first.
    pub(super) async fn events_of(&self, id: &str) -> Vec<String> {
        let page = self.api().get(&format!("/api/v1/people/{id}/events")).await.assert(200).json();
        let name = |event: &Value| event["event"].as_str().or(event["type"].as_str()).unwrap().to_owned();
        page["data"].as_array().unwrap().iter().map(name).collect()
    }
}
