//! Roles as processes of their own over PostgreSQL, in the cluster that the test command starts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "a test's own functions")]

mod support;

use base::{Rng, Secret, SystemRng};
use store::Db;
use support::{Place, Running};

/// Fresh databases, removed at the end.
struct Databases {
    cluster: String,
    names: Vec<String>,
}

impl Databases {
    #[allow(clippy::disallowed_methods, reason = "the test command says here where the cluster is")]
    async fn create(names: &[&str]) -> Self {
        let cluster = std::env::var("PILOTFISH_TEST_POSTGRES").expect("run the tests with `cargo xtask test`");
        let rng: &dyn Rng = &SystemRng;
        let unique = data_encoding::HEXLOWER.encode(&rng.bytes::<6>());
        let names: Vec<_> = names.iter().map(|name| format!("t_roles_{unique}_{name}")).collect();
        let databases = Self { cluster, names };
        databases.run("CREATE DATABASE", "").await;
        databases
    }

    async fn run(&self, statement: &str, end: &str) {
        let admin = Db::connect_postgres(&Secret::new(self.cluster.clone())).await.unwrap();
        for name in &self.names {
            admin.run_outside_transaction(format!("{statement} {name} {end}")).await.unwrap();
        }
        admin.close().await;
    }

    fn url(&self, at: usize) -> String {
        let (address, query) = self.cluster.split_once('?').unwrap_or((&self.cluster, ""));
        let (server, _) = address.rsplit_once('/').unwrap();
        format!("{server}/{}?{query}", self.names[at])
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn roles_that_start_together_make_one_installation() {
    let databases = Databases::create(&["main", "keyring", "other_keyring", "other_main"]).await;
    let place = Place::new();
    let url = place.folder.path().join("database");
    std::fs::write(&url, format!("{}\n", databases.url(0))).unwrap();
    let keyring = databases.url(1);
    let start = |role: &str| -> Running {
        let flags = ["--role", role, "--database-file", url.to_str().unwrap(), "--keyring-database", &keyring];
        place.serve(&flags)
    };
    let mut running: Vec<Running> = std::thread::scope(|scope| {
        let starting = ["edge", "api", "dashboard", "worker"].map(|role| scope.spawn(move || (role, start(role))));
        starting.into_iter().map(|thread| thread.join().unwrap().1).collect()
    });
    for (server, door) in running.iter().zip(["edge", "api", "dashboard", "metrics"]) {
        // The figures' URL names its address.
        let url = server.url(door).replace("/metrics", "");
        let answer = server.client().get(format!("{url}/readyz")).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{door}");
    }
    for server in &mut running {
        assert!(server.terminate().success());
    }
    let mut command = place.with_root_key(&["serve", "--database", &databases.url(0)]);
    let said = place.must_refuse(command.args(["--keyring-database", &databases.url(2)]));
    assert!(said.contains("the keyring is missing or belongs to another installation"), "{said}");
    let mut command = place.with_root_key(&["serve", "--database", &databases.url(3)]);
    let said = place.must_refuse(command.args(["--keyring-database", &keyring]));
    assert!(said.contains("the main store is missing or belongs to another installation"), "{said}");
    databases.run("DROP DATABASE", "WITH (FORCE)").await;
}
