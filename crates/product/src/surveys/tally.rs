//! From what was counted to figures, question by question.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::model::{Kind, Question, QuestionKind, Survey};
use crate::answers::Tallies;

/// How a question was answered.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct QuestionResults {
    pub(super) id: String,
    kind: Kind,
    text: String,
    /// How many answered it.
    count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    nps: Option<Nps>,
    /// How often each answer was given; empty for free text.
    distribution: Vec<Share>,
    /// The latest free texts. Only where they were asked to be revealed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) texts: Option<Vec<super::results::TextWire>>,
}

impl QuestionResults {
    /// Whether it is answered in words.
    pub(super) fn is_text(&self) -> bool {
        self.kind == Kind::OpenText
    }
}

/// The net promoter score: the percentage of promoters minus that of detractors, rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Nps {
    /// -100 to 100.
    score: i64,
    /// Answered 9 or 10.
    promoters: u64,
    /// Answered 7 or 8.
    passives: u64,
    /// Answered 0 to 6.
    detractors: u64,
}

/// How often an answer was given.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct Share {
    /// A score or the id of a choice.
    #[schema(value_type = Chosen)]
    value: Value,
    label: String,
    count: u64,
}

/// What can be counted: a score, or the id of a choice.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the shape of a value that is kept as JSON")]
enum Chosen {
    Score(u8),
    Choice(String),
}

/// The figures of a survey's questions. What another version asked under the same id counts if it fits.
pub(super) fn questions(survey: &Survey, tallies: &Tallies) -> Vec<QuestionResults> {
    survey.questions.iter().map(|question| figures(question, tallies)).collect()
}

fn figures(question: &Question, tallies: &Tallies) -> QuestionResults {
    let mut results = empty(question);
    for share in &mut results.distribution {
        share.count = tallies.of(&question.id, &share.value);
    }
    let given = results.distribution.iter().map(|share| share.count).sum();
    results.count = match question.kind {
        QuestionKind::Nps { .. } | QuestionKind::SingleChoice { .. } => given,
        QuestionKind::MultipleChoice { .. } => tallies.lists(&question.id),
        QuestionKind::OpenText { .. } => tallies.texts(&question.id),
    };
    if matches!(question.kind, QuestionKind::Nps { .. }) {
        results.nps = Some(Nps::of(&results.distribution));
    }
    results
}

impl Nps {
    fn of(scores: &[Share]) -> Self {
        let count = |from: usize, to: usize| scores[from..=to].iter().map(|share| share.count).sum::<u64>();
        let (detractors, passives, promoters) = (count(0, 6), count(7, 8), count(9, 10));
        let all = i64::try_from(detractors + passives + promoters).unwrap_or(i64::MAX);
        let net = promoters.cast_signed() - detractors.cast_signed();
        let score = match all {
            0 => 0,
            // Half a point goes away from zero.
            all => (net * 200 + net.signum() * all) / (2 * all),
        };
        Self { score, promoters, passives, detractors }
    }
}

fn empty(question: &Question) -> QuestionResults {
    let distribution = match (&question.kind, question.choices()) {
        (QuestionKind::Nps { .. }, _) => {
            (0..=10).map(|score: u64| Share { value: score.into(), label: score.to_string(), count: 0 }).collect()
        }
        (_, Some(choices)) => choices
            .iter()
            .map(|choice| Share { value: choice.id.as_str().into(), label: choice.text.clone(), count: 0 })
            .collect(),
        (_, None) => Vec::new(),
    };
    QuestionResults {
        id: question.id.clone(),
        kind: question.kind(),
        text: question.text.clone(),
        count: 0,
        nps: None,
        distribution,
        texts: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn nps(scores: &[u64]) -> Nps {
        let shares: Vec<Share> = (0..=10_u64)
            .map(|score| Share {
                value: json!(score),
                label: String::new(),
                count: scores.iter().filter(|given| **given == score).count() as u64,
            })
            .collect();
        Nps::of(&shares)
    }

    #[test]
    fn the_score_is_promoters_less_detractors_in_whole_points() {
        assert_eq!(nps(&[]).score, 0);
        assert_eq!(nps(&[10, 9, 8, 7, 6, 0]), Nps { score: 0, promoters: 2, passives: 2, detractors: 2 });
        assert_eq!(nps(&[10, 8, 8]).score, 33);
        assert_eq!(nps(&[10, 10, 8]).score, 67);
        assert_eq!(nps(&[0, 0, 8]).score, -67);
        assert_eq!(nps(&[10, 8, 8, 8, 8, 8, 8, 8]).score, 13, "12.5 goes away from zero");
        assert_eq!((nps(&[9]).score, nps(&[6]).score), (100, -100));
    }
}
