//! A log in a folder of its own, and events to put into it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::id::EnvironmentId;
use base::{Clock, FrozenClock, Secret, SeededRng, Timestamp};
use events::{
    EmbeddedEngine, EngineParts, Event, EventLog, Kind, LogKeyError, LogKeys, Options, Outcome, PartOptions, Report,
};

/// Two versions of the same key for every environment.
pub(crate) struct TestKeys;

impl LogKeys for TestKeys {
    fn primary(&self, environment: EnvironmentId) -> Result<(u32, Secret<[u8; 32]>), LogKeyError> {
        Ok((2, self.version(environment, 2)?))
    }

    fn version(&self, _: EnvironmentId, version: u32) -> Result<Secret<[u8; 32]>, LogKeyError> {
        match version {
            1 | 2 => Ok(Secret::new([u8::try_from(version).unwrap(); 32])),
            _ => Err(LogKeyError(format!("there is no version {version}"))),
        }
    }
}

pub(crate) fn environment(number: u8) -> EnvironmentId {
    format!("env_0000000000000000000000000{}", char::from(b'0' + number)).parse().unwrap()
}

pub(crate) const ENVIRONMENT: u8 = 1;

pub(crate) struct Fixture {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) clock: Arc<FrozenClock>,
    pub(crate) options: Options,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let options = Options { idle: std::time::Duration::from_millis(200), ..Options::default() };
        Self { folder: tempfile::tempdir().unwrap(), clock: Arc::default(), options }
    }

    pub(crate) fn open(&self) -> (EventLog, Report) {
        open(self.folder.path(), self.clock.clone(), self.options.clone())
    }

    /// An engine over a log of this folder, and its parts.
    pub(crate) fn engine(&self, log: &Arc<EventLog>, seed: u64, options: PartOptions) -> EmbeddedEngine {
        let parts = EngineParts {
            data: self.folder.path().to_owned(),
            keys: Arc::new(TestKeys),
            log_keys: Arc::new(TestKeys),
            clock: self.clock.clone(),
            rng: Arc::new(SeededRng::new(seed)),
            options,
        };
        EmbeddedEngine::new(Arc::clone(log), parts)
    }

    pub(crate) fn log_folder(&self) -> PathBuf {
        log_folder(self.folder.path())
    }

    /// The log's files, in order.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        files(&self.log_folder())
    }

    pub(crate) fn verify(&self) -> Report {
        events::verify(self.folder.path(), &TestKeys).unwrap()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

pub(crate) fn open(folder: &Path, clock: Arc<dyn Clock>, options: Options) -> (EventLog, Report) {
    // Each start has other keys: a file's key is drawn from here.
    let starts = std::fs::read_dir(log_folder(folder)).map_or(0, Iterator::count) as u64;
    EventLog::open(folder, "edge", Arc::new(TestKeys), clock, Arc::new(SeededRng::new(starts)), options).unwrap()
}

pub(crate) fn log_folder(folder: &Path) -> PathBuf {
    folder.join("log/edge").join(environment(ENVIRONMENT).to_string())
}

pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|end| end == "log")).collect();
    files.sort();
    files
}

/// The event of a number: the number is its message id.
pub(crate) fn event(number: u64, time: Timestamp) -> Event {
    Event {
        person: number % 7,
        company: None,
        time,
        received: time,
        message: message(number),
        kind: Kind::Track,
        name: format!("Event {}", number % 5),
        session: None,
        path: None,
        device: None,
        content: None,
        step: None,
        properties: serde_json::Map::from_iter([("number".to_owned(), number.into())]),
        sealed: BTreeMap::new(),
    }
}

pub(crate) fn message(number: u64) -> [u8; 16] {
    let mut message = [0; 16];
    message[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    message[8..].copy_from_slice(&number.to_le_bytes());
    message
}

pub(crate) fn number(event: &Event) -> u64 {
    u64::from_le_bytes(event.message[8..].try_into().unwrap())
}

/// Every event's number, in order of arrival.
pub(crate) fn numbers(log: &EventLog) -> Vec<u64> {
    let mut numbers = Vec::new();
    log.scan(environment(ENVIRONMENT), |_, event| numbers.push(number(event))).unwrap();
    numbers
}

pub(crate) async fn append(log: &EventLog, numbers: impl IntoIterator<Item = u64>, time: Timestamp) -> Vec<Outcome> {
    let events: Vec<_> = numbers.into_iter().map(|number| event(number, time)).collect();
    log.append(environment(ENVIRONMENT), events).await.unwrap()
}

pub(crate) fn stored(outcomes: &[Outcome]) -> usize {
    outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Stored(_))).count()
}
