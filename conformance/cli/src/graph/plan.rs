//! A plan as the renderers read it: objects by name, edges by position.

use fulcrum_reference::graph::{ClusterPlan, PlannedObject};
use std::collections::BTreeMap;

/// What an object is called in the owners and references of others.
pub(super) fn key(object: &PlannedObject) -> String {
    let kind = match object.group.as_str() {
        "" => object.kind.clone(),
        group => format!("{}.{group}", object.kind),
    };
    format!("{kind} {}", full_name(object))
}

/// `namespace/name`, or the name of an object that has no namespace.
pub(super) fn full_name(object: &PlannedObject) -> String {
    match &object.namespace {
        Some(namespace) => format!("{namespace}/{}", object.name),
        None => object.name.clone(),
    }
}

/// Every object of a plan, in the order in which it is shown.
pub(super) fn objects(plan: &ClusterPlan) -> impl Iterator<Item = &PlannedObject> {
    plan.levels.iter().flatten()
}

/// Finds the objects of a plan by the name that others call them.
pub(super) struct Names<'a> {
    objects: BTreeMap<String, &'a PlannedObject>,
}

impl<'a> Names<'a> {
    pub(super) fn of(plan: &'a ClusterPlan) -> Self {
        Self { objects: objects(plan).map(|object| (key(object), object)).collect() }
    }

    /// The object of that name, when the plan has it.
    pub(super) fn find(&self, key: &str) -> Option<&'a PlannedObject> {
        self.objects.get(key).copied()
    }
}

/// Whether an edge says who owns or who is named.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Relation {
    /// The first owns the second.
    Owns,
    /// The second refers to the first.
    IsReferredToBy,
}

/// An edge between two objects of a plan.
pub(super) struct Edge<'a> {
    pub(super) from: &'a PlannedObject,
    pub(super) to: &'a PlannedObject,
    pub(super) relation: Relation,
}

/// Every edge whose two ends are in the plan; an owner is not listed as a reference again.
pub(super) fn edges<'a>(plan: &'a ClusterPlan, names: &Names<'a>) -> Vec<Edge<'a>> {
    let mut edges = Vec::new();
    for to in objects(plan) {
        let references = to.references.iter();
        let references = references.filter(|reference| !to.owners.contains(reference));
        let owners = to.owners.iter().map(|owner| (owner, Relation::Owns));
        let named = owners.chain(references.map(|named| (named, Relation::IsReferredToBy)));
        for (name, relation) in named {
            if let Some(from) = names.find(name) {
                edges.push(Edge { from, to, relation });
            }
        }
    }
    edges
}
