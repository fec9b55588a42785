//! UL-2.1b: environments are apart: in keys, in tokens, in rows.

use std::collections::HashSet;

use aws_lc_rs::digest;
use base::id::EnvironmentId;
use keys::{KeyKind, KeyState, Owner, OwnerKind};
use store::{Db, Engine, Scope, sql};

use crate::App;
use crate::trust::check::{Seen, Unseen};
use crate::trust::store::environments;

/// How many are compared with each other.
const ENVIRONMENTS: u32 = 8;

pub(super) async fn look(app: &App) -> Result<Seen, Unseen> {
    let mut seen = Seen::default();
    let environments = environments(&app.main, ENVIRONMENTS).await?;
    own_keys(app, &environments, &mut seen).await?;
    match app.main.engine() {
        Engine::Sqlite => seen.weak(
            "The embedded store has no second fence between environments: the first one, in the program, is proven by the \
             tests of this build. PostgreSQL has both.",
        ),
        Engine::Postgres => fenced(app, &environments, &mut seen).await?,
    }
    Ok(seen)
}

/// Whether each has a key of each kind, in the store, and no two have the same.
async fn own_keys(app: &App, environments: &[EnvironmentId], seen: &mut Seen) -> Result<(), Unseen> {
    let kinds = KeyKind::ALL.iter().filter(|kind| kind.is_wrapped() && kind.owner_kind() == OwnerKind::Environment);
    let kinds: Vec<KeyKind> = kinds.copied().collect();
    let stored = store::key_records::all(app.main.read(Scope::System)).await?;
    let (mut missing, mut shared, mut known) = (false, false, HashSet::new());
    for environment in environments {
        let owner = Owner::Environment(*environment);
        for kind in &kinds {
            let primary =
                |key: &&keys::WrappedKey| key.kind == *kind && key.owner == owner && key.state == KeyState::Primary;
            let Some(record) = stored.iter().find(primary) else {
                missing = true;
                continue;
            };
            let key = app.keys.provider().unwrap(&record.context(), &record.bytes).await?;
            let digest = digest::digest(&digest::SHA256, key.expose());
            shared |= !known.insert(digest.as_ref().to_vec());
        }
    }
    let count = kinds.len();
    seen.demand(
        !missing,
        format!("Each environment has keys of its own, of {count} kinds."),
        "An environment lacks a key of its own.",
    );
    seen.demand(!shared, "No two environments have a key in common.", "Two environments have a key in common.");
    Ok(())
}

/// Whether the database keeps environments apart by itself, and what it tells one of another.
async fn fenced(app: &App, environments: &[EnvironmentId], seen: &mut Seen) -> Result<(), Unseen> {
    let open = unfenced(&app.main).await? + unfenced(&app.keyring).await?;
    seen.demand(
        open == 0,
        "Every table with rows of environments has row-level security, forced.",
        "A table with rows of environments has no row-level security.",
    );
    let mut crossed = false;
    for reader in environments {
        for of in environments {
            let row = sql("SELECT count(*) AS rows FROM trust_canaries WHERE environment_id = $1").bind(*of);
            let rows: i64 = row.fetch_one(app.main.read(Scope::Environment(*reader))).await?.get("rows")?;
            crossed |= reader != of && rows > 0;
        }
    }
    seen.demand(
        !crossed,
        "Asked in the name of one environment for a row of another, the database says that there is none.",
        "Asked in the name of one environment, the database shows a row of another.",
    );
    Ok(())
}

/// How many tables name an environment and are not fenced.
async fn unfenced(db: &Db) -> Result<i64, Unseen> {
    let row = sql("SELECT count(*) AS tables FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
                   WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace \
                   AND a.attname = 'environment_id' AND NOT a.attisdropped \
                   AND NOT (c.relrowsecurity AND c.relforcerowsecurity)")
    .fetch_one(db.read(Scope::System))
    .await?;
    Ok(row.get("tables")?)
}
