//! Times as a reader wants them: since the first event, and in UTC.

use crate::verdict::{Judgement, Line};
use jiff::Timestamp;

/// Knows the first event that a judgement shows.
pub(super) struct Clock {
    first: Option<Timestamp>,
}

impl Clock {
    pub(super) fn of(judgement: &Judgement) -> Self {
        let witnesses = judgement.findings.iter().flat_map(|finding| &finding.witness);
        let events = judgement.timeline.iter().chain(witnesses);
        Self { first: events.map(|event: &Line| event.at).min() }
    }

    /// What the times mean, when there are any.
    pub(super) fn legend(&self) -> Option<String> {
        let first = self.first?;
        Some(format!(
            "Times count from the first event shown, {first:.3}; beside them stands the UTC."
        ))
    }

    /// `  +95.123 s  13:29:43.651`, in columns.
    pub(super) fn stamp(&self, at: Timestamp) -> String {
        let since = at.duration_since(self.first.unwrap_or(at)).as_millis();
        let since = format!("+{}.{:03}", since / 1000, since % 1000);
        format!("{since:>9} s  {}", at.strftime("%H:%M:%S%.3f"))
    }
}
