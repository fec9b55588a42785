//! TLS as every door speaks it, by one of Mozilla's profiles. *Intermediate*: versions 1.2 and 1.3 with the suites that
//! rustls has: ECDHE with AES-GCM or ChaCha20-Poly1305. *Modern*: version 1.3 only. In both, keys are agreed on with
//! X25519 and ML-KEM-768 where the client can, else with X25519, P-256 or P-384.

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum_server::tls_rustls::RustlsConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SupportedProtocolVersion};

use super::acme::{ACME_TLS, Challenges};

/// Which clients are spoken with: Mozilla's profiles, <https://wiki.mozilla.org/Security/Server_TLS>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsProfile {
    /// TLS 1.2 and 1.3.
    #[default]
    Intermediate,
    /// TLS 1.3 only.
    Modern,
}

impl TlsProfile {
    fn versions(self) -> &'static [&'static SupportedProtocolVersion] {
        static ALL: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
        match self {
            Self::Intermediate => &ALL,
            Self::Modern => &ALL[..1],
        }
    }
}

/// The certificate that all doors present; swapped without touching connections.
#[derive(Debug, Clone)]
pub struct CurrentCertificate(Arc<ArcSwap<CertifiedKey>>);

impl CurrentCertificate {
    /// Starts with this certificate.
    pub fn new(certificate: CertifiedKey) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(certificate)))
    }

    /// Presents another one from now on.
    pub fn replace(&self, certificate: CertifiedKey) {
        self.0.store(Arc::new(certificate));
    }
}

/// What a door presents: the certificate, or to an ACME authority the proof that it asks for.
#[derive(Debug)]
struct Presented {
    current: CurrentCertificate,
    challenges: Option<Challenges>,
}

impl ResolvesServerCert for Presented {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        match &self.challenges {
            Some(challenges) if Challenges::asks(&hello) => challenges.certificate(&hello),
            _ => Some(self.current.0.load_full()),
        }
    }
}

/// The cryptography of this process.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// The configuration of a door.
///
/// # Errors
/// If the provider lacks a version, which it does not.
pub fn config(
    certificate: &CurrentCertificate,
    profile: TlsProfile,
    challenges: Option<Challenges>,
) -> Result<RustlsConfig, rustls::Error> {
    let mut protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    if challenges.is_some() {
        protocols.push(ACME_TLS.to_vec());
    }
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(profile.versions())?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Presented { current: certificate.clone(), challenges }));
    config.alpn_protocols = protocols;
    // Every suite is strong. Mozilla leaves the choice to the client; testssl.sh wants a server that has an order.
    config.ignore_client_order = true;
    Ok(RustlsConfig::from_config(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::CipherSuite as S;

    /// <https://wiki.mozilla.org/Security/Server_TLS>, version 5.7, *intermediate*, without the DHE suites.
    const INTERMEDIATE: &[S] = &[
        S::TLS13_AES_128_GCM_SHA256,
        S::TLS13_AES_256_GCM_SHA384,
        S::TLS13_CHACHA20_POLY1305_SHA256,
        S::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        S::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        S::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        S::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        S::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        S::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ];

    #[test]
    fn only_intermediate_suites_are_offered() {
        for suite in provider().cipher_suites.iter().map(rustls::SupportedCipherSuite::suite) {
            assert!(INTERMEDIATE.contains(&suite), "{suite:?}");
        }
    }
}
