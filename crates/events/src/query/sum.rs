//! Sums that do not depend on the order of what is added.

/// An exact sum of doubles, rounded only when it is read.
///
/// A double is a whole number of at most 53 bits times a power of two. Powers are grouped by 32; each group has a sum of
/// whole numbers of at most 85 bits, so that 2^42 values fit into 128.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Sum(Vec<(u16, i128)>);

const GROUP: u16 = 32;
/// The power of two that a subnormal's last bit stands for.
const LEAST: i32 = -1074;

impl Sum {
    /// Adds a finite double.
    pub(super) fn add(&mut self, value: f64) {
        let bits = value.to_bits();
        let exponent = (bits >> 52 & 0x7ff) as u16;
        let fraction = i128::from(bits & ((1 << 52) - 1));
        // The power counts from the least one.
        let (whole, power) = if exponent == 0 { (fraction, 0) } else { (fraction | 1 << 52, exponent - 1) };
        let whole = if value.is_sign_negative() { -whole } else { whole };
        self.put(power / GROUP, whole << (power % GROUP));
    }

    fn put(&mut self, group: u16, whole: i128) {
        match self.0.iter_mut().find(|(known, _)| *known == group) {
            Some((_, sum)) => *sum += whole,
            None => self.0.push((group, whole)),
        }
    }

    /// Adds another sum.
    pub(super) fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|(group, whole)| self.put(*group, *whole));
    }

    /// The sum as a double: of the same values always the same.
    pub(super) fn value(&self) -> f64 {
        let (groups, rest) = self.carried(1);
        if rest < 0 { -rounded(&self.carried(-1)) } else { rounded(&(groups, rest)) }
    }

    /// The sum times a sign, in groups of 32 bits from the least, and what is beyond them.
    fn carried(&self, sign: i128) -> (Vec<(u16, i128)>, i128) {
        let first = self.0.iter().map(|(group, _)| *group).min().unwrap_or(0);
        // 128 bits spread over four groups more.
        let last = self.0.iter().map(|(group, _)| *group).max().unwrap_or(0) + 4;
        let mut rest = 0;
        let groups = (first..=last).map(|group| {
            rest += sign * self.0.iter().find(|(known, _)| *known == group).map_or(0, |(_, whole)| *whole);
            let low = rest & ((1 << GROUP) - 1);
            rest >>= GROUP;
            (group, low)
        });
        (groups.collect(), rest)
    }
}

/// From the greatest to the least, so that only what is too small to matter is rounded away.
fn rounded((groups, _): &(Vec<(u16, i128)>, i128)) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "at most 32 bits")]
    let parts =
        groups.iter().rev().filter(|(_, whole)| *whole != 0).map(|(group, whole)| *whole as f64 * scale(*group));
    parts.fold(0.0, |sum, part| sum + part)
}

/// Two to the power of a group's first place. Its powers are those of doubles, or nothing lies in it.
fn scale(group: u16) -> f64 {
    let power = i32::from(group * GROUP) + LEAST;
    match u64::try_from(power + 1_023) {
        Ok(exponent) if exponent > 0 => f64::from_bits(exponent.min(0x7fe) << 52),
        _ => f64::from_bits(1 << (power - LEAST)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(values: &[f64]) -> f64 {
        let mut sum = Sum::default();
        for value in values {
            sum.add(*value);
        }
        sum.value()
    }

    #[test]
    fn the_order_does_not_matter_and_nothing_small_is_lost() {
        let values = [1e16, 0.1, -1e16, 19.99, 1.0, -0.1, 3e-9, 5e15, -5e15];
        let mut reversed = values;
        reversed.reverse();
        assert_eq!(sum(&values).to_bits(), sum(&reversed).to_bits());
        assert!((sum(&values) - 20.990_000_003).abs() < 1e-14, "{}", sum(&values));
        assert_eq!(sum(&[0.1; 10]).to_bits(), 1.0_f64.to_bits());
        assert_eq!(sum(&[]).to_bits(), 0);
        assert_eq!(sum(&[-2.5, 1.0]).to_bits(), (-1.5_f64).to_bits());
        assert_eq!(sum(&[5e-324, 5e-324]).to_bits(), 2);
    }
}
