//! What every part of the product works with: the stores, the keys, time and randomness.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use base::id::{EdgeGrantId, OrganisationId};
use base::{Clock, Rng, Secret};
use events::{EmbeddedEngine, EventLog};
use ipnet::IpNet;
use keys::{BundleProvider, Grants, KeyProvider, KeySet, Owner, ProviderError};
use metrics_exporter_prometheus::PrometheusHandle;
use store::folder::remove_durably;
use store::{DataFolder, Db, Identity, Scope, StoreError, embedded, identity, key_records};

use crate::analytics::Places;
use crate::attributes::Registry;
use crate::content::published::Versions;
use crate::delivery::Rulesets;
use crate::demo::Demo;
use crate::doors::{Acme, AcmeSettings, CertificateError, LocalAuthority, authority_keys};
use crate::edge_grants::Held;
use crate::edge_keys::EdgeKeys;
use crate::identity_providers::Directory;
use crate::ingest::{Balances, Projection, Watches};
use crate::key_rotation::Rotation;
use crate::mail::Mailer;
use crate::members::Passwords;
use crate::people::People;
use crate::routers::host_of;
use crate::sdk_files::SdkFiles;
use crate::segments::Previews;
use crate::sessions::AttemptLimits;
use crate::timer::Timer;
use crate::trust::Trust;
use crate::{event_log, ingest, page_origins, people};

/// Where the doors are reached from outside.
#[derive(Debug, Clone)]
pub struct Urls {
    /// `https://host[:port]` of the edge.
    pub edge: String,
    /// Of the api.
    pub api: String,
    /// Of the dashboard: the only origin whose pages may act for a session.
    pub dashboard: String,
}

/// Which databases.
#[derive(Debug, Clone)]
pub enum Databases {
    /// Two `SQLCipher` files in the data folder.
    Embedded,
    /// Two `PostgreSQL` databases.
    Postgres {
        /// URL of the main store.
        main: Secret<String>,
        /// URL of the keyring.
        keyring: Secret<String>,
    },
}

/// What a process does with the stores and logs that it shares with others; by default a command's, which serves nobody.
#[derive(Debug, Clone, Default)]
pub struct Duties {
    /// Under which name it appends to the event log, if it does.
    pub edge: Option<String>,
    /// Whether it does what is done in the background for everybody.
    pub worker: bool,
}

impl Duties {
    /// Everything, as one process alone does.
    pub fn all() -> Self {
        Self { edge: Some(event_log::EDGE.to_owned()), worker: true }
    }
}

/// The running product.
pub struct App {
    /// The main store.
    pub main: Db,
    /// Who is who.
    pub keyring: Db,
    /// The keys that this process holds.
    pub keys: Arc<KeySet>,
    /// What an edge was granted that has no root key; nothing where there is one.
    pub(crate) held: Option<Held>,
    /// Environments' keys that were seen lately.
    pub(crate) edge_keys: EdgeKeys,
    /// What is remembered of people.
    pub(crate) people: People,
    /// Which attributes there are.
    pub(crate) attributes: Registry,
    /// What live rules ask ingest to keep.
    pub(crate) watches: Watches,
    /// What became of the messages that were taken.
    pub(crate) balances: Balances,
    /// The projection of the event logs into people's rows.
    pub(crate) projection: Projection,
    /// The live content of each environment, compiled.
    pub(crate) rulesets: Rulesets,
    /// Hashes and checks passwords, a few at a time.
    pub(crate) passwords: Passwords,
    /// Room for counting audiences.
    pub(crate) previews: Previews,
    /// Room for questions about events.
    pub(crate) questions: Places,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub rng: Arc<dyn Rng>,
    /// Where the doors are reached from outside.
    pub urls: Urls,
    /// Whether every door of this process answers.
    pub ready: Arc<AtomicBool>,
    log: Arc<EventLog>,
    engine: Arc<EmbeddedEngine>,
    /// What this process does.
    pub(crate) duties: Duties,
    timer: Timer,
    pub(crate) sdk: SdkFiles,
    pub(crate) noted: page_origins::Noted,
    /// Published versions that were named lately.
    pub(crate) versions: Versions,
    /// What identity providers said of themselves lately.
    pub(crate) providers: Directory,
    /// How often one may guess at a password.
    pub attempts: AttemptLimits,
    /// What takes letters, if there is a mail server; set by the binary.
    pub mailer: Option<Arc<dyn Mailer>>,
    /// What this process counts; set by the binary.
    pub figures: Option<PrometheusHandle>,
    /// What this process knows for its trust checks.
    pub(crate) trust: Arc<Trust>,
    /// The organisation whose owner is the operator, once it was asked for.
    pub(crate) first_organisation: OnceLock<OrganisationId>,
    demo: OnceLock<Demo>,
    /// How keys turn.
    pub rotation: Rotation,
    folder: DataFolder,
    /// Of the embedded stores, or for stores that have none yet.
    identity: Identity,
}

/// Why the product could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The erasable keys are not whole.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// A key could not be had.
    #[error(transparent)]
    Key(#[from] keys::KeyError),
    /// The event log could not be opened.
    #[error(transparent)]
    Log(#[from] events::OpenError),
    /// The certificate that was granted to this edge could not be used.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// What an edge bundle names is not there any more.
    #[error(
        "{0} is no grant of this installation, or was revoked: have another edge bundle made with pilotfish keys grant edge"
    )]
    GrantEnded(EdgeGrantId),
}

impl App {
    /// Opens the stores, brings their schema up to this release's, and unwraps the keys. Nothing is left out: a store or
    /// erasable keys that were lost, or are another installation's, are refused.
    pub async fn open(
        folder: DataFolder,
        databases: &Databases,
        provider: Arc<dyn KeyProvider>,
        urls: Urls,
        duties: Duties,
        time: (Arc<dyn Clock>, Arc<dyn Rng>),
    ) -> Result<Self, OpenError> {
        Self::open_with(folder, databases, (KeySet::new(provider, Grants::all()), None), urls, duties, time).await
    }

    /// The same for an edge that has a bundle and no root key: it holds what was granted to it, and makes nothing.
    pub async fn open_edge(
        folder: DataFolder,
        databases: &Databases,
        bundle: Arc<BundleProvider>,
        urls: Urls,
        duties: Duties,
        time: (Arc<dyn Clock>, Arc<dyn Rng>),
    ) -> Result<Self, OpenError> {
        let keys = KeySet::new(bundle.clone(), Grants::edge());
        Self::open_with(folder, databases, (keys, Some(Held::new(bundle))), urls, duties, time).await
    }

    async fn open_with(
        folder: DataFolder,
        databases: &Databases,
        (keys, held): (KeySet, Option<Held>),
        urls: Urls,
        duties: Duties,
        (clock, rng): (Arc<dyn Clock>, Arc<dyn Rng>),
    ) -> Result<Self, OpenError> {
        let keys = Arc::new(keys);
        let (main, keyring, identity) = open_stores(&folder, databases, &keys, clock.as_ref(), rng.as_ref()).await?;
        load_keys(&keys, held.as_ref(), &main).await?;
        if matches!(databases, Databases::Embedded) {
            // Nobody shares it, whatever the folder's mode says.
            folder.keep_private("log")?;
            folder.keep_private("parts")?;
        }
        let log = event_log::open(folder.path(), duties.edge.as_deref(), &keys, &clock, &rng).await?;
        let engine = event_log::engine(folder.path(), &log, &keys, &clock, &rng);
        let sdk = SdkFiles::open(&main, clock.as_ref(), duties.edge.is_some()).await?;
        let rotation = Rotation::new(main.engine());
        let providers = Directory::new(&urls.dashboard, Vec::new());
        let app = Self {
            main,
            keyring,
            keys,
            held,
            edge_keys: EdgeKeys::new(),
            people: People::new(clock.clone(), rng.clone()),
            attributes: Registry::default(),
            watches: Watches::default(),
            balances: Balances::default(),
            projection: Projection::default(),
            rulesets: Rulesets::default(),
            passwords: Passwords::new(),
            previews: Previews::default(),
            questions: Places::default(),
            trust: Arc::new(Trust::new(rng.as_ref())),
            clock,
            rng,
            urls,
            ready: Arc::new(AtomicBool::new(false)),
            log,
            engine,
            duties,
            sdk,
            noted: page_origins::Noted::default(),
            versions: Versions::new(),
            first_organisation: OnceLock::new(),
            demo: OnceLock::new(),
            timer: Timer::default(),
            providers,
            attempts: AttemptLimits::default(),
            mailer: None,
            figures: None,
            rotation,
            folder,
            identity,
        };
        app.rulesets.catch_up(&app).await?;
        // As with damage that opening the event log finds: it is reported, and keeps nobody from what works.
        if let Err(error) = ingest::catch_up(&app).await {
            tracing::error!(%error, "people's rows are behind the event log; it is tried again every second");
        }
        Ok(app)
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        self.folder.path()
    }

    /// Where the local authority lies.
    pub fn tls_folder(&self) -> PathBuf {
        self.data().join("tls")
    }

    /// Takes the keys that another process made since this one was opened.
    pub(crate) async fn reload_keys(&self) -> Result<(), OpenError> {
        load_keys(&self.keys, self.held.as_ref(), &self.main).await
    }

    /// Gives the stores to this installation, which is about to be made.
    pub(crate) async fn give_stores(&self) -> Result<(), StoreError> {
        identity::give(&self.main, &self.keyring, self.identity).await
    }

    /// Says that the installation is whole: what is missing from now on was lost.
    pub(crate) fn finish_making(&self) -> Result<(), StoreError> {
        embedded::finish(self.data())?;
        remove_durably(&self.tls_folder().join("making"))
    }

    /// The local certificate authority, made for the hosts of the public URLs if there is none.
    pub fn authority(&self) -> Result<LocalAuthority, CertificateError> {
        let (clock, rng) = (self.clock.clone(), self.rng.clone());
        LocalAuthority::open_or_create(&self.tls_folder(), &self.own_hosts(), &authority_keys(self)?, clock, rng)
    }

    /// As [`authority`](Self::authority), for an installation that is made and not yet kept.
    pub fn authority_ahead(&self) -> Result<LocalAuthority, CertificateError> {
        let (clock, rng) = (self.clock.clone(), self.rng.clone());
        LocalAuthority::make_ahead(&self.tls_folder(), &self.own_hosts(), &authority_keys(self)?, clock, rng)
    }

    /// The local authority, if one lies in this data folder that is this installation's and may sign for these hosts.
    pub(crate) fn authority_for(&self, hosts: &[String]) -> Result<Option<LocalAuthority>, CertificateError> {
        let (clock, rng) = (self.clock.clone(), self.rng.clone());
        LocalAuthority::open_if_its_own(&self.tls_folder(), hosts, &authority_keys(self)?, clock, rng)
    }

    /// The certificates of an ACME authority, with the local authority's until the first is there.
    ///
    /// # Errors
    /// As [`authority`](Self::authority).
    pub fn acme(&self, settings: AcmeSettings) -> Result<Acme, CertificateError> {
        let folder = self.tls_folder().join("acme");
        let (clock, rng) = (self.clock.clone(), self.rng.clone());
        Ok(Acme::new(settings, folder, self.keys.clone(), self.authority()?, clock, rng))
    }

    fn own_hosts(&self) -> Vec<String> {
        [&self.urls.edge, &self.urls.api, &self.urls.dashboard]
            .into_iter()
            .chain(self.demo().map(|demo| &demo.site_url))
            .map(|url| host_of(url).trim_matches(['[', ']']).to_owned())
            .collect()
    }

    /// The demo, if this process runs it.
    pub(crate) fn demo(&self) -> Option<&Demo> {
        self.demo.get()
    }

    /// Makes this process a demo; gives it back if it is one.
    pub(crate) fn set_demo(&self, demo: Demo) -> Result<(), Demo> {
        self.demo.set(demo)
    }

    /// The event logs: to read, and for an edge to append to its own.
    pub(crate) fn log(&self) -> &Arc<EventLog> {
        &self.log
    }

    /// What answers questions about events: from the parts, and from the logs what is not in them yet.
    pub(crate) fn engine(&self) -> &Arc<EmbeddedEngine> {
        &self.engine
    }

    /// Lets every key make so many requests a second at the edge.
    pub fn limit_requests_per_key(&mut self, per_second: NonZeroU32) {
        self.edge_keys = EdgeKeys::with_limit(per_second);
    }

    /// Lets identity providers be in these networks too, which are not on the internet.
    pub fn name_provider_networks(&mut self, networks: Vec<IpNet>) {
        self.providers = Directory::new(&self.urls.dashboard, networks);
    }

    /// Starts what is done by the clock: once for an app that serves.
    pub fn start_timer(self: &Arc<Self>) {
        self.timer.start(self);
    }

    /// Closes the stores. Nothing may be under way.
    pub async fn close(&self) {
        self.timer.stop().await;
        self.log.shutdown().await;
        if let Err(error) = ingest::catch_up(self).await {
            tracing::warn!(%error, "people's rows are behind the event log; the next start brings them up to date");
        }
        if let Err(problem) = people::write_seen(self).await {
            tracing::warn!(code = problem.code.name(), "who was seen in the last second was not written down");
        }
        self.keyring.close().await;
        self.main.close().await;
    }
}

/// Brings both `PostgreSQL` databases to this release's schema: what their owner does before the roles of a new release start.
///
/// # Errors
/// As [`App::open`]; [`StoreError::NotMigrated`] if the role that connects is not the owner's.
pub async fn migrate(main: &Secret<String>, keyring: &Secret<String>) -> Result<(), StoreError> {
    let (main, keyring) = (Db::connect_postgres(main).await?, Db::connect_postgres(keyring).await?);
    store::migrate_keyring(&keyring).await?;
    store::migrate_main(&main).await?;
    keyring.close().await;
    main.close().await;
    Ok(())
}

/// Opens both stores with this release's schema, and makes sure that they belong together.
async fn open_stores(
    folder: &DataFolder,
    databases: &Databases,
    keys: &KeySet,
    clock: &dyn Clock,
    rng: &dyn Rng,
) -> Result<(Db, Db, Identity), StoreError> {
    let (main, keyring, expected) = match databases {
        Databases::Embedded => {
            let opened = embedded::open(folder.path(), keys, clock, rng).await?;
            (opened.main, opened.keyring, Some(opened.identity))
        }
        Databases::Postgres { main, keyring } => {
            (Db::connect_postgres(main).await?, Db::connect_postgres(keyring).await?, None)
        }
    };
    store::migrate_keyring(&keyring).await?;
    store::migrate_main(&main).await?;
    identity::check(&main, &keyring, expected).await?;
    Ok((main, keyring, expected.unwrap_or_else(|| Identity::new(rng))))
}

/// Unwraps every key of the main store, and makes sure that each environment has its erasable keys; or what an edge was granted.
async fn load_keys(keys: &KeySet, held: Option<&Held>, main: &Db) -> Result<(), OpenError> {
    if let Some(held) = held {
        return held.follow(keys, main).await;
    }
    let records = key_records::all(main.read(Scope::System)).await?;
    let environments: BTreeSet<_> = records
        .iter()
        .filter_map(|record| match record.owner {
            Owner::Environment(id) => Some(id),
            _ => None,
        })
        .collect();
    keys.load(records).await?;
    let environments: Vec<_> = environments.into_iter().collect();
    Ok(keys.provider().check_environments(&environments).await?)
}
