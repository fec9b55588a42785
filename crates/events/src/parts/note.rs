//! What a part says of itself in its footer, encrypted with it: which properties have columns, which are in the rest.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::schema::{PropertyColumn, Uses};

/// Under which name it stands among the footer's key-value pairs.
pub(crate) const NOTE_KEY: &str = "pilotfish";

/// The note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// Columns `p0`, `p1`, … in this order.
    pub(crate) properties: Vec<PropertyColumn>,
    /// The names that occur in the rest; `None` if they are too many to say.
    pub(crate) rest: Option<BTreeSet<String>>,
    /// How often properties came, with what type of value.
    pub(crate) uses: Uses,
}
