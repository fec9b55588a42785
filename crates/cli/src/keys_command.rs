//! `pilotfish keys …`.

use std::io::Read as _;
use std::sync::Arc;

use base::{Secret, SystemClock, SystemRng};
use keys::FileProvider;
use product::{App, installation};
use store::folder::write_new_durably;

use crate::args::{EscrowArgs, IssueArgs, IssueKind, RestoreArgs, UrlArgs};
use crate::open::{Wanted, ground, root_key_path};
use crate::urls::urls;
use crate::{Failure, say};

/// Writes the root and erasable keys, encrypted to an age recipient.
pub(crate) fn escrow(args: &EscrowArgs) -> Result<(), Failure> {
    let path = root_key_path(args.place.root_key.as_deref())?;
    let provider = FileProvider::open(&path, &args.place.data, Arc::new(SystemClock), Arc::new(SystemRng))?;
    let escrow = provider.escrow(&args.recipient)?;
    write_new_durably(&args.out, escrow.text.as_bytes(), &SystemRng)?;
    Ok(say(&format!(
        "wrote {}: the root key, and the erasable keys of {} environments; decrypt it with age -d -i IDENTITY",
        args.out.display(),
        escrow.environments
    ))?)
}

/// Puts back what a decrypted escrow holds and is missing.
pub(crate) fn restore(args: &RestoreArgs) -> Result<(), Failure> {
    let path = root_key_path(args.place.root_key.as_deref())?;
    let mut bytes = Vec::new();
    if args.escrow.as_os_str() == "-" {
        std::io::stdin().lock().read_to_end(&mut bytes)?;
    } else {
        let failed = |error| Failure::Refused(format!("{}: {error}", args.escrow.display()));
        bytes = std::fs::read(&args.escrow).map_err(failed)?;
    }
    let json = Secret::new(bytes);
    let restored = keys::restore_escrow(json.expose(), &path, &args.place.data, &SystemRng)?;
    Ok(say(&format!(
        "{}: the root key is there; erasable keys of {} environments were put back, of {} were there and stay",
        path.display(),
        restored.written,
        restored.kept
    ))?)
}

/// Makes another key in an installation that is there.
pub(crate) async fn issue(args: &IssueArgs) -> Result<(), Failure> {
    if args.kind == IssueKind::Server && args.environment.is_none() {
        return Err(Failure::Usage("--kind server: name the environment with --environment env_…".to_owned()));
    }
    let wanted = Wanted::of(&args.place, &args.database)?;
    if !wanted.made_before().await? {
        return Err(Failure::Refused(format!("{} holds no installation", wanted.data.display())));
    }
    let app = ground(wanted).await?.open(urls(&UrlArgs::default(), 8443, 8445, 8444)?).await?;
    let issued = make(&app, args).await;
    app.close().await;
    Ok(say(issued?.expose())?)
}

async fn make(app: &App, args: &IssueArgs) -> Result<Secret<String>, Failure> {
    Ok(match args.environment {
        Some(environment) if args.kind == IssueKind::Server => installation::issue_server_key(app, environment).await?,
        _ => installation::issue_api_key(app).await?,
    })
}
