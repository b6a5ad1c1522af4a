//! The objects of a move as owner references name them: by kind, namespace and name.

use super::Scene;
use crate::history::facts::Owner;
use crate::history::moves::Move;
use crate::history::{Key, Side};
use std::collections::BTreeMap;

/// The objects that moved, by the names that owner references use.
pub(super) struct Owners<'m> {
    by_name: BTreeMap<(&'m str, &'m str, &'m str), &'m Key>,
}

impl<'m> Owners<'m> {
    pub(super) fn of(scene: &'m Scene<'_>, one: &'m Move<'_>) -> Self {
        let kind = |key: &Key| {
            let mut tracks = Side::BOTH.iter().filter_map(|side| scene.objects.track(*side, key));
            tracks.find_map(|track| track.kind)
        };
        let named = |key: &'m Key| {
            let kind = kind(key)?;
            Some(((kind, key.namespace.as_str(), key.name.as_str()), key))
        };
        Self { by_name: one.copies.keys().filter_map(named).collect() }
    }

    /// The object that a reference of `owned` names: of the same namespace, or of none.
    pub(super) fn find(&self, owner: &Owner, owned: &Key) -> Option<&'m Key> {
        let named = |namespace: &str| {
            self.by_name.get(&(owner.kind.as_str(), namespace, owner.name.as_str())).copied()
        };
        named(&owned.namespace).or_else(|| named(""))
    }
}
