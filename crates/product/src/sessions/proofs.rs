//! `POST /sessions/current/proofs`: the second factor after the password, and a fresh proof for what asks again.

use std::sync::Arc;

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{AppendHeaders, IntoResponse as _, Response};
use base::id::MemberId;
use base::{Code, Problem, ProblemResult, Secret};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::api::{CurrentSession, Peer, known_device, origin};
use super::attempts::{self, Attempt};
use super::standing::{Level, ProofKind};
use super::store;
use crate::App;
use crate::authority::{Caller, Can, OwnSession, SystemTx};
use crate::extract::Json;
use crate::members::{self, Place};
use crate::passkeys::{self, Signed};
use crate::problem::store_failed;
use crate::second_factors;
use crate::sign_ins::{self, Origin, Outcome};

/// A proof of who one is.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Proof {
    /// The password, of whom has no second factor.
    Password {
        #[schema(value_type = String, format = Password)]
        password: Secret<String>,
    },
    /// A passkey or a security key.
    Passkey(Signed),
    /// A one-time code.
    Totp {
        #[schema(value_type = String, format = Password)]
        code: Secret<String>,
    },
    /// A recovery code, which is used up.
    RecoveryCode {
        #[schema(value_type = String, format = Password)]
        code: Secret<String>,
    },
}

impl Proof {
    const fn kind(&self) -> ProofKind {
        match self {
            Self::Password { .. } => ProofKind::Password,
            Self::Passkey(_) => ProofKind::Passkey,
            Self::Totp { .. } => ProofKind::Totp,
            Self::RecoveryCode { .. } => ProofKind::RecoveryCode,
        }
    }
}

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(prove))
}

/// Prove who one is: with a second factor after the password, or once more.
#[utoipa::path(post, path = "/sessions/current/proofs", tag = "sessions", operation_id = "prove", request_body = Proof,
    responses((status = 200, body = CurrentSession), (status = 403, description = "invalid_proof"),
              (status = 429, description = "too_many_requests")))]
async fn prove(
    Can { caller, .. }: Can<OwnSession>,
    State(app): State<Arc<App>>,
    peer: Peer,
    headers: HeaderMap,
    Json(proof): Json<Proof>,
) -> ProblemResult<Response> {
    let (member, session) = caller.member()?;
    let (kind, standing) = (proof.kind(), caller.standing()?);
    if !standing.next().contains(&kind) {
        return Err(Problem::new(Code::InvalidProof).detail("this proof cannot be given now; see next of the session"));
    }
    let from = origin(&app, &peer, &headers).await?;
    // A place in the queue first: who finds none has not been counted.
    let place = matches!(proof, Proof::Password { .. }).then(|| app.passwords.queue()).transpose()?;
    let known = from.known.filter(|known| known.member == member).map(|known| known.id);
    let attempt = attempts::count_proof(&app, kind, member, known, from.address).await?;
    let token = proven_by(&app, &from, &caller, &proof, place, &attempt).await?;
    let mut cookies = vec![(header::SET_COOKIE, super::cookie(&token)?)];
    if standing.is_unproven() {
        cookies.push((header::SET_COOKIE, known_device(&app, &from, member).await?));
    }
    let body = super::api::read(&app, session).await?;
    Ok((AppendHeaders(cookies), JsonBody(body)).into_response())
}

/// Looks at a proof and writes what it proves; the session's new token.
///
/// # Errors
/// 403 `invalid_proof`. What a wrong one used up, such as a challenge, stays so.
async fn proven_by(
    app: &App,
    from: &Origin<'_>,
    caller: &Caller,
    proof: &Proof,
    place: Option<Place>,
    attempt: &Attempt,
) -> ProblemResult<Secret<String>> {
    let (member, session) = caller.member()?;
    let is_password = match (proof, place) {
        (Proof::Password { password }, Some(place)) => members::is_password(app, place, member, password).await?,
        _ => false,
    };
    let mut tx = SystemTx::begin(app).await?;
    let Some(level) = take(app, &mut tx, member, proof, is_password).await? else {
        sign_ins::note(app, &mut tx, from, Some(member), proof.kind(), Outcome::Wrong).await?;
        tx.commit().await?;
        return Err(Problem::new(Code::InvalidProof));
    };
    attempts::forget(&mut tx, attempt).await?;
    store::set_proven_here(&mut tx.0, session).await.map_err(store_failed)?;
    let token = super::prove(app, &mut tx.0, session, level).await?;
    sign_ins::note(app, &mut tx, from, Some(member), proof.kind(), Outcome::Right).await?;
    tx.commit().await?;
    Ok(token)
}

/// Uses a proof up, where it can be; what is proven then, if it is right.
async fn take(
    app: &App,
    tx: &mut SystemTx,
    member: MemberId,
    proof: &Proof,
    is_password: bool,
) -> ProblemResult<Option<Level>> {
    let (right, level) = match proof {
        Proof::Password { .. } => (is_password, Level::Password),
        Proof::Passkey(signed) => (passkeys::prove(app, tx, signed, member).await?, Level::PhishingResistant),
        Proof::Totp { code } => (second_factors::take_totp(app, tx, member, code).await?, Level::Mfa),
        Proof::RecoveryCode { code } => {
            (second_factors::take_recovery_code(tx, member, code).await?, Level::RecoveryCode)
        }
    };
    Ok(right.then_some(level))
}
