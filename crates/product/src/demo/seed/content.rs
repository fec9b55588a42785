//! The welcome flow and the survey, put live as a team would: made, then published. What is there already stays.

use axum::http::Method;
use serde_json::Value;

use super::SeedError;
use super::client::Client;

const FLOW: &str = include_str!("../../../../../web/harbour/content/welcome-flow.json");
const SURVEY: &str = include_str!("../../../../../web/harbour/content/nps-survey.json");

/// A piece of live content, as messages name it.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) id: String,
    pub(super) version: u64,
}

/// Both.
#[derive(Debug, Clone)]
pub(super) struct LiveContent {
    pub(super) flow: Piece,
    pub(super) survey: Piece,
}

pub(super) async fn publish(client: &Client) -> Result<LiveContent, SeedError> {
    Ok(LiveContent { flow: one(client, "flows", FLOW).await?, survey: one(client, "surveys", SURVEY).await? })
}

async fn one(client: &Client, kind: &str, text: &str) -> Result<Piece, SeedError> {
    let body: Value = serde_json::from_str(text)?;
    let list = client.rest(Method::GET, &format!("/api/v1/{kind}?limit=200"), None).await?;
    let there = list["data"].as_array().into_iter().flatten().find(|content| content["name"] == body["name"]);
    let content = match there {
        Some(content) => content.clone(),
        None => client.rest(Method::POST, &format!("/api/v1/{kind}"), Some(&body)).await?,
    };
    let id = content["id"].as_str().unwrap_or_default().to_owned();
    let published = if let Some(version) = content["published"]["version"].as_u64() {
        Some(version)
    } else {
        let live = client.rest(Method::POST, &format!("/api/v1/{kind}/{id}/publish"), None).await?;
        live["published"]["version"].as_u64()
    };
    let missing =
        || SeedError::Refused { what: format!("publishing {id}"), status: 200, answer: "no version".to_owned() };
    Ok(Piece { version: published.ok_or_else(missing)?, id })
}
