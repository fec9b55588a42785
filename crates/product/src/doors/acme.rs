//! Certificates of an authority that speaks ACME (RFC 8555), for the host names of this process' doors.
//!
//! Only an operator who names a directory has this: nothing else here calls out. A name is proven by HTTP-01 if there is a
//! plain listener, else by TLS-ALPN-01 on the doors themselves. The account and the certificate lie sealed in the data
//! folder; what does not open any more is asked for anew. Until the first certificate is there the doors present the local
//! authority's, and a new one is asked for before a third of the life is left.

mod challenges;
pub(super) mod files;
mod order;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base::{Clock, Rng, Timestamp};
use keys::KeySet;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;

pub(crate) use challenges::ACME_TLS;
pub use challenges::Challenges;
use files::Files;

use super::tls::{self, CurrentCertificate};
use super::{CertificateError, LocalAuthority};

/// How often it is looked whether a certificate is due.
const LOOK_EVERY: Duration = Duration::from_mins(1);
/// The first pause after a failure; each further one in a row is twice as long.
const FIRST_PAUSE: Duration = Duration::from_mins(1);
/// Authorities allow a few failures an hour.
const LONGEST_PAUSE: Duration = Duration::from_hours(12);

/// How a name is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// By a file at the plain listener (HTTP-01).
    Http,
    /// By a handshake at a door (TLS-ALPN-01).
    Tls,
}

/// What the operator asked for.
#[derive(Debug, Clone)]
pub struct AcmeSettings {
    /// The authority's directory.
    pub directory: String,
    /// Where the authority may write to.
    pub email: Option<String>,
    /// PEM: the root of the directory's own certificate, where the system does not trust it.
    pub root: Option<PathBuf>,
    /// For which names.
    pub hosts: Vec<String>,
    /// How they are proven.
    pub proof: Proof,
}

/// Why there is no certificate of the authority.
#[derive(Debug, thiserror::Error)]
pub enum AcmeError {
    /// It could not be reached, or refused.
    #[error("the certificate authority: {0}")]
    Authority(#[from] instant_acme::Error),
    /// It does not offer the proof that is configured.
    #[error("the certificate authority does not offer {0:?} for {1}")]
    NotOffered(Proof, String),
    /// It did not accept the proof.
    #[error("the certificate authority did not accept the proof of a name")]
    NotProven,
    /// What it sent is no certificate for the key.
    #[error("the certificate authority sent no usable certificate: {0}")]
    Unusable(String),
    /// What lies here could not be read or written.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

/// A certificate and its dates.
struct Held {
    certificate: CertifiedKey,
    dates: Dates,
}

#[derive(Debug, Clone, Copy)]
struct Dates {
    from: Timestamp,
    until: Timestamp,
}

impl Dates {
    /// When a new one is asked for: two fifths of the life are left, so that it is there before it is a third.
    fn due(self) -> Timestamp {
        self.until.minus(self.until.since(self.from) * 2 / 5)
    }
}

/// The certificates of an ACME authority.
pub struct Acme {
    settings: AcmeSettings,
    files: Files,
    challenges: Challenges,
    fallback: LocalAuthority,
    clock: Arc<dyn Clock>,
}

impl Acme {
    /// For these settings; the account and the certificate lie in `DIR/tls/acme`.
    pub fn new(
        settings: AcmeSettings,
        folder: PathBuf,
        keys: Arc<KeySet>,
        fallback: LocalAuthority,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Self {
        let files = Files::new(folder, keys, rng, &settings);
        Self { settings, files, challenges: Challenges::default(), fallback, clock }
    }

    /// What the doors and the plain listener answer the authority with.
    pub fn challenges(&self) -> Challenges {
        self.challenges.clone()
    }

    /// The certificate to begin with.
    pub(super) fn first(&self) -> Result<CertifiedKey, CertificateError> {
        match self.kept() {
            Some(held) => Ok(held.certificate),
            None => self.fallback.issue(),
        }
    }

    /// Keeps a certificate at hand, for ever.
    pub(super) async fn keep(&self, current: &CurrentCertificate) {
        let mut failures = 0;
        loop {
            let pause = match self.turn(current).await {
                Ok(due) => {
                    failures = 0;
                    due.since(self.clock.now()).clamp(Duration::from_secs(1), LOOK_EVERY)
                }
                Err(error) => {
                    let pause = (FIRST_PAUSE * 2_u32.saturating_pow(failures)).min(LONGEST_PAUSE);
                    failures = (failures + 1).min(10);
                    let error = with_causes(&error);
                    tracing::error!(error, again_in = pause.as_secs(), "no new certificate by ACME");
                    pause
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Asks for a certificate if one is due, and presents the newest. Gives the time at which the next is due.
    async fn turn(&self, current: &CurrentCertificate) -> Result<Timestamp, AcmeError> {
        // Another process of this data folder may be asking for the same names, or have done so.
        let Some(_lock) = self.files.try_lock()? else { return Ok(self.clock.now().plus(LOOK_EVERY)) };
        self.files.reseal();
        let kept = self.kept();
        if let Some(held) = kept {
            let due = held.dates.due();
            current.replace(held.certificate);
            if due > self.clock.now() {
                return Ok(due);
            }
        } else {
            current.replace(self.fallback.issue()?);
        }
        let (chain, key) = order::certificate(&self.settings, &self.files, &self.challenges).await?;
        let held = held(&chain, key.expose())?;
        self.files.write_certificate(&chain, &key)?;
        current.replace(held.certificate);
        tracing::info!(until = held.dates.until.seconds(), "the doors present a new certificate by ACME");
        Ok(held.dates.due())
    }

    /// The certificate that was kept, if it opens and its time is not over.
    fn kept(&self) -> Option<Held> {
        let (chain, key) = self.files.certificate()?;
        let held = held(&chain, key.expose());
        match held {
            Ok(held) => Some(held).filter(|held| held.dates.until > self.clock.now()),
            Err(error) => {
                tracing::warn!(%error, "the certificate that was kept is not used");
                None
            }
        }
    }
}

/// An error and what led to it: of a connection that failed the cause says why.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

fn held(chain: &str, key: &[u8]) -> Result<Held, AcmeError> {
    let unusable = |error: &dyn std::fmt::Display| AcmeError::Unusable(error.to_string());
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(chain.as_bytes()).collect::<Result<_, _>>().map_err(|error| unusable(&error))?;
    let leaf = chain.first().ok_or_else(|| unusable(&"no certificate"))?;
    let (_, parsed) = x509_parser::parse_x509_certificate(leaf).map_err(|error| unusable(&error))?;
    let validity = parsed.validity();
    let [from, until] = [validity.not_before, validity.not_after].map(|time| Timestamp::from_seconds(time.timestamp()));
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.to_vec()));
    let certificate = CertifiedKey::from_der(chain, key, &tls::provider()).map_err(|error| unusable(&error))?;
    certificate.keys_match().map_err(|error| unusable(&error))?;
    Ok(Held { certificate, dates: Dates { from, until } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_a_third_of_the_life_is_left_when_a_new_one_is_due() {
        let day = |day: i64| Timestamp::from_seconds(day * 86_400);
        assert_eq!(Dates { from: day(100), until: day(190) }.due(), day(154));
        assert_eq!(Dates { from: day(100), until: day(105) }.due(), day(103));
    }
}
