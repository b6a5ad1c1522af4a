//! Everything that can be wrong with what a session carries. No text holds a manifest.

use fulcrum_model::batch::BatchError;
use fulcrum_proto::v1;

/// What could not be read or written, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// A field of a message cannot be read.
    #[error("read {message}.{field}: {fault}")]
    Malformed {
        /// The message, as the protocol calls it.
        message: &'static str,
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        fault: String,
    },
    /// A message is about another cluster than the session.
    #[error("read a message of cluster {expected}: it names {named:?}")]
    OtherCluster {
        /// The cluster of the session.
        expected: String,
        /// What the message names.
        named: String,
    },
    /// Batches before this one never arrived.
    #[error("take batch {number} of a move: {expected} should have come first")]
    Gap {
        /// The number of what came.
        number: u64,
        /// The number that is missing.
        expected: u64,
    },
    /// More than a side is willing to hold.
    #[error("take {what}: {size} is more than the {limit} that are allowed")]
    TooLarge {
        /// What it is.
        what: &'static str,
        /// How much came.
        size: u64,
        /// How much may come.
        limit: u64,
    },
    /// A set has an object without a manifest: it cannot be sent.
    #[error("send {object}: its manifest is missing")]
    NoManifest {
        /// The object.
        object: String,
    },
    /// A manifest cannot be written as JSON.
    #[error("send {object}: its manifest is no JSON")]
    WriteManifest {
        /// The object.
        object: String,
    },
    /// A set cannot be cut into batches.
    #[error("cut a set into batches")]
    Cut {
        /// The objects that are too large.
        #[source]
        source: BatchError,
    },
    /// Both sides speak nothing in common.
    #[error("agree on {what}: the agent speaks {theirs}, the cell {ours}")]
    NoCommon {
        /// What they should agree on.
        what: &'static str,
        /// What the agent speaks.
        theirs: String,
        /// What the cell speaks.
        ours: String,
    },
}

impl SessionError {
    /// Whether the sender may try the same again: it starts from its first batch.
    #[must_use]
    pub fn is_retriable(&self) -> bool {
        matches!(self, Self::Gap { .. })
    }

    /// Why a session ends because of it.
    #[must_use]
    pub fn end_reason(&self) -> v1::SessionEndReason {
        match self {
            Self::OtherCluster { .. } => v1::SessionEndReason::OtherCluster,
            Self::NoCommon { .. } => v1::SessionEndReason::NoCommonVersion,
            _ => v1::SessionEndReason::ProtocolError,
        }
    }
}

/// The error of one field.
pub(crate) fn malformed(
    message: &'static str,
    field: &'static str,
    fault: impl Into<String>,
) -> SessionError {
    SessionError::Malformed { message, field, fault: fault.into() }
}
