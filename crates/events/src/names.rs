//! Event names as small numbers, for this process only.

use std::collections::HashMap;
use std::sync::Arc;

/// Numbers names in the order of their appearance.
#[derive(Default)]
pub(crate) struct Names {
    codes: HashMap<Arc<str>, u32>,
    names: Vec<Arc<str>>,
}

impl Names {
    pub(crate) fn code(&mut self, name: &str) -> u32 {
        if let Some(code) = self.codes.get(name) {
            return *code;
        }
        let name: Arc<str> = name.into();
        let code = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.codes.insert(Arc::clone(&name), code);
        self.names.push(name);
        code
    }

    /// The number of a name that appeared already.
    pub(crate) fn known(&self, name: &str) -> Option<u32> {
        self.codes.get(name).copied()
    }

    pub(crate) fn name(&self, code: u32) -> Arc<str> {
        self.names.get(code as usize).cloned().unwrap_or_default()
    }
}
