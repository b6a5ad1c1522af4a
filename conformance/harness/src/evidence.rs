//! What a judgement rests on: the audit logs of both API servers and a record of the
//! infrastructure, as files or as bytes.

use crate::audit::{self, AuditError};
use crate::history::{History, Records, Side};
use crate::infrastructure::{self, InfrastructureError};
use crate::input::Input;
use std::time::Duration;

/// How far the clocks of machines may be from each other where nothing else is stated: what a time
/// daemon keeps with ease over the internet. No log shows that one ran; who has none states more.
pub const CLOCK_ERROR: Duration = Duration::from_millis(100);

/// Everything that a judgement may rest on. Several files of one kind are read as one.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// Audit logs of the API server that gives the cluster away.
    pub source: Vec<Input>,
    /// Audit logs of the API server that takes it.
    pub target: Vec<Input>,
    /// Records of the infrastructure.
    pub infrastructure: Vec<Input>,
    /// How far the clocks of both sides and of the infrastructure may be from each other; zero
    /// where they are one machine's.
    pub clock_error: Duration,
}

impl Default for Evidence {
    fn default() -> Self {
        Self {
            source: Vec::new(),
            target: Vec::new(),
            infrastructure: Vec::new(),
            clock_error: CLOCK_ERROR,
        }
    }
}

/// Why evidence cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// An audit log.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// A record of the infrastructure.
    #[error(transparent)]
    Infrastructure(#[from] InfrastructureError),
}

impl Evidence {
    /// Reads all of it, both sides at once, into one history.
    ///
    /// # Errors
    /// When something cannot be read or is not what it should be; the error names file and line.
    pub fn read(&self) -> Result<History, EvidenceError> {
        let (source, target) = std::thread::scope(|scope| {
            let source = scope.spawn(|| audit::read(Side::Source, &self.source));
            let target = audit::read(Side::Target, &self.target);
            (source.join().expect("reading a log does not panic"), target)
        });
        let (source, target) = (source?, target?);
        let record = infrastructure::read(&self.infrastructure)?;
        let records = Records {
            source: !self.source.is_empty(),
            target: !self.target.is_empty(),
            infrastructure: !self.infrastructure.is_empty(),
            connections: false,
        };
        let mut entries = source.entries;
        entries.extend(target.entries);
        entries.extend(record);
        let notes = [source.notes, target.notes].concat();
        Ok(History::new(entries, records, notes).within(self.clock_error))
    }
}
