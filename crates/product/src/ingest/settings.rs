//! The settings document that `@segment/analytics-next` fetches before anything else: it sends to us and to nobody else.

use serde_json::{Value, json};

/// The document of a key; `edge` is the edge's URL.
pub(super) fn document(key: &str, edge: &str) -> Value {
    let host = edge.strip_prefix("https://").unwrap_or(edge);
    json!({
        "integrations": {
            "Segment.io": {
                "apiKey": key,
                "apiHost": format!("{host}/v1"),
                "protocol": "https",
                "unbundledIntegrations": [],
                "addBundledMetadata": true,
                "maybeBundledConfigIds": {},
                "versionSettings": {"version": "4.4.7", "componentTypes": ["browser"]},
            },
        },
        "plan": {},
        "edgeFunction": {},
        "analyticsNextEnabled": true,
        "middlewareSettings": {},
        "enabledMiddleware": {},
        "metrics": {"sampleRate": 0},
        "legacyVideoPluginsEnabled": false,
        "remotePlugins": [],
    })
}
