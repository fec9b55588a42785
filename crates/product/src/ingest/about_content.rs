//! What the reserved events may be about: content that is or was published in this environment, and its own steps.
//! Anybody who has a page's key can send them, so the rest is refused before anything of it is stored.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base::id::EnvironmentId;
use base::{Code, ProblemResult};
use events::Kind;
use serde_json::Value;

use super::after;
use super::message::{Message, Refusal};
use crate::App;
use crate::content::model::ContentId;
use crate::content::published::{self, Version};
use crate::problem::store_failed;

/// Takes out the messages that are about content which nobody published here.
pub(super) async fn known(
    app: &App,
    environment: EnvironmentId,
    messages: Vec<(usize, Message)>,
    refused: &mut Vec<(usize, Refusal)>,
) -> ProblemResult<Vec<(usize, Message)>> {
    let named: BTreeSet<_> = messages.iter().filter_map(|(_, message)| content_of(message)).collect();
    let versions = published::versions(app, environment, named).await.map_err(store_failed)?;
    let mut kept = Vec::with_capacity(messages.len());
    for (index, message) in messages {
        match check(&message, &versions) {
            Ok(()) => kept.push((index, message)),
            Err(detail) => refused.push((index, Refusal::new(Code::InvalidMessage, detail))),
        }
    }
    Ok(kept)
}

/// Which version a reserved event says that it is about.
fn content_of(message: &Message) -> Option<(ContentId, u64)> {
    let content = message.content.as_deref()?.parse().ok()?;
    Some((content, message.properties.get("version").and_then(Value::as_u64)?))
}

fn check(message: &Message, versions: &BTreeMap<(ContentId, u64), Arc<Version>>) -> Result<(), &'static str> {
    if message.kind != Kind::Track || !after::is_reserved(&message.name) {
        return Ok(());
    }
    let version = content_of(message).and_then(|named| versions.get(&named));
    match (version, message.step.as_deref()) {
        (None, _) => Err("/properties/content: no content of this id and version was published here"),
        (Some(version), Some(step)) if !version.has_step(step) => {
            Err("/properties/step: this version has no such step")
        }
        (Some(_), _) => Ok(()),
    }
}
