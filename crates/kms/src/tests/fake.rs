//! Something that answers as KMS does, or as a test wants it.

use std::sync::{Arc, Mutex};

use data_encoding::BASE64;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The account's one key.
pub(super) const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/one";

/// Status, a header line or none, body.
pub(super) type Answer = (u16, String, String);

/// What a call is answered with instead.
type Instead = Box<dyn Fn(&str) -> Option<Answer> + Send>;

#[derive(Default)]
struct Seen {
    calls: Vec<(String, Value)>,
    instead: Option<Instead>,
}

pub(super) struct FakeKms {
    pub(super) port: u16,
    seen: Arc<Mutex<Seen>>,
    answering: JoinHandle<()>,
}

impl Drop for FakeKms {
    fn drop(&mut self) {
        self.answering.abort();
    }
}

impl FakeKms {
    pub(super) async fn start() -> Self {
        Self::start_at(0).await
    }

    pub(super) async fn start_at(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let (port, seen) = (listener.local_addr().unwrap().port(), Arc::<Mutex<Seen>>::default());
        let theirs = seen.clone();
        #[allow(clippy::disallowed_methods, reason = "it ends with the test")]
        let answering = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                answer(stream, &theirs).await;
            }
        });
        Self { port, seen, answering }
    }

    /// Answers some calls in another way.
    pub(super) fn answers(&self, instead: impl Fn(&str) -> Option<Answer> + Send + 'static) {
        self.seen.lock().unwrap().instead = Some(Box::new(instead));
    }

    pub(super) fn answers_as_usual(&self) {
        self.seen.lock().unwrap().instead = None;
    }

    /// The calls until now, and what was asked.
    pub(super) fn calls(&self) -> Vec<(String, Value)> {
        self.seen.lock().unwrap().calls.clone()
    }

    /// The keys that were to be sealed, in base64.
    pub(super) fn keys(&self) -> Vec<String> {
        let text = |asked: &Value| asked["Plaintext"].as_str().map(str::to_owned);
        self.calls().iter().filter_map(|(_, asked)| text(asked)).collect()
    }
}

async fn answer(mut stream: TcpStream, seen: &Mutex<Seen>) {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    let (head, body) = loop {
        let read = stream.read(&mut buffer).await.unwrap();
        bytes.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8(bytes.clone()).unwrap();
        let length = |head: &str| -> usize {
            let line = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            line.map_or(0, |length| length.parse().unwrap())
        };
        match text.split_once("\r\n\r\n") {
            Some((head, body)) if body.len() == length(head) => break (head.to_owned(), body.to_owned()),
            _ if read == 0 => return,
            _ => {}
        }
    };
    let target = head.lines().find_map(|line| line.strip_prefix("x-amz-target: TrentService.")).unwrap().to_owned();
    let asked: Value = serde_json::from_str(&body).unwrap();
    let instead = {
        let mut seen = seen.lock().unwrap();
        seen.calls.push((target.clone(), asked.clone()));
        seen.instead.as_ref().and_then(|instead| instead(&target))
    };
    let (status, header, body) = instead.unwrap_or_else(|| as_kms(&target, &asked));
    let (length, header) = (body.len(), if header.is_empty() { String::new() } else { format!("{header}\r\n") });
    let answer = format!("HTTP/1.1 {status} -\r\n{header}content-length: {length}\r\nconnection: close\r\n\r\n{body}");
    stream.write_all(answer.as_bytes()).await.unwrap();
}

/// An answer of that status without a header of its own.
pub(super) fn with(status: u16, body: impl ToString) -> Answer {
    (status, String::new(), body.to_string())
}

fn as_kms(target: &str, asked: &Value) -> Answer {
    let refuse = |code: &str| with(400, json!({ "__type": code, "message": "KMS's words" }));
    let key = match asked["KeyId"].as_str().unwrap() {
        KEY | "alias/one" => KEY,
        _ => return refuse("NotFoundException"),
    };
    let context = asked["EncryptionContext"].to_string();
    if target == "Encrypt" {
        let sealed = json!([context, asked["Plaintext"]]).to_string();
        let sealed: Vec<u8> = sealed.bytes().map(|byte| byte ^ 0xa5).collect();
        return with(200, json!({ "KeyId": key, "CiphertextBlob": BASE64.encode(&sealed) }));
    }
    let sealed = BASE64.decode(asked["CiphertextBlob"].as_str().unwrap().as_bytes()).unwrap();
    let plain: Vec<u8> = sealed.iter().map(|byte| byte ^ 0xa5).collect();
    match serde_json::from_slice::<Value>(&plain) {
        Ok(plain) if plain[0] == context.as_str() => with(200, json!({ "KeyId": key, "Plaintext": plain[1] })),
        _ => refuse("InvalidCiphertextException"),
    }
}
