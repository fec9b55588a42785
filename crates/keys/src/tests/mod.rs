//! Tests of whole paths, over a real file provider in a temporary folder.

mod edge_bundle;
mod envelope;
mod escrow;
mod held_root;
mod key_set;
mod person;
mod places;
mod provider;
mod rotation;
mod vectors;

use crate::provider::ProviderError;
use crate::{Answer, FileProvider};
use base::id::EnvironmentId;
use base::{Clock, FrozenClock, Rng, SeededRng};
use std::path::PathBuf;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// What a future of the file provider says: it is ready when first asked, without any runtime.
fn now<T>(future: impl Future<Output = T>) -> T {
    match Box::pin(future).as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("the file provider waited"),
    }
}

/// A machine: a folder of keys, a data folder beside it, a frozen clock and a seeded rng.
struct Machine {
    root: tempfile::TempDir,
    clock: Arc<FrozenClock>,
    rng: Arc<dyn Rng>,
}

impl Machine {
    fn new(seed: u64) -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("data")).unwrap();
        Self { root, clock: Arc::default(), rng: Arc::new(SeededRng::new(seed)) }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn key(&self) -> PathBuf {
        self.at("keys/root.key")
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as Arc<dyn Clock>
    }

    fn create(&self) -> FileProvider {
        FileProvider::create(&self.key(), &self.at("data"), self.clock(), Arc::clone(&self.rng)).unwrap()
    }

    fn open(&self) -> Result<FileProvider, ProviderError> {
        self.open_at("keys/root.key")
    }

    fn open_at(&self, path: &str) -> Result<FileProvider, ProviderError> {
        FileProvider::open(&self.at(path), &self.at("data"), self.clock(), Arc::clone(&self.rng))
    }

    fn environment(&self, provider: &FileProvider) -> EnvironmentId {
        let environment = EnvironmentId::new(&*self.clock, &*self.rng);
        now(crate::KeyProvider::create_environment(provider, environment)).unwrap();
        environment
    }
}

/// The answer of a provider, which must be there at once.
fn answer<T>(answer: Answer<'_, T>) -> Result<T, ProviderError> {
    now(answer)
}
