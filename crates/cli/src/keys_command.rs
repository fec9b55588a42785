//! `pilotfish keys …`.

use std::fmt::Write as _;
use std::io::Read as _;
use std::sync::Arc;

use base::{Secret, SystemClock, SystemRng};
use keys::{FileProvider, KeyKind, KeyState};
use product::key_rotation::{Kept, Listed, Policy, Turned, way};
use product::{Databases, Duties};
use serde_json::json;
use store::folder::write_new_durably;

use crate::args::{DatabaseArgs, EscrowArgs, IssueArgs, IssueKind, ListArgs, Place, RestoreArgs, RotateArgs, UrlArgs};
use crate::control::{self, Reply, Request};
use crate::open::{Wanted, databases, ground};
use crate::root_key::{KEEP_AGAIN, RootKey, in_second_place};
use crate::urls::urls;
use crate::{Failure, say};

/// Writes the root and erasable keys, encrypted to an age recipient.
pub(crate) fn escrow(args: &EscrowArgs) -> Result<(), Failure> {
    let path = RootKey::file_for(&args.place, "keys escrow")?;
    let provider = FileProvider::open(&path, &args.place.data, Arc::new(SystemClock), Arc::new(SystemRng))?;
    let provider = in_second_place(provider, args.place.erasable_copy.as_deref(), &args.place.data)?;
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
    let path = RootKey::file_for(&args.place, "keys restore")?;
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
    let request = match (args.kind, args.environment) {
        (IssueKind::Server, None) => {
            return Err(Failure::Usage("--kind server: name the environment with --environment env_…".to_owned()));
        }
        (IssueKind::Server, Some(environment)) => Request::IssueServerKey { environment },
        (IssueKind::Api, _) => Request::IssueApiKey {},
    };
    let Reply::Issued(key) =
        done(&args.place, &args.database, &Policy::default(), &UrlArgs::default(), request).await?
    else {
        return Err(unexpected());
    };
    Ok(say(&key)?)
}

/// Shows what keys there are.
pub(crate) async fn list(args: &ListArgs) -> Result<(), Failure> {
    let policy = args.rotation.policy();
    let request = Request::ListKeys { days: args.rotation.days() };
    let Reply::Keys(keys) = done(&args.place, &args.database, &policy, &UrlArgs::default(), request).await? else {
        return Err(unexpected());
    };
    let text = if args.json { json!({ "keys": keys }).to_string() } else { table(&keys) };
    Ok(say(&text)?)
}

/// Turns keys.
pub(crate) async fn rotate(args: &RotateArgs) -> Result<(), Failure> {
    let request = Request::RotateKeys { kind: args.kind, now: args.now, days: args.rotation.days() };
    let Reply::Turned(turned) =
        done(&args.place, &args.database, &args.rotation.policy(), &UrlArgs::default(), request).await?
    else {
        return Err(unexpected());
    };
    let text = if args.json { json!({ "turned": turned }).to_string() } else { told(&turned) };
    Ok(say(&text)?)
}

/// Has it done by the server that has the stores to itself, or does it here if there is none.
pub(crate) async fn done(
    place: &Place,
    database: &DatabaseArgs,
    policy: &Policy,
    public: &UrlArgs,
    request: Request,
) -> Result<Reply, Failure> {
    let databases = databases(database)?;
    if matches!(databases, Databases::Embedded)
        && let Some(reply) = control::ask(&place.data, &request).await?
    {
        return Ok(reply);
    }
    let wanted = Wanted::with(place, databases)?;
    if !wanted.made_before().await? {
        return Err(Failure::Refused(format!("{} holds no installation", wanted.data.display())));
    }
    let mut app = ground(wanted).await?.open(urls(public, 8443, 8445, 8444)?, Duties::default()).await?;
    app.rotation.policy = policy.clone();
    let reply = control::run(&app, request).await;
    app.close().await;
    Ok(reply?)
}

pub(crate) fn unexpected() -> Failure {
    Failure::Refused("the server answered something else: use the pilotfish that serves".to_owned())
}

fn table(keys: &[Listed]) -> String {
    let mut text =
        format!("{:<17} {:<30} {:>7}  {:<9}  {:>8}  next rotation", "kind", "owner", "version", "state", "age");
    for key in keys {
        let Listed { kind, owner, version, state, age_days, .. } = key;
        let next = match key.next_rotation {
            Some(next) => next.to_string(),
            None if *state != KeyState::Primary => "-".to_owned(),
            None if way(*kind).turns => "never".to_owned(),
            None => "does not rotate".to_owned(),
        };
        let age = format!("{age_days} d");
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\n{kind:<17} {owner:<30} {version:>7}  {state:<9}  {age:>8}  {next}",
            kind = kind.name(),
            state = state.name()
        );
    }
    text
}

fn told(turned: &[Turned]) -> String {
    if turned.is_empty() {
        return "no key is due; --now turns keys that are not".to_owned();
    }
    let mut lines = Vec::new();
    for Turned { kind, owner, version, kept } in turned {
        lines.push(format!("{kind} of {owner}: version {version}"));
        for Kept { version, needed_by } in kept {
            lines.push(format!("  version {version} stays, needed by {needed_by}: {}", way(*kind).old));
        }
    }
    if turned.iter().any(|key| key.kind == KeyKind::Root) {
        lines.push(KEEP_AGAIN.to_owned());
    }
    lines.join("\n")
}
