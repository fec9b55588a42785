//! The same answer, sent by several requests at once.

use app_test::app_test;
use futures::future::join_all;
use serde_json::json;

use super::{answer, stored, survey};
use crate::delivery::tests::publish;
use crate::testing::TestApp;

#[app_test]
async fn parts_that_come_at_once_are_all_there(app: TestApp) {
    let id = publish(&app, &survey()).await;
    let ana = app.visitor("device-1");
    ana.is(json!({})).await;
    let parts = [json!({"q1": 9}), json!({"q2": "b"}), json!({"q3": ["a"]}), json!({"q4": "Because."})];
    let sent = join_all(parts.map(|part| ana.send("/v1/answers", answer(1, &id, part, false)))).await;
    assert_eq!(sent.iter().map(|answer| answer.status.as_u16()).collect::<Vec<_>>(), [200; 4]);
    let shown = || async {
        let path = format!("/api/v1/surveys/{id}/results/reveal");
        app.api().post(&path).await.assert(200).json()["answers"][0]["answers"].clone()
    };
    assert_eq!(shown().await, json!({"q1": 9, "q2": "b", "q3": ["a"], "q4": "Because."}));
    ana.send("/v1/answers", answer(1, &id, json!({"q3": [], "q4": null}), false)).await.assert(200);
    assert_eq!(shown().await, json!({"q1": 9, "q2": "b"}), "what is empty is taken back");
    ana.send("/v1/answers", answer(1, &id, json!({"q1": 8}), true)).await.assert(200);
    assert_eq!(shown().await, json!({"q1": 8}), "the whole takes the place of the parts");
}

#[app_test]
async fn an_id_that_two_people_send_at_once_is_one_persons(app: TestApp) {
    let id = publish(&app, &survey()).await;
    for number in 0..20 {
        let people = [0, 1].map(|person| app.visitor(&format!("device-{number}-{person}")));
        join_all(people.iter().map(|person| person.is(json!({})))).await;
        let body = answer(number, &id, json!({"q1": 9}), true);
        let sent = join_all(people.iter().map(|person| person.send("/v1/answers", body.clone()))).await;
        let mut told: Vec<u16> = sent.iter().map(|answer| answer.status.as_u16()).collect();
        told.sort_unstable();
        assert_eq!(told, [200, 409], "{number}");
    }
    assert_eq!(stored(&app).await.len(), 20);
}

#[app_test]
async fn one_person_with_many_answers_at_once_has_one(app: TestApp) {
    let id = publish(&app, &survey()).await;
    let ana = app.visitor("device-1");
    ana.is(json!({})).await;
    let sent = (0..10).map(|number| ana.send("/v1/answers", answer(number, &id, json!({"q1": 9}), true)));
    let taken = join_all(sent).await.iter().filter(|answer| answer.status == 200).count();
    assert_eq!((taken, stored(&app).await.len()), (10, 1));
}
