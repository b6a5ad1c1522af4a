//! The limits that both sides keep in a session (rules T5, T8).

use std::time::Duration;

use fulcrum_proto::v1;

use crate::error::{SessionError, malformed};

/// The smallest limit of a message that is of use: an object stands in one batch whole.
const SMALLEST_MESSAGE: u32 = 64 * 1024;

/// The largest message that a side is willing to hold.
const LARGEST_MESSAGE: u32 = 16 * 1024 * 1024;

/// The limits of a session, as the cell states them in `SessionAccepted`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// The largest encoded envelope, in bytes. Batches are cut to it.
    pub max_message_bytes: u32,
    /// How often the agent sends a heartbeat.
    pub heartbeat_interval: Duration,
    /// How long a side that hears nothing waits before it asks whether the connection lives.
    pub keep_alive: Duration,
    /// How long it then waits for the answer.
    pub keep_alive_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_message_bytes: 4 * 1024 * 1024,
            heartbeat_interval: Duration::from_secs(10),
            keep_alive: Duration::from_secs(20),
            keep_alive_timeout: Duration::from_secs(10),
        }
    }
}

impl Limits {
    /// How long the other side may be silent before the connection is given up. Heartbeats and
    /// their answers come more often.
    #[must_use]
    pub fn silence(&self) -> Duration {
        self.keep_alive.saturating_add(self.keep_alive_timeout)
    }

    /// The most bytes that a message may have.
    #[must_use]
    pub fn message_bytes(&self) -> usize {
        usize::try_from(self.max_message_bytes).unwrap_or(usize::MAX)
    }

    /// The limits on the wire.
    #[must_use]
    pub fn to_wire(&self) -> v1::Limits {
        v1::Limits {
            max_message_bytes: self.max_message_bytes,
            heartbeat_interval_ms: millis(self.heartbeat_interval),
            keep_alive_ms: millis(self.keep_alive),
            keep_alive_timeout_ms: millis(self.keep_alive_timeout),
        }
    }

    /// The limits that a cell states.
    ///
    /// # Errors
    /// [`SessionError::Malformed`]: nobody could keep them.
    pub fn from_wire(limits: &v1::Limits) -> Result<Self, SessionError> {
        let read = Self {
            max_message_bytes: limits.max_message_bytes.min(LARGEST_MESSAGE),
            heartbeat_interval: Duration::from_millis(limits.heartbeat_interval_ms.into()),
            keep_alive: Duration::from_millis(limits.keep_alive_ms.into()),
            keep_alive_timeout: Duration::from_millis(limits.keep_alive_timeout_ms.into()),
        };
        let fault = |field, text: &str| Err(malformed("Limits", field, text));
        if read.max_message_bytes < SMALLEST_MESSAGE {
            return fault("max_message_bytes", "too small for an object");
        }
        if read.heartbeat_interval.is_zero() {
            return fault("heartbeat_interval_ms", "no time between two heartbeats");
        }
        if read.heartbeat_interval >= read.silence() {
            return fault("keep_alive_ms", "the connection would be given up between heartbeats");
        }
        Ok(read)
    }
}

fn millis(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}
