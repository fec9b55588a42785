//! The job that mails an invitation. The link is made when the letter is: it lies nowhere but in the letter.

use std::sync::Arc;

use ::jobs::{Handlers, JobError, NewJob};
use ::store::Tx;
use base::id::InvitationId;
use base::{Problem, ProblemResult, Secret};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{NewLink, make_link, open, store};
use crate::App;
use crate::authority::SystemTx;
use crate::mail::Letter;
use crate::organisations;
use crate::problem::store_failed;

const KIND: &str = "invitation.mail";

#[derive(Deserialize)]
struct Payload {
    invitation: InvitationId,
}

/// The handler of this feature's job.
#[must_use]
pub(crate) fn handlers(app: &Arc<App>, handlers: Handlers) -> Handlers {
    let app = Arc::downgrade(app);
    handlers.with(KIND, move |run| {
        let app = app.clone();
        async move {
            let app = app.upgrade().ok_or(JobError::Retry("stopping"))?;
            let Payload { invitation } = run.payload()?;
            mail(&app, invitation).await
        }
    })
}

/// Has an invitation mailed, once the transaction is durable.
pub(super) async fn enqueue(app: &App, tx: &mut Tx, invitation: InvitationId) -> ProblemResult<()> {
    let now = app.clock.now();
    let job = NewJob { kind: KIND, environment: None, payload: json!({ "invitation": invitation }), due_at: now };
    ::jobs::enqueue(tx, app.clock.as_ref(), app.rng.as_ref(), job).await.map(drop).map_err(store_failed)
}

async fn mail(app: &App, id: InvitationId) -> Result<Value, JobError> {
    let failed = |_: Problem| JobError::Retry("invitation_not_mailed");
    let mailer = app.mailer.as_ref().ok_or(JobError::Retry("no_mail_server"))?;
    // One that was withdrawn or accepted is gone.
    let Some(row) = store::get(&app.main, id, app.clock.now()).await? else { return Ok(json!({})) };
    let invitation = open(app, row).map_err(failed)?;
    let organisation = organisations::name_of(app, invitation.organisation).await.map_err(failed)?;
    let mut tx = SystemTx::begin(app).await.map_err(failed)?;
    let NewLink { link, hash } = make_link(app, &mut tx.0, id).await.map_err(failed)?;
    tx.commit().await.map_err(failed)?;
    let text = Secret::new(format!(
        "You are invited to work in {organisation} on Pilotfish.\n\nOpen this link to join; it is good once, until {}:\n\n{}\n\n\
         If you did not expect this, do nothing.\n",
        invitation.expires_at,
        link.expose(),
    ));
    let subject = "You are invited to Pilotfish".to_owned();
    mailer.send(Letter { to: invitation.email, subject, text }).await?;
    let mut tx = SystemTx::begin(app).await.map_err(failed)?;
    store::sent(&mut tx.0, id, &hash, app.clock.now()).await?;
    tx.commit().await.map_err(failed)?;
    Ok(json!({}))
}
