//! What may be answered to which question, and how it is kept: scores and choices as they are, words apart, since they
//! are sealed.

use std::collections::{BTreeMap, BTreeSet};

use base::{Code, Personal, Problem, ProblemResult};
use serde_json::{Map, Value};

use crate::surveys::model::{Question, QuestionKind, Survey};

/// The longest free text, in characters.
const MAX_TEXT: usize = 5_000;

/// Checked answers.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// Question -> score, choice, or list of choices.
    pub(crate) plain: Map<String, Value>,
    /// Question -> words.
    pub(crate) texts: BTreeMap<String, Personal<String>>,
    /// Questions whose answer is taken back.
    pub(crate) cleared: BTreeSet<String>,
}

impl Answers {
    /// Checks answers against the questions that were asked. Null, an empty text and an empty list take an answer back.
    ///
    /// # Errors
    /// 422 with every place that is wrong; no answer is quoted.
    pub(crate) fn check(survey: &Survey, given: Map<String, Value>, complete: bool) -> ProblemResult<Self> {
        let mut answers = Self::default();
        let mut problem = Problem::new(Code::InvalidValue);
        for (id, value) in given {
            let at = format!("/answers/{}", id.replace('~', "~0").replace('/', "~1"));
            let Some(question) = survey.question(&id) else {
                problem = problem.field(at, "this version has no such question");
                continue;
            };
            match accept(question, value) {
                Err(expected) => problem = problem.field(at, format!("expected {expected}")),
                Ok(None) => drop(answers.cleared.insert(id)),
                Ok(Some(Accepted::Plain(value))) => drop(answers.plain.insert(id, value)),
                Ok(Some(Accepted::Text(text))) => drop(answers.texts.insert(id, text)),
            }
        }
        for question in survey.questions.iter().filter(|question| complete && question.required) {
            let answered = answers.plain.contains_key(&question.id) || answers.texts.contains_key(&question.id);
            if !answered && problem.errors.is_empty() {
                problem = problem.field(format!("/answers/{}", question.id), "this question must be answered");
            }
        }
        if problem.errors.is_empty() { Ok(answers) } else { Err(problem) }
    }
}

enum Accepted {
    Plain(Value),
    Text(Personal<String>),
}

/// The answer as it is kept, or what would be accepted.
fn accept(question: &Question, value: Value) -> Result<Option<Accepted>, String> {
    if value.is_null() {
        return Ok(None);
    }
    match &question.kind {
        QuestionKind::Nps { .. } => match value.as_u64() {
            Some(0..=10) => Ok(Some(Accepted::Plain(value))),
            _ => Err("a whole number from 0 to 10".to_owned()),
        },
        QuestionKind::SingleChoice { choices } => {
            let known = value.as_str().is_some_and(|id| choices.iter().any(|choice| choice.id == id));
            if known { Ok(Some(Accepted::Plain(value))) } else { Err("the id of a choice".to_owned()) }
        }
        QuestionKind::MultipleChoice { choices } => {
            let Value::Array(given) = &value else { return Err("a list of ids of choices".to_owned()) };
            let known = |id: &Value| choices.iter().any(|choice| id.as_str() == Some(choice.id.as_str()));
            let once = (1..given.len()).all(|index| !given[..index].contains(&given[index]));
            match given.is_empty() {
                true => Ok(None),
                false if once && given.iter().all(known) => Ok(Some(Accepted::Plain(value))),
                false => Err("ids of choices, each once".to_owned()),
            }
        }
        QuestionKind::OpenText { .. } => match value {
            Value::String(text) if text.trim().is_empty() => Ok(None),
            Value::String(text) if text.chars().count() <= MAX_TEXT => Ok(Some(Accepted::Text(Personal::new(text)))),
            _ => Err(format!("a text of at most {MAX_TEXT} characters")),
        },
    }
}
