//! `TestApp`: a whole product over real stores, for `#[app_test]`. Frozen clock and seeded randomness, so answers can be
//! compared whole. Requests go through a door's router and everything around it, as from the network, without TLS.

mod database;
mod dump;
mod logs;
mod request;
mod team;
mod tenants;
mod visitor;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use base::{FrozenClock, Personal, Rng, Secret, SeededRng, Timestamp};
use events::{Control, EventEngine as _};
use keys::FileProvider;
use store::{DataFolder, Sharing};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::doors::Door;
use crate::installation::{self, FirstOwner, Installed};
use crate::{App, Databases, Duties, Urls, event_log, parts, router};

pub(crate) use database::{create as create_databases, drop_all as drop_databases, unfenced_url};
pub(crate) use dump::dump;
pub(crate) use logs::Logs;
pub(crate) use request::{Answer, Asking};
pub(crate) use team::{SignedIn, THEIR_PASSWORD, TotpOf};
pub(crate) use visitor::Visitor;

/// The owner's address in every test.
pub(crate) const OWNER: &str = "ana@example.org";
/// The owner's password in every test.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// A product that was just installed, with its owner.
#[derive(Clone)]
pub(crate) struct TestApp(Arc<Inner>);

struct Inner {
    app: Arc<App>,
    clock: Arc<FrozenClock>,
    installed: Option<Installed>,
    edge: Router,
    api: Router,
    dashboard: Router,
    databases: Databases,
    folder: tempfile::TempDir,
}

impl TestApp {
    /// Over `SQLCipher` files.
    pub(crate) async fn start_embedded(name: &'static str) -> Self {
        Self::start(name, Databases::Embedded, true).await
    }

    /// Over two fresh `PostgreSQL` databases.
    pub(crate) async fn start_postgres(name: &'static str) -> Self {
        Self::start(name, database::create(name).await, true).await
    }

    async fn start(name: &str, databases: Databases, with_owner: bool) -> Self {
        let seed = name.bytes().fold(0_u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
        let rng: Arc<dyn Rng> = Arc::new(SeededRng::new(seed));
        let clock = Arc::new(FrozenClock::default());
        let folder = tempfile::tempdir().unwrap();
        let app = open(folder.path(), &databases, &clock, &rng).await;
        let installed = if with_owner {
            let owner = FirstOwner {
                email: Personal::new(OWNER.to_owned()),
                name: Personal::new("Ana".to_owned()),
                password: Secret::new(PASSWORD.to_owned()),
            };
            Some(installation::create(&app, Some(&owner)).await.unwrap())
        } else {
            installation::create(&app, None).await.unwrap();
            None
        };
        app.ready.store(true, std::sync::atomic::Ordering::SeqCst);
        let [edge, api, dashboard] = [Door::Edge, Door::Api, Door::Dashboard].map(|door| router(&app, door));
        Self(Arc::new(Inner { app, clock, installed, edge, api, dashboard, databases, folder }))
    }

    /// The product under test.
    pub(crate) fn app(&self) -> &Arc<App> {
        &self.0.app
    }

    /// Where it stores.
    pub(crate) fn databases(&self) -> &Databases {
        &self.0.databases
    }

    /// What `init` would have printed.
    pub(crate) fn installed(&self) -> &Installed {
        self.0.installed.as_ref().expect("this test began without an owner")
    }

    /// Moves the clock on.
    pub(crate) fn advance(&self, by: Duration) {
        self.0.clock.advance(by);
    }

    /// A request at a door, without any credential.
    pub(crate) fn at(&self, door: Door) -> Asking {
        let router = match door {
            Door::Edge => self.0.edge.clone(),
            Door::Api => self.0.api.clone(),
            Door::Dashboard => self.0.dashboard.clone(),
            Door::Metrics => router(&self.0.app, door),
            Door::Site => panic!("a test of the demo makes its own router"),
        };
        Asking::new(router, if door == Door::Dashboard { "dashboard.localhost" } else { "localhost" })
    }

    /// A request at a router that the test made.
    pub(crate) fn through(router: Router, host: &str) -> Asking {
        Asking::new(router, host)
    }

    /// A request at the api with the installation's key, about `production`.
    pub(crate) fn api(&self) -> Asking {
        let environment = self.installed().organisation.environments[0].id;
        self.at(Door::Api)
            .bearer(self.installed().api_key.as_ref().unwrap().expose())
            .header("pilotfish-environment", &environment.to_string())
    }

    /// As [`TestApp::api`], of another process over the same databases.
    pub(crate) fn api_of(&self, other: &Arc<App>) -> Asking {
        Self::through(router(other, Door::Api), "localhost")
            .bearer(self.installed().api_key.as_ref().unwrap().expose())
            .header("pilotfish-environment", &self.production().to_string())
    }

    /// Signs the owner in; the cookie.
    pub(crate) async fn sign_in(&self) -> String {
        let body = serde_json::json!({"email": OWNER, "password": PASSWORD});
        self.at(Door::Dashboard).json(&body).post("/api/v1/sessions").await.assert(201).cookie()
    }

    /// Another process over the same databases, with a folder of its own.
    pub(crate) async fn second_process(&self) -> Arc<App> {
        self.second_process_with(None).await
    }

    /// The same, with a second place for the erasable keys.
    pub(crate) async fn second_process_with(&self, second_place: Option<&Path>) -> Arc<App> {
        self.other_process("second", second_place, Duties::all()).await
    }

    /// A worker beside this process, over the same databases and data folder. `PostgreSQL` only.
    pub(crate) async fn worker_beside(&self) -> Arc<App> {
        self.other_process("data", None, Duties { edge: None, worker: true }).await
    }

    async fn other_process(&self, folder: &str, second_place: Option<&Path>, duties: Duties) -> Arc<App> {
        let inner = &self.0;
        let data = inner.folder.path().join(folder);
        let lock = DataFolder::open(&data, Sharing::Shared).unwrap();
        let root_key = inner.folder.path().join("keys/root.key");
        let mut provider = FileProvider::open(&root_key, &data, inner.clock.clone(), inner.app.rng.clone()).unwrap();
        if let Some(folder) = second_place {
            provider = provider.with_second_place(folder, &data).unwrap();
        }
        let (clock, rng) = (inner.clock.clone(), inner.app.rng.clone());
        let (databases, urls) = (&inner.databases, inner.app.urls.clone());
        let app = App::open(lock, databases, Arc::new(provider), urls, duties, (clock, rng)).await;
        let mut app = app.unwrap_or_else(|error| panic!("the second process does not open: {error}"));
        app.rotation.settle = Duration::ZERO;
        Arc::new(app)
    }

    /// How many events of each name there are in `production`.
    pub(crate) fn event_counts(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        let all = Timestamp(i64::MIN)..Timestamp(i64::MAX);
        for count in self.app().engine().counts(self.production(), all, &Control::new()).unwrap() {
            *counts.entry(count.event.to_string()).or_default() += count.count;
        }
        counts
    }

    /// Has this process seal every event of `production` into parts.
    pub(crate) async fn seal(&self) {
        self.seal_by(self.app()).await;
    }

    /// The same by another process.
    pub(crate) async fn seal_by(&self, app: &Arc<App>) {
        self.advance(Duration::from_mins(10));
        let environment = self.production();
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        parts::follow(app, &tasks, &stop);
        let parts = app.engine().parts(environment).unwrap();
        let (own, durable) = (self.app().log().log_id(environment).unwrap(), self.app().log().durable(environment));
        let began = Instant::now();
        while parts.sealed().unwrap().get(&own) != Some(&durable) {
            assert!(began.elapsed() < Duration::from_secs(20), "nobody seals");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stop.cancel();
        tasks.close();
        tasks.wait().await;
    }

    /// Has this process trim the event log of `production`: all but one event, which comes last, is in parts only then.
    pub(crate) async fn trim(&self) {
        self.trim_by(self.app()).await;
    }

    /// The same by another process.
    pub(crate) async fn trim_by(&self, app: &Arc<App>) {
        let old = Duration::from_hours(8 * 24);
        self.advance(old);
        self.user("later").does("Later", serde_json::json!({})).await;
        self.seal_by(app).await;
        self.advance(old);
        parts::trim(app, &CancellationToken::new()).await;
        let mut left = Vec::new();
        self.app().log().scan(self.production(), |_, event| left.push(event.name.clone())).unwrap();
        assert_eq!(left, ["Later"], "what is in parts was not trimmed");
    }

    /// How many bytes the event log of `production` takes.
    pub(crate) fn log_bytes(&self) -> u64 {
        let folder = self.app().data().join("log").join(event_log::EDGE).join(self.production().to_string());
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum()
    }

    /// Ends the process and starts another over the same stores. Nobody else may hold this one.
    pub(crate) async fn restart(self) -> Self {
        self.restart_with(|_| ()).await
    }

    /// The same, with something about the product changed.
    pub(crate) async fn restart_with(self, change: impl FnOnce(&mut App)) -> Self {
        let Ok(Inner { app, clock, installed, databases, folder, .. }) = Arc::try_unwrap(self.0) else {
            panic!("somebody holds the product")
        };
        app.close().await;
        let rng = app.rng.clone();
        assert_eq!(Arc::strong_count(&app), 1, "somebody holds the product");
        drop(app);
        let mut app = open(folder.path(), &databases, &clock, &rng).await;
        change(Arc::get_mut(&mut app).unwrap());
        app.ready.store(true, std::sync::atomic::Ordering::SeqCst);
        let [edge, api, dashboard] = [Door::Edge, Door::Api, Door::Dashboard].map(|door| router(&app, door));
        Self(Arc::new(Inner { app, clock, installed, edge, api, dashboard, databases, folder }))
    }

    /// Ends the test: fails if something is left over.
    pub(crate) async fn finish(self) {
        self.0.app.close().await;
        database::drop_all(&self.0.databases).await;
        assert!(self.0.folder.path().exists());
    }
}

/// A product as the first `serve` leaves it: without an owner.
#[derive(Clone)]
pub(crate) struct Unowned(TestApp);

impl Unowned {
    /// Over `SQLCipher` files.
    pub(crate) async fn start_embedded(name: &'static str) -> Self {
        Self(TestApp::start(name, Databases::Embedded, false).await)
    }

    /// Over two fresh `PostgreSQL` databases.
    pub(crate) async fn start_postgres(name: &'static str) -> Self {
        Self(TestApp::start(name, database::create(name).await, false).await)
    }

    /// Ends the test.
    pub(crate) async fn finish(self) {
        self.0.finish().await;
    }
}

impl std::ops::Deref for Unowned {
    type Target = TestApp;

    fn deref(&self) -> &TestApp {
        &self.0
    }
}

/// Opens a product whose installation may not be made yet.
pub(crate) async fn open(
    folder: &Path,
    databases: &Databases,
    clock: &Arc<FrozenClock>,
    rng: &Arc<dyn Rng>,
) -> Arc<App> {
    let data = folder.join("data");
    let sharing = match databases {
        Databases::Embedded => Sharing::Exclusive,
        Databases::Postgres { .. } => Sharing::Shared,
    };
    let lock = DataFolder::open(&data, sharing).unwrap();
    let root_key = folder.join("keys/root.key");
    let make = if root_key.exists() { FileProvider::open } else { FileProvider::create };
    let provider = make(&root_key, &data, clock.clone(), rng.clone()).unwrap();
    let urls = Urls {
        edge: "https://localhost:8443".to_owned(),
        api: "https://localhost:8445".to_owned(),
        dashboard: "https://dashboard.localhost:8444".to_owned(),
    };
    let app = App::open(lock, databases, Arc::new(provider), urls, Duties::all(), (clock.clone(), rng.clone())).await;
    let mut app = app.unwrap_or_else(|error| panic!("the product does not open: {error}"));
    app.rotation.settle = Duration::ZERO;
    Arc::new(app)
}
