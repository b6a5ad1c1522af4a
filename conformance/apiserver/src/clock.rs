//! The time, as it is handed in.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Says what time it is.
pub trait Clock: Send + Sync {
    /// The present.
    fn now(&self) -> Timestamp;
}

/// The time of the tokio runtime, counted from a given moment; it stands still when the runtime
/// is paused.
#[derive(Clone, Copy, Debug)]
pub struct RuntimeClock {
    start: Timestamp,
    began: Instant,
}

impl RuntimeClock {
    /// A clock that shows `start` now. Only inside a runtime.
    #[must_use]
    pub fn starting_at(start: Timestamp) -> Self {
        Self { start, began: Instant::now() }
    }
}

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        self.start.checked_add(self.began.elapsed()).unwrap_or(Timestamp::MAX)
    }
}

/// A moment as objects show it: RFC 3339 with seconds, UTC.
#[must_use]
pub fn seconds(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A moment after another.
#[must_use]
pub fn later(now: Timestamp, delay: SignedDuration) -> Timestamp {
    now.checked_add(delay).unwrap_or(Timestamp::MAX)
}

/// How long from `now` until `then`; nothing if it is past.
#[must_use]
pub fn until(now: Timestamp, then: Timestamp) -> Duration {
    Duration::try_from(then.duration_since(now)).unwrap_or_default()
}

impl fmt::Debug for dyn Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}
