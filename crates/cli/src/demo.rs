//! `pilotfish demo`: [`crate::serve`] with the demo's site at a door of its own, and its past, which is made at the first
//! start while the doors answer already.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use product::App;
use product::demo::{self, Progress, SeedOptions, Settings};
use product::doors::{Bound, Door};

use crate::args::{DemoArgs, RoleArg};
use crate::sockets::Sockets;
use crate::urls::site_url;
use crate::{Failure, sabotage, say, serve};

/// What makes serving a demo.
pub(crate) struct DemoPlan {
    site: SocketAddr,
    site_url: Option<String>,
    options: SeedOptions,
}

pub(crate) async fn run(args: DemoArgs, sockets: Sockets) -> Result<(), Failure> {
    let DemoArgs { serve, site, site_url, people } = args;
    if serve.role != RoleArg::All {
        return Err(Failure::Usage("the demo runs every role: leave --role out".to_owned()));
    }
    if sabotage::mend(&serve.place.data)? {
        say("demo       what demo-sabotage had broken is mended")?;
    }
    serve::run(serve, Some(DemoPlan { site, site_url, options: SeedOptions { people } }), sockets).await
}

/// Under `serve` nobody's dashboard shows invented people.
pub(crate) async fn refuse_its_data(app: &App) -> Result<(), Failure> {
    if demo::is_demo(app).await? {
        let folder = app.data().display();
        return Err(Failure::Refused(format!(
            "{folder} holds the demo: start pilotfish demo, or serve another data folder"
        )));
    }
    Ok(())
}

impl DemoPlan {
    /// The site's door.
    pub(crate) fn bind(&self, sockets: &mut Sockets) -> Result<Bound, Failure> {
        sockets.door(Door::Site, self.site)
    }

    /// Makes the product a demo: before its routers are made.
    pub(crate) async fn open(&self, app: &App, doors: &[Bound]) -> Result<(), Failure> {
        let port =
            doors.iter().find(|bound| bound.door == Door::Site).map_or(self.site.port(), |bound| bound.address.port());
        let site_url = site_url(self.site_url.as_deref(), port)?;
        demo::open(app, Settings { site_url, scratch: std::env::temp_dir() }).await?;
        sabotage::mark(app.data())
    }

    /// Makes the past, saying how far it is, and then waits for ever. What fails is said; the doors go on answering.
    #[allow(clippy::print_stdout, reason = "tells a newcomer what is going on")]
    pub(crate) async fn fill(&self, app: &Arc<App>) -> Infallible {
        let (began, mut said) = (Instant::now(), 0);
        let tell = |progress: Progress| {
            let quarter = progress.people * 4 / progress.people_in_all.max(1);
            if quarter > said {
                said = quarter;
                println!("demo       {} of {} people are in", progress.people, progress.people_in_all);
            }
        };
        match demo::seed(app, &self.options, tell).await {
            Ok(None) => {}
            Ok(Some(Progress { people, events, answers, .. })) => {
                let took = began.elapsed().as_secs_f64();
                println!("demo       done: {people} people, {events} events, {answers} answers ({took:.1} s)");
            }
            Err(error) => {
                tracing::error!(%error, "the demo's past is not whole: the next start of pilotfish demo goes on");
            }
        }
        std::future::pending().await
    }
}
