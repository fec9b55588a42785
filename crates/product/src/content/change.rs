//! The life of a piece of content: each function is one unit of work, with its audit record.

use std::time::Duration;

use ::store::Tx;
use axum::http::{HeaderMap, header};
use base::{Code, Problem, ProblemResult, Timestamp};
use serde_json::{Value, json};
use targeting::{Class, Conditions, ContentKind, Status};

use super::model::{ContentId, Definition};
use super::store::{self, Content, Published};
use crate::App;
use crate::audit::{self, By, Entry};
use crate::authority::{Caller, TenantTx};
use crate::problem::store_failed;

/// How long a deletion can be undone.
pub(super) const RESTORABLE: Duration = Duration::from_hours(30 * 24);
const MAX_NAME: usize = 200;

/// What an editor sends.
pub(super) struct Written {
    pub(super) name: String,
    pub(super) definition: Definition,
}

impl Written {
    /// Reads a body's parts.
    pub(super) fn parse(kind: ContentKind, name: &str, definition: &Value) -> ProblemResult<Self> {
        let mut problem = Problem::new(Code::InvalidValue);
        let name = name.trim();
        if name.is_empty() || name.chars().count() > MAX_NAME {
            problem = problem.field("/name", format!("give a name of 1 to {MAX_NAME} characters"));
        }
        match Definition::parse(kind, definition, "/definition") {
            Ok(definition) if problem.errors.is_empty() => Ok(Self { name: name.to_owned(), definition }),
            Ok(_) => Err(problem),
            Err(errors) => {
                problem.errors.extend(errors);
                Err(problem)
            }
        }
    }
}

/// A change under way: the transaction, and the content as it was read on it.
pub(super) struct Change<'a> {
    app: &'a App,
    caller: &'a Caller,
    tx: TenantTx,
    pub(super) content: Content,
}

impl<'a> Change<'a> {
    /// Reads what is to be changed; `deleted` says whether it should be deleted now.
    ///
    /// # Errors
    /// 404 if it is not there, 409 if `If-Match` names another revision.
    pub(super) async fn begin(
        app: &'a App,
        caller: &'a Caller,
        id: ContentId,
        headers: &HeaderMap,
        deleted: bool,
    ) -> ProblemResult<Self> {
        let mut tx = caller.begin(app).await?;
        let found = store::get_on(&mut tx, id).await?;
        let content = found
            .filter(|content| visible(content, deleted, app.clock.now()))
            .ok_or_else(|| Problem::new(Code::NotFound))?;
        match headers.get(header::IF_MATCH).map(|value| value.to_str().unwrap_or_default()) {
            Some(read) if read != "*" && read != etag(&content) => Err(changed()),
            _ => Ok(Self { app, caller, tx, content }),
        }
    }

    /// Writes the change, its audit record and, if what is live has changed, the next ruleset.
    pub(super) async fn commit(mut self, action: &'static str, live_changed: bool) -> ProblemResult<Content> {
        let (app, environment) = (self.app, self.tx.environment());
        self.content.updated_at = app.clock.now();
        if !store::update(&mut self.tx, &self.content).await? {
            return Err(changed());
        }
        self.content.revision += 1;
        let mut detail = json!({});
        if let Some(published) = &self.content.published {
            detail["version"] = published.version.into();
        }
        if live_changed {
            detail["ruleset"] = store::next_ruleset(&mut self.tx).await.map_err(store_failed)?.into();
            crate::delivery::settle(app, &mut self.tx).await?;
        }
        record(app, self.tx.tx(), self.caller, action, self.content.id, detail).await?;
        self.tx.commit().await.map_err(store_failed)?;
        if live_changed {
            app.rulesets.refresh(app, environment).await.map_err(store_failed)?;
        }
        Ok(self.content)
    }
}

/// Makes a draft.
pub(super) async fn create(app: &App, caller: &Caller, kind: ContentKind, written: Written) -> ProblemResult<Content> {
    let now = app.clock.now();
    let content = Content {
        id: ContentId::new(kind, app.clock.as_ref(), app.rng.as_ref()),
        name: written.name,
        status: Status::Draft,
        draft: written.definition.to_json(),
        revision: 1,
        published: None,
        created_at: now,
        updated_at: now,
        deleted_at: None,
    };
    let mut tx = caller.begin(app).await?;
    store::insert(&mut tx, &content).await?;
    record(app, tx.tx(), caller, "content.create", content.id, json!({})).await?;
    tx.commit().await.map_err(store_failed)?;
    Ok(content)
}

/// What publishing would be refused for, by what the registry of attributes knows now; or what decides delivery.
pub(super) fn check(
    content: &Content,
    class: impl Fn(&targeting::Field) -> Class,
) -> Result<Conditions, Vec<base::FieldProblem>> {
    Definition::parse(content.id.kind(), &content.draft, "/definition")?.check(class, "/definition")
}

/// Makes the draft the next version, or takes up the last one again if nothing has changed; whether anything is to do.
pub(super) async fn publish(change: &mut Change<'_>) -> ProblemResult<bool> {
    let content = &mut change.content;
    let same = content.published.as_ref().is_some_and(|published| published.definition == content.draft);
    if same && content.status == Status::Live {
        return Ok(false);
    }
    content.status = Status::Live;
    if !same {
        let version = content.published.as_ref().map_or(1, |published| published.version + 1);
        let published = Published { version, at: change.app.clock.now(), definition: content.draft.clone() };
        let id = content.id;
        store::insert_version(&mut change.tx, id, &published).await?;
        change.content.published = Some(published);
    }
    Ok(true)
}

/// What an editor says that it has read, and hears that it has written.
pub(super) fn etag(content: &Content) -> String {
    format!("\"{}\"", content.revision)
}

/// Whether it is there for who asks for deleted or not deleted content.
pub(super) fn visible(content: &Content, deleted: bool, now: Timestamp) -> bool {
    match content.deleted_at {
        None => !deleted,
        Some(at) => deleted && now.since(at) < RESTORABLE,
    }
}

fn changed() -> Problem {
    Problem::new(Code::Conflict).detail("somebody has changed it since you read it: read it again")
}

async fn record(
    app: &App,
    tx: &mut Tx,
    caller: &Caller,
    action: &'static str,
    id: ContentId,
    detail: Value,
) -> ProblemResult<()> {
    let environment = Some(caller.environment()?);
    audit::record(app, tx, Entry { action, object: id.to_string(), detail, environment, by: By::Caller(caller) }).await
}
