//! Personal values that came through every door are in no byte of the data folder and the logs: neither raw nor in base64,
//! UTF-16 or hex, nor inside compressed blocks.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "a test's own functions")]

mod support;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::process::Stdio;

use data_encoding::{BASE64_NOPAD, HEXLOWER};
use serde_json::json;
use support::{Place, Running};

const PLANTED: [&str; 12] = [
    "planted.ana@leak.example",
    "Plantedsurname",
    "+49 170 5550142",
    "planted-user-4711",
    "planted-device-4711",
    "planted words that somebody wrote about their day at work",
    "203.0.113.142",
    "plantedquery",
    "491705550143",
    "planted-company-4711",
    "2001:db8:4711::142",
    "Plantedstreet",
];

/// A value as it could have been written.
fn forms(value: &str) -> BTreeMap<&'static str, Vec<u8>> {
    let utf16 = |swap: bool| -> Vec<u8> {
        value.encode_utf16().flat_map(|unit| if swap { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    };
    let mut forms = BTreeMap::from([
        ("raw", value.as_bytes().to_vec()),
        ("lower case", value.to_lowercase().into_bytes()),
        ("utf-16 little endian", utf16(false)),
        ("utf-16 big endian", utf16(true)),
        ("hex", HEXLOWER.encode(value.as_bytes()).into_bytes()),
        ("upper hex", HEXLOWER.encode(value.as_bytes()).to_uppercase().into_bytes()),
        ("url", value.replace('@', "%40").replace(' ', "%20").replace('+', "%2B").into_bytes()),
    ]);
    // Base64 of it at each of the three places that it can begin at, without the letters that neighbours change.
    for (name, shift) in [("base64", 0), ("base64, second", 1), ("base64, third", 2)] {
        let mut bytes = vec![0; shift];
        bytes.extend_from_slice(value.as_bytes());
        let text = BASE64_NOPAD.encode(&bytes);
        let (from, to) = ([0, 2, 3][shift], text.len() - 2);
        forms.insert(name, text.as_bytes()[from..to].to_vec());
    }
    forms
}

/// Where planted values are found in some bytes, or in what is compressed in them.
fn search(bytes: &[u8], place: &str, found: &mut Vec<String>) {
    for value in PLANTED {
        for (form, needle) in forms(value) {
            if contains(bytes, &needle) {
                found.push(format!("{value} ({form}) in {place}"));
            }
        }
    }
    for (at, window) in bytes.windows(4).enumerate() {
        let unpacked = match window {
            [0x28, 0xb5, 0x2f, 0xfd] => unpack(zstd::stream::read::Decoder::new(&bytes[at..]).unwrap()),
            [0x1f, 0x8b, 0x08, _] => unpack(flate2::read::GzDecoder::new(&bytes[at..])),
            _ => continue,
        };
        if !unpacked.is_empty() {
            search(&unpacked, &format!("{place}, unpacked at {at}"), found);
        }
    }
}

fn unpack(reader: impl std::io::Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    // What is no such block ends with an error, and with what could be read before it.
    let _ = reader.take(64 << 20).read_to_end(&mut bytes);
    bytes
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    let (first, last) = (needle[0], needle.len());
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == first) {
        if rest[at..].starts_with(needle) {
            return true;
        }
        if rest.len() - at < last {
            return false;
        }
        rest = &rest[at + 1..];
    }
    false
}

/// Searches every file below a folder; none may begin as a database or part in clear.
fn search_folder(folder: &Path, found: &mut Vec<String>) -> usize {
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files += search_folder(&path, found);
        } else if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            for magic in [&b"SQLite format 3\0"[..], b"PAR1"] {
                assert!(!bytes.starts_with(magic), "{} is in clear", path.display());
            }
            search(&bytes, &path.display().to_string(), found);
            files += 1;
        }
    }
    files
}

fn everything(place: &Place) -> (usize, Vec<String>) {
    let mut found = Vec::new();
    let files = search_folder(&place.data(), &mut found) + search_folder(&place.folder.path().join("logs"), &mut found);
    (files, found)
}

/// Names and places that personal values come under and in.
fn odd_properties(url: &str) -> serde_json::Value {
    let [email, name, phone, user, device, _, ip, query, number, company, ip6, street] = PLANTED;
    let digits: u64 = number.parse().unwrap();
    json!({
            "buyer-name": name, "contactName": name, "user.nick": name, "created_by": name, "file_name": name, "page_title": name,
            "shippingStreet": street, "billing": {"city": street}, "employees": [name], "tel": phone, "mobile_no": digits, "answer": digits,
            "to": format!("call {phone}"), "ids": [company, {"x": device}], "hint": format!("of {user}."), "slug": format!("x{company}x"),
            "clientIp": ip, "seen": [ip, ip6, {"from": ip6}], "remark": format!("from {ip}"), "source": format!("[{ip6}]:443"),
            "links": [{"to": url, "list": [format!("/a?{query}")]}], "see": format!("look at {url} there"), "referrer": url,
            "encoded": "https%3A%2F%2Fshop.example%2Fx%3Fq%3Dplantedquery", "category": email})
}

async fn plant(server: &Running, made: &serde_json::Value, edge: &str, api: &str, dashboard: &str) {
    let [email, name, phone, user, device, text, ip, query, _, company, _, street] = PLANTED;
    let environment = &made["environments"][0];
    let url = format!("https://shop.example/people/{user}/{email}?q={query}#{query}");
    let context = json!({"ip": ip, "userAgent": format!("Mozilla/5.0 {name}"), "locale": name,
        "page": {"url": url, "title": text, "referrer": url, "search": query}, "traits": {"email": email}});
    let batch = json!({"batch": [
        {"type": "identify", "userId": user, "anonymousId": device, "context": context,
         "traits": {"email": email, "name": name, "phone": phone, "notes": text, "plan": "pro", "odd": email}},
        {"type": "group", "userId": user, "groupId": company,
         "traits": {"billing_email": email, "summary": text, "contact_name": name, "of": user, "billing": {"city": street}}},
        {"type": "track", "userId": user, "event": "Invoice Sent", "context": context,
         "properties": {"amount": 7, "customer": name, "odd": [phone, {"x": email}], "ip": ip, "url": url, "of": user}},
        {"type": "track", "userId": user, "groupId": company, "event": "Odd", "properties": odd_properties(&url)},
        {"type": "page", "userId": user, "category": email, "properties": {"category": email, "referrer": url, "page_title": name}},
        {"type": "screen", "userId": user, "name": format!("Chat with {user}")},
        {"type": "track", "userId": user, "event": format!("Mail to {email}")},
        {"type": "track", "userId": user, "event": format!("Called {phone} today")},
        {"type": "track", "userId": user, "event": format!("Seen from {ip}")},
        {"type": "track", "userId": user, "event": format!("Opened by {user}")},
        {"type": "track", "userId": user, "event": "Odd", "properties": {format!("{user} score"): 1}},
        {"type": "track", "userId": user, "event": "Odd", "properties": {email: 1}},
        {"type": "page", "userId": user, "name": text, "properties": {"url": url, "title": name}, "context": context},
        {"type": "screen", "anonymousId": device, "name": email},
        {"type": "alias", "userId": user, "previousId": device},
        {"type": email, "userId": user},
        {"type": "track", "userId": user, "event": "Odd", "timestamp": text},
    ]});
    let client = server.client();
    let key = environment["server_key"].as_str().unwrap();
    let headers = [("x-forwarded-for", ip), ("referer", url.as_str()), ("cookie", email), ("x-request-id", email)];
    let with = |mut asking: reqwest::RequestBuilder| {
        for (name, value) in headers {
            asking = asking.header(name, value);
        }
        asking
    };
    let answer =
        with(client.post(format!("{edge}/v1/batch"))).bearer_auth(key).body(batch.to_string()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let rejected: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(rejected["rejected"].as_array().unwrap().len(), 8, "{rejected}");
    for (path, body) in [
        (format!("/v1/track?email={email}"), format!("{{\"userId\":\"{user}\",\"event\":\"{email}\"")),
        (format!("/v1/{user}/{email}"), text.to_owned()),
        ("/v1/track".to_owned(), json!({"writeKey": email, "userId": user, "event": "E"}).to_string()),
    ] {
        with(client.post(format!("{edge}{path}"))).bearer_auth(key).body(body).send().await.unwrap();
    }
    let browser_key = environment["browser_key"].as_str().unwrap();
    for (path, mut body) in [
        (
            "/v1/sync",
            json!({"traits": {"contact_name": name, "hint": phone}, "company": {"id": company, "traits": {"ceo": name}}}),
        ),
        ("/v1/group", json!({"groupId": company, "traits": {"contact_name": name}})),
        ("/v1/track", json!({"event": format!("Mail to {email}"), "properties": {"buyer_name": name}})),
        ("/v1/answers", json!({"id": email, "content": name, "version": 1, "answers": {"q": text}})),
    ] {
        body["anonymousId"] = device.into();
        for (key, staging) in [(browser_key, false), (made["environments"][1]["browser_key"].as_str().unwrap(), true)] {
            body["writeKey"] = key.into();
            let answer = with(client.post(format!("{edge}{path}"))).header("origin", format!("https://{user}@{ip}"));
            let status = answer.body(body.to_string()).send().await.unwrap().status().as_u16();
            let speaks_for_company = path == "/v1/sync" || path == "/v1/group";
            assert_eq!(status == 200, staging && speaks_for_company, "{path} {status}");
        }
    }
    let api_key = made["api_key"].as_str().unwrap();
    let ask = |asking: reqwest::RequestBuilder| {
        with(asking).bearer_auth(api_key).header("pilotfish-environment", environment["id"].as_str().unwrap())
    };
    for path in [
        format!("people/{user}"),
        format!("people/{user}/events"),
        format!("people/{email}?x={query}"),
        "people".to_owned(),
    ] {
        ask(client.get(format!("{api}/api/v1/{path}"))).send().await.unwrap();
    }
    let search = ask(client.post(format!("{api}/api/v1/people/search"))).header("content-type", "application/json");
    let answer = search.body(json!({"email": email}).to_string()).send().await.unwrap().text().await.unwrap();
    assert!(answer.contains(user), "{answer}");
    for body in [json!({"email": email, "password": text}).to_string(), format!("{{\"email\":\"{email}\"")] {
        let asking =
            with(client.post(format!("{dashboard}/api/v1/sessions"))).header("content-type", "application/json");
        asking.body(body).send().await.unwrap();
    }
}

#[tokio::test]
async fn what_is_personal_is_in_no_byte_of_the_data_and_the_logs() {
    let place = Place::new();
    let made = place.init();
    let logs = place.folder.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    let mut command = place.with_root_key(&["serve", "--log", "debug"]);
    for door in ["--edge", "--api", "--dashboard", "--metrics"] {
        command.args([door, "127.0.0.1:0"]);
    }
    let log = std::fs::File::create(logs.join("stderr")).unwrap();
    let mut server = Running::start_with(&mut command, &place.data().join("tls/ca.pem"), Stdio::from(log));
    let [edge, api, dashboard] = ["edge", "api", "dashboard"].map(|door| server.url(door));
    plant(&server, &made, &edge, &api, &dashboard).await;
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;

    let (files, found) = everything(&place);
    assert_eq!(found, Vec::<String>::new(), "while it serves");
    assert!(files >= 7, "only {files} files were looked at");
    assert!(server.terminate().success());
    assert_eq!(everything(&place).1, Vec::<String>::new(), "after it stopped");
    assert!(std::fs::read_to_string(logs.join("stderr")).unwrap().contains("/v1/batch"), "the log says nothing");

    // The scanner finds each value in each form, also inside compressed blocks.
    for value in PLANTED {
        for (form, bytes) in forms(value) {
            let packed = zstd::encode_all(&bytes[..], 1).unwrap();
            std::fs::write(logs.join("control"), [b"before ".to_vec(), packed, b" after".to_vec()].concat()).unwrap();
            assert!(everything(&place).1.iter().any(|one| one.contains(value)), "{value} as {form} was not found");
        }
    }
}
