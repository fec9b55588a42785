//! The attribute on a stand-in for the real test app, which records what is done to it.
#![cfg(test)]

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use app_test::app_test;

/// All tests' calls, in order.
static DONE: Mutex<Vec<String>> = Mutex::new(Vec::new());

#[derive(Clone)]
struct Recorder {
    store: &'static str,
    name: &'static str,
    body_ran: Arc<AtomicBool>,
}

impl Recorder {
    fn new(store: &'static str, name: &'static str) -> Self {
        Self { store, name, body_ran: Arc::default() }
    }

    async fn start_embedded(name: &'static str) -> Self {
        tokio::task::yield_now().await;
        Self::new("embedded", name)
    }

    async fn start_postgres(name: &'static str) -> Self {
        tokio::task::yield_now().await;
        Self::new("postgres", name)
    }

    async fn finish(self) {
        tokio::task::yield_now().await;
        assert!(self.body_ran.load(SeqCst), "the body runs before finish()");
        DONE.lock().expect("no test panics").push(format!("{} {}", self.name, self.store));
    }
}

#[app_test]
async fn the_body_runs_between_start_and_finish(app: Recorder) {
    tokio::task::yield_now().await;
    app.body_ran.store(true, SeqCst);
}

/// The expanded tests are ordinary functions, so that this one can call them, whichever ran before.
#[test]
fn both_stores_are_started_under_the_test_s_name() {
    the_body_runs_between_start_and_finish::embedded();
    the_body_runs_between_start_and_finish::postgres();
    let done = DONE.lock().unwrap();
    for store in ["embedded", "postgres"] {
        assert!(done.contains(&format!("the_body_runs_between_start_and_finish {store}")), "{done:?}");
    }
}
