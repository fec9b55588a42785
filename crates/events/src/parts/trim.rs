//! Removes log files that nobody needs any more.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;

use super::error::PartError;
use super::store::Parts;
use crate::disk;
use crate::format::Header;
use crate::inspect::{Folder, inspect};
use crate::record::LogId;

impl Parts {
    /// Removes log files all of whose frames are in parts and at or below the caller's `floor` for their log (whoever
    /// follows the log has passed them), once a copy of what they hold would be recognised no more. A log without a floor
    /// keeps its files. How many were removed.
    ///
    /// What reads the log itself (scans, followers) no longer sees what these files held.
    pub fn trim_logs(&self, floor: &BTreeMap<LogId, u64>) -> Result<u64, PartError> {
        let state = self.state()?;
        let oldest = self.clock.now().minus(self.options.duplicate_window);
        let (logs, mut removed) = (self.data.join("log"), 0);
        for edge in disk::names(&logs).map_err(PartError::storage(&logs))? {
            let log = LogId::of(&edge, self.environment);
            let folder = Folder::new(&self.data, &edge, self.environment);
            let (Some(sealed), Some(floor)) = (state.manifest.sealed.get(&log.0), floor.get(&log)) else { continue };
            let inspection = inspect(folder, self.log_keys.as_ref())?;
            let folder = &inspection.folder.path;
            let mut here = 0;
            for (at, file) in inspection.files.iter().enumerate() {
                let Some(end) = inspection.boundary(at).filter(|end| *end <= (*sealed).min(*floor) + 1) else { break };
                let next = folder.join(inspection.files[at + 1].name.to_string());
                let mut bytes = Vec::new();
                let read = File::open(&next).and_then(|file| file.take(4_096).read_to_end(&mut bytes));
                read.map_err(PartError::storage(&next))?;
                // Whatever a file holds was received before the next one was begun.
                let begun = Header::read(&bytes).map(|(header, _)| header.opened);
                if end == 0 || !begun.is_ok_and(|begun| begun <= oldest) {
                    break;
                }
                let path = folder.join(file.name.to_string());
                fs::remove_file(&path).map_err(PartError::storage(&path))?;
                here += 1;
            }
            if here > 0 {
                File::open(folder).and_then(|folder| folder.sync_all()).map_err(PartError::storage(folder))?;
            }
            removed += here;
        }
        Ok(removed)
    }
}
