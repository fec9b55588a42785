//! `pilotfish events …`.

use product::event_log::Verified;
use product::key_rotation::Policy;

use crate::args::{UrlArgs, VerifyArgs};
use crate::control::{Reply, Request};
use crate::keys_command::{done, unexpected};
use crate::{Failure, say};

/// Says what the files of the event log and of the parts are like; fails if an event is lost or changed.
pub(crate) async fn verify(args: &VerifyArgs) -> Result<(), Failure> {
    let reply =
        done(&args.place, &args.database, &Policy::default(), &UrlArgs::default(), Request::VerifyEvents {}).await?;
    let Reply::Verified(Verified { whole, report }) = reply else { return Err(unexpected()) };
    say(report.trim_end())?;
    if whole { Ok(()) } else { Err(Failure::Refused("events are lost or changed: see above".to_owned())) }
}
