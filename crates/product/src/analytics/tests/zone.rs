//! In whose time days begin.

use app_test::app_test;
use serde_json::json;

use super::{ask, invoices, values};
use crate::authority::Role;
use crate::testing::TestApp;

const PATH: &str = "/api/v1/environment/zone";

#[app_test]
async fn days_begin_in_the_environments_zone(app: TestApp) {
    invoices(&app).await;
    let question = json!({"kind": "trend", "range": {"last": "4d"}, "series": [{"event": "Invoice Sent"}]});
    assert_eq!(app.api().get(PATH).await.assert(200).json(), json!({"zone": "UTC"}));
    assert_eq!(values(&ask(&app, question.clone()).await["series"][0]), [2.0, 1.0, 1.0, 1.0, 5.0]);
    let zone = json!({"zone": "Europe/Berlin"});
    assert_eq!(app.api().json(&zone).put(PATH).await.assert(200).json(), zone);
    let answered = ask(&app, question).await;
    assert_eq!((&answered["zone"], &answered["from"]), (&json!("Europe/Berlin"), &json!("2026-09-27T22:00:00Z")));
    assert_eq!(values(&answered["series"][0]), [1.0, 2.0, 1.0, 1.0, 5.0], "23:30 UTC is the next day there");
}

#[app_test]
async fn a_zone_is_known_and_set_by_who_manages_the_environment(app: TestApp) {
    for zone in ["Middle/Earth", "", "+02:00"] {
        let refused = app.api().json(&json!({"zone": zone})).put(PATH).await.assert(422).json();
        assert_eq!(refused["errors"][0]["pointer"], "/zone", "{zone}");
    }
    let zone = json!({"zone": "Asia/Kolkata"});
    for role in [Role::Publisher, Role::Analyst, Role::Viewer] {
        app.api_as(role).await.json(&zone).put(PATH).await.assert(403);
        app.api_as(role).await.get(PATH).await.assert(200);
    }
    app.api_as(Role::Admin).await.json(&zone).put(PATH).await.assert(200);
    assert_eq!(app.api().get(PATH).await.assert(200).json(), zone);
    assert_eq!(app.stranger().await.get(PATH).await.assert(200).json(), json!({"zone": "UTC"}));
}
