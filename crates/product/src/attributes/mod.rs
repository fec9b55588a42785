//! The registry of attributes: every attribute of people and companies, every property of events and every event name is
//! registered on first sight, with its type and its class, and stays what it was registered as, unless the rules come to
//! protect it better.
//!
//! A *personal* value is sealed to its person before it is stored; a *pseudonymous* or *plain* one is stored in clear,
//! unless the value itself looks personal: then it alone is sealed. [`names`] and [`detect`] hold the rules. A name that
//! looks personal itself would end up in the registry in clear, so its message is refused.
//!
//! The registry is held in memory, per environment; it is bounded, and what comes beyond is refused. A browser's key is
//! public, so what it brings counts as *provisional*: a server's key settles it, and half of the room is for servers
//! alone. A name's class follows from the name, never from a value or from who sent it first.

mod detect;
mod glance;
pub(crate) mod names;
mod store;
mod vocabulary;
mod words;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::App;
use crate::authority::{TenantReader, TenantTx};
use crate::ingest::Given;
use crate::people::Written;
use crate::problem::store_failed;
use crate::retry::retrying;
use arc_swap::ArcSwap;
use base::id::EnvironmentId;
use base::{Personal, ProblemResult, Timestamp};
use foldhash::fast::RandomState;
use keys::ApiKeyKind;

pub(crate) use detect::{has_ip, is_innocent, is_ip, mentions, names_somebody, text_looks_personal};

/// What is registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Scope {
    /// An attribute of people.
    Person,
    /// An attribute of companies.
    Company,
    /// A property of events.
    Event,
    /// An event's name.
    EventName,
}

impl Scope {
    const ALL: [Self; 4] = [Self::Person, Self::Company, Self::Event, Self::EventName];

    const fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Company => "company",
            Self::Event => "event",
            Self::EventName => "event_name",
        }
    }

    /// How many there may be in an environment.
    const fn limit(self) -> usize {
        match self {
            Self::Person | Self::Company => 500,
            Self::Event | Self::EventName => 2_000,
        }
    }

    /// How many of them browsers may bring.
    const fn provisional_limit(self) -> usize {
        self.limit() / 2
    }
}

/// How values are stored; what protects more is less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// Sealed.
    Personal,
    /// In clear; tells about a person only together with other data.
    Pseudonymous,
    /// In clear.
    Plain,
}

/// What it counts for that somebody sent a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sighting {
    /// A server's key, which is secret.
    Trusted,
    /// A browser's, which everybody has.
    Provisional,
}

impl From<ApiKeyKind> for Sighting {
    fn from(kind: ApiKeyKind) -> Self {
        if kind == ApiKeyKind::Browser { Self::Provisional } else { Self::Trusted }
    }
}

impl Class {
    const fn name(self) -> &'static str {
        match self {
            Self::Personal => "personal",
            Self::Pseudonymous => "pseudonymous",
            Self::Plain => "plain",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Personal, Self::Pseudonymous, Self::Plain].into_iter().find(|class| class.name() == name)
    }
}

/// The longest name, in bytes.
pub(crate) const MAX_NAME: usize = 200;

/// Why a message is refused for a name in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It looks personal.
    Personal,
    /// It is empty or too long.
    Length,
    /// It has characters that nobody sees.
    Shape,
}

/// How long a registry that is full is not read again for names that it doesn't have.
const FULL_FOR: Duration = Duration::from_secs(10);

/// What is registered in an environment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    names: [HashMap<String, Registered, RandomState>; 4],
    read_at: Timestamp,
}

/// How a name is registered.
#[derive(Debug, Clone, Copy)]
struct Registered {
    sighting: Sighting,
    rule: Rule,
}

/// What a name says about how its values are stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    pub(crate) class: Class,
    /// It stands for how many people there are: anything but a number is sealed.
    counts: bool,
}

impl Known {
    /// How a registered name's values are stored.
    pub(crate) fn class(&self, scope: Scope, name: &str) -> Option<Class> {
        self.rule(scope, name).map(|rule| rule.class)
    }

    /// The same in full.
    pub(crate) fn rule(&self, scope: Scope, name: &str) -> Option<Rule> {
        self.names[scope as usize].get(name).map(|registered| registered.rule)
    }

    /// The registered names of a scope, each with whether its values are sealed.
    pub(crate) fn names(&self, scope: Scope) -> impl Iterator<Item = (&str, bool)> {
        let names = self.names[scope as usize].iter();
        names.map(|(name, registered)| (name.as_str(), registered.rule.class == Class::Personal))
    }

    /// Whether this sight of a name adds nothing to what is registered.
    pub(crate) fn is_settled(&self, scope: Scope, name: &str, sighting: Sighting) -> bool {
        let registered = self.names[scope as usize].get(name);
        registered.is_some_and(|known| known.sighting == Sighting::Trusted || sighting == Sighting::Provisional)
    }

    /// How many more names there may be of a scope, by what was counted.
    fn room(scope: Scope, sighting: Sighting, [all, provisional]: [usize; 2]) -> usize {
        let room = scope.limit().saturating_sub(all);
        match sighting {
            Sighting::Trusted => room,
            Sighting::Provisional => room.min(scope.provisional_limit().saturating_sub(provisional)),
        }
    }

    fn counts(&self, scope: Scope) -> [usize; 2] {
        let names = &self.names[scope as usize];
        let provisional = names.values().filter(|registered| registered.sighting == Sighting::Provisional);
        [names.len(), provisional.count()]
    }
}

/// A name that nobody has registered, with its first value.
#[derive(Debug, Clone)]
pub(crate) struct New {
    pub(crate) scope: Scope,
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) class: Class,
    pub(crate) sighting: Sighting,
}

/// What is registered, by environment.
#[derive(Default)]
pub(crate) struct Registry {
    environments: Mutex<HashMap<EnvironmentId, Arc<ArcSwap<Known>>>>,
}

impl Registry {
    /// What is registered in an environment.
    pub(crate) async fn of(&self, app: &App, environment: EnvironmentId) -> ProblemResult<Arc<Known>> {
        if let Some(known) = self.cached(environment) {
            return Ok(known.load_full());
        }
        self.read(app, environment).await
    }

    /// Registers names; one that was registered meanwhile stays as it is, but that a server's key settles what a browser's
    /// brought. Those beyond the limits are left out.
    pub(crate) async fn register(
        &self,
        app: &App,
        environment: EnvironmentId,
        known: &Arc<Known>,
        new: Vec<New>,
    ) -> ProblemResult<Arc<Known>> {
        let wanted = fitting(new, known, |scope| known.counts(scope));
        let now = app.clock.now();
        if wanted.is_empty() && now.since(known.read_at) < FULL_FOR {
            return Ok(Arc::clone(known));
        }
        if !wanted.is_empty() {
            let wanted = &wanted;
            retrying(app, || async move {
                let mut tx = TenantTx::begin(app, environment).await.map_err(store_failed)?;
                // Another process may have filled the room meanwhile.
                let counts = store::counts(&mut tx).await.map_err(store_failed)?;
                let mut wanted = fitting(wanted.clone(), known, |scope| counts[scope as usize]);
                // In the order of the key, so that two who register at once wait for each other and not crosswise.
                wanted.sort_by(|one, other| (one.scope.name(), &one.name).cmp(&(other.scope.name(), &other.name)));
                store::insert(&mut tx, &wanted, now).await.map_err(store_failed)?;
                tx.commit().await.map_err(store_failed)
            })
            .await?;
        }
        self.read(app, environment).await
    }

    async fn read(&self, app: &App, environment: EnvironmentId) -> ProblemResult<Arc<Known>> {
        let reader = TenantReader::new(app, environment);
        let mut known = Known { read_at: app.clock.now(), ..Known::default() };
        for (scope, name, class, sighting) in store::all(reader).await.map_err(store_failed)? {
            if is_dropped(&name) {
                continue;
            }
            // Rules that have become stricter hold for what is registered, too.
            let rule = rule_of(scope, &name);
            let rule = Rule { class: class.min(rule.class), ..rule };
            known.names[scope as usize].insert(name, Registered { sighting, rule });
        }
        let known = Arc::new(known);
        let mut environments = self.environments.lock().unwrap_or_else(PoisonError::into_inner);
        environments.entry(environment).or_default().store(Arc::clone(&known));
        Ok(known)
    }

    fn cached(&self, environment: EnvironmentId) -> Option<Arc<ArcSwap<Known>>> {
        self.environments.lock().unwrap_or_else(PoisonError::into_inner).get(&environment).cloned()
    }
}

/// Which of these names there is room for, each once.
fn fitting(new: Vec<New>, known: &Known, counts: impl Fn(Scope) -> [usize; 2]) -> Vec<New> {
    let mut seen: HashSet<(Scope, String)> = HashSet::new();
    let mut counts: [[usize; 2]; 4] = Scope::ALL.map(counts);
    let mut fitting = Vec::new();
    for new in new {
        let is_there = known.class(new.scope, &new.name).is_some();
        let counts = &mut counts[new.scope as usize];
        if (!is_there && Known::room(new.scope, new.sighting, *counts) == 0)
            || !seen.insert((new.scope, new.name.clone()))
        {
            continue;
        }
        if !is_there {
            counts[0] += 1;
            counts[1] += usize::from(new.sighting == Sighting::Provisional);
        }
        fitting.push(new);
    }
    fitting
}

/// A name as it would be registered, by its first value; `own` are the outside ids of its message.
///
/// # Errors
/// [`Refused`] if a name like this is not registered at all.
pub(crate) fn judge(
    scope: Scope,
    name: &str,
    value: &Given<'_>,
    own: &[&str],
    sighting: Sighting,
) -> Result<New, Refused> {
    if name.trim().is_empty() || name.len() > MAX_NAME {
        return Err(Refused::Length);
    }
    if name.chars().any(is_unseen) {
        return Err(Refused::Shape);
    }
    let personal = match scope {
        // An event is refused whole: a word such as a company's id can be in its name by chance.
        Scope::EventName => {
            let telling: Vec<&str> = own.iter().copied().filter(|id| *id == name || is_telling(id)).collect();
            names_somebody(name) || mentions(name, &telling)
        }
        Scope::Person | Scope::Company | Scope::Event => text_looks_personal(name) || mentions(name, own),
    };
    if personal {
        return Err(Refused::Personal);
    }
    let class = rule_of(scope, name).class;
    Ok(New { scope, name: name.to_owned(), kind: kind_of(value), class, sighting })
}

/// What the rules say of a name.
pub(crate) fn rule_of(scope: Scope, name: &str) -> Rule {
    match scope {
        Scope::EventName => Rule { class: Class::Plain, counts: false },
        _ => Rule { class: names::class_of(scope, name), counts: names::is_count_of_people(name) },
    }
}

/// Whether an outside id is unlikely to be an ordinary word.
fn is_telling(id: &str) -> bool {
    id.bytes().any(|byte| byte.is_ascii_digit()) || id.len() >= 12
}

fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Whether a name's values are not stored at all: an IP address's.
pub(crate) fn is_dropped(name: &str) -> bool {
    names::is_address(name)
}

/// Whether a name is a version's, whose numbers can look like an IP address.
pub(crate) fn is_version(name: &str) -> bool {
    names::is_version(name)
}

/// How a value is stored; `own` are the outside ids of the message, which stand in the keyring only.
pub(crate) fn treat<'a>(rule: Rule, name: &str, value: Given<'a>, own: &[&str]) -> Written<Given<'a>> {
    let is_personal = match &value {
        Given::Null => return Written::Removed,
        _ if rule.class == Class::Personal => true,
        Given::Bool(_) => false,
        Given::Number(number) => detect::is_id(number, own) || detect::number_looks_personal(name, number),
        Given::Text(text) => rule.counts || mentions(text, own) || detect::text_of_property_looks_personal(name, text),
        Given::Nested(value) => detect::holds_id(value, own) || detect::value_looks_personal(name, rule.counts, value),
    };
    if is_personal { Written::Personal(Personal::new(value)) } else { Written::Plain(value) }
}

fn kind_of(value: &Given<'_>) -> &'static str {
    match value {
        Given::Null => "unknown",
        Given::Bool(_) => "boolean",
        Given::Number(_) => "number",
        Given::Text(text) if text.parse::<base::Timestamp>().is_ok() => "time",
        Given::Text(_) => "text",
        Given::Nested(value) if value.is_array() => "list",
        Given::Nested(_) => "object",
    }
}
