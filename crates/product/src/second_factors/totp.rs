//! One-time codes: six digits, SHA-1, half a minute, as every authenticator app makes them. A code of the step before or after
//! is taken too, since clocks differ; none of a step that was used, or of one before it.

use base::id::MemberId;
use base::{Code, Personal, Problem, ProblemResult, Secret};
use keys::{Aad, KeyKind, Owner};
use totp_rs::{Builder, Totp, TotpError};

use super::store::{self, State};
use crate::App;
use crate::authority::SystemTx;
use crate::problem::{internal, store_failed};
use crate::sealed;

const SECRET_LEN: usize = 20;
const ISSUER: &str = "Pilotfish";

/// What an authenticator app is given.
pub(super) struct NewTotp {
    /// To be typed: base 32.
    pub(super) secret: Secret<String>,
    /// To be shown as a QR code.
    pub(super) uri: Secret<String>,
}

/// Makes a secret for a member, in the place of one that was not confirmed. It is no factor until a code of it has been given.
pub(super) async fn begin(
    app: &App,
    tx: &mut SystemTx,
    member: MemberId,
    email: &Personal<String>,
) -> ProblemResult<NewTotp> {
    let bytes = app.rng.bytes::<SECRET_LEN>();
    let sealed = sealed::seal(app, KeyKind::SecondFactor, Owner::Installation, &context(member), &bytes)?;
    store::set_totp(&mut tx.0, member, State::Pending, &sealed, app.clock.now()).await.map_err(store_failed)?;
    // A colon parts the issuer from the account.
    let account = email.open().trim().replace(':', "_");
    let totp = builder(&bytes).with_account_name(account).with_issuer(Some(ISSUER)).build().map_err(internal)?;
    let (secret, uri) = (totp.secret().to_base32(), totp.to_url().map_err(internal)?);
    Ok(NewTotp { secret: Secret::new(secret), uri: Secret::new(uri) })
}

/// Makes the pending secret the member's, if this is a code of it.
///
/// # Errors
/// 409 if none is pending; 403 `invalid_proof` for a wrong code.
pub(super) async fn confirm(
    app: &App,
    tx: &mut SystemTx,
    member: MemberId,
    code: &Secret<String>,
) -> ProblemResult<()> {
    let nothing = || Problem::new(Code::Conflict).detail("there is nothing to confirm: begin again");
    let pending = store::totp(&mut tx.0, member, State::Pending).await.map_err(store_failed)?.ok_or_else(nothing)?;
    let step = step_of(app, member, &pending.secret, code)?.ok_or_else(|| Problem::new(Code::InvalidProof))?;
    store::remove_totp(&mut tx.0, member, State::Confirmed).await.map_err(store_failed)?;
    let confirmed = store::confirm_totp(&mut tx.0, member, step, app.clock.now()).await.map_err(store_failed)?;
    if confirmed == 1 { Ok(()) } else { Err(nothing()) }
}

/// Whether this is a code of the member's that was not used, which it is from now on.
pub(crate) async fn take(app: &App, tx: &mut SystemTx, member: MemberId, code: &Secret<String>) -> ProblemResult<bool> {
    let Some(own) = store::totp(&mut tx.0, member, State::Confirmed).await.map_err(store_failed)? else {
        return Ok(false);
    };
    let Some(step) = step_of(app, member, &own.secret, code)? else { return Ok(false) };
    Ok(store::use_step(&mut tx.0, member, step).await.map_err(store_failed)? == 1)
}

/// Of which step this is a code.
fn step_of(app: &App, member: MemberId, sealed: &[u8], code: &Secret<String>) -> ProblemResult<Option<i64>> {
    let bytes = sealed::open(app, KeyKind::SecondFactor, Owner::Installation, &context(member), sealed)?;
    let totp = totp(bytes.expose()).map_err(internal)?;
    let digits: Secret<String> = Secret::new(code.expose().chars().filter(|c| !c.is_whitespace()).collect());
    let now = u64::try_from(app.clock.now().seconds()).unwrap_or(0);
    Ok(totp.check(digits.expose(), now).and_then(|step| i64::try_from(step).ok()))
}

fn builder(secret: &[u8]) -> Builder {
    Builder::new().with_secret(totp_rs::Secret::new(secret.into()))
}

fn totp(secret: &[u8]) -> Result<Totp, TotpError> {
    builder(secret).with_account_name("").build()
}

pub(super) fn context(member: MemberId) -> Aad {
    Aad::new("pilotfish/totp/v1").bytes(&member.bytes())
}
