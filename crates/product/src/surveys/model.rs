//! A survey: questions, one after the other, and a closing message.

use serde::Serialize;
use utoipa::ToSchema;

use crate::content::read::{Object, Problems};

const MAX_QUESTIONS: usize = 50;
const MAX_CHOICES: usize = 50;
const MAX_TEXT: usize = 1_000;
const MAX_LABEL: usize = 200;

/// What a survey adds to a definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SurveyBody)]
pub(crate) struct Survey {
    pub(crate) questions: Vec<Question>,
    #[schema(required)]
    pub(crate) closing: Option<Closing>,
    pub(crate) position: Position,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Question {
    pub(crate) id: String,
    #[serde(flatten)]
    pub(crate) kind: QuestionKind,
    pub(crate) text: String,
    pub(crate) required: bool,
}

/// What is asked, and so what is an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum QuestionKind {
    /// 0 to 10.
    Nps {
        /// What 0 means.
        low: String,
        /// What 10 means.
        high: String,
    },
    /// One of several.
    SingleChoice { choices: Vec<Choice> },
    /// Any of several.
    MultipleChoice { choices: Vec<Choice> },
    /// Words.
    OpenText {
        #[schema(required)]
        placeholder: Option<String>,
    },
}

/// One thing to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Choice {
    pub(crate) id: String,
    pub(crate) text: String,
}

/// What is said at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Closing {
    title: String,
    body: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SurveyPosition)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Position {
    BottomRight,
    BottomLeft,
    Center,
}

/// A kind of question, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = QuestionName)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Nps,
    SingleChoice,
    MultipleChoice,
    OpenText,
}

impl Survey {
    pub(crate) fn read(object: &mut Object<'_, '_>) -> Self {
        Self {
            questions: object.list("questions", MAX_QUESTIONS, Question::read),
            closing: object.object("closing", |closing| Closing {
                title: closing.text("title", MAX_LABEL),
                body: closing.text("body", MAX_TEXT),
            }),
            position: object.one_of(
                "position",
                &[
                    ("bottom_right", Position::BottomRight),
                    ("bottom_left", Position::BottomLeft),
                    ("center", Position::Center),
                ],
                Some(Position::BottomRight),
            ),
        }
    }

    /// What has to be mended before it is published.
    pub(crate) fn check(&self, pointer: &str, problems: &mut Problems) {
        problems.unless(!self.questions.is_empty(), format!("{pointer}/questions"), "ask at least one question");
        for (index, question) in self.questions.iter().enumerate() {
            let at = format!("{pointer}/questions/{index}");
            let first = self.questions.iter().position(|other| other.id == question.id) == Some(index);
            problems.unless(first, format!("{at}/id"), "another question has this id");
            problems.unless(!question.text.trim().is_empty(), format!("{at}/text"), "write the question");
            if let Some(choices) = question.choices() {
                check_choices(choices, &at, problems);
            }
        }
    }

    /// A question by its id.
    pub(crate) fn question(&self, id: &str) -> Option<&Question> {
        self.questions.iter().find(|question| question.id == id)
    }
}

fn check_choices(choices: &[Choice], at: &str, problems: &mut Problems) {
    problems.unless(choices.len() >= 2, format!("{at}/choices"), "give at least two choices");
    for (index, choice) in choices.iter().enumerate() {
        let first = choices.iter().position(|other| other.id == choice.id) == Some(index);
        problems.unless(first, format!("{at}/choices/{index}/id"), "another choice has this id");
        problems.unless(!choice.text.trim().is_empty(), format!("{at}/choices/{index}/text"), "write the choice");
    }
}

impl Question {
    fn read(object: &mut Object<'_, '_>) -> Self {
        let id = object.part_id();
        let kind = object.one_of(
            "kind",
            &[
                ("nps", Kind::Nps),
                ("single_choice", Kind::SingleChoice),
                ("multiple_choice", Kind::MultipleChoice),
                ("open_text", Kind::OpenText),
            ],
            None,
        );
        let kind = match kind {
            Kind::Nps => QuestionKind::Nps {
                low: object.optional_text("low", MAX_LABEL).unwrap_or_else(|| "Not at all likely".to_owned()),
                high: object.optional_text("high", MAX_LABEL).unwrap_or_else(|| "Extremely likely".to_owned()),
            },
            Kind::SingleChoice => QuestionKind::SingleChoice { choices: read_choices(object) },
            Kind::MultipleChoice => QuestionKind::MultipleChoice { choices: read_choices(object) },
            Kind::OpenText => QuestionKind::OpenText { placeholder: object.optional_text("placeholder", MAX_LABEL) },
        };
        Self { id, kind, text: object.text("text", MAX_TEXT), required: object.flag("required", false) }
    }

    /// Its kind.
    pub(crate) const fn kind(&self) -> Kind {
        match self.kind {
            QuestionKind::Nps { .. } => Kind::Nps,
            QuestionKind::SingleChoice { .. } => Kind::SingleChoice,
            QuestionKind::MultipleChoice { .. } => Kind::MultipleChoice,
            QuestionKind::OpenText { .. } => Kind::OpenText,
        }
    }

    /// What can be chosen, if it is a choice.
    pub(crate) fn choices(&self) -> Option<&[Choice]> {
        match &self.kind {
            QuestionKind::SingleChoice { choices } | QuestionKind::MultipleChoice { choices } => Some(choices),
            QuestionKind::Nps { .. } | QuestionKind::OpenText { .. } => None,
        }
    }
}

fn read_choices(object: &mut Object<'_, '_>) -> Vec<Choice> {
    object.list("choices", MAX_CHOICES, |choice| Choice { id: choice.part_id(), text: choice.text("text", MAX_LABEL) })
}
