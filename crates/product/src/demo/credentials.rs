//! The keys that the seeding works with: made when it begins or goes on, revoked when it ends. Those of a run that was cut
//! off are revoked by the next one; nobody has their text any more.

use base::{ProblemResult, Secret};
use keys::{ApiKey, KeyKind, Owner};

use super::store::{self, State};
use crate::App;
use crate::api_keys;
use crate::authority::{Role, SystemTx};
use crate::organisations::{self, Tenant};
use crate::problem::{internal, store_failed};

/// What a customer's server holds.
pub(super) struct Credentials {
    pub(super) api_key: Secret<String>,
    pub(super) server_key: Secret<String>,
}

/// Makes new ones in place of the ones before.
pub(super) async fn make(app: &App, tenant: &Tenant, before: &State) -> ProblemResult<Credentials> {
    let mut tx = SystemTx::begin(app).await?;
    end(app, &mut tx, before).await?;
    let api_key = api_keys::create(app, &mut tx, tenant.organisation, Role::Publisher).await?;
    let server_key = organisations::add_server_key(app, &mut tx.0, tenant.organisation, tenant.environment).await?;
    let (api, server) = (hash(app, &api_key)?, hash(app, &server_key)?);
    store::set_keys(&mut tx.0, &api, &server).await.map_err(store_failed)?;
    tx.commit().await?;
    Ok(Credentials { api_key, server_key })
}

/// Revokes the ones that the demo's row names.
pub(super) async fn end(app: &App, tx: &mut SystemTx, state: &State) -> ProblemResult<()> {
    if let Some(hash) = &state.api_key {
        api_keys::revoke(app, tx, hash).await?;
    }
    if let Some(hash) = &state.server_key {
        organisations::revoke_key(app, tx, hash).await?;
    }
    Ok(())
}

fn hash(app: &App, key: &Secret<String>) -> ProblemResult<[u8; 32]> {
    let (_, hashing) = app.keys.primary(KeyKind::ApiKeyHash, Owner::Installation).map_err(internal)?;
    Ok(ApiKey::parse(key.expose()).map_err(internal)?.hash(&hashing))
}
