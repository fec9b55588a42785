//! `pilotfish serve`, and what of `pilotfish demo` is the same.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use base::Secret;
use product::doors::{Bound, Door, Server};
use product::jobs::Background;
use product::{App, Urls, installation, router};
use store::Engine;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::args::{RoleArg, ServeArgs};
use crate::control::{Connections, ControlSocket};
use crate::demo::{self, DemoPlan};
use crate::root_key::About;
use crate::serving::Serving;
use crate::sockets::{self, Sockets};
use crate::tls::TlsPlan;
use crate::urls::urls;
use crate::{Failure, logging, mail, say};

/// Why an edge without the root key stops by itself.
const GRANT_ENDED: &str = "this edge's grant was revoked: have another bundle made with pilotfish keys grant edge";

pub(crate) async fn run(args: ServeArgs, demo: Option<DemoPlan>, mut sockets: Sockets) -> Result<(), Failure> {
    logging::start(&args.log)?;
    let serving = Serving::of(&args, demo.is_some())?;
    // Nothing is made for a process that cannot have its doors.
    let mut doors = bind(&args, &mut sockets)?;
    if let Some(demo) = &demo {
        doors.push(demo.bind(&mut sockets)?);
    }
    let urls = public_urls(&args, &doors)?;
    let tls = TlsPlan::of(&args, &doors, &urls, &mut sockets)?;
    sockets.none_is_left()?;
    let mailer = mail::mailer(&args.mail)?;
    let (mut app, root_key) = serving.open(urls, args.duties()).await?;
    app.mailer = mailer;
    app.attempts = args.guesses.limits();
    app.name_provider_networks(args.providers.identity_provider_networks.clone());
    app.figures = product::figures::start();
    app.rotation.policy = args.rotation.policy();
    let app = Arc::new(app);
    let served = serve(&args, demo.as_ref(), app.clone(), doors, tls, &root_key).await;
    app.close().await;
    served
}

async fn serve(
    args: &ServeArgs,
    demo: Option<&DemoPlan>,
    app: Arc<App>,
    doors: Vec<Bound>,
    tls: TlsPlan,
    root_key: &About,
) -> Result<(), Failure> {
    installation::ensure(&app).await?;
    match demo {
        Some(demo) => demo.open(&app, &doors).await?,
        None => demo::refuse_its_data(&app).await?,
    }
    let local = tls.is_local();
    let tls = tls.settings(args, &app)?;
    // Without the dashboard's door nobody could follow it, and it would end the one that another process printed.
    let setup_link = match args.role {
        RoleArg::All | RoleArg::Dashboard => installation::setup_link(&app).await?,
        _ => None,
    };
    let metrics = doors.iter().find(|bound| bound.door == Door::Metrics).map_or(args.metrics, |bound| bound.address);
    app.show_trust(&doors, option_env!("PILOTFISH_COMMIT"));
    let routers = doors.into_iter().map(|bound| {
        let router = router(&app, bound.door);
        (bound, router)
    });
    // Over PostgreSQL nobody has the stores to himself, and commands open them.
    let control = (app.main.engine() == Engine::Sqlite).then(|| ControlSocket::bind(app.data())).transpose()?;
    // Whoever reads that it is ready may stop it at once.
    let mut signals = Signals::new()?;
    let server = Server::start(routers.collect(), tls, app.ready.clone()).await?;
    app.start_timer();
    let background = Background::start(&app, matches!(args.role, RoleArg::All | RoleArg::Worker));
    announce(&app, args.role, setup_link.as_ref(), root_key, local, metrics);
    sockets::tell_ready();
    let mut connections = Connections::default();
    let mut ended = Ok(());
    tokio::select! {
        () = signals.wait() => {}
        () = app.grant_ended() => ended = Err(Failure::Refused(GRANT_ENDED.to_owned())),
        never = commands(control.as_ref(), &app, &mut connections) => match never {},
        never = past(demo, &app) => match never {},
    }
    tracing::info!("stopping: requests under way end first");
    sockets::tell_stopping();
    drop(control);
    connections.stop().await;
    server.stop().await;
    background.stop().await;
    ended
}

/// Answers commands, if there is a socket for them.
async fn commands(control: Option<&ControlSocket>, app: &Arc<App>, connections: &mut Connections) -> Infallible {
    match control {
        Some(control) => control.answer(app, connections).await,
        None => std::future::pending().await,
    }
}

/// Makes the demo's past, if it is one.
async fn past(demo: Option<&DemoPlan>, app: &Arc<App>) -> Infallible {
    match demo {
        Some(demo) => demo.fill(app).await,
        None => std::future::pending().await,
    }
}

/// The doors of the roles that this process has.
fn bind(args: &ServeArgs, sockets: &mut Sockets) -> Result<Vec<Bound>, Failure> {
    let all = [
        (Door::Edge, args.edge, RoleArg::Edge),
        (Door::Api, args.api, RoleArg::Api),
        (Door::Dashboard, args.dashboard, RoleArg::Dashboard),
    ];
    let mut doors = Vec::new();
    for (door, address, role) in all {
        if args.role == RoleArg::All || args.role == role {
            doors.push(sockets.door(door, address)?);
        }
    }
    doors.push(sockets.door(Door::Metrics, args.metrics)?);
    Ok(doors)
}

fn public_urls(args: &ServeArgs, doors: &[Bound]) -> Result<Urls, Failure> {
    let port = |door, fallback: SocketAddr| {
        doors.iter().find(|bound| bound.door == door).map_or(fallback.port(), |bound| bound.address.port())
    };
    let (edge, api) = (port(Door::Edge, args.edge), port(Door::Api, args.api));
    urls(&args.urls, edge, api, port(Door::Dashboard, args.dashboard))
}

/// Tells the operator where to look.
fn announce(
    app: &App,
    role: RoleArg,
    setup_link: Option<&Secret<String>>,
    root_key: &About,
    local: bool,
    metrics: SocketAddr,
) {
    let has = |of| role == RoleArg::All || role == of;
    let mut text = format!("pilotfish {} serves\n", env!("CARGO_PKG_VERSION"));
    let mut line = |name: &str, value: &str| text.extend(["  ", &format!("{name:<10}"), " ", value, "\n"]);
    for (name, url, of) in [
        ("dashboard", &app.urls.dashboard, RoleArg::Dashboard),
        ("api", &app.urls.api, RoleArg::Api),
        ("edge", &app.urls.edge, RoleArg::Edge),
    ] {
        if has(of) {
            line(name, url);
        }
    }
    if let Some(url) = product::demo::site_url(app) {
        line("site", &format!("{url} (Harbour, an app with Pilotfish in its pages)"));
        line(
            "break it",
            &format!(
                "pilotfish demo-sabotage break --data {0}, look at {1}/trust, then mend",
                app.data().display(),
                app.urls.dashboard
            ),
        );
    }
    line("metrics", &format!("https://{metrics}/metrics (an owner's API key)"));
    if local && app.has_root_key() {
        line("authority", &format!("{} (pilotfish trust install)", app.tls_folder().join("ca.pem").display()));
    }
    for (name, text) in root_key {
        line(name, text);
    }
    if let Some(link) = setup_link {
        line("set up", &format!("{} (once, within 24 hours)", link.expose()));
    }
    text.push_str("ready");
    if let Err(error) = say(&text) {
        tracing::warn!(%error, "where to look could not be printed");
    }
}

/// What asks this process to stop; heard from the moment that it is made.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn wait(&mut self) {
        tokio::select! { _ = self.terminate.recv() => {}, _ = self.interrupt.recv() => {} }
    }
}
