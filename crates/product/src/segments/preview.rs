//! Counting whom an audience matches. Up to [`MOST`] people are all looked at. Of more a sample is: blocks that lie evenly between
//! the first person and the last, in an order that reaches everywhere early, so that what was looked at when the time ran out
//! is a sample too. A count over a sample is scaled to everybody.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base::id::EnvironmentId;
use base::{Code, Problem, ProblemResult, Timestamp};
use targeting::{Outcome, Rule};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::App;
use crate::authority::TenantReader;
use crate::delivery::{self, Live};
use crate::people::{self, Extent, PersonRow};
use crate::problem::{internal, store_failed};

/// How many people are looked at.
const MOST: u64 = 20_000;
/// How many are read at once.
const PAGE: usize = 500;
/// How many blocks a sample has.
const BLOCKS: u64 = MOST / PAGE as u64;
/// From one block to the next: has no divisor in common with [`BLOCKS`].
const STRIDE: u64 = 17;
/// How long one preview looks.
const TIME: Duration = Duration::from_secs(2);
/// How many previews a process makes at a time.
const AT_A_TIME: usize = 2;

/// Room for previews.
pub(crate) struct Previews(Semaphore);

impl Default for Previews {
    fn default() -> Self {
        Self(Semaphore::new(AT_A_TIME))
    }
}

impl Previews {
    /// Takes a place while there is one.
    ///
    /// # Errors
    /// 429.
    pub(super) fn enter(&self) -> ProblemResult<SemaphorePermit<'_>> {
        let full = |_| Problem::new(Code::TooManyRequests).detail("other audiences are being counted").retry_after(1);
        self.0.try_acquire().map_err(full)
    }
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// Whom the audience matches.
    pub(super) matching: u64,
    /// Of whom it is not known.
    pub(super) unknown: u64,
    pub(super) people: u64,
    pub(super) looked_at: u64,
    pub(super) sampled: bool,
}

/// Counts whom an audience matches now.
pub(super) async fn count(app: &App, environment: EnvironmentId, audience: Rule) -> ProblemResult<Found> {
    let reader = TenantReader::new(app, environment);
    let extent = people::extent(reader).await.map_err(store_failed)?;
    let mut count = Count {
        rule: Arc::new(audience),
        live: app.rulesets.live(environment),
        now: app.clock.now(),
        looked_at: 0,
        matching: 0,
        unknown: 0,
    };
    let (began, mut whole) = (Instant::now(), extent.people <= MOST);
    for (mut from, to) in blocks(extent) {
        loop {
            let rows = people::whole_rows(reader, (from, to), PAGE).await.map_err(store_failed)?;
            let Some(last) = rows.last().map(|row| row.number) else { break };
            let full = rows.len() == PAGE;
            count.add(rows).await?;
            from = last + 1;
            if began.elapsed() > TIME {
                whole &= !full;
                return Ok(count.found(extent, whole));
            }
            if !full || extent.people > MOST {
                break;
            }
        }
    }
    Ok(count.found(extent, whole))
}

/// The first and last number of each block, in the order in which they are looked at: one of everybody, if all are.
fn blocks(Extent { people, first, last }: Extent) -> impl Iterator<Item = (u64, u64)> {
    let blocks = if people > MOST { BLOCKS } else { 1 };
    let width = (last - first + 1).div_ceil(blocks);
    (0..blocks).map(move |index| {
        let from = first + index * STRIDE % blocks * width;
        (from, (from + width - 1).min(last))
    })
}

/// A count under way.
struct Count {
    rule: Arc<Rule>,
    live: Arc<Live>,
    now: Timestamp,
    looked_at: u64,
    matching: u64,
    unknown: u64,
}

impl Count {
    /// Looks at some more; apart from what answers requests, since a rule may be long.
    async fn add(&mut self, rows: Vec<PersonRow>) -> ProblemResult<()> {
        self.looked_at += rows.len() as u64;
        let (rule, live, now) = (Arc::clone(&self.rule), Arc::clone(&self.live), self.now);
        let looking = tokio::task::spawn_blocking(move || {
            let outcomes = rows.iter().map(|row| delivery::holds(&rule, &live, row, now));
            outcomes.fold((0, 0), |(matching, unknown), outcome| match outcome {
                Outcome::True => (matching + 1, unknown),
                Outcome::Unknown => (matching, unknown + 1),
                Outcome::False => (matching, unknown),
            })
        });
        let (matching, unknown) = looking.await.map_err(internal)?;
        self.matching += matching;
        self.unknown += unknown;
        Ok(())
    }

    /// What was found; of a part of the people, scaled to all of them.
    fn found(&self, extent: Extent, whole: bool) -> Found {
        let people = if whole { self.looked_at } else { extent.people };
        let scaled = |of: u64| match self.looked_at {
            0 => 0,
            looked_at => (of * people + looked_at / 2) / looked_at,
        };
        Found {
            matching: scaled(self.matching),
            unknown: scaled(self.unknown),
            people,
            looked_at: self.looked_at,
            sampled: !whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent(people: u64, first: u64, last: u64) -> Extent {
        Extent { people, first, last }
    }

    #[test]
    fn a_sample_reaches_from_the_first_to_the_last_and_looks_nowhere_twice() {
        for (first, last) in [(1, 1_000_000), (977, 977 + 20_003), (5, 3_000_017)] {
            let mut blocks: Vec<(u64, u64)> = blocks(extent(MOST + 1, first, last)).collect();
            assert_ne!(blocks[1].0, blocks[0].1 + 1, "the second block lies elsewhere");
            blocks.sort_unstable();
            assert_eq!((blocks[0].0, blocks.len() as u64), (first, BLOCKS));
            assert!(blocks.windows(2).all(|pair| pair[1].0 == pair[0].1 + 1), "{blocks:?}");
            assert_eq!(blocks.last().unwrap().1, last);
        }
    }

    #[test]
    fn few_people_are_one_block() {
        assert_eq!(blocks(extent(MOST, 3, 900_000)).collect::<Vec<_>>(), [(3, 900_000)]);
        assert_eq!(blocks(extent(0, 0, 0)).collect::<Vec<_>>(), [(0, 0)]);
    }

    #[test]
    fn a_count_over_a_part_is_scaled_to_everybody() {
        let count = Count {
            rule: Arc::new(Rule::All([].into())),
            live: Arc::default(),
            now: Timestamp(0),
            looked_at: 20_000,
            matching: 5_001,
            unknown: 2,
        };
        let found = Found { matching: 250_050, unknown: 100, people: 1_000_000, looked_at: 20_000, sampled: true };
        assert_eq!(count.found(extent(1_000_000, 1, 2_000_000), false), found);
        let whole = count.found(extent(20_001, 1, 20_001), true);
        assert_eq!((whole.matching, whole.people, whole.sampled), (5_001, 20_000, false));
    }
}
