//! A mailer that keeps what it is given, and a real server.

use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;

use super::{Letter, MailError, Mailer};

/// Keeps letters, or refuses them.
#[derive(Default)]
pub(crate) struct Letterbox {
    letters: Mutex<Vec<Letter>>,
    pub(crate) out_of_order: std::sync::atomic::AtomicBool,
}

impl Letterbox {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Takes out the letters that came: to whom, and what they say.
    pub(crate) fn take(&self) -> Vec<(String, String)> {
        let letters = std::mem::take(&mut *self.letters.lock().unwrap());
        letters.into_iter().map(|letter| (letter.to.into_open(), letter.text.expose().clone())).collect()
    }
}

impl Mailer for Letterbox {
    fn send(&self, letter: Letter) -> BoxFuture<'_, Result<(), MailError>> {
        Box::pin(async move {
            if self.out_of_order.load(std::sync::atomic::Ordering::SeqCst) {
                return Err(MailError::Unavailable);
            }
            self.letters.lock().unwrap().push(letter);
            Ok(())
        })
    }
}
