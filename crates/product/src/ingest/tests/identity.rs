use app_test::app_test;
use serde_json::json;

use crate::testing::TestApp;

#[app_test]
async fn an_anonymous_person_becomes_the_user_that_nobody_knew(app: TestApp) {
    app.send(json!([{"type": "track", "anonymousId": "a", "event": "Before"}])).await;
    app.send(json!([{"type": "identify", "anonymousId": "a", "userId": "u", "traits": {"plan": "pro"}}])).await;
    app.send(json!([{"type": "track", "anonymousId": "a", "event": "After"}])).await;
    assert_eq!(app.events_of("u").await, ["After", "identify", "Before"]);
    let people = app.api().get("/api/v1/people").await.assert(200).json();
    assert_eq!(people["data"].as_array().unwrap().len(), 1);
}

#[app_test]
async fn a_known_user_takes_in_the_anonymous_person_of_a_new_device(app: TestApp) {
    app.send(json!([{"type": "identify", "userId": "u", "traits": {"plan": "pro"}}])).await;
    app.send(json!([{"type": "identify", "anonymousId": "b", "traits": {"color": "red", "plan": "free"}, "timestamp": "2026-09-01T00:00:00Z"}])).await;
    app.send(json!([{"type": "track", "anonymousId": "b", "event": "On the new device"}])).await;
    app.send(json!([{"type": "track", "anonymousId": "b", "userId": "u", "event": "Signed In"}])).await;
    let events = app.events_of("u").await;
    assert_eq!(events.len(), 4, "{events:?}");
    let person = app.person("u").await.assert(200).json();
    assert_eq!(person["attributes"], json!({"plan": "pro", "color": "red"}));
    let people = app.api().get("/api/v1/people").await.assert(200).json();
    assert_eq!(people["data"].as_array().unwrap().len(), 1);
}

#[app_test]
async fn two_people_never_merge_through_a_device(app: TestApp) {
    app.send(json!([{"type": "identify", "anonymousId": "a", "userId": "u1"}])).await;
    app.send(json!([{"type": "identify", "anonymousId": "a", "userId": "u2"}])).await;
    app.send(json!([{"type": "track", "anonymousId": "a", "event": "Whose"}])).await;
    assert_eq!(app.events_of("u1").await, ["Whose", "identify"]);
    assert_eq!(app.events_of("u2").await, ["identify"]);
}

#[app_test]
async fn an_alias_merges_somebody_anonymous_and_nobody_else(app: TestApp) {
    app.send(json!([{"type": "track", "anonymousId": "a", "event": "Before"}])).await;
    app.send(json!([{"type": "track", "userId": "u", "event": "Known"}])).await;
    app.send(json!([{"type": "alias", "previousId": "a", "userId": "u"}])).await;
    assert_eq!(app.events_of("u").await, ["alias", "Known", "Before"]);
    app.send(json!([{"type": "identify", "userId": "v"}])).await;
    for (previous, user) in [("v", "u"), ("a", "v"), ("u", "new")] {
        let alias = json!([{"type": "alias", "previousId": previous, "userId": user}]);
        assert_eq!(app.rejected(alias).await, [(0, "identity_conflict".to_owned())], "{previous} {user}");
    }
    app.person("new").await.assert(404);
}

#[app_test]
async fn the_same_new_id_from_many_requests_is_one_person(app: TestApp) {
    let send = |index: usize| {
        let app = app.clone();
        async move {
            let message =
                json!([{"type": "track", "userId": "u", "anonymousId": format!("a{}", index % 3), "event": "E"}]);
            app.send(message).await;
        }
    };
    futures::future::join_all((0..20).map(send)).await;
    assert_eq!(app.events_of("u").await.len(), 20);
    let people = app.api().get("/api/v1/people").await.assert(200).json();
    assert_eq!(people["data"].as_array().unwrap().len(), 1);
}

#[app_test]
async fn a_batch_belongs_to_whom_its_sender_turns_out_to_be(app: TestApp) {
    app.send(json!([
        {"type": "track", "anonymousId": "a", "event": "Before"},
        {"type": "identify", "anonymousId": "a", "userId": "u"},
        {"type": "track", "userId": "u", "event": "After"},
    ]))
    .await;
    let mut events = app.events_of("u").await;
    events.sort();
    assert_eq!(events, ["After", "Before", "identify"]);
}

#[app_test]
async fn older_attributes_do_not_overwrite_and_null_removes(app: TestApp) {
    app.send(
        json!([{"type": "identify", "userId": "u", "traits": {"plan": "pro", "seats": 3, "email": "a@example.org"}}]),
    )
    .await;
    let old = json!([{"type": "identify", "userId": "u", "timestamp": "2026-09-01T00:00:00Z",
        "traits": {"plan": "free", "region": "north", "email": "old@example.org"}}]);
    app.send(old).await;
    let expected = json!({"plan": "pro", "seats": 3, "region": "north", "email": "a@example.org"});
    assert_eq!(app.person("u").await.json()["attributes"], expected);
    app.advance(std::time::Duration::from_secs(1));
    app.send(json!([{"type": "identify", "userId": "u", "traits": {"plan": null, "email": null}}])).await;
    assert_eq!(app.person("u").await.json()["attributes"], json!({"seats": 3, "region": "north"}));
    let late =
        json!([{"type": "identify", "userId": "u", "timestamp": "2026-09-02T00:00:00Z", "traits": {"plan": "late"}}]);
    app.send(late).await;
    assert_eq!(app.person("u").await.json()["attributes"], json!({"seats": 3, "region": "north"}));
    let search = app.api().json(&json!({"email": "a@example.org"})).post("/api/v1/people/search").await.assert(200);
    assert_eq!(search.json()["data"], json!([]));
}

#[app_test]
async fn a_late_group_leaves_todays_company(app: TestApp) {
    let group = |id: &str, time: &str| json!({"type": "group", "userId": "u", "groupId": id, "timestamp": time});
    let company = async || app.person("u").await.assert(200).json()["company"]["external_id"].clone();
    app.send(json!([group("today", "2026-10-01T09:00:00Z")])).await;
    app.send(json!([group("last week", "2026-09-24T09:00:00Z"), {"type": "track", "userId": "u", "event": "E"}])).await;
    assert_eq!(company().await, "today");
    let person = crate::people::find(app.app(), app.production(), "u").await.unwrap().unwrap();
    let standing = || crate::people::standing(app.app(), app.production(), person.number()).unwrap();
    let (today, environment) = (standing().company.unwrap(), app.production());
    let mut acted = None;
    let log = app.app().log();
    log.scan(environment, |_, event| {
        if event.name == "E" {
            acted = event.company;
        }
    })
    .unwrap();
    assert_eq!(acted, Some(today), "an event belongs to the company of its time");
    app.send(json!([group("later", "2026-10-01T10:00:00Z")])).await;
    assert_eq!(company().await, "later");
    assert_ne!(standing().company, Some(today));
}

#[app_test]
async fn of_two_who_merge_the_later_membership_stays(app: TestApp) {
    let group = |who: serde_json::Value, id: &str, time: &str| {
        let mut message = json!({"type": "group", "groupId": id, "timestamp": time});
        message.as_object_mut().unwrap().extend(who.as_object().unwrap().clone());
        json!([message])
    };
    app.send(group(json!({"userId": "u"}), "old", "2026-09-01T09:00:00Z")).await;
    app.send(group(json!({"anonymousId": "a"}), "new", "2026-09-02T09:00:00Z")).await;
    app.send(json!([{"type": "track", "anonymousId": "a", "userId": "u", "event": "E"}])).await;
    assert_eq!(app.person("u").await.assert(200).json()["company"]["external_id"], "new");
}
