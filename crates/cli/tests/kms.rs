//! AWS KMS seals the root key: against moto, which answers as KMS does. `PILOTFISH_TEST_KMS` names the Python that has it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "a test's own functions")]

mod support;

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{OWNER, PASSWORD, Place, Running, free_ports};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const SECRET: &str = "the-secret-access-key-of-this-test";

/// moto's server.
struct Kms {
    child: Child,
    port: u16,
}

impl Kms {
    fn start() -> Self {
        let [port] = free_ports();
        let mut command = Command::new(Self::python());
        command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_mins(1), "moto does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { child, port }
    }

    fn python() -> PathBuf {
        let variable = "PILOTFISH_TEST_KMS";
        let python = std::env::var_os(variable);
        python.unwrap_or_else(|| panic!("{variable} is not set: run the tests with `cargo xtask test`")).into()
    }

    /// Has the account's owner do something.
    fn administer(&self, script: &str) -> String {
        let client = format!(
            "import boto3; k = boto3.client('kms', endpoint_url='http://127.0.0.1:{}', region_name='eu-central-1', \
             aws_access_key_id='admin', aws_secret_access_key='admin'); {script}",
            self.port
        );
        let output = Command::new(Self::python()).args(["-c", &client]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// The ARN of a new key.
    fn key(&self) -> String {
        self.administer("print(k.create_key()['KeyMetadata']['Arn'])")
    }
}

impl Drop for Kms {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// The way to KMS, which can be cut.
struct Way {
    port: u16,
    to: u16,
    open: Option<JoinHandle<()>>,
}

impl Way {
    async fn to(kms: &Kms) -> Self {
        let [port] = free_ports();
        let mut way = Self { port, to: kms.port, open: None };
        way.open().await;
        way
    }

    async fn open(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        let to = self.to;
        self.open = Some(tokio::spawn(async move {
            while let Ok((mut asking, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut kms = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut asking, &mut kms).await;
                });
            }
        }));
    }

    async fn cut(&mut self) {
        let open = self.open.take().unwrap();
        open.abort();
        let _ = open.await;
    }
}

/// An installation whose root key is sealed by a key of KMS.
struct Sealed {
    place: Place,
    key: String,
    endpoint: String,
}

impl Sealed {
    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.place.command(words);
        command.args(["--root-key", &format!("aws-kms:{}", self.key), "--kms-endpoint", &self.endpoint]);
        command.arg("--kms-folder").arg(self.folder()).args(["--kms-region", "eu-central-1"]);
        command.env("AWS_ACCESS_KEY_ID", "AKIATEST").env("AWS_SECRET_ACCESS_KEY", SECRET);
        command
    }

    fn folder(&self) -> PathBuf {
        self.place.folder.path().join("kms")
    }

    fn init(&self) -> Value {
        let password = self.place.folder.path().join("password");
        std::fs::write(&password, format!("{PASSWORD}\n")).unwrap();
        let mut command = self.command(&["init", "--json", "--owner-email", OWNER]);
        let output = command.arg("--password-file").arg(password).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// `serve`, its log in a file.
    fn serve(&self) -> Running {
        let mut command = self.command(&["serve", "--log", "debug"]);
        for door in ["--edge", "--api", "--dashboard", "--metrics"] {
            command.args([door, "127.0.0.1:0"]);
        }
        let log = std::fs::File::options().create(true).append(true).open(self.log()).unwrap();
        Running::start_with(&mut command, &self.place.data().join("tls/ca.pem"), Stdio::from(log))
    }

    fn log(&self) -> PathBuf {
        self.place.folder.path().join("log")
    }

    fn root(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.folder().join("root.kms")).unwrap()).unwrap()
    }

    fn rotate_root(&self) -> std::process::Output {
        self.command(&["keys", "rotate", "--kind", "root", "--now"]).output().unwrap()
    }
}

/// Says something of a person and reads it back.
async fn works(server: &Running, made: &Value, id: &str) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (key, environment) = (text(&made["environments"][0]["server_key"]), text(&made["environments"][0]["id"]));
    let body = json!({"userId": id, "traits": {"email": format!("{id}@example.org")}});
    let identify = server.client().post(format!("{}/v1/identify", server.url("edge")));
    assert_eq!(identify.basic_auth(key, None::<&str>).json(&body).send().await.unwrap().status(), 200);
    for id in ["ana", id] {
        let person = server.client().get(format!("{}/api/v1/people/{id}", server.url("api")));
        let person = person.bearer_auth(text(&made["api_key"])).header("pilotfish-environment", &environment);
        let person = person.send().await.unwrap().text().await.unwrap();
        assert!(person.contains(&format!("{id}@example.org")), "{person}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kms_opens_the_root_key_at_the_start_and_is_not_needed_after_that() {
    let kms = Kms::start();
    let mut way = Way::to(&kms).await;
    let key = kms.key();
    let mut sealed =
        Sealed { place: Place::new(), key: key.clone(), endpoint: format!("http://127.0.0.1:{}", way.port) };
    let made = sealed.init();
    let mut server = sealed.serve();
    works(&server, &made, "ana").await;
    assert!(server.terminate().success());
    assert_eq!(sealed.root()["versions"][0]["kms_key"], key.as_str());

    // Another key is refused, and so is none.
    sealed.key = kms.key();
    let said = sealed.place.must_refuse(&mut sealed.command(&["serve"]));
    assert!(said.contains(&sealed.key) && said.contains("refuses to decrypt"), "{said}");
    sealed.key = key;
    let aside = sealed.place.folder.path().join("aside");
    std::fs::rename(sealed.folder().join("root.kms"), &aside).unwrap();
    let said = sealed.place.must_refuse(&mut sealed.command(&["serve"]));
    assert!(said.contains("root.kms is missing"), "{said}");
    std::fs::rename(&aside, sealed.folder().join("root.kms")).unwrap();
    let usual = std::mem::replace(&mut sealed.endpoint, "http://192.0.2.7".to_owned());
    let said = sealed.place.must_refuse(&mut sealed.command(&["serve"]));
    assert!(said.contains("http is for a loopback address only") && !said.contains(SECRET), "{said}");
    sealed.endpoint = usual;

    // Without KMS nothing starts, and what has started goes on.
    way.cut().await;
    let said = sealed.place.must_refuse(&mut sealed.command(&["serve"]));
    assert!(said.contains("the key provider aws-kms:") && said.contains("does not answer"), "{said}");
    way.open().await;
    let mut server = sealed.serve();
    way.cut().await;
    let begun = Instant::now();
    for number in 0..20 {
        works(&server, &made, &format!("user-{number}")).await;
    }
    assert!(begun.elapsed() < Duration::from_secs(20), "requests waited for KMS: {:?}", begun.elapsed());
    let refused = sealed.rotate_root();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    works(&server, &made, "bob").await;
    way.open().await;
    assert!(sealed.rotate_root().status.success());
    works(&server, &made, "carla").await;
    assert!(server.terminate().success());

    let log = std::fs::read_to_string(sealed.log()).unwrap();
    assert!(log.contains("/v1/identify") && !log.contains(SECRET), "a secret stands in the log");
    works(&sealed.serve(), &made, "dora").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_root_key_turns_online_and_moves_to_another_kms_key() {
    let kms = Kms::start();
    let [first, second] = [kms.key(), kms.key()];
    kms.administer(&format!("k.create_alias(AliasName='alias/pilotfish', TargetKeyId='{first}')"));
    let place = Place::new();
    let sealed =
        Sealed { place, key: "alias/pilotfish".to_owned(), endpoint: format!("http://127.0.0.1:{}", kms.port) };
    let made = sealed.init();
    let mut server = sealed.serve();
    works(&server, &made, "ana").await;
    let before = sealed.root();
    assert_eq!(before["versions"][0]["kms_key"], first.as_str());

    kms.administer(&format!("k.update_alias(AliasName='alias/pilotfish', TargetKeyId='{second}')"));
    works(&server, &made, "bob").await;
    let turned = sealed.rotate_root();
    assert!(turned.status.success(), "{}", String::from_utf8_lossy(&turned.stderr));
    let after = sealed.root();
    let versions = after["versions"].as_array().unwrap();
    assert_eq!((&versions[0]["state"], &versions[0]["sealed"]), (&json!("destroyed"), &json!("")));
    assert_eq!((&versions[1]["state"], &versions[1]["kms_key"]), (&json!("primary"), &json!(second)));
    works(&server, &made, "carla").await;
    assert!(server.terminate().success());

    // The first KMS key is not needed any more.
    kms.administer(&format!("k.schedule_key_deletion(KeyId='{first}', PendingWindowInDays=7)"));
    works(&sealed.serve(), &made, "dora").await;
    // And what was there before the turn opens nothing now.
    std::fs::write(sealed.folder().join("root.kms"), serde_json::to_vec(&before).unwrap()).unwrap();
    let said = sealed.place.must_refuse(&mut sealed.command(&["serve"]));
    assert!(said.contains("aws-kms:alias/pilotfish"), "{said}");
}
