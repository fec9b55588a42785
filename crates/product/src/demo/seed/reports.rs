//! Questions that the demo's team has saved. What is there already stays.

use axum::http::Method;
use serde_json::Value;

use super::SeedError;
use super::client::Client;

const REPORTS: &str = include_str!("../../../../../web/harbour/content/reports.json");

pub(super) async fn save(client: &Client) -> Result<(), SeedError> {
    let reports: Vec<Value> = serde_json::from_str(REPORTS)?;
    let list = client.rest(Method::GET, "/api/v1/reports?limit=200", None).await?;
    for report in reports {
        let is_there = list["data"].as_array().into_iter().flatten().any(|one| one["name"] == report["name"]);
        if !is_there {
            client.rest(Method::POST, "/api/v1/reports", Some(&report)).await?;
        }
    }
    Ok(())
}
