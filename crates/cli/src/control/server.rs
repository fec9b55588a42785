//! Answering at the socket, while this process serves.

use std::convert::Infallible;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use product::App;
use store::folder::remove_durably;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;

use super::{Answered, Asked, NAME, PROTOCOL, Request, reachable, run};
use crate::Failure;

/// Bytes of the longest request.
const LONGEST: u64 = 64 * 1024;
/// How long a client may take to say what it wants, and to take its answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many are answered at once.
const AT_ONCE: usize = 8;
/// The pause after a connection could not be accepted.
const PAUSE: Duration = Duration::from_millis(100);

/// The bound socket; removed when this is dropped.
pub(crate) struct ControlSocket {
    path: PathBuf,
    listener: UnixListener,
}

/// Requests that are being answered.
#[derive(Default)]
pub(crate) struct Connections(JoinSet<()>);

impl Connections {
    /// Ends them: what a request began goes on at the next start.
    pub(crate) async fn stop(mut self) {
        self.0.shutdown().await;
    }
}

impl ControlSocket {
    /// Binds the socket, in the place of one that a process which was killed has left. The caller has the folder to itself.
    pub(crate) fn bind(data: &Path) -> Result<Self, Failure> {
        let path = data.join(NAME);
        remove_durably(&path)?;
        let (through, _folder) = reachable(data)?;
        let listener = UnixListener::bind(&through)?;
        std::fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        Ok(Self { path, listener })
    }

    /// Answers for ever.
    pub(crate) async fn answer(&self, app: &Arc<App>, connections: &mut Connections) -> Infallible {
        loop {
            while connections.0.try_join_next().is_some() {}
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let app = Arc::clone(app);
                    let busy = connections.0.len() >= AT_ONCE;
                    connections.0.spawn(async move {
                        if let Err(error) = one(stream, &app, busy).await {
                            tracing::warn!(%error, "a request at the control socket was not answered");
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "the control socket does not accept");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        // If it cannot be removed, the next start replaces it.
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn one(mut stream: UnixStream, app: &App, busy: bool) -> io::Result<()> {
    let user = stream.peer_cred()?.uid();
    let answer = if user != 0 && user != rustix::process::geteuid().as_raw() {
        Err("this socket is for the user who runs the server, and for root".to_owned())
    } else if busy {
        Err("too many commands at once: try again in a moment".to_owned())
    } else {
        let mut bytes = Vec::new();
        let read = (&mut stream).take(LONGEST + 1);
        match tokio::time::timeout(PATIENCE, { read }.read_to_end(&mut bytes)).await {
            Ok(read) => read.map(drop)?,
            Err(_) => bytes.clear(),
        }
        answer(app, &bytes).await
    };
    let (result, error) = match answer {
        Ok(result) => (Some(result), None),
        Err(error) => (None, Some(error)),
    };
    let bytes = serde_json::to_vec(&Answered { protocol: PROTOCOL, result, error })?;
    let written = async {
        stream.write_all(&bytes).await?;
        stream.shutdown().await
    };
    tokio::time::timeout(PATIENCE, written).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// The answer to a request as it came, or what is wrong with it.
async fn answer(app: &App, bytes: &[u8]) -> Result<serde_json::Value, String> {
    let reply = run(app, understood(bytes)?).await.map_err(|problem| Failure::from(problem).to_string())?;
    serde_json::to_value(reply).map_err(|error| error.to_string())
}

/// The request in these bytes.
pub(super) fn understood(bytes: &[u8]) -> Result<Request, String> {
    if bytes.len() as u64 > LONGEST {
        return Err(format!("a request has at most {LONGEST} bytes"));
    }
    let asked: Asked = serde_json::from_slice(bytes)
        .map_err(|_| "send one json object with protocol and request, and close the sending side".to_owned())?;
    if asked.protocol != PROTOCOL {
        return Err(format!(
            "this server speaks version {PROTOCOL} of the control protocol, and was asked in version {}: use the \
             pilotfish that serves",
            asked.protocol
        ));
    }
    serde_json::from_value(asked.request).map_err(|error| format!("this server does not understand it: {error}"))
}
