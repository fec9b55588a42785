//! Where the root key is, from the flags, and the provider that it makes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::{Clock, Rng, Secret, SystemClock};
use keys::{FileProvider, KeyProvider, ProviderError};
use kms::{Credentials, KmsClient, KmsProvider, Settings};

use crate::Failure;
use crate::args::{KmsArgs, Place};
use crate::serving::{NO_ROOT_KEY, bundle_path};

/// Where the root key is, understood; nobody has been asked for it.
pub(crate) enum RootKey {
    /// In a file.
    File(PathBuf),
    /// Sealed by AWS KMS, in a folder.
    Kms { client: Box<KmsClient>, folder: PathBuf },
}

/// What is said of the root key to whoever begins: lines of a name and a text.
pub(crate) type About = Vec<(&'static str, String)>;

impl RootKey {
    pub(crate) fn of(place: &Place) -> Result<Self, Failure> {
        let given = place.root_key.as_deref();
        if bundle_path(given).is_some() {
            return Err(Failure::Refused(NO_ROOT_KEY.to_owned()));
        }
        if let Some(key) = kms_key(place) {
            return of_kms(key, &place.kms);
        }
        let KmsArgs { kms_folder, kms_region, kms_endpoint } = &place.kms;
        if kms_folder.is_some() || kms_region.is_some() || kms_endpoint.is_some() {
            let text = "--kms-folder, --kms-region and --kms-endpoint need --root-key aws-kms:KEY";
            return Err(Failure::Usage(text.to_owned()));
        }
        file(given).map(Self::File)
    }

    /// The file, for what there is only of a file.
    pub(crate) fn file_for(place: &Place, command: &str) -> Result<PathBuf, Failure> {
        let none = || {
            Failure::Usage(format!(
                "{command} is for a root key in a file. With aws-kms, keep copies of root.kms, which is of no use without \
                 KMS, and the erasable keys a second time with --erasable-copy"
            ))
        };
        if kms_key(place).is_some() {
            return Err(none());
        }
        match Self::of(place)? {
            Self::File(path) => Ok(path),
            Self::Kms { .. } => Err(none()),
        }
    }

    /// The provider; the root key is made if there is none and it may be.
    pub(crate) async fn provider(
        self,
        may_make: bool,
        data: &Path,
        second_place: Option<&Path>,
        clock: &Arc<dyn Clock>,
        rng: &Arc<dyn Rng>,
    ) -> Result<Arc<dyn KeyProvider>, Failure> {
        match self {
            Self::File(path) => {
                let open = || FileProvider::open(&path, data, clock.clone(), rng.clone());
                let provider = if !may_make || path.exists() {
                    open()?
                } else {
                    match FileProvider::create(&path, data, clock.clone(), rng.clone()) {
                        // Another process that shares the installation was quicker.
                        Err(ProviderError::AlreadyExists { .. }) => open()?,
                        other => other?,
                    }
                };
                Ok(Arc::new(in_second_place(provider, second_place, data)?))
            }
            Self::Kms { client, folder } => {
                if may_make && !KmsProvider::exists(&folder) {
                    KmsProvider::create(&client, &folder, data, clock.as_ref(), rng.as_ref()).await?;
                }
                let provider = KmsProvider::open(*client, &folder, data, clock.clone(), rng.clone()).await?;
                Ok(match second_place {
                    Some(second) => Arc::new(provider.with_second_place(second, data)?),
                    None => Arc::new(provider),
                })
            }
        }
    }
}

/// What is said of the root key, or of the bundle in its place: where it is, and how to keep it safe.
pub(crate) fn about(provider: &dyn KeyProvider) -> About {
    let name = provider.name();
    if let Some(path) = name.strip_prefix("bundle:") {
        return vec![("bundle", path.to_owned())];
    }
    let (root_key, keep_it) = match name.strip_prefix("file:") {
        Some(path) => {
            (path, "without it everything is lost; keep a copy: pilotfish keys escrow --recipient age1… --out FILE")
        }
        None => (
            name.as_str(),
            "without that key of KMS, root.kms and the erasable keys everything is lost; keep copies of root.kms, and the \
             erasable keys a second time: --erasable-copy DIR",
        ),
    };
    vec![("root key", root_key.to_owned()), ("", keep_it.to_owned())]
}

/// What is to be done after the root key has turned. Which provider it was is for the server to know.
pub(crate) const KEEP_AGAIN: &str = "keep the root key anew. In a file: pilotfish keys escrow --recipient age1… --out FILE. \
     Sealed by AWS KMS: keep a new copy of root.kms, since older ones do not hold the new version";

/// Has the provider keep the erasable keys in a second folder too, if one is named.
pub(crate) fn in_second_place(
    provider: FileProvider,
    folder: Option<&Path>,
    data: &Path,
) -> Result<FileProvider, ProviderError> {
    match folder {
        Some(folder) => provider.with_second_place(folder, data),
        None => Ok(provider),
    }
}

/// The file of `file:PATH`, or the default one.
fn file(given: Option<&str>) -> Result<PathBuf, Failure> {
    match given {
        Some(text) => match text.strip_prefix("file:") {
            Some(path) if !path.is_empty() => Ok(PathBuf::from(path)),
            _ => Err(Failure::Usage(format!("--root-key {text}: name a file as file:PATH, or a key as aws-kms:KEY"))),
        },
        None => Ok(state_folder()?.join("pilotfish").join("root.key")),
    }
}

/// The key of KMS, if `--root-key` names one.
fn kms_key(place: &Place) -> Option<&str> {
    place.root_key.as_deref()?.strip_prefix("aws-kms:")
}

fn of_kms(key: &str, args: &KmsArgs) -> Result<RootKey, Failure> {
    let usage = |text: &str| Failure::Usage(format!("--root-key aws-kms:{key}: {text}"));
    if key.is_empty() {
        return Err(usage("name a key by its ARN or id, or by an alias as alias/NAME"));
    }
    let folder = args.kms_folder.clone();
    let folder = folder.ok_or_else(|| usage("name a folder outside the data folder with --kms-folder"))?;
    let region = args.kms_region.clone().or_else(|| region_of(key)).or_else(|| variable("AWS_REGION"));
    let region = region.or_else(|| variable("AWS_DEFAULT_REGION"));
    let region = region.ok_or_else(|| usage("name the region with --kms-region or AWS_REGION"))?;
    let needed = |name: &str| variable(name).ok_or_else(|| usage(&format!("the variable {name} is not set")));
    let credentials = Credentials {
        access_key_id: needed("AWS_ACCESS_KEY_ID")?,
        secret_access_key: Secret::new(needed("AWS_SECRET_ACCESS_KEY")?),
        session_token: variable("AWS_SESSION_TOKEN").map(Secret::new),
    };
    let endpoint = args.kms_endpoint.clone().or_else(|| variable("AWS_ENDPOINT_URL_KMS"));
    let settings = Settings { key: key.to_owned(), region, endpoint, credentials };
    let client = KmsClient::new(settings, Arc::new(SystemClock)).map_err(|error| usage(&error.to_string()))?;
    Ok(RootKey::Kms { client: Box::new(client), folder })
}

/// The region that an ARN names: `arn:aws:kms:REGION:ACCOUNT:key/…`.
fn region_of(key: &str) -> Option<String> {
    let mut parts = key.strip_prefix("arn:")?.split(':').skip(2);
    parts.next().filter(|region| !region.is_empty()).map(str::to_owned)
}

#[allow(clippy::disallowed_methods, reason = "the binary is the one reader of the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// `$XDG_STATE_HOME`, or what the XDG specification says when it is unset.
#[allow(clippy::disallowed_methods, reason = "the binary is the one reader of the environment")]
fn state_folder() -> Result<PathBuf, Failure> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state"))).ok_or_else(|| {
        Failure::Refused("neither XDG_STATE_HOME nor HOME is set: name the root key with --root-key".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_names_its_region() {
        let arn = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        assert_eq!(region_of(arn).as_deref(), Some("eu-central-1"));
        assert_eq!(region_of("alias/pilotfish"), None);
    }
}
