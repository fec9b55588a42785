//! What lies on this server's disk, read as somebody reads it who has no key: every byte below the data folder and of the
//! log file, for a text in the encodings that it could hide in ([`needles`]) and for files of a kind that is never
//! written unencrypted ([`scan`]). A search that finds nothing proves something only beside one that finds: [`control`].
//!
//! Invariants: a file that cannot be read fails the search, never shortens it; the control file lies outside the data
//! folder and is gone before its answer is given.

pub(crate) mod control;
mod needles;
pub(crate) mod scan;

pub(crate) use needles::Needles;
pub(crate) use scan::{Remembered, Scanned};
