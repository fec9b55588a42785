//! One person of Harbour's: who they are, and everything that is told of them.

use std::collections::HashSet;
use std::time::Duration;

use base::Timestamp;
use serde_json::{Map, Value, json};

use super::content::{LiveContent, Piece};
use super::draw::Draw;
use super::events::{self, Happening};
use super::plan::Company;
use super::recipe::{Recipe, SurveyRecipe};

const INVOICE_SENT: &str = "Invoice Sent";
/// Whom the welcome flow is for.
const WELCOMED: [&str; 2] = ["trial", "starter"];
/// The steps of the welcome flow, in order.
const STEPS: [&str; 3] = ["welcome", "open-invoices", "new-invoice"];

/// What is told of a person: messages of the tracking API, and answers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Visitor {
    pub(super) messages: Vec<Value>,
    pub(super) answers: Vec<Value>,
}

/// What everybody's history is drawn from.
pub(super) struct World<'a> {
    pub(super) recipe: &'a Recipe,
    pub(super) draw: &'a Draw,
    pub(super) now: Timestamp,
    pub(super) content: &'a LiveContent,
}

/// Messages of one person under way.
struct Telling<'a> {
    user: &'a str,
    context: Value,
    visitor: Visitor,
}

impl World<'_> {
    /// A person of a company; the first is its owner and was there from its first day.
    pub(super) fn visitor(
        &self,
        company: &Company<'_>,
        id: String,
        is_first: bool,
        taken: &mut HashSet<String>,
    ) -> Visitor {
        let (draw, recipe) = (self.draw, self.recipe);
        let name = format!("{} {}", draw.one_of(&recipe.first_names), draw.one_of(&recipe.last_names));
        let role = if is_first { "owner" } else { draw.named(&recipe.roles) };
        let since = if is_first { company.since } else { events::between(draw, company.since, company.until) };
        let plan = company.recipe.plan.as_str();
        let traits = json!({
            "name": name, "email": address(&name, &company.name, taken), "plan": plan, "role": role, "country": company.country,
        });
        let about = json!({"name": company.name, "plan": plan, "size": company.size});
        let (device, browser) = (draw.named(&recipe.devices), draw.named(&recipe.browsers));
        let context = json!({"locale": company.locale, "device": {"type": device}, "userAgent": user_agent(browser)});
        let mut telling =
            Telling { user: &id, context, visitor: Visitor { messages: Vec::new(), answers: Vec::new() } };
        telling.message("identify", since, json!({"traits": traits}));
        telling.message("group", since, json!({"groupId": company.id, "traits": about}));
        let happened = events::of(recipe, draw, company.recipe, since, company.until, self.now);
        for Happening { at, event, page, properties } in &happened {
            telling.track(*at, event, Some(page), Value::Object(properties.clone()));
        }
        self.welcome(&mut telling, plan, happened.first().map(|first| first.at));
        let sent: Vec<Timestamp> = happened.iter().filter(|one| one.event == INVOICE_SENT).map(|one| one.at).collect();
        self.survey(&mut telling, plan, sent.get(1).copied());
        telling.visitor
    }

    /// What became of the welcome flow, the first time that somebody was there.
    fn welcome(&self, telling: &mut Telling<'_>, plan: &str, first: Option<Timestamp>) {
        let (draw, recipe) = (self.draw, &self.recipe.welcome_flow);
        let Some(first) = first else { return };
        if !WELCOMED.contains(&plan) || !draw.chance(recipe.shown) {
            return;
        }
        // One draw: who came to a later step came to the earlier ones.
        let (patience, mut at, mut last) = (draw.unit(), first, STEPS[0]);
        telling.content(at, "$shown", &self.content.flow, Some(last));
        for step in STEPS {
            if patience < recipe.reached.get(step).copied().unwrap_or(0.0) {
                telling.content(at, "$step", &self.content.flow, Some(step));
                last = step;
            }
            at = at.plus(Duration::from_secs(draw.within([4, 40]).into())).min(self.now);
        }
        if patience < recipe.completed {
            telling.content(at, "$completed", &self.content.flow, Some(last));
        } else if draw.chance(0.8) {
            telling.content(at, "$dismissed", &self.content.flow, Some(last));
        }
    }

    /// What became of the survey, after the second invoice.
    fn survey(&self, telling: &mut Telling<'_>, plan: &str, second: Option<Timestamp>) {
        let (draw, recipe, piece) = (self.draw, &self.recipe.nps_survey, &self.content.survey);
        let Some(second) = second.filter(|_| draw.chance(recipe.shown)) else { return };
        let shown = second.plus(Duration::from_secs(2)).min(self.now);
        let done = shown.plus(Duration::from_secs(draw.within([8, 90]).into())).min(self.now);
        telling.content(shown, "$shown", piece, None);
        if !draw.chance(recipe.started) {
            if draw.chance(0.7) {
                telling.content(done, "$dismissed", piece, None);
            }
            return;
        }
        let complete = draw.chance(recipe.completed);
        let answers = answers(draw, recipe, plan, complete);
        let id = uuid::Builder::from_random_bytes(draw.bytes()).into_uuid().to_string();
        telling.visitor.answers.push(json!({
            "userId": telling.user, "id": id, "content": piece.id, "version": piece.version, "answers": answers,
            "complete": complete, "timestamp": done.to_string(),
        }));
        telling.content(done, if complete { "$completed" } else { "$dismissed" }, piece, None);
    }
}

/// What somebody answers: the score always, the rest of who comes to the end.
fn answers(draw: &Draw, recipe: &SurveyRecipe, plan: &str, complete: bool) -> Map<String, Value> {
    let scores = recipe.scores.get(plan).copied().unwrap_or([1.0; 11]);
    let score = draw.place(scores.iter().copied());
    let mut answers = Map::from_iter([("recommend".to_owned(), score.into())]);
    if complete && draw.chance(recipe.text_answered) {
        let reasons = match score {
            9.. => &recipe.reasons.promoter,
            7..=8 => &recipe.reasons.passive,
            _ => &recipe.reasons.detractor,
        };
        answers.insert("why".to_owned(), draw.one_of(reasons).as_str().into());
    }
    if complete {
        answers.insert("next".to_owned(), draw.named(&recipe.choices).into());
    }
    answers
}

impl Telling<'_> {
    fn message(&mut self, kind: &str, at: Timestamp, fields: Value) {
        let mut message = Map::from_iter([
            ("type".to_owned(), kind.into()),
            ("messageId".to_owned(), format!("demo-{}-{}", self.user, self.visitor.messages.len()).into()),
            ("timestamp".to_owned(), at.to_string().into()),
            ("userId".to_owned(), self.user.into()),
            ("context".to_owned(), self.context.clone()),
        ]);
        if let Value::Object(fields) = fields {
            message.extend(fields);
        }
        self.visitor.messages.push(Value::Object(message));
    }

    fn track(&mut self, at: Timestamp, event: &str, page: Option<&str>, properties: Value) {
        let mut context = self.context.clone();
        if let Some(page) = page {
            context["page"] = json!({"path": page});
        }
        self.message("track", at, json!({"event": event, "properties": properties, "context": context}));
    }

    fn content(&mut self, at: Timestamp, event: &str, piece: &Piece, step: Option<&str>) {
        let mut properties = json!({"content": piece.id, "version": piece.version});
        if let Some(step) = step {
            properties["step"] = step.into();
        }
        self.track(at, event, None, properties);
    }
}

/// An address at the company's domain that none of its people has.
fn address(name: &str, company: &str, taken: &mut HashSet<String>) -> String {
    let letters = |text: &str| -> String {
        let plain = text.to_lowercase().replace('ø', "o");
        plain.chars().filter(char::is_ascii_alphabetic).collect()
    };
    let local = name.split(' ').map(letters).collect::<Vec<_>>().join(".");
    let domain = letters(company);
    let mut address = format!("{local}@{domain}.example");
    let mut number = 2;
    while !taken.insert(address.clone()) {
        address = format!("{local}{number}@{domain}.example");
        number += 1;
    }
    address
}

/// What a browser of this name says of itself, in short.
fn user_agent(browser: &str) -> &'static str {
    match browser {
        "Safari" => "Mozilla/5.0 (Macintosh; Intel Mac OS X 15_6) Version/19.0 Safari/605.1.15",
        "Firefox" => "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
        "Edge" => "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/142.0 Safari/537.36 Edg/142.0",
        _ => "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/142.0 Safari/537.36",
    }
}
