use serde_json::json;

use super::Request;
use super::server::understood;

#[test]
fn a_request_is_understood_whole_or_refused_with_a_reason() {
    let bytes = |value: serde_json::Value| value.to_string().into_bytes();
    let asked = bytes(json!({"protocol": 1, "request": {"command": "rotate_keys", "kind": "session", "now": true}}));
    let kind = Some(keys::KeyKind::Session);
    assert_eq!(understood(&asked).unwrap(), Request::RotateKeys { kind, now: true, days: None });
    for (asked, said) in [
        (b"".to_vec(), "send one json object"),
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), "send one json object"),
        (bytes(json!({"protocol": 2, "request": {"command": "list_keys"}})), "was asked in version 2"),
        (bytes(json!({"protocol": 1, "request": {"command": "stop"}})), "unknown variant `stop`"),
        (bytes(json!({"protocol": 1, "request": {"command": "list_keys", "all": true}})), "unknown field `all`"),
        (vec![b' '; 70_000], "at most 65536 bytes"),
    ] {
        let refused = understood(&asked).unwrap_err();
        assert!(refused.contains(said), "{refused}");
    }
}
