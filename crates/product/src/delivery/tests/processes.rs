//! Two processes over one PostgreSQL.

use std::time::Duration;

use serde_json::json;

use super::{publish, survey};
use crate::jobs::Background;
use crate::testing::TestApp;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_shows_what_was_published_within_half_a_second() {
    let app = TestApp::start_postgres("another_process").await;
    let other = app.second_process().await;
    let background = Background::start(&other, false);
    assert_eq!(other.rulesets.live(app.production()).rules.number(), 0);
    let id = publish(&app, &survey(json!({"audience": {"event": "A", "count": {"op": "gte", "value": 1}}}))).await;
    let published = std::time::Instant::now();
    while other.rulesets.live(app.production()).rules.number() == 0 {
        assert!(published.elapsed() < Duration::from_millis(500), "it does not follow");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(other.rulesets.live(app.production()).rules.contents()[0].id, id);
    app.work().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(other.rulesets.live(app.production()).counters.len(), 1, "the counters answer there too");
    background.stop().await;
    other.close().await;
    app.finish().await;
}

#[tokio::test]
async fn a_process_that_starts_knows_what_is_live() {
    let app = TestApp::start_postgres("a_process_that_starts").await;
    let id = publish(&app, &survey(json!({"audience": null}))).await;
    let other = app.second_process().await;
    assert_eq!(other.rulesets.live(app.production()).rules.contents()[0].id, id);
    other.close().await;
    app.finish().await;
}
