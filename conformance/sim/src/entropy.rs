//! Chance of the simulation: one seed, and a stream of its own for everybody who draws.
//!
//! A stream depends on the seed and on its label alone, so that one more draw somewhere does not
//! move the draws elsewhere.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use fulcrum_apiserver::entropy::{Entropy, Seeded};

/// The prime of FNV-1a, 64 bits.
const PRIME: u64 = 0x0100_0000_01b3;

/// Chance, as it is handed to everybody. Clones draw from the same stream.
#[derive(Clone)]
pub struct SharedEntropy {
    seed: u64,
    stream: Arc<Seeded>,
}

impl SharedEntropy {
    /// Chance from this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, stream: Arc::new(Seeded::new(seed)) }
    }

    /// A stream for somebody, named by a label; what is drawn from this one does not change it.
    #[must_use]
    pub fn fork(&self, label: &str) -> Self {
        let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(PRIME);
        Self::new(label.bytes().fold(self.seed ^ 0xcbf2_9ce4_8422_2325, mix))
    }

    /// 64 bits.
    #[must_use]
    pub fn bits(&self) -> u64 {
        self.stream.bits()
    }

    /// A number below `limit`.
    #[must_use]
    pub fn below(&self, limit: u64) -> u64 {
        self.stream.below(limit)
    }

    /// Five letters, as they end generated names.
    #[must_use]
    pub fn suffix(&self) -> String {
        self.stream.suffix()
    }

    /// A duration from `low` to `high`, in microseconds.
    #[must_use]
    pub fn between(&self, low: Duration, high: Duration) -> Duration {
        let width = u64::try_from(high.saturating_sub(low).as_micros()).unwrap_or(u64::MAX - 1);
        low + Duration::from_micros(self.below(width.saturating_add(1)))
    }

    /// A duration that differs from `middle` by at most so many percent.
    #[must_use]
    pub fn around(&self, middle: Duration, percent: u32) -> Duration {
        let off = middle * percent.min(100) / 100;
        self.between(middle.saturating_sub(off), middle + off)
    }

    /// As the API server takes it.
    #[must_use]
    pub fn handle(&self) -> Arc<dyn Entropy> {
        let stream: Arc<Seeded> = Arc::clone(&self.stream);
        stream
    }
}

impl Entropy for SharedEntropy {
    fn bits(&self) -> u64 {
        self.stream.bits()
    }
}

impl fmt::Debug for SharedEntropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedEntropy({})", self.seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_depends_on_seed_and_label_alone() {
        let (one, other) = (SharedEntropy::new(7), SharedEntropy::new(7));
        let _ = one.bits();
        assert_eq!(one.fork("a").bits(), other.fork("a").bits());
        assert_ne!(one.fork("a").bits(), one.fork("b").bits());
        assert_ne!(one.fork("a").bits(), SharedEntropy::new(8).fork("a").bits());
    }

    #[test]
    fn durations_stay_in_their_bounds() {
        let entropy = SharedEntropy::new(1);
        let (low, high) = (Duration::from_millis(1), Duration::from_millis(5));
        for _ in 0..1000 {
            assert!((low..=high).contains(&entropy.between(low, high)));
            let around = entropy.around(Duration::from_secs(5), 20);
            assert!((Duration::from_secs(4)..=Duration::from_secs(6)).contains(&around));
        }
        assert_eq!(entropy.between(high, high), high);
    }
}
