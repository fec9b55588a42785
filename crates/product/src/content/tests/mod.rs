mod definitions;
mod life;

use serde_json::{Value, json};

/// A survey that can be published.
pub(super) fn survey() -> Value {
    json!({"name": "NPS", "definition": {
        "audience": {"field": "person.plan", "op": "is", "value": "pro"},
        "trigger": {"kind": "page", "where": {"field": "page.path", "op": "starts_with", "value": "/invoices"}},
        "frequency": {"kind": "recontact", "days": 90},
        "questions": [
            {"id": "q1", "kind": "nps", "text": "How likely?", "required": true},
            {"id": "q2", "kind": "single_choice", "text": "Which?", "required": false,
             "choices": [{"id": "a", "text": "A"}, {"id": "b", "text": "B"}]},
            {"id": "q3", "kind": "open_text", "text": "Why?", "required": false},
        ],
        "closing": {"title": "Thank you", "body": ""}, "position": "bottom_left",
    }})
}

/// A flow that can be published.
pub(super) fn flow() -> Value {
    json!({"name": "Welcome", "definition": {"steps": [
        {"id": "s1", "kind": "modal", "title": "Hello", "body": "World", "buttons": [{"text": "Next", "action": "next"}]},
        {"id": "s2", "kind": "tooltip", "title": "Here", "target": {"selector": "#new"}, "advance": "target_click"},
    ]}})
}
