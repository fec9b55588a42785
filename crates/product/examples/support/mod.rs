//! A product to be measured: over the embedded store, in a folder that the caller throws away.

use std::path::Path;
use std::sync::Arc;

use base::{Clock, Personal, Rng, Secret, SystemClock, SystemRng};
use keys::FileProvider;
use product::installation::FirstOwner;
use product::{App, Databases, Duties, Urls};
use store::{DataFolder, Sharing};

/// As the binary has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Opens it; nothing is in it yet.
pub(crate) async fn open(folder: &Path) -> App {
    let (clock, rng): (Arc<dyn Clock>, Arc<dyn Rng>) = (Arc::new(SystemClock), Arc::new(SystemRng));
    let data = folder.join("data");
    let lock = DataFolder::open(&data, Sharing::Exclusive).expect("a folder");
    let provider = FileProvider::create(&folder.join("keys/root.key"), &data, clock.clone(), rng.clone());
    let provider = Arc::new(provider.expect("a key provider"));
    let [edge, api, dashboard] =
        ["https://localhost:8443", "https://localhost:8445", "https://dashboard.localhost:8444"];
    let urls = Urls { edge: edge.to_owned(), api: api.to_owned(), dashboard: dashboard.to_owned() };
    let app = App::open(lock, &Databases::Embedded, provider, urls, Duties::all(), (clock, rng)).await;
    app.unwrap_or_else(|error| panic!("the product does not open: {error}"))
}

/// Whoever is given as owner is shown the keys.
pub(crate) fn owner() -> FirstOwner {
    FirstOwner {
        email: Personal::new("ana@example.org".to_owned()),
        name: Personal::new("Ana".to_owned()),
        password: Secret::new("correct horse battery staple".to_owned()),
    }
}
