//! The layer around every router: id, limits, problems, headers, access log.

use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base::id::RequestId;
use base::{Clock, Code, Problem, Rng};
use futures::FutureExt as _;
use tracing::Instrument as _;

use super::headers::secure;
use super::unread::Unread;
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
    /// Host names (without port) that are another door's: cookies ignore ports, and the dashboard's must not come here.
    pub forbidden_hosts: Vec<String>,
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
    let method = name_of(request.method());
    let own = request.extensions().get::<InProcess>().is_some();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());

    let unread = Unread::of(&mut request);
    let response = match admit(&context, &request) {
        Err(problem) => problem.into_response(),
        // Whatever is logged on the way names the request.
        Ok(()) => run(&context, request, next).instrument(tracing::info_span!("request", request_id = %id)).await,
    };
    let mut response = as_problem(response, &id);
    challenge(context.door, &mut response);
    secure(context.door, response.headers_mut());
    if let Some(unread) = unread {
        unread.settle(&mut response).await;
    }

    if own {
        return response;
    }
    let (route, status) = (route.as_deref().unwrap_or("(none)"), response.status().as_u16());
    crate::figures::count(context.door.name(), route, status, started.elapsed());
    tracing::info!(
        target: "pilotfish::access",
        door = context.door.name(),
        request_id = %id,
        method,
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
    if request.headers().get_all(header::HOST).iter().nth(1).is_some() {
        return Err(Problem::new(Code::InvalidRequest).detail("send one host header"));
    }
    let host = host_of(request).unwrap_or("");
    if let Some(own) = &context.host
        && !host.eq_ignore_ascii_case(own)
    {
        return Err(Problem::new(Code::MisdirectedRequest).detail(format!("use the host name {own}")));
    }
    if context.forbidden_hosts.iter().any(|other| host.eq_ignore_ascii_case(other)) {
        return Err(Problem::new(Code::MisdirectedRequest).detail("this host name is another door's"));
    }
    Ok(())
}

/// The method as it is logged: what a client makes up is not repeated.
fn name_of(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
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

/// Says on a 401 how to prove oneself, where there is a standard way: cookies have none.
fn challenge(door: Door, response: &mut Response) {
    let challenge = match door {
        Door::Edge => "Basic realm=\"pilotfish\", Bearer",
        Door::Api | Door::Metrics => "Bearer",
        Door::Dashboard | Door::Site => return,
    };
    if response.status() == StatusCode::UNAUTHORIZED {
        response.headers_mut().entry(header::WWW_AUTHENTICATE).or_insert(HeaderValue::from_static(challenge));
    }
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
