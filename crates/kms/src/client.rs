//! The two calls of KMS. Errors name the call and KMS's own words, never key material or credentials.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base::{Clock, Secret};
use bytes::Bytes;
use data_encoding::BASE64;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::HeaderValue;
use hyper::{Request, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use keys::SecretKey;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::signature::{Scope, authorization, written};

/// How long a call may take, and how often one that failed on its way is made.
const TIMEOUT: Duration = Duration::from_secs(5);
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(300);
/// More than any question and any answer of these calls has.
const BODY: usize = 16 * 1024;
/// What KMS calls a refusal that passes.
const PASSING: &str = "ThrottlingException";
/// Refusals whose words repeat the headers that were signed, the session token among them.
const REPEATING: [&str; 3] = ["InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignatureException"];
/// Of other words no more than this, in characters.
const WORDS: usize = 300;

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
    /// Not the name of a region.
    #[error("{0:?} is not the name of a region")]
    Region(String),
    /// The endpoint cannot be asked safely. It is not shown: what stands in it may be a password.
    #[error(
        "the endpoint of KMS is https://HOST, without user, path and query; http is for a loopback address only, since keys are sent there"
    )]
    Endpoint,
    /// It is not known whom to trust.
    #[error("the certificates that this machine trusts cannot be read: {0}")]
    Roots(std::io::Error),
    /// Something that was given is no text for a header.
    #[error("what is to stand in the header {0} is not printable ASCII")]
    Unprintable(&'static str),
    /// Nobody answered, or what stands before KMS failed.
    #[error("{endpoint} gives no answer: {reason}")]
    Unreachable {
        /// Which endpoint was asked.
        endpoint: String,
        /// Why.
        reason: String,
    },
    /// KMS refused.
    #[error("KMS refuses to {call}: {code}{}", after_colon(.message))]
    Refused {
        /// What was asked.
        call: Call,
        /// KMS's name of the error.
        code: String,
        /// KMS's words.
        message: String,
    },
    /// What came is no answer of KMS.
    #[error("what answers at {endpoint} is not KMS: {status}")]
    Malformed {
        /// Which endpoint was asked.
        endpoint: String,
        /// The status of the answer.
        status: StatusCode,
    },
    /// KMS does not give back what it was given.
    #[error("what KMS sealed opens as another key")]
    Untrue,
    /// KMS refuses to open the root key.
    #[error("it does not open version {version} of the root key in {path}, which {kms_key} sealed: {source}")]
    NotOpened {
        /// Which version.
        version: u32,
        /// Where it lies.
        path: PathBuf,
        /// The KMS key that sealed it, as the file says.
        kms_key: String,
        /// KMS's refusal.
        source: Box<KmsError>,
    },
}

impl KmsError {
    /// What a refusal means for the root key in a file; other errors stay what they are.
    pub(crate) fn of_root(self, version: u32, path: &Path, kms_key: &str) -> Self {
        if !matches!(self, Self::Refused { .. }) {
            return self;
        }
        Self::NotOpened { version, path: path.to_owned(), kms_key: kms_key.to_owned(), source: Box::new(self) }
    }

    fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { code, .. } => code == PASSING,
            _ => false,
        }
    }
}

/// What is asked of KMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// To seal a key.
    Encrypt,
    /// To open what it sealed.
    Decrypt,
}

impl std::fmt::Display for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Encrypt => "encrypt",
            Self::Decrypt => "decrypt",
        })
    }
}

/// Asks KMS.
pub struct KmsClient {
    settings: Settings,
    endpoint: Url,
    http: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    clock: Arc<dyn Clock>,
}

/// A body that is wiped when nobody sends it any more.
struct Wiped(Secret<Vec<u8>>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        self.0.expose()
    }
}

type Context = BTreeMap<&'static str, String>;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Encrypt<'a> {
    key_id: &'a str,
    plaintext: &'a str,
    encryption_context: Context,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Decrypt<'a> {
    key_id: &'a str,
    ciphertext_blob: &'a str,
    encryption_context: Context,
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
    plaintext: Secret<String>,
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
        let region = &settings.region;
        if region.is_empty() || !region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(KmsError::Region(region.clone()));
        }
        let own = || format!("https://kms.{region}.amazonaws.com");
        let endpoint = endpoint(&settings.endpoint.clone().unwrap_or_else(own)).ok_or(KmsError::Endpoint)?;
        let trusting = HttpsConnectorBuilder::new()
            .with_provider_and_platform_verifier(rustls::crypto::aws_lc_rs::default_provider())
            .map_err(KmsError::Roots)?;
        let connecting = if endpoint.scheme() == "https" { trusting.https_only() } else { trusting.https_or_http() };
        let http =
            Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connecting.enable_http1().build());
        Ok(Self { settings, endpoint, http, clock })
    }

    /// The key that is named.
    pub fn key(&self) -> &str {
        &self.settings.key
    }

    /// Seals a key. The answer is the ARN of the KMS key that did, and what it made, in base64.
    pub(crate) async fn encrypt(&self, key: &SecretKey, version: u32) -> Result<(String, String), KmsError> {
        let plaintext = Secret::new(BASE64.encode(key.expose()));
        let (key_id, plaintext) = (self.key(), plaintext.expose().as_str());
        let request = Encrypt { key_id, plaintext, encryption_context: context(version) };
        let Encrypted { key_id, ciphertext_blob } = self.ask(Call::Encrypt, &request).await?;
        Ok((key_id, ciphertext_blob))
    }

    /// Opens what a KMS key sealed for this version.
    pub(crate) async fn decrypt(&self, kms_key: &str, sealed: &str, version: u32) -> Result<SecretKey, KmsError> {
        let request = Decrypt { key_id: kms_key, ciphertext_blob: sealed, encryption_context: context(version) };
        let Decrypted { plaintext } = self.ask(Call::Decrypt, &request).await?;
        let bytes = BASE64.decode(plaintext.expose().as_bytes()).map(Secret::new).ok();
        let key = bytes.and_then(|bytes| bytes.expose().as_slice().try_into().ok().map(Secret::new));
        key.ok_or_else(|| self.malformed(StatusCode::OK))
    }

    async fn ask<A: DeserializeOwned>(&self, call: Call, question: &impl Serialize) -> Result<A, KmsError> {
        // It does not grow, which would leave copies behind.
        let mut body = Vec::with_capacity(BODY);
        // What is asked are texts, and writing to memory cannot fail.
        let _ = serde_json::to_writer(&mut body, question);
        let body = Bytes::from_owner(Wiped(Secret::new(body)));
        let mut tried = 1;
        loop {
            match self.ask_once(call, body.clone()).await {
                Err(error) if error.is_passing() && tried < TRIES => {
                    tokio::time::sleep(PAUSE * tried).await;
                    tried += 1;
                }
                other => return other,
            }
        }
    }

    async fn ask_once<A: DeserializeOwned>(&self, call: Call, body: Bytes) -> Result<A, KmsError> {
        let request = self.request(call, body)?;
        let exchange = async {
            let answer = self.http.request(request).await.map_err(|error| self.unreachable(with_causes(&error)))?;
            let status = answer.status();
            let (mut body, mut read) = (Limited::new(answer.into_body(), BODY), Vec::with_capacity(BODY));
            while let Some(frame) = body.frame().await {
                let frame = frame.map_err(|error| self.unreachable(with_causes(error.as_ref())))?;
                read.extend_from_slice(frame.data_ref().map_or(&[], |data| &data[..]));
            }
            Ok::<_, KmsError>((status, Secret::new(read)))
        };
        let late = || self.unreachable(format!("nothing came within {} seconds", TIMEOUT.as_secs()));
        let (status, body) = tokio::time::timeout(TIMEOUT, exchange).await.map_err(|_| late())??;
        if status.is_success() {
            return serde_json::from_slice(body.expose()).map_err(|_| self.malformed(status));
        }
        if status.is_server_error() {
            return Err(self.unreachable(status.to_string()));
        }
        let Refusal { kind, message } = serde_json::from_slice(body.expose()).map_err(|_| self.malformed(status))?;
        let code = in_a_line(kind.rsplit('#').next().unwrap_or_default());
        let message = if REPEATING.contains(&code.as_str()) { String::new() } else { self.words(&message) };
        Err(KmsError::Refused { call, code, message })
    }

    /// KMS's words, without what must not be told.
    fn words(&self, message: &str) -> String {
        let token = self.settings.credentials.session_token.as_ref();
        let told = token.map_or_else(|| message.to_owned(), |token| message.replace(token.expose().as_str(), "…"));
        in_a_line(&told)
    }

    /// A signed request.
    fn request(&self, call: Call, body: Bytes) -> Result<Request<Full<Bytes>>, KmsError> {
        let Settings { region, credentials, .. } = &self.settings;
        let (host, at) = (self.host(), written(self.clock.now()));
        let target = match call {
            Call::Encrypt => "TrentService.Encrypt",
            Call::Decrypt => "TrentService.Decrypt",
        };
        let mut headers = vec![("content-type", "application/x-amz-json-1.1"), ("host", &host), ("x-amz-date", &at)];
        headers.extend(credentials.session_token.iter().map(|token| ("x-amz-security-token", token.expose().as_str())));
        headers.push(("x-amz-target", target));
        let authorization = authorization(credentials, &Scope { region, service: "kms" }, &at, &headers, &body);
        headers.push(("authorization", &authorization));

        let mut request = Request::new(Full::new(body));
        *request.method_mut() = hyper::Method::POST;
        *request.uri_mut() = self.endpoint.as_str().parse::<Uri>().map_err(|_| KmsError::Endpoint)?;
        for (name, value) in headers {
            let mut value = HeaderValue::from_str(value).map_err(|_| KmsError::Unprintable(name))?;
            value.set_sensitive(true);
            request.headers_mut().insert(name, value);
        }
        Ok(request)
    }

    fn host(&self) -> String {
        let host = self.endpoint.host_str().unwrap_or_default();
        self.endpoint.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    fn unreachable(&self, reason: String) -> KmsError {
        KmsError::Unreachable { endpoint: self.endpoint.to_string(), reason }
    }

    fn malformed(&self, status: StatusCode) -> KmsError {
        KmsError::Malformed { endpoint: self.endpoint.to_string(), status }
    }
}

/// What a sealed version is bound to. It stands in the account's own log of calls.
fn context(version: u32) -> Context {
    BTreeMap::from([("pilotfish", "root-key/v1".to_owned()), ("version", version.to_string())])
}

/// The endpoint, if keys may be sent there.
fn endpoint(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let loopback = match url.host()? {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
        Host::Domain(name) => name == "localhost",
    };
    let safe = url.scheme() == "https" || url.scheme() == "http" && loopback;
    let nobody = url.username().is_empty() && url.password().is_none();
    let plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    (safe && nobody && plain).then_some(url)
}

/// KMS's words, which some refusals are without.
fn after_colon(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}

/// The first line of a text, if it is not long.
fn in_a_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().filter(|letter| !letter.is_control()).take(WORDS).collect()
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
        for text in
            ["https://kms.eu-central-1.amazonaws.com", "http://127.0.0.1:4566", "http://[::1]:1/", "http://localhost:2"]
        {
            assert!(endpoint(text).is_some(), "{text}");
        }
        for text in [
            "http://kms.eu-central-1.amazonaws.com",
            "http://192.0.2.7",
            "http://localhost.example.org",
            "ftp://localhost",
            "https://host/path",
            "https://host/?query",
            "https://user:password@host",
            "host",
        ] {
            assert!(endpoint(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_region_is_no_part_of_a_host_that_somebody_else_has() {
        let credentials = Credentials {
            access_key_id: "id".to_owned(),
            secret_access_key: Secret::new("key".to_owned()),
            session_token: None,
        };
        let region = "x@example.org/#".to_owned();
        let settings = Settings { key: "alias/a".to_owned(), region, endpoint: None, credentials };
        let refused = KmsClient::new(settings, Arc::new(base::SystemClock)).err();
        assert!(matches!(refused, Some(KmsError::Region(_))), "{refused:?}");
    }
}
