//! The two calls of KMS, signed with Signature Version 4. Errors name the call and KMS's own words, never key material.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use base::{Clock, Secret};
use data_encoding::BASE64;
use keys::SecretKey;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// How long a call may take, and how often one that failed on its way is made.
const TIMEOUT: Duration = Duration::from_secs(5);
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(300);
/// What KMS calls a passing refusal.
const PASSING: [&str; 3] = ["ThrottlingException", "KMSInternalException", "DependencyTimeoutException"];

/// What the operator's AWS account lets this process in with.
#[derive(Clone)]
pub struct Credentials {
    /// The id of the access key.
    pub access_key_id: String,
    /// The access key.
    pub secret_access_key: Secret<String>,
    /// Of a role that was taken on for a while.
    pub session_token: Option<Secret<String>>,
}

/// Which KMS, and which key of it.
#[derive(Clone)]
pub struct Settings {
    /// The key's ARN or id, or an alias: `alias/…`.
    pub key: String,
    /// The region.
    pub region: String,
    /// Another endpoint than the region's.
    pub endpoint: Option<String>,
    /// What lets this process in.
    pub credentials: Credentials,
}

/// Why KMS did not do it.
#[derive(Debug, thiserror::Error)]
pub enum KmsError {
    /// The endpoint cannot be asked safely.
    #[error(
        "{0} is no endpoint for KMS: name it as https://HOST; http is for a loopback address only, since keys are sent"
    )]
    Endpoint(String),
    /// Nobody answered.
    #[error("{endpoint} does not answer: {reason}")]
    Unreachable {
        /// Which endpoint was asked.
        endpoint: String,
        /// Why.
        reason: String,
    },
    /// KMS refused.
    #[error("KMS refuses to {call}: {code}: {message}")]
    Refused {
        /// What was asked.
        call: &'static str,
        /// KMS's name of the error.
        code: String,
        /// KMS's words.
        message: String,
    },
    /// What came is no answer of KMS.
    #[error("what answers at {0} is not KMS")]
    Malformed(String),
    /// The request could not be signed.
    #[error("the request could not be signed: {0}")]
    Signing(String),
}

impl KmsError {
    /// Whether the bytes are another key's, or were changed.
    pub(crate) fn is_wrong_key(&self) -> bool {
        let wrong = ["IncorrectKeyException", "InvalidCiphertextException"];
        matches!(self, Self::Refused { code, .. } if wrong.contains(&code.as_str()))
    }

    fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { code, .. } => PASSING.contains(&code.as_str()),
            _ => false,
        }
    }
}

/// Asks KMS.
pub struct KmsClient {
    settings: Settings,
    endpoint: Url,
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Encrypt<'a> {
    key_id: &'a str,
    plaintext: &'a str,
    encryption_context: &'a BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Decrypt<'a> {
    key_id: &'a str,
    ciphertext_blob: &'a str,
    encryption_context: &'a BTreeMap<&'static str, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Encrypted {
    key_id: String,
    ciphertext_blob: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Decrypted {
    plaintext: String,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(rename = "__type")]
    kind: String,
    #[serde(alias = "Message", default)]
    message: String,
}

impl KmsClient {
    /// Asks nobody yet.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, KmsError> {
        let own = || format!("https://kms.{}.amazonaws.com", settings.region);
        let text = settings.endpoint.clone().unwrap_or_else(own);
        let endpoint = Url::parse(&text).ok().filter(is_safe).ok_or_else(|| KmsError::Endpoint(text.clone()))?;
        // Somebody else in this process may have chosen it already.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let http = reqwest::Client::builder().timeout(TIMEOUT).build();
        let http = http.map_err(|error| KmsError::Unreachable { endpoint: text, reason: with_causes(&error) })?;
        Ok(Self { settings, endpoint, http, clock })
    }

    /// The key that is named.
    pub fn key(&self) -> &str {
        &self.settings.key
    }

    /// Seals a key. The answer is the ARN of the KMS key that did, and what it made, in base64.
    pub(crate) async fn encrypt(&self, key: &SecretKey, version: u32) -> Result<(String, String), KmsError> {
        let plaintext = Secret::new(BASE64.encode(key.expose()));
        let (plaintext, context) = (plaintext.expose().as_str(), context(version));
        let request = Encrypt { key_id: &self.settings.key, plaintext, encryption_context: &context };
        let Encrypted { key_id, ciphertext_blob } = self.call("Encrypt", &request).await?;
        Ok((key_id, ciphertext_blob))
    }

    /// Opens what a KMS key sealed for this version.
    pub(crate) async fn decrypt(&self, kms_key: &str, sealed: &str, version: u32) -> Result<SecretKey, KmsError> {
        let context = context(version);
        let request = Decrypt { key_id: kms_key, ciphertext_blob: sealed, encryption_context: &context };
        let Decrypted { plaintext } = self.call("Decrypt", &request).await?;
        let plaintext = Secret::new(plaintext);
        let malformed = || KmsError::Malformed(self.endpoint.to_string());
        let bytes = BASE64.decode(plaintext.expose().as_bytes()).map(Secret::new).map_err(|_| malformed())?;
        bytes.expose().as_slice().try_into().map(Secret::new).map_err(|_| malformed())
    }

    async fn call<A: for<'de> Deserialize<'de>>(
        &self,
        call: &'static str,
        request: &impl Serialize,
    ) -> Result<A, KmsError> {
        let body = serde_json::to_vec(request).map_err(|error| KmsError::Signing(error.to_string()))?;
        let body = Secret::new(body);
        let mut tried = 1;
        loop {
            match self.call_once(call, body.expose()).await {
                Err(error) if error.is_passing() && tried < TRIES => {
                    tokio::time::sleep(PAUSE * tried).await;
                    tried += 1;
                }
                other => return other,
            }
        }
    }

    async fn call_once<A: for<'de> Deserialize<'de>>(&self, call: &'static str, body: &[u8]) -> Result<A, KmsError> {
        let headers = [
            ("content-type", "application/x-amz-json-1.1".to_owned()),
            ("x-amz-target", format!("TrentService.{call}")),
            ("host", self.host()),
        ];
        let mut asking = self.http.post(self.endpoint.clone()).body(body.to_vec());
        for (name, value) in headers.iter().chain(&self.signature(&headers, body)?) {
            asking = asking.header(*name, value);
        }
        let unreachable = |error: reqwest::Error| KmsError::Unreachable {
            endpoint: self.endpoint.to_string(),
            reason: with_causes(&error.without_url()),
        };
        let answer = asking.send().await.map_err(unreachable)?;
        let status = answer.status();
        let bytes = Secret::new(answer.bytes().await.map_err(unreachable)?.to_vec());
        let malformed = |_| KmsError::Malformed(self.endpoint.to_string());
        if status.is_success() {
            return serde_json::from_slice(bytes.expose()).map_err(malformed);
        }
        let Refusal { kind, message } = serde_json::from_slice(bytes.expose()).map_err(malformed)?;
        let code = kind.rsplit('#').next().unwrap_or_default().to_owned();
        Err(KmsError::Refused { call: if call == "Encrypt" { "encrypt" } else { "decrypt" }, code, message })
    }

    /// The headers that sign a request.
    fn signature(
        &self,
        headers: &[(&'static str, String)],
        body: &[u8],
    ) -> Result<Vec<(&'static str, String)>, KmsError> {
        let failed = |error: &dyn Error| KmsError::Signing(with_causes(error));
        let Credentials { access_key_id, secret_access_key, session_token } = &self.settings.credentials;
        let token = session_token.as_ref().map(|token| token.expose().clone());
        let (id, key) = (access_key_id.clone(), secret_access_key.expose().clone());
        let identity = aws_credential_types::Credentials::new(id, key, token, None, "pilotfish").into();
        let since = u64::try_from(self.clock.now().seconds()).unwrap_or_default();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.settings.region)
            .name("kms")
            .time(SystemTime::UNIX_EPOCH + Duration::from_secs(since))
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| failed(&error))?
            .into();
        let signed = headers.iter().map(|(name, value)| (*name, value.as_str()));
        let request = SignableRequest::new("POST", self.endpoint.as_str(), signed, SignableBody::Bytes(body));
        let output = sign(request.map_err(|error| failed(&error))?, &params).map_err(|error| failed(&error))?;
        let (instructions, _) = output.into_parts();
        let (headers, _) = instructions.into_parts();
        Ok(headers.into_iter().map(|header| (header.name(), header.value().to_owned())).collect())
    }

    fn host(&self) -> String {
        let host = self.endpoint.host_str().unwrap_or_default();
        self.endpoint.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

/// What a sealed version is bound to. It stands in the account's own log of calls.
fn context(version: u32) -> BTreeMap<&'static str, String> {
    BTreeMap::from([("pilotfish", "root-key/v1".to_owned()), ("version", version.to_string())])
}

/// Whether keys may be sent there.
fn is_safe(endpoint: &Url) -> bool {
    let loopback = match endpoint.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    endpoint.path() == "/" && (endpoint.scheme() == "https" || endpoint.scheme() == "http" && loopback)
}

/// An error and what led to it.
fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sent_over_tls_or_to_this_machine() {
        let safe = |text: &str| is_safe(&Url::parse(text).unwrap());
        for endpoint in
            ["https://kms.eu-central-1.amazonaws.com", "http://127.0.0.1:4566", "http://[::1]:1", "http://localhost:2"]
        {
            assert!(safe(endpoint), "{endpoint}");
        }
        for endpoint in
            ["http://kms.eu-central-1.amazonaws.com", "http://192.0.2.7", "ftp://localhost", "https://host/path"]
        {
            assert!(!safe(endpoint), "{endpoint}");
        }
    }
}
