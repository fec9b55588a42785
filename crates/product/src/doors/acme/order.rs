//! One order: an account, a proof for each name, a certificate for a key that was never used before.

use base::Secret;
use instant_acme::{
    Account, AccountCredentials, AuthorizationHandle, AuthorizationStatus, ChallengeType, Identifier, KeyAuthorization,
    NewAccount, NewOrder, OrderStatus, RetryPolicy,
};
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;

use super::files::Files;
use super::{AcmeError, AcmeSettings, Challenges, Proof};
use crate::doors::tls;

/// Asks for a certificate: its chain in PEM, and its private key in PKCS #8.
pub(super) async fn certificate(
    settings: &AcmeSettings,
    files: &Files,
    challenges: &Challenges,
) -> Result<(String, Secret<Vec<u8>>), AcmeError> {
    let account = account(settings, files).await?;
    let got = prove_and_finish(&account, settings, challenges).await;
    challenges.clear();
    got
}

async fn account(settings: &AcmeSettings, files: &Files) -> Result<Account, AcmeError> {
    let builder = match &settings.root {
        Some(root) => Account::builder_with_root(root)?,
        None => Account::builder()?,
    };
    let kept = files.account().and_then(|bytes| serde_json::from_slice::<AccountCredentials>(bytes.expose()).ok());
    if let Some(credentials) = kept {
        return Ok(builder.from_credentials(credentials).await?);
    }
    let contact = settings.email.iter().map(|email| format!("mailto:{email}")).collect::<Vec<_>>();
    let contact = contact.iter().map(String::as_str).collect::<Vec<_>>();
    let wanted = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
    let (account, credentials) = builder.create(&wanted, settings.directory.clone(), None).await?;
    let bytes = serde_json::to_vec(&credentials).map_err(instant_acme::Error::Json)?;
    files.write_account(&Secret::new(bytes))?;
    Ok(account)
}

async fn prove_and_finish(
    account: &Account,
    settings: &AcmeSettings,
    challenges: &Challenges,
) -> Result<(String, Secret<Vec<u8>>), AcmeError> {
    let names: Vec<Identifier> = settings.hosts.iter().cloned().map(Identifier::Dns).collect();
    let mut order = account.new_order(&NewOrder::new(&names)).await?;
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let authorization = authorization?;
        if authorization.status != AuthorizationStatus::Valid {
            prove(authorization, settings.proof, challenges).await?;
        }
    }
    let patience = RetryPolicy::default();
    if order.poll_ready(&patience).await? != OrderStatus::Ready {
        return Err(AcmeError::NotProven);
    }
    let key = KeyPair::generate().map_err(unusable)?;
    let mut params = CertificateParams::new(settings.hosts.clone()).map_err(unusable)?;
    params.distinguished_name = DistinguishedName::new();
    let request = params.serialize_request(&key).map_err(unusable)?;
    order.finalize_csr(request.der()).await?;
    let chain = order.poll_certificate(&patience).await?;
    Ok((chain, Secret::new(key.serialize_der())))
}

async fn prove(
    mut authorization: AuthorizationHandle<'_>,
    proof: Proof,
    challenges: &Challenges,
) -> Result<(), AcmeError> {
    let host = authorization.identifier().to_string();
    let kind = match proof {
        Proof::Http => ChallengeType::Http01,
        Proof::Tls => ChallengeType::TlsAlpn01,
    };
    let mut challenge = authorization.challenge(kind).ok_or_else(|| AcmeError::NotOffered(proof, host.clone()))?;
    let answer = challenge.key_authorization();
    match proof {
        Proof::Http => challenges.put_text(challenge.token.clone(), answer.as_str().to_owned()),
        Proof::Tls => challenges.put_certificate(host.to_ascii_lowercase(), proving_certificate(&host, &answer)?),
    }
    Ok(challenge.set_ready().await?)
}

/// The certificate that proves a name (RFC 8737): signed by itself, and carrying a hash of the answer.
fn proving_certificate(host: &str, answer: &KeyAuthorization) -> Result<CertifiedKey, AcmeError> {
    let key = KeyPair::generate().map_err(unusable)?;
    let mut params = CertificateParams::new(vec![host.to_owned()]).map_err(unusable)?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(answer.digest().as_ref())];
    let certificate = params.self_signed(&key).map_err(unusable)?;
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    // Not checked as others are: its critical extension is known to authorities only.
    let key = tls::provider().key_provider.load_private_key(private).map_err(unusable)?;
    Ok(CertifiedKey::new(vec![certificate.der().clone()], key))
}

fn unusable(error: impl std::fmt::Display) -> AcmeError {
    AcmeError::Unusable(error.to_string())
}
