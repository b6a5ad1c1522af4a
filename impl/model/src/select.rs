//! What moves with a Cluster (rules D1-D6).
//!
//! Selected is the ownership closure of the Cluster, what belongs to it by name (soft edges), what
//! it uses together with other Clusters (library objects), what is labelled to move, and what its
//! infrastructure provider logs in with. Everything else is left, with a reason; what should
//! move and cannot be placed is an error.

mod claim;
mod inventory;
mod labelled;
mod left;
mod owners;
mod types;
mod unplaced;
mod why;

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use crate::graph::{Graph, GraphError, Links};
use crate::object::{CLUSTER_API, Index, Object, ObjectKey, OwnerReference};

pub use self::inventory::Inventory;
pub use self::types::{MoveLabel, MovingType, Types};
pub use self::why::Why;

use self::claim::Claim;

/// Why nothing can be selected.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SelectError {
    /// There is no Cluster at all. A move of nothing is no success.
    #[error("there is no Cluster of cluster.x-k8s.io among the {objects} objects of the input")]
    NoCluster {
        /// How many objects there are.
        objects: usize,
    },
    /// There are Clusters, but their type does not move.
    #[error(
        "no Cluster can move: the CRD clusters.cluster.x-k8s.io in the input has neither the label \
         cluster.x-k8s.io/provider nor clusterctl.cluster.x-k8s.io"
    )]
    Unlabelled,
    /// This Cluster is not there.
    #[error("{cluster} is not in the input")]
    NotFound {
        /// The Cluster.
        cluster: ObjectKey,
    },
    /// Objects of the Cluster cannot be placed.
    #[error("{cluster} cannot move: {error}")]
    Unplaceable {
        /// The Cluster.
        cluster: ObjectKey,
        /// What cannot be placed.
        error: GraphError,
    },
}

/// An object that moves, or is copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    /// Why it is selected.
    pub why: Why,
    /// Whether several Clusters may use it: it is copied and compared, never paused or deleted
    /// (rule D4).
    pub library: bool,
}

/// An owner reference that the copy does not have (rule I2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOwner {
    /// The object that has the reference.
    pub object: ObjectKey,
    /// Its place in the list of the object.
    pub position: usize,
    /// The reference.
    pub owner: OwnerReference,
    /// Why the owner does not move.
    pub reason: String,
}

/// What moves with one Cluster.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The Cluster.
    pub cluster: ObjectKey,
    /// What is selected.
    pub selected: BTreeMap<ObjectKey, Selected>,
    /// The owners that are left off the copies.
    pub left_owners: Vec<LeftOwner>,
}

/// Selects what moves with `cluster`.
///
/// # Errors
/// [`SelectError`] if there is no such Cluster, or with every object of it that cannot be placed.
pub fn select<'a>(
    objects: impl IntoIterator<Item = &'a Object>,
    cluster: &ObjectKey,
) -> Result<Selection, SelectError> {
    Inventory::new(objects).select(cluster)
}

/// The key of a Cluster.
#[must_use]
pub fn cluster_key(namespace: Option<&str>, name: &str) -> ObjectKey {
    ObjectKey {
        group: CLUSTER_API.to_owned(),
        kind: "Cluster".to_owned(),
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
    }
}

impl Selection {
    /// The graph of what is selected. `objects` are those that the selection was made of; owners
    /// that are left off are no edges, and what belongs to the Cluster by name comes after it.
    ///
    /// # Errors
    /// [`GraphError`] if the selected objects cannot be ordered.
    pub fn graph<'a>(
        &self,
        objects: impl IntoIterator<Item = &'a Object>,
    ) -> Result<Graph, GraphError> {
        let selected = |object: &&Object| self.selected.contains_key(object.key());
        let index = Index::new(objects.into_iter().filter(selected));
        Graph::assemble(&index, &self.links())
    }

    fn links(&self) -> Links {
        let mut left_off: BTreeMap<ObjectKey, BTreeSet<usize>> = BTreeMap::new();
        for left in &self.left_owners {
            left_off.entry(left.object.clone()).or_default().insert(left.position);
        }
        let soft = self.selected.iter().filter(|(_, selected)| is_soft(selected));
        Links {
            left_off,
            cluster: Some(self.cluster.clone()),
            soft: soft.map(|(key, _)| key.clone()).collect(),
        }
    }
}

/// Whether an object moves with the Cluster though no owner says so. On the target it must not
/// exist before the Cluster does, since nothing else pauses it (rule H1a).
fn is_soft(selected: &Selected) -> bool {
    let by_name = matches!(
        selected.why,
        Why::SoftEdge { .. } | Why::ClusterName | Why::Reference { .. } | Why::ResourceSet
    );
    by_name && !selected.library
}

impl Inventory<'_> {
    /// Why there is no Cluster that could move.
    #[must_use]
    pub fn nothing(&self) -> SelectError {
        let objects = self.index.objects();
        match objects.iter().any(|object| object.key().is_cluster()) {
            true => SelectError::Unlabelled,
            false => SelectError::NoCluster { objects: objects.len() },
        }
    }

    /// Selects what moves with `cluster`.
    ///
    /// # Errors
    /// [`SelectError`] if there is no such Cluster, or with every object of it that cannot be
    /// placed.
    pub fn select(&self, cluster: &ObjectKey) -> Result<Selection, SelectError> {
        if self.claims.is_empty() {
            return Err(self.nothing());
        }
        let found = self.index.find(cluster).and_then(|at| Some((at, self.claims.get(&at)?)));
        let (at, claims) =
            found.ok_or_else(|| SelectError::NotFound { cluster: cluster.clone() })?;
        let (left_owners, mut problems) = self.owners_outside(claims);
        problems.extend(self.unplaced.problems(at, cluster));
        if !problems.is_empty() {
            return Err(SelectError::Unplaceable {
                cluster: cluster.clone(),
                error: GraphError::new(problems),
            });
        }
        let selected = |(&at, claim): (&usize, &Claim)| {
            let (why, library) = (claim.why.clone(), claim.library);
            (self.key(at).clone(), Selected { why, library })
        };
        Ok(Selection {
            cluster: cluster.clone(),
            selected: claims.iter().map(selected).collect(),
            left_owners,
        })
    }

    /// The graph of a selection that was made of this inventory: owners that are left off are no
    /// edges, and what belongs to the Cluster by name comes after it.
    ///
    /// # Errors
    /// [`GraphError`] if the selected objects cannot be ordered.
    pub fn graph(&self, selection: &Selection) -> Result<Graph, GraphError> {
        let positions = selection.selected.keys().filter_map(|key| self.index.find(key));
        let index = Index::new(positions.map(|at| self.index.object(at)));
        Graph::assemble(&index, &selection.links())
    }
}

#[cfg(test)]
mod tests;
