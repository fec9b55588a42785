//! UL-1.1c: the root key lies apart from the data, nobody else may read it, and no key is older than it should be.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base::Timestamp;
use keys::{KeyKind, KeyState};

use crate::App;
use crate::key_rotation::{self, way};
use crate::trust::check::{Seen, Unseen};

/// Keys turn once a year at the latest, some of them by hand; a week more is left for whoever stood still.
const OLDEST: Duration = Duration::from_hours((365 + 7) * 24);
/// Rights of anybody but the server's own user.
const OTHERS: u32 = 0o077;

pub(super) async fn look(app: &App) -> Result<Seen, Unseen> {
    let mut seen = Seen::default();
    match app.keys.provider().name().strip_prefix("file:").map(PathBuf::from) {
        Some(path) => file(app.data(), &path, &mut seen)?,
        None => {
            seen.shows(
                "A key management service has to open the root key at each start: a copy of the data opens nothing unless who \
                 has it may ask that service, too. Where this machine keeps what lets it ask is not seen from here.",
            );
        }
    }
    ages(app, &mut seen).await?;
    places(app, &mut seen).await?;
    Ok(seen)
}

/// How old the keys are that are in use and turn (`docs/rotation.md`): the others cannot be younger.
async fn ages(app: &App, seen: &mut Seen) -> Result<(), Unseen> {
    let listed = key_rotation::list(app).await?;
    let used = listed.iter().filter(|key| key.state == KeyState::Primary && way(key.kind).turns);
    let used: Vec<_> = used.map(|key| (key.kind, key.created_at)).collect();
    let files = [KeyKind::MainStoreFile, KeyKind::KeyringFile];
    // The store is asked, not the keys in memory: what is in use is what is stored as primary.
    let stored = store::key_records::all(app.main.read(store::Scope::System)).await?;
    let stored = stored.iter().filter(|key| key.state == KeyState::Primary && way(key.kind).turns);
    let oldest = |of: &[KeyKind]| used.iter().filter(|(kind, _)| of.contains(kind)).map(|(_, made)| *made).min();
    let now = app.clock.now();
    age("root key", oldest(&[KeyKind::Root]), now, seen);
    age("erasable key", oldest(&[KeyKind::Erasable]), now, seen);
    age("key of a store's file", oldest(&files), now, seen);
    age("key in the store", stored.map(|key| key.created_at).min(), now, seen);
    Ok(())
}

/// Whether the erasable keys, which are in no backup, are kept twice.
async fn places(app: &App, seen: &mut Seen) -> Result<(), Unseen> {
    let places = app.keys.provider().erasable_places().await?;
    if places.iter().any(|place| place.failure.is_some()) {
        seen.broken("The two places of the erasable keys cannot be brought to hold the same.");
    } else if places.iter().any(|place| place.mended_at.is_some()) {
        seen.weak("A place of the erasable keys had lost something and was mended from the other one.");
    } else if places.len() > 1 {
        seen.shows("The erasable keys are kept in two places that hold the same.");
    } else {
        seen.weak("The erasable keys are kept in one place only: what is lost there is lost.");
    }
    Ok(())
}

fn file(data: &Path, path: &Path, seen: &mut Seen) -> Result<(), Unseen> {
    let (key, folder) = (std::fs::metadata(path)?, std::fs::metadata(data)?);
    let erasable = std::fs::metadata(format!("{}.erasable", path.display()))?;
    seen.demand(
        [key.mode(), erasable.mode()].iter().all(|mode| mode & OTHERS == 0),
        "Nobody but the server's own user may read the root key and the erasable keys.",
        "Others than the server's own user may read the root key or the erasable keys.",
    );
    let inside = path.canonicalize()?.starts_with(data.canonicalize()?);
    seen.demand(
        !inside,
        "The root key is outside the data folder: no copy of the data holds it.",
        "The root key is inside the data folder: each copy of the data holds its own key.",
    );
    if key.dev() == folder.dev() {
        seen.weak("The root key lies on the same disk as the data: whoever takes the disk takes both.");
    } else {
        seen.shows("The root key lies on another file system than the data.");
    }
    Ok(())
}

fn age(what: &str, oldest: Option<Timestamp>, now: Timestamp, seen: &mut Seen) {
    let Some(oldest) = oldest else { return };
    let (days, most) = (now.since(oldest).as_secs() / 86_400, OLDEST.as_secs() / 86_400);
    seen.demand(
        now.since(oldest) <= OLDEST,
        format!("The oldest {what} in use is {days} days old; it may be {most}."),
        format!("The oldest {what} in use is {days} days old and may be {most}."),
    );
}
