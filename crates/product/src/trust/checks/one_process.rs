//! UL-2.1a: who can reach the stores.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::App;
use crate::trust::check::{Seen, Unseen};

/// Rights of anybody but the server's own user.
const OTHERS: u32 = 0o077;
/// Rights that nobody but a file's owner may have where roles run apart: their group reads what all of them need.
const OTHERS_OF_SHARED: u32 = 0o027;
/// How the operator marks a folder that roles share.
const SHARED: u32 = 0o2050;

pub(super) async fn look(app: &App) -> Result<Seen, Unseen> {
    let mut seen = Seen::default();
    let data = app.data().to_owned();
    let shared = app.main.engine() == store::Engine::Postgres && std::fs::metadata(&data)?.mode() & SHARED == SHARED;
    let others = if shared { OTHERS_OF_SHARED } else { OTHERS };
    let closed = tokio::task::spawn_blocking(move || is_closed(&data, others)).await??;
    if shared {
        seen.demand(
            closed,
            "On this machine nobody but the users of the roles' own group may read the data.",
            "On this machine others than the users of the roles' own group may read the data.",
        );
    } else {
        seen.demand(
            closed,
            "On this machine nobody but the server's own user may read the data.",
            "On this machine others than the server's own user may read the data.",
        );
    }
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
fn is_closed(folder: &Path, others: u32) -> std::io::Result<bool> {
    if std::fs::metadata(folder)?.mode() & others == 0 {
        return Ok(true);
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let about = std::fs::symlink_metadata(&path)?;
        let closed = if about.is_dir() { is_closed(&path, others)? } else { about.mode() & others == 0 };
        if !closed {
            return Ok(false);
        }
    }
    Ok(true)
}
