//! UL-1.7c: what the edge serves as the SDK is what pages name by its hash.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use store::{Scope, sql};

use crate::App;
use crate::trust::check::{Seen, Unseen};
use crate::trust::outside::edge;

pub(super) async fn look(app: &App) -> Result<Seen, Unseen> {
    let mut seen = Seen::default();
    let edge = edge(app)?;
    let list = edge.get("/sdk/integrity.json").await?;
    let listed: BTreeMap<String, String> = serde_json::from_slice(&list.body)
        .map_err(|error| Unseen::because("The edge's list of hashes could not be read.", error))?;
    let mut files = promised(app).await?;
    let missing = files.iter().filter(|(path, hash)| listed.get(*path) != Some(*hash)).count();
    seen.demand(
        missing == 0 && !listed.is_empty(),
        "The edge's list names every file that was ever served, with the hash that it had.",
        "The edge's list lacks a file that was served once, or names another hash.",
    );
    files.extend(listed);
    let (mut changed, mut uncacheable) = (Vec::new(), 0);
    for (path, hash) in &files {
        let answer = edge.get(path).await?;
        let digest = digest::digest(&digest::SHA384, &answer.body);
        let served = format!("sha384-{}", data_encoding::BASE64.encode(digest.as_ref()));
        if !answer.status.is_success() || served != *hash {
            changed.push(path.as_str());
        }
        uncacheable += u32::from(!answer.headers.contains_key("access-control-allow-origin"));
    }
    seen.demand(
        changed.is_empty(),
        "Each file, fetched from the edge, has the hash that pages name.",
        "A file that the edge serves is not what pages name: browsers do not run it.",
    );
    if !changed.is_empty() {
        tracing::error!(?changed, "the edge serves files of the SDK that are not what pages name");
    }
    seen.demand(
        uncacheable == 0,
        "Pages of other origins may check each of them.",
        "Pages of other origins may not check a file, and so do not run it.",
    );
    Ok(seen)
}

/// The files that were ever served, as the store kept them.
async fn promised(app: &App) -> Result<BTreeMap<String, String>, Unseen> {
    let rows = sql("SELECT path, integrity FROM sdk_files").fetch_all(app.main.read(Scope::System)).await?;
    let files: Result<_, store::StoreError> =
        rows.iter().map(|row| Ok((row.get("path")?, row.get("integrity")?))).collect();
    Ok(files?)
}
