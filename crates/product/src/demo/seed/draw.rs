//! Draws from a seeded generator: the same seed, the same draws.

use std::collections::BTreeMap;

use base::{Rng, SeededRng};

pub(super) struct Draw(SeededRng);

impl Draw {
    pub(super) fn new(seed: u64) -> Self {
        Self(SeededRng::new(seed))
    }

    pub(super) fn bytes<const N: usize>(&self) -> [u8; N] {
        let rng: &dyn Rng = &self.0;
        rng.bytes()
    }

    /// From 0 to 1, without 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub(super) fn unit(&self) -> f64 {
        (u64::from_le_bytes(self.bytes()) >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(super) fn chance(&self, share: f64) -> bool {
        self.unit() < share
    }

    /// From the first to the last, both included.
    pub(super) fn within(&self, [first, last]: [u32; 2]) -> u32 {
        let count = f64::from(last.saturating_sub(first)) + 1.0;
        first + whole(self.unit() * count)
    }

    pub(super) fn one_of<'a, T>(&self, items: &'a [T]) -> &'a T {
        let last = u32::try_from(items.len().saturating_sub(1)).unwrap_or(u32::MAX);
        &items[self.within([0, last]) as usize]
    }

    /// The place of one of these weights.
    pub(super) fn place(&self, weights: impl Iterator<Item = f64> + Clone) -> usize {
        let mut left = self.unit() * weights.clone().sum::<f64>();
        for (place, weight) in weights.clone().enumerate() {
            left -= weight;
            if left < 0.0 {
                return place;
            }
        }
        weights.count().saturating_sub(1)
    }

    /// A name by its weight.
    pub(super) fn named<'a>(&self, weights: &'a BTreeMap<String, f64>) -> &'a str {
        let place = self.place(weights.values().copied());
        weights.keys().nth(place).map_or("", String::as_str)
    }

    /// How often something happens that happens so often on average (Knuth's way; means here are small).
    pub(super) fn times(&self, mean: f64) -> u32 {
        let (limit, mut product, mut times) = ((-mean).exp(), self.unit(), 0);
        while product > limit && times < 10_000 {
            product *= self.unit();
            times += 1;
        }
        times
    }

    /// Log-normal about a median (Box and Muller's way).
    pub(super) fn log_normal(&self, median: f64, sigma: f64) -> f64 {
        let (radius, angle) = ((-2.0 * (1.0 - self.unit()).ln()).sqrt(), std::f64::consts::TAU * self.unit());
        median * (sigma * radius * angle.cos()).exp()
    }
}

/// The whole part of a number from 0 to `u32::MAX`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
pub(super) fn whole(number: f64) -> u32 {
    number as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(values: impl Iterator<Item = f64>) -> f64 {
        values.take(20_000).sum::<f64>() / 20_000.0
    }

    #[test]
    fn draws_have_the_distribution_that_they_are_named_for() {
        let draw = Draw::new(7);
        let near =
            |value: f64, expected: f64| assert!((value - expected).abs() < expected * 0.05, "{value} {expected}");
        near(mean(std::iter::repeat_with(|| f64::from(draw.within([3, 7])))), 5.0);
        near(mean(std::iter::repeat_with(|| f64::from(draw.times(4.5)))), 4.5);
        near(mean(std::iter::repeat_with(|| draw.log_normal(100.0, 0.85).ln())), 100_f64.ln());
        let weights = BTreeMap::from([("a".to_owned(), 1.0), ("b".to_owned(), 3.0)]);
        near(mean(std::iter::repeat_with(|| f64::from(draw.named(&weights) == "b"))), 0.75);
    }

    #[test]
    fn the_same_seed_draws_the_same() {
        let draws = |seed| (0..9).map(|_| Draw::new(seed).unit().to_bits()).collect::<Vec<_>>();
        assert_eq!(draws(1), draws(1));
        assert_ne!(draws(1), draws(2));
    }
}
