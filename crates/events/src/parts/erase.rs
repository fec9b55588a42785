//! Erasing people and letting go of what is old: hidden at once, then rewritten.
//!
//! Who is erased stays in the manifest for good: their numbers are never given again, and whatever of theirs still comes
//! out of a log is left out when it is sealed. What the log itself holds goes with its files ([`Parts::trim_due`]).

use arrow_array::cast::AsArray as _;
use arrow_array::types::UInt64Type;
use base::Timestamp;

use super::error::PartError;
use super::manifest::{Manifest, PartEntry};
use super::schema::Fixed;
use super::store::{Parts, State};

/// What of people is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erase {
    /// Every event of theirs.
    Whole,
    /// Their personal properties; that something happened stays.
    Personal,
}

/// What was rewritten. When it is returned, the files that held what is gone are removed, and that is durable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rewritten {
    /// Parts that were written anew or removed.
    pub parts: u64,
    /// Events that are gone with it.
    pub events: u64,
    /// Bytes of the files that are gone.
    pub bytes: u64,
}

impl Parts {
    /// Erases people by their numbers. Hidden from every snapshot taken once this has written its first manifest; gone from
    /// the files of parts when it returns. After an error, [`Self::rewrite_due`] goes on.
    pub fn erase(&self, people: &[u64], what: Erase) -> Result<Rewritten, PartError> {
        let mut state = self.state()?;
        let mut next = state.manifest.clone();
        let erased = if what == Erase::Whole { &mut next.erased.whole } else { &mut next.erased.personal };
        let before = erased.len();
        erased.extend(people);
        if erased.len() > before {
            next.erasures += 1;
            self.commit(&mut state, next, Vec::new(), &[])?;
        }
        self.rewrite(&mut state)
    }

    /// Lets go of every event timed before.
    pub fn retain(&self, before: Timestamp) -> Result<Rewritten, PartError> {
        let mut state = self.state()?;
        let mut next = state.manifest.clone();
        if next.retained.is_none_or(|retained| retained < before.micros()) {
            next.retained = Some(before.micros());
            self.commit(&mut state, next, Vec::new(), &[])?;
        }
        self.rewrite(&mut state)
    }

    /// Rewrites what still holds events of erased people or events that are too old: goes on after a crash or an error.
    pub fn rewrite_due(&self) -> Result<Rewritten, PartError> {
        let mut state = self.state()?;
        self.rewrite(&mut state)
    }

    fn rewrite(&self, state: &mut State) -> Result<Rewritten, PartError> {
        let mut done = Rewritten::default();
        let mut looked_through = Vec::new();
        for part in state.manifest.parts.clone() {
            if !state.manifest.is_due(&part) {
                continue;
            }
            let mut next = state.manifest.clone();
            if !self.holds_what_is_due(&part, &next)? {
                looked_through.push(part.id);
                continue;
            }
            let kept = self.merge(std::slice::from_ref(&part), &mut next)?;
            done.parts += 1;
            done.bytes += part.bytes;
            done.events += part.rows - kept.as_ref().map_or(0, |kept| kept.rows);
            self.commit(state, next, kept.into_iter().collect(), &[part])?;
        }
        if !looked_through.is_empty() {
            let mut next = state.manifest.clone();
            for part in next.parts.iter_mut().filter(|part| looked_through.contains(&part.id)) {
                part.erasures = next.erasures;
            }
            self.commit(state, next, Vec::new(), &[])?;
        }
        Ok(done)
    }

    /// Whether a part that may hold what is to go does.
    fn holds_what_is_due(&self, entry: &PartEntry, manifest: &Manifest) -> Result<bool, PartError> {
        if manifest.retained.is_some_and(|before| entry.bounds.time.0 < before) {
            return Ok(true);
        }
        let part = self.part(entry)?;
        let erased = &manifest.erased;
        for (at, group) in part.groups.iter().enumerate().filter(|(_, group)| erased.touches(group.people)) {
            let batch = part.batch(at, 0..group.rows, &[Fixed::Person as usize])?;
            let people = batch.column(0).as_primitive_opt::<UInt64Type>();
            let people = people.ok_or_else(|| PartError::damaged(&part.path, "a column has another type"))?;
            if people.values().chunk_by(|a, b| a == b).any(|person| erased.touches((person[0], person[0]))) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
