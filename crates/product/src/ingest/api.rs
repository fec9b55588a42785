//! The edge's paths: long and short, single and batch.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get, post};
use base::{Code, Problem, ProblemResult};
use events::Kind;
use serde_json::json;

use super::body::{EdgeRequest, Messages, edge_batch, edge_body};
use super::message::{self, Message, Received, Refusal};
use super::wire::Context;
use super::{about_content, batch, moment, settings};
use crate::App;
use crate::edge_keys::EdgeKey;
use crate::identity_tokens::{Admitted, NOT_IN_TOKEN};
use crate::{edge_keys, extract, identity_tokens};

/// Long and short paths.
const SINGLE: [(&str, &str, Kind); 6] = [
    ("/v1/track", "/v1/t", Kind::Track),
    ("/v1/identify", "/v1/i", Kind::Identify),
    ("/v1/page", "/v1/p", Kind::Page),
    ("/v1/screen", "/v1/s", Kind::Screen),
    ("/v1/group", "/v1/g", Kind::Group),
    ("/v1/alias", "/v1/a", Kind::Alias),
];
/// The most messages of a batch, as Segment has it. Its clients send a hundred at once or less.
const MAX_MESSAGES: usize = 2_500;
const BATCH: [&str; 3] = ["/v1/batch", "/v1/b", "/v1/import"];

/// The tracking API.
pub(crate) fn router() -> Router<Arc<App>> {
    let mut router = Router::new();
    for (long, short, kind) in SINGLE {
        let handler: MethodRouter<Arc<App>> =
            post(move |State(app): State<Arc<App>>, request: Request| async move { single(&app, kind, request).await });
        router = router.route(long, preflighted(handler.clone())).route(short, preflighted(handler));
    }
    for path in BATCH {
        router = router.route(path, preflighted(post(many)));
    }
    router.route("/v1/projects/{key}/settings", preflighted(get(project_settings)))
}

/// The same, also for a browser that asks first.
pub(crate) fn preflighted(handler: MethodRouter<Arc<App>>) -> MethodRouter<Arc<App>> {
    handler.options(|| async { StatusCode::NO_CONTENT })
}

/// Lets pages of any origin use the edge: it takes no cookies, and keys are public or do not belong into a page.
pub(crate) async fn any_origin(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, OPTIONS"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, content-encoding, x-retry-count"),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, "retry-after"),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
        (HeaderName::from_static("timing-allow-origin"), "*"),
    ];
    for (name, value) in headers {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Wraps the edge's routes in [`any_origin`].
pub(crate) fn open_to_pages(router: Router<Arc<App>>) -> Router<Arc<App>> {
    router.layer(middleware::from_fn(any_origin))
}

async fn single(app: &App, kind: Kind, request: Request) -> ProblemResult<Response> {
    let request = edge_body(app, request).await?;
    let taken = app.balances.take(request.key.environment, 1);
    let stored = store_one(app, kind, &request).await;
    taken.answer(stored.as_ref().map(|()| 0));
    stored.map(|()| answer(&[]))
}

async fn store_one(app: &App, kind: Kind, request: &EdgeRequest) -> ProblemResult<()> {
    let EdgeRequest { key, body, token, user_agent } = request;
    batch::admits(app, key.environment)?;
    let at = app.clock.now();
    let received = Received { at, sent_at: None, user_agent: user_agent.as_deref(), sighting: key.kind.into() };
    // What no message may hold is here the request's fault.
    extract::without_nul(body)?;
    let text = text_of(body)?;
    let message = message::read(text, Some(kind), &received, app.rng.as_ref()).map_err(problem)?;
    let admitted = identity_tokens::admit(app, key, message.user.as_deref(), token.as_deref()).await?;
    speaks_for(&admitted, &message).map_err(problem)?;
    let (mut messages, mut refused) = (vec![(0, message)], Vec::new());
    about_content::keep_known(app, key.environment, &mut messages, &mut refused).await?;
    batch::store(app, key.environment, at, messages, &mut refused).await?;
    match refused.pop() {
        Some((_, refusal)) => Err(problem(refusal)),
        None => Ok(()),
    }
}

async fn many(State(app): State<Arc<App>>, request: Request) -> ProblemResult<Response> {
    let (request, given) = edge_batch(&app, request).await?;
    if given.places.len() > MAX_MESSAGES {
        let detail = format!("send at most {MAX_MESSAGES} messages at once");
        return Err(Problem::new(Code::PayloadTooLarge).detail(detail));
    }
    let taken = app.balances.take(request.key.environment, given.places.len());
    let refused = store_many(&app, &request, given).await;
    taken.answer(refused.as_ref().map(Vec::len));
    refused.map(|refused| answer(&refused))
}

/// Stores a batch, and says which of its messages were refused.
async fn store_many(app: &App, request: &EdgeRequest, given: Messages) -> ProblemResult<Vec<(usize, Refusal)>> {
    let EdgeRequest { key, body, token, user_agent } = request;
    batch::admits(app, key.environment)?;
    let (at, text) = (app.clock.now(), text_of(body)?);
    let shared: Context<'_> =
        given.context.and_then(|place| serde_json::from_str(&text[place]).ok()).unwrap_or_default();
    let user_agent = shared.user_agent.get().or(user_agent.as_deref());
    let sent_at = given.sent_at.as_deref().and_then(moment::read);
    let received = Received { at, sent_at, user_agent, sighting: key.kind.into() };
    let mut refused = Vec::new();
    let mut messages: Vec<(usize, Message<'_>)> = Vec::with_capacity(given.places.len());
    for (index, place) in given.places.into_iter().enumerate() {
        match message::read(&text[place], None, &received, app.rng.as_ref()) {
            Ok(message) => messages.push((index, message)),
            Err(refusal) => refused.push((index, refusal)),
        }
    }
    if identity_tokens::is_asked(key) {
        keep_admitted(app, key, token.as_deref(), &mut messages, &mut refused).await?;
    }
    about_content::keep_known(app, key.environment, &mut messages, &mut refused).await?;
    batch::store(app, key.environment, at, messages, &mut refused).await?;
    refused.sort_by_key(|(index, _)| *index);
    Ok(refused)
}

/// Takes out the messages about companies that their sender may not speak for.
///
/// # Errors
/// 401 `invalid_identity_token` if a user is named whom the token does not name.
async fn keep_admitted(
    app: &App,
    key: &EdgeKey,
    token: Option<&str>,
    messages: &mut Vec<(usize, Message<'_>)>,
    refused: &mut Vec<(usize, Refusal)>,
) -> ProblemResult<()> {
    let users: BTreeSet<Option<&str>> = messages.iter().map(|(_, message)| message.user.as_deref()).collect();
    let mut admitted = BTreeMap::new();
    for user in users {
        admitted.insert(user.map(str::to_owned), identity_tokens::admit(app, key, user, token).await?);
    }
    messages.retain(|(index, message)| {
        let user = message.user.as_deref().map(str::to_owned);
        match admitted.get(&user).map_or(Ok(()), |admitted| speaks_for(admitted, message)) {
            Ok(()) => true,
            Err(refusal) => {
                refused.push((*index, refusal));
                false
            }
        }
    });
    Ok(())
}

/// Whether the sender may say what the message says of a company, or that its person acts for it.
fn speaks_for(admitted: &Admitted, message: &Message<'_>) -> Result<(), Refusal> {
    match &message.group {
        Some(group) if !admitted.speaks_for(group) => Err(Refusal::new(Code::CompanyNotInToken, NOT_IN_TOKEN)),
        _ => Ok(()),
    }
}

async fn project_settings(State(app): State<Arc<App>>, Path(key): Path<String>) -> ProblemResult<Response> {
    edge_keys::check(&app, &key).await?;
    Ok(axum::Json(settings::document(&key, &app.urls.edge)).into_response())
}

fn text_of(body: &[u8]) -> ProblemResult<&str> {
    std::str::from_utf8(body).map_err(|_| Problem::new(Code::InvalidJson).detail("the body is not UTF-8"))
}

fn problem(refusal: Refusal) -> Problem {
    Problem::new(refusal.code).detail(refusal.detail)
}

fn answer(refused: &[(usize, Refusal)]) -> Response {
    if refused.is_empty() {
        return ([(header::CONTENT_TYPE, "application/json")], r#"{"success":true}"#).into_response();
    }
    let rejected: Vec<_> = refused
        .iter()
        .map(|(index, refusal)| json!({"index": index, "code": refusal.code.name(), "detail": refusal.detail}))
        .collect();
    axum::Json(json!({"success": true, "rejected": rejected})).into_response()
}
