//! What the log keeps: events, and the arrival that identifies each of them.
//!
//! Invariants: nothing here is personal in clear. Who it was is a number of ours; personal properties are sealed before
//! an event is made; the customer's message id is here as a keyed hash only.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use base::Timestamp;
use base::id::EnvironmentId;

/// Something that happened, as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The person's number; erasing goes by it.
    pub person: u64,
    /// The company's number, if the person acted for one.
    pub company: Option<u64>,
    /// When it happened, corrected for the sender's clock.
    pub time: Timestamp,
    /// When the edge received it. The window of de-duplication goes by it.
    pub received: Timestamp,
    /// Keyed hash of (environment, message id).
    pub message: [u8; 16],
    /// Which call it came by.
    pub kind: Kind,
    /// The event's name, e.g. `Invoice Sent`.
    pub name: String,
    /// The session's number.
    pub session: Option<u64>,
    /// The page's path, without query.
    pub path: Option<String>,
    /// The kind of device.
    pub device: Option<DeviceKind>,
    /// The flow or survey that it is about.
    pub content: Option<String>,
    /// The step of that content.
    pub step: Option<String>,
    /// Plain properties.
    pub properties: serde_json::Map<String, serde_json::Value>,
    /// Personal properties: field to sealed value.
    pub sealed: BTreeMap<String, Vec<u8>>,
}

/// Which call an event came by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Track,
    Page,
    Screen,
    Identify,
    Group,
    Alias,
    Answer,
}

impl Kind {
    pub(crate) const ALL: [Self; 7] =
        [Self::Track, Self::Page, Self::Screen, Self::Identify, Self::Group, Self::Alias, Self::Answer];

    /// The name as the wire has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Page => "page",
            Self::Screen => "screen",
            Self::Identify => "identify",
            Self::Group => "group",
            Self::Alias => "alias",
            Self::Answer => "answer",
        }
    }
}

/// The kind of device that somebody used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DeviceKind {
    Desktop,
    Mobile,
    Tablet,
    Other,
}

impl DeviceKind {
    pub(crate) const ALL: [Self; 4] = [Self::Desktop, Self::Mobile, Self::Tablet, Self::Other];

    /// The name as the wire has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Desktop => "desktop",
            Self::Mobile => "mobile",
            Self::Tablet => "tablet",
            Self::Other => "other",
        }
    }
}

/// Which log: that of one edge and one environment. The first 8 bytes of SHA-256 (edge name ‖ environment id).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LogId(pub u64);

impl LogId {
    /// The log of this edge and environment.
    pub fn of(edge: &str, environment: EnvironmentId) -> Self {
        let mut text = edge.as_bytes().to_vec();
        text.extend_from_slice(&environment.bytes());
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &text);
        Self(digest.as_ref().iter().take(8).fold(0, |id, byte| id << 8 | u64::from(*byte)))
    }
}

/// Where an event stands in its log: it identifies the event, and orders events of the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Arrival {
    pub log: LogId,
    /// The frame's number in its log, from 1, without gaps.
    pub sequence: u64,
    /// The event's place in its frame, from 0.
    pub index: u32,
}

/// A place in a timeline: everything at or after it was already read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    pub time: Timestamp,
    pub arrival: Arrival,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Arrival { log, sequence, index } = self.arrival;
        write!(f, "{:x}-{:x}-{sequence:x}-{index:x}", self.time.micros(), log.0)
    }
}

/// The text is not a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of a timeline")]
pub struct CursorError;

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let mut parts = text.split('-').map(|part| u64::from_str_radix(part, 16).map_err(|_| CursorError));
        let mut next = || parts.next().ok_or(CursorError)?;
        let (time, log, sequence, index) = (next()?, next()?, next()?, next()?);
        let index = u32::try_from(index).map_err(|_| CursorError)?;
        if parts.next().is_some() {
            return Err(CursorError);
        }
        let arrival = Arrival { log: LogId(log), sequence, index };
        Ok(Self { time: Timestamp(time.cast_signed()), arrival })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_text() {
        for time in [i64::MIN, -1, 0, 1_790_812_800_000_000] {
            let arrival = Arrival { log: LogId(u64::MAX), sequence: 7, index: 3 };
            let cursor = Cursor { time: Timestamp(time), arrival };
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        assert_eq!("1-2-3".parse::<Cursor>(), Err(CursorError));
        assert_eq!("1-2-3-4-5".parse::<Cursor>(), Err(CursorError));
    }
}
