//! Passwords: Argon2id with OWASP's current parameters (19 MiB, 2 passes, 1 lane), and a keyed pepper.
//!
//! However many sign in, [`AT_A_TIME`] hashes are computed at a time, in as many buffers, which are made once and used
//! again; [`WAITING`] more may wait, and whoever comes next is refused at once.

use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use base::{Code, Problem, ProblemResult, Secret};
use keys::{KeyKind, Owner};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::Zeroize as _;

use crate::App;
use crate::problem::internal;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_LEN: usize = 16;
const HASH_LEN: usize = 32;
/// How many hashes are computed at a time: each takes 19 MiB and a core.
const AT_A_TIME: usize = 2;
/// How many may wait for their turn: about half a second's work.
const WAITING: usize = 16;

/// Hashes and checks passwords, a few at a time.
pub(crate) struct Passwords {
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
    buffers: Arc<Mutex<Vec<Vec<Block>>>>,
}

/// A place in the queue. It is given up when the hash is done, not when the client goes away.
pub(crate) struct Place(#[allow(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

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
    /// Ready to hash. The buffers are made when they are first needed.
    pub(crate) fn new() -> Self {
        Self {
            places: Arc::new(Semaphore::new(AT_A_TIME + WAITING)),
            turns: Arc::new(Semaphore::new(AT_A_TIME)),
            buffers: Arc::default(),
        }
    }

    /// Takes a place in the queue.
    ///
    /// # Errors
    /// 429 if all are taken.
    pub(crate) fn queue(&self) -> ProblemResult<Place> {
        self.places
            .clone()
            .try_acquire_owned()
            .map(Place)
            .map_err(|_| Problem::new(Code::TooManyRequests).detail("too many sign in at this moment").retry_after(1))
    }

    /// Hashes a password under the newest pepper: its version, and a PHC string.
    pub(crate) async fn hash(
        &self,
        app: &App,
        place: Place,
        password: &Secret<String>,
    ) -> ProblemResult<(u32, String)> {
        let (version, pepper) = app.keys.primary(KeyKind::Pepper, Owner::Installation).map_err(internal)?;
        let salt = app.rng.bytes::<SALT_LEN>();
        let password = password.clone();
        let hash = self
            .run(place, move |blocks| {
                let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| Failed("parameters"))?;
                let stored_params = ParamsString::try_from(&params).map_err(|_| Failed("parameters"))?;
                let mut output = [0; HASH_LEN];
                fill(&pepper, params, &password, &salt, &mut output, blocks)?;
                let hash = PasswordHash {
                    algorithm: Algorithm::Argon2id.ident(),
                    version: Some(Version::V0x13.into()),
                    params: stored_params,
                    salt: Some(Salt::new(&salt).map_err(|_| Failed("salt"))?),
                    hash: Some(Output::new(&output).map_err(|_| Failed("output"))?),
                };
                Ok(hash.to_string())
            })
            .await?;
        Ok((version, hash))
    }

    /// Whether a password is the one that was hashed.
    pub(crate) async fn verify(
        &self,
        app: &App,
        place: Place,
        password: &Secret<String>,
        hash: &str,
        pepper_version: u32,
    ) -> ProblemResult<bool> {
        let pepper = app.keys.version(KeyKind::Pepper, Owner::Installation, pepper_version).map_err(internal)?;
        let (password, hash) = (password.clone(), hash.to_owned());
        self.run(place, move |blocks| {
            let hash = PasswordHash::new(&hash).map_err(|_| Failed("stored hash"))?;
            let params = Params::try_from(&hash).map_err(|_| Failed("stored parameters"))?;
            let (Some(salt), Some(expected)) = (hash.salt, hash.hash) else { return Err(Failed("stored hash")) };
            let mut output = [0; HASH_LEN];
            fill(&pepper, params, &password, salt.as_ref(), &mut output, blocks)?;
            Ok(keys::hash::equal(&output, expected.as_ref()))
        })
        .await
    }

    /// Takes as long as [`Passwords::verify`] does, for an account that is not there.
    pub(crate) async fn verify_nothing(&self, app: &App, place: Place, password: &Secret<String>) -> ProblemResult<()> {
        self.hash(app, place, password).await.map(|_| ())
    }

    /// Waits for a turn, and does the work in one of the buffers. Place and turn end with the work itself, which goes on
    /// when the client does not wait for it.
    async fn run<T: Send + 'static>(
        &self,
        place: Place,
        work: impl FnOnce(&mut [Block]) -> Result<T, Failed> + Send + 'static,
    ) -> ProblemResult<T> {
        let turn = self.turns.clone().acquire_owned().await.map_err(internal)?;
        let buffers = self.buffers.clone();
        let done = tokio::task::spawn_blocking(move || {
            let _until_done = (place, turn);
            let kept = buffers.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut blocks = kept.unwrap_or_else(|| vec![Block::new(); MEMORY_KIB as usize]);
            let done = work(&mut blocks);
            for block in &mut blocks {
                block.zeroize();
            }
            buffers.lock().unwrap_or_else(PoisonError::into_inner).push(blocks);
            done
        });
        done.await.map_err(internal)?.map_err(internal)
    }
}

/// Whether a stored hash was made with today's algorithm and parameters.
pub(super) fn is_current(hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    let Ok(params) = Params::try_from(&hash) else { return false };
    hash.algorithm == Algorithm::Argon2id.ident()
        && (params.m_cost(), params.t_cost(), params.p_cost()) == (MEMORY_KIB, PASSES, LANES)
}

/// Computes Argon2id into `output`.
fn fill(
    pepper: &Secret<[u8; 32]>,
    params: Params,
    password: &Secret<String>,
    salt: &[u8],
    output: &mut [u8; HASH_LEN],
    blocks: &mut [Block],
) -> Result<(), Failed> {
    Argon2::new_with_secret(pepper.expose(), Algorithm::Argon2id, Version::V0x13, params)
        .map_err(|_| Failed("pepper"))?
        .hash_password_into_with_memory(password.expose().as_bytes(), salt, output, blocks)
        .map_err(|_| Failed("argon2"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestApp;
    use app_test::app_test;

    #[app_test]
    async fn two_buffers_serve_all_and_who_finds_the_queue_full_is_refused(app: TestApp) {
        let (passwords, password) = (Passwords::new(), Secret::new("a wrong password".to_owned()));
        let hash = async || passwords.hash(app.app(), passwords.queue()?, &password).await;
        let done = futures::future::join_all((0..30).map(|_| hash())).await;
        assert_eq!(done.iter().filter(|done| done.is_ok()).count(), AT_A_TIME + WAITING);
        let refused = done.iter().find_map(|done| done.as_ref().err()).unwrap();
        assert_eq!((refused.code, refused.retry_after), (Code::TooManyRequests, Some(1)));
        let kept = || -> Vec<usize> {
            passwords.buffers.lock().unwrap().iter().map(|buffer| buffer.as_ptr().addr()).collect()
        };
        let before = kept();
        assert!(before.len() <= AT_A_TIME, "{before:?}");
        hash().await.unwrap();
        assert!(kept().iter().all(|buffer| before.contains(buffer)), "a buffer was made anew");
    }

    #[app_test]
    async fn a_hash_of_weaker_parameters_is_made_anew_at_sign_in(app: TestApp) {
        let read = async || {
            let row = ::store::sql("SELECT password, pepper_version FROM members");
            let row = row.fetch_one(app.app().main.read(::store::Scope::System)).await.unwrap();
            (row.get::<String>("password").unwrap(), row.get::<u32>("pepper_version").unwrap())
        };
        let (strong, version) = read().await;
        assert!(is_current(&strong) && !is_current("") && !is_current("$argon2i$v=19$m=19456,t=2,p=1$AAAA$AAAA"));
        let pepper = app.app().keys.version(KeyKind::Pepper, Owner::Installation, version).unwrap();
        let params = Params::new(8 * 1024, 1, 1, None).unwrap();
        let (salt, mut output) = ([7; SALT_LEN], [0; HASH_LEN]);
        let password = Secret::new(crate::testing::PASSWORD.to_owned());
        let mut blocks = vec![Block::new(); 8 * 1024];
        let stored = ParamsString::try_from(&params).unwrap();
        fill(&pepper, params, &password, &salt, &mut output, &mut blocks).unwrap();
        let weak = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: stored,
            salt: Some(Salt::new(&salt).unwrap()),
            hash: Some(Output::new(&output).unwrap()),
        };
        let mut tx = app.app().main.begin(::store::Scope::System).await.unwrap();
        let set = ::store::sql("UPDATE members SET password = $1").bind(weak.to_string());
        set.execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        app.sign_in().await;
        let (anew, _) = read().await;
        assert!(is_current(&anew), "{anew}");
        app.sign_in().await;
    }

    #[app_test]
    async fn a_place_is_held_until_the_hash_is_done(app: TestApp) {
        let (passwords, password) = (Passwords::new(), Secret::new("a wrong password".to_owned()));
        for _ in 0..AT_A_TIME {
            let hash = passwords.hash(app.app(), passwords.queue().unwrap(), &password);
            // The client goes away once the work has begun.
            assert!(tokio::time::timeout(std::time::Duration::ZERO, hash).await.is_err());
        }
        assert!(passwords.places.available_permits() < AT_A_TIME + WAITING);
    }
}
