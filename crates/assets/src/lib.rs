//! The web files in the binary: the browser SDK, the dashboard and the demo's Harbour, as their packages built them, each
//! with a gzip beside it where that is smaller.

use std::borrow::Cow;

use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "$OUT_DIR/web/sdk"]
struct Sdk;

#[derive(RustEmbed)]
#[folder = "$OUT_DIR/web/dashboard"]
struct Dashboard;

#[derive(RustEmbed)]
#[folder = "$OUT_DIR/web/harbour"]
struct Harbour;

/// Which web package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Package {
    /// The browser SDK's served files.
    Sdk,
    /// The team's pages.
    Dashboard,
    /// The demo's customer app.
    Harbour,
}

/// A file of a package.
#[derive(Debug, Clone)]
pub struct Asset {
    /// Its bytes.
    pub bytes: Cow<'static, [u8]>,
    /// The same, as gzip.
    pub gzip: Option<Cow<'static, [u8]>>,
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
    /// What `Content-Type` says of it.
    pub content_type: &'static str,
}

/// A file by its path within the package, such as `assets/index-3f9a.js`.
pub fn get(package: Package, path: &str) -> Option<Asset> {
    if path.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("gz")) {
        return None;
    }
    let find = match package {
        Package::Sdk => Sdk::get,
        Package::Dashboard => Dashboard::get,
        Package::Harbour => Harbour::get,
    };
    let file = find(path)?;
    let gzip = find(&format!("{path}.gz")).map(|file| file.data);
    Some(Asset { bytes: file.data, gzip, sha256: file.metadata.sha256_hash(), content_type: content_type(path) })
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}
