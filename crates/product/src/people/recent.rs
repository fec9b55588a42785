//! A bounded cache whose entries are not trusted for longer than a while, for the hot path: a look costs a few dozen
//! nanoseconds, and does not make an entry last longer.

use std::hash::Hash;
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;
use quick_cache::UnitWeighter;
use quick_cache::sync::{Cache, DefaultLifecycle, EntryAction, EntryResult};

/// What was learnt lately.
pub(super) struct Recent<K, V> {
    entries: Cache<K, (Instant, V), UnitWeighter, RandomState>,
    keep: Duration,
}

impl<K: Hash + Eq + Clone, V: Copy> Recent<K, V> {
    /// At most so many entries, each for so long.
    pub(super) fn new(capacity: usize, keep: Duration) -> Self {
        let (weighter, lifecycle) = (UnitWeighter, DefaultLifecycle::default());
        let entries = Cache::with(capacity, capacity as u64, weighter, RandomState::default(), lifecycle);
        Self { entries, keep }
    }

    pub(super) fn get(&self, key: &K) -> Option<V> {
        self.get_at(key, Instant::now())
    }

    /// As [`Self::get`]; whoever looks many up reads the clock once.
    pub(super) fn get_at(&self, key: &K, now: Instant) -> Option<V> {
        let (learnt, value) = self.entries.get(key)?;
        (now.saturating_duration_since(learnt) < self.keep).then_some(value)
    }

    pub(super) fn insert(&self, key: K, value: V) {
        self.entries.insert(key, (Instant::now(), value));
    }

    /// As [`Self::insert`], unless there is an entry that is trusted and not to be replaced.
    pub(super) fn update(&self, key: K, value: V, replaces: impl FnOnce(&V) -> bool) {
        let entry = (Instant::now(), value);
        let found = self.entries.entry(&key, None, |_, known: &mut (Instant, V)| {
            if known.0.elapsed() >= self.keep || replaces(&known.1) {
                *known = entry;
            }
            EntryAction::Retain(())
        });
        if let EntryResult::Vacant(place) = found {
            // Who removes a key that is being put in has the last word.
            let _ = place.insert(entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_trusted_for_a_while_however_often_it_is_looked_at() {
        let recent = Recent::new(10, Duration::from_millis(50));
        recent.insert(1, "one");
        let learnt = Instant::now();
        while recent.get(&1) == Some("one") {
            assert!(learnt.elapsed() < Duration::from_secs(5));
        }
        assert!(learnt.elapsed() >= Duration::from_millis(40));
        recent.insert(1, "uno");
        assert_eq!((recent.get(&1), recent.get(&2)), (Some("uno"), None));
    }

    #[test]
    fn there_are_no_more_than_there_may_be() {
        let recent = Recent::new(100, Duration::from_mins(1));
        (0..1_000).for_each(|number| recent.insert(number, ()));
        assert!((0..1_000).filter(|number| recent.get(number).is_some()).count() <= 100);
    }
}
