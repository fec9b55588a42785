use app_test::app_test;
use serde_json::{Value, json};

use super::{ask, invoices, september, values};
use crate::testing::TestApp;

/// A daily trend of sent invoices, one series of these measures each.
async fn trend(app: &TestApp, series: Value, more: Value) -> Value {
    let mut question = json!({"kind": "trend", "range": september(), "interval": "day", "series": series});
    question.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    ask(app, question).await.clone()
}

#[app_test]
async fn a_trend_counts_events_people_and_values_by_day(app: TestApp) {
    invoices(&app).await;
    let sent = |measure: &str| json!({"event": "Invoice Sent", "measure": measure});
    let of_amount = |measure: &str| json!({"event": "Invoice Sent", "measure": measure, "property": "amount"});
    let series = json!([
        sent("total"),
        sent("people"),
        sent("companies"),
        sent("per_person"),
        of_amount("sum"),
        of_amount("median")
    ]);
    let answer = trend(&app, series, json!({})).await;
    let series: Vec<Vec<f64>> = answer["series"].as_array().unwrap().iter().map(values).collect();
    assert_eq!(series[0], [2.0, 1.0, 1.0, 4.0]);
    assert_eq!(series[1], [1.0, 1.0, 1.0, 3.0], "somebody counts once in each day and once in all");
    assert_eq!(series[2], [0.0, 1.0, 0.0, 1.0]);
    assert_eq!(series[3][..3], [2.0, 1.0, 1.0]);
    assert_eq!(series[4], [40.0, 7.0, 4.0, 51.0]);
    assert_eq!(series[5], [20.0, 7.0, 4.0, 8.5]);
    assert_eq!(answer["series"][0]["points"][0], json!({"time": "2026-09-28T00:00:00Z", "value": 2}));
}

#[app_test]
async fn conditions_look_at_the_event_its_person_and_their_company(app: TestApp) {
    invoices(&app).await;
    for (filters, expected) in [
        (json!([{"field": "event.amount", "op": "gte", "value": 10}]), [2.0, 0.0, 0.0, 2.0]),
        (json!([{"field": "event.currency", "op": "is", "value": "EUR"}]), [1.0, 0.0, 1.0, 2.0]),
        (json!([{"field": "person.plan", "op": "is", "value": "pro"}]), [2.0, 0.0, 0.0, 2.0]),
        (json!([{"field": "person.plan", "op": "is_not", "value": "pro"}]), [0.0, 1.0, 1.0, 2.0]),
        (json!([{"field": "person.plan", "op": "is_not_set"}]), [0.0, 1.0, 0.0, 1.0]),
        (json!([{"field": "company.size", "op": "lt", "value": 10}]), [0.0, 1.0, 0.0, 1.0]),
        (json!([{"event": "Invoice Sent", "count": {"op": "gte", "value": 2}}]), [2.0, 0.0, 0.0, 2.0]),
    ] {
        let series = json!([{"event": "Invoice Sent", "filters": filters}]);
        assert_eq!(values(&trend(&app, series, json!({})).await["series"][0]), expected, "{filters}");
    }
}

#[app_test]
async fn an_answer_is_split_by_a_property_or_an_attribute(app: TestApp) {
    invoices(&app).await;
    for (field, expected) in [
        (
            "event.currency",
            json!([[{"kind": "value", "value": "EUR"}, 2], [{"kind": "missing"}, 1], [{"kind": "value", "value": "USD"}, 1]]),
        ),
        (
            "person.plan",
            json!([[{"kind": "value", "value": "pro"}, 2], [{"kind": "missing"}, 1], [{"kind": "value", "value": "free"}, 1]]),
        ),
        ("company.size", json!([[{"kind": "missing"}, 3], [{"kind": "value", "value": "5"}, 1]])),
    ] {
        let answer = trend(&app, json!([{"event": "Invoice Sent"}]), json!({"breakdown": {"field": field}})).await;
        let parts = answer["series"].as_array().unwrap().iter();
        let mut parts: Vec<Value> = parts.map(|part| json!([part["breakdown"], part["total"]])).collect();
        parts.sort_by_key(|part| (std::cmp::Reverse(part[1].as_u64()), part[0].to_string()));
        let mut expected = expected.as_array().unwrap().clone();
        expected.sort_by_key(|part| (std::cmp::Reverse(part[1].as_u64()), part[0].to_string()));
        assert_eq!(parts, expected, "{field}");
    }
}

#[app_test]
async fn a_range_counts_back_from_now_and_is_compared_with_the_time_before(app: TestApp) {
    invoices(&app).await;
    let question =
        json!({"kind": "trend", "range": {"last": "2d"}, "series": [{"event": "Invoice Sent"}], "compare": true});
    let answered = ask(&app, question).await;
    assert_eq!((&answered["from"], &answered["to"]), (&json!("2026-09-30T00:00:00Z"), &json!("2026-10-02T00:00:00Z")));
    assert_eq!(answered["zone"], "UTC");
    assert_eq!(values(&answered["series"][0]), [1.0, 1.0, 2.0]);
    assert_eq!(values(&answered["before"][0]), [2.0, 1.0, 3.0]);
}

#[app_test]
async fn a_funnel_counts_who_goes_all_the_way_and_how_long_it_takes(app: TestApp) {
    invoices(&app).await;
    let funnel = |window: &str, by: &str| {
        json!({"kind": "funnel", "range": september(), "window": window, "by": by,
            "steps": [{"event": "Invoice Created"}, {"event": "Invoice Sent"}]})
    };
    let counts = |answered: Value| {
        let steps = answered["steps"].as_array().unwrap().clone();
        steps.iter().map(|step| step["count"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    let day = ask(&app, funnel("1d", "person")).await;
    assert_eq!(day["steps"][1]["median_seconds"], 2_700.0);
    assert_eq!(counts(day), [4, 2]);
    assert_eq!(counts(ask(&app, funnel("2d", "person")).await), [4, 3]);
    assert_eq!(counts(ask(&app, funnel("2d", "company")).await), [2, 1]);
}

#[app_test]
async fn retention_counts_who_comes_back_on_which_day(app: TestApp) {
    invoices(&app).await;
    let question = json!({"kind": "retention", "range": september(), "interval": "day", "periods": 3,
        "start": {"event": "Invoice Created"}, "return": {"event": "Invoice Sent"}});
    let cohort = |day: u8, count: u64, returned: [u64; 3]| json!({"time": format!("2026-09-{day}T00:00:00Z"), "count": count, "returned": returned});
    let expected = json!([cohort(28, 2, [1, 0, 1]), cohort(29, 1, [1, 0, 0]), cohort(30, 1, [0, 0, 0])]);
    assert_eq!(ask(&app, question).await["cohorts"], expected);
}

#[app_test]
async fn an_event_counts_as_soon_as_it_is_acknowledged(app: TestApp) {
    let question =
        json!({"kind": "trend", "range": {"last": "1d"}, "series": [{"event": "Opened", "measure": "people"}]});
    let total = |answered: Value| answered["series"][0]["total"].clone();
    assert_eq!(total(ask(&app, question.clone()).await), 0);
    app.user("ana").does("Opened", json!({})).await;
    assert_eq!(total(ask(&app, question.clone()).await), 1);
    app.user("bo").does("Opened", json!({})).await;
    assert_eq!(total(ask(&app, question).await), 2);
}

#[app_test]
async fn somebody_who_was_merged_is_one_person(app: TestApp) {
    app.visitor("phone").does("Opened", json!({})).await;
    app.user("u1").does("Opened", json!({})).await;
    let question =
        json!({"kind": "trend", "range": {"last": "1d"}, "series": [{"event": "Opened", "measure": "people"}]});
    assert_eq!(ask(&app, question.clone()).await["series"][0]["total"], 2);
    app.user("u1").send("/v1/identify", json!({"anonymousId": "phone", "traits": {}})).await.assert(200);
    assert_eq!(ask(&app, question).await["series"][0]["total"], 1);
}
