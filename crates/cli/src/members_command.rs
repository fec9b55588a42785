//! `pilotfish members …`.

use product::key_rotation::Policy;

use crate::args::ResetLinkArgs;
use crate::control::{Address, Reply, Request};
use crate::keys_command::{done, unexpected};
use crate::{Failure, say};

/// Prints a link with which a member chooses a new password.
pub(crate) async fn reset_link(args: &ResetLinkArgs) -> Result<(), Failure> {
    let request = Request::MakeResetLink { email: Address(args.email.clone()) };
    let Reply::Issued(link) = done(&args.place, &args.database, &Policy::default(), &args.urls, request).await? else {
        return Err(unexpected());
    };
    Ok(say(&link)?)
}
