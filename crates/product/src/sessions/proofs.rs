//! `POST /sessions/current/proofs`: the second factor after the password, and a fresh proof for what asks again.

use std::sync::Arc;

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use base::id::MemberId;
use base::{Code, Problem, ProblemResult, Secret};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::api::{CurrentSession, Peer, address};
use super::attempts;
use super::standing::{Level, ProofKind};
use crate::App;
use crate::audit::{self, By, Entry};
use crate::authority::{Can, OwnSession, SystemTx};
use crate::extract::Json;
use crate::members;
use crate::passkeys::{self, Signed};
use crate::second_factors;

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
    Json(proof): Json<Proof>,
) -> ProblemResult<Response> {
    let (member, session) = caller.member()?;
    let kind = proof.kind();
    if !caller.standing()?.next().contains(&kind) {
        return Err(Problem::new(Code::InvalidProof).detail("this proof cannot be given now; see next of the session"));
    }
    // A place in the queue first: who finds none has not been counted.
    let place = matches!(proof, Proof::Password { .. }).then(|| app.passwords.queue()).transpose()?;
    let attempt = attempts::count(&app, attempts::of_member(&app, member)?, address(&peer)).await?;
    if let (Proof::Password { password }, Some(place)) = (&proof, place) {
        members::is_password(&app, place, member, password).await?.then_some(()).ok_or_else(wrong)?;
    }
    let mut tx = SystemTx::begin(&app).await?;
    let level = take(&app, &mut tx, member, &proof).await?;
    attempts::forget(&mut tx, &attempt).await?;
    let token = super::prove(&app, &mut tx.0, session, level).await?;
    let (object, by, detail) = (session.to_string(), By::Caller(&caller), json!({"kind": kind}));
    let entry = Entry { action: "session.prove", object, detail, environment: None, by };
    audit::record(&app, &mut tx.0, entry).await?;
    tx.commit().await?;
    let body = super::api::read(&app, session).await?;
    Ok(([(header::SET_COOKIE, super::cookie(&token)?)], JsonBody(body)).into_response())
}

/// Uses a proof up, where it can be; what is proven then.
async fn take(app: &App, tx: &mut SystemTx, member: MemberId, proof: &Proof) -> ProblemResult<Level> {
    let right = match proof {
        Proof::Password { .. } => return Ok(Level::Password),
        Proof::Passkey(signed) => {
            let right = passkeys::prove(app, tx, signed, member).await?;
            return if right { Ok(Level::PhishingResistant) } else { Err(wrong()) };
        }
        Proof::Totp { code } => second_factors::take_totp(app, tx, member, code).await?,
        Proof::RecoveryCode { code } => second_factors::take_recovery_code(tx, member, code).await?,
    };
    if right { Ok(Level::Mfa) } else { Err(wrong()) }
}

fn wrong() -> Problem {
    Problem::new(Code::InvalidProof)
}
