//! A stranger's process under its own user, with read access to the data folder and to copies of it but not to the key
//! provider, opens nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "a test's own functions")]

mod support;

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use support::{BINARY, Place, Running};

/// The user `nobody` of every Linux.
const NOBODY: u32 = 65_534;
const PLANTED: [&str; 5] =
    ["planted.ana@leak.example", "Plantedsurname", "planted-user-4711", "planted-company-4711", "Plantedstreet"];

/// The stranger: as another user where this test may choose, else as somebody who has no key.
struct Stranger {
    folder: PathBuf,
}

impl Stranger {
    /// Makes the folder readable to everybody, and a home for the stranger in it.
    fn at(place: &Place) -> Self {
        let folder = place.folder.path().join("stranger");
        std::fs::create_dir(&folder).unwrap();
        std::fs::set_permissions(place.folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let stranger = Self { folder };
        Self::give(&stranger.folder);
        stranger
    }

    /// Gives a folder to the stranger.
    fn give(path: &Path) {
        if rustix::process::geteuid().is_root() {
            let of = format!("{NOBODY}:{NOBODY}");
            assert!(Command::new("chown").arg("-R").arg(of).arg(path).status().unwrap().success());
        }
    }

    /// A copy of the data folder that is the stranger's own.
    fn copy(&self, data: &Path, name: &str) -> PathBuf {
        let copy = self.folder.join(name);
        assert!(Command::new("cp").arg("-r").arg(data).arg(&copy).status().unwrap().success());
        Self::give(&copy);
        copy
    }

    /// What a command of the stranger says, which must fail.
    #[track_caller]
    fn is_refused(&self, words: &[&str], data: &Path, root_key: Option<&Path>) -> String {
        let mut command = Command::new(BINARY);
        command.args(words).arg("--data").arg(data).env_clear().env("HOME", &self.folder).current_dir(&self.folder);
        if let Some(path) = root_key {
            command.arg("--root-key").arg(format!("file:{}", path.display()));
        }
        if rustix::process::geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{words:?}: {said}");
        let printed = [output.stdout, output.stderr].concat();
        assert!(PLANTED.iter().all(|value| !has(&printed, value)), "{words:?}: {said}");
        said
    }
}

/// Everything that opens an installation.
const COMMANDS: [&[&str]; 5] = [
    &[
        "serve",
        "--edge",
        "127.0.0.1:0",
        "--api",
        "127.0.0.1:0",
        "--dashboard",
        "127.0.0.1:0",
        "--metrics",
        "127.0.0.1:0",
    ],
    &["keys", "list"],
    &["keys", "rotate", "--now"],
    &["keys", "issue", "--kind", "api"],
    &["keys", "escrow", "--recipient", RECIPIENT, "--out", "escrow.age"],
];
const RECIPIENT: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

fn has(bytes: &[u8], value: &str) -> bool {
    bytes.windows(value.len()).any(|window| window == value.as_bytes())
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.is_file() {
            found.push(path);
        }
    }
}

async fn plant(server: &Running, made: &Value) {
    let [email, name, user, company, street] = PLANTED;
    let batch = json!({"batch": [
        {"type": "identify", "userId": user, "traits": {"email": email, "last_name": name}},
        {"type": "group", "userId": user, "groupId": company, "traits": {"contact_name": name}},
        {"type": "track", "userId": user, "event": "Shipped", "properties": {"street": street}},
    ]});
    let key = made["environments"][0]["server_key"].as_str().unwrap();
    let asking = server.client().post(format!("{}/v1/batch", server.url("edge"))).basic_auth(key, None::<&str>);
    let answer = asking.header("content-type", "application/json").body(batch.to_string()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let api_key = made["api_key"].as_str().unwrap();
    let person = server.client().get(format!("{}/api/v1/people/{user}", server.url("api"))).bearer_auth(api_key);
    let person = person.header("pilotfish-environment", made["environments"][0]["id"].as_str().unwrap());
    let person = person.send().await.unwrap().text().await.unwrap();
    assert!(has(person.as_bytes(), email) && has(person.as_bytes(), name), "whoever may see it sees it: {person}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_with_the_data_folder_and_copies_of_it_opens_nothing() {
    let place = Place::new();
    let made = place.init();
    let mut server = place.serve(&[]);
    plant(&server, &made).await;
    let stranger = Stranger::at(&place);

    // The folder itself, which everybody may read here, while the server runs.
    assert!(Command::new("chmod").args(["-R", "a+rX"]).arg(place.data()).status().unwrap().success());
    let own_key = stranger.folder.join("keys/root.key");
    for words in COMMANDS {
        stranger.is_refused(words, &place.data(), Some(&own_key));
        stranger.is_refused(words, &place.data(), None);
    }
    // And a copy that was made while it ran.
    let while_running = stranger.copy(&place.data(), "while-running");
    assert!(server.terminate().success());
    let backup = stranger.copy(&place.data(), "backup");

    // A root key that another installation made, and is the stranger's own.
    let other = Place::new();
    other.init();
    let foreign = stranger.folder.join("foreign");
    assert!(
        Command::new("cp").arg("-r").arg(other.folder.path().join("keys")).arg(&foreign).status().unwrap().success()
    );
    Stranger::give(&foreign);
    for copy in [&while_running, &backup] {
        for words in COMMANDS {
            let said = stranger.is_refused(words, copy, Some(&own_key));
            assert!(said.contains("is missing"), "{words:?}: {said}");
            assert!(!own_key.exists(), "{words:?} made a root key");
            // Of a key of one's own anybody may write an escrow: it looks at no data.
            if words[1] != "escrow" {
                let said = stranger.is_refused(words, copy, Some(&foreign.join("root.key")));
                assert!(said.contains("another installation's"), "{words:?}: {said}");
            }
            if rustix::process::geteuid().is_root() {
                let said = stranger.is_refused(words, copy, Some(&place.root_key()));
                assert!(said.contains("ermission denied"), "{words:?}: {said}");
            }
        }
        for database in ["main.db", "keyring.db"] {
            for key in [[0; 32], [7; 32]] {
                let opened = store::Db::open_sqlcipher(&copy.join(database), &base::Secret::new(key), false).await;
                assert!(opened.is_err(), "{database} opens with a key that anybody can think of");
            }
        }
        let mut all = Vec::new();
        files(copy, &mut all);
        assert!(all.len() > 5, "{all:?}");
        for path in all {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.starts_with(b"SQLite format 3\0"), "{} is in clear", path.display());
            for value in PLANTED {
                assert!(!has(&bytes, value), "{value} stands in {}", path.display());
            }
        }
    }
    // With its key all of it is there.
    let mut command = place.with_root_key(&["serve"]);
    for door in ["--edge", "--api", "--dashboard", "--metrics"] {
        command.args([door, "127.0.0.1:0"]);
    }
    plant(&Running::start(&mut command, &place.data().join("tls/ca.pem")), &made).await;
}
