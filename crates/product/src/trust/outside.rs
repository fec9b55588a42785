//! This server's doors as a stranger meets them: over TCP and TLS, with nothing that the server knows.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper_util::rt::TokioIo;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::check::Unseen;
use crate::App;
use crate::doors::{Door, tls};
use crate::routers::host_of;

/// What a door may take for one step.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// More than any file of the SDK has.
const BODY: usize = 8 << 20;

/// A door, and how it is reached.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// Which door.
    pub(super) name: &'static str,
    /// The host that a client asks for; of a door without a public name its address.
    host: String,
    /// Whether the certificate has to be for that host.
    named: bool,
    port: u16,
    /// Where this process listens; of another process's door the name is looked up.
    address: Option<SocketAddr>,
}

/// An answer of a door.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// The doors with a public URL, and those of this process that have none.
pub(super) fn targets(app: &App) -> Vec<Target> {
    let bound = app.trust.bound.load();
    let at = |door| bound.iter().find(|(bound, _)| *bound == door).map(|(_, address)| reachable(*address));
    let public = [(Door::Edge, &app.urls.edge), (Door::Api, &app.urls.api), (Door::Dashboard, &app.urls.dashboard)];
    let public = public.into_iter().map(|(door, url)| Target {
        name: door.name(),
        host: host_of(url).to_owned(),
        named: true,
        port: port_of(url),
        address: at(door),
    });
    let own = [Door::Metrics, Door::Site].into_iter().filter_map(|door| {
        let address = at(door)?;
        let (host, port) = (address.ip().to_string(), address.port());
        Some(Target { name: door.name(), host, named: false, port, address: Some(address) })
    });
    public.chain(own).collect()
}

/// The edge.
pub(super) fn edge(app: &App) -> Result<Target, Unseen> {
    let found = targets(app).into_iter().find(|target| target.name == Door::Edge.name());
    found.ok_or(Unseen { plain: "There is no edge.", source: None })
}

fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    address
}

fn port_of(url: &str) -> u16 {
    url.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(443)
}

impl Target {
    /// A connection on which nothing has been said.
    pub(super) async fn connect(&self) -> Result<TcpStream, Unseen> {
        let name = self.host.trim_matches(['[', ']']);
        let connecting = async {
            match self.address {
                Some(address) => TcpStream::connect(address).await,
                // Names below localhost are this machine (RFC 6761), which not every resolver knows.
                None if name.ends_with(".localhost") => TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await,
                None => TcpStream::connect((name, self.port)).await,
            }
        };
        match timeout(PATIENCE, connecting).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(Unseen::because("A door does not answer where it should.", error)),
            Err(elapsed) => Err(Unseen::because("A door does not answer in time.", elapsed)),
        }
    }

    /// Shakes hands as a client of today does.
    pub(super) async fn shake_hands(&self) -> Result<TlsStream<TcpStream>, Unseen> {
        let failed = |error| Unseen::because("A door could not be spoken to over TLS.", error);
        let verifier = Arc::new(AnyIssuer { provider: tls::provider(), named: self.named });
        let mut config = ClientConfig::builder_with_provider(tls::provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let stream = self.connect().await?;
        let shaking = TlsConnector::from(Arc::new(config)).connect(self.server_name()?, stream);
        match timeout(PATIENCE, shaking).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(failed(error.to_string())),
            Err(elapsed) => Err(Unseen::because("A door does not answer in time.", elapsed)),
        }
    }

    /// The name that the client asks for, as a hello carries it; none of an address.
    pub(super) fn sni(&self) -> Option<&str> {
        let bare = self.host.trim_matches(['[', ']']);
        (bare.parse::<IpAddr>().is_err()).then_some(bare)
    }

    fn server_name(&self) -> Result<ServerName<'static>, Unseen> {
        let bare = self.host.trim_matches(['[', ']']).to_owned();
        ServerName::try_from(bare).map_err(|error| Unseen::because("A door's public name is malformed.", error))
    }

    /// Asks a door for a path.
    pub(super) async fn get(&self, path: &str) -> Result<Answer, Unseen> {
        match timeout(PATIENCE * 2, self.ask(path)).await {
            Ok(answer) => answer,
            Err(elapsed) => Err(Unseen::because("A door does not answer in time.", elapsed)),
        }
    }

    async fn ask(&self, path: &str) -> Result<Answer, Unseen> {
        let failed = |error: hyper::Error| Unseen::because("A door's answer could not be read.", error);
        let stream = TokioIo::new(self.shake_hands().await?);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.map_err(failed)?;
        let request = Request::get(path)
            .header(header::HOST, format!("{}:{}", self.host, self.port))
            .header(header::CONNECTION, "close")
            .body(Body::empty())
            .map_err(|error| Unseen::because("A door could not be asked.", error))?;
        let asking = async {
            let (parts, body) = sender.send_request(request).await.map_err(failed)?.into_parts();
            let body = Limited::new(body, BODY).collect().await;
            let body = body.map_err(|error| Unseen::because("A door's answer could not be read.", error))?;
            Ok(Answer { status: parts.status, headers: parts.headers, body: body.to_bytes() })
        };
        // The connection moves on only while it is polled; that it ends is said by the answer.
        let mut connection = std::pin::pin!(connection);
        let mut asking = std::pin::pin!(asking);
        tokio::select! {
            answer = &mut asking => answer,
            _ended = &mut connection => asking.await,
        }
    }
}

/// Takes a certificate of any issuer, if it is for the host and its key made the handshake. Whom an issuer is known to, the
/// reader's browser judges, over the very connection that brings the page.
#[derive(Debug)]
struct AnyIssuer {
    provider: Arc<CryptoProvider>,
    named: bool,
}

impl ServerCertVerifier for AnyIssuer {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.named {
            rustls::client::verify_server_name(&ParsedCertificate::try_from(end_entity)?, name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
