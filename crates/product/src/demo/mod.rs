//! The demo: *Harbour*, a customer's invoicing app on an origin of its own, with Pilotfish in its pages; a believable
//! history of its people; and the proof that what they enter cannot be found on the disk. `pilotfish demo` is `serve` with
//! this; under `serve` there is no demo route and no demo data.
//!
//! - [`site`] is the customer's side. It knows what a customer knows: the browser key, the identity secret, the edge's
//!   address. It has no way to the product's stores.
//! - [`seed`] plays the customer's server over the last months: requests at the doors' own routers, with keys, as from
//!   outside. What it has done stands in the table `demo`, so that a seeding that was cut off goes on where it was.
//! - [`search`] reads every byte below the data folder.
//! - [`checklist`] tells which of the demo's five minutes have happened.
//!
//! Invariants: the demo takes only a folder in which nobody's data are, and `serve` does not take the demo's folder.

mod checklist;
mod credentials;
mod search;
mod seed;
mod site;
mod store;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use base::{Code, Problem, ProblemResult};
use utoipa_axum::router::OpenApiRouter;

use crate::App;
use crate::authority::SystemTx;
use crate::organisations;
use crate::problem::store_failed;

pub(crate) use checklist::results_were_seen;
pub use seed::{Progress, SeedError, SeedOptions, seed};

/// What the organisation and its app are called.
const NAME: &str = "Harbour";

/// How the demo is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `https://host[:port]` of Harbour.
    pub site_url: String,
    /// Where the disk search may write its control file: not below the data folder.
    pub scratch: PathBuf,
}

/// The demo of a process that runs it.
pub(crate) struct Demo {
    pub(crate) site_url: String,
    scratch: PathBuf,
    site: Router<Arc<App>>,
}

impl Demo {
    /// Harbour's routes.
    pub(crate) fn site(&self) -> Router<Arc<App>> {
        self.site.clone()
    }
}

/// Makes this process a demo: before its routers are made, over an installation.
///
/// # Errors
/// 409 if the folder holds data that are not the demo's.
pub async fn open(app: &App, settings: Settings) -> ProblemResult<()> {
    let tenant = claim(app).await?;
    let Settings { site_url, scratch } = settings;
    let site = site::router(app, &tenant, &site_url).await?;
    let demo = Demo { site_url, scratch, site };
    app.set_demo(demo).map_err(|_| Problem::new(Code::Conflict).detail("this process is a demo already"))
}

/// The operations that the dashboard of a demo has beside a server's.
pub(crate) fn operations() -> OpenApiRouter<Arc<App>> {
    search::api::router().merge(checklist::router())
}

/// Where Harbour is, if this process is a demo.
pub fn site_url(app: &App) -> Option<&str> {
    app.demo().map(|demo| demo.site_url.as_str())
}

/// Whether the data are the demo's: then no `serve` may take them for an organisation's own.
pub async fn is_demo(app: &App) -> ProblemResult<bool> {
    Ok(store::find(&app.main).await.map_err(store_failed)?.is_some())
}

/// The tenant of the demo; the first time, of an installation in which nothing is.
async fn claim(app: &App) -> ProblemResult<organisations::Tenant> {
    let tenant = organisations::first(app).await?;
    if is_demo(app).await? {
        return Ok(tenant);
    }
    let mut tx = SystemTx::begin(app).await?;
    if store::holds_data(&mut tx.0).await.map_err(store_failed)? {
        let detail =
            "this data folder holds people or content that are not the demo's: give the demo a folder of its own";
        return Err(Problem::new(Code::Conflict).detail(detail));
    }
    organisations::rename(&mut tx, &tenant, NAME).await?;
    store::insert(&mut tx.0, app.clock.now()).await.map_err(store_failed)?;
    tx.commit().await?;
    Ok(tenant)
}
