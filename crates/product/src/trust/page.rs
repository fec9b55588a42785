//! The page as data: each promise in its state, put together from what this release keeps and what the checks saw.

use std::collections::BTreeMap;
use std::time::Duration;

use base::{ProblemResult, Timestamp};
use serde::Serialize;
use store::Engine;
use utoipa::ToSchema;

use super::check::Verdict;
use super::promises::{CHAPTERS, Promise, Standing};
use super::store::{self as results, Kept};
use crate::App;
use crate::problem::{internal, store_failed};

/// How long a run may be late before its result is stale.
const LATE: Duration = Duration::from_secs(30);

/// How a promise fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
// A job has a state, too.
#[schema(as = PromiseState)]
pub(crate) enum State {
    /// A check of this running system shows it.
    ProvenHere,
    /// Tests of this build prove it.
    ProvenForThisBuild,
    /// It is kept weakly or in part; the reason says how.
    Amber,
    /// It is about something that this deployment does not have.
    NotInThisDeployment,
    /// Pilotfish does not keep it yet.
    NotYet,
    /// A check was not made in time. Counts as red.
    Stale,
    /// A check shows that it is broken.
    Red,
}

impl State {
    pub(super) const ALL: [Self; 7] = [
        Self::Red,
        Self::Stale,
        Self::Amber,
        Self::ProvenHere,
        Self::ProvenForThisBuild,
        Self::NotInThisDeployment,
        Self::NotYet,
    ];
}

/// `GET /trust.json`.
#[derive(Serialize, ToSchema)]
pub(crate) struct TrustPage {
    /// When the page was made.
    pub(super) at: Timestamp,
    pub(super) build: BuildWire,
    pub(super) totals: Totals,
    /// Every promise, in the order of the page.
    pub(super) promises: Vec<PromiseWire>,
}

/// Which build this is.
#[derive(Serialize, ToSchema)]
pub(super) struct BuildWire {
    pub(super) version: &'static str,
    /// The commit that it was built from, if its build said so.
    #[schema(required)]
    pub(super) commit: Option<&'static str>,
    /// SHA-256 of the program's file.
    #[schema(required)]
    pub(super) sha256: Option<String>,
}

/// How many promises are in each state.
#[derive(Serialize, ToSchema, Default)]
pub(super) struct Totals {
    proven_here: usize,
    proven_for_this_build: usize,
    amber: usize,
    not_in_this_deployment: usize,
    not_yet: usize,
    stale: usize,
    red: usize,
}

/// A promise and how it fares.
#[derive(Serialize, ToSchema)]
pub(super) struct PromiseWire {
    pub(super) id: &'static str,
    pub(super) chapter: &'static str,
    pub(super) promise: &'static str,
    /// What keeping it means here.
    pub(super) meaning: &'static str,
    /// How it is proven once it is kept: live, test, record.
    pub(super) kind: &'static str,
    pub(super) state: State,
    /// Why it is not simply kept; empty where it is.
    pub(super) reason: String,
    /// Since when a check has seen it so.
    #[schema(required)]
    pub(super) since: Option<Timestamp>,
    /// When it was last looked at; null where no check looks.
    #[schema(required)]
    pub(super) checked_at: Option<Timestamp>,
    pub(super) checks: Vec<CheckWire>,
    /// Tests of the repository at this build's commit, file and name.
    pub(super) tests: Vec<TestWire>,
}

/// What a check saw last.
#[derive(Serialize, ToSchema)]
pub(super) struct CheckWire {
    pub(super) id: &'static str,
    /// What it looks at.
    pub(super) observes: &'static str,
    pub(super) every_seconds: u64,
    /// Null before the first run.
    #[schema(required)]
    pub(super) checked_at: Option<Timestamp>,
    pub(super) evidence: Vec<String>,
}

/// A test of the repository.
#[derive(Serialize, ToSchema)]
pub(super) struct TestWire {
    pub(super) file: &'static str,
    pub(super) name: &'static str,
}

impl Totals {
    pub(super) const fn of(&self, state: State) -> usize {
        match state {
            State::ProvenHere => self.proven_here,
            State::ProvenForThisBuild => self.proven_for_this_build,
            State::Amber => self.amber,
            State::NotInThisDeployment => self.not_in_this_deployment,
            State::NotYet => self.not_yet,
            State::Stale => self.stale,
            State::Red => self.red,
        }
    }

    pub(super) fn count(promises: &[PromiseWire]) -> Self {
        let of = |state| promises.iter().filter(|promise| promise.state == state).count();
        Self {
            proven_here: of(State::ProvenHere),
            proven_for_this_build: of(State::ProvenForThisBuild),
            amber: of(State::Amber),
            not_in_this_deployment: of(State::NotInThisDeployment),
            not_yet: of(State::NotYet),
            stale: of(State::Stale),
            red: of(State::Red),
        }
    }
}

/// The page as it is now.
pub(super) async fn page(app: &App) -> ProblemResult<TrustPage> {
    let seen = results::all(&app.main).await.map_err(store_failed)?;
    let at = app.clock.now();
    let promises: Vec<_> = CHAPTERS
        .iter()
        .flat_map(|chapter| chapter.promises.iter().map(move |promise| (chapter.title, promise)))
        .map(|(chapter, promise)| row(chapter, promise, &seen, app.main.engine(), at))
        .collect();
    let trust = std::sync::Arc::clone(&app.trust);
    let sha256 =
        tokio::task::spawn_blocking(move || trust.build.digest().map(str::to_owned)).await.map_err(internal)?;
    let build = BuildWire { version: env!("CARGO_PKG_VERSION"), commit: app.trust.build.commit(), sha256 };
    Ok(TrustPage { at, build, totals: Totals::count(&promises), promises })
}

fn row(
    chapter: &'static str,
    promise: &'static Promise,
    seen: &BTreeMap<String, Kept>,
    engine: Engine,
    at: Timestamp,
) -> PromiseWire {
    let runs: Vec<_> = promise.checks().map(|check| (check, seen.get(check.id))).collect();
    let (state, reason) = state(promise, runs.iter().map(|(_, kept)| *kept), engine, at);
    let checks = runs.iter().map(|(check, kept)| CheckWire {
        id: check.id,
        observes: check.observes,
        every_seconds: check.every.as_secs(),
        checked_at: kept.map(|kept| kept.checked_at),
        evidence: kept.map(|kept| kept.evidence.clone()).unwrap_or_default(),
    });
    PromiseWire {
        id: promise.id,
        chapter,
        promise: promise.says,
        meaning: promise.means,
        kind: promise.kind,
        state,
        reason,
        since: runs.iter().filter_map(|(_, kept)| kept.map(|kept| kept.since)).max(),
        checked_at: runs.iter().filter_map(|(_, kept)| kept.map(|kept| kept.checked_at)).min(),
        checks: checks.collect(),
        tests: promise.tests.iter().map(|test| TestWire { file: test.file, name: test.name }).collect(),
    }
}

/// The worst of what the checks saw and what this release does not keep.
fn state<'k>(
    promise: &Promise,
    runs: impl Iterator<Item = Option<&'k Kept>>,
    engine: Engine,
    at: Timestamp,
) -> (State, String) {
    let mut found: Vec<(State, &str)> = Vec::new();
    for kept in runs {
        found.push(match kept {
            None => (State::Stale, "This was not looked at yet."),
            Some(kept) if kept.verdict == Verdict::Broken => (State::Red, kept.reason.as_str()),
            Some(kept) if at > kept.due_at.plus(LATE) => (State::Stale, "This was not looked at in time."),
            Some(kept) if kept.verdict == Verdict::Weak => (State::Amber, kept.reason.as_str()),
            Some(_) => (State::ProvenHere, ""),
        });
    }
    found.push(match promise.standing {
        Standing::Kept if found.is_empty() => (State::ProvenForThisBuild, ""),
        Standing::Kept => (State::ProvenHere, ""),
        Standing::Weak(why) => (State::Amber, why),
        Standing::Apart(what) if engine == Engine::Sqlite => (State::NotInThisDeployment, what),
        Standing::NotYet(what) | Standing::Apart(what) => (State::NotYet, what),
    });
    let worst = found.iter().map(|(state, _)| *state).max().unwrap_or(State::NotYet);
    let reasons: Vec<&str> = found.iter().filter(|(state, _)| *state == worst).map(|(_, reason)| *reason).collect();
    (worst, reasons.join(" ").trim().to_owned())
}
