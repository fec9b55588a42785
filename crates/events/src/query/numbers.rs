//! Sets of people's and companies' numbers.

/// A set of numbers, or everything but a set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NumberSet {
    /// Ascending, each once.
    sorted: Vec<u64>,
    /// A bit per number, where the numbers lie close together.
    bits: Vec<u64>,
    inverted: bool,
}

impl NumberSet {
    /// These numbers.
    pub fn of(numbers: impl IntoIterator<Item = u64>) -> Self {
        let mut sorted: Vec<u64> = numbers.into_iter().collect();
        sorted.sort_unstable();
        sorted.dedup();
        let mut bits = Vec::new();
        if let Some(last) = sorted.last().and_then(|last| usize::try_from(*last).ok())
            && last / 64 <= sorted.len() + 4_096
        {
            bits = vec![0; last / 64 + 1];
            for number in &sorted {
                bits[place(*number)] |= 1 << (number % 64);
            }
        }
        Self { sorted, bits, inverted: false }
    }

    /// Every number but these, and what has no number.
    pub fn except(numbers: impl IntoIterator<Item = u64>) -> Self {
        Self { inverted: true, ..Self::of(numbers) }
    }

    /// Whether it is among them; what has no number is in none but an inverted set.
    pub fn contains(&self, number: Option<u64>) -> bool {
        number.is_some_and(|number| self.lists(number)) != self.inverted
    }

    /// Whether it is none but everything's absence.
    pub const fn is_empty(&self) -> bool {
        self.sorted.is_empty() && !self.inverted
    }

    fn lists(&self, number: u64) -> bool {
        if self.bits.is_empty() {
            return self.sorted.binary_search(&number).is_ok();
        }
        self.bits.get(place(number)).is_some_and(|word| word & 1 << (number % 64) != 0)
    }
}

/// The word that holds a number's bit.
fn place(number: u64) -> usize {
    usize::try_from(number / 64).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_and_far_numbers_are_found() {
        for numbers in [vec![], vec![0, 63, 64, 700], vec![3, u64::MAX - 1, 1 << 40]] {
            let (set, rest) = (NumberSet::of(numbers.clone()), NumberSet::except(numbers.clone()));
            for number in [0, 1, 3, 63, 64, 65, 700, 704, 1 << 40, u64::MAX - 1, u64::MAX] {
                assert_eq!(set.contains(Some(number)), numbers.contains(&number), "{number}");
                assert_ne!(set.contains(Some(number)), rest.contains(Some(number)), "{number}");
            }
            assert!(!set.contains(None) && rest.contains(None));
        }
    }
}
