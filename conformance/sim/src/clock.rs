//! The time of the simulation: that of the paused tokio runtime, shared by everybody in it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use fulcrum_apiserver::clock::{self, Clock, RuntimeClock};
use jiff::Timestamp;
use tokio::time::{Instant, sleep_until};

/// The time, as it is handed to everybody. Clones show the same.
#[derive(Clone)]
pub struct SharedClock(Arc<dyn Clock>);

impl SharedClock {
    /// Shares a clock.
    #[must_use]
    pub fn new(clock: impl Clock + 'static) -> Self {
        Self(Arc::new(clock))
    }

    /// The clock of the runtime, which shows `start` now. Only inside a runtime.
    #[must_use]
    pub fn starting_at(start: Timestamp) -> Self {
        Self::new(RuntimeClock::starting_at(start))
    }

    /// The present.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.now()
    }

    /// The present as objects show it: RFC 3339 with seconds, UTC.
    #[must_use]
    pub fn text(&self) -> String {
        clock::seconds(self.now())
    }

    /// The present as leases show it: RFC 3339 with microseconds, UTC.
    #[must_use]
    pub fn micro(&self) -> String {
        self.now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
    }

    /// How long ago a moment is that an object shows; nothing for one to come or for no time.
    #[must_use]
    pub fn since(&self, moment: &str) -> Option<Duration> {
        let then: Timestamp = moment.parse().ok()?;
        Duration::try_from(self.now().duration_since(then)).ok()
    }

    /// As the API server takes it.
    #[must_use]
    pub fn handle(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.0)
    }
}

impl Clock for SharedClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

impl fmt::Debug for SharedClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedClock({})", self.now())
    }
}

/// Waits until a moment; for ever without one.
pub(crate) async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
