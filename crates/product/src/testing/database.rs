//! Two fresh databases for each test, in the throw-away cluster that the test command starts.

use base::{Secret, SystemRng};
use store::Db;

use crate::Databases;

const VARIABLE: &str = "PILOTFISH_TEST_POSTGRES";

#[allow(clippy::disallowed_methods, reason = "the test command says here where the cluster is")]
fn cluster() -> String {
    std::env::var(VARIABLE).unwrap_or_else(|_| {
        panic!("{VARIABLE} is not set: run the tests with `cargo xtask test`, which starts a cluster")
    })
}

/// Makes the main store's and the keyring's database.
pub(crate) async fn create(name: &str) -> Databases {
    let rng: &dyn base::Rng = &SystemRng;
    let unique = data_encoding::HEXLOWER.encode(&rng.bytes::<6>());
    let short: String = name.chars().take(30).collect();
    let [main, keyring] = ["main", "keyring"].map(|of| format!("t_{short}_{unique}_{of}"));
    let admin = Db::connect_postgres(&Secret::new(cluster())).await.unwrap();
    for database in [&main, &keyring] {
        run(&admin, format!("CREATE DATABASE {database}")).await;
    }
    admin.close().await;
    Databases::Postgres { main: Secret::new(url(&main)), keyring: Secret::new(url(&keyring)) }
}

/// Removes what [`create`] made.
pub(crate) async fn drop_all(databases: &Databases) {
    let Databases::Postgres { main, keyring } = databases else { return };
    let admin = Db::connect_postgres(&Secret::new(cluster())).await.unwrap();
    for url in [main, keyring] {
        let name = url.expose().rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
        run(&admin, format!("DROP DATABASE {name} WITH (FORCE)")).await;
    }
    admin.close().await;
}

/// The cluster's URL with the role that row-level security does not hold.
pub(crate) fn unfenced_url() -> Secret<String> {
    Secret::new(cluster().replacen("//pilotfish:", "//pilotfish_unfenced:", 1))
}

/// The cluster's URL with another database.
fn url(database: &str) -> String {
    let cluster = cluster();
    let (address, query) = cluster.split_once('?').map_or((cluster.as_str(), ""), |(address, query)| (address, query));
    let (server, _) = address.rsplit_once('/').expect("the cluster's URL names a database");
    if query.is_empty() { format!("{server}/{database}") } else { format!("{server}/{database}?{query}") }
}

async fn run(admin: &Db, statement: String) {
    admin.run_outside_transaction(statement).await.unwrap();
}
