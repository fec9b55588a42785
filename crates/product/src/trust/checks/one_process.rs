//! UL-2.1a: who can reach the stores.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::App;
use crate::trust::check::{Seen, Unseen};

/// Rights of anybody but the server's own user.
const OTHERS: u32 = 0o077;

pub(super) async fn look(app: &App) -> Result<Seen, Unseen> {
    let mut seen = Seen::default();
    let data = app.data().to_owned();
    let closed = tokio::task::spawn_blocking(move || is_closed(&data)).await??;
    seen.demand(
        closed,
        "On this machine nobody but the server's own user may read the data.",
        "On this machine others than the server's own user may read the data.",
    );
    match app.main.engine() {
        store::Engine::Sqlite => seen.weak(
            "One process does everything and holds every key: whoever takes it over reads what it can read. Roles apart \
             need PostgreSQL.",
        ),
        store::Engine::Postgres => {
            seen.shows("The role that serves is held by row-level security in PostgreSQL: one above it is refused.");
            seen.weak("Each process of this release holds every key, whatever its role.");
        }
    }
    Ok(seen)
}

/// Whether the folder keeps others out, or each file in it does.
fn is_closed(folder: &Path) -> std::io::Result<bool> {
    if std::fs::metadata(folder)?.mode() & OTHERS == 0 {
        return Ok(true);
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let about = std::fs::symlink_metadata(&path)?;
        let closed = if about.is_dir() { is_closed(&path)? } else { about.mode() & OTHERS == 0 };
        if !closed {
            return Ok(false);
        }
    }
    Ok(true)
}
