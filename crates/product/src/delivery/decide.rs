//! One decision for all live content: what is delivered to a person, in the order in which it may show.
//!
//! That order: a flow that was interrupted goes on first; then flows; then surveys; of two of a kind the older one. It
//! depends on nothing else, so the same person gets the same answer from every edge.

use targeting::{Decision, Rule};

use super::facts::Person;
use super::{Live, Piece};

/// A piece of content that is delivered.
#[derive(Debug)]
pub(crate) struct Delivered<'a> {
    pub(crate) piece: &'a Piece,
    /// What the browser has to find true of the page.
    pub(crate) residual: Option<Rule>,
    /// The step at which an interrupted flow goes on.
    pub(crate) resume: Option<&'a str>,
}

/// What is delivered to a person.
pub(crate) fn decide<'a>(live: &'a Live, person: &'a Person<'_>) -> Vec<Delivered<'a>> {
    let (mut first, mut rest) = (Vec::new(), Vec::new());
    for ((content, decision), piece) in live.rules.decide(person, |content| person.seen(content)).zip(&live.pieces) {
        let Decision::Show { residual, goes_on } = decision else { continue };
        let seen = person.row.seen.get(&content.id).filter(|_| goes_on);
        let step = seen.and_then(|seen| seen.step.as_deref());
        // The version that is live now may not have the step that an earlier one had.
        let resume = step.filter(|step| piece.steps.iter().any(|id| id == step));
        if goes_on { &mut first } else { &mut rest }.push(Delivered { piece, residual, resume });
    }
    first.append(&mut rest);
    first
}

/// The body of a `sync` answer.
pub(crate) fn answer(live: &Live, delivered: &[Delivered<'_>]) -> String {
    let length = delivered.iter().map(|it| it.piece.head.len() + 64).sum::<usize>();
    let mut body = String::with_capacity(length + live.events.len() + 64);
    body.push_str("{\"ruleset\":");
    body.push_str(&live.rules.number().to_string());
    body.push_str(",\"events\":");
    body.push_str(&live.events);
    body.push_str(",\"content\":[");
    for (index, it) in delivered.iter().enumerate() {
        if index > 0 {
            body.push(',');
        }
        body.push_str(&it.piece.head);
        body.push_str(",\"where\":");
        body.push_str(&json(&it.residual));
        body.push_str(",\"resume\":");
        body.push_str(&json(&it.resume));
        body.push('}');
    }
    body.push_str("]}");
    body
}

/// JSON of what always serialises: rules and texts.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}
