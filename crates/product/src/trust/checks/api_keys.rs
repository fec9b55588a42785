//! UP-5: of a key the store keeps a keyed hash, a beginning by which people know it, and an end.

use std::time::Duration;

use base::Timestamp;
use keys::{ApiKey, ApiKeyKind};
use store::{Row, Scope, sql};

use crate::App;
use crate::trust::check::{Seen, Unseen};

/// As long as a key may be good for.
const LONGEST: Duration = Duration::from_hours(366 * 24);
/// How much of a secret key may be shown: prefix and six characters.
const SHOWN: usize = 10;

pub(super) async fn look(app: &App) -> Result<Seen, Unseen> {
    let mut seen = Seen::default();
    let reader = app.main.read(Scope::System);
    let api = sql("SELECT hash, shown, created_at, expires_at FROM api_keys").fetch_all(reader).await?;
    let environment = sql("SELECT hash, shown, kind FROM environment_keys").fetch_all(reader).await?;
    let (mut clear, mut hashes) = (0, true);
    for row in api.iter().chain(&environment) {
        let shown: String = row.get("shown")?;
        let public = ApiKey::parse(&shown).is_ok_and(|key| key.kind() == ApiKeyKind::Browser);
        clear += u32::from(!public && shown.len() > SHOWN);
        hashes &= row.get::<Vec<u8>>("hash")?.len() == 32;
    }
    seen.demand(
        clear == 0,
        "No secret key stands in the store: of each its first characters are kept, by which people know it again.",
        "More of a secret key than its first characters stands in the store.",
    );
    seen.demand(
        hashes,
        "Each key is found by a keyed hash of 256 bits.",
        "A key is stored with something else than a hash.",
    );
    let endless = count(&api, |row| {
        let (made, ends): (Timestamp, Timestamp) = (row.get("created_at")?, row.get("expires_at")?);
        Ok(ends.since(made) > LONGEST)
    })?;
    seen.demand(endless == 0, "Every API key has an end.", "An API key is good for longer than a year.");
    let quoted = sql("SELECT detail FROM audit_records WHERE detail LIKE '%pf%' ORDER BY created_at DESC LIMIT 1000");
    let quoted = quoted.fetch_all(reader).await?;
    let quoted = count(&quoted, |row| Ok(quotes_key(&row.get::<String>("detail")?)))?;
    seen.demand(quoted == 0, "None of the newest records quotes a key.", "A record quotes a key.");
    Ok(seen)
}

fn count(rows: &[Row], mut is: impl FnMut(&Row) -> store::StoreResult<bool>) -> store::StoreResult<usize> {
    rows.iter().try_fold(0, |count, row| Ok(count + usize::from(is(row)?)))
}

/// Whether a secret key stands in a text.
fn quotes_key(text: &str) -> bool {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter_map(|word| ApiKey::parse(word).ok()).any(|key| key.kind() != ApiKeyKind::Browser)
}
