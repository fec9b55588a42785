//! File names: the first sequence in 20 digits, and an attempt when an earlier file of that name could not be used.

/// The name of a log file. Names sort as their files follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileName {
    pub(crate) first: u64,
    pub(crate) attempt: u32,
}

impl FileName {
    /// Reads a file's name; `None` for what is not one of ours.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let stem = text.strip_suffix(".log")?;
        let (first, attempt) = stem.split_once('-').unwrap_or((stem, "0"));
        let name = Self { first: first.parse().ok()?, attempt: attempt.parse().ok()? };
        (name.to_string() == text).then_some(name)
    }

    /// The name to try when this one is taken.
    pub(crate) const fn next(self) -> Self {
        Self { attempt: self.attempt + 1, ..self }
    }
}

impl std::fmt::Display for FileName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.attempt {
            0 => write!(f, "{:020}.log", self.first),
            attempt => write!(f, "{:020}-{attempt}.log", self.first),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_sort_as_the_files_follow() {
        let (a, b, c) =
            (FileName { first: 9, attempt: 0 }, FileName { first: 9, attempt: 1 }, FileName { first: 10, attempt: 0 });
        assert_eq!(b.to_string(), "00000000000000000009-1.log");
        assert!([a, b, c].is_sorted());
        for name in [a, b, c] {
            assert_eq!(FileName::parse(&name.to_string()), Some(name));
        }
        for other in ["9.log", "00000000000000000009-0.log", "+0000000000000000009.log", "durable", "x.log"] {
            assert_eq!(FileName::parse(other), None, "{other}");
        }
    }
}
