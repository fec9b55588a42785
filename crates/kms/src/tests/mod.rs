//! The provider against something that answers as KMS does; `crates/cli/tests/kms.rs` has the whole program and moto.

mod fake;

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base::id::EnvironmentId;
use base::{Clock, FrozenClock, Rng, Secret, SeededRng};
use fake::{FakeKms, KEY, with};
use keys::{Aad, KeyProvider as _, KeyState, ProviderError, SecretKey};
use serde_json::{Value, json};

use crate::{Credentials, KmsClient, KmsError, KmsProvider, Settings};

const SECRET: &str = "the-secret-access-key";

/// A machine with a folder of keys and a data folder.
struct Machine {
    root: tempfile::TempDir,
    clock: Arc<FrozenClock>,
    rng: Arc<dyn Rng>,
}

impl Machine {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("data")).unwrap();
        Self { root, clock: Arc::default(), rng: Arc::new(SeededRng::new(1)) }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn file(&self) -> PathBuf {
        self.at("keys/root.kms")
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.file()).unwrap()
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    fn client(&self, key: &str, port: u16) -> KmsClient {
        let credentials = Credentials {
            access_key_id: "AKIATEST".to_owned(),
            secret_access_key: Secret::new(SECRET.to_owned()),
            session_token: Some(Secret::new("the-session-token".to_owned())),
        };
        let endpoint = Some(format!("http://127.0.0.1:{port}"));
        let settings = Settings { key: key.to_owned(), region: "eu-central-1".to_owned(), endpoint, credentials };
        KmsClient::new(settings, self.clock()).unwrap()
    }

    async fn create(&self, key: &str, port: u16) -> Result<(), ProviderError> {
        let (folder, data) = (self.at("keys"), self.at("data"));
        KmsProvider::create(&self.client(key, port), &folder, &data, &*self.clock, self.rng.as_ref()).await
    }

    async fn open(&self, key: &str, port: u16) -> Result<KmsProvider, ProviderError> {
        let (folder, data) = (self.at("keys"), self.at("data"));
        KmsProvider::open(self.client(key, port), &folder, &data, self.clock(), self.rng.clone()).await
    }
}

fn key() -> SecretKey {
    Secret::new([7; 32])
}

fn aad() -> Aad {
    Aad::new("test/v1")
}

async fn opens(provider: &KmsProvider, wrapped: &[u8]) {
    assert_eq!(provider.unwrap(&aad(), wrapped).await.unwrap().expose(), key().expose());
}

#[tokio::test]
async fn the_root_key_is_written_sealed_only_and_bound_to_its_version() {
    let (machine, kms) = (Machine::new(), FakeKms::start().await);
    machine.create("alias/one", kms.port).await.unwrap();
    machine.create("alias/one", kms.port).await.unwrap();
    let provider = machine.open("alias/one", kms.port).await.unwrap();
    let wrapped = provider.wrap(&aad(), &key()).await.unwrap();
    opens(&machine.open(KEY, kms.port).await.unwrap(), &wrapped).await;

    let root = &kms.keys()[0];
    assert!(!machine.text().contains(root) && machine.text().contains(KEY), "{}", machine.text());
    assert_eq!(std::fs::metadata(machine.file()).unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(std::fs::metadata(machine.at("keys")).unwrap().permissions().mode() & 0o7777, 0o700);
    let bound = json!({ "pilotfish": "root-key/v1", "version": "1" });
    assert!(kms.calls().iter().all(|(_, asked)| asked["EncryptionContext"] == bound), "{:?}", kms.calls());
}

#[tokio::test]
async fn a_turn_is_learned_by_a_process_that_shares_the_folder() {
    let (machine, kms) = (Machine::new(), FakeKms::start().await);
    machine.create(KEY, kms.port).await.unwrap();
    let [one, other] = [machine.open(KEY, kms.port).await.unwrap(), machine.open(KEY, kms.port).await.unwrap()];
    let environment = EnvironmentId::new(&*machine.clock, &*machine.rng);
    one.create_environment(environment).await.unwrap();
    let before = one.wrap(&aad(), &key()).await.unwrap();
    let sealed = serde_json::from_str::<Value>(&machine.text()).unwrap()["versions"][0]["sealed"].clone();

    let newest = one.rotate_root(1).await.unwrap();
    assert_eq!((newest.version, newest.state), (2, KeyState::Primary));
    assert_eq!(one.rotate_root(1).await.unwrap(), newest, "it goes on where it was");
    opens(&other, &one.wrap(&aad(), &key()).await.unwrap()).await;
    opens(&other, &before).await;
    assert!(matches!(one.destroy_root(2).await, Err(ProviderError::RootInUse { version: 2 })));
    assert!(
        matches!(one.destroy_root(1).await, Err(ProviderError::RootInUse { version: 1 })),
        "erasable keys are under it"
    );
    one.rewrap_own().await.unwrap();
    other.erasable_private(environment, 3, 1).await.unwrap();
    one.destroy_root(1).await.unwrap();
    one.destroy_root(1).await.unwrap();

    assert!(!machine.text().contains(sealed.as_str().unwrap()), "{}", machine.text());
    assert!(matches!(other.unwrap(&aad(), &before).await, Err(ProviderError::RootVersionDestroyed { version: 1 })));
    let states: Vec<_> = other.root_versions().await.unwrap().iter().map(|version| version.state).collect();
    assert_eq!(states, [KeyState::Destroyed, KeyState::Primary]);
    let asked = kms.calls().len();
    let again = machine.open(KEY, kms.port).await.unwrap();
    again.erasable_private(environment, 3, 1).await.unwrap();
    assert_eq!(kms.calls().len(), asked + 1, "what is destroyed is not asked for");
}

#[tokio::test]
async fn without_kms_what_is_known_goes_on_and_nothing_new_begins() {
    let (machine, kms) = (Machine::new(), FakeKms::start().await);
    machine.create(KEY, kms.port).await.unwrap();
    let (away, port) = (FakeKms::start().await, kms.port);
    let [one, other] = [machine.open(KEY, port).await.unwrap(), machine.open(KEY, away.port).await.unwrap()];
    let environment = EnvironmentId::new(&*machine.clock, &*machine.rng);
    one.create_environment(environment).await.unwrap();
    let (text, wrapped, away_at) = (machine.text(), one.wrap(&aad(), &key()).await.unwrap(), away.port);
    drop(away);

    opens(&other, &wrapped).await;
    let error = other.rotate_root(1).await.unwrap_err().to_string();
    let expected =
        format!("the key provider aws-kms:{KEY} cannot be used: http://127.0.0.1:{away_at}/ gives no answer");
    assert!(error.starts_with(&expected), "{error}");
    assert_eq!(machine.text(), text);
    let Err(error) = machine.open(KEY, away_at).await else { panic!("it opened") };
    assert!(error.to_string().starts_with(&expected), "{error}");

    // The other one turns the root key meanwhile.
    one.rotate_root(1).await.unwrap();
    let newer = one.wrap(&aad(), &key()).await.unwrap();
    one.rewrap_own().await.unwrap();
    opens(&other, &wrapped).await;
    // What it does not know it calls away, and it seals nothing under a version that may be destroyed by now.
    let refused = |error: ProviderError| {
        assert!(matches!(error, ProviderError::Unavailable { .. }), "{error}");
        assert!(error.to_string().contains("another process changed the root key"), "{error}");
    };
    refused(other.unwrap(&aad(), &newer).await.unwrap_err());
    refused(other.erasable_private(environment, 3, 1).await.unwrap_err());
    refused(other.wrap(&aad(), &key()).await.unwrap_err());
    refused(other.create_environment(EnvironmentId::new(&*machine.clock, &*machine.rng)).await.unwrap_err());
    refused(other.root_versions().await.unwrap_err());
    let _back = FakeKms::start_at(away_at).await;
    machine.clock.advance(Duration::from_secs(31));
    opens(&other, &newer).await;
    opens(&other, &other.wrap(&aad(), &key()).await.unwrap()).await;
    other.erasable_private(environment, 3, 1).await.unwrap();
}

#[tokio::test]
async fn a_kms_that_does_not_answer_keeps_nobody_waiting_twice() {
    let (machine, kms) = (Machine::new(), FakeKms::start().await);
    machine.create(KEY, kms.port).await.unwrap();
    let (away, port) = (FakeKms::start().await, kms.port);
    let [one, other] = [machine.open(KEY, port).await.unwrap(), machine.open(KEY, away.port).await.unwrap()];
    let (wrapped, away_at) = (one.wrap(&aad(), &key()).await.unwrap(), away.port);
    drop(away);
    // It lets go of its port once the runtime has ended it.
    let _silent = loop {
        tokio::task::yield_now().await;
        if let Ok(silent) = tokio::net::TcpListener::bind(("127.0.0.1", away_at)).await {
            break silent;
        }
    };
    one.rotate_root(1).await.unwrap();
    let begun = std::time::Instant::now();
    tokio::join!(opens(&other, &wrapped), opens(&other, &wrapped), opens(&other, &wrapped));
    let first = begun.elapsed();
    assert!(first < Duration::from_secs(4), "they waited one after the other: {first:?}");
    let again = std::time::Instant::now();
    opens(&other, &wrapped).await;
    assert!(again.elapsed() < Duration::from_secs(1), "it waited again: {:?}", again.elapsed());
}

#[tokio::test]
async fn what_kms_says_of_a_request_does_not_tell_the_session_token() {
    let (machine, kms) = (Machine::new(), FakeKms::start().await);
    let client = machine.client(KEY, kms.port);
    for code in ["InvalidSignatureException", "SignatureDoesNotMatch", "AccessDeniedException"] {
        let message = format!("The canonical string was x-amz-security-token:the-session-token\n{}", "x".repeat(9_000));
        kms.answers(move |_| Some(with(400, json!({ "__type": code, "message": message }))));
        let said = client.encrypt(&key(), 1).await.unwrap_err().to_string();
        assert!(said.contains(code) && said.len() < 500 && !said.contains("the-session-token"), "{said}");
        assert!(!said.contains('\n'), "{said}");
    }
}

#[tokio::test]
async fn a_version_that_kms_does_not_open_again_is_not_begun_with() {
    let (machine, kms) = (Machine::new(), FakeKms::start().await);
    let denied = |call: &str| {
        let body = json!({ "__type": "com.amazonaws.kms#AccessDeniedException", "Message": "not you" });
        (call == "Decrypt").then(|| with(400, body))
    };
    kms.answers(denied);
    let error = machine.create(KEY, kms.port).await.unwrap_err().to_string();
    assert!(error.ends_with("cannot be used: KMS refuses to decrypt: AccessDeniedException: not you"), "{error}");
    assert!(!machine.file().exists());

    kms.answers_as_usual();
    machine.create(KEY, kms.port).await.unwrap();
    let (provider, text) = (machine.open(KEY, kms.port).await.unwrap(), machine.text());
    kms.answers(denied);
    provider.rotate_root(1).await.unwrap_err();
    assert_eq!(machine.text(), text);
    kms.answers(|call| {
        let another = json!({ "Plaintext": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" });
        (call == "Decrypt").then(|| with(200, another))
    });
    let error = provider.rotate_root(1).await.unwrap_err().to_string();
    assert!(error.contains("opens as another key"), "{error}");
    assert_eq!(machine.text(), text);
}

#[tokio::test]
async fn what_another_kms_key_sealed_is_refused_and_the_error_names_both() {
    let (machine, kms) = (Machine::new(), FakeKms::start().await);
    machine.create(KEY, kms.port).await.unwrap();
    let Err(error) = machine.open("arn:aws:kms:eu-central-1:111122223333:key/two", kms.port).await else {
        panic!("it opened")
    };
    let path = machine.file().display().to_string();
    for part in ["key/two", KEY, &path, "NotFoundException: KMS's words"] {
        assert!(error.to_string().contains(part), "{error} should name {part}");
    }
    // Of another version's place, it is another context.
    std::fs::write(machine.file(), machine.text().replace("\"version\": 1", "\"version\": 2")).unwrap();
    let Err(error) = machine.open("alias/one", kms.port).await else { panic!("it opened") };
    assert!(error.to_string().contains("version 2") && error.to_string().contains("InvalidCiphertext"), "{error}");
    for said in [error.to_string(), format!("{error:?}")] {
        assert!(!said.contains(SECRET) && !said.contains("the-session-token"), "{said}");
    }
}

#[tokio::test]
async fn a_file_that_others_may_read_or_that_lies_in_the_data_folder_is_refused() {
    let (machine, kms) = (Machine::new(), FakeKms::start().await);
    assert!(matches!(machine.open(KEY, kms.port).await.err(), Some(ProviderError::Missing { .. })));
    machine.create(KEY, kms.port).await.unwrap();
    std::fs::set_permissions(machine.file(), std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(machine.open(KEY, kms.port).await.err(), Some(ProviderError::ReadableByOthers { .. })));
    std::fs::set_permissions(machine.file(), std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::set_permissions(machine.at("keys"), std::fs::Permissions::from_mode(0o750)).unwrap();
    assert!(matches!(machine.open(KEY, kms.port).await.err(), Some(ProviderError::ReadableByOthers { .. })));
    std::fs::set_permissions(machine.at("keys"), std::fs::Permissions::from_mode(0o700)).unwrap();
    std::fs::rename(machine.at("keys"), machine.at("data/keys")).unwrap();
    std::os::unix::fs::symlink(machine.at("data/keys"), machine.at("keys")).unwrap();
    let (inside, asked) = (machine.open(KEY, kms.port).await.err(), kms.calls().len());
    assert!(matches!(inside, Some(ProviderError::InsideDataFolder { .. })));
    assert!(matches!(machine.create(KEY, kms.port).await, Err(ProviderError::InsideDataFolder { .. })));
    assert_eq!(kms.calls().len(), asked, "no key is made for a place that is refused");
}

#[tokio::test]
async fn a_passing_failure_is_asked_again_and_a_refusal_is_not() {
    let (machine, kms) = (Machine::new(), FakeKms::start().await);
    let client = machine.client(KEY, kms.port);
    for (status, body, calls) in [
        (503, "busy", 3),
        (400, r#"{"__type":"ThrottlingException"}"#, 3),
        (400, r#"{"__type":"DisabledException"}"#, 1),
        (403, "<html>", 1),
        (200, "<html>", 1),
    ] {
        let before = kms.calls().len();
        kms.answers(move |_| Some(with(status, body)));
        assert!(client.encrypt(&key(), 1).await.is_err());
        assert_eq!(kms.calls().len() - before, calls);
    }
    kms.answers_as_usual();
    client.encrypt(&key(), 1).await.unwrap();
}

#[tokio::test]
async fn a_key_is_not_sent_where_a_redirection_points() {
    let (machine, kms, elsewhere) = (Machine::new(), FakeKms::start().await, FakeKms::start().await);
    let there = format!("location: http://127.0.0.1:{}/", elsewhere.port);
    kms.answers(move |_| Some((307, there.clone(), String::new())));
    let refused = machine.client(KEY, kms.port).encrypt(&key(), 1).await.unwrap_err();
    assert!(matches!(refused, KmsError::Malformed { .. }), "{refused}");
    assert!(elsewhere.calls().is_empty());
}
