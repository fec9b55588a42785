//! With what a process that serves opens the product: the root key, or an edge bundle.

use std::path::PathBuf;
use std::sync::Arc;

use base::{SystemClock, SystemRng};
use keys::{BundleProvider, is_bundle};
use product::{App, Databases, Duties, Urls};
use store::{DataFolder, Sharing};

use crate::Failure;
use crate::args::{RoleArg, ServeArgs};
use crate::open::{Wanted, databases, ground};
use crate::root_key::{About, about};

/// What is said of a bundle where the root key is needed.
pub(crate) const NO_ROOT_KEY: &str =
    "--root-key names an edge bundle, and only serve --role edge works with one: name the root key";

/// An edge bundle in the place of a root key, if `--root-key` names one: as `bundle:PATH`, or as any file that is one.
pub(crate) fn bundle_path(given: Option<&str>) -> Option<PathBuf> {
    let given = given?;
    let named = given.strip_prefix("bundle:").map(PathBuf::from);
    named.or_else(|| given.strip_prefix("file:").map(PathBuf::from).filter(|path| is_bundle(path)))
}

/// What the flags say, understood; nothing has been opened.
pub(crate) enum Serving {
    /// A process that holds the root key.
    WithRootKey(Wanted),
    /// An edge that does not.
    WithBundle { data: PathBuf, bundle: PathBuf, databases: Databases },
}

impl Serving {
    pub(crate) fn of(args: &ServeArgs, demo: bool) -> Result<Self, Failure> {
        let Some(bundle) = bundle_path(args.place.root_key.as_deref()) else {
            return Ok(Self::WithRootKey(Wanted::of(&args.place, &args.database)?));
        };
        if args.role != RoleArg::Edge || demo {
            return Err(Failure::Refused(NO_ROOT_KEY.to_owned()));
        }
        let usage = |text: &str| Err(Failure::Usage(text.to_owned()));
        if args.acme.acme.is_some() {
            return usage(
                "--acme: an edge with a bundle has no key to seal an account with; name --tls-certificate and --tls-key",
            );
        }
        let databases = databases(&args.database)?;
        if matches!(databases, Databases::Embedded) {
            return usage(
                "--root-key: an edge with a bundle needs --database; the embedded stores have one process, with the root key",
            );
        }
        Ok(Self::WithBundle { data: args.place.data.clone(), bundle, databases })
    }

    /// Opens the product; with what is said of the root key, or of the bundle.
    pub(crate) async fn open(self, urls: Urls, duties: Duties) -> Result<(App, About), Failure> {
        match self {
            Self::WithRootKey(wanted) => {
                let ground = ground(wanted).await?;
                let root_key = about(ground.provider.as_ref());
                Ok((ground.open(urls, duties).await?, root_key))
            }
            Self::WithBundle { data, bundle, databases } => {
                let folder = DataFolder::open(&data, Sharing::Shared)?;
                let held = Arc::new(BundleProvider::open(&bundle, folder.path())?);
                let (clock, rng) = (Arc::new(SystemClock), Arc::new(SystemRng));
                let bundle = about(held.as_ref());
                Ok((App::open_edge(folder, &databases, held, urls, duties, (clock, rng)).await?, bundle))
            }
        }
    }
}
