//! The clock that is handed in, as certificates and messages take it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use fulcrum_mover::Clock;
use jiff::Timestamp;
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;

/// A time as certificates take it; what lies before 1970 is 1970.
#[must_use]
pub fn unix(time: Timestamp) -> UnixTime {
    let seconds = u64::try_from(time.as_second()).unwrap_or_default();
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

/// A time as messages carry it: milliseconds since 1970 began.
#[must_use]
pub fn millis(time: UnixTime) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX).saturating_mul(1000)
}

/// The clock of handshakes.
#[derive(Clone)]
pub struct HandshakeClock(Arc<dyn Clock>);

impl HandshakeClock {
    /// Tells the time of `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self(clock))
    }
}

impl fmt::Debug for HandshakeClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HandshakeClock")
    }
}

impl TimeProvider for HandshakeClock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(unix(self.0.now()))
    }
}
