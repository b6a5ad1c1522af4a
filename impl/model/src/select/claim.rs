//! What one Cluster claims: a walk from the Cluster along owners, names and references.

use std::collections::BTreeMap;

use crate::object::{ObjectKey, Reference, Role};

use super::Why;
use super::inventory::Inventory;
use super::labelled::Labelled;
use super::types::MoveLabel;

/// How strong a claim is. Strong claims are followed first, so that an object that is owned *and*
/// referred to counts as owned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    /// By an owner reference, or by the soft edge of an object without owner.
    Owned,
    /// By a reference to an object without owner.
    Referred,
    /// By a label to move.
    Labelled,
    /// By a soft edge or a reference to an object whose owners do not move with the Cluster.
    OwnedElsewhere,
}

/// A claim of a Cluster on an object.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    pub(super) why: Why,
    pub(super) library: bool,
}

/// The claims of one Cluster.
pub(super) struct Claims<'i, 'a> {
    inventory: &'i Inventory<'a>,
    cluster: usize,
    claimed: BTreeMap<usize, Claim>,
    open: BTreeMap<(Strength, usize), Claim>,
    /// Whether what a labelled object owns is claimed, too: only once it is known what every
    /// Cluster owns.
    follows_labels: bool,
}

impl<'i, 'a> Claims<'i, 'a> {
    /// The claims on what a Cluster owns and names.
    pub(super) fn of(inventory: &'i Inventory<'a>, cluster: usize) -> Self {
        let mut claims = Self::resume(inventory, cluster, BTreeMap::new());
        let root = Claim { why: Why::Root, library: false };
        claims.open.insert((Strength::Owned, cluster), root);
        for (at, why) in inventory.soft.get(&cluster).into_iter().flatten() {
            let strength = match inventory.owners[*at].is_empty() {
                true => Strength::Owned,
                false => Strength::OwnedElsewhere,
            };
            claims.offer(strength, *at, why.clone(), false);
        }
        claims
    }

    /// More claims beside those that were already made.
    pub(super) fn resume(
        inventory: &'i Inventory<'a>,
        cluster: usize,
        claimed: BTreeMap<usize, Claim>,
    ) -> Self {
        Self { inventory, cluster, claimed, open: BTreeMap::new(), follows_labels: false }
    }

    /// The claims on objects that are labelled to move.
    pub(super) fn labelled(mut self, labelled: &Labelled<'_>) -> Self {
        self.follows_labels = true;
        let is_by_label = |(_, claim): &(&usize, &Claim)| claim.why == Why::LabelledToMove;
        let by_label = self.claimed.iter().filter(is_by_label);
        let by_label: Vec<(usize, Claim)> =
            by_label.map(|(&at, claim)| (at, claim.clone())).collect();
        for (at, claim) in by_label {
            self.follow_dependents(at, &claim);
            self.follow_references(at, &claim);
        }
        for at in labelled.near(self.cluster, self.inventory.key(self.cluster)) {
            let library = self.inventory.is_cluster_scoped(at);
            self.offer(Strength::Labelled, at, Why::LabelledToMove, library);
        }
        self
    }

    /// Follows all claims to their end.
    pub(super) fn finish(mut self) -> BTreeMap<usize, Claim> {
        while let Some(((_, at), claim)) = self.open.pop_first() {
            if self.claimed.contains_key(&at) {
                continue;
            }
            self.claimed.insert(at, claim.clone());
            self.follow_dependents(at, &claim);
            self.follow_references(at, &claim);
        }
        self.claimed
    }

    fn offer(&mut self, strength: Strength, at: usize, why: Why, library: bool) {
        let is_other_cluster = self.inventory.key(at).is_cluster() && at != self.cluster;
        let is_new = !self.claimed.contains_key(&at);
        if is_new && self.inventory.moves[at] && !is_other_cluster {
            self.open.entry((strength, at)).or_insert(Claim { why, library });
        }
    }

    fn follow_dependents(&mut self, owner: usize, claim: &Claim) {
        let inventory = self.inventory;
        for &at in &inventory.dependents[owner] {
            let by_label = claim.why == Why::LabelledToMove;
            let owner_key = || inventory.key(owner).clone();
            if by_label && self.spreads_its_label(owner, at) {
                self.offer(Strength::Labelled, at, Why::LabelledToMove, claim.library);
            } else if !by_label && !claim.library {
                self.offer(Strength::Owned, at, Why::Closure { owner: owner_key() }, false);
            } else if !by_label && self.is_part_of_library(owner, at) {
                self.offer(Strength::Owned, at, Why::Library { by: owner_key() }, true);
            }
        }
    }

    /// Whether the label of an object takes along what it owns: not if that moves with a Cluster
    /// anyway. Below the labelled object itself nothing has a label, and everything follows.
    fn spreads_its_label(&self, owner: usize, at: usize) -> bool {
        let object = self.inventory.index.object(owner);
        self.follows_labels
            && self.inventory.claimed_by[at].is_empty()
            && self.inventory.types.label(object) != Some(MoveLabel::Object)
    }

    /// What a ClusterClass, a ClusterResourceSet or an identity owns goes along with it: its
    /// templates and data, not the bindings to other Clusters or the addresses that they use.
    fn is_part_of_library(&self, owner: usize, at: usize) -> bool {
        let key = self.inventory.key(at);
        let is_library = is_set_or_class(self.inventory.key(owner))
            || self.inventory.key(owner).kind.ends_with("Identity");
        is_library && (key.group.is_empty() || key.kind.ends_with("Template"))
    }

    fn follow_references(&mut self, from: usize, claim: &Claim) {
        let inventory = self.inventory;
        for (reference, at) in &inventory.references[from] {
            if reference.role == Role::Consumer || self.may_be_anothers(claim, *at) {
                continue;
            }
            let (why, library) = self.why_referred(from, claim, reference, *at);
            let strength = match inventory.owners[*at].is_empty() {
                true => Strength::Referred,
                false => Strength::OwnedElsewhere,
            };
            // Its owner may yet be claimed; if not, it belongs to others and is lent.
            let is_lent = strength == Strength::OwnedElsewhere && inventory.is_shareable(*at);
            self.offer(strength, *at, why, library || is_lent);
        }
    }

    /// Whether an object to which a labelled one refers may be part of another Cluster. A label
    /// takes nothing away from a Cluster, so it must first be known what every Cluster owns.
    fn may_be_anothers(&self, claim: &Claim, at: usize) -> bool {
        let is_free = self.follows_labels && self.inventory.claimed_by[at].is_empty();
        claim.why == Why::LabelledToMove && !is_free && !self.inventory.is_shareable(at)
    }

    fn why_referred(
        &self,
        from: usize,
        claim: &Claim,
        reference: &Reference,
        at: usize,
    ) -> (Why, bool) {
        let by = self.inventory.key(from).clone();
        let key = self.inventory.key(at);
        let field = reference.field.clone();
        let library = self.inventory.is_library_kind(at);
        match reference.role {
            _ if self.inventory.is_labelled(at) => {
                (Why::LabelledToMove, self.inventory.is_cluster_scoped(at))
            }
            Role::Credentials => (Why::Credentials { by }, true),
            _ if from == self.cluster && key.kind == "ClusterClass" => (Why::ClusterClass, true),
            _ if key.kind == "ClusterResourceSet" => (Why::ResourceSet, true),
            _ if claim.why == Why::LabelledToMove && !self.inventory.is_shareable(at) => {
                (Why::LabelledToMove, claim.library)
            }
            _ if claim.library => (Why::Library { by }, true),
            Role::Content => (Why::Reference { by, field }, true),
            Role::Part | Role::BootstrapData | Role::Consumer => {
                (Why::Reference { by, field }, library)
            }
        }
    }
}

/// Whether the object is of a kind that moves with the Clusters that use it, whatever its label.
pub(super) fn is_set_or_class(key: &ObjectKey) -> bool {
    key.kind == "ClusterClass" || key.kind == "ClusterResourceSet"
}
