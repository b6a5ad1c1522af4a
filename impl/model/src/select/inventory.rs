//! Everything that was read, and which Cluster claims what of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::object::{CLUSTER_NAME_LABEL, Index, Object, ObjectKey, OwnerFault, Reference};

use super::claim::{Claim, Claims};
use super::labelled::Labelled;
use super::types::Types;
use super::unplaced::Unplaced;
use super::{Why, left};

/// The suffixes of the Secrets that belong to a Cluster by their name alone: the purposes of
/// Cluster API's `util/secret`, and the shim of a topology, which for some seconds owns what the
/// Cluster will.
const SECRET_SUFFIXES: [&str; 8] =
    ["apiserver-etcd-client", "ca", "etcd", "kubeconfig", "proxy", "sa", "shim", "user-kubeconfig"];

/// The objects of the input, who owns whom, and what each Cluster claims.
///
/// Made once for all Clusters, since what several Clusters use is a library object (rule D4).
/// Positions are those of the [`Index`].
pub struct Inventory<'a> {
    pub(super) index: Index<'a>,
    pub(super) types: Types,
    /// For each object whether it can move at all.
    pub(super) moves: Vec<bool>,
    /// For each object what its owner references lead to.
    pub(super) owners: Vec<Vec<Result<usize, OwnerFault>>>,
    /// For each object what it owns.
    pub(super) dependents: Vec<Vec<usize>>,
    /// For each object what its spec names, as far as it is in the input.
    pub(super) references: Vec<Vec<(Reference, usize)>>,
    /// The Clusters, and what each claims.
    pub(super) claims: BTreeMap<usize, BTreeMap<usize, Claim>>,
    /// For each object the Clusters that claim it.
    pub(super) claimed_by: Vec<Vec<usize>>,
    /// For each object that several Clusters claim their keys.
    pub(super) shared: BTreeMap<usize, Arc<[ObjectKey]>>,
    /// Objects that belong to a Cluster by their name or by `spec.clusterName`.
    pub(super) soft: BTreeMap<usize, Vec<(usize, Why)>>,
    /// Secrets whose name fits several Clusters, and these Clusters.
    pub(super) ambiguous: BTreeMap<usize, Vec<usize>>,
    /// What keeps Clusters from moving though they do not claim it.
    pub(super) unplaced: Unplaced,
    /// Whether the Clusters have namespaces.
    has_namespaces: bool,
}

impl<'a> Inventory<'a> {
    /// Reads owners and references of `objects` and lets each Cluster among them claim its own.
    pub fn new(objects: impl IntoIterator<Item = &'a Object>) -> Self {
        let index = Index::new(objects);
        let types = Types::of(&index);
        let owners = owners(&index);
        let moves = |object: &&Object| types.moves(&object.key().group_kind());
        let mut inventory = Self {
            moves: index.objects().iter().map(moves).collect(),
            dependents: dependents(&owners),
            references: references(&index),
            claimed_by: vec![Vec::new(); owners.len()],
            claims: BTreeMap::new(),
            shared: BTreeMap::new(),
            soft: BTreeMap::new(),
            ambiguous: BTreeMap::new(),
            unplaced: Unplaced::default(),
            has_namespaces: has_namespaces(&index),
            index,
            types,
            owners,
        };
        inventory.find_soft_edges();
        inventory.claim();
        inventory.unplaced = Unplaced::of(&inventory);
        inventory
    }

    /// The keys of the Clusters, sorted.
    pub fn clusters(&self) -> impl Iterator<Item = &'a ObjectKey> + '_ {
        self.claims.keys().map(|&cluster| self.index.object(cluster).key())
    }

    /// The types that the input defines.
    #[must_use]
    pub fn types(&self) -> &Types {
        &self.types
    }

    /// Whether some objects were judged by the group of their kind, for want of its CRD.
    #[must_use]
    pub fn guesses_types(&self) -> bool {
        let mut objects = self.index.objects().iter().zip(&self.moves);
        objects.any(|(object, &moves)| moves && self.types.is_guess(object.key()))
    }

    /// What no Cluster claims, and why not; CRDs, which tell the types, are left out.
    #[must_use]
    pub fn unselected(&self) -> BTreeMap<ObjectKey, String> {
        let free = (0..self.claimed_by.len()).filter(|&at| self.claimed_by[at].is_empty());
        free.filter(|&at| !super::types::is_crd(self.key(at)))
            .map(|at| (self.key(at).clone(), left::reason(self, at)))
            .collect()
    }

    pub(super) fn key(&self, at: usize) -> &'a ObjectKey {
        self.index.object(at).key()
    }

    pub(super) fn keys(&self, positions: &[usize]) -> Arc<[ObjectKey]> {
        positions.iter().map(|&at| self.key(at).clone()).collect()
    }

    /// The Cluster that an object names by `spec.clusterName` or by label; it need not exist.
    pub(super) fn named_cluster(&self, at: usize) -> Option<&'a str> {
        let object: &'a Object = self.index.object(at);
        let label = || object.labels().get(CLUSTER_NAME_LABEL).map(String::as_str);
        object.cluster_name().or_else(label).filter(|name| !name.is_empty())
    }

    /// The Clusters of the namespace of the object that its name fits, with the suffix.
    pub(super) fn named_for(&self, at: usize) -> Vec<(usize, &'static str)> {
        let key = self.key(at);
        if !key.is_secret() {
            return Vec::new();
        }
        let fits = |suffix: &&'static str| {
            let cluster = key.name.strip_suffix(*suffix)?.strip_suffix('-')?;
            Some((self.cluster(key.namespace.as_deref(), cluster)?, *suffix))
        };
        SECRET_SUFFIXES.iter().filter_map(fits).collect()
    }

    pub(super) fn cluster(&self, namespace: Option<&str>, name: &str) -> Option<usize> {
        self.index.find(&super::cluster_key(namespace, name))
    }

    fn find_soft_edges(&mut self) {
        for at in 0..self.owners.len() {
            let object = self.index.object(at);
            let namespace = object.key().namespace.as_deref();
            if let Some(cluster) =
                object.cluster_name().and_then(|name| self.cluster(namespace, name))
            {
                let why = match object.key().kind == "ClusterResourceSetBinding" {
                    true => Why::ResourceSet,
                    false => Why::ClusterName,
                };
                self.soft.entry(cluster).or_default().push((at, why));
            }
            self.find_soft_edge_by_name(at);
        }
    }

    /// A Secret may have an owner that does not move, as who made it from a vault: it belongs to
    /// the Cluster all the same.
    fn find_soft_edge_by_name(&mut self, at: usize) {
        let mut fitting = self.named_for(at);
        if fitting.is_empty() || self.is_owned_by_a_cluster(at) {
            return;
        }
        if fitting.len() > 1 {
            let named = self.named_cluster(at);
            let is_named =
                |(cluster, _): &(usize, &str)| named == Some(self.key(*cluster).name.as_str());
            if fitting.iter().any(is_named) {
                fitting.retain(is_named);
            }
        }
        match fitting.as_slice() {
            [] => {}
            [(cluster, suffix)] => {
                let why = Why::SoftEdge { suffix };
                self.soft.entry(*cluster).or_default().push((at, why));
            }
            several => {
                let clusters = several.iter().map(|(cluster, _)| *cluster).collect();
                self.ambiguous.insert(at, clusters);
            }
        }
    }

    /// Whether an owner of the object, or an owner of one, is a Cluster. What does not move leads
    /// nowhere.
    fn is_owned_by_a_cluster(&self, at: usize) -> bool {
        let mut seen = BTreeSet::from([at]);
        let mut open = vec![at];
        while let Some(at) = open.pop() {
            for &owner in self.owners[at].iter().flatten() {
                if self.key(owner).is_cluster() {
                    return true;
                }
                if self.moves[owner] && seen.insert(owner) {
                    open.push(owner);
                }
            }
        }
        false
    }

    /// Lets every Cluster claim, first by owners and references, then by labels: an object that
    /// is labelled to move and already moves with one Cluster is no other's.
    fn claim(&mut self) {
        let is_cluster = |at: &usize| self.key(*at).is_cluster() && self.moves[*at];
        let clusters: Vec<usize> = (0..self.owners.len()).filter(is_cluster).collect();
        for &cluster in &clusters {
            let claims = Claims::of(self, cluster).finish();
            self.claims.insert(cluster, claims);
        }
        self.count_claims();
        let labelled = Labelled::of(self);
        for &cluster in &clusters {
            let so_far = self.claims.remove(&cluster).unwrap_or_default();
            let claims = Claims::resume(self, cluster, so_far).labelled(&labelled).finish();
            self.claims.insert(cluster, claims);
        }
        self.count_claims();
        self.share();
    }

    fn count_claims(&mut self) {
        self.claimed_by.iter_mut().for_each(Vec::clear);
        for (&cluster, claims) in &self.claims {
            for &at in claims.keys() {
                self.claimed_by[at].push(cluster);
            }
        }
    }

    /// Whether the object or its type has a label to move.
    pub(super) fn is_labelled(&self, at: usize) -> bool {
        self.types.label(self.index.object(at)).is_some()
    }

    /// The one Cluster among several that a Secret or ConfigMap belongs to: the others refer to it.
    /// It stays that Cluster's own, so that its credentials leave the source with it (T10).
    fn keeper(&self, at: usize, by: &[usize]) -> Option<usize> {
        let owns = |cluster: &&usize| {
            let claim = self.claims.get(*cluster).and_then(|claims| claims.get(&at));
            claim.is_some_and(|claim| {
                matches!(claim.why, Why::Closure { .. } | Why::SoftEdge { .. } | Why::ClusterName)
            })
        };
        let mut owners = by.iter().filter(owns);
        let first = owners.next().filter(|_| self.key(at).group.is_empty())?;
        owners.next().is_none().then_some(*first)
    }

    /// What several Clusters claim becomes a library object of each.
    fn share(&mut self) {
        for (at, by) in self.claimed_by.iter().enumerate().filter(|(_, by)| by.len() > 1) {
            let clusters = self.keys(by);
            let keeper = self.keeper(at, by);
            for cluster in by.iter().filter(|cluster| Some(**cluster) != keeper) {
                let claim = self.claims.get_mut(cluster).and_then(|claims| claims.get_mut(&at));
                if let Some(claim) = claim.filter(|claim| !claim.library) {
                    claim.library = true;
                    if claim.why != Why::LabelledToMove {
                        claim.why = Why::Shared { clusters: Arc::clone(&clusters) };
                    }
                }
            }
            self.shared.insert(at, clusters);
        }
    }

    /// Whether an object that belongs to several Clusters may do so.
    pub(super) fn is_shareable(&self, at: usize) -> bool {
        let key = self.key(at);
        key.group.is_empty() || key.kind.ends_with("Template") || self.is_library_kind(at)
    }

    /// Whether objects of this kind are made to be used by several Clusters.
    pub(super) fn is_library_kind(&self, at: usize) -> bool {
        let key = self.key(at);
        matches!(key.kind.as_str(), "ClusterClass" | "ClusterResourceSet")
            || key.kind.ends_with("Identity")
            || key.kind.ends_with("IPPool")
            || self.is_cluster_scoped(at)
    }

    /// Whether the object belongs to the whole cluster. Manifests written by hand often leave all
    /// namespaces off; then this tells nothing.
    pub(super) fn is_cluster_scoped(&self, at: usize) -> bool {
        let key = self.key(at);
        match self.types.get(&key.group_kind()) {
            Some(known) => known.is_cluster_scoped,
            None => key.namespace.is_none() && self.has_namespaces,
        }
    }
}

fn has_namespaces(index: &Index<'_>) -> bool {
    let mut clusters = index.objects().iter().filter(|object| object.key().is_cluster());
    clusters.any(|cluster| cluster.key().namespace.is_some())
}

fn owners(index: &Index<'_>) -> Vec<Vec<Result<usize, OwnerFault>>> {
    let of = |object: &&Object| {
        object.owners().iter().map(|reference| index.owner(object, reference)).collect()
    };
    index.objects().iter().map(of).collect()
}

fn dependents(owners: &[Vec<Result<usize, OwnerFault>>]) -> Vec<Vec<usize>> {
    let mut dependents = vec![Vec::new(); owners.len()];
    for (at, owners) in owners.iter().enumerate() {
        let owners: BTreeSet<usize> = owners.iter().flatten().copied().collect();
        for owner in owners {
            dependents[owner].push(at);
        }
    }
    dependents
}

fn references(index: &Index<'_>) -> Vec<Vec<(Reference, usize)>> {
    let of = |object: &&Object| {
        let resolved = |reference: Reference| {
            let target = index.target(object, &reference)?;
            Some((reference, target))
        };
        object.references().into_iter().filter_map(resolved).collect()
    };
    index.objects().iter().map(of).collect()
}
