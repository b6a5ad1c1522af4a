//! Times as certificates and tokens hold them: whole seconds, 1970 to 9999.

use std::fmt;
use std::time::Duration;

use rustls::pki_types::UnixTime;

/// 9999-12-31T23:59:59Z, the last second that a certificate can state.
const LAST: u64 = 253_402_300_799;

/// The second `seconds` after 1970 began, or the last one there is.
pub(crate) fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds.min(LAST)))
}

/// `span` after `time`, or the last second there is.
pub(crate) fn after(time: UnixTime, span: Duration) -> UnixTime {
    at(time.as_secs().saturating_add(span.as_secs()))
}

/// `span` before `time`, or the first second there is.
pub(crate) fn before(time: UnixTime, span: Duration) -> UnixTime {
    at(time.as_secs().saturating_sub(span.as_secs()))
}

/// A time as people read it, such as `2026-01-31T12:00:00Z`.
pub(crate) struct Utc(pub(crate) UnixTime);

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        match i64::try_from(seconds).ok().and_then(|s| jiff::Timestamp::from_second(s).ok()) {
            Some(timestamp) => write!(f, "{timestamp}"),
            None => write!(f, "second {seconds} after 1970 began"),
        }
    }
}
