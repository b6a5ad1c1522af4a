//! What moves with a Cluster (rules D1-D6).
//!
//! Selected is the ownership closure of the Cluster, what belongs to it by name (soft edges), what
//! it uses together with other Clusters (library objects), what is labelled to move, and what its
//! infrastructure provider logs in with. Everything else is left, with a reason; what should
//! move and cannot be placed is an error.

mod claim;
mod inventory;
mod left;
mod types;
mod why;

use std::collections::BTreeMap;

use thiserror::Error;

use crate::graph::{Graph, GraphError, Links, Problem};
use crate::object::{CLUSTER_API, Index, Object, ObjectKey, OwnerFault, OwnerReference};

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

/// What moves with one Cluster, and what does not.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The Cluster.
    pub cluster: ObjectKey,
    /// What is selected.
    pub selected: BTreeMap<ObjectKey, Selected>,
    /// What is left, and why. CRDs are not listed: they tell the types.
    pub left: BTreeMap<ObjectKey, String>,
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
        let left_off = self.left_owners.iter();
        let soft = self.selected.iter().filter(|(_, selected)| is_soft(selected));
        Links {
            left_off: left_off.map(|left| (left.object.clone(), left.position)).collect(),
            soft: soft.map(|(key, _)| (key.clone(), self.cluster.clone())).collect(),
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
    /// Selects what moves with `cluster`.
    ///
    /// # Errors
    /// [`SelectError`] if there is no such Cluster, or with every object of it that cannot be
    /// placed.
    pub fn select(&self, cluster: &ObjectKey) -> Result<Selection, SelectError> {
        if self.claims.is_empty() {
            let objects = self.index.objects().len();
            return Err(SelectError::NoCluster { objects });
        }
        let found = self.index.find(cluster).and_then(|at| Some((at, self.claims.get(&at)?)));
        let (at, claims) =
            found.ok_or_else(|| SelectError::NotFound { cluster: cluster.clone() })?;
        let (left_owners, mut problems) = self.owners_outside(claims);
        problems.extend(self.unclaimed_problems(at, claims));
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
            left: self.left(claims),
            left_owners,
        })
    }

    fn left(&self, claims: &BTreeMap<usize, Claim>) -> BTreeMap<ObjectKey, String> {
        let mut left = self.unselected();
        for (at, by) in self.claimed_by.iter().enumerate() {
            if !by.is_empty() && !claims.contains_key(&at) {
                left.insert(self.key(at).clone(), self.why_not(at));
            }
        }
        left
    }

    /// For what is claimed: owners that do not move, and owners that are missing or foreign.
    fn owners_outside(&self, claims: &BTreeMap<usize, Claim>) -> (Vec<LeftOwner>, Vec<Problem>) {
        let mut left = Vec::new();
        let mut problems = Vec::new();
        for (&at, claim) in claims {
            let object = self.index.object(at);
            let owners = object.owners().iter().zip(&self.owners[at]);
            for (position, (reference, owner)) in owners.enumerate() {
                let reason = match owner {
                    Ok(owner) if claims.contains_key(owner) => continue,
                    Ok(owner) => self.why_not(*owner),
                    Err(fault) if self.can_do_without(at, claim, reference, fault) => {
                        format!("{fault}, and its type does not move")
                    }
                    Err(fault) => {
                        problems.push(Problem::owner(object, reference, fault.clone()));
                        continue;
                    }
                };
                left.push(LeftOwner {
                    object: object.key().clone(),
                    position,
                    owner: reference.clone(),
                    reason,
                });
            }
            problems.extend(self.foreign(at, claim));
        }
        (left, problems)
    }

    /// Why an object does not move with a Cluster that does not claim it.
    fn why_not(&self, at: usize) -> String {
        match self.claimed_by[at].first() {
            Some(&cluster) if cluster == at => "it is another Cluster".to_owned(),
            Some(&cluster) => format!("it moves with {}", self.key(cluster)),
            None => left::reason(self, at),
        }
    }

    /// Whether an owner that is not in the input is none of ours: data that a controller of some
    /// other kind made, which a dump of Cluster API objects does not hold.
    fn can_do_without(
        &self,
        at: usize,
        claim: &Claim,
        reference: &OwnerReference,
        fault: &OwnerFault,
    ) -> bool {
        let owner = reference.group_kind();
        let key = ObjectKey {
            group: owner.group,
            kind: owner.kind,
            namespace: None,
            name: String::new(),
        };
        let is_data = claim.library || self.key(at).group.is_empty();
        *fault == OwnerFault::Absent && is_data && !self.types.moves(&key)
    }

    /// An object of several Clusters that is no library object.
    fn foreign(&self, at: usize, claim: &Claim) -> Option<Problem> {
        let by = &self.claimed_by[at];
        let may_be = claim.why == Why::LabelledToMove || self.is_shareable(at);
        (by.len() > 1 && !may_be)
            .then(|| Problem::Shared { object: self.key(at).clone(), clusters: self.keys(by) })
    }

    fn keys(&self, positions: &[usize]) -> Vec<ObjectKey> {
        positions.iter().map(|&at| self.key(at).clone()).collect()
    }

    /// What the Cluster does not claim though it should, or may: objects whose owners are
    /// broken, Secrets whose name fits several Clusters, owner cycles, objects that are there
    /// twice.
    fn unclaimed_problems(&self, cluster: usize, claims: &BTreeMap<usize, Claim>) -> Vec<Problem> {
        let mut problems = crate::graph::clashes(&self.index);
        let unclaimed = (0..self.owners.len()).filter(|at| !claims.contains_key(at));
        for at in unclaimed.filter(|&at| self.concerns(at, cluster, claims)) {
            problems.extend(self.owner_problems(at));
        }
        for (&secret, clusters) in &self.ambiguous {
            if clusters.contains(&cluster) && !claims.contains_key(&secret) {
                problems.push(Problem::Ambiguous {
                    object: self.key(secret).clone(),
                    clusters: self.keys(clusters),
                });
            }
        }
        let namespace = &self.key(cluster).namespace;
        let near = self.cycles.iter().filter(|cycle| cycle[0].namespace == *namespace);
        problems.extend(near.cloned().map(Problem::Cycle));
        problems
    }

    /// Whether an object that the Cluster does not claim, because its owner is missing or
    /// foreign, is probably the Cluster's.
    fn concerns(&self, at: usize, cluster: usize, claims: &BTreeMap<usize, Claim>) -> bool {
        if !self.moves(at) || !self.claimed_by[at].is_empty() {
            return false;
        }
        let (key, own) = (self.key(at), self.key(cluster));
        let belongs_to_claimed = |fault: &OwnerFault| match fault {
            OwnerFault::OtherNamespace(owner)
            | OwnerFault::OtherName(owner)
            | OwnerFault::Namespaced(owner)
            | OwnerFault::OtherUid { name: owner, .. } => {
                self.index.find(owner).is_some_and(|owner| claims.contains_key(&owner))
            }
            OwnerFault::Absent => false,
        };
        if self.owners[at].iter().filter_map(|owner| owner.as_ref().err()).any(belongs_to_claimed) {
            return true;
        }
        if key.namespace != own.namespace {
            return false;
        }
        match self.named_cluster(at) {
            Some(name) => name == own.name,
            None if key.group.is_empty() => {
                self.named_for(at).iter().any(|(fitting, _)| *fitting == cluster)
            }
            None => true,
        }
    }
}

#[cfg(test)]
mod tests;
