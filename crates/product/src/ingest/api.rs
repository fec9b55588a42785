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

use super::body::{EdgeRequest, edge_body};
use super::message::{self, Message, Received, Refusal};
use super::wire::{BatchBody, Context};
use super::{about_content, batch, settings};
use crate::App;
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
    let EdgeRequest { key, body, token, user_agent } = edge_body(app, request).await?;
    let at = app.clock.now();
    let received = Received { at, sent_at: None, user_agent: user_agent.as_deref(), sighting: key.kind.into() };
    let text = text_of(&body)?;
    // What is no JSON at all is the request's fault, not the message's.
    let _: serde::de::IgnoredAny = extract::parse(&body)?;
    let message = message::read(text, Some(kind), &received, app.rng.as_ref()).map_err(problem)?;
    let admitted = identity_tokens::admit(app, &key, message.user.as_deref(), token.as_deref()).await?;
    speaks_for(&admitted, &message).map_err(problem)?;
    let mut refused = Vec::new();
    let messages = about_content::known(app, key.environment, vec![(0, message)], &mut refused).await?;
    batch::store(app, key.environment, at, messages, &mut refused).await?;
    match refused.pop() {
        Some((_, refusal)) => Err(problem(refusal)),
        None => Ok(answer(&[])),
    }
}

async fn many(State(app): State<Arc<App>>, request: Request) -> ProblemResult<Response> {
    let EdgeRequest { key, body, token, user_agent } = edge_body(&app, request).await?;
    let at = app.clock.now();
    let mut refused = Vec::new();
    let messages = {
        let batch: BatchBody<'_> = extract::parse_outer(&body)?;
        if batch.batch.len() > MAX_MESSAGES {
            let detail = format!("send at most {MAX_MESSAGES} messages at once");
            return Err(Problem::new(Code::PayloadTooLarge).detail(detail));
        }
        let shared: Context<'_> =
            batch.context.and_then(|context| serde_json::from_str(context.get()).ok()).unwrap_or_default();
        let user_agent = shared.user_agent.get().or(user_agent.as_deref());
        let sent_at = batch.sent_at.as_deref();
        let received = Received { at, sent_at, user_agent, sighting: key.kind.into() };
        let mut messages: Vec<(usize, Message)> = Vec::with_capacity(batch.batch.len());
        for (index, text) in batch.batch.iter().enumerate() {
            match message::read(text.get(), None, &received, app.rng.as_ref()) {
                Ok(message) => messages.push((index, message)),
                Err(refusal) => refused.push((index, refusal)),
            }
        }
        messages
    };
    let users: BTreeSet<Option<&str>> = messages.iter().map(|(_, message)| message.user.as_deref()).collect();
    let mut admitted = BTreeMap::new();
    for user in users {
        let of_user = identity_tokens::admit(&app, &key, user, token.as_deref()).await?;
        admitted.insert(user.map(str::to_owned), of_user);
    }
    let messages = messages.into_iter().filter_map(|(index, message)| {
        match admitted.get(&message.user).map_or(Ok(()), |admitted| speaks_for(admitted, &message)) {
            Ok(()) => Some((index, message)),
            Err(refusal) => {
                refused.push((index, refusal));
                None
            }
        }
    });
    let messages: Vec<(usize, Message)> = messages.collect();
    let messages = about_content::known(&app, key.environment, messages, &mut refused).await?;
    batch::store(&app, key.environment, at, messages, &mut refused).await?;
    refused.sort_by_key(|(index, _)| *index);
    Ok(answer(&refused))
}

/// Whether the sender may say what the message says of a company, or that its person acts for it.
fn speaks_for(admitted: &Admitted, message: &Message) -> Result<(), Refusal> {
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
