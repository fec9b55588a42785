//! What is done when it is asked for: by a server, or by the command itself where there is no server.

use base::{Code, Personal, Problem, ProblemResult};
use product::event_log::{self, Verified};
use product::key_rotation::{self, Listed, Turned, Wanted};
use product::{App, installation, password_resets};
use serde::{Deserialize, Serialize};

use super::{Days, Request};

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    /// A key or a link, shown this once.
    Issued(String),
    /// What keys there are.
    Keys(Vec<Listed>),
    /// What keys were to turn, as they stand now.
    Turned(Vec<Turned>),
    /// What the event log and the parts are like.
    Verified(Verified),
}

/// Does what is asked for.
pub(crate) async fn run(app: &App, request: Request) -> ProblemResult<Reply> {
    Ok(match request {
        Request::IssueApiKey {} => Reply::Issued(installation::issue_api_key(app).await?.expose().clone()),
        Request::IssueServerKey { environment } => {
            Reply::Issued(installation::issue_server_key(app, environment).await?.expose().clone())
        }
        Request::ListKeys { days } => {
            refuse_other_days(app, days)?;
            Reply::Keys(key_rotation::list(app).await?)
        }
        Request::RotateKeys { kind, now, days } => {
            refuse_other_days(app, days)?;
            Reply::Turned(key_rotation::rotate(app, Wanted { kind, now }).await?)
        }
        Request::MakeResetLink { email } => {
            let link = password_resets::link_for_operator(app, &Personal::new(email.0)).await?;
            Reply::Issued(link.expose().clone())
        }
        Request::VerifyEvents {} => Reply::Verified(event_log::verify(app).await?),
    })
}

/// Days that are not those of the process that turns keys would be told and not be kept.
fn refuse_other_days(app: &App, days: Option<Days>) -> ProblemResult<()> {
    let mut asked = days.into_iter().flatten();
    match asked.find(|(kind, days)| app.rotation.policy.days(*kind) != *days) {
        None => Ok(()),
        Some((kind, days)) => Err(Problem::new(Code::InvalidRequest).detail(format!(
            "--rotate-days: the server that runs turns keys of kind {kind} after {} days, not {days} (0: never by \
             itself); leave it out, or start the server with it",
            app.rotation.policy.days(kind)
        ))),
    }
}
