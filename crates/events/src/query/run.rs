//! One run of a question: what every fold needs, and which fold answers.

use std::sync::Arc;

use targeting::{Did, Field};

use super::answer::{Answer, PeoplePage};
use super::chunks::Sources;
use super::control::{Control, QueryError};
use super::known::{Known, is_attribute};
use super::matcher::Matcher;
use super::model::{Breakdown, Query, Selection};
use super::numbers::NumberSet;
use super::{Target, did, funnel, retention, trend};

/// What every fold needs.
pub(super) struct Run<'q> {
    pub(super) sources: &'q Sources,
    pub(super) known: &'q Known,
    pub(super) control: &'q Control,
    /// Of each condition on what somebody did whom it holds of.
    did: Vec<(Arc<Did>, NumberSet)>,
}

impl Query {
    /// Answers the question from these sources, each event of which is in one of them.
    pub fn run(&self, sources: &Sources, known: &Known, control: &Control) -> Result<Answer, QueryError> {
        let run = Run::new(self, sources, known, control)?;
        match self {
            Self::Trend(trend) => trend::answer(trend, &run),
            Self::Funnel(funnel) => funnel::answer(funnel, &run),
            Self::Retention(retention) => retention::answer(retention, &run),
        }
    }

    /// Who is behind a number of the answer: those whose number is above `after`, at most `limit`. Of a funnel by company
    /// they are companies.
    pub fn people(
        &self,
        target: &Target,
        (after, limit): (Option<u64>, usize),
        sources: &Sources,
        known: &Known,
        control: &Control,
    ) -> Result<PeoplePage, QueryError> {
        let run = Run::new(self, sources, known, control)?;
        let mut numbers = match self {
            Self::Trend(asked) => trend::people(asked, target, &run)?,
            Self::Funnel(asked) => funnel::people(asked, target, &run)?,
            Self::Retention(asked) => retention::people(asked, target, &run)?,
        };
        numbers.sort_unstable();
        numbers.dedup();
        let count = numbers.len() as u64;
        let from = after.map_or(0, |after| numbers.partition_point(|number| *number <= after));
        numbers.drain(..from);
        let more = numbers.len() > limit;
        numbers.truncate(limit);
        Ok(PeoplePage { numbers, count, more })
    }
}

impl<'q> Run<'q> {
    pub(super) fn new(
        query: &Query,
        sources: &'q Sources,
        known: &'q Known,
        control: &'q Control,
    ) -> Result<Self, QueryError> {
        control.check()?;
        let mut did = Vec::new();
        for asked in query.dids() {
            if !did.iter().any(|(known, _)| *known == asked) {
                let who = did::who(&asked, query.range(), sources, known, control)?;
                did.push((asked, who));
            }
        }
        Ok(Self { sources, known, control, did })
    }

    pub(super) fn matcher<'r>(&'r self, selections: &[&'r Selection]) -> Result<Matcher<'r>, QueryError> {
        Matcher::new(selections, self.known, &self.did)
    }

    /// The field of a breakdown, whose values are known if only the product knows them.
    pub(super) fn breakdown<'b>(&self, breakdown: Option<&'b Breakdown>) -> Result<Option<&'b Field>, QueryError> {
        let Some(field) = breakdown.map(|breakdown| &breakdown.field) else { return Ok(None) };
        if is_attribute(field) && !self.known.values.contains_key(field) {
            return Err(QueryError::Unresolved(field.to_string()));
        }
        Ok(Some(field))
    }
}
