//! The job that follows the end of a membership: who works nowhere any more is forgotten; whose name and address were sealed
//! under the key of the organisation that they left has them sealed by another one of theirs.

use std::sync::Arc;

use ::jobs::{Handlers, JobError, NewJob};
use ::store::{StoreError, StoreResult, Tx};
use base::id::MemberId;
use base::{Problem, ProblemResult};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{reseal, store};
use crate::authority::SystemTx;
use crate::problem::store_failed;
use crate::{
    App, devices, email_changes, identity_providers, passkeys, password_resets, second_factors, sessions, sign_ins,
};

const KIND: &str = "members.tidy";

#[derive(Deserialize)]
struct Payload {
    member: MemberId,
}

/// The handler of this feature's job.
#[must_use]
pub(crate) fn handlers(app: &Arc<App>, handlers: Handlers) -> Handlers {
    let app = Arc::downgrade(app);
    handlers.with(KIND, move |run| {
        let app = app.clone();
        async move {
            let app = app.upgrade().ok_or(JobError::Retry("stopping"))?;
            let Payload { member } = run.payload()?;
            tidy(&app, member).await
        }
    })
}

/// Has it done for a member, once the transaction is durable.
pub(super) async fn enqueue(app: &App, tx: &mut Tx, member: MemberId) -> ProblemResult<()> {
    let now = app.clock.now();
    let job = NewJob { kind: KIND, environment: None, payload: json!({ "member": member }), due_at: now };
    ::jobs::enqueue(tx, app.clock.as_ref(), app.rng.as_ref(), job).await.map(drop).map_err(store_failed)
}

async fn tidy(app: &App, member: MemberId) -> Result<Value, JobError> {
    let failed = |_: Problem| JobError::Retry("member_not_tidied");
    let mut tx = SystemTx::begin(app).await.map_err(failed)?;
    let Some(row) = store::sealed(&mut tx.0, member).await? else { return Ok(json!({})) };
    let forgotten = if let Some(organisation) = store::any_organisation(&mut tx.0, member).await? {
        if !store::is_in(&mut tx.0, member, row.sealed_by).await? {
            reseal::to(app, &mut tx, &row, organisation).await.map_err(failed)?;
        }
        false
    } else {
        forget_all_of(&mut tx.0, member).await?;
        match store::forget(&mut tx.0, member).await {
            // They joined an organisation at this moment.
            Err(StoreError::Conflict) => return Err(JobError::Retry("member_has_joined")),
            other => other? > 0,
        }
    };
    tx.commit().await.map_err(failed)?;
    Ok(json!({ "forgotten": forgotten }))
}

/// Forgets what hangs on a member.
async fn forget_all_of(tx: &mut Tx, member: MemberId) -> StoreResult<()> {
    sessions::forget_of(tx, member).await?;
    password_resets::forget_of(tx, member).await?;
    second_factors::forget_of(tx, member).await?;
    passkeys::forget_of(tx, member).await?;
    devices::forget_of(tx, member).await?;
    email_changes::forget_of(tx, member).await?;
    identity_providers::forget_of(tx, member).await?;
    sign_ins::forget_of(tx, member).await.map(drop)
}
