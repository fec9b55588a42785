//! The browser SDK's files at the edge. A path with a version is immutable, and every version that this installation
//! ever served is kept in its store and goes on being served; `/sdk/pilotfish.js` is the current version's file, byte
//! for byte, with a short life in caches.
//!
//! A version is its number and the bytes that were served first under it: pages name their hash. They are in the store before
//! a door answers, so a process that is killed has served nothing that the next one does not have.

mod store;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use ::store::{Db, Scope, StoreResult};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use base::{Clock, ProblemResult};
use bytes::Bytes;

use crate::App;
use crate::static_files::{Keep, StaticFile, missing, respond};

/// The version that this binary brings.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
const CURRENT: &str = "/sdk/pilotfish.js";
const FILES: [&str; 2] = ["pilotfish.js", "renderer.js"];

/// What is served, by path; made at start.
pub(crate) struct SdkFiles {
    files: BTreeMap<String, StaticFile>,
    integrity: BTreeMap<String, String>,
}

impl SdkFiles {
    /// Reads all that the store keeps; who serves the files adds this binary's version to it.
    pub(crate) async fn open(db: &Db, clock: &dyn Clock, serves: bool) -> StoreResult<Self> {
        let mut sdk = Self { files: BTreeMap::new(), integrity: BTreeMap::new() };
        let mut tx = db.begin(Scope::System).await?;
        for name in FILES {
            let Some(asset) = assets::get(assets::Package::Sdk, name) else { continue };
            let path = format!("/sdk/{VERSION}/{name}");
            if serves {
                store::keep(&mut tx, &path, &integrity(&asset.bytes), &asset.bytes, clock.now()).await?;
            }
            sdk.add(path, asset.into());
        }
        let stored = store::all(&mut tx).await?;
        tx.commit().await?;
        for file in stored {
            sdk.add_stored(file);
        }
        if let Some(current) = sdk.files.get(&format!("/sdk/{VERSION}/pilotfish.js")).cloned() {
            sdk.add(CURRENT.to_owned(), current);
        }
        Ok(sdk)
    }

    /// A version is what was served first: should a build differ under the same version, the first stays. What is no
    /// longer what it was is not served: no browser would run it under the hash that its page names.
    fn add_stored(&mut self, file: store::Stored) {
        let store::Stored { path, integrity: hash, body } = file;
        if integrity(&body) != hash {
            tracing::error!(path, "a kept file of the sdk is not what its hash says and is not served");
            return;
        }
        if self.integrity.get(&path) != Some(&hash) {
            if self.integrity.contains_key(&path) {
                tracing::warn!(
                    path,
                    "this build of the sdk differs from the one that was served first under its version: the first stays"
                );
            }
            let etag = format!("\"{hash}\"");
            let content_type = "text/javascript; charset=utf-8";
            self.add(path, StaticFile { body: Bytes::from(body), gzip: None, etag, content_type });
        }
    }

    fn add(&mut self, path: String, file: StaticFile) {
        self.integrity.insert(path.clone(), integrity(&file.body));
        self.files.insert(path, file);
    }

    /// The path and hash that a tag names today.
    pub(crate) fn current(&self) -> Option<(String, &str)> {
        let path = format!("/sdk/{VERSION}/pilotfish.js");
        let hash = self.integrity.get(&path)?;
        Some((path, hash))
    }
}

fn integrity(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA384, bytes);
    format!("sha384-{}", data_encoding::BASE64.encode(digest.as_ref()))
}

/// The SDK's paths.
pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route(CURRENT, get(current))
        .route("/sdk/integrity.json", get(integrity_list))
        .route("/sdk/{version}/{file}", get(versioned))
}

async fn current(State(app): State<Arc<App>>, headers: HeaderMap) -> ProblemResult<Response> {
    let file = app.sdk.files.get(CURRENT).ok_or_else(missing)?;
    respond(file, Keep::Shortly, &headers).map(for_any_origin)
}

async fn versioned(
    State(app): State<Arc<App>>,
    Path((version, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> ProblemResult<Response> {
    let file = app.sdk.files.get(&format!("/sdk/{version}/{file}")).ok_or_else(missing)?;
    respond(file, Keep::Forever, &headers).map(for_any_origin)
}

async fn integrity_list(
    State(app): State<Arc<App>>,
) -> ([(header::HeaderName, &'static str); 1], Json<BTreeMap<String, String>>) {
    ([(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")], Json(app.sdk.integrity.clone()))
}

/// `integrity` needs `crossorigin`, and that needs this.
fn for_any_origin(mut response: Response) -> Response {
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}
