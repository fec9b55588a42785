//! What live rules ask for, so that it is kept as events arrive: counters of events, and outcomes of predicates over
//! personal attributes, computed while the value is in the clear.
//!
//! A publish sets an environment's watch; until then nothing is watched.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use arc_swap::ArcSwap;
use base::id::EnvironmentId;
use base::{Personal, Timestamp};
use events::Event;
use serde_json::Value;
use store::keyring::SubjectKind;
use targeting::{CounterHash, Did, Fact, Facts, Field, Filter, Mentions, Outcome, PredicateHash, Scope};

use crate::delivery::Watched;

/// A counter that is kept.
#[derive(Debug)]
pub(crate) struct Counted {
    did: Arc<Did>,
    /// Under what a person's row has it.
    pub(crate) key: String,
}

impl Counted {
    /// Whether it counts within a window.
    pub(crate) fn is_windowed(&self) -> bool {
        self.did.within().is_some()
    }
}

/// What the live rules of one environment ask for.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// By event name.
    counters: HashMap<String, Vec<Counted>>,
    /// Under what people's rows have them.
    keys: HashSet<String>,
    /// By attribute name.
    of_people: HashMap<String, Vec<Arc<Filter>>>,
    of_companies: HashMap<String, Vec<Arc<Filter>>>,
}

impl Watch {
    /// What these rules mention, as far as it is watched.
    pub(crate) fn of(mentions: &Mentions, watched: &HashMap<CounterHash, Watched>) -> Self {
        let mut watch = Self::default();
        for (hash, did) in &mentions.counters {
            let Some(watched) = watched.get(hash) else { continue };
            let counted = Counted { did: Arc::clone(did), key: watched.key(*hash) };
            watch.keys.insert(counted.key.clone());
            watch.counters.entry(did.event().to_owned()).or_default().push(counted);
        }
        for filter in mentions.predicates.values().filter(|filter| !filter.is_relative()) {
            let by_name = match filter.field().scope() {
                Scope::Company => &mut watch.of_companies,
                _ => &mut watch.of_people,
            };
            by_name.entry(filter.field().name().to_owned()).or_default().push(Arc::clone(filter));
        }
        watch
    }

    /// Which counters an event belongs into.
    pub(crate) fn counters<'a>(&'a self, event: &'a Event) -> impl Iterator<Item = &'a Counted> {
        let mentioned = self.counters.get(&event.name).into_iter().flatten();
        mentioned.filter(|counted| counts(&counted.did, event))
    }

    /// Whether some counter asks for events of this name.
    pub(crate) fn counts_event(&self, name: &str) -> bool {
        self.counters.contains_key(name)
    }

    /// The names of the events that some counter asks for.
    pub(crate) fn event_names(&self) -> impl Iterator<Item = &str> {
        self.counters.keys().map(String::as_str)
    }

    /// Whether some live rule still asks for what a row has under this key.
    pub(crate) fn keeps(&self, key: &str) -> bool {
        self.keys.contains(key)
    }

    /// What rules say of a personal value, by predicate hash.
    pub(crate) fn outcomes(
        &self,
        of: SubjectKind,
        name: &str,
        value: &Personal<Value>,
        now: Timestamp,
    ) -> BTreeMap<String, bool> {
        let by_name = match of {
            SubjectKind::Person => &self.of_people,
            SubjectKind::Company => &self.of_companies,
        };
        let filters = by_name.get(name).into_iter().flatten();
        filters.map(|filter| (filter.predicate().to_string(), filter.holds(Some(value.open()), now))).collect()
    }
}

/// What is watched, by environment; swapped as a whole.
#[derive(Default)]
pub(crate) struct Watches(ArcSwap<HashMap<EnvironmentId, Arc<Watch>>>);

impl Watches {
    /// What is watched in an environment.
    pub(crate) fn of(&self, environment: EnvironmentId) -> Arc<Watch> {
        self.0.load().get(&environment).cloned().unwrap_or_default()
    }

    /// Watches something else from now on.
    pub(crate) fn set(&self, environment: EnvironmentId, watch: Watch) {
        self.set_shared(environment, Arc::new(watch));
    }

    /// As [`set`](Self::set).
    pub(crate) fn set_shared(&self, environment: EnvironmentId, watch: Arc<Watch>) {
        self.0.rcu(|watches| {
            let mut watches = HashMap::clone(watches);
            watches.insert(environment, Arc::clone(&watch));
            watches
        });
    }
}

/// Whether an event is one that a rule counts.
pub(crate) fn counts(did: &Did, event: &Event) -> bool {
    did.matches(&event.name, &EventFacts(event)) == Outcome::True
}

/// What a filter of a counter may know: the event alone.
struct EventFacts<'a>(&'a Event);

impl Facts for EventFacts<'_> {
    fn attribute(&self, field: &Field) -> Fact<'_> {
        let event = self.0;
        match (field.scope(), field.name()) {
            (Scope::Event, name) if event.sealed.contains_key(name) => Fact::Personal,
            (Scope::Event, name) => event.properties.get(name).map_or(Fact::Missing, Fact::Value),
            (Scope::Page, "path") => event.path.as_deref().map_or(Fact::Missing, Fact::Text),
            (Scope::Device, "kind") => event.device.map_or(Fact::Missing, |kind| Fact::Text(kind.as_str())),
            (Scope::Device, "browser") => event.properties.get("$browser").map_or(Fact::Missing, Fact::Value),
            _ => Fact::Unknown,
        }
    }

    fn outcome(&self, _: PredicateHash) -> Outcome {
        Outcome::Unknown
    }

    fn did(&self, _: &Did) -> Option<u64> {
        None
    }

    fn now(&self) -> Timestamp {
        self.0.received
    }
}
