//! Compaction: parts of one slice become one, and rows that are erased or retained no more are left out on the way.
//!
//! Bounded in memory: of each part one group of rows is held at a time, and few parts are merged at once.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::error::PartError;
use super::manifest::{Manifest, PartEntry};
use super::read::{GroupRows, Part};
use super::row::Key;
use super::schema::{self, Uses};
use super::store::{Parts, State, rows};
use super::write::PartWriter;

/// So many parts are merged at once at most.
const AT_ONCE: usize = 8;
/// A slice into which nothing came for so long is merged though its small parts are few.
const QUIET: std::time::Duration = std::time::Duration::from_hours(24);

impl Parts {
    /// Merges some parts if there are enough to be merged; whether there were. Call it again until there are none.
    pub fn compact_due(&self) -> Result<bool, PartError> {
        let mut state = self.state()?;
        let Some(chosen) = self.choose(&state) else { return Ok(false) };
        let mut next = state.manifest.clone();
        let merged = self.merge_or_set_aside(&mut state, &chosen, &mut next)?;
        self.commit(&mut state, next, merged.into_iter().collect(), &chosen)?;
        Ok(true)
    }

    /// As [`Self::merge`]; if one of the parts is damaged, none of them is chosen again before the next start.
    pub(super) fn merge_or_set_aside(
        &self,
        state: &mut State,
        chosen: &[PartEntry],
        next: &mut Manifest,
    ) -> Result<Option<PartEntry>, PartError> {
        let merged = self.merge(chosen, next);
        if matches!(merged, Err(PartError::Damaged { .. })) {
            state.set_aside.extend(chosen.iter().map(|part| part.id));
        }
        merged
    }

    /// Parts to be merged: of one slice, none of them whole, of about the same size; or all small ones of a quiet slice.
    fn choose(&self, State { manifest, set_aside, .. }: &State) -> Option<Vec<PartEntry>> {
        let mut slices: BTreeMap<i64, Vec<&PartEntry>> = BTreeMap::new();
        let mergeable = |part: &&PartEntry| part.rows < self.options.whole_rows && !set_aside.contains(&part.id);
        for part in manifest.parts.iter().filter(mergeable) {
            slices.entry(part.slice).or_default().push(part);
        }
        let now = self.clock.now();
        slices.into_values().find_map(|mut parts| {
            parts.sort_by_key(|part| part.rows);
            let newest = parts.iter().map(|part| part.bounds.received.1).max()?;
            let quiet = now.since(base::Timestamp(newest)) >= QUIET;
            let alike: Vec<&[&PartEntry]> = if quiet {
                vec![&parts]
            } else {
                parts.chunk_by(|a, b| a.rows.max(1).ilog(4) == b.rows.max(1).ilog(4)).collect()
            };
            let least = if quiet { 2 } else { self.options.merge_parts };
            alike.into_iter().filter(|parts| parts.len() >= least).find_map(|parts| self.some_of(parts))
        })
    }

    /// As many as may be merged at once, if that is more than one.
    fn some_of(&self, parts: &[&PartEntry]) -> Option<Vec<PartEntry>> {
        let mut rows = 0;
        let fits = |part: &&&PartEntry| {
            rows += part.rows;
            rows < self.options.whole_rows.saturating_mul(2)
        };
        let chosen: Vec<PartEntry> = parts.iter().take(AT_ONCE).take_while(fits).map(|part| (*part).clone()).collect();
        (chosen.len() > 1).then_some(chosen)
    }

    /// Writes one part with what of these is still there; nothing if that is no row. What is left out is written down in `next`.
    ///
    /// # Errors
    /// Also if a row would be in the part no more and was not to go.
    pub(super) fn merge(&self, chosen: &[PartEntry], next: &mut Manifest) -> Result<Option<PartEntry>, PartError> {
        let Some(slice) = chosen.first().map(|part| part.slice) else { return Ok(None) };
        let before = next.gone;
        let mut uses = Uses::new();
        let mut runs = Vec::with_capacity(chosen.len());
        for entry in chosen {
            let part = self.part(entry)?;
            schema::add(&mut uses, &part.note.uses);
            runs.extend(Run::begin(part)?);
        }
        let plan = schema::choose(&uses, self.options.property_columns);
        let mut writer = PartWriter::create(self.maker(), slice, plan)?;
        let mut heads: BinaryHeap<Reverse<(Key, usize)>> =
            runs.iter().enumerate().map(|(at, run)| Reverse((run.key(), at))).collect();
        while let Some(Reverse((key, at))) = heads.pop() {
            let run = &mut runs[at];
            if next.lets_go_of(key.0, key.1) {
                next.let_go(key.2, key.3);
            } else {
                let mut row = run.rows.row(run.at).map_err(|error| PartError::damaged(&run.part.path, error))?;
                if next.erased.personal.contains(&key.0) {
                    row.sealed.clear();
                }
                writer.push(&row)?;
            }
            if run.advance()? {
                heads.push(Reverse((run.key(), at)));
            }
        }
        let merged = writer.finish()?.map(|part| PartEntry { erasures: next.erasures, ..part });
        self.whole(chosen, merged, next.gone - before)
    }

    /// What was made of parts, if it has all their rows but for so many that were due to go; else it goes itself.
    pub(super) fn whole(
        &self,
        chosen: &[PartEntry],
        made: Option<PartEntry>,
        due: u64,
    ) -> Result<Option<PartEntry>, PartError> {
        let (had, has) = (rows(chosen), rows(made.as_slice()));
        if has + due == had {
            return Ok(made);
        }
        self.discard(made.as_slice());
        let reason =
            format!("of its {had} events {has} would be in the part that takes its place, and {due} are to go");
        Err(PartError::damaged(&self.folder.join(super::file_name(chosen[0].id)), reason))
    }

    /// A part, opened.
    pub(super) fn part(&self, entry: &PartEntry) -> Result<Part, PartError> {
        Part::open(&self.folder, self.environment, entry.clone(), self.keys.as_ref())
    }

    /// Removes files that were written and will not be committed.
    pub(super) fn discard(&self, parts: &[PartEntry]) {
        for part in parts {
            // Should this fail, the next process that writes here removes it: no manifest names it.
            let _ = std::fs::remove_file(self.folder.join(super::file_name(part.id)));
        }
    }
}

/// A part that is gone through row by row.
struct Run {
    part: Part,
    group: usize,
    rows: GroupRows,
    at: usize,
}

impl Run {
    fn begin(part: Part) -> Result<Option<Self>, PartError> {
        if part.groups.is_empty() {
            return Ok(None);
        }
        let rows = part.group(0)?;
        Ok(Some(Self { part, group: 0, rows, at: 0 }))
    }

    fn key(&self) -> Key {
        self.rows.key(self.at)
    }

    /// To the next row; false behind the last.
    fn advance(&mut self) -> Result<bool, PartError> {
        self.at += 1;
        if self.at < self.rows.rows() {
            return Ok(true);
        }
        self.group += 1;
        if self.group == self.part.groups.len() {
            return Ok(false);
        }
        (self.rows, self.at) = (self.part.group(self.group)?, 0);
        Ok(true)
    }
}
