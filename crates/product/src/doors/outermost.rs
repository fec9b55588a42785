//! The layer around every router: id, limits, problems, headers, access log.

use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base::id::RequestId;
use base::{Clock, Code, Problem, Rng};
use futures::FutureExt as _;

use super::headers::secure;
use super::{AddressLimits, Door, DoorLimits, RequestIdOf};

/// Marks a request that this process makes of its own doors. It has no address, and nobody needs to read of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InProcess;

/// What a door needs to know about itself.
pub struct DoorContext {
    /// Which door.
    pub door: Door,
    /// The only host name (without port) that it answers under; `None` for any.
    pub host: Option<String>,
    /// What a request may cost.
    pub limits: DoorLimits,
    /// What an address has cost lately.
    pub addresses: AddressLimits,
    /// Time, for ids.
    pub clock: Arc<dyn Clock>,
    /// Randomness, for ids.
    pub rng: Arc<dyn Rng>,
}

/// Runs a request within the door's rules.
pub async fn outermost(State(context): State<Arc<DoorContext>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = RequestId::new(context.clock.as_ref(), context.rng.as_ref());
    request.extensions_mut().insert(RequestIdOf(id));
    let method = request.method().clone();
    let own = request.extensions().get::<InProcess>().is_some();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());

    let response = match admit(&context, &request) {
        Err(problem) => problem.into_response(),
        Ok(()) => run(&context, request, next).await,
    };
    let mut response = as_problem(response, &id);
    secure(context.door, response.headers_mut());

    let (route, status) = (route.as_deref().unwrap_or("(none)"), response.status().as_u16());
    crate::figures::count(context.door.name(), route, status, started.elapsed());
    if own {
        return response;
    }
    tracing::info!(
        target: "pilotfish::access",
        door = context.door.name(),
        request_id = %id,
        %method,
        route,
        status,
        micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
    );
    response
}

/// What can be refused before anything is run.
fn admit(context: &DoorContext, request: &Request) -> Result<(), Problem> {
    if let Some(address) = address_of(request) {
        context.addresses.check(address)?;
    }
    let size: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if size > context.limits.headers {
        let limit = context.limits.headers;
        return Err(Problem::new(Code::HeadersTooLarge).detail(format!("send at most {limit} bytes of headers")));
    }
    if let Some(host) = &context.host
        && host_of(request) != Some(host.as_str())
    {
        return Err(Problem::new(Code::MisdirectedRequest).detail(format!("use the host name {host}")));
    }
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: usize| length > context.limits.body) {
        return Err(too_large(context.limits.body));
    }
    Ok(())
}

async fn run(context: &DoorContext, mut request: Request, next: Next) -> Response {
    if context.door != Door::Dashboard {
        // Cookies have no business here; nothing below this line can read one.
        request.headers_mut().remove(header::COOKIE);
    }
    let handled = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(context.limits.time, handled).await {
        Ok(Ok(response)) => response,
        Ok(Err(_panic)) => {
            tracing::error!("a handler panicked");
            Problem::new(Code::Internal).into_response()
        }
        Err(_elapsed) => Problem::new(Code::RequestTimeout)
            .detail(format!("the whole request may take {} seconds", context.limits.time.as_secs()))
            .into_response(),
    }
}

fn too_large(limit: usize) -> Problem {
    Problem::new(Code::PayloadTooLarge).detail(format!("send at most {limit} bytes"))
}

/// Gives a problem its request id, and turns what the framework answers by itself into a problem.
fn as_problem(mut response: Response, id: &RequestId) -> Response {
    let id = id.to_string();
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        return with_headers_of(&response, problem.response(Some(&id)));
    }
    let failed = response.status().is_client_error() || response.status().is_server_error();
    let is_page =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if !failed || is_page {
        return response;
    }
    let code = match response.status() {
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => Code::PayloadTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
        StatusCode::REQUEST_TIMEOUT => Code::RequestTimeout,
        status if status.is_client_error() => Code::InvalidRequest,
        _ => Code::Internal,
    };
    with_headers_of(&response, Problem::new(code).response(Some(&id)))
}

/// Keeps what the first answer said besides its body: `Allow`, CORS, `WWW-Authenticate`, `Retry-After`.
fn with_headers_of(first: &Response, mut second: Response) -> Response {
    let own: HeaderMap = first.headers().clone();
    for (name, value) in own {
        if let Some(name) = name
            && name != header::CONTENT_LENGTH
        {
            second.headers_mut().entry(name).or_insert(value);
        }
    }
    second
}

fn address_of(request: &Request) -> Option<IpAddr> {
    request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip())
}

/// The host that the client asked for, without its port.
fn host_of(request: &Request) -> Option<&str> {
    let host = request
        .uri()
        .authority()
        .map(axum::http::uri::Authority::as_str)
        .or_else(|| request.headers().get(header::HOST)?.to_str().ok())?;
    Some(host.rsplit_once(':').map_or(host, |(name, port)| if port.parse::<u16>().is_ok() { name } else { host }))
}
