//! Mail to members: a letter of plain text to one address. Letters are sent by jobs, so that nobody waits for a mail server
//! and a letter is sent again when the server was not there; a letter may arrive twice. Without a mail server nothing is sent:
//! who would have had a letter sent is told, or shown what would have stood in it.
//!
//! No address stands in a job, a log or an error: a job names whom the letter is for by an id of ours.

mod limits;
mod smtp;
#[cfg(test)]
pub(crate) mod tests;

use ::jobs::JobError;
use base::{Personal, Secret};
use futures::future::BoxFuture;

pub(crate) use limits::{count, forget_counts, is_within};
pub use smtp::{Smtp, SmtpError, SmtpSettings};

/// A letter to one person.
pub struct Letter {
    /// Their address.
    pub to: Personal<String>,
    /// One line, without anything personal or secret.
    pub subject: String,
    /// Plain text; it may hold a link that is good for its reader only.
    pub text: Secret<String>,
}

/// Why a letter was not taken. What a server says is not kept: it repeats addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// It never will be: the address or the letter is not acceptable to the server.
    #[error("the mail server refused the letter")]
    Refused,
    /// It may be later: nobody answers, or the server asks to be tried again.
    #[error("the mail server could not take the letter now")]
    Unavailable,
}

impl From<MailError> for JobError {
    fn from(error: MailError) -> Self {
        match error {
            MailError::Refused => Self::Fatal("mail_refused"),
            MailError::Unavailable => Self::Retry("mail_unavailable"),
        }
    }
}

/// What takes letters.
pub trait Mailer: Send + Sync {
    /// Hands a letter over; it is on its way when this ends well.
    fn send(&self, letter: Letter) -> BoxFuture<'_, Result<(), MailError>>;
}
