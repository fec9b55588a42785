//! *Search the disk*: what somebody just entered is looked for in every byte below the data folder and in the log file
//! ([`crate::disk`]). Then the same search is shown to find, in a plain control file; then the value is opened for the
//! caller, who may read it ([`opened`]).

pub(super) mod api;
mod opened;
