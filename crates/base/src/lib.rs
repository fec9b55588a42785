//! What every other crate speaks: ids, time, randomness, problems, and types that do not print.
//!
//! Invariants: no I/O here; nothing in this crate reads the wall clock or the system's randomness except
//! [`SystemClock`] and [`SystemRng`], which only the binary constructs.

pub mod id;
mod problem;
mod rng;
mod secret;
mod time;

pub use problem::{Code, FieldProblem, Problem, ProblemDocument, ProblemResult};
pub use rng::{CryptoRngOf, Rng, SeededRng, SystemRng};
pub use secret::{Personal, Secret};
pub use time::{Clock, FrozenClock, SystemClock, Timestamp};
