//! AWS KMS seals the root key: against moto, which answers as KMS does. It checks signatures and rights here, as AWS does.
//! `PILOTFISH_TEST_KMS` names the Python that has it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "a test's own functions")]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Value, json};
use support::{OWNER, PASSWORD, Place, Running, free_ports};
use tokio::net::{TcpListener, TcpStream};

/// Two keys, a user who may use them and nothing else, and one who may do everything; from then on it looks at who asks.
const ACCOUNT: &str = r#"
import boto3, json, sys, urllib.request
endpoint = sys.argv[1]
def client(service):
    return boto3.client(service, endpoint_url=endpoint, region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")
kms, iam = client("kms"), client("iam")
keys = [kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2)]
def user(name, actions):
    iam.create_user(UserName=name)
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return [key["AccessKeyId"], key["SecretAccessKey"]]
made = {"keys": keys, "user": user("pilotfish", ["kms:Encrypt", "kms:Decrypt"]), "admin": user("admin", ["*"])}
headers = {"content-type": "text/plain"}
urllib.request.urlopen(urllib.request.Request(endpoint + "/moto-api/reset-auth", data=b"0", headers=headers)).read()
print(json.dumps(made))
"#;

/// What the account's owner does before anything else.
const ADMIN: &str = r#"
import boto3, base64, sys
k = boto3.client("kms", endpoint_url=sys.argv[1], region_name="eu-central-1", aws_access_key_id=sys.argv[2], aws_secret_access_key=sys.argv[3])
"#;

/// moto's server, with an account.
struct Kms {
    child: Child,
    port: u16,
    account: Value,
}

impl Kms {
    fn start() -> Self {
        let [port] = free_ports();
        let mut command = Command::new(python());
        command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut kms = Self { child, port, account: Value::Null };
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_mins(1), "moto does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        kms.account = serde_json::from_str(&run(ACCOUNT, &[&kms.endpoint()])).unwrap();
        kms
    }

    fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Has the account's owner do something.
    fn administer(&self, script: &str) -> String {
        let admin = &self.account["admin"];
        let words = [self.endpoint(), text(&admin[0]), text(&admin[1])];
        run(&format!("{ADMIN}{script}"), &words.each_ref().map(String::as_str))
    }

    fn key(&self, index: usize) -> String {
        text(&self.account["keys"][index])
    }

    /// The access key of who may use the KMS keys.
    fn secret(&self) -> String {
        text(&self.account["user"][1])
    }
}

impl Drop for Kms {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn python() -> PathBuf {
    let variable = "PILOTFISH_TEST_KMS";
    let python = std::env::var_os(variable);
    python.unwrap_or_else(|| panic!("{variable} is not set: run the tests with `cargo xtask test`")).into()
}

fn run(script: &str, words: &[&str]) -> String {
    let output = Command::new(python()).args(["-c", script]).args(words).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The way to KMS, which can be cut.
struct Way {
    port: u16,
    open: Arc<AtomicBool>,
    /// How often somebody tried to go it while it was cut.
    tried: Arc<AtomicUsize>,
}

impl Way {
    async fn to(kms: &Kms) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let way = Self { port: listener.local_addr().unwrap().port(), open: Arc::default(), tried: Arc::default() };
        way.mend();
        let (open, tried, to) = (way.open.clone(), way.tried.clone(), kms.port);
        tokio::spawn(async move {
            while let Ok((mut asking, _)) = listener.accept().await {
                if !open.load(Ordering::SeqCst) {
                    tried.fetch_add(1, Ordering::SeqCst);
                    continue;
                }
                tokio::spawn(async move {
                    let mut kms = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut asking, &mut kms).await;
                });
            }
        });
        way
    }

    fn mend(&self) {
        self.open.store(true, Ordering::SeqCst);
    }

    fn cut(&self) {
        self.open.store(false, Ordering::SeqCst);
    }

    fn tried(&self) -> usize {
        self.tried.load(Ordering::SeqCst)
    }
}

/// An installation whose root key is sealed by a key of KMS.
struct Sealed {
    place: Place,
    key: String,
    endpoint: String,
    user: [String; 2],
}

impl Sealed {
    fn by(kms: &Kms, key: &str, port: u16) -> Self {
        let user = [text(&kms.account["user"][0]), kms.secret()];
        Self { place: Place::new(), key: key.to_owned(), endpoint: format!("http://127.0.0.1:{port}"), user }
    }

    /// With all flags, and nothing that lets it in.
    fn stranger(&self, words: &[&str]) -> Command {
        let mut command = self.place.command(words);
        command.args(["--root-key", &format!("aws-kms:{}", self.key), "--kms-endpoint", &self.endpoint]);
        command.arg("--kms-folder").arg(self.folder()).args(["--kms-region", "eu-central-1"]);
        command
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.stranger(words);
        command.env("AWS_ACCESS_KEY_ID", &self.user[0]).env("AWS_SECRET_ACCESS_KEY", &self.user[1]);
        command
    }

    fn folder(&self) -> PathBuf {
        self.place.folder.path().join("kms")
    }

    fn init_command(&self) -> Command {
        let password = self.place.folder.path().join("password");
        std::fs::write(&password, format!("{PASSWORD}\n")).unwrap();
        let mut command = self.command(&["init", "--owner-email", OWNER]);
        command.arg("--password-file").arg(password);
        command
    }

    fn init(&self) -> Value {
        let output = self.init_command().arg("--json").output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// `serve`, with all that it and its libraries have to say in a file.
    fn serve(&self, more: &[&str]) -> Running {
        let mut command = self.command(&["serve", "--log", "trace,kms=trace"]);
        for door in ["--edge", "--api", "--dashboard", "--metrics"] {
            command.args([door, "127.0.0.1:0"]);
        }
        let log = std::fs::File::options().create(true).append(true).open(self.log()).unwrap();
        Running::start_with(command.args(more), &self.place.data().join("tls/ca.pem"), Stdio::from(log))
    }

    /// What `serve` says when it must not start.
    #[track_caller]
    fn refused(&self) -> String {
        self.place.must_refuse(&mut self.command(&["serve"]))
    }

    fn log(&self) -> PathBuf {
        self.place.folder.path().join("log")
    }

    fn root(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.folder().join("root.kms")).unwrap()).unwrap()
    }

    /// A version of the root key, as whoever may use the KMS key sees it.
    fn opened(&self, kms: &Kms, version: usize) -> Vec<u8> {
        let sealed = text(&self.root()["versions"][version - 1]["sealed"]);
        let context = json!({ "pilotfish": "root-key/v1", "version": version.to_string() });
        let asking = format!("k.decrypt(CiphertextBlob=base64.b64decode('{sealed}'), EncryptionContext={context})");
        let key = kms.administer(&format!("print(base64.b64encode({asking}['Plaintext']).decode())"));
        BASE64.decode(key.as_bytes()).unwrap()
    }

    fn rotate_root(&self) -> Output {
        self.command(&["keys", "rotate", "--kind", "root", "--now"]).output().unwrap()
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Says something of a person and reads it back.
async fn works(server: &Running, made: &Value, id: &str) {
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

/// Holds that none of these secrets stands in a file below a folder, in any usual form.
fn in_no_file_of(folder: &Path, secrets: &[Vec<u8>]) {
    let forms: Vec<Vec<u8>> = secrets
        .iter()
        .flat_map(|secret| {
            let (hex, base64) = (HEXLOWER.encode(secret), BASE64.encode(secret));
            [secret.clone(), hex.to_uppercase().into_bytes(), hex.into_bytes(), base64.as_bytes()[..40].to_vec()]
        })
        .collect();
    let (mut folders, mut looked) = (vec![folder.to_owned()], 0);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file() {
                let bytes = std::fs::read(&path).unwrap();
                let holds = |form: &Vec<u8>| bytes.windows(form.len()).any(|window| window == form.as_slice());
                assert!(!forms.iter().any(holds), "a secret stands in {}", path.display());
                looked += 1;
            }
        }
    }
    assert!(looked > 10, "only {looked} files were looked at");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kms_opens_the_root_key_at_the_start_and_is_not_needed_after_that() {
    let kms = Kms::start();
    let way = Way::to(&kms).await;
    let sealed = Sealed::by(&kms, &kms.key(0), way.port);
    let made = sealed.init();
    let mut server = sealed.serve(&[]);
    works(&server, &made, "ana").await;
    assert!(server.terminate().success());
    assert_eq!(sealed.root()["versions"][0]["kms_key"], kms.key(0).as_str());

    // Without KMS nothing starts, and what has started goes on.
    way.cut();
    let refused = sealed.refused();
    let expected =
        format!("the key provider aws-kms:{} cannot be used: {}/ gives no answer", kms.key(0), sealed.endpoint);
    assert!(refused.contains(&expected), "{refused}");
    way.mend();
    let mut server = sealed.serve(&[]);
    way.cut();
    let tried = way.tried();
    for number in 0..20 {
        works(&server, &made, &format!("user-{number}")).await;
    }
    assert_eq!(way.tried(), tried, "requests asked KMS");
    let before = sealed.root();
    let refused = sealed.rotate_root();
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    assert!(said(&refused).contains(&expected), "{}", said(&refused));
    assert_eq!(sealed.root(), before);
    works(&server, &made, "bob").await;
    way.mend();
    let turned = sealed.rotate_root();
    assert!(turned.status.success(), "{}", said(&turned));
    assert!(String::from_utf8_lossy(&turned.stdout).contains("keep a new copy of root.kms"));
    works(&server, &made, "carla").await;
    assert!(server.terminate().success());
    works(&sealed.serve(&[]), &made, "dora").await;

    let secrets = [sealed.opened(&kms, 2), kms.secret().into_bytes()];
    in_no_file_of(sealed.place.folder.path(), &secrets);
    let log = std::fs::read_to_string(sealed.log()).unwrap();
    assert!(log.contains("/v1/identify"), "the log says what was done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_root_key_turns_online_and_moves_to_another_kms_key() {
    let kms = Kms::start();
    let [first, second] = [kms.key(0), kms.key(1)];
    kms.administer(&format!("k.create_alias(AliasName='alias/pilotfish', TargetKeyId='{first}')"));
    let sealed = Sealed::by(&kms, "alias/pilotfish", kms.port);
    let made = sealed.init();
    let mut server = sealed.serve(&[]);
    works(&server, &made, "ana").await;
    let before = sealed.root();
    assert_eq!(before["versions"][0]["kms_key"], first.as_str());

    kms.administer(&format!("k.update_alias(AliasName='alias/pilotfish', TargetKeyId='{second}')"));
    works(&server, &made, "bob").await;
    assert!(server.terminate().success());
    let mut server = sealed.serve(&[]);
    works(&server, &made, "bea").await;
    let turned = sealed.rotate_root();
    assert!(turned.status.success(), "{}", said(&turned));
    let after = sealed.root();
    let versions = after["versions"].as_array().unwrap();
    assert_eq!((&versions[0]["state"], &versions[0]["sealed"]), (&json!("destroyed"), &json!("")));
    assert_eq!((&versions[1]["state"], &versions[1]["kms_key"]), (&json!("primary"), &json!(second)));
    works(&server, &made, "carla").await;
    assert!(server.terminate().success());

    // Nothing is left of what the first KMS key sealed.
    works(&sealed.serve(&[]), &made, "dora").await;
    // And what was there before the turn opens nothing now.
    std::fs::write(sealed.folder().join("root.kms"), serde_json::to_vec(&before).unwrap()).unwrap();
    let refused = sealed.refused();
    assert!(refused.contains("aws-kms:alias/pilotfish"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn erasable_keys_under_it_come_back_from_their_second_place_and_keys_are_listed() {
    let kms = Kms::start();
    let sealed = Sealed::by(&kms, &kms.key(0), kms.port);
    let made = sealed.init();
    let copy = sealed.place.folder.path().join("second-disk/erasable");
    let second = ["--erasable-copy", copy.to_str().unwrap()];
    let mut server = sealed.serve(&second);
    works(&server, &made, "ana").await;

    // While a server runs nothing of KMS is needed; without one the command asks it.
    let list = |mut command: Command| {
        let output = command.arg("--json").output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        let listed: Value = serde_json::from_slice(&output.stdout).unwrap();
        let of = |kind: &str| listed["keys"].as_array().unwrap().iter().filter(|key| key["kind"] == kind).count();
        (of("root"), of("erasable"))
    };
    let running = list(sealed.place.command(&["keys", "list"]));
    let turned = sealed.command(&["keys", "rotate", "--kind", "erasable", "--now"]).output().unwrap();
    assert!(turned.status.success(), "{}", said(&turned));
    works(&server, &made, "bob").await;
    assert!(server.terminate().success());
    assert_eq!(list(sealed.command(&["keys", "list"])).0, running.0);
    assert_eq!(running.0, 1);
    assert!(running.1 > 0);

    let (environment, first) = (text(&made["environments"][0]["id"]), sealed.folder().join("erasable"));
    std::fs::remove_dir_all(&first).unwrap();
    let refused = sealed.refused();
    assert!(refused.contains("the erasable keys of"), "without the second place: {refused}");
    let server = sealed.serve(&second);
    works(&server, &made, "carla").await;
    assert_eq!(std::fs::read(first.join(&environment)).unwrap(), std::fs::read(copy.join(&environment)).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_wrong_at_the_start_is_named_and_nothing_is_made() {
    let kms = Kms::start();
    let mut sealed = Sealed::by(&kms, &kms.key(0), kms.port);
    let usage = |command: &mut Command, expected: &str| {
        let (code, said) = Place::new().refused(command);
        assert!(code == Some(2) && said.contains(expected), "{said}");
    };
    usage(&mut sealed.stranger(&["serve"]), "the variable AWS_ACCESS_KEY_ID is not set");
    let mut alone = sealed.place.command(&["serve"]);
    usage(alone.args(["--root-key", &format!("aws-kms:{}", sealed.key)]), "with --kms-folder");
    usage(sealed.place.command(&["serve"]).args(["--kms-region", "eu-central-1"]), "need --root-key aws-kms:KEY");
    let usual = std::mem::replace(&mut sealed.endpoint, "http://192.0.2.7".to_owned());
    usage(&mut sealed.command(&["serve"]), "http is for a loopback address only");
    sealed.endpoint = usual;
    for command in [&["keys", "escrow", "--recipient", "age1", "--out", "f"][..], &["keys", "restore", "--escrow", "f"]]
    {
        let refused = sealed.command(command).output().unwrap();
        assert!(
            refused.status.code() == Some(2) && said(&refused).contains("is for a root key in a file"),
            "{}",
            said(&refused)
        );
    }
    assert!(!sealed.place.data().exists() && !sealed.folder().exists());

    // Somebody whom the account lets in, but not to this; and somebody whom it does not know.
    let usual = sealed.user.clone();
    sealed.user[1] = "wrong".to_owned();
    let refused = sealed.init_command().output().unwrap();
    assert!(!refused.status.success() && said(&refused).contains("403"), "{}", said(&refused));
    sealed.user = usual;
    sealed.key = "alias/nothing".to_owned();
    let refused = sealed.init_command().output().unwrap();
    assert!(said(&refused).contains("KMS refuses to encrypt: NotFoundException"), "{}", said(&refused));
    assert!(!sealed.folder().join("root.kms").exists());
    sealed.key = kms.key(0);
    let printed = sealed.init_command().output().unwrap();
    assert!(printed.status.success(), "{}", said(&printed));
    let printed = String::from_utf8(printed.stdout).unwrap();
    assert!(printed.contains(&kms.key(0)) && printed.contains("root.kms"), "{printed}");
    assert!(!printed.contains(&kms.secret()));

    // Another KMS key, and no file.
    sealed.key = kms.key(1);
    let refused = sealed.refused();
    for part in [kms.key(1), kms.key(0), "root.kms".to_owned(), "KMS refuses to decrypt: AccessDenied".to_owned()] {
        assert!(refused.contains(&part), "{refused} should name {part}");
    }
    sealed.key = kms.key(0);
    let (file, aside) = (sealed.folder().join("root.kms"), sealed.place.folder.path().join("aside"));
    std::fs::rename(&file, &aside).unwrap();
    let refused = sealed.refused();
    assert!(refused.contains("root.kms is missing"), "{refused}");
    assert!(!file.exists(), "no new key is made for old data");
    std::fs::rename(&aside, &file).unwrap();
    let mut server = sealed.serve(&[]);
    assert!(server.terminate().success());
}
