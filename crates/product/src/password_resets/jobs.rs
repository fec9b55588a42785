//! The job that mails the link of a forgotten password. The link is made when the letter is: it lies nowhere but in the letter.

use std::sync::Arc;

use ::jobs::{Handlers, JobError, NewJob};
use base::id::MemberId;
use base::{Problem, ProblemResult, Secret};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{NewLink, PAUSE, make_link, store};
use crate::App;
use crate::authority::SystemTx;
use crate::mail::Letter;
use crate::members;
use crate::problem::store_failed;

const KIND: &str = "password_reset.mail";

#[derive(Deserialize)]
struct Payload {
    member: Option<MemberId>,
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
            mail(&app, member).await
        }
    })
}

/// Has a link mailed to a member. Also where there is none, so that asking takes as long.
pub(super) async fn enqueue(app: &App, member: Option<MemberId>) -> ProblemResult<()> {
    let mut tx = SystemTx::begin(app).await?;
    let now = app.clock.now();
    let job = NewJob { kind: KIND, environment: None, payload: json!({ "member": member }), due_at: now };
    ::jobs::enqueue(&mut tx.0, app.clock.as_ref(), app.rng.as_ref(), job).await.map_err(store_failed)?;
    tx.commit().await
}

async fn mail(app: &App, member: Option<MemberId>) -> Result<Value, JobError> {
    let failed = |_: Problem| JobError::Retry("reset_not_mailed");
    let mailer = app.mailer.as_ref().ok_or(JobError::Retry("no_mail_server"))?;
    let Some(member) = member else { return Ok(json!({})) };
    let mut tx = SystemTx::begin(app).await.map_err(failed)?;
    // The link is of the address that it goes to: who changes one of them waits, and ends the link.
    let to = members::hold_address(app, &mut tx, member).await.map_err(failed)?;
    // Whoever was removed meanwhile is gone.
    let Some(to) = to else { return Ok(json!({})) };
    if store::was_sent_after(&mut tx.0, member, app.clock.now().minus(PAUSE)).await? {
        return Ok(json!({}));
    }
    let NewLink { link, hash } = make_link(app, &mut tx, member).await.map_err(failed)?;
    tx.commit().await.map_err(failed)?;
    let text = Secret::new(format!(
        "Somebody, probably you, asked for a new password for Pilotfish.\n\nOpen this link to choose one; it is good once, \
         for half an hour:\n\n{}\n\nIf it was not you, do nothing: your password stays.\n",
        link.expose(),
    ));
    mailer.send(Letter { to, subject: "A new password for Pilotfish".to_owned(), text }).await?;
    let mut tx = SystemTx::begin(app).await.map_err(failed)?;
    store::sent(&mut tx.0, member, &hash, app.clock.now()).await?;
    tx.commit().await.map_err(failed)?;
    Ok(json!({}))
}
