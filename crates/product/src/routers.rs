//! The routers. Each operation stands on the doors that it belongs to and nowhere else.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Extension, Json, Router, middleware};
use base::{Code, FieldProblem, Problem, ProblemDocument};
use utoipa::PartialSchema as _;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, PathItem, Ref, RefOr, ResponseBuilder, SecurityRequirement,
};
use utoipa_axum::router::OpenApiRouter;

use crate::authority::{CredentialKind, prove};
use crate::demo;
use crate::doors::{AddressLimits, Door, DoorContext, DoorLimits, bounded, outermost};
use crate::{
    App, analytics, answers, companies, delivery, devices, email_changes, figures, flows, identity_providers,
    identity_tokens, ingest, installation, invitations, jobs, members, organisations, page_origins, pages, passkeys,
    password_resets, people, sdk_files, second_factors, segments, sessions, sign_ins, surveys, timeline, trust,
};

/// Everything that a door answers.
pub fn router(app: &Arc<App>, door: Door) -> Router {
    let limits = DoorLimits::of(door);
    let health = Router::new().route("/healthz", get(|| async { "ok\n" })).route("/readyz", get(ready));
    let health = bounded(health.method_not_allowed_fallback(not_allowed), limits.body);
    let routes = match door {
        Door::Edge => {
            let routes = ingest::api::router().merge(delivery::sync::router()).merge(answers::api::router());
            let routes = ingest::api::open_to_pages(routes).merge(sdk_files::router());
            bounded(routes.method_not_allowed_fallback(not_allowed), limits.body).fallback(nothing)
        }
        Door::Site => app.demo().map_or_else(Router::new, |demo| bounded(demo.site(), limits.body)),
        Door::Metrics => {
            let routes = figures::router().method_not_allowed_fallback(not_allowed);
            bounded(routes, limits.body).layer(Extension(CredentialKind::ApiKey)).fallback(nothing)
        }
        Door::Api => interface(app, CredentialKind::ApiKey, operations(), limits.body).fallback(nothing),
        Door::Dashboard => {
            let operations = dashboard_operations(app.demo().is_some());
            interface(app, CredentialKind::Session, operations, limits.body)
                .merge(pages::router().method_not_allowed_fallback(not_allowed))
        }
    };
    routes
        .merge(health)
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(Arc::new(context(app, door, limits)), outermost))
        .with_state(app.clone())
}

fn context(app: &App, door: Door, limits: DoorLimits) -> DoorContext {
    let dashboard = host_of(&app.urls.dashboard).to_owned();
    let own = match door {
        Door::Edge => Some(host_of(&app.urls.edge)),
        Door::Api => Some(host_of(&app.urls.api)),
        Door::Dashboard | Door::Metrics | Door::Site => None,
    };
    let is_dashboard = door == Door::Dashboard;
    DoorContext {
        door,
        host: is_dashboard.then(|| dashboard.clone()),
        forbidden_hosts: own.filter(|own| *own != dashboard).map(|_| dashboard.clone()).into_iter().collect(),
        limits,
        addresses: AddressLimits::new(&limits),
        clock: app.clock.clone(),
        rng: app.rng.clone(),
    }
}

async fn nothing() -> Problem {
    Problem::new(Code::NotFound)
}

async fn not_allowed() -> Problem {
    Problem::new(Code::MethodNotAllowed)
}

/// The operations that API keys and sessions share.
fn operations() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .merge(organisations::api::router())
        .merge(surveys::router())
        .merge(flows::router())
        .merge(jobs::api::router())
        .merge(delivery::why::router())
        .merge(segments::api::router())
        .merge(analytics::router())
        .merge(people::api::router())
        .merge(companies::api::router())
        .merge(timeline::api::router())
        .merge(page_origins::api::router())
        .merge(identity_tokens::api::router())
}

/// Those and what only sessions have; in a demo also the demo's own.
fn dashboard_operations(demo: bool) -> OpenApiRouter<Arc<App>> {
    let operations = operations()
        .merge(sessions::api::router())
        .merge(members::api::router())
        .merge(invitations::api::router())
        .merge(password_resets::api::router())
        .merge(second_factors::api::router())
        .merge(passkeys::api::router())
        .merge(devices::api::router())
        .merge(sign_ins::api::router())
        .merge(email_changes::api::router())
        .merge(identity_providers::api::router())
        .merge(organisations::api::dashboard_router())
        .merge(installation::api::router());
    if demo { operations.merge(demo::operations()) } else { operations }
}

/// The OpenAPI document of everything that the dashboard asks for, a demo's operations too.
pub fn dashboard_document() -> OpenApi {
    documented(CredentialKind::Session, dashboard_operations(true)).1
}

/// The operations under `/api/v1`, and the document that lists them. Whoever reaches one has shown a valid credential, or
/// it is public; method and size are looked at after that.
fn interface(
    app: &Arc<App>,
    credential: CredentialKind,
    operations: OpenApiRouter<Arc<App>>,
    body: usize,
) -> Router<Arc<App>> {
    let (routes, document, public) = documented(credential, operations);
    let document = Arc::new(document);
    let list = get(move || async move { Json(document.as_ref().clone()) });
    let list = Router::new().route("/api/openapi.json", list).method_not_allowed_fallback(not_allowed);
    bounded(routes.method_not_allowed_fallback(not_allowed), body)
        .route_layer(middleware::from_fn_with_state((app.clone(), Arc::new(public)), prove))
        .layer(Extension(credential))
        .merge(bounded(list, body))
}

/// The routes, the document that lists them, and the paths that are public.
fn documented(
    credential: CredentialKind,
    operations: OpenApiRouter<Arc<App>>,
) -> (Router<Arc<App>>, OpenApi, BTreeSet<String>) {
    let document = document(credential);
    let all = OpenApiRouter::with_openapi(document).nest("/api/v1", operations);
    // The trust page has a name that people type.
    let all = if credential == CredentialKind::Session { all.merge(trust::api::router()) } else { all };
    let (routes, mut document) = all.split_for_parts();
    let public = open_to_anybody(&mut document);
    add_problems(&mut document);
    (routes, document, public)
}

/// Says of every operation that whatever does not succeed answers with a problem.
fn add_problems(document: &mut OpenApi) {
    let problem = || ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    for operation in document.paths.paths.values_mut().flat_map(each_operation) {
        for (status, response) in &mut operation.responses.responses {
            if let (true, RefOr::T(response)) = (status.starts_with('4'), response) {
                response.content.insert("application/problem+json".to_owned(), problem().into());
            }
        }
        let refused = ResponseBuilder::new().description("a problem; `code` says which");
        let refused = refused.content("application/problem+json", problem()).build();
        operation.responses.responses.insert("default".to_owned(), refused.into());
    }
    if let Some(components) = &mut document.components {
        components.schemas.insert("Problem".to_owned(), ProblemDocument::schema());
        components.schemas.insert("FieldProblem".to_owned(), FieldProblem::schema());
    }
}

fn each_operation(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch].into_iter().flatten()
}

/// Gives public operations `security: []`, which says that nothing is needed (what the macro writes says that a key is
/// optional); their paths.
fn open_to_anybody(document: &mut OpenApi) -> BTreeSet<String> {
    let mut public = BTreeSet::new();
    for (path, item) in &mut document.paths.paths {
        for operation in each_operation(item).filter(|operation| operation.security.is_some()) {
            operation.security = Some(Vec::new());
            public.insert(path.clone());
        }
    }
    public
}

fn document(credential: CredentialKind) -> OpenApi {
    let (name, scheme) = match credential {
        CredentialKind::ApiKey => (
            "api_key",
            SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("pfk_…").build()),
        ),
        CredentialKind::Session => {
            ("session", SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(sessions::COOKIE))))
        }
    };
    let mut components = utoipa::openapi::Components::new();
    components.add_security_scheme(name, scheme);
    OpenApiBuilder::new()
        .info(InfoBuilder::new().title("Pilotfish").version(env!("CARGO_PKG_VERSION")).build())
        .components(Some(components))
        .security(Some([SecurityRequirement::new::<_, [&str; 0], &str>(name, [])]))
        .build()
}

async fn ready(State(app): State<Arc<App>>) -> Response {
    if app.ready.load(Ordering::SeqCst) {
        (StatusCode::OK, "ready\n").into_response()
    } else {
        Problem::new(Code::StorageUnavailable)
            .detail("not every role of this process listens")
            .retry_after(1)
            .into_response()
    }
}

/// The host name of an https URL, without its port.
pub(crate) fn host_of(url: &str) -> &str {
    let rest = url.strip_prefix("https://").unwrap_or(url);
    let authority = rest.split('/').next().unwrap_or(rest);
    match authority.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Every `$ref` of a document.
    fn references<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str));
                map.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn the_document_is_whole() {
        let document = serde_json::to_value(dashboard_document()).unwrap();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 100, "{} references", found.len());
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
        }
    }

    #[test]
    fn every_operation_has_a_name_of_its_own_and_answers_with_problems() {
        let mut names = BTreeSet::new();
        for operation in dashboard_document().paths.paths.values_mut().flat_map(each_operation) {
            let name = operation.operation_id.clone().unwrap();
            assert!(operation.responses.responses.contains_key("default"), "{name}");
            assert!(names.insert(name.clone()), "{name} is there twice");
        }
        assert!(names.len() > 30);
    }
}
