//! The control socket: how commands of this binary reach a server that has the embedded stores, and with them the data
//! folder, to itself. A Unix socket in the data folder, for the server's user and root only.
//!
//! A connection carries one request and one answer, each a JSON object, and ends:
//!
//! ```text
//! {"protocol": 1, "request": {"command": "rotate_keys", "kind": "session", "now": true}}
//! {"protocol": 1, "result": …}      or      {"protocol": 1, "error": "what is wrong"}
//! ```
//!
//! Over PostgreSQL there is none: commands open the databases beside the servers.

mod client;
mod commands;
mod server;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use base::id::EnvironmentId;
use keys::KeyKind;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use client::ask;
pub(crate) use commands::{Reply, run};
pub(crate) use server::{Connections, ControlSocket};

/// The only version there is.
const PROTOCOL: u32 = 1;
const NAME: &str = "control.sock";
/// Bytes of the longest path that a socket can have.
const LONGEST_PATH: usize = 107;

/// What a server can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Request {
    /// Another key for the REST interface.
    IssueApiKey {},
    /// Another server key for an environment.
    IssueServerKey { environment: EnvironmentId },
    /// What keys there are.
    ListKeys {
        #[serde(default)]
        days: Option<Days>,
    },
    /// Keys are to turn.
    RotateKeys {
        kind: Option<KeyKind>,
        now: bool,
        #[serde(default)]
        days: Option<Days>,
    },
    /// Every file of the event log and of the parts is to be read.
    VerifyEvents {},
    /// A link with which the member of an address chooses a new password.
    MakeResetLink { email: Address },
}

/// A member's address. It does not print.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Address(pub(crate) String);

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[personal]")
    }
}

/// After how many days keys of each kind turn, as whoever asks was told; a server that was told otherwise refuses.
pub(crate) type Days = Vec<(KeyKind, u32)>;

#[derive(Serialize, Deserialize)]
struct Asked {
    protocol: u32,
    request: Value,
}

#[derive(Serialize, Deserialize)]
struct Answered {
    protocol: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    result: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// A path that reaches the socket, and what must be kept meanwhile: a socket's path is short, a data folder's may be long.
fn reachable(data: &Path) -> io::Result<(PathBuf, Option<File>)> {
    let path = data.join(NAME);
    if path.as_os_str().as_bytes().len() <= LONGEST_PATH {
        return Ok((path, None));
    }
    let folder = File::open(data)?;
    let through = PathBuf::from(format!("/proc/self/fd/{}/{NAME}", folder.as_raw_fd()));
    Ok((through, Some(folder)))
}
