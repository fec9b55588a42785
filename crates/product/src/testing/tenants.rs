//! Other callers than the owner: keys with less, and strangers.

use base::id::EnvironmentId;

use super::{Asking, TestApp};
use crate::authority::{Role, SystemTx};
use crate::doors::Door;
use crate::{api_keys, organisations};

impl TestApp {
    /// The environment that [`TestApp::api`] is about.
    pub(crate) fn production(&self) -> EnvironmentId {
        self.installed().organisation.environments[0].id
    }

    /// A request at the api with a key of this role, about `production`.
    pub(crate) async fn api_as(&self, role: Role) -> Asking {
        let organisation = self.installed().organisation.id;
        let mut tx = SystemTx::begin(self.app()).await.unwrap();
        let key = api_keys::create(self.app(), &mut tx, organisation, role).await.unwrap();
        tx.commit().await.unwrap();
        self.asking(key.expose(), self.production())
    }

    /// A request at the api with another organisation's key, about that one's own `production`.
    pub(crate) async fn stranger(&self) -> Asking {
        let mut tx = SystemTx::begin(self.app()).await.unwrap();
        let other = organisations::create(self.app(), &mut tx, "Stranger").await.unwrap();
        let key = api_keys::create(self.app(), &mut tx, other.id, Role::Owner).await.unwrap();
        tx.commit().await.unwrap();
        self.asking(key.expose(), other.environments[0].id)
    }

    fn asking(&self, key: &str, environment: EnvironmentId) -> Asking {
        self.at(Door::Api).bearer(key).header("pilotfish-environment", &environment.to_string())
    }
}
