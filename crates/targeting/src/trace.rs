//! Evaluation, written down: the answer to "why didn't it show?".
//!
//! A node is a node of the rule, with its outcome. What only the browser can decide is `unknown` and marked with
//! `"decided":"browser"`; so is a combination that could still become true there. Nothing personal is ever in a trace:
//! a filter whose fact is sealed names field and operator, neither the value nor what it is compared with.

use base::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::schema::TriggerKind;
use crate::{Count, Did, Fact, Facts, Field, Filter, Frequency, Op, Outcome, Rule, Span, Status};

/// One node of a trace, with its parts.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Trace {
    /// What was evaluated.
    #[serde(flatten)]
    pub what: What,
    /// What came of it.
    pub outcome: Outcome,
    /// `browser` if it depends on page or locale and may still become true there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub decided: Option<DecidedBy>,
    /// What it is made of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(no_recursion)]
    pub parts: Vec<Trace>,
}

/// Who decides, if not the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecidedBy {
    /// The browser, from page and locale.
    Browser,
}

/// What was known of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FactKind {
    /// No value.
    Missing,
    /// Not known here.
    Unknown,
    /// A value, which `actual` holds.
    Value,
    /// A sealed value, of which only the outcome is known.
    Personal,
}

/// What a node of a trace is about.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = TraceNode)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    /// Content as a whole: its status, frequency, audience and trigger.
    Content,
    /// Whether it is live.
    Status {
        /// Its status.
        status: Status,
    },
    /// Whether it may be shown again.
    Frequency {
        /// How often it may be.
        frequency: Frequency,
        /// When it was shown last.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        shown_at: Option<Timestamp>,
        /// When it was completed.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        completed_at: Option<Timestamp>,
        /// When it was dismissed.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        dismissed_at: Option<Timestamp>,
        /// When any survey was shown last, which a recontact period counts from.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        last_survey_shown_at: Option<Timestamp>,
    },
    /// The audience; its one part is the rule.
    Audience,
    /// What makes it appear; on a page with a rule, that is its one part.
    Trigger {
        /// `page`, `event` or `manual`.
        #[schema(value_type = TriggerKind)]
        on: &'static str,
        /// The event's name.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        event: Option<String>,
    },
    /// Every part.
    All,
    /// At least one part.
    Any,
    /// The opposite of its part.
    Not,
    /// A condition on a field.
    Filter {
        /// The field.
        #[schema(value_type = String)]
        field: Field,
        /// The operator.
        op: Op,
        /// What the value is compared with; absent if the fact is or may be personal.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        expected: Option<Value>,
        /// What is known of it.
        fact: FactKind,
        /// The value; absent unless the fact is a value.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        actual: Option<Value>,
    },
    /// A condition on what somebody did.
    Event {
        /// The event's name.
        event: String,
        /// What must hold of it.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        filters: Vec<Filter>,
        /// How often.
        count: Count,
        /// Within which window.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = String)]
        within: Option<Span>,
        /// How often it was; absent if nobody has counted yet.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        actual: Option<u64>,
    },
}

/// The outcomes that a node can still have when page and locale become known: a set of three.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Possible(u8);

const OUTCOMES: [Outcome; 3] = [Outcome::True, Outcome::False, Outcome::Unknown];

impl Possible {
    const fn only(outcome: Outcome) -> Self {
        Self(1 << outcome as u8)
    }

    fn iter(self) -> impl Iterator<Item = Outcome> {
        OUTCOMES.into_iter().filter(move |outcome| self.0 & Self::only(*outcome).0 != 0)
    }

    /// All that a combination of one from here and one from there can be.
    fn combine(self, other: Self, combine: impl Fn([Outcome; 2]) -> Outcome) -> Self {
        let pairs = self.iter().flat_map(|one| other.iter().map(move |two| [one, two]));
        Self(pairs.fold(0, |set, pair| set | Self::only(combine(pair)).0))
    }

    fn trace(self, what: What, parts: Vec<Trace>) -> Trace {
        let open = self.0.count_ones() > 1;
        let outcome = if open { Outcome::Unknown } else { self.iter().next().unwrap_or(Outcome::Unknown) };
        let browser = open && self.iter().any(|outcome| outcome == Outcome::True);
        Trace { what, outcome, decided: browser.then_some(DecidedBy::Browser), parts }
    }
}

impl Trace {
    pub(crate) const fn leaf(what: What, outcome: Outcome) -> Self {
        Self { what, outcome, decided: None, parts: Vec::new() }
    }

    /// Whether the browser may still make it true.
    pub const fn is_open(&self) -> bool {
        self.decided.is_some()
    }

    /// A node that is what all of its parts are.
    pub(crate) fn of_all(what: What, parts: Vec<Self>) -> Self {
        let possible =
            parts.iter().map(|part| if part.is_open() { Possible(0b111) } else { Possible::only(part.outcome) });
        possible.fold(Possible::only(Outcome::True), |all, part| all.combine(part, Outcome::all)).trace(what, parts)
    }
}

impl What {
    pub(crate) const fn trigger(on: &'static str) -> Self {
        Self::Trigger { on, event: None }
    }
}

impl Rule {
    /// Evaluates and tells how. Filters on a page or locale that the facts do not know are the browser's to decide.
    pub fn trace(&self, facts: &(impl Facts + ?Sized)) -> Trace {
        trace(self, facts).0
    }
}

fn trace(rule: &Rule, facts: &(impl Facts + ?Sized)) -> (Trace, Possible) {
    let (what, parts, possible) = match rule {
        Rule::Filter(filter) => return trace_filter(filter, facts),
        Rule::Did(did) => return trace_did(did, facts),
        Rule::All(rules) => {
            let (parts, possible) = trace_parts(rules, facts, Outcome::True, Outcome::all);
            (What::All, parts, possible)
        }
        Rule::Any(rules) => {
            let (parts, possible) = trace_parts(rules, facts, Outcome::False, Outcome::any);
            (What::Any, parts, possible)
        }
        Rule::Not(rule) => {
            let (part, possible) = trace(rule, facts);
            (What::Not, vec![part], possible.combine(Possible::only(Outcome::True), |[one, _]| !one))
        }
    };
    (possible.trace(what, parts), possible)
}

fn trace_parts(
    rules: &[Rule],
    facts: &(impl Facts + ?Sized),
    nothing: Outcome,
    join: fn([Outcome; 2]) -> Outcome,
) -> (Vec<Trace>, Possible) {
    let mut joined = Possible::only(nothing);
    let mut parts = Vec::with_capacity(rules.len());
    for rule in rules {
        let (part, possible) = trace(rule, facts);
        joined = joined.combine(possible, join);
        parts.push(part);
    }
    (parts, joined)
}

fn trace_filter(filter: &Filter, facts: &(impl Facts + ?Sized)) -> (Trace, Possible) {
    let known = facts.attribute(filter.field());
    let (fact, actual) = match known {
        Fact::Missing => (FactKind::Missing, None),
        Fact::Unknown => (FactKind::Unknown, None),
        Fact::Value(value) => (FactKind::Value, Some(value.clone())),
        Fact::Text(text) => (FactKind::Value, Some(Value::from(text))),
        Fact::Personal => (FactKind::Personal, None),
    };
    let possible = if filter.field().is_client() && fact == FactKind::Unknown {
        Possible(Possible::only(Outcome::True).0 | Possible::only(Outcome::False).0)
    } else {
        Possible::only(filter.judge(known, facts))
    };
    // An unknown fact may be a personal one.
    let open = matches!(fact, FactKind::Value | FactKind::Missing) || filter.field().is_client();
    let expected = if open { filter.value() } else { None };
    let what = What::Filter { field: filter.field().clone(), op: filter.op(), expected, fact, actual };
    (possible.trace(what, Vec::new()), possible)
}

fn trace_did(did: &Did, facts: &(impl Facts + ?Sized)) -> (Trace, Possible) {
    let actual = facts.did(did);
    let outcome = actual.map_or(Outcome::Unknown, |count| did.count().holds(count).into());
    let what = What::Event {
        event: did.event().to_owned(),
        filters: did.filters().to_vec(),
        count: did.count(),
        within: did.within(),
        actual,
    };
    (Trace::leaf(what, outcome), Possible::only(outcome))
}
