//! What came back: answers to surveys, and who met what.

mod figures;

pub(crate) use figures::{Figures, figures};
