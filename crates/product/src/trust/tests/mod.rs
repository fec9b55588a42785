//! The trust page and its checks. `world` is a product with real doors, `sabotage` breaks one thing after the other.

mod named;
mod page;
mod sabotage;
mod transport;
mod world;

use super::checks::CHECKS;
use super::store::Kept;
use crate::App;

/// Makes every check that is due.
async fn run_due(app: &App) {
    for check in CHECKS {
        super::run::run_if_due(app, check).await.unwrap();
    }
}

/// What a check saw last.
async fn seen(app: &App, check: &str) -> Kept {
    super::store::all(&app.main).await.unwrap().remove(check).unwrap()
}
