//! Events as `ClickHouse`'s `RowBinary`: columns in the order of the table in `tests/bench/events.py`.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use crate::stream::Made;

/// A file of rows.
pub(crate) struct Export(BufWriter<File>);

impl Export {
    pub(crate) fn create(path: &Path) -> Self {
        Self(BufWriter::with_capacity(1 << 20, File::create(path).unwrap()))
    }

    pub(crate) fn add(&mut self, event: &Made, names: &[String]) {
        let mut row = Vec::with_capacity(256);
        row.extend_from_slice(&event.person.to_le_bytes());
        row.extend_from_slice(&event.time.micros().to_le_bytes());
        text(&mut row, &names[event.name]);
        row.extend_from_slice(&event.company.to_le_bytes());
        row.extend_from_slice(&event.received.micros().to_le_bytes());
        row.extend_from_slice(&event.message);
        text(&mut row, "track");
        row.extend_from_slice(&event.session.to_le_bytes());
        text(&mut row, &event.path);
        text(&mut row, event.device.as_str());
        text(&mut row, event.plan);
        row.extend_from_slice(&event.amount.to_le_bytes());
        row.extend_from_slice(&(event.seats as u16).to_le_bytes());
        row.push(event.trial.into());
        text(&mut row, &event.country);
        text(&mut row, event.browser);
        text(&mut row, &event.version);
        text(&mut row, &event.campaign);
        row.extend_from_slice(&(event.position as u16).to_le_bytes());
        row.extend_from_slice(&event.ratio.to_le_bytes());
        text(&mut row, &event.team);
        row.push(event.beta.into());
        self.0.write_all(&row).unwrap();
    }

    pub(crate) fn finish(mut self) {
        self.0.flush().unwrap();
    }
}

/// All of them are shorter than 128 bytes.
fn text(row: &mut Vec<u8>, text: &str) {
    row.push(u8::try_from(text.len()).unwrap());
    row.extend_from_slice(text.as_bytes());
}
