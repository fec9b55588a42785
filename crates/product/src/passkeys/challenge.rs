//! Challenges: what a key is to sign. They are not stored when they are made, so that nobody fills the store by asking;
//! a keyed hash in each says that it is ours, for what and until when. Those that were answered are kept until then:
//! each is good once.

use std::time::Duration;

use base::id::MemberId;
use base::{ProblemResult, Timestamp};
use data_encoding::BASE64URL_NOPAD;
use keys::{Aad, KeyKind, Owner, SecretKey, hash};

use super::store;
use crate::App;
use crate::authority::SystemTx;
use crate::hashed::Hashes;
use crate::problem::{internal, store_failed};

/// How long a challenge can be answered.
pub(super) const LIFE: Duration = Duration::from_mins(5);
const NONCE_LEN: usize = 16;
const LEN: usize = 8 + NONCE_LEN + 32;

/// What a challenge is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Signing in, whoever it is.
    SignIn,
    /// A proof of one member.
    Prove(MemberId),
    /// A new key of one member.
    Register(MemberId),
}

impl Purpose {
    fn fields(self) -> Aad {
        let (code, member) = match self {
            Self::SignIn => (1, [0; 16]),
            Self::Prove(member) => (2, member.bytes()),
            Self::Register(member) => (3, member.bytes()),
        };
        Aad::new("pilotfish/passkey-challenge/v1").u8(code).bytes(&member)
    }
}

/// Makes one, in base 64 for URLs.
pub(super) fn make(app: &App, purpose: Purpose) -> ProblemResult<String> {
    let (_, key) = app.keys.primary(KeyKind::Session, Owner::Installation).map_err(internal)?;
    let mut bytes = app.clock.now().plus(LIFE).micros().to_be_bytes().to_vec();
    bytes.extend(app.rng.bytes::<NONCE_LEN>());
    let tag = tag(&key, purpose, &bytes);
    bytes.extend(tag);
    Ok(BASE64URL_NOPAD.encode(&bytes))
}

/// Whether this is one of ours for this purpose, that nobody has answered; it is answered now.
pub(super) async fn take(app: &App, tx: &mut SystemTx, challenge: &str, purpose: Purpose) -> ProblemResult<bool> {
    let Some(bytes) = BASE64URL_NOPAD.decode(challenge.as_bytes()).ok().filter(|bytes| bytes.len() == LEN) else {
        return Ok(false);
    };
    let (said, given) = bytes.split_at(LEN - 32);
    let tags = Hashes::of(app, KeyKind::Session, |key| tag(key, purpose, said))?;
    let Some(expires) = said.first_chunk().map(|bytes| Timestamp(i64::from_be_bytes(*bytes))) else { return Ok(false) };
    if expires <= app.clock.now() || !tags.all.iter().any(|tag| hash::equal(tag, given)) {
        return Ok(false);
    }
    Ok(store::use_challenge(&mut tx.0, given, expires).await.map_err(store_failed)? == 1)
}

fn tag(key: &SecretKey, purpose: Purpose, said: &[u8]) -> [u8; 32] {
    hash::keyed(key, &purpose.fields().bytes(said))
}
