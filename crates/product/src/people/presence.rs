//! How people stand, as the hot path needs it: whether they have a row, for which company they act, and when they were
//! seen, which is written once a second for everybody and not with each event.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base::Timestamp;
use base::id::EnvironmentId;
use foldhash::fast::RandomState;

use super::recent::Recent;

/// A person who has a row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The number of the company that the person acts for.
    pub(crate) company: Option<u64>,
    /// When the event was that said so.
    pub(crate) company_at: Option<Timestamp>,
}

/// From when to when somebody was seen.
pub(super) type Span = (Timestamp, Timestamp);

/// Who stands how, and who was seen since it was last written down.
pub(super) struct Presence {
    standings: Recent<(EnvironmentId, u64), Standing>,
    seen: Mutex<HashMap<(EnvironmentId, u64), Span, RandomState>>,
}

impl Presence {
    pub(super) fn new(capacity: usize, keep: Duration) -> Self {
        Self { standings: Recent::new(capacity, keep), seen: Mutex::default() }
    }

    pub(super) fn get(&self, environment: EnvironmentId, number: u64) -> Option<Standing> {
        self.standings.get(&(environment, number))
    }

    /// Notes how somebody stands. What is known by a later event stays: requests may end in another order than they wrote.
    pub(super) fn set(&self, environment: EnvironmentId, number: u64, standing: Standing) {
        self.standings.update((environment, number), standing, |known| standing.company_at >= known.company_at);
    }

    /// Notes that people were seen.
    pub(super) fn touch(&self, environment: EnvironmentId, seen: impl Iterator<Item = (u64, Timestamp)>) {
        self.add(environment, seen.map(|(number, at)| (number, (at, at))));
    }

    /// Takes back what could not be written down.
    pub(super) fn give_back(&self, environment: EnvironmentId, seen: &[(u64, Span)]) {
        self.add(environment, seen.iter().copied());
    }

    fn add(&self, environment: EnvironmentId, seen: impl Iterator<Item = (u64, Span)>) {
        let mut map = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for (number, (first, last)) in seen {
            let span = map.entry((environment, number)).or_insert((first, last));
            *span = (span.0.min(first), span.1.max(last));
        }
    }

    /// What has not been written down yet, by environment.
    pub(super) fn take(&self) -> HashMap<EnvironmentId, Vec<(u64, Span)>> {
        let taken = std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner));
        let mut by_environment: HashMap<EnvironmentId, Vec<(u64, Span)>> = HashMap::new();
        for ((environment, number), span) in taken {
            by_environment.entry(environment).or_default().push((number, span));
        }
        by_environment
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_later_event_said_stays() {
        let presence = Presence::new(10, Duration::from_mins(1));
        let environment = EnvironmentId(uuid::Uuid::from_u128(1));
        let acts = |company, at| Standing { company: Some(company), company_at: Some(Timestamp(at)) };
        let then = |standing| {
            presence.set(environment, 1, standing);
            presence.get(environment, 1).unwrap()
        };
        assert_eq!(then(Standing::default()), Standing::default());
        assert_eq!(then(acts(1, 10)), acts(1, 10));
        assert_eq!(then(acts(2, 20)), acts(2, 20));
        assert_eq!(then(acts(1, 10)), acts(2, 20), "written before, told after");
        assert_eq!(then(Standing::default()), acts(2, 20), "its row was made before");
        assert_eq!(then(acts(3, 20)), acts(3, 20));
    }
}
