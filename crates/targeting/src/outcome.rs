//! Truth in three values, after Kleene: unknown is "could be either", and only true shows anything.

/// What came of evaluating something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// Not known here and now; never shows.
    Unknown,
}

impl Outcome {
    /// True when every part is; false as soon as one is false. True of nothing.
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut outcome = Self::True;
        for part in parts {
            match part {
                Self::False => return Self::False,
                Self::Unknown => outcome = Self::Unknown,
                Self::True => {}
            }
        }
        outcome
    }

    /// True as soon as one part is; false when every part is. False of nothing.
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        !Self::all(parts.into_iter().map(|part| !part))
    }
}

impl std::ops::Not for Outcome {
    type Output = Self;
    fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }
}

impl From<bool> for Outcome {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}
