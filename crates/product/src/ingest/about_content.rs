//! What the reserved events may be about: content that is or was published in this environment, and its own steps.
//! Anybody who has a page's key can send them, so the rest is refused before anything of it is stored.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base::id::EnvironmentId;
use base::{Code, ProblemResult};
use events::Kind;

use super::after;
use super::given::Given;
use super::message::{Message, Refusal};
use crate::App;
use crate::content::model::ContentId;
use crate::content::published::{self, Version};
use crate::problem::store_failed;

/// Takes out the messages that are about content which nobody published here.
pub(super) async fn keep_known(
    app: &App,
    environment: EnvironmentId,
    messages: &mut Vec<(usize, Message<'_>)>,
    refused: &mut Vec<(usize, Refusal)>,
) -> ProblemResult<()> {
    if !messages.iter().any(|(_, message)| is_about_content(message)) {
        return Ok(());
    }
    let named: BTreeSet<_> = messages.iter().filter_map(|(_, message)| content_of(message)).collect();
    let versions = published::versions(app, environment, named).await.map_err(store_failed)?;
    messages.retain(|(index, message)| match check(message, &versions) {
        Ok(()) => true,
        Err(detail) => {
            refused.push((*index, Refusal::new(Code::InvalidMessage, detail)));
            false
        }
    });
    Ok(())
}

fn is_about_content(message: &Message<'_>) -> bool {
    message.kind == Kind::Track && after::is_reserved(&message.name)
}

/// Which version a reserved event says that it is about.
fn content_of(message: &Message<'_>) -> Option<(ContentId, u64)> {
    let content = message.content.as_deref()?.parse().ok()?;
    match message.properties.get("version")? {
        Given::Number(version) => Some((content, version.as_u64()?)),
        _ => None,
    }
}

fn check(message: &Message<'_>, versions: &BTreeMap<(ContentId, u64), Arc<Version>>) -> Result<(), &'static str> {
    if !is_about_content(message) {
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
