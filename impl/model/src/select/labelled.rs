//! What is labelled to move, and with which Clusters it goes.

use std::collections::{BTreeMap, BTreeSet};

use crate::object::{ObjectKey, Role};

use super::claim::is_set_or_class;
use super::inventory::Inventory;

/// The labelled objects that no Cluster owns or names.
pub(super) struct Labelled<'a> {
    /// Those in use, such as the host of a Machine: they go with the Clusters of their users.
    in_use: BTreeMap<usize, Vec<usize>>,
    /// The free ones by namespace: each Cluster of the namespace takes them along, and every
    /// Cluster what lies in none.
    free: BTreeMap<Option<&'a str>, Vec<usize>>,
}

impl<'a> Labelled<'a> {
    /// What is left when it is known what every Cluster owns and names.
    pub(super) fn of(inventory: &Inventory<'a>) -> Self {
        let mut labelled = Self { in_use: BTreeMap::new(), free: BTreeMap::new() };
        for at in 0..inventory.moves.len() {
            let is_unclaimed = inventory.claimed_by[at].is_empty() && inventory.moves[at];
            let key = inventory.key(at);
            if !is_unclaimed || !inventory.is_labelled(at) || is_set_or_class(key) {
                continue;
            }
            let users = users(inventory, at);
            if users.is_empty() {
                labelled.free.entry(key.namespace.as_deref()).or_default().push(at);
            }
            for cluster in users {
                labelled.in_use.entry(cluster).or_default().push(at);
            }
        }
        labelled
    }

    /// What goes with the Cluster at a position.
    pub(super) fn near(&self, cluster: usize, key: &ObjectKey) -> Vec<usize> {
        let in_use = self.in_use.get(&cluster);
        let of_none = self.free.get(&None::<&str>);
        let of_namespace = key.namespace.as_deref().and_then(|name| self.free.get(&Some(name)));
        [in_use, of_none, of_namespace].into_iter().flatten().flatten().copied().collect()
    }
}

/// The Clusters whose objects use the object at a position.
fn users(inventory: &Inventory<'_>, at: usize) -> BTreeSet<usize> {
    let references = inventory.references[at].iter();
    let consumers = references.filter(|(reference, _)| reference.role == Role::Consumer);
    consumers.flat_map(|&(_, consumer)| &inventory.claimed_by[consumer]).copied().collect()
}
