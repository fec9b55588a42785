//! An edge with a bundle, as a process of its own over PostgreSQL: what it can do, and that with its memory, its files and its
//! databases nobody opens people's values, members' data or any key that it was not granted.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "a test's own functions")]

mod support;

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base::id::EnvironmentId;
use base::{Rng, Secret, SystemClock, SystemRng};
use keys::{
    Aad, FileProvider, KeyKind, KeyProvider as _, KeyState, Opener, Owner, SealedHeader, SecretKey, Subject, aead,
};
use serde_json::{Value, json};
use store::{Db, Scope, key_records, sql};
use support::{PASSWORD, Place, Running};

/// What the process with the root key is told of people. No other process hears of it.
const PLANTED_ID: &str = "planted-person-58d1";
const PLANTED_EMAIL: &str = "zdenka.planted@example.net";
const PLANTED_NAME: &str = "Zdenka Plantedova";
const PLANTED_TEXT: &str = "only the planted dolphins know why";
/// The address of the only member.
const MEMBER: &str = "olga.planted-member@example.net";
/// What the edge is told, in its life before the one that is looked into.
const TOLD_TO_THE_EDGE: &str = "bob.told@example.net";

/// A main store and a keyring, removed at the end.
struct Databases {
    cluster: String,
    names: [String; 2],
}

impl Databases {
    async fn create() -> Self {
        let cluster = std::env::var("PILOTFISH_TEST_POSTGRES").expect("run the tests with `cargo xtask test`");
        let rng: &dyn Rng = &SystemRng;
        let unique = data_encoding::HEXLOWER.encode(&rng.bytes::<6>());
        let databases = Self { cluster, names: ["main", "keyring"].map(|name| format!("t_bundle_{unique}_{name}")) };
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

    /// The owner's, who migrated.
    fn flags(&self) -> [String; 4] {
        ["--database".to_owned(), self.url(0), "--keyring-database".to_owned(), self.url(1)]
    }

    /// Those of a process's login role.
    fn flags_as(&self, role: &str) -> [String; 4] {
        self.flags().map(|flag| flag.replacen("://pilotfish:", &format!("://pilotfish_test_{role}:"), 1))
    }

    async fn connect(&self, at: usize) -> Db {
        Db::connect_postgres(&Secret::new(self.url(at))).await.unwrap()
    }
}

/// An installation over databases, with a server that has the root key.
struct Installation {
    databases: Databases,
    place: Place,
    made: Value,
    server: Running,
}

impl Installation {
    async fn start() -> Self {
        let (databases, place) = (Databases::create().await, Place::new());
        let password = place.folder.path().join("password");
        std::fs::write(&password, PASSWORD).unwrap();
        let mut init = place.with_root_key(&["init", "--json", "--owner-email", MEMBER]);
        let output = init.arg("--password-file").arg(password).args(databases.flags()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let made = serde_json::from_slice(&output.stdout).unwrap();
        let flags = databases.flags();
        let server = place.serve(&flags.each_ref().map(String::as_str));
        Self { databases, place, made, server }
    }

    /// What the process that turns keys may do: by the worker's login.
    fn command(&self, words: &[&str]) -> Output {
        let mut command = self.place.with_root_key(words);
        command.args(self.databases.flags_as("worker")).output().unwrap()
    }

    #[track_caller]
    fn must(&self, words: &[&str]) -> String {
        said(self.command(words))
    }

    /// By the owner of the databases.
    #[track_caller]
    fn owner_must(&self, words: &[&str]) -> String {
        let mut command = self.place.with_root_key(words);
        said(command.args(self.databases.flags()).output().unwrap())
    }

    fn text(&self, of: &str) -> String {
        self.made["environments"][0][of].as_str().unwrap().to_owned()
    }

    /// The edge with this bundle and an edge's login, before it begins.
    fn edge(&self, at: &Place, bundle: &str) -> Command {
        let mut command = at.command(&["serve", "--role", "edge", "--root-key", bundle]);
        command.args(self.databases.flags_as("edge"));
        command
    }

    fn start_edge(&self, at: &Place, bundle: &str) -> Running {
        let mut command = self.edge(at, bundle);
        command.args(["--edge", "127.0.0.1:0", "--metrics", "127.0.0.1:0"]);
        Running::start(&mut command, &self.place.data().join("tls/ca.pem"))
    }

    /// A survey that everybody sees; its id.
    async fn publish(&self) -> String {
        let questions = json!([{"id": "q1", "kind": "nps", "text": "How likely?"}, {"id": "q2", "kind": "open_text", "text": "Why?"}]);
        let survey = json!({"name": "Why", "definition": {"questions": questions}});
        let url = format!("{}/api/v1/surveys", self.server.url("api"));
        let asked = self.server.client().post(&url).bearer_auth(self.made["api_key"].as_str().unwrap());
        let asked = asked.header("pilotfish-environment", self.text("id")).json(&survey).send().await.unwrap();
        let made: Value = asked.json().await.unwrap();
        let id = made["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
        let asked = self.server.client().post(format!("{url}/{id}/publish"));
        let asked = asked.bearer_auth(self.made["api_key"].as_str().unwrap());
        let asked = asked.header("pilotfish-environment", self.text("id")).json(&json!({})).send().await.unwrap();
        assert!(asked.status().is_success(), "{}", asked.text().await.unwrap());
        id
    }
}

/// What a command printed that must succeed.
#[track_caller]
fn said(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What an edge says to this.
async fn send(edge: &Running, path: &str, key: &str, body: Value) -> Value {
    let asked = edge.client().post(format!("{}{path}", edge.url("edge"))).bearer_auth(key).json(&body);
    let answer = asked.send().await.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert_eq!(status, 200, "{path}: {text}");
    serde_json::from_str(&text).unwrap()
}

fn answer(number: u8, user: &str, survey: &str, text: &str) -> Value {
    let id = format!("3f2504e0-4f89-41d3-9a0c-0305e82c33{number:02x}");
    json!({"userId": user, "id": id, "content": survey, "version": 1, "answers": {"q1": 9, "q2": text}, "complete": true})
}

/// What a process holds in its memory, as a debugger that root runs sees it.
fn memory_of(process: &Running, folder: &Path) -> Vec<u8> {
    let (prefix, id) = (folder.join("memory"), process.child.id().to_string());
    let output =
        Command::new("gcore").arg("-o").arg(&prefix).arg(&id).output().expect("gcore, of Debian's package gdb");
    let path = folder.join(format!("memory.{id}"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let memory = std::fs::read(&path).unwrap_or_else(|_| panic!("only root may look into this process: {said}"));
    std::fs::remove_file(path).unwrap();
    // Most of what a process has reserved was never written to.
    let written = |page: &&[u8]| page.iter().any(|byte| *byte != 0);
    let memory = memory.chunks(4_096).filter(written).flatten().copied().collect::<Vec<u8>>();
    assert!(memory.len() > 1 << 20, "{} bytes", memory.len());
    memory
}

/// Named bytes that are looked for.
#[derive(Default)]
struct Needles {
    all: Vec<(String, Vec<u8>)>,
}

impl Needles {
    fn add(&mut self, name: impl Into<String>, bytes: &[u8]) {
        self.all.push((name.into(), bytes.to_vec()));
    }

    /// The names of those that are in these bytes: as they are, or as text in hexadecimal.
    fn found_in(&self, haystack: &[u8]) -> Vec<String> {
        let hex: Vec<_> =
            self.all.iter().map(|(name, bytes)| (name, data_encoding::HEXLOWER.encode(bytes).into_bytes())).collect();
        let mut by_start: HashMap<[u8; 8], Vec<(&str, &[u8])>> = HashMap::new();
        let mut begins = vec![false; 1 << 16];
        let raw = self.all.iter().map(|(name, bytes)| (name, bytes));
        for (name, bytes) in raw.chain(hex.iter().map(|(name, bytes)| (*name, bytes))) {
            by_start.entry(*bytes.first_chunk().unwrap()).or_default().push((name, bytes));
            begins[usize::from(u16::from_be_bytes([bytes[0], bytes[1]]))] = true;
        }
        let mut found = std::collections::BTreeSet::new();
        for (at, start) in haystack.windows(8).enumerate() {
            if begins[usize::from(u16::from_be_bytes([start[0], start[1]]))] {
                let candidates = by_start.get(start).into_iter().flatten();
                found.extend(
                    candidates
                        .filter(|(_, bytes)| haystack[at..].starts_with(bytes))
                        .map(|(name, _)| (*name).to_owned()),
                );
            }
        }
        found.into_iter().collect()
    }
}

/// A person's sealed value: of whom, where, and what it is.
struct SealedValue {
    subject: Subject,
    sealed: Vec<u8>,
    private: SecretKey,
}

const FIELD: &str = "external_id";

impl SealedValue {
    fn aad(&self) -> Aad {
        let subject = &self.subject;
        Aad::new("pilotfish/sealed-value/v1").bytes(&subject.environment.bytes()).bytes(&subject.id).text(FIELD).u64(1)
    }

    /// Whether it opens with this key, as its own or as the person's.
    fn opens_with(&self, key: &SecretKey) -> bool {
        let as_private =
            Opener::new(key.clone()).is_ok_and(|opener| opener.open(&self.sealed, &self.subject, FIELD, 1).is_ok());
        as_private || aead::open(key, &self.aad(), &self.sealed[46..]).is_ok()
    }

    /// Whether any 32 bytes of a memory that could be a key are the value's own.
    fn key_is_in(&self, memory: &[u8]) -> bool {
        let (aad, body) = (self.aad(), &self.sealed[46..]);
        let (mut counts, mut distinct) = ([0_u8; 256], 0_u8);
        for (at, byte) in memory.iter().enumerate() {
            let count = &mut counts[usize::from(*byte)];
            *count += 1;
            distinct += u8::from(*count == 1);
            if at >= 32 {
                let count = &mut counts[usize::from(memory[at - 32])];
                *count -= 1;
                distinct -= u8::from(*count == 0);
            }
            // Of 32 random bytes about 30 differ; fewer than 21 do once in more than a billion keys.
            if distinct > 20 && at >= 31 {
                let key = Secret::new(<[u8; 32]>::try_from(&memory[at - 31..=at]).unwrap());
                if aead::open(&key, &aad, body).is_ok() {
                    return true;
                }
            }
        }
        false
    }
}

/// What the test knows since it has the root key.
struct Known {
    /// Keys that the edge may hold.
    held: Vec<(String, SecretKey)>,
    /// Every other key there is.
    others: Needles,
    organisation: SecretKey,
    planted: SealedValue,
}

/// The kinds that an edge may hold, said here once more: what the code grants beside them is found.
const HELD: [KeyKind; 7] = [
    KeyKind::MainStoreFile,
    KeyKind::KeyringFile,
    KeyKind::EventLog,
    KeyKind::Index,
    KeyKind::MessageHash,
    KeyKind::ApiKeyHash,
    KeyKind::Identity,
];

impl Known {
    async fn read(it: &Installation, own_grant: u32) -> Self {
        let (main, keyring) = (it.databases.connect(0).await, it.databases.connect(1).await);
        let root =
            FileProvider::open(&it.place.root_key(), &it.place.data(), Arc::new(SystemClock), Arc::new(SystemRng))
                .unwrap();
        let (mut held, mut others, mut organisation) = (Vec::new(), Needles::default(), None);
        let text = std::fs::read_to_string(it.place.root_key()).unwrap();
        for line in text.lines().filter(|line| line.contains(" primary ")) {
            let digits = line.split(' ').nth(3).unwrap();
            others.add("root", &data_encoding::HEXLOWER.decode(digits.as_bytes()).unwrap());
        }
        for record in key_records::all(main.read(Scope::System)).await.unwrap() {
            if record.state == KeyState::Destroyed {
                continue;
            }
            let key = root.unwrap(&record.context(), &record.bytes).await.unwrap();
            let name = format!("{} {} {}", record.kind, record.owner, record.version);
            let own = record.kind == KeyKind::EdgeGrant && record.version == own_grant;
            if own || HELD.contains(&record.kind) {
                held.push((name, key));
                continue;
            }
            others.add(name, key.expose());
            if matches!(record.owner, Owner::Organisation(_)) {
                organisation = Some(key);
            }
        }
        for environment in root.environments().await.unwrap() {
            for bucket in 0..=u8::MAX {
                let private = root.erasable_private(environment, bucket, 1).await.unwrap();
                others.add(format!("erasable {environment} {bucket}"), private.expose());
            }
        }
        let planted = people(&root, &keyring, &mut others).await;
        main.close().await;
        keyring.close().await;
        Self {
            held,
            others,
            organisation: organisation.unwrap(),
            planted: planted.expect("the planted person is there"),
        }
    }
}

/// Every person's private half, and the planted person's id as it is sealed.
async fn people(root: &FileProvider, keyring: &Db, others: &mut Needles) -> Option<SealedValue> {
    let query = "SELECT s.environment_id, s.id, s.key_version, s.sealed_private_key, i.sealed_value FROM subjects s \
                 JOIN blind_indexes i ON i.environment_id = s.environment_id AND i.kind = s.kind AND i.number = s.number \
                 WHERE i.namespace = 'external_id'";
    let mut planted = None;
    for row in sql(query).fetch_all(keyring.read(Scope::System)).await.unwrap() {
        let environment: EnvironmentId = row.get("environment_id").unwrap();
        let subject = Subject { environment, id: row.get("id").unwrap() };
        let half: Vec<u8> = row.get("sealed_private_key").unwrap();
        let version = SealedHeader::parse(&half).unwrap().key.version;
        let erasable = root.erasable_private(environment, subject.bucket(), version).await.unwrap();
        let at = u64::from(row.get::<u32>("key_version").unwrap());
        let half = Opener::new(erasable).unwrap().open(&half, &subject, "person.private_key", at).unwrap().into_open();
        others.add(format!("person {:?}", subject.id), &half);
        let (private, sealed) = (Secret::new(<[u8; 32]>::try_from(half).unwrap()), row.get("sealed_value").unwrap());
        let value = SealedValue { subject, sealed, private };
        let id = Opener::new(value.private.clone()).unwrap().open(&value.sealed, &subject, FIELD, 1).unwrap();
        if *id.open() == PLANTED_ID.as_bytes() {
            planted = Some(value);
        }
    }
    planted
}

/// Everything that a connection can read, as text.
async fn everything_in(db: &Db) -> Vec<u8> {
    let tables = "SELECT table_name::text AS name FROM information_schema.tables WHERE table_schema = 'public'";
    let mut text = String::new();
    for table in sql(tables).fetch_all(db.read(Scope::System)).await.unwrap() {
        let rows = format!("SELECT t::text AS line FROM {} t", table.get::<String>("name").unwrap());
        for row in sql(rows).fetch_all(db.read(Scope::System)).await.unwrap() {
            text.push_str(&row.get::<String>("line").unwrap());
            text.push('\n');
        }
    }
    text.into_bytes()
}

/// The bytes of every file below a folder.
fn files_below(folder: &Path, into: &mut Vec<u8>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, into);
        } else {
            into.extend(std::fs::read(&path).unwrap());
        }
    }
}

fn personal() -> Needles {
    let mut needles = Needles::default();
    for value in [PLANTED_ID, PLANTED_EMAIL, PLANTED_NAME, PLANTED_TEXT, TOLD_TO_THE_EDGE, MEMBER, PASSWORD] {
        needles.add(value, value.as_bytes());
    }
    needles
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_with_a_bundle_serves_with_the_login_of_an_edge_while_keys_turn_with_the_workers() {
    let mut it = Installation::start().await;
    let (survey, server_key) = (it.publish().await, it.text("server_key"));
    let at = Place::new();
    let bundle = at.folder.path().join("edge.bundle");
    it.must(&["keys", "grant", "edge", "--out", bundle.to_str().unwrap()]);
    let mut edge = it.start_edge(&at, &format!("bundle:{}", bundle.display()));
    for (user, kind) in [("ann", "index"), ("bob", "event_log")] {
        let told = json!({"userId": user, "traits": {"email": format!("{user}@example.net")}});
        send(&edge, "/v1/identify", &server_key, told.clone()).await;
        it.must(&["keys", "rotate", "--now", "--kind", kind]);
        send(&edge, "/v1/identify", &server_key, told).await;
        let seen = send(&edge, "/v1/sync", &server_key, json!({"userId": user})).await;
        assert_eq!(seen["content"][0]["id"], survey.as_str(), "{seen}");
    }
    let listed: Value = serde_json::from_str(&it.must(&["keys", "grant", "list", "--json"])).unwrap();
    it.must(&["keys", "grant", "revoke", listed["grants"][0]["id"].as_str().unwrap()]);
    assert_eq!(edge.child.wait().unwrap().code(), Some(1));
    assert!(it.server.terminate().success());
    it.databases.run("DROP DATABASE", "WITH (FORCE)").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_with_a_bundle_serves_and_holds_nothing_that_opens_people_members_or_other_keys() {
    let mut it = Installation::start().await;
    let (survey, server_key) = (it.publish().await, it.text("server_key"));
    let traits = json!({"email": PLANTED_EMAIL, "name": PLANTED_NAME});
    send(&it.server, "/v1/identify", &server_key, json!({"userId": PLANTED_ID, "traits": traits})).await;
    send(&it.server, "/v1/answers", &server_key, answer(1, PLANTED_ID, &survey, PLANTED_TEXT)).await;

    let at = Place::new();
    let bundle = at.folder.path().join("edge.bundle");
    it.must(&["keys", "grant", "edge", "--out", bundle.to_str().unwrap()]);
    it.must(&["keys", "grant", "edge", "--out", it.place.folder.path().join("other.bundle").to_str().unwrap()]);
    let named = format!("bundle:{}", bundle.display());
    let mut edge = it.start_edge(&at, &named);
    let told = json!({"userId": "bob", "traits": {"email": TOLD_TO_THE_EDGE}});
    send(&edge, "/v1/identify", &server_key, told).await;
    let seen = send(&edge, "/v1/sync", &server_key, json!({"userId": "bob"})).await;
    assert_eq!(seen["content"][0]["id"], survey.as_str(), "{seen}");
    send(&edge, "/v1/answers", &server_key, answer(2, "bob", &survey, "as I was told")).await;
    let person = format!("{}/api/v1/people/bob", it.server.url("api"));
    let asked = it.server.client().get(&person).bearer_auth(it.made["api_key"].as_str().unwrap());
    let person = asked.header("pilotfish-environment", it.text("id")).send().await.unwrap().text().await.unwrap();
    assert!(person.contains(TOLD_TO_THE_EDGE), "{person}");

    // Keys turn, and no request of the edge fails.
    for kind in ["event_log", "api_key_hash", "index"] {
        it.must(&["keys", "rotate", "--now", "--kind", kind]);
        send(&edge, "/v1/track", &server_key, json!({"userId": format!("after {kind}"), "event": "Seen"})).await;
    }
    let issued = it.owner_must(&["keys", "issue", "--kind", "server", "--environment", &it.text("id")]);
    send(&edge, "/v1/track", issued.trim(), json!({"userId": "bob", "event": "Seen"})).await;
    assert!(edge.terminate().success());

    // Another life of the same edge, in which nobody has told it a personal value.
    let mut edge = it.start_edge(&at, &format!("file:{}", bundle.display()));
    send(&edge, "/v1/track", &server_key, json!({"anonymousId": "device", "event": "Seen"})).await;
    send(&edge, "/v1/sync", &server_key, json!({"anonymousId": "device"})).await;
    let known = Known::read(&it, 1).await;
    let memory = memory_of(&edge, at.folder.path());
    nothing_is_found(&it, &at, &memory, &known).await;
    nothing_opens(&it, &memory, &known).await;

    // The same search, where the root key is: it finds what it looks for.
    let with_root_key = memory_of(&it.server, at.folder.path());
    let found = known.others.found_in(&with_root_key);
    for kind in ["root", "organisation", "pepper", "session", "member_index", "part", "edge_grant"] {
        assert!(found.iter().any(|name| name.starts_with(kind)), "{kind} is not among {found:?}");
    }
    let said = personal().found_in(&[with_root_key.as_slice(), PLANTED_EMAIL.as_bytes()].concat());
    assert!(said.iter().any(|value| value == PLANTED_EMAIL), "{said:?}");
    assert!(known.planted.key_is_in(&with_root_key), "what was sealed less than ten minutes ago");

    ends_when_revoked(&it, &at, &mut edge, &named);
    assert!(it.server.terminate().success());
    it.databases.run("DROP DATABASE", "WITH (FORCE)").await;
}

/// No other key and no personal value is in what the edge has.
async fn nothing_is_found(it: &Installation, at: &Place, memory: &[u8], known: &Known) {
    assert!(known.others.all.len() > 512 + 10, "{}", known.others.all.len());
    let mut files = std::fs::read(at.folder.path().join("edge.bundle")).unwrap();
    files_below(&at.data(), &mut files);
    let mut read = Vec::new();
    for store in 0..2 {
        let db = it.databases.connect(store).await;
        read.extend(everything_in(&db).await);
        db.close().await;
    }
    assert!(read.len() > 100_000, "{} bytes of rows", read.len());
    for (name, has) in [("memory", memory), ("files", &files), ("databases", &read)] {
        assert_eq!(known.others.found_in(has), Vec::<String>::new(), "other keys in the edge's {name}");
        assert_eq!(personal().found_in(has), Vec::<String>::new(), "personal values in the edge's {name}");
    }
    // The search works on this memory, too: what was granted is there.
    let mut held = Needles::default();
    for (name, key) in &known.held {
        held.add(name.clone(), key.expose());
    }
    let found = held.found_in(memory);
    assert!(found.len() == held.all.len(), "{found:?} of {:?}", held.all.iter().map(|key| &key.0).collect::<Vec<_>>());
}

/// None of the keys that the edge holds, and nothing in its memory, opens a person's value or a member's.
async fn nothing_opens(it: &Installation, memory: &[u8], known: &Known) {
    let main = it.databases.connect(0).await;
    let member = sql("SELECT id, email FROM members").fetch_one(main.read(Scope::System)).await.unwrap();
    let (id, email): ([u8; 16], Vec<u8>) = (member.get("id").unwrap(), member.get("email").unwrap());
    main.close().await;
    let opens_member = |key: &SecretKey| {
        let aad = Aad::new("pilotfish/member/v1").bytes(&id).text("email");
        aead::open(key, &aad, &email[4..]).is_ok_and(|plain| plain.expose() == MEMBER.as_bytes())
    };
    assert!(opens_member(&known.organisation) && known.planted.opens_with(&known.planted.private), "by the right keys");
    for (name, key) in &known.held {
        assert!(!opens_member(key), "{name} opens a member's address");
        assert!(!known.planted.opens_with(key), "{name} opens a person's id");
    }
    assert!(!known.planted.key_is_in(memory), "something in the edge's memory opens a person's id");
}

/// A revoked edge stops by itself and does not start again.
fn ends_when_revoked(it: &Installation, at: &Place, edge: &mut Running, bundle: &str) {
    let listed: Value = serde_json::from_str(&it.must(&["keys", "grant", "list", "--json"])).unwrap();
    let grants = listed["grants"].as_array().unwrap();
    assert_eq!(grants.len(), 2, "{listed}");
    assert!(grants.iter().all(|grant| grant["certificate_issued_at"].is_string()), "{listed}");
    let id = grants[0]["id"].as_str().unwrap();
    it.must(&["keys", "grant", "revoke", id]);
    let since = Instant::now();
    let status = loop {
        if let Some(status) = edge.child.try_wait().unwrap() {
            break status;
        }
        assert!(since.elapsed() < Duration::from_secs(40), "the edge goes on");
        std::thread::sleep(Duration::from_millis(100));
    };
    assert_eq!(status.code(), Some(1));
    let said = at.must_refuse(&mut it.edge(at, bundle));
    assert!(said.contains("is no grant of this installation, or was revoked"), "{said}");
    let listed = it.must(&["keys", "grant", "list"]);
    assert!(listed.contains("revoked") && listed.contains("good"), "{listed}");
    let again = it.command(&["keys", "grant", "revoke", id]);
    assert_eq!(again.status.code(), Some(1), "{}", String::from_utf8_lossy(&again.stderr));
}

#[tokio::test]
async fn a_bundle_is_for_an_edge_over_postgresql_and_nothing_else() {
    let mut it = Installation::start().await;
    let at = Place::new();
    let bundle = at.folder.path().join("edge.bundle");
    let out = bundle.to_str().unwrap();
    it.must(&["keys", "grant", "edge", "--out", out]);
    let refused = |output: Output, said: &str| {
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(said), "{text}");
        output.status.code()
    };
    assert_eq!(refused(it.command(&["keys", "grant", "edge", "--out", out]), "exists already"), Some(1));
    let inside = it.place.data().join("edge.bundle");
    let inside = it.command(&["keys", "grant", "edge", "--out", inside.to_str().unwrap()]);
    assert_eq!(refused(inside, "lies inside the data folder"), Some(1));
    let listed: Value = serde_json::from_str(&it.must(&["keys", "grant", "list", "--json"])).unwrap();
    assert_eq!(listed["grants"].as_array().unwrap().len(), 1, "what has no bundle is not kept: {listed}");

    for named in [format!("bundle:{out}"), format!("file:{out}")] {
        for role in ["all", "api", "dashboard", "worker"] {
            let mut command = at.command(&["serve", "--role", role, "--root-key", &named]);
            let said = at.must_refuse(command.args(it.databases.flags()));
            assert!(said.contains("only serve --role edge works with one"), "{said}");
        }
        let mut list = at.command(&["keys", "list", "--root-key", &named]);
        let output = list.args(it.databases.flags()).output().unwrap();
        assert_eq!(refused(output, "only serve --role edge works with one"), Some(1));
        let embedded = at.refused(&mut at.command(&["serve", "--role", "edge", "--root-key", &named]));
        assert!(embedded.0 == Some(2) && embedded.1.contains("needs --database"), "{}", embedded.1);
    }
    let root_key = format!("bundle:{}", it.place.root_key().display());
    let said = at.must_refuse(&mut it.edge(&at, &root_key));
    assert!(said.contains("it is no edge bundle"), "{said}");
    let embedded = Place::new();
    embedded.init();
    let output = embedded.with_root_key(&["keys", "grant", "edge", "--out", "other.bundle"]).output().unwrap();
    assert_eq!(refused(output, "grants are for edges that run apart"), Some(2));
    assert!(it.server.terminate().success());
    it.databases.run("DROP DATABASE", "WITH (FORCE)").await;
}
