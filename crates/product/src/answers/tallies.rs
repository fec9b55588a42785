//! How often each answer was given, kept as answers come, so that figures of many answers are as quick as of few.
//!
//! Invariant: a tally says what a count over the stored answers would; both are written on one transaction.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use store::{StoreResult, dialect, sql};

use super::store::AnswerRow;
use crate::authority::{InTenant, TenantTx};
use crate::content::model::ContentId;

/// Stands for a list of choices, whatever is in it.
const LIST: &str = "[]";
/// Stands for free text.
const TEXT: &str = "text";

/// How often each answer was given to each question.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Tallies(HashMap<(String, String), u64>);

impl Tallies {
    /// How often a score or choice was given, alone or in a list.
    pub(crate) fn of(&self, question: &str, value: &Value) -> u64 {
        self.count(question, value.to_string())
    }

    /// How often a list of choices was given.
    pub(crate) fn lists(&self, question: &str) -> u64 {
        self.count(question, LIST.to_owned())
    }

    /// How often something was written.
    pub(crate) fn texts(&self, question: &str) -> u64 {
        self.count(question, TEXT.to_owned())
    }

    fn count(&self, question: &str, value: String) -> u64 {
        self.0.get(&(question.to_owned(), value)).copied().unwrap_or(0)
    }
}

/// What one answer adds.
fn add(answer: &AnswerRow, by: i64, to: &mut BTreeMap<(String, String), i64>) {
    let mut count = |question: &str, value: String| *to.entry((question.to_owned(), value)).or_default() += by;
    for (question, value) in &answer.plain {
        match value {
            Value::Array(choices) => {
                count(question, LIST.to_owned());
                for choice in choices {
                    count(question, choice.to_string());
                }
            }
            one => count(question, one.to_string()),
        }
    }
    for question in answer.texts.keys() {
        count(question, TEXT.to_owned());
    }
}

/// Counts an answer, in place of an earlier one of its id.
pub(super) async fn change(
    tx: &mut TenantTx,
    content: ContentId,
    earlier: Option<&AnswerRow>,
    now: &AnswerRow,
) -> StoreResult<()> {
    let environment = tx.environment();
    let mut changes = BTreeMap::new();
    add(now, 1, &mut changes);
    if let Some(earlier) = earlier {
        add(earlier, -1, &mut changes);
    }
    // In the order of the key, so that two who count at once wait for each other and not crosswise.
    let changes: Vec<_> = changes.into_iter().filter(|(_, by)| *by != 0).collect();
    for changes in changes.chunks(500) {
        let text = format!(
            "INSERT INTO answer_tallies (environment_id, content_id, question, value, count) VALUES {} \
             ON CONFLICT (content_id, question, value) DO UPDATE SET count = answer_tallies.count + excluded.count",
            dialect::rows(1, changes.len(), 5)
        );
        let values = changes.iter().flat_map(|((question, value), by)| {
            let of: [store::Value; 5] = [
                environment.into(),
                content.uuid().into(),
                question.as_str().into(),
                value.as_str().into(),
                (*by).into(),
            ];
            of
        });
        sql(text).bind_all(values).execute(&mut *tx).await?;
    }
    Ok(())
}

/// How often each answer to a survey was given.
pub(super) async fn read(on: impl InTenant, content: ContentId) -> StoreResult<Tallies> {
    let rows = sql("SELECT question, value, count FROM answer_tallies WHERE environment_id = $1 AND content_id = $2")
        .bind(on.environment())
        .bind(content.uuid())
        .fetch_all(on)
        .await?;
    let counts = rows.iter().map(|row| Ok(((row.get("question")?, row.get("value")?), row.get("count")?)));
    Ok(Tallies(counts.collect::<StoreResult<_>>()?))
}
