//! What is done when it is asked for: by a server, or by the command itself where there is no server.

use base::ProblemResult;
use product::key_rotation::{self, Listed, Turned, Wanted};
use product::{App, installation};
use serde::{Deserialize, Serialize};

use super::Request;

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    /// A key, shown this once.
    Issued(String),
    /// What keys there are.
    Keys(Vec<Listed>),
    /// What keys were to turn, as they stand now.
    Turned(Vec<Turned>),
}

/// Does what is asked for.
pub(crate) async fn run(app: &App, request: Request) -> ProblemResult<Reply> {
    Ok(match request {
        Request::IssueApiKey {} => Reply::Issued(installation::issue_api_key(app).await?.expose().clone()),
        Request::IssueServerKey { environment } => {
            Reply::Issued(installation::issue_server_key(app, environment).await?.expose().clone())
        }
        Request::ListKeys {} => Reply::Keys(key_rotation::list(app).await?),
        Request::RotateKeys { kind, now } => Reply::Turned(key_rotation::rotate(app, Wanted { kind, now }).await?),
    })
}
