//! How long to wait before the next dial: twice as long after each failure, and never all agents at
//! once.

use std::time::Duration;

/// Pauses that double, with chance that is handed in.
#[derive(Clone, Debug)]
pub struct Backoff {
    shortest: Duration,
    longest: Duration,
    failures: u32,
}

impl Backoff {
    /// Pauses from `shortest` to `longest`.
    #[must_use]
    pub fn new(shortest: Duration, longest: Duration) -> Self {
        Self { shortest, longest, failures: 0 }
    }

    /// It went well: the next pause is a short one.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// The next pause: half of it is certain, the other half is `chance`, from 0 to 1.
    pub fn pause(&mut self, chance: f64) -> Duration {
        let doubled = 2_u32.saturating_pow(self.failures.min(31));
        self.failures = self.failures.saturating_add(1);
        let whole = self.shortest.saturating_mul(doubled).min(self.longest);
        whole.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(5));
        let pauses: Vec<u64> = (0..5).map(|_| backoff.pause(1.0).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 5, 5]);
        backoff.reset();
        assert_eq!(backoff.pause(0.0), Duration::from_millis(500));
    }

    #[test]
    fn endless_failures_overflow_nothing() {
        let longest = Duration::from_secs(60);
        let mut backoff = Backoff::new(Duration::from_secs(1), longest);
        for _ in 0..100 {
            assert!(backoff.pause(0.7) <= longest);
        }
    }
}
