//! What proves a name while it is being asked for: a text by its token at the plain listener, a certificate by its name at
//! a door.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::server::ClientHello;
use rustls::sign::CertifiedKey;

/// The protocol that only an authority's validation asks for.
pub(crate) const ACME_TLS: &[u8] = b"acme-tls/1";

/// The open proofs. Each copy is the same set.
#[derive(Debug, Clone, Default)]
pub struct Challenges(Arc<Mutex<Open>>);

#[derive(Debug, Default)]
struct Open {
    texts: HashMap<String, String>,
    certificates: HashMap<String, Arc<CertifiedKey>>,
}

impl Challenges {
    /// Answers with this text under `/.well-known/acme-challenge/TOKEN`.
    pub(super) fn put_text(&self, token: String, text: String) {
        self.with(|open| open.texts.insert(token, text));
    }

    /// Answers a validation of this name with this certificate.
    pub(super) fn put_certificate(&self, host: String, certificate: CertifiedKey) {
        self.with(|open| open.certificates.insert(host, Arc::new(certificate)));
    }

    /// Nothing is to be proven any more.
    pub(super) fn clear(&self) {
        self.with(|open| *open = Open::default());
    }

    /// The text of a token.
    pub(crate) fn text(&self, token: &str) -> Option<String> {
        self.with(|open| open.texts.get(token).cloned())
    }

    /// Whether this handshake is a validation.
    pub(crate) fn asks(hello: &ClientHello<'_>) -> bool {
        hello.alpn().is_some_and(|protocols| protocols.eq([ACME_TLS]))
    }

    /// The certificate for a validation.
    pub(crate) fn certificate(&self, hello: &ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let host = hello.server_name()?.to_ascii_lowercase();
        self.with(|open| open.certificates.get(&host).cloned())
    }

    fn with<T>(&self, act: impl FnOnce(&mut Open) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
