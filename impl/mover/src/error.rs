//! Why a mover, or a reading, stops.

use fulcrum_model::object::{ObjectError, ObjectKey};
use fulcrum_model::select::SelectError;

use crate::api::ApiError;
use crate::record::RecordError;
use crate::settings::ClusterName;

/// Why a mover cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MoverError {
    /// What is stored is no record that this version understands: it must not act on it.
    #[error("read the record of {cluster}")]
    Record {
        /// The cluster.
        cluster: ClusterName,
        /// What is wrong with it.
        #[source]
        source: RecordError,
    },
    /// Nobody can talk to it any more.
    #[error("move {cluster}: every handle is gone")]
    Abandoned {
        /// The cluster.
        cluster: ClusterName,
    },
    /// The record could not be founded.
    #[error("found the record of {cluster}")]
    Found {
        /// The cluster.
        cluster: ClusterName,
        /// Why not.
        #[source]
        source: ApiError,
    },
}

/// Why the objects of a cluster cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The server did not answer, or refused.
    #[error("list the objects of the cluster")]
    Api(#[from] ApiError),
    /// What the server lists is no object.
    #[error("read an object of {path}")]
    NoObject {
        /// The list.
        path: String,
        /// What is wrong with it.
        #[source]
        source: Box<ObjectError>,
    },
    /// An object has a uid or a resourceVersion that the protocol cannot hold.
    #[error("read {object}: its {field} is no {expected}")]
    Id {
        /// The object.
        object: Box<ObjectKey>,
        /// Which of both.
        field: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// Nothing can be selected.
    #[error("select what moves")]
    Select(#[source] Box<SelectError>),
}

impl From<SelectError> for ReadError {
    fn from(error: SelectError) -> Self {
        Self::Select(Box::new(error))
    }
}
