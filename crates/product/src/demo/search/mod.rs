//! *Search the disk*: what somebody just entered is looked for in every byte below the data folder and in the log file, as
//! it is and in the encodings that it could hide in ([`needles`]). Then the same search is shown to find, in a plain control
//! file; then the value is opened for the caller, who may read it ([`opened`]).
//!
//! Invariants: a file that cannot be read fails the search, never shortens it; the control file lies outside the data
//! folder and is gone before the answer is given.

pub(super) mod api;
mod control;
mod needles;
mod opened;
mod scan;
