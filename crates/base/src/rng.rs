//! Randomness, injected so that tests repeat.

use std::convert::Infallible;
use std::sync::Mutex;

use rand::SeedableRng;
use rand::rngs::{StdRng, SysRng};
use rand_core::{Rng as _, TryCryptoRng, TryRng};

/// Where randomness comes from. Every implementation must be fit for keys.
pub trait Rng: Send + Sync + 'static {
    /// Fills the bytes.
    fn fill(&self, bytes: &mut [u8]);
}

impl dyn Rng {
    /// So many random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }
}

/// The operating system's randomness.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemRng;

impl Rng for SystemRng {
    /// # Panics
    /// If the operating system has no randomness to give: nothing safe can be done then.
    fn fill(&self, bytes: &mut [u8]) {
        if let Err(error) = SysRng.try_fill_bytes(bytes) {
            panic!("the operating system gave no randomness: {error}");
        }
    }
}

/// The same bytes for the same seed, for tests and vectors.
pub struct SeededRng(Mutex<StdRng>);

impl SeededRng {
    /// A generator that starts from this seed.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }
}

impl Rng for SeededRng {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).fill_bytes(bytes);
    }
}

/// An [`Rng`] in the shape that `rand_core`'s users ask for.
pub struct CryptoRngOf<'a>(pub &'a dyn Rng);

impl TryRng for CryptoRngOf<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(self.0.bytes()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(self.0.bytes()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for CryptoRngOf<'_> {}
