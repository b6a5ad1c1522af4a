//! Everything that an agent can fail in.

use crate::connect::Listener;

/// What could not be done, and with what. No text holds a key or a token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgentError {
    /// The API server of the child refused a request.
    #[error("{action} {object} on the child")]
    Request {
        /// What was asked for.
        action: &'static str,
        /// The object.
        object: String,
        /// What the API server says.
        #[source]
        source: Box<kube::Error>,
    },
    /// The API server of the child did not answer in time.
    #[error("{action} {object} on the child: no answer before the deadline")]
    Deadline {
        /// What was asked for.
        action: &'static str,
        /// The object.
        object: String,
    },
    /// A certificate or a key could not be made or read.
    #[error("{action}")]
    Identity {
        /// What was to be done.
        action: &'static str,
        /// What is wrong.
        #[source]
        source: fulcrum_identity::Error,
    },
    /// The cell answered without what was asked for.
    #[error("{action}: the answer of the cell has no certificate")]
    NoCertificate {
        /// What was to be done.
        action: &'static str,
    },
    /// There is no certificate that holds, and no token for a new one.
    #[error("enrol {cluster}: there is no one-time token")]
    NotInvited {
        /// The cluster.
        cluster: String,
    },
    /// The host of the cell is none.
    #[error("dial the cell at {host:?}: it is no DNS name and no IP address")]
    Host {
        /// The host.
        host: String,
    },
    /// The cell was not reached.
    #[error("dial the {listener} of the cell at {host}")]
    Dial {
        /// Which of its listeners.
        listener: Listener,
        /// The host.
        host: String,
        /// What is wrong.
        #[source]
        source: tonic::transport::Error,
    },
    /// The cell refused a call.
    #[error("{action}: the cell says {code:?}, {message}")]
    Refused {
        /// What was asked for.
        action: &'static str,
        /// The status.
        code: tonic::Code,
        /// What the cell says.
        message: String,
    },
    /// The cell did not answer in time.
    #[error("{action}: no answer of the cell in time")]
    Silent {
        /// What was asked for.
        action: &'static str,
    },
    /// What the cell said cannot be accepted.
    #[error("talk to the cell")]
    Session(#[from] fulcrum_session::SessionError),
    /// The mover ended.
    #[error("move {cluster}")]
    Mover {
        /// The cluster.
        cluster: String,
        /// What is wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl AgentError {
    /// An error of [`fulcrum_identity`], while `action` was done.
    pub(crate) fn identity(action: &'static str) -> impl Fn(fulcrum_identity::Error) -> Self {
        move |source| Self::Identity { action, source }
    }

    /// A status of the cell, to `action`.
    pub(crate) fn refused(action: &'static str) -> impl Fn(tonic::Status) -> Self {
        move |status| Self::Refused {
            action,
            code: status.code(),
            message: status.message().to_owned(),
        }
    }
}
