//! Listening, serving, and stopping without losing anything.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::middleware::AddExtension;
use axum_server::Handle;
use axum_server::accept::{Accept, DefaultAcceptor};
use axum_server::tls_rustls::RustlsAcceptor;
use hyper_util::rt::TokioTimer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::acme::{Acme, Challenges};
use super::certificate::{CertificateError, CertificateFiles, LocalAuthority};
use super::connections::{Capped, Places};
use super::listen::{Bound, BoundPlain, Listening, Peer};
use super::plain;
use super::tls::{self, CurrentCertificate, TlsProfile};
use super::under_way::UnderWay;
use crate::edge_grants::GrantedLeaf;

/// For how long a process whose sockets outlive it goes on accepting, each answer being its connection's last: a client
/// that is told so opens another one, and none is closed under a request that is being sent.
const GOODBYE: Duration = Duration::from_secs(1);
/// How long a connection that was accepted may take to ask when the server stops.
const NEWCOMERS_WITHIN: Duration = Duration::from_secs(1);
/// How long requests under way may take to end when the server stops.
const GRACE: Duration = Duration::from_secs(20);
/// How long connections may take to end once every request is answered.
const LINGER: Duration = Duration::from_millis(500);
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
const LOOK_EVERY: Duration = Duration::from_secs(2);
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

/// Where the certificate comes from.
pub enum CertificateSource {
    /// The operator's files.
    Files(CertificateFiles),
    /// The installation's own authority.
    Authority(Box<LocalAuthority>),
    /// An authority that speaks ACME.
    Acme(Box<Acme>),
    /// What an edge without the root key was granted.
    Granted(GrantedLeaf),
}

impl CertificateSource {
    fn load(&self) -> Result<rustls::sign::CertifiedKey, CertificateError> {
        match self {
            Self::Files(files) => files.load(),
            Self::Authority(authority) => authority.issue(),
            Self::Acme(acme) => acme.first(),
            Self::Granted(leaf) => leaf.load(),
        }
    }

    fn challenges(&self) -> Option<Challenges> {
        match self {
            Self::Acme(acme) => Some(acme.challenges()),
            Self::Files(_) | Self::Authority(_) | Self::Granted(_) => None,
        }
    }
}

/// How the doors speak TLS.
pub struct TlsSettings {
    /// What they present.
    pub source: CertificateSource,
    /// With whom they speak.
    pub profile: TlsProfile,
    /// Who is sent to them.
    pub plain: Option<BoundPlain>,
}

impl From<CertificateSource> for TlsSettings {
    fn from(source: CertificateSource) -> Self {
        Self { source, profile: TlsProfile::default(), plain: None }
    }
}

/// A router that is told who asks.
type Addressed = AddExtension<Router, ConnectInfo<SocketAddr>>;

/// The doors of this process while they serve.
pub struct Server {
    handles: Vec<Handle<Peer>>,
    tasks: TaskTracker,
    ready: Arc<AtomicBool>,
    under_way: UnderWay,
    /// Whether connections find a socket that listens after this process has ended.
    succeeded: bool,
    /// Ends what goes on beside the doors.
    stop: CancellationToken,
    /// Ends accepting.
    full_stop: CancellationToken,
}

impl Server {
    /// Begins to serve. `ready` turns true when every door answers, and false when the server stops.
    pub async fn start(
        doors: Vec<(Bound, Router)>,
        tls: impl Into<TlsSettings>,
        ready: Arc<AtomicBool>,
    ) -> Result<Self, ServeError> {
        super::panics::hide_payloads();
        let TlsSettings { source, profile, plain } = tls.into();
        let current = CurrentCertificate::new(source.load()?);
        let challenges = source.challenges();
        let tls = tls::config(&current, profile, challenges.clone())?;
        let mut server = Self {
            handles: Vec::new(),
            tasks: TaskTracker::new(),
            ready,
            under_way: UnderWay::default(),
            succeeded: doors.iter().any(|(bound, _)| bound.outlives_us),
            stop: CancellationToken::new(),
            full_stop: CancellationToken::new(),
        };
        for (bound, router) in doors {
            let listener = server.accepting(bound.listener)?.acceptor(RustlsAcceptor::new(tls.clone()));
            server.serve(bound.door.name(), listener, router);
        }
        if let Some(plain) = plain {
            let listener = server.accepting(plain.listener)?.http1_only();
            server.serve("plain", listener, plain::router(challenges, plain.urls));
        }
        let stop = server.stop.clone();
        server.tasks.spawn(async move {
            tokio::select! { () = stop.cancelled() => {}, () = keep_fresh(source, current) => {} }
        });
        for handle in &server.handles {
            handle.listening().await;
        }
        server.ready.store(true, Ordering::SeqCst);
        Ok(server)
    }

    fn accepting(&self, listener: TcpListener) -> std::io::Result<axum_server::Server<Peer, DefaultAcceptor>> {
        Ok(axum_server::Server::from_listener(Listening::new(listener, self.full_stop.clone())?))
    }

    fn serve<A>(&mut self, door: &'static str, listener: axum_server::Server<Peer, A>, router: Router)
    where
        A: Accept<TcpStream, Addressed, Service = Addressed> + Clone + Send + Sync + 'static,
        A::Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        A::Future: Send + 'static,
    {
        let handle = Handle::new();
        self.handles.push(handle.clone());
        let server = listener.handle(handle);
        let (places, under_way) = (Places::new(CONNECTIONS, CONNECTIONS_PER_ADDRESS), self.under_way.clone());
        let mut server = server.map(|inner| Capped::new(inner, places, under_way));
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
        self.tasks.spawn(async move {
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            if let Err(error) = server.serve(service).await {
                tracing::error!(door, %error, "the door stopped");
            }
        });
    }

    /// Lets requests under way end, and returns when all have. New connections are refused, or wait for the next process
    /// if the sockets outlive this one.
    pub async fn stop(self) {
        self.ready.store(false, Ordering::SeqCst);
        self.stop.cancel();
        self.under_way.say_goodbye();
        if self.succeeded {
            tokio::time::sleep(GOODBYE).await;
        }
        self.full_stop.cancel();
        // Who still says nothing loses nothing.
        let _ = tokio::time::timeout(NEWCOMERS_WITHIN, self.under_way.no_newcomers()).await;
        for handle in &self.handles {
            handle.graceful_shutdown(Some(GRACE));
        }
        self.tasks.close();
        let answered = async {
            self.under_way.no_requests().await;
            tokio::time::sleep(LINGER).await;
        };
        tokio::select! { () = self.tasks.wait() => {}, () = answered => {}, () = tokio::time::sleep(GRACE) => {} }
        self.under_way.cut.cancel();
        for handle in &self.handles {
            handle.shutdown();
        }
        self.tasks.wait().await;
    }
}

/// Follows changes of the operator's files or of what was granted, renews the authority's leaf, or keeps an ACME certificate at hand. A pair that does not load is reported and
/// the one in use stays.
async fn keep_fresh(source: CertificateSource, current: CurrentCertificate) {
    if let CertificateSource::Acme(acme) = &source {
        return acme.keep(&current).await;
    }
    let mut seen = if let CertificateSource::Files(files) = &source { files.changed_at() } else { None };
    let mut granted = if let CertificateSource::Granted(leaf) = &source { leaf.current() } else { None };
    loop {
        match &source {
            CertificateSource::Files(files) => {
                tokio::time::sleep(LOOK_EVERY).await;
                let now = files.changed_at();
                if now.is_none() || now == seen {
                    continue;
                }
                seen = now;
            }
            CertificateSource::Granted(leaf) => {
                tokio::time::sleep(LOOK_EVERY).await;
                let now = leaf.current();
                if now.as_ref().map(Arc::as_ptr) == granted.as_ref().map(Arc::as_ptr) {
                    continue;
                }
                granted = now;
            }
            CertificateSource::Authority(_) | CertificateSource::Acme(_) => {
                tokio::time::sleep(RENEW_LEAF_EVERY).await;
            }
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
