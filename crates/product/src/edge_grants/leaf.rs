//! The certificate that was granted to this edge, as its doors present it.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;

use base::Secret;

use crate::doors::{CertificateError, tls};

/// The newest certificate; none until one was granted.
#[derive(Debug, Clone, Default)]
pub struct GrantedLeaf(Arc<ArcSwapOption<CertifiedKey>>);

impl GrantedLeaf {
    /// What the doors are to present.
    ///
    /// # Errors
    /// [`CertificateError::NotGranted`] if nothing was granted.
    pub(crate) fn load(&self) -> Result<CertifiedKey, CertificateError> {
        self.current().map(|leaf| CertifiedKey::clone(&leaf)).ok_or(CertificateError::NotGranted)
    }

    /// The same, to be compared with what it was before.
    pub(crate) fn current(&self) -> Option<Arc<CertifiedKey>> {
        self.0.load_full()
    }

    /// Takes another one: a chain, the leaf first, and its private key.
    pub(super) fn take(&self, chain: Vec<Vec<u8>>, private: &Secret<Vec<u8>>) -> Result<(), CertificateError> {
        let chain = chain.into_iter().map(CertificateDer::from).collect();
        let private = PrivatePkcs8KeyDer::from(private.expose().as_slice());
        let private = PrivateKeyDer::Pkcs8(private.clone_key());
        self.0.store(Some(Arc::new(CertifiedKey::from_der(chain, private, &tls::provider())?)));
        Ok(())
    }
}
