//! What controllers show: that they have seen a pause, its end, and that they have reconciled.
//!
//! A kind whose controllers show no `Paused` condition proves nothing: it is given the quiet time.

use std::collections::BTreeMap;

use fulcrum_model::object::{Object, Uid};
use fulcrum_model::protocol::{Name, Version};
use fulcrum_model::transform::{is_paused, paused_by};
use serde_json::Value;

use crate::catalog::Catalog;
use crate::read::{Seen, Snapshot};

/// What two readings must agree on.
pub(crate) type Versions = BTreeMap<Name, (fulcrum_model::protocol::Uid, Version)>;

/// What an object says of its pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    /// There is no such condition.
    Nothing,
    /// The condition is of an earlier generation, or unknown.
    Stale,
    Paused,
    Active,
}

/// Versions of everything in a snapshot.
pub(crate) fn versions(snapshot: &Snapshot) -> Versions {
    let entries = snapshot.reading.entries().iter();
    entries.map(|entry| (entry.name.clone(), (entry.uid, entry.version))).collect()
}

/// Whether every controller has seen the pause. `quiet`: the quiet time has passed.
pub(crate) fn has_paused(catalog: &Catalog, snapshot: &Snapshot, quiet: bool) -> bool {
    snapshot.objects.values().all(|object| match shown(object.value()) {
        Shown::Paused => true,
        Shown::Nothing => quiet || !is_reconciled(catalog, object),
        Shown::Stale | Shown::Active => false,
    })
}

/// Whether every controller has seen the end of our pause, or somebody else pauses the object.
pub(crate) fn has_resumed(snapshot: &Snapshot) -> bool {
    let held = is_held(snapshot);
    snapshot.objects.values().all(|object| match shown(object.value()) {
        Shown::Active | Shown::Nothing => true,
        Shown::Paused => held || is_paused(object.value()),
        Shown::Stale => false,
    })
}

/// Whether every object was reconciled once and the machines are healthy and as many as are wanted
/// (rule A2). A Cluster that somebody else pauses is not reconciled, and not waited for.
pub(crate) fn has_verified(seen: &Seen, snapshot: &Snapshot) -> bool {
    let machines = || seen.objects.iter().filter(|object| is_machine(object));
    let copied = snapshot.objects.values().filter(|object| is_machine(object));
    is_held(snapshot)
        || has_resumed(snapshot)
            && copied.filter(|machine| !machine.is_deleting()).all(is_healthy)
            && snapshot.objects.values().all(|object| match replicas(object) {
                Some(wanted) => {
                    let owned = machines().filter(|machine| is_owned_by(machine, object.uid()));
                    u64::try_from(owned.count()) == Ok(wanted)
                }
                None => true,
            })
            && has_no_twins(machines())
}

fn is_reconciled(catalog: &Catalog, object: &Object) -> bool {
    catalog.get(&object.key().group_kind()).is_some_and(|found| found.reconciled)
}

/// Whether somebody else pauses the Cluster.
fn is_held(snapshot: &Snapshot) -> bool {
    let mut clusters = snapshot.objects.values().filter(|object| object.key().is_cluster());
    clusters.any(|cluster| is_paused(cluster.value()) && paused_by(cluster.value()).is_none())
}

fn is_machine(object: &Object) -> bool {
    object.key().is(fulcrum_model::object::CLUSTER_API, "Machine")
}

fn is_owned_by(machine: &Object, owner: Option<&Uid>) -> bool {
    let mut owners = machine.owners().iter();
    owner.is_some() && owners.any(|known| known.controller && known.uid.as_ref() == owner)
}

/// How many Machines the object wants to own.
fn replicas(object: &Object) -> Option<u64> {
    let key = object.key();
    let owns = key.is(fulcrum_model::object::CLUSTER_API, "MachineSet")
        || key.group.starts_with("controlplane.") && key.kind == "KubeadmControlPlane";
    object.value().pointer("/spec/replicas").filter(|_| owns)?.as_u64()
}

fn is_healthy(machine: &Object) -> bool {
    let value = machine.value();
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    let ready = condition(value, "Ready").is_some_and(|ready| ready["status"] == "True");
    ready && text("/status/nodeRef/name").is_some() && text("/spec/providerID").is_some()
}

/// Whether no two Machines stand for one instance.
fn has_no_twins<'a>(machines: impl Iterator<Item = &'a Object>) -> bool {
    let mut known = std::collections::BTreeSet::new();
    let id = |machine: &'a Object| machine.value().pointer("/spec/providerID")?.as_str();
    machines.filter_map(id).all(|id| known.insert(id))
}

fn shown(value: &Value) -> Shown {
    let Some(paused) = condition(value, "Paused") else { return Shown::Nothing };
    let generation = value.pointer("/metadata/generation").and_then(Value::as_u64);
    let observed = paused.get("observedGeneration").and_then(Value::as_u64);
    if observed.is_some() && observed < generation {
        return Shown::Stale;
    }
    match paused.get("status").and_then(Value::as_str) {
        Some("True") => Shown::Paused,
        Some("False") => Shown::Active,
        _ => Shown::Stale,
    }
}

/// A condition, in the newer form or where the older API versions keep it.
fn condition<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let places = ["/status/conditions", "/status/v1beta2/conditions"];
    let lists = places.iter().filter_map(|place| value.pointer(place)?.as_array());
    lists.flatten().find(|condition| condition["type"] == name)
}

#[cfg(test)]
mod tests;
