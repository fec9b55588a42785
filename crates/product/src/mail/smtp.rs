//! Letters by SMTP. Passwords and letters go over TLS only: a server without it must be this machine's own.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use base::Secret;
use futures::future::BoxFuture;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use url::Url;

use super::{Letter, MailError, Mailer};

/// How long a server may take for each step.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where the mail server is and who writes.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    /// `smtps://user:password@host:465`, or `smtp://…?tls=required` for STARTTLS.
    pub url: Secret<String>,
    /// `Pilotfish <pilotfish@example.org>`.
    pub from: String,
    /// Root of the server's certificate, PEM; without it, what the system trusts.
    pub authority: Option<PathBuf>,
}

/// What is wrong with the settings. The URL is never quoted: it holds a password.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// The URL is none of these.
    #[error("the mail server's URL is smtps://user:password@host:port, or smtp://user:password@host:port?tls=required")]
    Url,
    /// Anybody in between could read and change letters.
    #[error("the mail server is another machine: use smtps://, or smtp:// with ?tls=required")]
    Plain,
    /// The sender is not an address.
    #[error("the sender of mail is an address, such as Pilotfish <pilotfish@example.org>")]
    From,
    /// The root certificate cannot be read.
    #[error("{path}: {reason}")]
    Authority {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// A mail server.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Smtp {
    /// Makes one ready. Nothing is sent yet, and nobody is asked.
    pub fn new(settings: &SmtpSettings) -> Result<Self, SmtpError> {
        let from = settings.from.parse().map_err(|_| SmtpError::From)?;
        let url = Url::parse(settings.url.expose()).map_err(|_| SmtpError::Url)?;
        let host = url.host_str().ok_or(SmtpError::Url)?;
        let starts_tls = url.query_pairs().any(|(name, value)| name == "tls" && value == "required");
        let secured = match url.scheme() {
            "smtps" => true,
            "smtp" if starts_tls => true,
            "smtp" => false,
            _ => return Err(SmtpError::Url),
        };
        if !secured && !is_here(host) {
            return Err(SmtpError::Plain);
        }
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(settings.url.expose())
            .map_err(|_| SmtpError::Url)?
            .timeout(Some(PATIENCE));
        if let (true, Some(path)) = (secured, &settings.authority) {
            let parameters = trusting(host, path)?;
            let wrapped = url.scheme() == "smtps";
            builder = builder.tls(if wrapped { Tls::Wrapper(parameters) } else { Tls::Required(parameters) });
        }
        Ok(Self { transport: builder.build(), from })
    }
}

impl Mailer for Smtp {
    fn send(&self, letter: Letter) -> BoxFuture<'_, Result<(), MailError>> {
        Box::pin(async move {
            let to: Address = letter.to.open().trim().parse().map_err(|_| MailError::Refused)?;
            let message = Message::builder()
                .from(self.from.clone())
                .to(Mailbox::new(None, to))
                .subject(letter.subject)
                .header(ContentType::TEXT_PLAIN)
                .body(letter.text.expose().clone())
                .map_err(|_| MailError::Refused)?;
            let sent = self.transport.send(message).await;
            sent.map(drop).map_err(|error| {
                let refused = error.is_permanent();
                let status = error.status().map(|code| code.to_string());
                tracing::warn!(refused, status, tls = error.is_tls(), "a letter was not taken by the mail server");
                if refused { MailError::Refused } else { MailError::Unavailable }
            })
        })
    }
}

fn is_here(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn trusting(host: &str, path: &PathBuf) -> Result<TlsParameters, SmtpError> {
    let failed = |reason: String| SmtpError::Authority { path: path.clone(), reason };
    let pem = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    let root = Certificate::from_pem(&pem).map_err(|_| failed("this is no certificate in PEM".to_owned()))?;
    TlsParameters::builder(host.to_owned())
        .add_root_certificate(root)
        .build_rustls()
        .map_err(|_| failed("this certificate cannot be used".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(url: &str, from: &str) -> Result<(), String> {
        let settings = SmtpSettings { url: Secret::new(url.to_owned()), from: from.to_owned(), authority: None };
        Smtp::new(&settings).map(drop).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn another_machine_needs_tls_and_no_refusal_repeats_the_password() {
        let from = "Pilotfish <pilotfish@example.org>";
        for url in ["smtps://ana:hunter2@mail.example", "smtp://ana:hunter2@mail.example?tls=required"] {
            assert_eq!(made(url, from), Ok(()), "{url}");
        }
        for url in ["smtp://127.0.0.1:2525", "smtp://localhost", "smtp://[::1]:25"] {
            assert_eq!(made(url, from), Ok(()), "{url}");
        }
        for url in [
            "smtp://ana:hunter2@mail.example",
            "smtp://ana:hunter2@mail.example?tls=opportunistic",
            "http://ana:hunter2@mail.example",
            "hunter2",
        ] {
            let refused = made(url, from).unwrap_err();
            assert!(!refused.contains("hunter2"), "{refused}");
        }
        assert!(made("smtp://localhost", "nobody").is_err());
    }
}
