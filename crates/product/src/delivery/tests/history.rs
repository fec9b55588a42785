//! What people did before a rule asked about it, and after.

use std::time::Duration;

use app_test::app_test;
use serde_json::{Value, json};

use super::{publish, survey, why};
use crate::testing::TestApp;

fn twice() -> Value {
    json!({"event": "Invoice Sent", "count": {"op": "gte", "value": 2}})
}

#[app_test]
async fn what_was_done_before_the_rule_counts_and_what_comes_after_too(app: TestApp) {
    let (often, once, never) = (app.user("often"), app.user("once"), app.user("never"));
    for _ in 0..2 {
        often.does("Invoice Sent", json!({"amount": 5})).await;
    }
    once.does("Invoice Sent", json!({"amount": 5})).await;
    never.is(json!({"plan": "pro"})).await;
    let id =
        publish(&app, &survey(json!({"audience": twice(), "trigger": {"kind": "event", "event": "Invoice Paid"}})))
            .await;
    let answer = often.sync_with(json!({})).await;
    assert_eq!((&answer["events"], &answer["content"]), (&json!(["Invoice Paid", "Invoice Sent"]), &json!([])));
    assert_eq!(why(&app, "often", &id).await["reason"], "audience_unknown", "not counted yet");
    app.work().await;
    assert_eq!(often.sees().await, std::slice::from_ref(&id));
    assert_eq!(once.sees().await, Vec::<String>::new());
    once.does("Invoice Sent", json!({"amount": 5})).await;
    assert_eq!(once.sees().await, std::slice::from_ref(&id), "the second one came after");
    let answer = why(&app, "never", &id).await;
    assert_eq!(answer["reason"], "audience");
    let did = &answer["trace"]["parts"][2]["parts"][0];
    assert_eq!((&did["event"], &did["actual"]), (&json!("Invoice Sent"), &json!(0)));
}

#[app_test]
async fn nothing_is_counted_twice_or_left_out_around_the_moment_of_publishing(app: TestApp) {
    let ana = app.user("ana");
    ana.does("Invoice Sent", json!({})).await;
    let exactly = json!({"event": "Invoice Sent", "count": {"op": "is", "value": 4}});
    let id = publish(&app, &survey(json!({"audience": exactly}))).await;
    ana.does("Invoice Sent", json!({})).await;
    app.advance(Duration::from_secs(1));
    ana.does("Invoice Sent", json!({})).await;
    app.advance(Duration::from_millis(500));
    ana.send("/v1/track", json!({"event": "Invoice Sent", "messageId": "copy"})).await.assert(200);
    ana.send("/v1/track", json!({"event": "Invoice Sent", "messageId": "copy"})).await.assert(200);
    app.work().await;
    assert_eq!(ana.sees().await, [id]);
}

#[app_test]
async fn a_counter_answers_when_every_edge_had_time_to_count_by_it(app: TestApp) {
    let ana = app.user("ana");
    ana.does("Invoice Sent", json!({})).await;
    let often = json!({"event": "Invoice Sent", "count": {"op": "gte", "value": 1}});
    let id = publish(&app, &survey(json!({"audience": often}))).await;
    for (pause, seen) in [(0, vec![]), (2, vec![]), (1, vec![id])] {
        app.advance(Duration::from_secs(pause));
        crate::jobs::runner(app.app()).run_due().await.unwrap();
        assert_eq!(ana.sees().await, seen);
    }
}

#[app_test]
async fn a_filter_and_a_window_narrow_what_counts(app: TestApp) {
    let rule = json!({"event": "Invoice Sent", "filters": [{"field": "event.amount", "op": "gte", "value": 100}],
                      "count": {"op": "gte", "value": 1}, "within": "7d"});
    let (ana, bo) = (app.user("ana"), app.user("bo"));
    ana.does("Invoice Sent", json!({"amount": 100})).await;
    bo.does("Invoice Sent", json!({"amount": 99})).await;
    let id = publish(&app, &survey(json!({"audience": rule}))).await;
    app.work().await;
    assert_eq!((ana.sees().await, bo.sees().await), (vec![id.clone()], vec![]));
    bo.does("Invoice Sent", json!({"amount": 500})).await;
    app.advance(Duration::from_hours(7 * 24));
    assert_eq!((ana.sees().await, bo.sees().await), (vec![], vec![id.clone()]));
    app.advance(Duration::from_hours(1));
    assert_eq!(bo.sees().await, Vec::<String>::new());
}

#[app_test]
async fn what_was_not_watched_for_a_while_is_counted_anew(app: TestApp) {
    let ana = app.user("ana");
    ana.does("Invoice Sent", json!({})).await;
    let id = publish(&app, &survey(json!({"audience": twice()}))).await;
    app.work().await;
    app.api().post(&format!("/api/v1/surveys/{id}/pause")).await.assert(200);
    ana.does("Invoice Sent", json!({})).await;
    app.api().post(&format!("/api/v1/surveys/{id}/publish")).await.assert(200);
    assert_eq!(why(&app, "ana", &id).await["reason"], "audience_unknown");
    app.work().await;
    assert_eq!(ana.sees().await, std::slice::from_ref(&id));
    let actual = &why(&app, "ana", &id).await["trace"]["parts"][2]["parts"][0]["actual"];
    assert_eq!(actual, &json!(2));
}

#[app_test]
async fn what_has_left_the_log_counts_for_a_rule_that_comes_later_as_it_did_before(app: TestApp) {
    let (often, once) = (app.user("often"), app.user("once"));
    for amount in 0..3 {
        often.does("Invoice Sent", json!({"amount": amount})).await;
    }
    once.does("Invoice Sent", json!({"amount": 9})).await;
    let id = publish(&app, &survey(json!({"audience": twice()}))).await;
    app.work().await;
    let actual = async |user: &str| why(&app, user, &id).await["trace"]["parts"][2]["parts"][0]["actual"].clone();
    let before = [actual("often").await, actual("once").await];
    assert_eq!(before, [json!(3), json!(1)]);
    // It is forgotten, and counted anew from the parts.
    app.api().post(&format!("/api/v1/surveys/{id}/pause")).await.assert(200);
    app.trim().await;
    app.api().post(&format!("/api/v1/surveys/{id}/publish")).await.assert(200);
    assert_eq!(why(&app, "often", &id).await["reason"], "audience_unknown");
    app.work().await;
    assert_eq!([actual("often").await, actual("once").await], before);
    assert_eq!(often.sees().await, std::slice::from_ref(&id));
    once.does("Invoice Sent", json!({"amount": 1})).await;
    assert_eq!(once.sees().await, [id], "and what comes then, from the log");
}
