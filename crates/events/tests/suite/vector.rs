//! The format's test vector: the same seed gives the same bytes, and the committed bytes are still read.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use base::{SeededRng, Timestamp};
use events::{DeviceKind, Event, EventLog, Kind, LogKeys, Outcome};
use serde_json::json;
use std::sync::Arc;

use crate::support::{ENVIRONMENT, Fixture, TestKeys, environment, log_folder};

fn vector() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/event-log.hex")
}

pub(crate) fn events(fixture: &Fixture) -> Vec<Event> {
    let properties = json!({
        "text": "naïve", "negative": -3, "large": u64::MAX, "double": 0.1, "yes": true, "nothing": null,
        "list": [1, "two", [3.5], {}], "object": {"a": {"b": []}},
    });
    let serde_json::Value::Object(properties) = properties else { panic!() };
    let full = Event {
        person: 300,
        company: Some(7),
        time: Timestamp(-1),
        received: fixture.now(),
        message: *b"0123456789abcdef",
        kind: Kind::Answer,
        name: "Invoice Sent".into(),
        session: Some(1),
        path: Some("/invoices".into()),
        device: Some(DeviceKind::Tablet),
        content: Some("srv_1".into()),
        step: Some("q1".into()),
        properties,
        sealed: BTreeMap::from([("email".to_owned(), vec![0, 255, 1])]),
    };
    vec![full, crate::support::event(1, fixture.now())]
}

#[tokio::test]
async fn the_committed_file_is_written_and_read_byte_for_byte() {
    let fixture = Fixture::new();
    let keys: Arc<dyn LogKeys> = Arc::new(TestKeys);
    let rng = Arc::new(SeededRng::new(42));
    let (log, _) =
        EventLog::open(fixture.folder.path(), "edge", keys, fixture.clock.clone(), rng, fixture.options.clone())
            .unwrap();
    let outcomes = log.append(environment(ENVIRONMENT), events(&fixture)).await.unwrap();
    assert!(matches!(outcomes[..], [Outcome::Stored(_), Outcome::Stored(_)]));
    log.shutdown().await;
    let written = std::fs::read(&fixture.files()[0]).unwrap();
    let committed = std::fs::read_to_string(vector()).unwrap();
    let written = to_hex(&written);
    assert!(committed == written, "the format changed; now it is\n{written}");

    let fixture = Fixture::new();
    let folder = log_folder(fixture.folder.path());
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{:020}.log", 1)), from_hex(&committed)).unwrap();
    let (log, report) = fixture.open();
    assert!(report.findings().next().is_none(), "{report}");
    let mut read = Vec::new();
    log.scan(environment(ENVIRONMENT), |_, event| read.push(event.clone())).unwrap();
    assert_eq!(read, events(&fixture));
    log.shutdown().await;
}

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for line in bytes.chunks(32) {
        for byte in line {
            write!(text, "{byte:02x}").unwrap();
        }
        text.push('\n');
    }
    text
}

pub(crate) fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().filter(char::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap()).collect()
}
