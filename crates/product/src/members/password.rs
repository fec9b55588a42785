//! Passwords: Argon2id with OWASP's current parameters (19 MiB, 2 passes, 1 lane), and a keyed pepper.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use base::{Code, Problem, ProblemResult, Secret};
use keys::{KeyKind, Owner};
use tokio::sync::Semaphore;

use crate::App;
use crate::problem::internal;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_LEN: usize = 16;
/// How many hashes are computed at a time: each takes 19 MiB and a core.
const AT_A_TIME: usize = 2;
/// NIST SP 800-63B-4 for a password that is the only factor.
const SHORTEST: usize = 15;
const LONGEST: usize = 256;

/// Hashes and checks passwords, a few at a time.
pub(crate) struct Passwords {
    at_a_time: Semaphore,
}

/// The work could not be done; says nothing of the password.
#[derive(Debug, thiserror::Error)]
#[error("a password could not be hashed ({0})")]
struct Failed(&'static str);

impl Default for Passwords {
    fn default() -> Self {
        Self::new()
    }
}

impl Passwords {
    /// Ready to hash.
    pub(crate) fn new() -> Self {
        Self { at_a_time: Semaphore::new(AT_A_TIME) }
    }

    /// Hashes a password under the newest pepper: its version, and a PHC string.
    pub(crate) async fn hash(&self, app: &App, password: &Secret<String>) -> ProblemResult<(u32, String)> {
        let (version, pepper) = app.keys.primary(KeyKind::Pepper, Owner::Installation).map_err(internal)?;
        let salt = app.rng.bytes::<SALT_LEN>();
        let password = password.clone();
        let hash = self
            .run(move || {
                let hash = argon2(&pepper)?.hash_password_with_salt(password.expose().as_bytes(), &salt);
                hash.map(|hash| hash.to_string()).map_err(|_| Failed("argon2"))
            })
            .await?;
        Ok((version, hash))
    }

    /// Whether a password is the one that was hashed.
    pub(crate) async fn verify(
        &self,
        app: &App,
        password: &Secret<String>,
        hash: &str,
        pepper_version: u32,
    ) -> ProblemResult<bool> {
        let pepper = app.keys.version(KeyKind::Pepper, Owner::Installation, pepper_version).map_err(internal)?;
        let (password, hash) = (password.clone(), hash.to_owned());
        self.run(move || {
            let hash = PasswordHash::new(&hash).map_err(|_| Failed("stored hash"))?;
            Ok(argon2(&pepper)?.verify_password(password.expose().as_bytes(), &hash).is_ok())
        })
        .await
    }

    /// Takes as long as [`Passwords::verify`] does, for an account that is not there.
    pub(crate) async fn verify_nothing(&self, app: &App, password: &Secret<String>) -> ProblemResult<()> {
        self.hash(app, password).await.map(|_| ())
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Failed> + Send + 'static,
    ) -> ProblemResult<T> {
        let _permit = self.at_a_time.acquire().await.map_err(internal)?;
        tokio::task::spawn_blocking(work).await.map_err(internal)?.map_err(internal)
    }
}

fn argon2(pepper: &Secret<[u8; 32]>) -> Result<Argon2<'_>, Failed> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| Failed("parameters"))?;
    Argon2::new_with_secret(pepper.expose(), Algorithm::Argon2id, Version::V0x13, params).map_err(|_| Failed("pepper"))
}

/// Whether a new password is long enough. There are no rules on its characters.
///
/// # Errors
/// 422 at `/password`.
pub(crate) fn check_new(password: &Secret<String>) -> ProblemResult<()> {
    let length = password.expose().chars().count();
    if (SHORTEST..=LONGEST).contains(&length) {
        return Ok(());
    }
    Err(Problem::new(Code::InvalidValue)
        .field("/password", format!("use {SHORTEST} to {LONGEST} characters; a few words in a row are good")))
}
