//! How many guesses of one account are looked at by this process at the same moment. More are refused at once: they would
//! wait for each other, with a connection to the store each, only to be told that they are too many.
//!
//! In memory, by the keyed hash of what is guessed for; whether there is such an account makes no difference.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base::{Code, Problem, ProblemResult};

/// More than people send by themselves, and more than are checked in 15 minutes.
const AT_ONCE: usize = 16;

/// The guesses that are looked at now.
#[derive(Default)]
pub(crate) struct Turns(Mutex<HashMap<[u8; 32], usize>>);

/// One of them, until it is dropped.
pub(super) struct Turn<'a> {
    of: &'a Turns,
    subject: [u8; 32],
}

impl Turns {
    /// Takes a turn.
    ///
    /// # Errors
    /// 429 if as many as may be are taken.
    pub(super) fn take(&self, subject: [u8; 32]) -> ProblemResult<Turn<'_>> {
        let mut held = self.held();
        let turns = held.entry(subject).or_default();
        if *turns >= AT_ONCE {
            return Err(Problem::new(Code::TooManyRequests).detail("too many attempts at once").retry_after(1));
        }
        *turns += 1;
        Ok(Turn { of: self, subject })
    }

    fn held(&self) -> MutexGuard<'_, HashMap<[u8; 32], usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut held = self.of.held();
        if let Some(turns) = held.get_mut(&self.subject) {
            *turns -= 1;
            if *turns == 0 {
                held.remove(&self.subject);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_have_a_turn_and_others_when_these_are_done() {
        let turns = Turns::default();
        let mut taken: Vec<_> = (0..AT_ONCE).map(|_| turns.take([1; 32]).unwrap()).collect();
        assert_eq!(turns.take([1; 32]).err().unwrap().code, Code::TooManyRequests);
        let other = turns.take([2; 32]).unwrap();
        taken.pop();
        taken.push(turns.take([1; 32]).unwrap());
        drop((taken, other));
        assert!(turns.held().is_empty());
    }
}
