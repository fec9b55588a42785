//! What publishing demands beyond a well-formed shape: rules that can be evaluated, texts that say something.

use base::FieldProblem;
use targeting::{Class, Conditions, Field, Trigger};

use super::model::{Body, Definition};
use super::read::Problems;

impl Definition {
    /// Audience, trigger and frequency, or everything that has to be mended first. `class` tells how an attribute is
    /// registered.
    pub(crate) fn check(
        &self,
        class: impl Fn(&Field) -> Class,
        pointer: &str,
    ) -> Result<Conditions, Vec<FieldProblem>> {
        let mut problems = Problems::default();
        let conditions = Conditions::parse(&self.to_json(), pointer);
        match &conditions {
            Err(found) => problems.extend(found.clone()),
            Ok(conditions) => problems.extend(check_rules(conditions, class, pointer)),
        }
        match &self.body {
            Body::Survey(survey) => survey.check(pointer, &mut problems),
            Body::Flow(flow) => flow.check(pointer, &mut problems),
        }
        let problems = problems.into_vec();
        conditions.ok().filter(|_| problems.is_empty()).ok_or(problems)
    }
}

/// What only the registry of attributes can tell.
fn check_rules(conditions: &Conditions, class: impl Fn(&Field) -> Class, pointer: &str) -> Vec<FieldProblem> {
    let audience = conditions.audience.as_ref().map(|rule| rule.check(&class, &format!("{pointer}/audience")));
    let trigger = match &conditions.trigger {
        Trigger::Page { r#where: Some(rule) } => rule.check(&class, &format!("{pointer}/trigger/where")),
        _ => Vec::new(),
    };
    audience.into_iter().flatten().chain(trigger).collect()
}
