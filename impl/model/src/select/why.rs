//! Why an object is selected.

use std::fmt;
use std::sync::Arc;

use crate::object::{ObjectKey, listed};

/// Why an object is selected, as a phrase: `owned by Machine.cluster.x-k8s.io default/m`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is the Cluster.
    Root,
    /// An owner of it is selected.
    Closure {
        /// The owner: the first of them by key.
        owner: ObjectKey,
    },
    /// A Secret that no Cluster owns and that is named for this one.
    SoftEdge {
        /// What follows the name of the Cluster and a dash.
        suffix: &'static str,
    },
    /// `spec.clusterName` says so. Controllers make the Cluster its owner some seconds later.
    ClusterName,
    /// A selected object refers to it. Controllers make it owned some seconds later, if at all.
    Reference {
        /// The selected object.
        by: ObjectKey,
        /// The field that names it.
        field: String,
    },
    /// It is the ClusterClass of the Cluster.
    ClusterClass,
    /// It is the binding of ClusterResourceSets to the Cluster, or one of these sets.
    ResourceSet,
    /// It is part of a library object.
    Library {
        /// The library object.
        by: ObjectKey,
    },
    /// Several Clusters use it.
    Shared {
        /// The Clusters.
        clusters: Arc<[ObjectKey]>,
    },
    /// It, its type, or what owns it or refers to it has the label to move.
    LabelledToMove,
    /// A provider logs in with it.
    Credentials {
        /// The object that says so.
        by: ObjectKey,
    },
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => f.write_str("the Cluster itself"),
            Self::Closure { owner } => write!(f, "owned by {owner}"),
            Self::SoftEdge { suffix } => write!(f, "named for the Cluster, -{suffix}"),
            Self::ClusterName => f.write_str("spec.clusterName is the Cluster's"),
            Self::Reference { by, field } => write!(f, "{by} refers to it at {field}"),
            Self::ClusterClass => f.write_str("the ClusterClass of the Cluster"),
            Self::ResourceSet => f.write_str("a ClusterResourceSet is bound to the Cluster"),
            Self::Library { by } => write!(f, "part of {by}"),
            Self::Shared { clusters } => {
                let clusters = listed(clusters.iter().map(ObjectKey::full_name));
                write!(f, "used by more than one Cluster: {clusters}")
            }
            Self::LabelledToMove => f.write_str("labelled to move"),
            Self::Credentials { by } => write!(f, "credentials of {by}"),
        }
    }
}
