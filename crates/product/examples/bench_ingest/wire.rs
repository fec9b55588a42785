//! A connection that stays open, over TLS or not, and HTTP/1.1 on it, one request at a time.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A connection.
pub(crate) struct Wire {
    /// As a request names it.
    pub(crate) host: String,
    stream: Box<dyn Stream>,
    answer: Vec<u8>,
}

impl Wire {
    /// Opens one to `https://HOST:PORT` or `http://HOST:PORT`, the number-th of this process.
    pub(crate) async fn open(target: &str, authority: Option<&Path>, number: usize) -> Self {
        let (tls, address) = match (target.strip_prefix("https://"), target.strip_prefix("http://")) {
            (Some(address), _) => (true, address),
            (None, Some(address)) => (false, address),
            (None, None) => panic!("{target}: a target is https://HOST:PORT or http://HOST:PORT"),
        };
        let (host, _) = address.rsplit_once(':').expect("a target with a port");
        let stream = connect(address, number).await;
        let stream: Box<dyn Stream> = if tls {
            let name = ServerName::try_from(host.to_owned()).expect("a host name");
            let authority = authority.expect("--ca FILE, whose certificates are trusted");
            Box::new(connector(authority).connect(name, stream).await.expect("a certificate of that authority"))
        } else {
            Box::new(stream)
        };
        Self { host: address.to_owned(), stream, answer: vec![0; 64 * 1024] }
    }

    /// Sends head and body and waits for the answer, which has to be a success.
    pub(crate) async fn must(&mut self, head: &str, body: &str) {
        let answer = self.ask(head, body).await;
        assert!(answer.starts_with("HTTP/1.1 2"), "refused: {answer}");
    }

    /// Sends head and body and waits for the answer.
    pub(crate) async fn ask(&mut self, head: &str, body: &str) -> &str {
        self.stream.write_all(head.as_bytes()).await.expect("a connection that stays open");
        self.stream.write_all(body.as_bytes()).await.expect("a connection that stays open");
        self.stream.flush().await.expect("a connection that stays open");
        let mut read = 0;
        loop {
            if read == self.answer.len() {
                self.answer.resize(read * 2, 0);
            }
            let more = self.stream.read(&mut self.answer[read..]).await.expect("a connection that stays open");
            assert!(more > 0, "the server hung up");
            read += more;
            if whole(&self.answer[..read]) {
                break;
            }
        }
        std::str::from_utf8(&self.answer[..read]).expect("text")
    }
}

async fn connect(address: &str, number: usize) -> TcpStream {
    let mut found = tokio::net::lookup_host(address).await.expect("a host that is found");
    let peer = found.find(SocketAddr::is_ipv4).expect("a host with an IPv4 address");
    let socket = TcpSocket::new_v4().expect("a socket");
    if peer.ip().is_loopback() {
        // Each connection from an address of its own: what one address may send is limited.
        let number = u8::try_from(number % 250).expect("less than 250") + 2;
        socket.bind((Ipv4Addr::new(127, 0, 1, number), 0).into()).expect("an address of the loopback");
    }
    let stream = socket.connect(peer).await.expect("a server that listens");
    stream.set_nodelay(true).expect("a socket");
    stream
}

/// Whether head and body have arrived.
fn whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    if head.contains("transfer-encoding: chunked") {
        return answer.ends_with(b"0\r\n\r\n");
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    answer.len() >= end + 4 + length.unwrap_or(0)
}

fn connector(authority: &Path) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(authority).expect("a file of certificates") {
        roots.add(certificate.expect("a certificate")).expect("a certificate authority");
    }
    let config = ClientConfig::builder_with_provider(product::doors::tls::provider())
        .with_safe_default_protocol_versions()
        .expect("versions that the provider has")
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}
