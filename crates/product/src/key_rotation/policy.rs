//! How old keys may become before the hourly look turns them: in days, by kind, and changed by the operator.

use std::collections::BTreeMap;
use std::time::Duration;

use base::Timestamp;
use keys::KeyKind;

use super::ways::way;

const DAY: Duration = Duration::from_hours(24);

/// Days by kind, where they differ from the defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy(BTreeMap<KeyKind, u32>);

/// A policy that cannot be meant.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PolicyError {
    /// Not `kind=days`.
    #[error("{0:?} is not of the form kind=days, such as session=30")]
    Form(String),
    /// No such kind.
    #[error("there is no key kind {0:?}: pilotfish keys list names them")]
    Kind(String),
    /// A kind that does not turn.
    #[error("keys of kind {0} do not rotate: leave it out")]
    Unturning(KeyKind),
}

impl std::str::FromStr for Policy {
    type Err = PolicyError;

    /// Reads `kind=days,kind=days`; 0 days are never.
    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let mut days = BTreeMap::new();
        for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let form = || PolicyError::Form(pair.to_owned());
            let (kind, number) = pair.split_once('=').ok_or_else(form)?;
            let kind: KeyKind = kind.trim().parse().map_err(|_| PolicyError::Kind(kind.trim().to_owned()))?;
            if !way(kind).turns {
                return Err(PolicyError::Unturning(kind));
            }
            days.insert(kind, number.trim().parse().map_err(|_| form())?);
        }
        Ok(Self(days))
    }
}

impl Policy {
    /// After how many days keys of a kind turn; 0 for never.
    pub fn days(&self, kind: KeyKind) -> u32 {
        self.0.get(&kind).copied().unwrap_or(way(kind).days)
    }

    /// When a key that was made at this time is due; `None` if never.
    pub fn due_at(&self, kind: KeyKind, made: Timestamp) -> Option<Timestamp> {
        let days = self.days(kind);
        (way(kind).turns && days > 0).then(|| made.plus(DAY * days))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_and_the_rest_stays_as_it_is() {
        let policy: Policy = "session=7, root=0".parse().unwrap();
        assert_eq!((policy.days(KeyKind::Session), policy.days(KeyKind::Root)), (7, 0));
        assert_eq!(policy.days(KeyKind::Pepper), way(KeyKind::Pepper).days);
        let made = Timestamp::from_seconds(0);
        assert_eq!(policy.due_at(KeyKind::Session, made), Some(Timestamp::from_seconds(7 * 86_400)));
        assert_eq!(policy.due_at(KeyKind::Root, made), None);
        assert_eq!(policy.due_at(KeyKind::Inbox, made), None, "it does not turn");
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let refused = |text: &str| text.parse::<Policy>().unwrap_err();
        assert_eq!(refused("session"), PolicyError::Form("session".to_owned()));
        assert_eq!(refused("session=soon"), PolicyError::Form("session=soon".to_owned()));
        assert_eq!(refused("sessions=1"), PolicyError::Kind("sessions".to_owned()));
        assert_eq!(refused("inbox=1"), PolicyError::Unturning(KeyKind::Inbox));
    }
}
