//! A browser with a key in it, in software: written from the specification, beside the product's code.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

const ORIGIN: &str = "https://dashboard.localhost:8444";
pub(super) const RELYING_PARTY: &str = "dashboard.localhost";

pub(super) fn b64(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

/// A browser with a key in it.
pub(crate) struct Authenticator {
    pub(super) pair: EcdsaKeyPair,
    pub(super) credential: Vec<u8>,
    /// How often it signed; 0 for one that does not count.
    pub(crate) counter: u32,
    pub(crate) verifies: bool,
    pub(crate) touched: bool,
    pub(crate) origin: String,
    pub(crate) relying_party: String,
    pub(crate) cross_origin: bool,
    /// Whose key it is, as it was told when it was made.
    pub(crate) user: Value,
}

impl Authenticator {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            pair: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap(),
            credential: name.as_bytes().to_vec(),
            counter: 1,
            verifies: true,
            touched: true,
            origin: ORIGIN.to_owned(),
            relying_party: RELYING_PARTY.to_owned(),
            cross_origin: false,
            user: Value::Null,
        }
    }

    /// Another one with the same key in it.
    pub(super) fn copy(&self) -> Self {
        let pair = self.pair.to_pkcs8v1().unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pair.as_ref()).unwrap();
        let (credential, user) = (self.credential.clone(), self.user.clone());
        Self { pair, credential, user, counter: self.counter, ..Self::new("") }
    }

    fn client_data(&self, kind: &str, challenge: &str) -> Vec<u8> {
        let crossed = self.cross_origin;
        json!({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": crossed, "other": 1})
            .to_string()
            .into_bytes()
    }

    pub(super) fn data(&self, new: bool) -> Vec<u8> {
        let flags = u8::from(self.touched) | u8::from(self.verifies) << 2 | u8::from(new) << 6;
        let mut data = digest(&SHA256, self.relying_party.as_bytes()).as_ref().to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        if new {
            data.extend([7; 16]);
            data.extend(u16::try_from(self.credential.len()).unwrap().to_be_bytes());
            data.extend(&self.credential);
            // COSE's form of the public key, which nobody reads.
            data.extend([0xa0]);
        }
        data
    }

    /// What a browser's `credential.toJSON()` says of the new key.
    pub(crate) fn makes(&self, challenge: &str) -> Value {
        let public: PublicKeyX509Der<'_> = self.pair.public_key().as_der().unwrap();
        json!({
            "id": b64(&self.credential), "rawId": b64(&self.credential), "type": "public-key",
            "authenticatorAttachment": "platform", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": b64(&self.client_data("webauthn.create", challenge)), "attestationObject": "oA",
                "authenticatorData": b64(&self.data(true)), "publicKey": b64(public.as_ref()),
                "publicKeyAlgorithm": -7, "transports": ["internal"],
            },
        })
    }

    /// The same of one that signed.
    pub(crate) fn signs(&mut self, challenge: &str) -> Value {
        if self.counter > 0 {
            self.counter += 1;
        }
        let (client_data, data) = (self.client_data("webauthn.get", challenge), self.data(false));
        let signed = [data.as_slice(), digest(&SHA256, &client_data).as_ref()].concat();
        let signature = self.pair.sign(&SystemRandom::new(), &signed).unwrap();
        json!({
            "id": b64(&self.credential), "rawId": b64(&self.credential), "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": b64(&client_data), "authenticatorData": b64(&data), "signature": b64(signature.as_ref()),
                "userHandle": self.user,
            },
        })
    }
}
