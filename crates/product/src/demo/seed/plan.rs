//! Who there is: companies with their people, one after the other, packed into batches.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use base::Timestamp;
use serde_json::Value;

use super::content::LiveContent;
use super::draw::Draw;
use super::recipe::{PlanRecipe, Recipe};
use super::visitor::{self, Visitor};

/// Messages in a batch, unless one person has more.
const MESSAGES: usize = 500;
const DAY: Duration = Duration::from_hours(24);

/// What is sent at once: whole people.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Batch {
    pub(super) people: u64,
    pub(super) messages: Vec<Value>,
    pub(super) answers: Vec<Value>,
}

/// A company.
pub(super) struct Company<'a> {
    pub(super) recipe: &'a PlanRecipe,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) size: u32,
    pub(super) locale: &'a str,
    pub(super) country: &'a str,
    pub(super) since: Timestamp,
    /// When it left, or now.
    pub(super) until: Timestamp,
}

/// The whole history, a batch at a time. Made anew with the same arguments, it is the same.
pub(super) struct Plan<'a> {
    recipe: &'a Recipe,
    draw: Draw,
    now: Timestamp,
    content: LiveContent,
    left: u64,
    companies: u64,
    names: HashSet<String>,
    people: u64,
    waiting: VecDeque<Visitor>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(recipe: &'a Recipe, seed: u64, now: Timestamp, people: u64, content: LiveContent) -> Self {
        Self {
            recipe,
            draw: Draw::new(seed),
            now,
            content,
            left: people,
            companies: 0,
            names: HashSet::new(),
            people: 0,
            waiting: VecDeque::new(),
        }
    }

    /// The next company, with its people.
    fn company(&mut self) {
        let (draw, recipe) = (&self.draw, self.recipe);
        let plan = &recipe.plans[draw.place(recipe.plans.iter().map(|plan| plan.weight))];
        let since = self
            .now
            .minus(DAY * draw.within(plan.tenure_days))
            .minus(Duration::from_mins(draw.within([0, 600]).into()));
        let churned = draw.chance(plan.churned);
        let gone = self.now.minus(DAY * draw.within([30, 75]));
        self.companies += 1;
        let name = company_name(draw, recipe, &mut self.names);
        let company = Company {
            recipe: plan,
            id: format!("co_{}", 1_000 + self.companies),
            name,
            size: draw.within(plan.company_size),
            locale: draw.named(&recipe.locales),
            country: draw.named(&recipe.countries),
            since,
            until: if churned { gone.max(since) } else { self.now },
        };
        let mut addresses = HashSet::new();
        for place in 0..draw.within(plan.people_per_company) {
            if self.left == 0 {
                break;
            }
            self.left -= 1;
            self.people += 1;
            let id = format!("usr_{}", 1_000 + self.people);
            let world = visitor::World { recipe, draw, now: self.now, content: &self.content };
            self.waiting.push_back(world.visitor(&company, id, place == 0, &mut addresses));
        }
    }
}

impl Iterator for Plan<'_> {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let mut batch = Batch::default();
        loop {
            while self.waiting.is_empty() && self.left > 0 {
                self.company();
            }
            let Some(next) = self.waiting.front() else { break };
            if batch.people > 0 && batch.messages.len() + next.messages.len() > MESSAGES {
                break;
            }
            let Some(next) = self.waiting.pop_front() else { break };
            batch.people += 1;
            batch.messages.extend(next.messages);
            batch.answers.extend(next.answers);
        }
        (batch.people > 0).then_some(batch)
    }
}

/// A name that no other company has, as long as there are any.
fn company_name(draw: &Draw, recipe: &Recipe, taken: &mut HashSet<String>) -> String {
    let mut name = String::new();
    for _ in 0..50 {
        name = format!("{} {}", draw.one_of(&recipe.company_names.first), draw.one_of(&recipe.company_names.second));
        if taken.insert(name.clone()) {
            break;
        }
    }
    name
}
