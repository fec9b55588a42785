//! Events on their way into the log: encoded as they are added, so that whoever reads them off a request builds nothing
//! in between.

use crate::dedupe::Message;
use crate::encoding::{self, Head, Plain};
use crate::error::AppendError;
use crate::format::MAX_BLOCK;
use crate::record::Event;

/// Events for one append, in order.
#[derive(Debug, Default)]
pub struct Batch {
    /// Each event after the other.
    pub(crate) bytes: Vec<u8>,
    pub(crate) events: Vec<Encoded>,
    /// The names of the events, each once for a run of the same.
    pub(crate) names: Vec<Box<str>>,
    /// Other hashes under which messages may be here already, each with its event's index, in their order.
    pub(crate) known_as: Vec<(usize, [u8; 16])>,
    /// Why it can't be written. The first reason stands.
    pub(crate) refused: Option<AppendError>,
}

/// An event of a batch, and what the index and de-duplication will keep of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Encoded {
    /// Where its bytes end.
    pub(crate) end: usize,
    /// Its name's place among the batch's.
    pub(crate) name: usize,
    pub(crate) message: Message,
}

/// Bytes that an event takes, usually.
const USUAL: usize = 256;

impl Batch {
    /// Room for so many events.
    pub fn with_capacity(events: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(events * USUAL),
            events: Vec::with_capacity(events),
            names: Vec::new(),
            known_as: Vec::new(),
            refused: None,
        }
    }

    /// How many events it has.
    pub const fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether it has none.
    pub const fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Adds an event with its plain properties and its sealed ones. One that is too large or nested too deeply fails the
    /// whole batch, when it is appended.
    pub fn add<'a>(
        &mut self,
        head: &Head<'_>,
        plain: impl IntoIterator<Item = (&'a str, Plain<'a>)>,
        sealed: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) {
        let start = self.bytes.len();
        let encoded = encoding::encode(head, plain.into_iter(), sealed.into_iter(), &mut self.bytes);
        let end = self.bytes.len();
        match encoded {
            Err(error) => self.refuse(error.into()),
            Ok(_) if end - start > MAX_BLOCK / 8 || end > MAX_BLOCK => self.refuse(AppendError::TooLarge),
            Ok(fingerprint) => {
                let message = Message { hash: head.message, received: head.received.micros(), fingerprint };
                let name = self.name(head.name);
                self.events.push(Encoded { end, name, message });
            }
        }
    }

    /// Says that a copy of the event that was added last may be here under this hash instead: the key that messages are hashed
    /// with has turned since.
    pub fn known_as(&mut self, message: [u8; 16]) {
        if let Some(last) = self.events.len().checked_sub(1) {
            self.known_as.push((last, message));
        }
    }

    fn refuse(&mut self, reason: AppendError) {
        self.refused.get_or_insert(reason);
    }

    fn name(&mut self, name: &str) -> usize {
        if self.names.last().is_none_or(|last| **last != *name) {
            self.names.push(name.into());
        }
        self.names.len() - 1
    }
}

impl From<Vec<Event>> for Batch {
    fn from(events: Vec<Event>) -> Self {
        let mut batch = Self::with_capacity(events.len());
        for event in &events {
            let plain = event.properties.iter().map(|(name, value)| (name.as_str(), Plain::Nested(value)));
            let sealed = event.sealed.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
            batch.add(&Head::of(event), plain, sealed);
        }
        batch
    }
}
