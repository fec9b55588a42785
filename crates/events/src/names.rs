//! Event names as small numbers, for this process only.

use std::collections::HashMap;

/// Numbers names in the order of their appearance.
#[derive(Default)]
pub(crate) struct Names(HashMap<Box<str>, u32>);

impl Names {
    pub(crate) fn code(&mut self, name: &str) -> u32 {
        if let Some(code) = self.0.get(name) {
            return *code;
        }
        let code = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0.insert(name.into(), code);
        code
    }

    /// The number of a name that appeared already.
    pub(crate) fn known(&self, name: &str) -> Option<u32> {
        self.0.get(name).copied()
    }
}
