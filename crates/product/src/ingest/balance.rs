//! What became of the messages that this process took, for each environment: numbers, and nothing of what they say.
//!
//! A message counts as taken before anything is done with it, and as answered when its sender is told that it was stored, was
//! there already, or is refused. What is stored and what was there is counted by the log itself, so the two sides are
//! counted apart: `answered ≤ stored + copies + refused ≤ taken` holds at every moment, and all are equal when nothing is
//! under way. A message whose request failed, or was left by its sender, is taken and never answered: it may be stored or not,
//! and its sender sends it again.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use base::Problem;
use base::id::EnvironmentId;

/// The balances of all environments since this process began.
#[derive(Default)]
pub(crate) struct Balances(RwLock<HashMap<EnvironmentId, Arc<Balance>>>);

/// One environment's.
#[derive(Default)]
pub(crate) struct Balance {
    taken: AtomicU64,
    answered: AtomicU64,
    refused: AtomicU64,
}

impl Balances {
    /// Counts messages that are being taken.
    pub(crate) fn take(&self, environment: EnvironmentId, messages: usize) -> Taken {
        let (balance, messages) = (self.of(environment), messages as u64);
        balance.taken.fetch_add(messages, Ordering::SeqCst);
        Taken { balance, messages }
    }

    /// An environment's.
    pub(crate) fn of(&self, environment: EnvironmentId) -> Arc<Balance> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&environment).cloned();
        known.unwrap_or_else(|| {
            Arc::clone(self.0.write().unwrap_or_else(PoisonError::into_inner).entry(environment).or_default())
        })
    }

    /// All of them.
    pub(crate) fn all(&self) -> HashMap<EnvironmentId, Arc<Balance>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Balance {
    /// Messages that were begun with.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::SeqCst)
    }

    /// Of these, those whose sender was told what became of them.
    pub(crate) fn answered(&self) -> u64 {
        self.answered.load(Ordering::SeqCst)
    }

    /// Of these, those that were refused.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::SeqCst)
    }
}

/// Messages that were taken, until it is known what became of them.
pub(crate) struct Taken {
    balance: Arc<Balance>,
    messages: u64,
}

impl Taken {
    /// Their sender is told now: that so many were refused, or that the request is, and with it every one.
    pub(crate) fn answer(self, refused: Result<usize, &Problem>) {
        let refused = match refused {
            Ok(refused) => refused as u64,
            Err(problem) if problem.code.status().is_client_error() => self.messages,
            Err(_) => return,
        };
        self.balance.refused.fetch_add(refused, Ordering::SeqCst);
        self.balance.answered.fetch_add(self.messages, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use base::id::EnvironmentId;
    use base::{Code, FrozenClock, SeededRng};

    use super::*;

    #[test]
    fn what_failed_is_taken_and_never_answered() {
        let balances = Balances::default();
        let environment = EnvironmentId::new(&FrozenClock::default(), &SeededRng::new(1));
        balances.take(environment, 5).answer(Ok(2));
        balances.take(environment, 3).answer(Err(&Problem::new(Code::InvalidJson)));
        balances.take(environment, 7).answer(Err(&Problem::new(Code::StorageUnavailable)));
        drop(balances.take(environment, 11));
        let balance = balances.of(environment);
        assert_eq!((balance.taken(), balance.answered(), balance.refused()), (26, 8, 5));
    }
}
