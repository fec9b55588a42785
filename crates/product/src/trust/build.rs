//! Which build this is: what the tests that are named on the page were run against.

use std::fs::File;
use std::io::{self, Read as _};
use std::sync::OnceLock;

/// What identifies the running program.
#[derive(Debug, Default)]
pub(super) struct Build {
    commit: OnceLock<Option<&'static str>>,
    digest: OnceLock<Option<String>>,
}

impl Build {
    /// The commit that its build named, if it was built from one.
    pub(super) fn set_commit(&self, commit: Option<&'static str>) {
        // A process is built once.
        let _ = self.commit.set(commit);
    }

    pub(super) fn commit(&self) -> Option<&'static str> {
        self.commit.get().copied().flatten()
    }

    /// SHA-256 of the program's file, read once. None if it cannot be read.
    pub(super) fn digest(&self) -> Option<&str> {
        let digest = self.digest.get_or_init(|| match digest_of("/proc/self/exe") {
            Ok(digest) => Some(digest),
            Err(error) => {
                tracing::warn!(%error, "the program's own file cannot be read: its digest is not shown");
                None
            }
        });
        digest.as_deref()
    }
}

fn digest_of(path: &str) -> io::Result<String> {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    let (mut file, mut piece) = (File::open(path)?, vec![0; 1 << 20]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(data_encoding::HEXLOWER.encode(context.finish().as_ref())),
            read => context.update(&piece[..read]),
        }
    }
}
