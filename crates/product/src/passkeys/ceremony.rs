//! What a browser and a key say, and whether it is so: WebAuthn level 3, sections 7.1 and 7.2, for the attestation
//! `none`.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, VerificationAlgorithm,
};
use base::id::MemberId;
use base::{Code, Problem, ProblemResult};
use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use utoipa::ToSchema;

use super::store::Key;
use crate::App;
use crate::routers::host_of;

/// COSE's numbers of what a key may sign with: ES256, EdDSA, RS256.
pub(super) const ALGORITHMS: [i64; 3] = [-7, -8, -257];
const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const HAS_CREDENTIAL: u8 = 1 << 6;
const LONGEST_CREDENTIAL: usize = 1023;

/// `credential.toJSON()` of a key that signed. What else it says is not looked at.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Assertion {
    /// Base 64 for URLs, as all of them.
    raw_id: String,
    response: AssertionResponse,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AssertionResponse {
    #[serde(rename = "clientDataJSON")]
    client_data_json: String,
    authenticator_data: String,
    signature: String,
    /// Whose key it says it is; security keys beside a password need not say.
    user_handle: Option<String>,
}

/// `credential.toJSON()` of a new key.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Registration {
    raw_id: String,
    response: RegistrationResponse,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RegistrationResponse {
    #[serde(rename = "clientDataJSON")]
    client_data_json: String,
    authenticator_data: String,
    /// SubjectPublicKeyInfo.
    public_key: Option<String>,
    public_key_algorithm: i64,
}

/// What the browser says that it asked the key for, and where.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
}

/// What a key says of itself.
struct AuthenticatorData<'a> {
    flags: u8,
    counter: u32,
    /// The id of a new key.
    credential: Option<&'a [u8]>,
}

/// A new key.
pub(super) struct NewKey {
    pub(super) credential: Vec<u8>,
    pub(super) public_key: Vec<u8>,
    pub(super) algorithm: i64,
    pub(super) counter: u32,
    pub(super) owner_verified: bool,
}

/// A key that signed.
pub(super) struct SeenKey {
    pub(super) counter: u32,
    pub(super) owner_verified: bool,
}

impl Assertion {
    /// The key's own id, as it was said.
    pub(super) fn said_id(&self) -> &str {
        &self.raw_id
    }

    /// The key's own id.
    pub(super) fn id(&self) -> Option<Vec<u8>> {
        decode(&self.raw_id).filter(|id| id.len() <= LONGEST_CREDENTIAL)
    }

    /// Whether the key says that it is this member's; nothing if it does not say whose it is.
    pub(super) fn names(&self, member: MemberId) -> Option<bool> {
        let handle = self.response.user_handle.as_deref().filter(|handle| !handle.is_empty())?;
        Some(decode(handle).is_some_and(|handle| handle == member.bytes()))
    }

    /// What the key says, if it is this one that signed this challenge for this dashboard.
    pub(super) fn verify(&self, app: &App, challenge: &str, key: &Key) -> Option<SeenKey> {
        let (client_data, said) =
            (decode(&self.response.client_data_json)?, decode(&self.response.authenticator_data)?);
        if !is_from_us(app, &client_data, "webauthn.get", challenge) {
            return None;
        }
        let data = read(app, &said)?;
        let signed = [said.as_slice(), sha256(&client_data).as_ref()].concat();
        let public = ParsedPublicKey::new(algorithm(key.algorithm)?, &key.public_key).ok()?;
        public.verify_sig(&signed, &decode(&self.response.signature)?).ok()?;
        Some(SeenKey { counter: data.counter, owner_verified: data.flags & USER_VERIFIED != 0 })
    }
}

impl Registration {
    /// The new key.
    ///
    /// # Errors
    /// 403 `invalid_proof` if it was not made for this challenge and this dashboard; 422 if it cannot be used here.
    pub(super) fn verify(&self, app: &App, challenge: &str) -> ProblemResult<NewKey> {
        let wrong = || Problem::new(Code::InvalidProof);
        let client_data = decode(&self.response.client_data_json).ok_or_else(wrong)?;
        let said = decode(&self.response.authenticator_data).ok_or_else(wrong)?;
        if !is_from_us(app, &client_data, "webauthn.create", challenge) {
            return Err(wrong());
        }
        let data = read(app, &said).ok_or_else(wrong)?;
        let credential = decode(&self.raw_id).filter(|id| data.credential == Some(id)).ok_or_else(wrong)?;
        let (number, key) = (self.response.public_key_algorithm, self.response.public_key.as_deref());
        let usable = algorithm(number).and_then(|algorithm| {
            let bytes = decode(key?)?;
            ParsedPublicKey::new(algorithm, &bytes).ok().map(|_| bytes)
        });
        let public_key = usable.ok_or_else(|| {
            let detail = "this key signs with something else than ES256, EdDSA or RS256: use another one";
            Problem::new(Code::InvalidValue).field("/credential/response/publicKey", detail)
        })?;
        let owner_verified = data.flags & USER_VERIFIED != 0;
        Ok(NewKey { credential, public_key, algorithm: number, counter: data.counter, owner_verified })
    }
}

/// Whether it was asked for by a page of this dashboard, for this challenge.
fn is_from_us(app: &App, client_data: &[u8], kind: &str, challenge: &str) -> bool {
    let Ok(said) = serde_json::from_slice::<ClientData>(client_data) else { return false };
    said.r#type == kind && said.challenge == challenge && said.origin == app.urls.dashboard && !said.cross_origin
}

/// Reads what a key says, if it says it to this dashboard and was touched.
fn read<'a>(app: &App, bytes: &'a [u8]) -> Option<AuthenticatorData<'a>> {
    let (of, rest) = bytes.split_first_chunk::<32>()?;
    let (flags, rest) = rest.split_first()?;
    let (counter, rest) = rest.split_first_chunk::<4>()?;
    if of.as_slice() != sha256(relying_party(app).as_bytes()).as_ref() || flags & USER_PRESENT == 0 {
        return None;
    }
    let credential = if flags & HAS_CREDENTIAL == 0 { None } else { Some(credential(rest)?) };
    Some(AuthenticatorData { flags: *flags, counter: u32::from_be_bytes(*counter), credential })
}

/// The id of a new key: after the model of its device, with its length before it.
fn credential(rest: &[u8]) -> Option<&[u8]> {
    let (_model, rest) = rest.split_first_chunk::<16>()?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let length = usize::from(u16::from_be_bytes(*length));
    rest.get(..length).filter(|id| (1..=LONGEST_CREDENTIAL).contains(&id.len()))
}

/// The name that keys are made for: the dashboard's host.
pub(super) fn relying_party(app: &App) -> &str {
    host_of(&app.urls.dashboard)
}

fn algorithm(number: i64) -> Option<&'static dyn VerificationAlgorithm> {
    match number {
        -7 => Some(&ECDSA_P256_SHA256_ASN1),
        -8 => Some(&ED25519),
        -257 => Some(&RSA_PKCS1_2048_8192_SHA256),
        _ => None,
    }
}

fn sha256(bytes: &[u8]) -> aws_lc_rs::digest::Digest {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes)
}

fn decode(text: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(text.trim_end_matches('=').as_bytes()).ok()
}
