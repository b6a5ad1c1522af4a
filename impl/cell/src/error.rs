//! Everything that a cell can fail in.

/// What could not be done, and with what. No text holds a key or a token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CellError {
    /// The API server of the cell refused a request.
    #[error("{action} {object} on the parent")]
    Request {
        /// What was asked for.
        action: &'static str,
        /// The object.
        object: String,
        /// What the API server says.
        #[source]
        source: Box<kube::Error>,
    },
    /// The API server of the cell did not answer in time.
    #[error("{action} {object} on the parent: no answer before the deadline")]
    Deadline {
        /// What was asked for.
        action: &'static str,
        /// The object.
        object: String,
    },
    /// Somebody else writes to an object all the time.
    #[error("write {object} on the parent: it was changed by somebody else again and again")]
    Contended {
        /// The object.
        object: String,
    },
    /// A Secret lacks what it should hold.
    #[error("read {object} on the parent: it has no {field}")]
    Incomplete {
        /// The Secret.
        object: String,
        /// The key that is missing or cannot be read.
        field: &'static str,
    },
    /// A certificate, a key or a token could not be made or read.
    #[error("{action}")]
    Identity {
        /// What was to be done.
        action: &'static str,
        /// What is wrong.
        #[source]
        source: fulcrum_identity::Error,
    },
    /// A mover could not be made.
    #[error("begin to watch over {cluster}")]
    Mover {
        /// The cluster, `namespace/name`.
        cluster: String,
        /// What is wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A listener ended.
    #[error("serve the {listener} listener")]
    Serve {
        /// `pivot` or `enrolment`.
        listener: &'static str,
        /// What is wrong.
        #[source]
        source: tonic::transport::Error,
    },
    /// The watch of the ManagedClusters ended.
    #[error("watch ManagedClusters on the parent: the watch ended")]
    WatchEnded,
}

impl CellError {
    /// An error of [`fulcrum_identity`], while `action` was done.
    pub(crate) fn identity(action: &'static str) -> impl Fn(fulcrum_identity::Error) -> Self {
        move |source| Self::Identity { action, source }
    }
}
