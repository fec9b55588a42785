//! The registry of attributes: every attribute of people and companies, every property of events and every event name is
//! registered on first sight, with its type and its class, and stays what it was registered as.
//!
//! A *personal* value is sealed to its person before it is stored; a *pseudonymous* or *plain* one is stored in clear,
//! unless the value itself looks personal: then it alone is sealed. [`names`] and [`detect`] hold the rules. A name that
//! looks personal itself would end up in the registry in clear, so its message is refused.
//!
//! The registry is held in memory, per environment; it is bounded, and what comes beyond is refused.

mod detect;
pub(crate) mod names;
mod store;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ::store::Scope as StoreScope;
use arc_swap::ArcSwap;
use base::id::EnvironmentId;
use base::{Personal, ProblemResult};
use serde_json::Value;

use crate::App;
use crate::people::Written;
use crate::problem::store_failed;
use crate::retry::retrying;

pub(crate) use detect::{names_somebody, text_looks_personal};

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
}

/// How values are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Sealed.
    Personal,
    /// In clear; tells about a person only together with other data.
    Pseudonymous,
    /// In clear.
    Plain,
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
}

/// What is registered in an environment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known([HashMap<String, Class>; 4]);

impl Known {
    /// How a registered name's values are stored.
    pub(crate) fn class(&self, scope: Scope, name: &str) -> Option<Class> {
        self.0[scope as usize].get(name).copied()
    }

    fn is_full(&self, scope: Scope, new: usize) -> bool {
        self.0[scope as usize].len() + new >= scope.limit()
    }
}

/// A name that nobody has registered, with its first value.
#[derive(Debug, Clone)]
pub(crate) struct New {
    pub(crate) scope: Scope,
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) class: Class,
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

    /// Registers names; one that was registered meanwhile stays as it is. Those beyond the limits are left out.
    pub(crate) async fn register(
        &self,
        app: &App,
        environment: EnvironmentId,
        known: &Known,
        new: Vec<New>,
    ) -> ProblemResult<Arc<Known>> {
        let mut counts = [0; 4];
        let mut wanted: Vec<New> = Vec::new();
        for new in new {
            let count = &mut counts[new.scope as usize];
            let there = wanted.iter().any(|other| other.scope == new.scope && other.name == new.name);
            if !there && !known.is_full(new.scope, *count) {
                *count += 1;
                wanted.push(new);
            }
        }
        if !wanted.is_empty() {
            // In the order of the key, so that two who register at once wait for each other and not crosswise.
            wanted.sort_by(|one, other| (one.scope.name(), &one.name).cmp(&(other.scope.name(), &other.name)));
            let wanted = &wanted;
            retrying(app, || async move {
                let mut tx = app.main.begin(StoreScope::Environment(environment)).await.map_err(store_failed)?;
                store::insert(&mut tx, environment, wanted, app.clock.now()).await.map_err(store_failed)?;
                tx.commit().await.map_err(store_failed)
            })
            .await?;
        }
        self.read(app, environment).await
    }

    async fn read(&self, app: &App, environment: EnvironmentId) -> ProblemResult<Arc<Known>> {
        let reader = app.main.read(StoreScope::Environment(environment));
        let mut known = Known::default();
        for (scope, name, class) in store::all(reader, environment).await.map_err(store_failed)? {
            known.0[scope as usize].insert(name, class);
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

/// A name as it would be registered, by its first value.
///
/// # Errors
/// [`Refused`] if a name like this is not registered at all.
pub(crate) fn judge(scope: Scope, name: &str, value: &Value) -> Result<New, Refused> {
    if name.is_empty() || name.len() > MAX_NAME {
        return Err(Refused::Length);
    }
    let personal = match scope {
        Scope::EventName => names_somebody(name),
        Scope::Person | Scope::Company | Scope::Event => text_looks_personal(name),
    };
    if personal {
        return Err(Refused::Personal);
    }
    let class = match scope {
        Scope::EventName => Class::Plain,
        _ => names::class_of(scope, name),
    };
    Ok(New { scope, name: name.to_owned(), kind: kind_of(value), class })
}

/// Whether a name's values are not stored at all: an IP address's.
pub(crate) fn is_dropped(name: &str) -> bool {
    names::is_address(name)
}

/// How a value is stored; `own` are the outside ids of the message, which stand in the keyring only.
pub(crate) fn treat(class: Class, value: Value, own: &[&str]) -> Written {
    let is_own = |value: &Value| value.as_str().is_some_and(|text| own.contains(&text));
    if value.is_null() {
        Written::Removed
    } else if class == Class::Personal || is_own(&value) || detect::value_looks_personal(&value) {
        Written::Personal(Personal::new(value))
    } else {
        Written::Plain(value)
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "unknown",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(text) if text.parse::<base::Timestamp>().is_ok() => "time",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}
