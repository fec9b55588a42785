//! The job that tells a member what happened to their account: somebody signed in from a new device, or guessed as
//! often as one may.

use std::sync::Arc;

use ::jobs::{Handlers, JobError, NewJob};
use base::id::MemberId;
use base::{Problem, ProblemResult, Secret, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::App;
use crate::authority::SystemTx;
use crate::mail::Letter;
use crate::members;
use crate::problem::store_failed;

const KIND: &str = "sign_in.notice";

/// What a member is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub(crate) enum Notice {
    /// Somebody signed in from a device that was not known.
    NewDevice { device: String },
    /// Somebody guessed the password as often as one may.
    Guesses {},
    /// Somebody gave the password, and then codes as often as one may.
    CodeGuesses {},
    /// Two may have the same passkey or security key.
    CopiedPasskey { device: String },
    /// Another address was asked for.
    EmailChange {},
    /// Somebody signs in as the member over an identity provider from now on. Which one is on their page: its name is an admin's text,
    /// and the letter may go to anybody.
    LinkedIdentity {},
}

#[derive(Serialize, Deserialize)]
struct Payload {
    /// Nobody, where nobody has the account: so that it takes as long.
    member: Option<MemberId>,
    at: Timestamp,
    notice: Notice,
}

/// The handler of this feature's job.
#[must_use]
pub(crate) fn handlers(app: &Arc<App>, handlers: Handlers) -> Handlers {
    let app = Arc::downgrade(app);
    handlers.with(KIND, move |run| {
        let app = app.clone();
        async move {
            let app = app.upgrade().ok_or(JobError::Retry("stopping"))?;
            mail(&app, run.payload()?).await
        }
    })
}

/// Has a member told, once the transaction is durable; if there is a mail server.
pub(crate) async fn tell(app: &App, tx: &mut SystemTx, member: Option<MemberId>, notice: Notice) -> ProblemResult<()> {
    if app.mailer.is_none() {
        return Ok(());
    }
    let at = app.clock.now();
    let payload = json!(Payload { member, at, notice });
    let job = NewJob { kind: KIND, environment: None, payload, due_at: at };
    ::jobs::enqueue(&mut tx.0, app.clock.as_ref(), app.rng.as_ref(), job).await.map(drop).map_err(store_failed)
}

async fn mail(app: &App, Payload { member, at, notice }: Payload) -> Result<Value, JobError> {
    let failed = |_: Problem| JobError::Retry("notice_not_mailed");
    let mailer = app.mailer.as_ref().ok_or(JobError::Retry("no_mail_server"))?;
    let Some(member) = member else { return Ok(json!({})) };
    let mut tx = SystemTx::begin(app).await.map_err(failed)?;
    let to = members::address(app, &mut tx, member).await.map_err(failed)?;
    drop(tx);
    let Some(to) = to else { return Ok(json!({})) };
    let (subject, what, advice) = notice.words(at);
    let text = Secret::new(format!("{what}\n\n{advice}\n\n{}/account\n", app.urls.dashboard));
    mailer.send(Letter { to, subject: subject.to_owned(), text }).await?;
    Ok(json!({}))
}

impl Notice {
    /// A letter's subject, what happened, and what to do.
    fn words(&self, at: Timestamp) -> (&'static str, String, &'static str) {
        let advice = "If it was not you, choose another password and look at your sessions and sign-ins:";
        match self {
            Self::NewDevice { device } => {
                let what = format!("Somebody signed in as you from {device}, at {at}.");
                ("A new device signed in to Pilotfish", what, advice)
            }
            Self::EmailChange {} => {
                let what = format!("Somebody asked, at {at}, for another address for your account.");
                let what = format!("{what} It changes when a link there is opened.");
                ("Another address for your account at Pilotfish", what, advice)
            }
            Self::LinkedIdentity {} => {
                let what = "Whoever is you at an identity provider of an organisation where you work signs in as you";
                let what = format!("{what}, since {at}.");
                let advice = "If you did not expect this, choose another password (the sign-in page mails a link for one), look \
                              at what you sign in with, and tell an admin of the organisation:";
                ("An identity provider signs you in to Pilotfish", what, advice)
            }
            Self::Guesses {} => {
                let what = format!("Somebody tried to sign in as you as often as one may within 15 minutes, at {at}.");
                ("Somebody guesses your password for Pilotfish", what, advice)
            }
            Self::CodeGuesses {} => {
                let what = "Somebody who has given your password tried to prove that they are you";
                let what = format!("{what} as often as one may within 15 minutes, at {at}.");
                let advice = "If it was not you, somebody knows your password: choose another one now, and look at your \
                              sessions and sign-ins:";
                ("Somebody knows your password for Pilotfish", what, advice)
            }
            Self::CopiedPasskey { device } => {
                let what = "A passkey or security key of yours was used that seems to be a copy";
                let what = format!("{what} of the one made with {device}, at {at}. It was refused.");
                let advice = "Remove that key, make another one, and look at your sessions and sign-ins:";
                ("A passkey of yours for Pilotfish may have been copied", what, advice)
            }
        }
    }
}
