//! Senders at hand, so that a busy edge makes one encapsulation per person and 10 minutes and not one per value.
//!
//! Invariants: no secret is used past [`MAX_SENDER_AGE`]; a fenced subject's secret is wiped at once, also for whoever
//! got the sender before, and none is made for it again; the cache never holds more than its capacity.

use crate::envelope::{MAX_SENDER_AGE, Recipient, SealError, Sender, Subject};
use base::{Clock, Rng, Timestamp};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A bounded cache of [`Sender`]s, by subject.
pub struct SenderCache {
    capacity: usize,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    senders: HashMap<Subject, Arc<Sender>>,
    /// Oldest first; a sender that was replaced or dropped stays here until it comes to the front.
    order: VecDeque<Arc<Sender>>,
    /// Subjects that were fenced a short while ago: a call under way must not make a sender after the fence.
    fenced: HashMap<Subject, Timestamp>,
}

impl std::fmt::Debug for SenderCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SenderCache").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

impl SenderCache {
    /// An empty cache for at most so many subjects (at least one).
    pub fn new(capacity: usize, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Self {
        Self { capacity: capacity.max(1), clock, rng, state: Mutex::default() }
    }

    /// Seals one value with the subject's sender. A sender that was evicted between getting and using it is replaced.
    pub fn seal(
        &self,
        recipient: Recipient,
        subject: Subject,
        field: &str,
        version: u64,
        plain: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        for _ in 0..3 {
            match self.get(recipient, subject)?.seal(field, version, plain, &*self.clock, &*self.rng) {
                Err(SealError::Dropped | SealError::Expired) => {}
                done => return done,
            }
        }
        // The cache is thrashing: a sender for this value alone, wiped with it.
        Sender::new(recipient, subject, &*self.clock, &*self.rng)?.seal(field, version, plain, &*self.clock, &*self.rng)
    }

    /// The subject's sender to this recipient: the one at hand, or a new one if that is spent or seals to another key.
    pub fn get(&self, recipient: Recipient, subject: Subject) -> Result<Arc<Sender>, SealError> {
        if let Some(sender) = self.lock().at_hand(recipient, &subject, &*self.clock) {
            return Ok(sender);
        }
        let sender = Arc::new(Sender::new(recipient, subject, &*self.clock, &*self.rng)?);
        let mut state = self.lock();
        if state.fenced.contains_key(&subject) {
            sender.wipe();
            return Err(SealError::Fenced);
        }
        // Another thread may have been faster; its sender may be in use already.
        if let Some(theirs) = state.at_hand(recipient, &subject, &*self.clock) {
            return Ok(theirs);
        }
        state.evict_spent(&*self.clock);
        while state.order.len() >= self.capacity {
            state.evict_oldest();
        }
        if let Some(former) = state.senders.insert(subject, Arc::clone(&sender)) {
            former.wipe();
        }
        state.order.push_back(Arc::clone(&sender));
        Ok(sender)
    }

    /// Wipes a subject's secret at once and makes none for it again: part of erasing. Subjects' ids are random and
    /// not reused, so whoever comes back is another subject.
    pub fn fence(&self, subject: Subject) {
        let mut state = self.lock();
        state.fenced.insert(subject, self.clock.now());
        if let Some(sender) = state.senders.remove(&subject) {
            sender.wipe();
        }
    }

    /// Wipes everything.
    pub fn clear(&self) {
        let mut state = self.lock();
        while !state.order.is_empty() {
            state.evict_oldest();
        }
    }

    /// Wipes what is too old. Call it from a timer, so that a secret does not outlive its time when nobody asks.
    pub fn sweep(&self) {
        let mut state = self.lock();
        state.evict_spent(&*self.clock);
        let now = self.clock.now();
        state.fenced.retain(|_, at| now.since(*at) < MAX_SENDER_AGE);
    }

    /// How many senders are at hand.
    pub fn len(&self) -> usize {
        self.lock().senders.len()
    }

    /// Whether none is at hand.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn at_hand(&self, recipient: Recipient, subject: &Subject, clock: &dyn Clock) -> Option<Arc<Sender>> {
        let sender = self.senders.get(subject)?;
        (sender.recipient() == recipient && !sender.is_spent(clock)).then(|| Arc::clone(sender))
    }

    fn evict_spent(&mut self, clock: &dyn Clock) {
        while self.order.front().is_some_and(|sender| sender.is_spent(clock)) {
            self.evict_oldest();
        }
    }

    fn evict_oldest(&mut self) {
        let Some(sender) = self.order.pop_front() else { return };
        sender.wipe();
        let subject = sender.subject();
        if self.senders.get(&subject).is_some_and(|current| Arc::ptr_eq(current, &sender)) {
            self.senders.remove(&subject);
        }
    }
}

impl Drop for SenderCache {
    fn drop(&mut self) {
        self.clear();
    }
}
