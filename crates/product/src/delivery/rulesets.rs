//! The live content of each environment, in memory: compiled once, read without a lock that anybody waits for, swapped
//! whole, together with what ingest has to keep for it.
//!
//! In the process that publishes the swap is made before the publish is answered. Every other process sees the number
//! change within [`POLL`]. A ruleset is never replaced by one of a smaller number.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use base::id::EnvironmentId;
use store::{Engine, StoreResult};
use targeting::{Conditions, Content, ContentKind, CounterHash, Ruleset, Status};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::watched;
use crate::App;
use crate::authority::TenantReader;
use crate::content::model::{Body, ContentId, Definition};
use crate::content::store as contents;
use crate::ingest::Watch;

const POLL: Duration = Duration::from_millis(400);

/// The rulesets of all environments that have one.
#[derive(Default)]
pub(crate) struct Rulesets {
    live: ArcSwap<HashMap<EnvironmentId, Arc<Live>>>,
    /// Held while a ruleset is read and swapped in.
    swapping: tokio::sync::Mutex<()>,
}

/// All live content of an environment.
#[derive(Debug)]
pub(crate) struct Live {
    /// The rules.
    pub(crate) rules: Ruleset,
    /// What is sent, in the same order.
    pub(crate) pieces: Vec<Piece>,
    /// The names of the events that rules and triggers mention, as a JSON list.
    pub(crate) events: String,
    /// Of the counters that can answer: under what a person's row has them.
    pub(crate) counters: HashMap<CounterHash, String>,
}

impl Default for Live {
    /// Nothing was ever published.
    fn default() -> Self {
        let (rules, counters) = (Ruleset::default(), HashMap::new());
        Self { rules, pieces: Vec::new(), events: "[]".to_owned(), counters }
    }
}

/// A piece of live content as it is sent.
#[derive(Debug)]
pub(crate) struct Piece {
    /// The wire object, without `where`, `resume` and the closing brace.
    pub(crate) head: String,
    /// Ids of a flow's steps.
    pub(crate) steps: Vec<String>,
}

impl Rulesets {
    /// The ruleset of an environment as this process knows it; without content before the first publish.
    pub(crate) fn live(&self, environment: EnvironmentId) -> Arc<Live> {
        self.live.load().get(&environment).cloned().unwrap_or_default()
    }

    /// Reads the ruleset from the store and swaps it in, unless a newer one is there.
    pub(crate) async fn refresh(&self, app: &App, environment: EnvironmentId) -> StoreResult<()> {
        let _one_at_a_time = self.swapping.lock().await;
        let (live, watch) = load(app, environment).await?;
        if live.rules.number() < self.live(environment).rules.number() {
            return Ok(());
        }
        app.watches.set(environment, watch);
        let mut all = HashMap::clone(&self.live.load());
        all.insert(environment, Arc::new(live));
        self.live.store(Arc::new(all));
        Ok(())
    }

    #[cfg(test)]
    /// What a process knows that has heard of nothing.
    pub(crate) fn forget(&self) {
        self.live.store(Arc::default());
    }

    /// Takes up what this process does not know yet: everything at its start, later what other processes published.
    pub(crate) async fn catch_up(&self, app: &App) -> StoreResult<()> {
        for (environment, number) in contents::ruleset_numbers(&app.main).await? {
            if number > self.live(environment).rules.number() {
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
            if let Err(error) = app.rulesets.catch_up(&app).await {
                tracing::warn!(%error, "what other processes published was not read; the next look may do better");
            }
        }
    });
}

async fn load(app: &App, environment: EnvironmentId) -> StoreResult<(Live, Watch)> {
    let reader = TenantReader::new(app, environment);
    let (number, mut contents) = contents::live(reader).await?;
    let watched = watched::counters(reader).await?;
    // The order of what is sent, and so of what shows first: flows before surveys, then the older one.
    contents.sort_by_key(|content| (content.id.kind() == ContentKind::Survey, content.id));
    let (mut rules, mut pieces) = (Vec::new(), Vec::new());
    for content in contents {
        let id = content.id;
        let Some((rule, piece)) = compile(&content) else {
            tracing::error!(content = %id, "a published version cannot be read; it is not shown");
            continue;
        };
        rules.push(rule);
        pieces.push(piece);
    }
    let rules = Ruleset::new(number, rules);
    let events = serde_json::to_string(rules.events()).unwrap_or_else(|_| "[]".to_owned());
    let watch = Watch::of(rules.mentions(), &watched);
    let ready = watched.iter().filter(|(_, watched)| watched.ready);
    let counters = ready.map(|(counter, watched)| (*counter, watched.key(*counter))).collect();
    Ok((Live { rules, pieces, events, counters }, watch))
}

fn compile(content: &contents::Content) -> Option<(Content, Piece)> {
    let published = content.published.as_ref()?;
    let rule = rule(content.id, Status::Live, published)?;
    let definition = Definition::parse(content.id.kind(), &published.definition, "").ok()?;
    let steps = match &definition.body {
        Body::Flow(flow) => flow.steps.iter().map(|step| step.id.clone()).collect(),
        Body::Survey(_) => Vec::new(),
    };
    let mut wire = serde_json::Map::new();
    wire.insert("id".to_owned(), content.id.to_string().into());
    wire.insert("kind".to_owned(), contents::kind_name(content.id.kind()).into());
    wire.insert("version".to_owned(), published.version.into());
    // The audience stays here: it was decided.
    wire.extend(published.definition.as_object()?.clone().into_iter().filter(|(key, _)| key != "audience"));
    let mut head = serde_json::Value::Object(wire).to_string();
    head.pop();
    Some((rule, Piece { head, steps }))
}

/// A published version with its rules compiled.
pub(crate) fn rule(id: ContentId, status: Status, published: &contents::Published) -> Option<Content> {
    let conditions = Conditions::parse(&published.definition, "").ok()?;
    Some(Content { id: id.to_string(), kind: id.kind(), version: published.version, status, conditions })
}
