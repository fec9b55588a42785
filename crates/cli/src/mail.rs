//! The mail server that the flags name.

use std::sync::Arc;

use product::mail::{Mailer, Smtp, SmtpSettings};

use crate::Failure;
use crate::args::MailArgs;
use crate::open::one_of;

/// What takes letters, if a server is named.
pub(crate) fn mailer(args: &MailArgs) -> Result<Option<Arc<dyn Mailer>>, Failure> {
    let Some(url) = one_of("--smtp", args.smtp.as_deref(), args.smtp_file.as_deref())? else {
        return Ok(None);
    };
    let Some(from) = args.mail_from.clone() else {
        return Err(Failure::Usage("--smtp needs --mail-from: name who writes".to_owned()));
    };
    let settings = SmtpSettings { url, from, authority: args.smtp_ca.clone() };
    let smtp = Smtp::new(&settings).map_err(|error| Failure::Usage(format!("--smtp: {error}")))?;
    Ok(Some(Arc::new(smtp)))
}
