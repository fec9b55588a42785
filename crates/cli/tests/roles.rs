//! Roles as processes of their own over PostgreSQL, in the cluster that the test command starts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "a test's own functions")]

mod support;

use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use base::{Rng, Secret, SystemRng};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use store::{Db, Scope, StoreError, sql};
use support::cluster::Cluster;
use support::{OWNER, PASSWORD, Place, Running, free_ports};

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

    /// The same for the login role of a process.
    fn url_as(&self, role: &str, at: usize) -> String {
        self.url(at).replacen("://pilotfish:", &format!("://pilotfish_test_{role}:"), 1)
    }

    async fn drop_all(&self) {
        self.run("DROP DATABASE", "WITH (FORCE)").await;
    }
}

const ROLES: [&str; 4] = ["edge", "api", "dashboard", "worker"];
/// Numbers that no user of the system has.
const GROUP: u32 = 61_200;

fn user(role: &str) -> u32 {
    GROUP + 1 + u32::try_from(ROLES.iter().position(|other| *other == role).unwrap()).unwrap()
}

/// An installation whose roles are four processes of four users, who have nothing in common but a group, the data folder
/// and the databases, in which each is another role.
struct Apart {
    place: Place,
    databases: Databases,
    ports: [u16; 7],
    program: PathBuf,
    made: Value,
}

impl Apart {
    /// As docs/roles.md says: folders, then `init` by the owner, then each user's own copy of the keys.
    async fn new() -> Self {
        let place = Place::new();
        let folder = place.folder.path();
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
        let program = folder.join("pilotfish");
        std::fs::hard_link(support::BINARY, &program)
            .or_else(|_| std::fs::copy(support::BINARY, &program).map(drop))
            .unwrap();
        let data = place.data();
        for (path, owner) in [("", "worker"), ("log", "worker"), ("tls", "worker"), ("log/edge", "edge")] {
            own(&data.join(path), user(owner), 0o2750);
        }
        for role in ROLES {
            own(&folder.join(role), user(role), 0o700);
        }
        std::fs::write(folder.join("password"), PASSWORD).unwrap();
        let databases = Databases::create(&["main", "keyring"]).await;
        let mut apart = Self { place, databases, ports: free_ports(), program, made: Value::Null };
        let mut init = apart.command("worker", "init");
        init.args(["--json", "--owner-email", OWNER, "--database", &apart.databases.url(0)]);
        init.args(["--keyring-database", &apart.databases.url(1)]).arg("--password-file").arg("../password");
        let output = init.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        apart.made = serde_json::from_slice(&output.stdout).unwrap();
        for role in ["edge", "api", "dashboard"] {
            copy(&apart.keys("worker"), &apart.keys(role), user(role));
        }
        apart
    }

    fn keys(&self, role: &str) -> PathBuf {
        self.place.folder.path().join(role).join("keys")
    }

    /// A command by the user of a role.
    fn command(&self, role: &str, subcommand: &str) -> Command {
        let home = self.place.folder.path().join(role);
        let mut command = Command::new(&self.program);
        command
            .args(subcommand.split(' '))
            .env_clear()
            .env("HOME", &home)
            .current_dir(&home)
            .uid(user(role))
            .gid(GROUP);
        command.arg("--data").arg(self.place.data());
        command.arg("--root-key").arg(format!("file:{}", self.keys(role).join("root.key").display()));
        command
    }

    fn serve_command(&self, role: &str) -> Command {
        let mut command = self.command(role, "serve");
        command.args(["--role", role, "--database", &self.databases.url_as(role, 0)]);
        command.args(["--keyring-database", &self.databases.url_as(role, 1)]);
        for (door, port) in ["--edge", "--api", "--dashboard"].iter().zip(self.ports) {
            command.args([*door, &format!("127.0.0.1:{port}")]);
        }
        command.args(["--metrics", &format!("127.0.0.1:{}", self.metrics(role))]);
        command
    }

    fn serve(&self, role: &str) -> Running {
        let path = self.place.folder.path().join(format!("{role}.log"));
        let log = std::fs::File::options().create(true).append(true).open(path).unwrap();
        let ca = self.place.data().join("tls/ca.pem");
        Running::start_with(&mut self.serve_command(role), &ca, log.into())
    }

    fn metrics(&self, role: &str) -> u16 {
        self.ports[3 + ROLES.iter().position(|other| *other == role).unwrap()]
    }

    fn text(&self, pointer: &str) -> String {
        self.made.pointer(pointer).and_then(Value::as_str).unwrap().to_owned()
    }

    /// What every process of it said.
    fn said(&self) -> String {
        let log =
            |role| std::fs::read_to_string(self.place.folder.path().join(format!("{role}.log"))).unwrap_or_default();
        ROLES.map(log).join("\n")
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.said());
        }
    }
}

/// Makes a folder with an owner, the group and a mode.
fn own(path: &Path, owner: u32, mode: u32) {
    std::fs::create_dir_all(path).unwrap();
    chown(path, Some(owner), Some(GROUP)).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Copies a folder of keys for another user.
fn copy(from: &Path, to: &Path, owner: u32) {
    own(to, owner, 0o700);
    for entry in std::fs::read_dir(from).unwrap() {
        let from = entry.unwrap().path();
        let to = to.join(from.file_name().unwrap());
        if from.is_dir() {
            copy(&from, &to, owner);
        } else {
            std::fs::copy(&from, &to).unwrap();
            chown(&to, Some(owner), Some(GROUP)).unwrap();
        }
    }
}

/// What clients of every door do.
#[derive(Clone)]
struct Clients {
    client: Client,
    urls: [String; 3],
    server_key: String,
    browser_key: String,
    api_key: String,
    environment: String,
}

impl Clients {
    fn of(apart: &Apart, client: Client) -> Self {
        let [edge, api, dashboard] = [("localhost", 0), ("localhost", 1), ("dashboard.localhost", 2)]
            .map(|(host, at)| format!("https://{host}:{}", apart.ports[at]));
        Self {
            client,
            urls: [edge, api, dashboard],
            server_key: apart.text("/environments/0/server_key"),
            browser_key: apart.text("/environments/0/browser_key"),
            api_key: apart.text("/api_key"),
            environment: apart.text("/environments/0/id"),
        }
    }

    async fn track(&self, id: &str) -> Option<StatusCode> {
        let body = json!({"userId": "u", "event": "Invoice Sent", "messageId": id, "properties": {"n": id}});
        let asking = self.client.post(format!("{}/v1/track", self.urls[0])).bearer_auth(&self.server_key).json(&body);
        Some(asking.timeout(Duration::from_secs(5)).send().await.ok()?.status())
    }

    /// Sends until it is acknowledged.
    async fn track_until_taken(&self, id: &str) {
        while self.track(id).await != Some(StatusCode::OK) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn at_edge(&self, path: &str, body: &Value) -> RequestBuilder {
        let mut body = body.clone();
        body["writeKey"] = json!(self.browser_key);
        self.client.post(format!("{}{path}", self.urls[0])).header("content-type", "text/plain").body(body.to_string())
    }

    fn at_api(&self, method: Method, path: &str) -> RequestBuilder {
        let asking = self.client.request(method, format!("{}/api/v1/{path}", self.urls[1]));
        asking.bearer_auth(&self.api_key).header("pilotfish-environment", &self.environment)
    }

    async fn sign_in(&self) -> String {
        let asking = self.client.post(format!("{}/api/v1/sessions", self.urls[2])).header("origin", &self.urls[2]);
        let answer = asking.json(&json!({"email": OWNER, "password": PASSWORD})).send().await.unwrap();
        assert_eq!(answer.status(), 201, "{}", answer.text().await.unwrap());
        let cookies = answer.headers().get_all("set-cookie").iter();
        let pairs = cookies.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap().to_owned());
        pairs.collect::<Vec<_>>().join("; ")
    }

    /// The names of the person's events that a page holds, through the api.
    async fn events(&self, person: &str) -> Vec<String> {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("people/{person}/events?limit=200{cursor}");
            let page: Value = json_of(self.at_api(Method::GET, &path)).await;
            let data = page["data"].as_array().unwrap_or_else(|| panic!("{page}"));
            found.extend(data.iter().filter_map(|event| event["properties"]["n"].as_str()).map(str::to_owned));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return found,
            }
        }
    }

    /// Publishes a survey whose audience counts an event: a counter that a job has to bring up to date.
    async fn publish(&self, within: Option<String>) -> String {
        let mut audience = json!({"event": "Invoice Sent", "count": {"op": "gte", "value": 1_000}});
        if let Some(within) = within {
            audience["within"] = within.into();
        }
        let definition = json!({"questions": [{"id": "q1", "kind": "nps", "text": "?"}], "audience": audience});
        let made =
            json_of(self.at_api(Method::POST, "surveys").json(&json!({"name": "S", "definition": definition}))).await;
        let id = made["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
        let published = self.at_api(Method::POST, &format!("surveys/{id}/publish")).send().await.unwrap();
        assert_eq!(published.status(), 200, "{}", published.text().await.unwrap());
        id
    }

    /// How many invoices the person has sent, as decisions see it; nothing before the job has counted.
    async fn counted(&self, survey: &str) -> Option<u64> {
        let why: Value = json_of(self.at_api(Method::GET, &format!("people/u/content/{survey}/why"))).await;
        why["trace"]["parts"][2]["parts"][0]["actual"].as_u64()
    }

    async fn sees(&self, user: &str) -> Value {
        json_of(self.at_edge("/v1/sync", &json!({"anonymousId": user}))).await
    }

    async fn ready(&self, metrics: u16) -> bool {
        let asked = self.client.get(format!("https://localhost:{metrics}/readyz")).send().await;
        asked.is_ok_and(|answer| answer.status() == 200)
    }
}

async fn json_of(asking: RequestBuilder) -> Value {
    let answer = asking.timeout(Duration::from_secs(20)).send().await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert!(status.is_success(), "{status}: {text}");
    serde_json::from_str(&text).unwrap()
}

/// Waits until something is so.
async fn until(what: &str, so: impl AsyncFnMut() -> bool) {
    until_it_is(true, what, so).await;
}

async fn until_it_is<T: PartialEq + std::fmt::Debug>(expected: T, what: &str, mut look: impl AsyncFnMut() -> T) {
    let began = Instant::now();
    loop {
        let seen = look().await;
        if seen == expected {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(40), "{what}: {expected:?} expected, {seen:?} seen");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_role_goes_on_while_another_is_killed_and_nothing_acknowledged_is_lost() {
    let apart = Apart::new().await;
    let mut running: Vec<Running> = ROLES.map(|role| apart.serve(role)).into();
    let clients = Clients::of(&apart, running[0].client());
    let cookie = clients.sign_in().await;
    clients.track_until_taken("first").await;
    assert_eq!(clients.events("u").await, ["first"], "what a server key sent is read back at once");
    let survey = clients.publish(None).await;
    until("the worker counts what was before", async || clients.counted(&survey).await == Some(1)).await;

    let stop = Arc::new(AtomicBool::new(false));
    let mut senders = tokio::task::JoinSet::new();
    for sender in 0..4 {
        let (clients, stop) = (clients.clone(), Arc::clone(&stop));
        senders.spawn(async move {
            let mut sent = 0_u64;
            while !stop.load(Ordering::SeqCst) {
                clients.track_until_taken(&format!("{sender}-{sent}")).await;
                sent += 1;
            }
            sent
        });
    }
    let mut answers = 0;
    for (at, victim) in ROLES.into_iter().enumerate() {
        tokio::time::sleep(Duration::from_millis(500)).await;
        running[at].kill();
        let up = |role: &str| role != victim;
        if up("edge") {
            let mark = format!("while-{victim}");
            assert_eq!(clients.track(&mark).await, Some(StatusCode::OK), "edge without {victim}: {}", apart.said());
            if up("api") {
                assert!(clients.events("u").await.contains(&mark), "api without {victim}: read back at once");
            }
            let visitor = format!("visitor-{victim}");
            clients.sees(&visitor).await;
            let id = format!("0191e9a0-0000-7000-8000-00000000000{at}");
            let answer = json!({"id": id, "anonymousId": visitor, "content": survey, "version": 1, "answers": {"q1": 9},
                "complete": true});
            let answered = clients.at_edge("/v1/answers", &answer).send().await.unwrap();
            assert_eq!(answered.status(), 200, "{}", answered.text().await.unwrap());
            answers += 1;
        } else {
            assert!(!clients.events("u").await.is_empty(), "api without the edge: its log is still read");
        }
        if up("api") {
            let found = json_of(clients.at_api(Method::GET, "people/u")).await;
            assert_eq!(found["external_id"], "u");
        }
        if up("dashboard") {
            let asking = clients.client.get(format!("{}/api/v1/surveys", clients.urls[2])).header("cookie", &cookie);
            let surveys = json_of(asking.header("pilotfish-environment", &clients.environment)).await;
            assert!(!surveys["data"].as_array().unwrap().is_empty(), "dashboard without {victim}");
        }
        if up("worker") && up("api") {
            let another = clients.publish(Some(format!("{}d", 10 + at))).await;
            let what = format!("the worker does jobs without {victim}");
            until(&what, async || clients.counted(&another).await.is_some()).await;
        }
        for role in ROLES.into_iter().filter(|role| up(role)) {
            assert!(clients.ready(apart.metrics(role)).await, "{role} without {victim}");
        }
        running[at] = apart.serve(victim);
    }
    stop.store(true, Ordering::SeqCst);
    let sent: u64 = senders.join_all().await.into_iter().sum();
    let expected = sent + 1 + 3;
    let mut found = clients.events("u").await;
    assert_eq!(found.len() as u64, expected, "everything that was acknowledged, through the api");
    found.sort_unstable();
    found.dedup();
    assert_eq!(found.len() as u64, expected, "once");
    until_it_is(Some(expected), "each is counted once", async || clients.counted(&survey).await).await;
    let results = json_of(clients.at_api(Method::GET, &format!("surveys/{survey}/results"))).await;
    assert_eq!(results["questions"][0]["count"], answers);
    for server in &mut running {
        assert!(server.terminate().success());
    }
    assert!(!apart.said().contains("may not do this"), "{}", apart.said());
    eprintln!("{sent} events under four kills");
    apart.databases.drop_all().await;
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
    databases.drop_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_is_reached_by_mutual_tls_and_nobody_is_let_in_or_served_without() {
    let cluster = Cluster::start();
    let place = Place::new();
    let (root, client) = (cluster.root("ca"), cluster.client("client"));
    let refused = |query: &str| {
        let mut init = place.init_command();
        init.args(["--database", &cluster.url(query)]);
        let output = init.output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{query}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refused("sslmode=disable").contains("role or its password is refused"), "in clear");
    assert!(refused(&root).contains("the database cannot be reached"), "without a certificate of its own");
    let stranger = cluster.client("stranger");
    assert!(refused(&format!("{root}&{stranger}")).contains("role or its password is refused"), "another role's");
    let other = cluster.root("other-ca");
    assert!(refused(&format!("{other}&{client}")).contains("TLS failed"), "a server that another authority signed for");

    let url = cluster.url(&format!("{root}&{client}"));
    let mut init = place.init_command();
    let output = init.args(["--database", &url]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut server = place.serve(&["--database", &url]);
    let answer = server.client().get(format!("{}/readyz", server.url("edge"))).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(
        cluster.psql(
            "do $$ begin assert (select count(*) > 0 and bool_and(ssl) from pg_stat_ssl join pg_stat_activity \
        using (pid) where usename = 'pilotfish'); end $$"
        ),
        "every connection is by TLS"
    );
    assert!(server.terminate().success());

    let mut serve =
        place.with_root_key(&["serve", "--database", "postgres://pilotfish@192.0.2.7/main?sslmode=require"]);
    let said = place.must_refuse(&mut serve);
    assert!(said.contains("sslmode=verify-full") && said.contains("--allow-unverified-database"), "{said}");
}

/// Statements by which a role would take or change what is another's.
const FORBIDDEN: [(&str, usize, &[&str]); 7] = [
    (
        "edge",
        0,
        &[
            "SELECT email FROM members",
            "SELECT hash FROM sessions",
            "INSERT INTO sessions SELECT * FROM sessions",
            "SELECT subject FROM sign_in_attempts",
            "SELECT secret FROM totp_factors",
            "SELECT detail FROM audit_records",
            "DELETE FROM audit_records",
            "SELECT detail FROM findings",
            "SELECT shown FROM api_keys",
            "UPDATE api_keys SET hash = hash",
            "UPDATE keys SET wrapped = wrapped",
            "INSERT INTO environment_keys SELECT * FROM environment_keys",
            "UPDATE environments SET identity_secret = identity_secret",
            "UPDATE contents SET draft = draft",
            "UPDATE rulesets SET number = number",
            "SELECT payload FROM jobs",
            "SELECT setup_token_hash FROM installation",
            "CREATE TABLE mine (id BIGINT)",
            "ALTER TABLE people DISABLE ROW LEVEL SECURITY",
            "SET ROLE pilotfish",
        ],
    ),
    (
        "edge",
        1,
        &[
            "SELECT sealed_private_key FROM subjects",
            "SELECT * FROM subjects",
            "UPDATE subjects SET sealed_private_key = NULL",
            "DELETE FROM subjects",
            "UPDATE erasable_floors SET version = version",
        ],
    ),
    (
        "api",
        0,
        &[
            "SELECT email FROM members",
            "SELECT hash FROM sessions",
            "SELECT subject FROM sign_in_attempts",
            "SELECT secret FROM totp_factors",
            "UPDATE installation SET setup_token_hash = NULL",
            "UPDATE organisations SET name = name",
            "UPDATE environments SET identity_secret = identity_secret",
            "INSERT INTO api_keys SELECT * FROM api_keys",
            "UPDATE api_keys SET role = role",
            "UPDATE keys SET state = state",
            "UPDATE people SET attributes = attributes",
            "UPDATE answers SET answers = answers",
            "SELECT detail FROM audit_records",
            "UPDATE trust_results SET verdict = verdict",
        ],
    ),
    ("api", 1, &["INSERT INTO subjects SELECT * FROM subjects", "DELETE FROM blind_indexes"]),
    (
        "dashboard",
        0,
        &[
            "UPDATE api_keys SET hash = hash",
            "UPDATE keys SET wrapped = wrapped",
            "UPDATE people SET attributes = attributes",
            "UPDATE trust_results SET verdict = verdict",
            "DELETE FROM members",
        ],
    ),
    ("dashboard", 1, &["UPDATE subjects SET sealed_private_key = NULL", "DELETE FROM blind_indexes"]),
    (
        "worker",
        0,
        &[
            "SELECT hash FROM sessions",
            "UPDATE members SET password = password",
            "UPDATE memberships SET role = role",
            "UPDATE passkeys SET counter = counter",
            "INSERT INTO api_keys SELECT * FROM api_keys",
            "UPDATE contents SET draft = draft",
            "DELETE FROM findings",
        ],
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_database_role_is_refused_what_is_anothers() {
    let apart = Apart::new().await;
    for (role, at, statements) in FORBIDDEN {
        let db = Db::connect_postgres(&Secret::new(apart.databases.url_as(role, at))).await.unwrap();
        sql("SELECT identity FROM store_identity").fetch_one(db.read(Scope::System)).await.unwrap();
        for statement in statements {
            let done = sql(*statement).fetch_all(db.read(Scope::System)).await;
            let refused = matches!(&done, Err(StoreError::Denied));
            assert!(refused, "{role}: {statement}: {:?}", done.map(|rows| rows.len()));
        }
        db.close().await;
    }
    let owner = Db::connect_postgres(&Secret::new(apart.databases.url(0))).await.unwrap();
    let said = "SELECT table_name::text AS table_name, grantee::text AS grantee, privilege_type::text AS privilege_type FROM information_schema.role_table_grants \
                WHERE grantee LIKE 'pilotfish%' AND grantee NOT IN ('pilotfish', 'pilotfish_unfenced')";
    let rows = sql(said).fetch_all(owner.read(Scope::System)).await.unwrap();
    let declared = store::grants::declared("main");
    for row in &rows {
        let (table, role, verb): (String, String, String) =
            (row.get("table_name").unwrap(), row.get("grantee").unwrap(), row.get("privilege_type").unwrap());
        let role = role.strip_prefix(store::grants::PREFIX).unwrap();
        assert!(declared[&table][role].contains(&verb), "{verb} on {table} by {role} is not in the migrations");
    }
    assert!(rows.len() > 50, "{}", rows.len());
    owner.close().await;
    apart.databases.drop_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_key_turns_by_the_workers_login_and_the_others_go_on_with_the_new_ones() {
    let apart = Apart::new().await;
    let mut running = ["edge", "dashboard"].map(|role| apart.serve(role));
    let clients = Clients::of(&apart, running[0].client());
    clients.track_until_taken("before").await;
    clients.sign_in().await;
    for server in &mut running {
        assert!(server.terminate().success());
    }
    let mut rotate = apart.command("worker", "keys rotate");
    rotate.args(["--now", "--json", "--database", &apart.databases.url_as("worker", 0)]);
    rotate.args(["--keyring-database", &apart.databases.url_as("worker", 1)]);
    let output = rotate.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let turned: Value = serde_json::from_slice(&output.stdout).unwrap();
    let turned = turned["turned"].as_array().unwrap();
    for key in turned {
        assert_eq!(key["version"], 2, "{key}");
    }
    for kind in ["root", "erasable", "index", "message_hash", "member_index", "organisation", "api_key_hash"] {
        assert!(turned.iter().any(|key| key["kind"] == kind), "{kind}: {turned:?}");
    }
    for role in ["edge", "dashboard", "api"] {
        std::fs::remove_dir_all(apart.keys(role)).unwrap();
        copy(&apart.keys("worker"), &apart.keys(role), user(role));
    }
    let mut running = ["edge", "dashboard", "api"].map(|role| apart.serve(role));
    clients.track_until_taken("after").await;
    clients.sign_in().await;
    let mut found = clients.events("u").await;
    found.sort_unstable();
    assert_eq!(found, ["after", "before"], "one person: found by the new index");
    for server in &mut running {
        assert!(server.terminate().success());
    }
    assert!(!apart.said().contains("may not do this"), "{}", apart.said());
    apart.databases.drop_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_does_not_migrate_and_two_edges_need_two_names() {
    let databases = Databases::create(&["main", "keyring"]).await;
    let place = Place::new();
    let serve = |url: String, keyring: String, name: &str| {
        let mut command = place.with_root_key(&["serve", "--role", "edge", "--edge-name", name, "--database", &url]);
        command.args(["--keyring-database", &keyring]);
        command
    };
    for at in 0..2 {
        // As in clusters whose schema `public` was left open to everybody.
        let owner = Db::connect_postgres(&Secret::new(databases.url(at))).await.unwrap();
        owner.run_outside_transaction("GRANT CREATE ON SCHEMA public TO PUBLIC".to_owned()).await.unwrap();
        owner.close().await;
    }
    let began = Instant::now();
    let said = place.must_refuse(&mut serve(databases.url_as("edge", 0), databases.url_as("edge", 1), "edge"));
    assert!(said.contains("the keyring has schema version 0") && said.contains("pilotfish migrate"), "{said}");
    assert!(began.elapsed() > Duration::from_secs(20), "it waits for the owner");
    let owner = ["migrate", "--database", &databases.url(0), "--keyring-database", &databases.url(1)];
    let mut migrate = Command::new(support::BINARY);
    assert!(migrate.args(owner).env_clear().current_dir(place.folder.path()).status().unwrap().success());
    let said = place.must_refuse(&mut serve(databases.url_as("edge", 0), databases.url_as("edge", 1), "edge"));
    assert!(said.contains("run pilotfish init as their owner"), "{said}");

    let mut init = place.init_command();
    init.args(["--database", &databases.url(0), "--keyring-database", &databases.url(1)]);
    assert!(init.output().unwrap().status.success());
    let flags = |name| {
        let url = databases.url(0);
        ["--role", "edge", "--edge-name", name, "--keyring-database", &databases.url(1), "--database", &url]
            .map(str::to_owned)
    };
    let start = |name| {
        let flags = flags(name);
        place.serve(&flags.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let first = start("edge");
    let said = place.must_refuse(&mut serve(databases.url(0), databases.url(1), "edge"));
    assert!(said.contains("--edge-name") && said.contains("log/edge"), "{said}");
    let second = start("edge-2");
    drop((first, second));
    databases.drop_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_door_takes_a_request_for_its_address() {
    let place = Place::new();
    place.init();
    let server = place.serve(&[]);
    let client = server.client();
    let claims = |asking: RequestBuilder| {
        let asking = asking.header("x-forwarded-for", "127.0.0.1").header("forwarded", "for=127.0.0.1;host=localhost");
        asking.header("x-real-ip", "127.0.0.1").header("true-client-ip", "::1").header("x-forwarded-host", "localhost")
    };
    let metrics = server.url("metrics");
    for url in [
        format!("{}/api/v1/people/u", server.url("api")),
        format!("{}/api/v1/surveys", server.url("dashboard")),
        metrics,
    ] {
        assert_eq!(claims(client.get(&url)).send().await.unwrap().status(), 401, "{url}");
    }
    let track = client.post(format!("{}/v1/track", server.url("edge"))).json(&json!({"userId": "u", "event": "E"}));
    assert_eq!(claims(track).send().await.unwrap().status(), 401);
    // Guesses from one address at many accounts are one address's, whatever each says of where it comes from.
    let sessions = format!("{}/api/v1/sessions", server.url("dashboard"));
    let origin = server.url("dashboard");
    let mut refused = 0;
    for guess in 0..130 {
        let body = json!({"email": format!("nobody-{guess}@example.org"), "password": "wrong wrong wrong"});
        let asking = client.post(&sessions).header("origin", &origin).json(&body);
        let answer = asking.header("x-forwarded-for", format!("198.51.100.{guess}")).send().await.unwrap();
        refused += usize::from(answer.status() == 429);
    }
    assert!(refused >= 20, "{refused}");
}
