//! The tree. Its JSON is what was parsed, in canonical form.

use std::sync::Arc;

use serde::Serialize;
use serde::ser::SerializeMap;

use crate::{Did, Filter};

/// A condition on a person, what they did and the page they are on. Cheap to clone: its parts are shared.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// Every part holds; true if there is none.
    All(Arc<[Rule]>),
    /// At least one part holds; false if there is none.
    Any(Arc<[Rule]>),
    /// The part does not hold.
    Not(Arc<Rule>),
    /// A condition on one field.
    Filter(Arc<Filter>),
    /// A condition on what somebody did.
    Did(Arc<Did>),
}

impl Rule {
    /// Calls a function with each filter outside of [`Did`], and another with each [`Did`].
    pub(crate) fn visit<'a>(&'a self, filter: &mut impl FnMut(&'a Filter), did: &mut impl FnMut(&'a Did)) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.visit(filter, did)),
            Self::Not(part) => part.visit(filter, did),
            Self::Filter(it) => filter(it),
            Self::Did(it) => did(it),
        }
    }

    /// Whether the browser alone can decide it: every leaf looks at the page or the locale.
    pub fn is_client(&self) -> bool {
        let (mut client, mut events) = (true, false);
        self.visit(&mut |filter| client &= filter.field().is_client(), &mut |_| events = true);
        client && !events
    }
}

impl Serialize for Rule {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = match self {
            Self::Filter(filter) => return filter.serialize(serializer),
            Self::Did(did) => return did.serialize(serializer),
            Self::All(_) | Self::Any(_) | Self::Not(_) => serializer.serialize_map(Some(1))?,
        };
        match self {
            Self::All(parts) => map.serialize_entry("all", &parts[..])?,
            Self::Any(parts) => map.serialize_entry("any", &parts[..])?,
            Self::Not(part) => map.serialize_entry("not", &**part)?,
            Self::Filter(_) | Self::Did(_) => {}
        }
        map.end()
    }
}
