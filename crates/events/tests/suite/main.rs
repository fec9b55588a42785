//! The event log as its callers and its disk see it.

mod child;
mod damage;
mod duplicates;
mod faults;
mod oracle;
mod recovery;
mod support;
mod vector;
mod writing;
