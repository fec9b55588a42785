//! What an edge could be at most: it reads a body, appends it to a file, syncs, answers. One sync serves all that wait.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

type Waiting = (Bytes, oneshot::Sender<()>);

/// Takes any body at the path that batches go to.
pub(crate) fn router(file: &Path) -> Router {
    let mut file = File::create(file).expect("a file");
    let (sender, mut waiting) = mpsc::channel::<Waiting>(4_096);
    std::thread::spawn(move || {
        let mut group = Vec::new();
        while waiting.blocking_recv_many(&mut group, 4_096) > 0 {
            for (body, _) in &group {
                file.write_all(body).expect("room on the disk");
            }
            file.sync_data().expect("a disk that syncs");
            for (_, done) in group.drain(..) {
                // Who hung up is not told.
                let _ = done.send(());
            }
        }
    });
    Router::new().route("/v1/batch", post(take)).with_state(sender)
}

async fn take(State(sender): State<mpsc::Sender<Waiting>>, body: Bytes) -> Result<&'static str, StatusCode> {
    let (done, synced) = oneshot::channel();
    sender.send((body, done)).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    synced.await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok("{\"success\":true}")
}
