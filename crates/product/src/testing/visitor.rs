//! An end user, as a page or the customer's server speaks for them at the edge.

use serde_json::{Value, json};

use super::{Answer, TestApp};
use crate::doors::Door;

/// Somebody at the edge of `production`.
#[derive(Clone)]
pub(crate) struct Visitor {
    app: TestApp,
    /// What every request says of them, with the key.
    who: Value,
}

impl TestApp {
    /// Somebody whom nobody knows, in a browser.
    pub(crate) fn visitor(&self, anonymous: &str) -> Visitor {
        let key = self.installed().organisation.environments[0].browser_key.expose().clone();
        Visitor { app: self.clone(), who: json!({"writeKey": key, "anonymousId": anonymous}) }
    }

    /// An identified user, as the customer's server knows them.
    pub(crate) fn user(&self, id: &str) -> Visitor {
        let key = self.installed().organisation.environments[0].server_key.as_ref().unwrap().expose().clone();
        Visitor {
            app: self.clone(),
            who: json!({"writeKey": key, "anonymousId": format!("device-of-{id}"), "userId": id}),
        }
    }

    /// Runs all background work that is due within a minute.
    pub(crate) async fn work(&self) {
        self.advance(std::time::Duration::from_mins(1));
        crate::jobs::runner(self.app()).run_due().await.unwrap();
    }
}

impl Visitor {
    /// A request with more in its body.
    pub(crate) async fn send(&self, path: &str, more: Value) -> Answer {
        let mut body = self.who.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.app.at(Door::Edge).body(body.to_string()).header("content-type", "text/plain").post(path).await
    }

    /// What may be shown, with more in the request.
    pub(crate) async fn sync_with(&self, more: Value) -> Value {
        self.send("/v1/sync", more).await.assert(200).json()
    }

    /// The ids of what may be shown.
    pub(crate) async fn sees(&self) -> Vec<String> {
        let content = self.sync_with(json!({})).await["content"].clone();
        content.as_array().unwrap().iter().map(|piece| piece["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Does something.
    pub(crate) async fn does(&self, event: &str, properties: Value) {
        self.send("/v1/track", json!({"event": event, "properties": properties})).await.assert(200);
    }

    /// Is said to be so.
    pub(crate) async fn is(&self, traits: Value) {
        self.send("/v1/identify", json!({"traits": traits})).await.assert(200);
    }
}
