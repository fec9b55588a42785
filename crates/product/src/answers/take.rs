//! Taking an answer: one unit of work that finds out which answer it is part of, and writes it with all that follows.
//!
//! One person has one answer to one impression. What comes under the id of an answer is its next part. What comes under
//! another id while each impression has been answered is, from a page, another tab of the same person over the same
//! impression: it is a part of the answer that was begun first, as long as that is not complete, and changes nothing after
//! that. Only a server's key may bring in more than was shown here: answers with times of their own, each of which is an
//! impression too.

use std::collections::BTreeMap;
use std::time::Duration;

use ::store::dialect;
use base::{Code, Problem, ProblemResult, Timestamp};
use uuid::Uuid;

use super::encounters::{self, Encounter, Shown};
use super::model::Answers;
use super::store::{self, AnswerRow};
use super::{TEXT_VERSION, tallies, text_field};
use crate::App;
use crate::authority::TenantTx;
use crate::content::model::ContentId;
use crate::people::{self, PersonRef, PersonRow};
use crate::problem::store_failed;

/// How often one person may answer a survey that is shown whenever its trigger fires.
const MOST_A_DAY: u64 = 20;
const A_DAY: Duration = Duration::from_hours(24);
/// How many answers of one person to one survey are brought in.
const MOST_IMPORTED: u64 = 1_000;

/// Who sends an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    /// A page, which knows nothing of the person's other tabs.
    Page,
    /// A server.
    Server,
    /// A server that says when it was given.
    Import,
}

/// An answer as it was sent, checked.
pub(super) struct Given {
    pub(super) id: Uuid,
    pub(super) content: ContentId,
    pub(super) version: u64,
    /// How long after an impression of that version the next one can be; `None` for never.
    pub(super) until_next: Option<Duration>,
    pub(super) answers: Answers,
    pub(super) complete: bool,
    pub(super) at: Timestamp,
    pub(super) sender: Sender,
}

/// What became of it.
pub(super) enum Taken {
    /// It is in this answer now.
    Written(AnswerRow),
    /// The answer of this id is complete, or of another version: it stays as it is.
    Unchanged(Uuid),
}

/// The answer that something is a part of.
enum Place {
    /// One that is there.
    In(AnswerRow),
    /// One that stays as it is.
    Nowhere(Uuid),
    /// A new one; whether it stands for an impression that nobody has told of.
    New(Option<Shown>),
}

/// Writes the answer, the encounter, and that the person has seen the survey.
///
/// # Errors
/// 409 if the id is another person's or of another survey or version, or if the person has answered too often.
pub(super) async fn take(app: &App, person: &PersonRef, given: &Given) -> ProblemResult<Taken> {
    let mut tx = TenantTx::begin(app, person).await.map_err(store_failed)?;
    let engine = tx.engine();
    // Two people may send the same id at once; the rows of people are held after this, by whoever has the id.
    dialect::lock(tx.tx(), engine, "answer", given.id.as_bytes()).await.map_err(store_failed)?;
    let (mut rows, roots) = people::hold_whole(&mut tx, &[person.number()]).await.map_err(store_failed)?;
    let whole = roots.get(&person.number()).copied().unwrap_or(person.number());
    let mut met = Encounter { person: whole, at: given.at, completed: given.complete, ..Encounter::default() };
    let earlier = match place(&mut tx, given, whole).await? {
        Place::Nowhere(id) => return Ok(Taken::Unchanged(id)),
        Place::In(earlier) => Some(earlier),
        Place::New(shown) => {
            met.shown = shown;
            None
        }
    };
    let id = earlier.as_ref().map_or(given.id, |earlier| earlier.id);
    let mut now = row(app, person, given, id)?;
    if let Some(earlier) = &earlier {
        now = now.after(earlier, &given.answers.cleared);
    }
    now.person = whole;
    store::put(&mut tx, given.content, &now).await.map_err(store_failed)?;
    encounters::meet(&mut tx, given.content, &met).await.map_err(store_failed)?;
    for known in &mut rows {
        see(known, given, met.shown.is_some());
    }
    people::update(&mut tx, &rows).await.map_err(store_failed)?;
    // Last, since everybody who answers this survey waits for these rows.
    tallies::change(&mut tx, given.content, earlier.as_ref(), &now).await.map_err(store_failed)?;
    tx.commit().await.map_err(store_failed)?;
    Ok(Taken::Written(now))
}

/// Where it belongs. The caller holds the person's row.
async fn place(tx: &mut TenantTx, given: &Given, person: u64) -> ProblemResult<Place> {
    match store::find(tx, given.id).await.map_err(store_failed)? {
        Some((of, earlier))
            if earlier.person != person || of != given.content.uuid() || earlier.version != given.version =>
        {
            Err(Problem::new(Code::Conflict).detail("this id belongs to another answer"))
        }
        // An earlier part of it that comes late.
        Some((_, earlier)) if earlier.complete && !given.complete => Ok(Place::Nowhere(earlier.id)),
        Some((_, earlier)) => Ok(Place::In(earlier)),
        None => new(tx, given, person).await,
    }
}

/// Where an answer belongs whose id nobody knows.
async fn new(tx: &mut TenantTx, given: &Given, person: u64) -> ProblemResult<Place> {
    let day = (given.at.minus(A_DAY), given.at.plus(A_DAY));
    let answered = store::answered(tx, given.content, person, day).await.map_err(store_failed)?;
    let shown = encounters::impressions(tx, given.content, person).await.map_err(store_failed)?;
    let refused = |detail: String| Err(Problem::new(Code::Conflict).detail(detail));
    let every_impression_was_answered = answered.ever >= shown.count.max(1);
    // By now it can have been shown again: whoever answers has seen it, and its $shown comes after this or was lost.
    let again = given.until_next.zip(shown.last).is_some_and(|(pause, last)| given.at >= last.plus(pause));
    match given.sender {
        Sender::Page if every_impression_was_answered && !again => {
            let first = store::last(tx, given.content, person).await.map_err(store_failed)?;
            return match first {
                Some(first) if first.complete || first.version != given.version => Ok(Place::Nowhere(first.id)),
                Some(first) => Ok(Place::In(first)),
                None => Ok(Place::New(Some(Shown::Surely))),
            };
        }
        Sender::Server if every_impression_was_answered && !again => {
            return refused(
                "this person has answered this survey as often as it was shown to them: another answer is one when the \
                 survey's frequency lets it be shown again, or with a timestamp of its own"
                    .to_owned(),
            );
        }
        Sender::Import if answered.ever >= MOST_IMPORTED => {
            return refused(format!("this person has answered this survey {MOST_IMPORTED} times"));
        }
        _ => {}
    }
    if answered.that_day >= MOST_A_DAY {
        return refused(format!("this person has answered this survey {MOST_A_DAY} times within a day"));
    }
    // It may come before its $shown, and one that is brought in needs none.
    Ok(Place::New((shown.count == 0 || every_impression_was_answered).then_some(Shown::Surely)))
}

/// The row of an answer, without what was answered before.
fn row(app: &App, person: &PersonRef, given: &Given, id: Uuid) -> ProblemResult<AnswerRow> {
    let mut texts = BTreeMap::new();
    for (question, text) in &given.answers.texts {
        let field = text_field(id, question);
        let sealed = people::seal(app, person, &field, TEXT_VERSION, text.open().as_bytes())?;
        texts.insert(question.clone(), sealed);
    }
    Ok(AnswerRow {
        id,
        version: given.version,
        person: person.number(),
        plain: given.answers.plain.clone(),
        texts,
        complete: given.complete,
        updated_at: given.at,
    })
}

/// Notes what decisions need to know of it.
fn see(person: &mut PersonRow, given: &Given, shown: bool) {
    let at = Some(given.at);
    let seen = person.seen_mut(&given.content.to_string());
    seen.version = seen.version.max(Some(given.version));
    seen.shown_at = if shown { seen.shown_at.max(at) } else { seen.shown_at.or(at) };
    if given.complete {
        seen.completed_at = seen.completed_at.max(at);
    }
}
