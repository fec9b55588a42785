//! `pilotfish demo-sabotage break` and `mend`: what an attacker or a failing disk would do to a demo's data, by a process of
//! its own behind the server's back, so that the trust page can be seen turning red and green again.
//!
//! *Break* flips one bit in the middle of the largest file of the event log; *mend* flips it back. Which one it was stands in a
//! file in the data folder: a demo that starts mends first. Nothing but a folder that `pilotfish demo` has marked is touched.

use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use base::SystemRng;
use serde::{Deserialize, Serialize};
use store::folder::{remove_durably, write_durably, write_new_durably};

use crate::args::SabotageCommand;
use crate::{Failure, say};

/// Says that a data folder is the demo's.
const MARK: &str = "demo";
/// Says what is broken.
const BROKEN: &str = "demo-broken.json";
/// Smaller files hold no event.
const SMALLEST: u64 = 256;

/// The bit that was flipped.
#[derive(Serialize, Deserialize)]
struct Broken {
    file: PathBuf,
    offset: u64,
}

pub(crate) fn run(command: &SabotageCommand) -> Result<(), Failure> {
    match command {
        SabotageCommand::Break(args) => {
            of_a_demo(&args.data)?;
            break_it(&args.data)?;
            say("one bit of the event log is flipped: within a minute the trust page has a red row, UP-35\n\
                 mend it with: pilotfish demo-sabotage mend")?;
        }
        SabotageCommand::Mend(args) => {
            of_a_demo(&args.data)?;
            if !mend(&args.data)? {
                return Err(Failure::Refused("nothing is broken: pilotfish demo-sabotage break does it".to_owned()));
            }
            say("the bit is as it was: within a minute the row is as before")?;
        }
    }
    Ok(())
}

/// Marks a data folder as the demo's.
pub(crate) fn mark(data: &Path) -> Result<(), Failure> {
    Ok(write_durably(&data.join(MARK), b"pilotfish demo-sabotage may damage this folder\n", &SystemRng)?)
}

fn of_a_demo(data: &Path) -> Result<(), Failure> {
    if data.join(MARK).is_file() {
        return Ok(());
    }
    let folder = data.display();
    Err(Failure::Refused(format!("{folder} is no demo's data folder: only what pilotfish demo has made is damaged")))
}

fn break_it(data: &Path) -> Result<(), Failure> {
    let (file, size) = largest(&data.join("log"))?.filter(|(_, size)| *size >= SMALLEST).ok_or_else(|| {
        Failure::Refused("the event log holds nothing yet: wait until the demo has people".to_owned())
    })?;
    let broken = Broken { file, offset: size / 2 };
    let text = serde_json::to_vec(&broken).map_err(|error| Failure::of(&error))?;
    // What is to be mended is known before anything is broken; and one thing is broken at a time.
    let noted = data.join(BROKEN);
    if noted.exists() {
        return Err(Failure::Refused("it is broken already: pilotfish demo-sabotage mend mends it".to_owned()));
    }
    write_new_durably(&noted, &text, &SystemRng)?;
    flip(&broken)
}

/// Mends what was broken; whether anything was.
pub(crate) fn mend(data: &Path) -> Result<bool, Failure> {
    let noted = data.join(BROKEN);
    let text = match fs::read(&noted) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        other => other?,
    };
    let broken: Broken = serde_json::from_slice(&text).map_err(|error| Failure::of(&error))?;
    flip(&broken)?;
    remove_durably(&noted)?;
    Ok(true)
}

fn flip(broken: &Broken) -> Result<(), Failure> {
    let file = OpenOptions::new().read(true).write(true).open(&broken.file)?;
    let mut byte = [0];
    file.read_exact_at(&mut byte, broken.offset)?;
    file.write_all_at(&[byte[0] ^ 1], broken.offset)?;
    Ok(file.sync_all()?)
}

/// The largest file below a folder, with its size.
fn largest(folder: &Path) -> std::io::Result<Option<(PathBuf, u64)>> {
    let mut found: Option<(PathBuf, u64)> = None;
    let mut folders = vec![fs::canonicalize(folder)?];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let about = entry.metadata()?;
            if about.is_dir() {
                folders.push(entry.path());
            } else if found.as_ref().is_none_or(|(_, size)| about.len() > *size) {
                found = Some((entry.path(), about.len()));
            }
        }
    }
    Ok(found)
}
