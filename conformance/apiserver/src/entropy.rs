//! Chance, as it is handed in: uids and the ends of generated names.

use std::sync::{Mutex, PoisonError};

use uuid::{Builder, Uuid};

/// The letters of generated names: without vowels, so that they form no words.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// Where chance comes from.
pub trait Entropy: Send + Sync {
    /// 64 bits.
    fn bits(&self) -> u64;

    /// A new uid.
    fn uuid(&self) -> Uuid {
        let bytes = (u128::from(self.bits()) << 64) | u128::from(self.bits());
        Builder::from_random_bytes(bytes.to_be_bytes()).into_uuid()
    }

    /// A number below `limit`.
    fn below(&self, limit: u64) -> u64 {
        self.bits() % limit.max(1)
    }

    /// The end of a generated name.
    fn suffix(&self) -> String {
        let letter = || {
            let at = usize::try_from(self.below(LETTERS.len() as u64)).unwrap_or_default();
            char::from(LETTERS[at])
        };
        (0..5).map(|_| letter()).collect()
    }
}

/// Chance from a seed: the same seed gives the same numbers (splitmix64).
#[derive(Debug)]
pub struct Seeded(Mutex<u64>);

impl Seeded {
    /// From this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }
}

impl Entropy for Seeded {
    fn bits(&self) -> u64 {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
