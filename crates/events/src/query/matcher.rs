//! Which rows a question looks at: selections compiled once a question, then bound once to the columns of a reading, so
//! that a row costs a look into a table and, of those that have the name, a test per filter.

use std::ops::Range as Rows;
use std::sync::Arc;

use base::Timestamp;
use serde_json::Value;
use targeting::{Did, Filter, Scope};

use super::control::QueryError;
use super::known::Known;
use super::model::{Condition, Selection};
use super::numbers::NumberSet;
use crate::columns::{Column, ColumnSet, Columns, NO_NUMBER, Properties, Property};
use crate::record::DeviceKind;

/// Selections, numbered by the bits of a mask. At most 32.
pub(super) struct Matcher<'q> {
    selections: Vec<Compiled<'q>>,
    now: Timestamp,
    pub(super) columns: ColumnSet,
    properties: Vec<Arc<str>>,
}

struct Compiled<'q> {
    event: Arc<str>,
    people: Vec<&'q NumberSet>,
    companies: Vec<&'q NumberSet>,
    filters: Vec<&'q Filter>,
}

/// A matcher and the columns of one reading.
pub(super) struct Bound<'c> {
    codes: &'c [u32],
    /// By the code of a name, the selections that take it.
    masks: Vec<u32>,
    tests: Vec<Vec<Test<'c>>>,
    people: Vec<Vec<&'c NumberSet>>,
    with_people: bool,
}

enum Test<'c> {
    Never,
    Codes { codes: &'c [u32], passes: Vec<bool>, missing: bool },
    Numbers { values: &'c [f64], filter: &'c Filter, missing: bool },
    Device { kinds: &'c [Option<DeviceKind>], passes: [bool; DeviceKind::ALL.len()], missing: bool },
    Company { numbers: &'c [u64], set: &'c NumberSet },
}

/// The property that holds the browser of a device.
pub(super) const BROWSER: &str = "$browser";

impl<'q> Matcher<'q> {
    pub(super) fn new(
        selections: &[&'q Selection],
        known: &'q Known,
        did: &'q [(Arc<Did>, NumberSet)],
    ) -> Result<Self, QueryError> {
        let mut matcher =
            Self { selections: Vec::new(), now: known.now, columns: ColumnSet::NONE, properties: Vec::new() };
        for selection in selections {
            let mut compiled = Compiled::new(Arc::clone(&selection.event));
            for condition in &selection.conditions {
                match condition {
                    Condition::Did(asked) => {
                        compiled.people.extend(did.iter().find(|(known, _)| known == asked).map(|(_, set)| set));
                    }
                    Condition::Filter(filter) => match filter.field().scope() {
                        Scope::Person => compiled.people.push(known.set(filter)?),
                        Scope::Company => compiled.companies.push(known.set(filter)?),
                        _ => compiled.filters.push(filter.as_ref()),
                    },
                }
            }
            matcher.add(compiled);
        }
        Ok(matcher)
    }

    /// Of what a condition counts.
    pub(super) fn of_did(did: &'q Did, known: &Known) -> Self {
        let mut matcher =
            Self { selections: Vec::new(), now: known.now, columns: ColumnSet::NONE, properties: Vec::new() };
        matcher.add(Compiled { filters: did.filters().iter().collect(), ..Compiled::new(did.event().into()) });
        matcher
    }

    fn add(&mut self, compiled: Compiled<'q>) {
        if !compiled.people.is_empty() {
            self.want(Column::Person);
        }
        if !compiled.companies.is_empty() {
            self.want(Column::Company);
        }
        for filter in &compiled.filters {
            self.want_field(filter.field());
        }
        self.selections.push(compiled);
    }

    pub(super) fn want(&mut self, column: Column) {
        self.columns = self.columns.with(column);
    }

    pub(super) fn want_property(&mut self, name: &Arc<str>) {
        if !self.properties.contains(name) {
            self.properties.push(Arc::clone(name));
        }
    }

    /// What a value of this field is read from.
    pub(super) fn want_field(&mut self, field: &targeting::Field) {
        match (field.scope(), field.name()) {
            (Scope::Event, name) => self.want_property(&name.into()),
            (Scope::Device, "browser") => self.want_property(&BROWSER.into()),
            (Scope::Device, _) => self.want(Column::Device),
            (Scope::Page, _) => self.want(Column::Path),
            (Scope::Company, _) => self.want(Column::Company),
            (Scope::Person, _) => self.want(Column::Person),
            (Scope::Locale, _) => {}
        }
    }

    pub(super) fn properties(&self) -> Properties {
        Properties::Named(self.properties.clone())
    }

    pub(super) fn names(&self) -> Vec<Arc<str>> {
        let mut names: Vec<_> = self.selections.iter().map(|selection| Arc::clone(&selection.event)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    pub(super) fn bind<'c>(&'c self, columns: &'c Columns) -> Bound<'c> {
        let takes = |name: &Arc<str>| {
            let takes = self.selections.iter().enumerate().filter(|(_, selection)| selection.event == *name);
            takes.fold(0, |mask, (bit, _)| mask | 1_u32 << bit)
        };
        let tests = self.selections.iter().map(|selection| {
            let filters = selection.filters.iter().filter_map(|filter| test(filter, columns, self.now));
            let companies = selection.companies.iter().map(|set| Test::Company { numbers: &columns.company, set });
            filters.chain(companies).collect()
        });
        let people: Vec<Vec<&NumberSet>> = self.selections.iter().map(|selection| selection.people.clone()).collect();
        Bound {
            codes: &columns.name.codes,
            masks: columns.name.values.iter().map(takes).collect(),
            tests: tests.collect(),
            with_people: people.iter().any(|sets| !sets.is_empty()),
            people,
        }
    }
}

impl Compiled<'_> {
    const fn new(event: Arc<str>) -> Self {
        Self { event, people: Vec::new(), companies: Vec::new(), filters: Vec::new() }
    }
}

impl Bound<'_> {
    /// Whether any row may match.
    pub(super) fn may_match(&self) -> bool {
        self.masks.iter().any(|mask| *mask != 0)
    }

    /// The rows that the only selection takes, if that is a matter of their names alone.
    pub(super) fn by_name(&self) -> Option<impl Fn(usize) -> bool> {
        let alone = self.tests.len() == 1 && self.tests[0].is_empty() && !self.with_people;
        alone.then_some(|row| self.masks[self.codes[row] as usize] != 0)
    }

    /// The selections that this person may match.
    pub(super) fn person(&self, person: u64) -> u32 {
        if !self.with_people {
            return u32::MAX;
        }
        let passes = |sets: &Vec<&NumberSet>| sets.iter().all(|set| set.contains(Some(person)));
        let passing = self.people.iter().enumerate().filter(|(_, sets)| passes(sets));
        passing.fold(0, |mask, (bit, _)| mask | 1 << bit)
    }

    /// The selections, of those allowed, that a row matches.
    #[inline]
    pub(super) fn row(&self, row: usize, allowed: u32) -> u32 {
        let mask = self.masks[self.codes[row] as usize] & allowed;
        if mask == 0 { 0 } else { self.filtered(row, mask) }
    }

    #[inline]
    fn filtered(&self, row: usize, mask: u32) -> u32 {
        let (mut left, mut passed) = (mask, mask);
        while left != 0 {
            let bit = left.trailing_zeros();
            left &= left - 1;
            if !self.tests[bit as usize].iter().all(|test| test.passes(row)) {
                passed &= !(1 << bit);
            }
        }
        passed
    }
}

impl Test<'_> {
    #[inline]
    fn passes(&self, row: usize) -> bool {
        match self {
            Self::Never => false,
            Self::Codes { codes, passes, missing } => passes.get(codes[row] as usize).copied().unwrap_or(*missing),
            Self::Numbers { values, filter, missing } => {
                let value = values[row];
                if value.is_finite() { filter.holds_number(value) } else { *missing }
            }
            Self::Device { kinds, passes, missing } => kinds[row].map_or(*missing, |kind| passes[kind as usize]),
            Self::Company { numbers, set } => set.contains(Some(numbers[row]).filter(|number| *number != NO_NUMBER)),
        }
    }
}

/// A filter over the columns that hold its field; `None` if every row passes.
fn test<'c>(filter: &'c Filter, columns: &'c Columns, now: Timestamp) -> Option<Test<'c>> {
    let missing = filter.holds(None, now);
    let field = filter.field();
    let name = match (field.scope(), field.name()) {
        (Scope::Event, name) => name,
        (Scope::Device, "browser") => BROWSER,
        (Scope::Device, "kind") => {
            let passes = DeviceKind::ALL.map(|kind| filter.holds(Some(&Value::from(kind.as_str())), now));
            return Some(Test::Device { kinds: &columns.device, passes, missing });
        }
        (Scope::Page, "path") => {
            let holds = |text: &Arc<str>| filter.holds(Some(&Value::from(&**text)), now);
            let passes = columns.path.values.iter().map(holds).collect();
            return Some(Test::Codes { codes: &columns.path.codes, passes, missing });
        }
        _ => return Some(Test::Never),
    };
    match columns.properties.get(name) {
        None => (!missing).then_some(Test::Never),
        Some(Property::Number(values)) => Some(Test::Numbers { values, filter, missing }),
        Some(Property::Coded(coded)) => {
            let passes = coded.values.iter().map(|value| filter.holds(Some(value), now)).collect();
            Some(Test::Codes { codes: &coded.codes, passes, missing })
        }
    }
}

/// Shows each row that counts: in the range, of somebody who is not erased, matching. Without the column of people all
/// are of person 0. `all` shows rows that match nothing, too.
pub(super) fn visit(
    columns: &Columns,
    bound: &Bound<'_>,
    known: &Known,
    range: super::Range,
    all: bool,
    mut each: impl FnMut(u64, u64, usize, u32),
) {
    let mut rows_of = |number: u64, rows: Rows<usize>| {
        let Some(person) = known.person(number) else { return };
        let allowed = bound.person(person);
        if allowed == 0 && !all {
            return;
        }
        for row in rows {
            let mask = bound.row(row, allowed);
            if (mask != 0 || all) && range.from <= columns.time[row] && columns.time[row] < range.to {
                each(number, person, row, mask);
            }
        }
    };
    if columns.stretches.is_empty() {
        rows_of(0, 0..columns.rows);
    } else {
        columns.people().for_each(|(person, rows)| rows_of(person, rows));
    }
}
