//! Listening, serving, and stopping without losing anything.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use hyper_util::rt::TokioTimer;
use tokio_util::task::TaskTracker;

use super::Door;
use super::certificate::{CertificateError, CertificateFiles, LocalAuthority};
use super::connections::{Capped, Places};
use super::tls::{self, CurrentCertificate, TlsProfile};

/// How long requests under way may take to end when the server stops.
const GRACE: Duration = Duration::from_secs(20);
/// How long a client may take to send its headers, or to shake hands.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// The most that one connection's buffer grows to before the headers are whole.
const HEADER_BUFFER: usize = 64 * 1024;
/// More headers than our own limit of bytes lets pass, so that it is our 431 that a client gets.
const HEADERS: usize = 1024;
/// How many connections a door holds at a time.
const CONNECTIONS: usize = 10_000;
/// How many of them one address may have: a large office behind one, but never the whole door.
const CONNECTIONS_PER_ADDRESS: u32 = 2_000;
const STREAMS_PER_CONNECTION: u32 = 128;
const LOOK_AT_FILES_EVERY: Duration = Duration::from_secs(2);
const RENEW_LEAF_EVERY: Duration = Duration::from_hours(24);

/// Why the server could not begin.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// An address cannot be had.
    #[error("the {door} door cannot listen on {address}: {source}")]
    Bind {
        /// Which door.
        door: &'static str,
        /// Where it wanted to listen.
        address: SocketAddr,
        /// The cause.
        source: std::io::Error,
    },
    /// No certificate to present.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// TLS cannot be configured.
    #[error("TLS cannot be configured")]
    Tls(#[from] rustls::Error),
    /// A listener failed.
    #[error("a door failed: {0}")]
    Io(#[from] std::io::Error),
}

/// A door that has its address and does not answer yet.
pub struct Bound {
    /// Which door.
    pub door: Door,
    /// Where it really listens.
    pub address: SocketAddr,
    listener: TcpListener,
}

impl Bound {
    /// Takes an address.
    ///
    /// # Errors
    /// [`ServeError::Bind`] if it is taken or not ours.
    pub fn new(door: Door, address: SocketAddr) -> Result<Self, ServeError> {
        let failed = |source| ServeError::Bind { door: door.name(), address, source };
        let listener = TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { door, address, listener })
    }
}

/// Where the certificate comes from.
pub enum CertificateSource {
    /// The operator's files.
    Files(CertificateFiles),
    /// The installation's own authority.
    Authority(Box<LocalAuthority>),
}

impl CertificateSource {
    fn load(&self) -> Result<rustls::sign::CertifiedKey, CertificateError> {
        match self {
            Self::Files(files) => files.load(),
            Self::Authority(authority) => authority.issue(),
        }
    }
}

/// How the doors speak TLS.
pub struct TlsSettings {
    /// What they present.
    pub source: CertificateSource,
    /// With whom they speak.
    pub profile: TlsProfile,
}

impl From<CertificateSource> for TlsSettings {
    fn from(source: CertificateSource) -> Self {
        Self { source, profile: TlsProfile::default() }
    }
}

/// The doors of this process while they serve.
pub struct Server {
    handles: Vec<Handle<SocketAddr>>,
    tasks: TaskTracker,
    ready: Arc<AtomicBool>,
    stop: tokio_util::sync::CancellationToken,
}

impl Server {
    /// Begins to serve. `ready` turns true when every door answers, and false when the server stops.
    pub async fn start(
        doors: Vec<(Bound, Router)>,
        tls: impl Into<TlsSettings>,
        ready: Arc<AtomicBool>,
    ) -> Result<Self, ServeError> {
        super::panics::hide_payloads();
        let TlsSettings { source, profile } = tls.into();
        let current = CurrentCertificate::new(source.load()?);
        let tls = tls::config(&current, profile)?;
        let server = Self {
            handles: Vec::new(),
            tasks: TaskTracker::new(),
            ready,
            stop: tokio_util::sync::CancellationToken::new(),
        };
        let stop = server.stop.clone();
        server.tasks.spawn(async move {
            tokio::select! { () = stop.cancelled() => {}, () = keep_fresh(source, current) => {} }
        });
        let mut server = server;
        for (bound, router) in doors {
            server.serve(bound, router, tls.clone())?;
        }
        for handle in &server.handles {
            handle.listening().await;
        }
        server.ready.store(true, Ordering::SeqCst);
        Ok(server)
    }

    fn serve(
        &mut self,
        bound: Bound,
        router: Router,
        tls: axum_server::tls_rustls::RustlsConfig,
    ) -> Result<(), ServeError> {
        let handle = Handle::new();
        self.handles.push(handle.clone());
        let server = axum_server::from_tcp_rustls(bound.listener, tls)?.handle(handle);
        let mut server = server.map(|tls| Capped::new(tls, Places::new(CONNECTIONS, CONNECTIONS_PER_ADDRESS)));
        let http = server.http_builder();
        http.http1()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADERS_WITHIN)
            .max_headers(HEADERS)
            .max_buf_size(HEADER_BUFFER);
        http.http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(Some(HEADERS_WITHIN * 2))
            .max_concurrent_streams(STREAMS_PER_CONNECTION)
            .max_header_list_size(u32::try_from(HEADER_BUFFER).unwrap_or(u32::MAX));
        let door = bound.door.name();
        self.tasks.spawn(async move {
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            if let Err(error) = server.serve(service).await {
                tracing::error!(door, %error, "the door stopped");
            }
        });
        Ok(())
    }

    /// Refuses new connections, lets requests under way end, and returns when all have.
    pub async fn stop(self) {
        self.ready.store(false, Ordering::SeqCst);
        self.stop.cancel();
        for handle in &self.handles {
            handle.graceful_shutdown(Some(GRACE));
        }
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Follows changes of the operator's files, or renews the authority's leaf. A pair that does not load is reported and
/// the one in use stays.
async fn keep_fresh(source: CertificateSource, current: CurrentCertificate) {
    let mut seen = match &source {
        CertificateSource::Files(files) => files.changed_at(),
        CertificateSource::Authority(_) => None,
    };
    loop {
        match &source {
            CertificateSource::Files(files) => {
                tokio::time::sleep(LOOK_AT_FILES_EVERY).await;
                let now = files.changed_at();
                if now.is_none() || now == seen {
                    continue;
                }
                seen = now;
            }
            CertificateSource::Authority(_) => tokio::time::sleep(RENEW_LEAF_EVERY).await,
        }
        match source.load() {
            Ok(certificate) => {
                current.replace(certificate);
                tracing::info!("the doors present a new certificate");
            }
            Err(error) => tracing::error!(%error, "the new certificate is not used, the one before it stays"),
        }
    }
}
