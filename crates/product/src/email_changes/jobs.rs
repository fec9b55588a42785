//! The job that mails the link of another address, there. The link is made when the letter is.

use std::sync::Arc;

use ::jobs::{Handlers, JobError, NewJob};
use ::store::Tx;
use base::id::MemberId;
use base::{Problem, ProblemResult, Secret};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{make_link, open, store};
use crate::App;
use crate::authority::SystemTx;
use crate::mail::Letter;
use crate::members;
use crate::problem::store_failed;

const KIND: &str = "email_change.mail";

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
            mail(&app, member).await
        }
    })
}

/// Has the link mailed, once the transaction is durable.
pub(super) async fn enqueue(app: &App, tx: &mut Tx, member: MemberId) -> ProblemResult<()> {
    let now = app.clock.now();
    let job = NewJob { kind: KIND, environment: None, payload: json!({ "member": member }), due_at: now };
    ::jobs::enqueue(tx, app.clock.as_ref(), app.rng.as_ref(), job).await.map(drop).map_err(store_failed)
}

async fn mail(app: &App, member: MemberId) -> Result<Value, JobError> {
    let failed = |_: Problem| JobError::Retry("email_change_not_mailed");
    let mailer = app.mailer.as_ref().ok_or(JobError::Retry("no_mail_server"))?;
    let mut tx = SystemTx::begin(app).await.map_err(failed)?;
    let Some(row) = store::get(&mut tx.0, member, app.clock.now()).await? else { return Ok(json!({})) };
    let to = open(app, &row).map_err(failed)?;
    let text = if members::is_taken(app, &mut tx.0, &to).await.map_err(failed)? {
        drop(tx);
        "Somebody wanted this address for their account at Pilotfish. It is yours already, and nothing came of it.\n"
            .to_owned()
    } else {
        // Whoever wants something else by now has another letter coming.
        let Some(link) = make_link(app, &mut tx, &row).await.map_err(failed)? else { return Ok(json!({})) };
        tx.commit().await.map_err(failed)?;
        format!(
            "Somebody, probably you, wants this address for their account at Pilotfish.\n\nOpen this link to make it theirs; it \
             is good once, for a day:\n\n{}\n\nIf it was not you, do nothing.\n",
            link.expose(),
        )
    };
    mailer.send(Letter { to, subject: "Your address at Pilotfish".to_owned(), text: Secret::new(text) }).await?;
    Ok(json!({}))
}
