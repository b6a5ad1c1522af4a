//! From when to when a certificate holds, and when its holder asks for the next one.

use std::time::Duration;

use rustls::pki_types::UnixTime;

use crate::moment;

/// How much earlier than it was made a certificate starts to hold, so that a peer whose clock is a
/// little behind accepts it.
const SKEW: Duration = Duration::from_secs(5 * 60);

/// The window in which a certificate holds; both ends belong to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Validity {
    not_before: UnixTime,
    not_after: UnixTime,
}

impl Validity {
    /// Holds for `lifetime` from `now`, and from five minutes before it.
    #[must_use]
    pub fn starting(now: UnixTime, lifetime: Duration) -> Self {
        Self { not_before: moment::before(now, SKEW), not_after: moment::after(now, lifetime) }
    }

    /// The window that a certificate states.
    pub(crate) fn stated(not_before: UnixTime, not_after: UnixTime) -> Self {
        Self { not_before, not_after }
    }

    /// This window, ended where `outer` ends: no certificate outlives its CA.
    #[must_use]
    pub(crate) fn within(self, outer: Self) -> Self {
        Self { not_after: self.not_after.min(outer.not_after), ..self }
    }

    /// When it begins.
    #[must_use]
    pub fn not_before(&self) -> UnixTime {
        self.not_before
    }

    /// Its last second.
    #[must_use]
    pub fn not_after(&self) -> UnixTime {
        self.not_after
    }

    /// Whether `now` lies in it.
    #[must_use]
    pub fn covers(&self, now: UnixTime) -> bool {
        self.not_before <= now && now <= self.not_after
    }

    /// When its holder asks for the next certificate: after two thirds of it, whoever issued it
    /// (rule T6).
    #[must_use]
    pub fn renew_after(&self) -> UnixTime {
        let span = self.not_after.as_secs().saturating_sub(self.not_before.as_secs());
        moment::after(self.not_before, Duration::from_secs(span / 3 * 2))
    }
}

#[cfg(test)]
mod tests;
