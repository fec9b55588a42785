//! From JSON to a tree that is valid by construction. All problems are reported at once, each with a pointer to its
//! place and with what is accepted there.

mod filter;

use std::sync::Arc;

use base::FieldProblem;
use serde_json::{Map, Value};

use crate::field::MAX_NAME;
use crate::{Count, CountOp, Did, Filter, Place, Rule, Span};

/// How deep combinators nest.
const MAX_DEPTH: usize = 10;
/// Combinators, filters and conditions on events together.
const MAX_NODES: usize = 300;
/// All texts of a rule together, in bytes.
const MAX_BYTES: usize = 64 * 1024;
/// More problems than these help nobody.
const MAX_PROBLEMS: usize = 30;
const MAX_COUNT: u64 = 1_000_000;
/// Of a count within a window: the times themselves are kept, and no more of them.
pub const MAX_COUNT_WITHIN: u64 = 1_000;
const MAX_WINDOW_DAYS: u64 = 366;

impl Rule {
    /// Reads a rule that stands in this place; pointers start with the given one (`/audience`; empty for none).
    pub fn parse(value: &Value, place: Place, pointer: &str) -> Result<Self, Vec<FieldProblem>> {
        Parser::run(place, |parser| parser.rule(value, pointer, 0))
    }
}

impl Filter {
    /// Reads one filter that stands in this place, for what has filters but no rules, such as an analytics question.
    pub fn parse(value: &Value, place: Place, pointer: &str) -> Result<Self, Vec<FieldProblem>> {
        Parser::run(place, |parser| {
            let object = parser.object(value, pointer, "a filter such as {\"field\":…,\"op\":…,\"value\":…}")?;
            parser.filter(object, place, pointer)
        })
    }
}

struct Parser {
    place: Place,
    problems: Vec<FieldProblem>,
    nodes: usize,
    bytes: usize,
}

impl Parser {
    fn run<T>(place: Place, read: impl FnOnce(&mut Self) -> Option<T>) -> Result<T, Vec<FieldProblem>> {
        let mut parser = Self { place, problems: Vec::new(), nodes: 0, bytes: 0 };
        match read(&mut parser) {
            Some(it) if parser.problems.is_empty() => Ok(it),
            _ => Err(parser.problems),
        }
    }

    fn problem<T>(&mut self, pointer: &str, detail: impl Into<String>) -> Option<T> {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(FieldProblem { pointer: pointer.to_owned(), detail: detail.into() });
        }
        None
    }

    fn object<'v>(&mut self, value: &'v Value, at: &str, expected: &str) -> Option<&'v Map<String, Value>> {
        match value {
            Value::Object(object) => Some(object),
            other => self.problem(at, format!("expected {expected}, found {}", kind(other))),
        }
    }

    /// Reports what an object has beside the known keys.
    fn only(&mut self, object: &Map<String, Value>, known: &[&str], at: &str) {
        for key in object.keys().filter(|key| !known.contains(&key.as_str())) {
            let suggestion = nearest(key, known.iter().copied());
            let pointer = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
            self.problem::<()>(&pointer, format!("unknown key{suggestion}; accepted: {}", known.join(", ")));
        }
    }

    fn node(&mut self, at: &str) -> Option<()> {
        self.nodes += 1;
        if self.nodes <= MAX_NODES {
            return Some(());
        }
        if self.nodes == MAX_NODES + 1 {
            return self.problem(at, format!("too many conditions: a rule has at most {MAX_NODES}"));
        }
        None
    }

    fn spend(&mut self, bytes: usize, at: &str) -> Option<()> {
        let before = self.bytes;
        self.bytes = before.saturating_add(bytes);
        if self.bytes <= MAX_BYTES {
            return Some(());
        }
        if before <= MAX_BYTES {
            return self.problem(at, format!("too large: the texts of a rule have at most {MAX_BYTES} bytes together"));
        }
        None
    }

    fn rule(&mut self, value: &Value, at: &str, depth: usize) -> Option<Rule> {
        const SHAPES: &str = "one of {\"all\":[…]}, {\"any\":[…]}, {\"not\":…}, {\"field\":…,\"op\":…}, {\"event\":…}";
        self.node(at)?;
        if depth > MAX_DEPTH {
            return self.problem(at, format!("too deep: rules nest at most {MAX_DEPTH} deep"));
        }
        let object = self.object(value, at, SHAPES)?;
        let Some(shape) = ["all", "any", "not", "event", "field"].into_iter().find(|key| object.contains_key(*key))
        else {
            let known = ["all", "any", "not", "field", "event"];
            let suggestion = object.keys().map(|key| nearest(key, known)).find(|found| !found.is_empty());
            return self.problem(at, format!("expected {SHAPES}{}", suggestion.unwrap_or_default()));
        };
        if shape == "field" {
            return self.filter(object, self.place, at).map(|filter| Rule::Filter(Arc::new(filter)));
        }
        if shape == "event" {
            return self.did(object, at).map(|did| Rule::Did(Arc::new(did)));
        }
        self.only(object, &[shape], at);
        let at = format!("{at}/{shape}");
        let inner = &object[shape];
        match shape {
            "not" => self.rule(inner, &at, depth + 1).map(|part| Rule::Not(Arc::new(part))),
            "all" => self.rules(inner, &at, depth).map(|parts| Rule::All(parts.into())),
            _ => self.rules(inner, &at, depth).map(|parts| Rule::Any(parts.into())),
        }
    }

    fn rules(&mut self, value: &Value, at: &str, depth: usize) -> Option<Vec<Rule>> {
        let Value::Array(parts) = value else {
            return self.problem(at, format!("expected a list of rules, found {}", kind(value)));
        };
        let mut rules = Vec::with_capacity(parts.len().min(MAX_NODES));
        for (index, part) in parts.iter().enumerate().take(MAX_NODES + 1) {
            rules.extend(self.rule(part, &format!("{at}/{index}"), depth + 1));
        }
        (rules.len() == parts.len()).then_some(rules)
    }

    fn did(&mut self, object: &Map<String, Value>, at: &str) -> Option<Did> {
        if !matches!(self.place, Place::Audience | Place::Segment) {
            return self.problem(at, "what somebody did cannot be asked here; accepted: filters on page and locale");
        }
        self.only(object, &["event", "filters", "count", "within"], at);
        let event = self.event(&object["event"], &format!("{at}/event"));
        let filters = match present(object, "filters") {
            None => Some(Vec::new()),
            Some(value) => self.event_filters(value, &format!("{at}/filters")),
        };
        let count = match present(object, "count") {
            None => Some(Count::ONCE),
            Some(value) => self.count(value, &format!("{at}/count")),
        };
        let within = match present(object, "within") {
            None => Some(None),
            Some(value) => self.window(value, &format!("{at}/within")).map(Some),
        };
        let (count, within) = (count?, within?);
        if within.is_some() && count.value > MAX_COUNT_WITHIN {
            let detail = format!("expected a whole number from 0 to {MAX_COUNT_WITHIN} where a count has a window");
            return self.problem(&format!("{at}/count/value"), detail);
        }
        Some(Did::new(event?, filters?, count, within))
    }

    fn event(&mut self, value: &Value, at: &str) -> Option<String> {
        match value {
            Value::String(name) if !name.is_empty() && name.len() <= MAX_NAME => {
                self.spend(name.len(), at)?;
                Some(name.clone())
            }
            _ => self.problem(at, format!("expected the name of an event, 1 to {MAX_NAME} bytes")),
        }
    }

    fn event_filters(&mut self, value: &Value, at: &str) -> Option<Vec<Filter>> {
        let Value::Array(parts) = value else {
            return self.problem(at, format!("expected a list of filters, found {}", kind(value)));
        };
        let mut filters = Vec::new();
        for (index, part) in parts.iter().enumerate().take(MAX_NODES + 1) {
            let at = format!("{at}/{index}");
            self.node(&at)?;
            let Some(object) = self.object(part, &at, "a filter such as {\"field\":…,\"op\":…,\"value\":…}")
            else {
                continue;
            };
            let Some(filter) = self.filter(object, Place::Event, &at) else { continue };
            if filter.is_relative() {
                let detail = "a time from now cannot be asked of an event, which is counted when it arrives; use \
                              \"within\", or a fixed time";
                self.problem::<()>(&format!("{at}/value"), detail);
            }
            filters.push(filter);
        }
        (filters.len() == parts.len()).then_some(filters)
    }

    fn count(&mut self, value: &Value, at: &str) -> Option<Count> {
        let object = self.object(value, at, "a count such as {\"op\":\"gte\",\"value\":3}")?;
        self.only(object, &["op", "value"], at);
        let op = self.named(object.get("op"), &CountOp::ALL, "operator of a count", &format!("{at}/op"));
        let at = format!("{at}/value");
        let value = match object.get("value").and_then(Value::as_u64) {
            Some(value) if value <= MAX_COUNT => Some(value),
            _ => self.problem(&at, format!("expected a whole number from 0 to {MAX_COUNT}")),
        };
        match (op?, value?) {
            (CountOp::Gte, 0) => self.problem(&at, "at least 0 times always holds; accepted: 1 or more"),
            (CountOp::Lt, 0) => self.problem(&at, "less than 0 times never holds; accepted: 1 or more"),
            (op, value) => Some(Count { op, value }),
        }
    }

    fn window(&mut self, value: &Value, at: &str) -> Option<Span> {
        match value.as_str().and_then(Span::parse) {
            Some(span) if span.duration().as_secs() <= MAX_WINDOW_DAYS * 86_400 => Some(span),
            _ => self.problem(at, format!("expected {}; at most {MAX_WINDOW_DAYS}d", Span::ACCEPTED)),
        }
    }

    /// One of a few names.
    fn named<T: Copy>(&mut self, value: Option<&Value>, known: &[(&str, T)], what: &str, at: &str) -> Option<T> {
        let names = || known.iter().map(|(name, _)| *name);
        let accepted = names().collect::<Vec<_>>().join(", ");
        let Some(Value::String(text)) = value else {
            return self.problem(at, format!("expected an {what}; accepted: {accepted}"));
        };
        if let Some((_, it)) = known.iter().find(|(name, _)| name == text) {
            return Some(*it);
        }
        let suggestion = nearest(text, names());
        self.problem(at, format!("unknown {what}{suggestion}; accepted: {accepted}"))
    }
}

/// A key's value, unless it is null, which says the same as leaving it out.
pub(crate) fn present<'v>(object: &'v Map<String, Value>, key: &str) -> Option<&'v Value> {
    object.get(key).filter(|value| !value.is_null())
}

/// `: did you mean "…"?`, if something known is near.
pub(crate) fn nearest<'a>(text: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let text: String = text.chars().take(64).collect();
    let best = known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&text.to_lowercase(), name), name))
        .min()
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4);
    best.map_or_else(String::new, |(_, name)| format!(": did you mean \"{name}\"?"))
}

pub(crate) const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
