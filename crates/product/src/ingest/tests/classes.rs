use std::fmt::Write as _;

use app_test::app_test;
use serde_json::json;

use super::Of;
use crate::doors::Door;
use crate::testing::TestApp;

const PLANTED: [&str; 10] = [
    "planted.ana@example.org",
    "Plantedname",
    "+49 170 5550199",
    "outside-id-4711",
    "device-4711",
    "Planted words that somebody wrote at some length here",
    "203.0.113.77",
    "plantedquery",
    "company-4711",
    "491705550199",
];

/// Sends every planted value through every message that takes one.
async fn plant(app: &TestApp) {
    let [email, name, phone, user, device, text, ip, query, company, _] = PLANTED;
    let url = format!("https://app.example/people/{user}/{email}?q={query}#{query}");
    let properties = json!({
        "email": email, "note": text, "color": email, "contact": {"phone": phone}, "ip": ip, "address": ip,
        "link": url, "list": [1, {"deep": email}], "who": user, "first_name": name, "amount": 12,
        "contact_name": name, "buyer-name": name, "shippingStreet": name, "user.nick": name, "billing": {"city": name},
        "remark": format!("of {user}, {ip}"), "reference": format!("x {device} y"), "ids": [company, {user: [device]}],
        "seen": [ip, "here", [ip]], "last_login_ip": ip, "links": [{"to": [url, format!("/a?{query}")]}], "tel": phone,
        "hint": format!("call {phone}"), "number": 491_705_550_199_u64, "created_by": name, "page_title": name,
        "see": format!("look at {url} there"),
    });
    let context = json!({"ip": ip, "page": {"url": url, "title": name, "referrer": url}, "traits": {"email": email},
        "userAgent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/142.0 Safari/537.36", "locale": "en-GB"});
    app.send(json!([
        {"type": "identify", "userId": user, "anonymousId": device, "context": context,
         "traits": {"email": email, "name": name, "phone": phone, "bio": text, "plan": "pro", "favourite": email}},
        {"type": "group", "userId": user, "groupId": company, "traits": {"contact_email": email, "industry": "x", "about": text}},
        {"type": "track", "userId": user, "anonymousId": device, "groupId": company, "event": "Invoice Sent", "properties": properties, "context": context},
        {"type": "page", "userId": user, "name": name, "properties": {"url": url, "title": name, "search": query}, "context": context},
        {"type": "screen", "anonymousId": device, "name": email},
        {"type": "screen", "userId": user, "name": format!("Chat {user}"), "properties": {"category": email}},
        {"type": "track", "userId": user, "event": "Odd", "properties": {"account": {"owner": name}, "to": format!("{phone} now")}},
        {"type": "alias", "userId": user, "previousId": "device-4711"},
    ]))
    .await;
}

#[app_test]
async fn nothing_personal_is_stored_in_clear(app: TestApp) {
    plant(&app).await;
    let text = dump(&app).await;
    assert!(text.contains("invoice sent") && text.contains("industry"), "the control is not found");
    for planted in PLANTED {
        let hex = data_encoding::HEXLOWER.encode(planted.as_bytes());
        assert!(!text.contains(&hex), "{planted} is stored as bytes");
    }
    for planted in PLANTED.map(str::to_lowercase) {
        assert!(!text.contains(&planted), "{planted} is stored in clear");
    }
}

/// Everything that the databases and the log hold, opened: rows as text, bytes in hex, events in full.
async fn dump(app: &TestApp) -> String {
    let mut text = String::new();
    for db in [&app.app().main, &app.app().keyring] {
        text.push_str(&crate::testing::dump(db).await);
    }
    let environment = app.installed().organisation.environments[0].id;
    let see = |_: &events::Arrival, event: &events::Event| writeln!(text, "{event:?}").unwrap();
    app.app().log().scan(environment, see).unwrap();
    text.to_lowercase()
}

#[app_test]
async fn whoever_may_read_it_gets_it_back(app: TestApp) {
    plant(&app).await;
    let [email, name, phone, user, _, text, ip, _, company, _] = PLANTED;
    let person = app.person(user).await.assert(200).json();
    assert_eq!(person["external_id"], user);
    assert_eq!(
        person["attributes"],
        json!({"email": email, "name": name, "phone": phone, "bio": text, "plan": "pro", "favourite": email})
    );
    assert_eq!(person["company"]["external_id"], company);
    let events = app.api().get(&format!("/api/v1/people/{user}/events")).await.assert(200).json();
    let sent = events["data"].as_array().unwrap().iter().find(|event| event["event"] == "Invoice Sent").unwrap();
    let properties = &sent["properties"];
    assert_eq!((&properties["email"], &properties["amount"]), (&json!(email), &json!(12)));
    assert_eq!((&properties["contact"], &properties["who"]), (&json!({"phone": phone}), &json!(user)));
    assert_eq!((&properties["list"], &properties["address"]), (&json!([1, {"deep": email}]), &json!(null)));
    assert_eq!((&properties["ip"], &properties["seen"]), (&json!(null), &json!(["here"])), "{ip} is not stored at all");
    assert_eq!(
        (&properties["contact_name"], &properties["remark"]),
        (&json!(name), &json!(format!("of {user}, :hidden")))
    );
    assert_eq!(properties["link"], "https://app.example/people/:hidden/:hidden");
    assert_eq!(sent["context"]["path"], "/people/:hidden/:hidden");
    assert_eq!((&sent["context"]["browser"], &sent["context"]["system"]), (&json!("Chrome"), &json!("Linux")));
}

#[app_test]
async fn a_member_sees_masks_until_they_ask_on_the_record(app: TestApp) {
    plant(&app).await;
    let environment = app.installed().organisation.environments[0].id.to_string();
    let cookie = app.sign_in().await;
    let dashboard = || {
        let asking = app.at(Door::Dashboard).cookie(&cookie).header("origin", "https://dashboard.localhost:8444");
        asking.header("pilotfish-environment", &environment)
    };
    let person = dashboard().get("/api/v1/people/outside-id-4711").await.assert(200).json();
    assert_eq!(person["attributes"]["email"], json!({"personal": true}));
    assert_eq!(person["attributes"]["plan"], "pro");
    assert_eq!(person["personal"], json!(["bio", "email", "favourite", "name", "phone"]));
    assert_eq!(app.looks().await, 0);
    let shown = dashboard().post("/api/v1/people/outside-id-4711/reveal").await.assert(200).json();
    assert_eq!(shown["attributes"]["email"], PLANTED[0]);
    assert_eq!(app.looks().await, 1);
    app.person("outside-id-4711").await.assert(200);
    assert_eq!(app.looks().await, 2);
}

impl TestApp {
    /// How many looks at personal values are on record.
    async fn looks(&self) -> usize {
        let rows = store::sql("SELECT id FROM audit_records WHERE action = 'person.read_personal'");
        rows.fetch_all(self.app().main.read(store::Scope::System)).await.unwrap().len()
    }
}

#[app_test]
async fn people_are_found_by_their_address_as_it_is_now(app: TestApp) {
    let identify = |email: &str| json!([{"type": "identify", "userId": "u", "traits": {"email": email}}]);
    let search = async |email: &str| {
        let found = app.api().json(&json!({"email": email})).post("/api/v1/people/search").await.assert(200).json();
        found["data"].as_array().unwrap().iter().map(|one| one["external_id"].clone()).collect::<Vec<_>>()
    };
    app.send(identify("First@Example.org")).await;
    assert_eq!(search(" first@example.ORG").await, ["u"]);
    app.advance(std::time::Duration::from_secs(1));
    app.send(identify("second@example.org")).await;
    assert_eq!(search("first@example.org").await, Vec::<serde_json::Value>::new());
    assert_eq!(search("second@example.org").await, ["u"]);
    app.send(json!([{"type": "identify", "userId": "v", "traits": {"email": "second@example.org"}}])).await;
    assert_eq!(search("second@example.org").await.len(), 2);
    app.at(Door::Edge).bearer(&app.server_key(Of::Staging));
}
