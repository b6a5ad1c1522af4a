//! How a cell says no: a reason of the protocol, a gRPC status and a trailer (rules T2, T3, T4).

use fulcrum_proto::v1::SessionEndReason as Reason;
use fulcrum_proto::v1::{self, from_cell};
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Status};

/// The trailer that holds the name of the reason.
const TRAILER: &str = "pivot-refusal";

/// Why a session ends, or does not begin.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) reason: Reason,
    pub(crate) newer: u64,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, newer: 0, message: message.into() }
    }

    /// A newer session of the same cluster has begun.
    pub(crate) fn superseded(newer: u64) -> Self {
        let message = format!("session {newer} of the same cluster has begun");
        Self { newer, ..Self::new(Reason::Superseded, message) }
    }

    /// The cell stops, or is not ready yet: the agent dials again.
    pub(crate) fn unavailable(message: &str) -> Self {
        Self::new(Reason::ShuttingDown, message)
    }

    /// What is wrong with who calls.
    pub(crate) fn of_identity(error: &fulcrum_identity::Error) -> Self {
        use fulcrum_identity::Error;

        let reason = match error {
            Error::NoCertificate => Reason::NoCertificate,
            Error::CertificateExpired { .. } | Error::CertificateNotYetValid { .. } => {
                Reason::CertificateExpired
            }
            Error::CertificateRevoked { .. } => Reason::CertificateRevoked,
            Error::OtherCluster { .. } | Error::UnnamedPeer { .. } => Reason::OtherCluster,
            _ => Reason::UnknownCa,
        };
        Self::new(reason, error.to_string())
    }

    /// What is wrong with what was said.
    pub(crate) fn of_session(error: &fulcrum_session::SessionError) -> Self {
        Self::new(error.end_reason(), error.to_string())
    }

    /// The last message of the session.
    pub(crate) fn ended(&self) -> v1::FromCell {
        let ended = v1::SessionEnded {
            reason: self.reason.into(),
            newer_session: self.newer,
            message: self.message.clone(),
        };
        v1::FromCell { body: Some(from_cell::Body::Ended(ended)) }
    }

    /// The status of the call.
    pub(crate) fn status(&self) -> Status {
        let code = match self.reason {
            Reason::NoCertificate
            | Reason::UnknownCa
            | Reason::CertificateExpired
            | Reason::CertificateRevoked => Code::Unauthenticated,
            Reason::Superseded => Code::Aborted,
            Reason::ShuttingDown => Code::Unavailable,
            _ => Code::FailedPrecondition,
        };
        let mut trailer = MetadataMap::new();
        trailer.insert(TRAILER, MetadataValue::from_static(self.reason.as_str_name()));
        Status::with_metadata(code, self.message.clone(), trailer)
    }
}
