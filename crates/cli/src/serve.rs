//! `pilotfish serve`, and what of `pilotfish demo` is the same.

use std::net::SocketAddr;
use std::sync::Arc;

use base::Secret;
use product::doors::{Bound, CertificateFiles, CertificateSource, Door, Server};
use product::jobs::Background;
use product::{App, Urls, installation, router};

use crate::Failure;
use crate::args::{RoleArg, ServeArgs};
use crate::demo::{self, DemoPlan};
use crate::logging;
use crate::open::{ground, urls};

pub(crate) async fn run(args: ServeArgs, demo: Option<DemoPlan>) -> Result<(), Failure> {
    logging::start(&args.log)?;
    let ground = ground(&args.place, &args.database).await?;
    let root_key = ground.provider.path().display().to_string();
    let mut doors = bind(&args)?;
    if let Some(demo) = &demo {
        doors.push(demo.bind()?);
    }
    let urls = public_urls(&args, &doors)?;
    let mut app = ground.open(urls).await?;
    app.figures = product::figures::start();
    let app = Arc::new(app);
    let served = serve(&args, demo.as_ref(), app.clone(), doors, &root_key).await;
    app.close().await;
    served
}

async fn serve(
    args: &ServeArgs,
    demo: Option<&DemoPlan>,
    app: Arc<App>,
    doors: Vec<Bound>,
    root_key: &str,
) -> Result<(), Failure> {
    if !installation::exists(&app).await? {
        installation::create(&app, None).await?;
    }
    match demo {
        Some(demo) => demo.open(&app, &doors).await?,
        None => demo::refuse_its_data(&app).await?,
    }
    let source = match (&args.tls_certificate, &args.tls_key) {
        (Some(certificate), Some(key)) => {
            CertificateSource::Files(CertificateFiles { certificate: certificate.clone(), key: key.clone() })
        }
        _ => CertificateSource::Authority(Box::new(app.authority()?)),
    };
    let setup_link = installation::setup_link(&app).await?;
    let own_certificate = matches!(source, CertificateSource::Files(_));
    let metrics = doors.iter().find(|bound| bound.door == Door::Metrics).map_or(args.metrics, |bound| bound.address);
    let routers = doors.into_iter().map(|bound| {
        let router = router(&app, bound.door);
        (bound, router)
    });
    let server = Server::start(routers.collect(), source, app.ready.clone()).await?;
    app.start_timer();
    let background = Background::start(&app, matches!(args.role, RoleArg::All | RoleArg::Worker));
    announce(&app, args.role, setup_link.as_ref(), root_key, own_certificate, metrics);
    match demo {
        Some(demo) => {
            tokio::select! { stopped = wait_for_signal() => stopped?, never = demo.fill(&app) => match never {} }
        }
        None => wait_for_signal().await?,
    }
    tracing::info!("stopping: requests under way end first");
    server.stop().await;
    background.stop().await;
    Ok(())
}

/// The doors of the roles that this process has.
fn bind(args: &ServeArgs) -> Result<Vec<Bound>, Failure> {
    let all = [
        (Door::Edge, args.edge, RoleArg::Edge),
        (Door::Api, args.api, RoleArg::Api),
        (Door::Dashboard, args.dashboard, RoleArg::Dashboard),
    ];
    let mut doors = Vec::new();
    for (door, address, role) in all {
        if args.role == RoleArg::All || args.role == role {
            doors.push(Bound::new(door, address)?);
        }
    }
    doors.push(Bound::new(Door::Metrics, args.metrics)?);
    Ok(doors)
}

fn public_urls(args: &ServeArgs, doors: &[Bound]) -> Result<Urls, Failure> {
    let port = |door, fallback: SocketAddr| {
        doors.iter().find(|bound| bound.door == door).map_or(fallback.port(), |bound| bound.address.port())
    };
    let (edge, api) = (port(Door::Edge, args.edge), port(Door::Api, args.api));
    urls(&args.urls, edge, api, port(Door::Dashboard, args.dashboard))
}

#[allow(clippy::print_stdout, reason = "tells the operator where to look")]
fn announce(
    app: &App,
    role: RoleArg,
    setup_link: Option<&Secret<String>>,
    root_key: &str,
    own_certificate: bool,
    metrics: SocketAddr,
) {
    let has = |of| role == RoleArg::All || role == of;
    println!("pilotfish {} serves", env!("CARGO_PKG_VERSION"));
    for (name, url, of) in [
        ("dashboard", &app.urls.dashboard, RoleArg::Dashboard),
        ("api", &app.urls.api, RoleArg::Api),
        ("edge", &app.urls.edge, RoleArg::Edge),
    ] {
        if has(of) {
            println!("  {name:<10} {url}");
        }
    }
    if let Some(url) = product::demo::site_url(app) {
        println!("  site       {url} (Harbour, an app with Pilotfish in its pages)");
    }
    println!("  metrics    https://{metrics}/metrics (an owner's API key)");
    if !own_certificate {
        let ca = app.tls_folder().join("ca.pem");
        println!("  authority  {} (pilotfish trust install)", ca.display());
    }
    println!("  root key   {root_key}");
    println!(
        "             without it everything is lost; keep a copy: pilotfish keys escrow --recipient age1… --out FILE"
    );
    if let Some(link) = setup_link {
        println!("  set up     {} (once, within 24 hours)", link.expose());
    }
    println!("ready");
}

async fn wait_for_signal() -> Result<(), Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    Ok(())
}
