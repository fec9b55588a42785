//! `pilotfish keys …`.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::Arc;

use base::{SystemClock, SystemRng};
use keys::FileProvider;

use crate::Failure;
use crate::args::EscrowArgs;
use crate::open::root_key_path;

/// Writes the root and erasable keys, encrypted to an age recipient.
#[allow(clippy::print_stdout, reason = "tells what was written")]
pub(crate) fn escrow(args: &EscrowArgs) -> Result<(), Failure> {
    let path = root_key_path(args.place.root_key.as_deref())?;
    let provider = FileProvider::open(&path, &args.place.data, Arc::new(SystemClock), Arc::new(SystemRng))?;
    let text = provider.escrow(&args.recipient)?;
    let failed = |error: std::io::Error| Failure(format!("{}: {error}", args.out.display()));
    let mut file =
        std::fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(&args.out).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    println!("wrote {}: decrypt it with age -d -i IDENTITY", args.out.display());
    Ok(())
}
