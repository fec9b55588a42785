//! Asking a server.

use std::io::ErrorKind;
use std::path::Path;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use super::{Answered, Asked, PROTOCOL, Reply, Request, reachable};
use crate::Failure;

/// The answer of the server that has this data folder; nothing if there is none.
pub(crate) async fn ask(data: &Path, request: &Request) -> Result<Option<Reply>, Failure> {
    let (path, _folder) = match reachable(data) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    let mut stream = match UnixStream::connect(path).await {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => return Ok(None),
        other => other?,
    };
    let request = serde_json::to_value(request).map_err(|error| Failure::of(&error))?;
    let asked = serde_json::to_vec(&Asked { protocol: PROTOCOL, request }).map_err(|error| Failure::of(&error))?;
    stream.write_all(&asked).await?;
    stream.shutdown().await?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await?;
    let cut_off = || Failure::Refused("the server ended before it had answered: ask again once it is back".to_owned());
    let answered: Answered = serde_json::from_slice(&bytes).map_err(|_| cut_off())?;
    match answered {
        Answered { error: Some(error), .. } => Err(Failure::Refused(error)),
        Answered { result: Some(result), .. } => {
            serde_json::from_value(result).map(Some).map_err(|error| Failure::of(&error))
        }
        _ => Err(cut_off()),
    }
}
