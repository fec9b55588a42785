//! The live content of each environment, in memory: compiled once, read without a lock that anybody waits for, swapped
//! whole.
//!
//! In the process that publishes the swap is made before the publish is answered. Every other process sees the number
//! change within [`POLL`]. A ruleset is never replaced by one of a smaller number.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use base::ProblemResult;
use base::id::EnvironmentId;
use store::{Engine, StoreResult};
use targeting::{Conditions, Content, ContentKind, Ruleset, Status};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::App;
use crate::content::model::ContentId;
use crate::content::store as contents;
use crate::problem::store_failed;

const POLL: Duration = Duration::from_millis(400);

/// The rulesets that this process has needed so far.
#[derive(Default)]
pub(crate) struct Rulesets(RwLock<HashMap<EnvironmentId, Arc<ArcSwap<Live>>>>);

/// All live content of an environment.
#[derive(Debug, Default)]
pub(crate) struct Live {
    /// The rules.
    pub(crate) rules: Ruleset,
    /// What is sent, in the same order.
    pub(crate) pieces: Vec<Piece>,
}

/// A piece of live content as it is sent.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) id: ContentId,
    /// The wire object, without `where` and `resume` and the closing brace.
    pub(crate) head: String,
}

impl Rulesets {
    /// The ruleset of an environment as this process knows it; read from the store the first time.
    pub(crate) async fn live(&self, app: &App, environment: EnvironmentId) -> ProblemResult<Arc<Live>> {
        if let Some(slot) = self.slot(environment) {
            return Ok(slot.load_full());
        }
        self.refresh(app, environment).await?;
        Ok(self.slot(environment).map(|slot| slot.load_full()).unwrap_or_default())
    }

    /// Reads the ruleset from the store and swaps it in, unless a newer one is there.
    pub(crate) async fn refresh(&self, app: &App, environment: EnvironmentId) -> ProblemResult<()> {
        let live = Arc::new(load(app, environment).await.map_err(store_failed)?);
        let slot = {
            let mut slots = self.0.write().unwrap_or_else(PoisonError::into_inner);
            slots.entry(environment).or_insert_with(|| Arc::new(ArcSwap::from(Arc::clone(&live)))).clone()
        };
        slot.rcu(|now| if now.rules.number() < live.rules.number() { Arc::clone(&live) } else { Arc::clone(now) });
        Ok(())
    }

    fn slot(&self, environment: EnvironmentId) -> Option<Arc<ArcSwap<Live>>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&environment).cloned()
    }

    fn numbers(&self) -> Vec<(EnvironmentId, u64)> {
        let slots = self.0.read().unwrap_or_else(PoisonError::into_inner);
        slots.iter().map(|(environment, slot)| (*environment, slot.load().rules.number())).collect()
    }

    /// Takes up what other processes have published.
    pub(crate) async fn catch_up(&self, app: &App) -> ProblemResult<()> {
        for (environment, known) in self.numbers() {
            if contents::ruleset_number(&app.main, environment).await.map_err(store_failed)? > known {
                self.refresh(app, environment).await?;
            }
        }
        Ok(())
    }
}

/// Keeps this process's rulesets up with what other processes publish. Over the embedded store there are none.
pub(crate) fn follow(app: &Arc<App>, tracker: &TaskTracker, stop: &CancellationToken) {
    if app.main.engine() == Engine::Sqlite {
        return;
    }
    let (app, stop) = (Arc::clone(app), stop.clone());
    tracker.spawn(async move {
        loop {
            tokio::select! { () = stop.cancelled() => return, () = tokio::time::sleep(POLL) => {} }
            // What went wrong is logged where it happened; the next look may do better.
            let _ = app.rulesets.catch_up(&app).await;
        }
    });
}

async fn load(app: &App, environment: EnvironmentId) -> StoreResult<Live> {
    let (number, mut contents) = contents::live(&app.main, environment).await?;
    // The order of what is sent, and so of what shows first: flows before surveys, then the older one.
    contents.sort_by_key(|content| (content.id.kind() == ContentKind::Survey, content.id));
    let (mut rules, mut pieces) = (Vec::new(), Vec::new());
    for content in contents {
        let id = content.id;
        let Some((rule, piece)) = compile(content) else {
            tracing::error!(content = %id, "a published version cannot be read; it is not shown");
            continue;
        };
        rules.push(rule);
        pieces.push(piece);
    }
    Ok(Live { rules: Ruleset::new(number, rules), pieces })
}

fn compile(content: contents::Content) -> Option<(Content, Piece)> {
    let published = content.published?;
    let conditions = Conditions::parse(&published.definition, "").ok()?;
    let mut wire = serde_json::Map::new();
    wire.insert("id".to_owned(), content.id.to_string().into());
    wire.insert("kind".to_owned(), contents::kind_name(content.id.kind()).into());
    wire.insert("version".to_owned(), published.version.into());
    let serde_json::Value::Object(definition) = published.definition else { return None };
    wire.extend(definition.into_iter().filter(|(key, _)| key != "audience"));
    let mut head = serde_json::Value::Object(wire).to_string();
    head.pop();
    let rule = Content {
        id: content.id.to_string(),
        kind: content.id.kind(),
        version: published.version,
        status: Status::Live,
        conditions,
    };
    Some((rule, Piece { id: content.id, head }))
}
