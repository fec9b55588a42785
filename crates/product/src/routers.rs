//! The routers. Each operation stands on the doors that it belongs to and nowhere else.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Extension, Json, Router, middleware};
use base::{Code, Problem};
use tower_http::limit::RequestBodyLimitLayer;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder, SecurityRequirement};
use utoipa_axum::router::OpenApiRouter;

use crate::authority::CredentialKind;
use crate::demo::{self, Demo};
use crate::doors::{AddressLimits, Door, DoorContext, DoorLimits, outermost};
use crate::{
    App, answers, companies, delivery, figures, flows, identity_tokens, ingest, installation, jobs, organisations,
    page_origins, pages, people, sdk_files, sessions, surveys, timeline,
};

/// Everything that a door answers.
pub fn router(app: &Arc<App>, door: Door) -> Router {
    let routes = match door {
        Door::Edge => {
            let routes = ingest::api::router().merge(delivery::sync::router()).merge(answers::api::router());
            ingest::api::open_to_pages(routes).merge(sdk_files::router())
        }
        Door::Metrics => figures::router().layer(Extension(CredentialKind::ApiKey)),
        Door::Site => app.demo().map(Demo::site).unwrap_or_default(),
        Door::Api => interface(CredentialKind::ApiKey, operations()),
        Door::Dashboard => {
            let mut dashboard_only =
                OpenApiRouter::new().merge(sessions::api::router()).merge(installation::api::router());
            if app.demo().is_some() {
                dashboard_only = dashboard_only.merge(demo::search_router());
            }
            interface(CredentialKind::Session, operations().merge(dashboard_only)).merge(pages::router())
        }
    };
    let limits = DoorLimits::of(door);
    let context = DoorContext {
        door,
        host: (door == Door::Dashboard).then(|| host_of(&app.urls.dashboard).to_owned()),
        limits,
        addresses: AddressLimits::new(&limits),
        clock: app.clock.clone(),
        rng: app.rng.clone(),
    };
    routes
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .fallback(|| async { Problem::new(Code::NotFound) })
        .method_not_allowed_fallback(|| async { Problem::new(Code::MethodNotAllowed) })
        .layer(DefaultBodyLimit::disable())
        .layer(RequestBodyLimitLayer::new(limits.body))
        .layer(middleware::from_fn_with_state(Arc::new(context), outermost))
        .with_state(app.clone())
}

/// The operations that API keys and sessions share.
fn operations() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .merge(organisations::api::router())
        .merge(surveys::router())
        .merge(flows::router())
        .merge(jobs::api::router())
        .merge(delivery::why::router())
        .merge(people::api::router())
        .merge(companies::api::router())
        .merge(timeline::api::router())
        .merge(page_origins::api::router())
        .merge(identity_tokens::api::router())
}

/// The operations under `/api/v1`, and the document that lists them.
fn interface(credential: CredentialKind, operations: OpenApiRouter<Arc<App>>) -> Router<Arc<App>> {
    let document = document(credential);
    let (routes, document) = OpenApiRouter::with_openapi(document).nest("/api/v1", operations).split_for_parts();
    let document = Arc::new(document);
    routes
        .layer(Extension(credential))
        .route("/api/openapi.json", get(move || async move { Json(document.as_ref().clone()) }))
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
