//! All content of an environment that is live, compiled once and swapped as a whole.

use std::collections::BTreeSet;

use crate::{Content, Decision, Facts, Mentions, Seen, Trigger};

/// An immutable set of live content. Evaluating it needs no lock.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ruleset {
    number: u64,
    contents: Vec<Content>,
    mentions: Mentions,
    events: BTreeSet<String>,
}

const fn shared_between_threads<T: Send + Sync>() {}
const _: () = shared_between_threads::<Ruleset>();

impl Ruleset {
    /// A ruleset of this number. Whatever is not live stays in it, and is decided as such.
    pub fn new(number: u64, contents: Vec<Content>) -> Self {
        let mut mentions = Mentions::default();
        let mut events = BTreeSet::new();
        for content in &contents {
            content.conditions.rules().for_each(|rule| mentions.add(rule));
            if let Trigger::Event { event } = &content.conditions.trigger {
                events.insert(event.clone());
            }
        }
        events.extend(mentions.events().into_iter().map(ToOwned::to_owned));
        Self { number, contents, mentions, events }
    }

    /// Counts up with each publish of its environment.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Its content, in the order given.
    pub fn contents(&self) -> &[Content] {
        &self.contents
    }

    /// What its rules mention together: the counters and outcomes that must be kept.
    pub const fn mentions(&self) -> &Mentions {
        &self.mentions
    }

    /// The names of events that an audience counts or a trigger waits for.
    pub const fn events(&self) -> &BTreeSet<String> {
        &self.events
    }

    /// Decides every piece of content for one person.
    pub fn decide<'a, F: Facts + ?Sized>(
        &'a self,
        facts: &'a F,
        seen: impl Fn(&Content) -> Seen + 'a,
    ) -> impl Iterator<Item = (&'a Content, Decision)> {
        self.contents.iter().map(move |content| (content, content.decide(facts, &seen(content))))
    }
}
