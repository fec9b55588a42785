//! Delivery: who is shown what, and why not.
//!
//! All live content of an environment, with its rules compiled once, is held in memory ([`Rulesets`]) and swapped as a
//! whole when its number changes. A decision touches that and one row about the person.

mod rulesets;

use ::store::Tx;
use base::ProblemResult;
use base::id::EnvironmentId;
use targeting::{Class, Conditions, Field};

use crate::App;

pub(crate) use rulesets::{Live, Rulesets};

/// How attributes are registered.
pub(crate) struct Classes;

impl Classes {
    /// How an attribute is registered.
    pub(crate) fn of(&self, _field: &Field) -> Class {
        Class::Unregistered
    }
}

/// How this environment's attributes are registered.
pub(crate) async fn classes(_app: &App, _environment: EnvironmentId) -> ProblemResult<Classes> {
    Ok(Classes)
}

/// Enqueues what has to be computed before content with these conditions can be decided for people who were here before.
pub(crate) async fn prepare(
    _app: &App,
    _tx: &mut Tx,
    _environment: EnvironmentId,
    _conditions: &Conditions,
) -> ProblemResult<()> {
    Ok(())
}
