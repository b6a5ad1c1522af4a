//! Why an object is left where it is.

use crate::object::{CLUSTER_NAME_LABEL, Object};

use super::inventory::Inventory;

/// Why no Cluster claims the object at a position.
pub(super) fn reason(inventory: &Inventory<'_>, at: usize) -> String {
    let object = inventory.index.object(at);
    if !inventory.moves[at] {
        return match inventory.types.is_guess(object.key()) {
            true => "its type does not move: it is of no provider's group, and its CRD is not in \
                     the input"
                .to_owned(),
            false => "its type does not move: no Cluster API provider brings it".to_owned(),
        };
    }
    made_by_kubernetes(object)
        .or_else(|| by_owners(inventory, at))
        .or_else(|| by_label(inventory, at))
        .or_else(|| by_kind(object))
        .unwrap_or_else(|| {
            "nothing leads from a Cluster to it: no owner, name, reference or label".to_owned()
        })
}

/// What every namespace has, and makes again by itself.
fn made_by_kubernetes(object: &Object) -> Option<String> {
    let key = object.key();
    let is_token = object
        .value()
        .get("type")
        .is_some_and(|kind| kind == "kubernetes.io/service-account-token");
    let is_root_ca = key.is("", "ConfigMap") && key.name == "kube-root-ca.crt";
    (is_root_ca || (key.is_secret() && is_token))
        .then(|| "Kubernetes makes it in every namespace".to_owned())
}

fn by_owners(inventory: &Inventory<'_>, at: usize) -> Option<String> {
    let object = inventory.index.object(at);
    let first = object.owners().iter().zip(&inventory.owners[at]).next()?;
    Some(match first {
        (_, Ok(owner)) => format!("its owner {} does not move", inventory.key(*owner)),
        (reference, Err(fault)) => format!("owner {reference}: {fault}"),
    })
}

fn by_label(inventory: &Inventory<'_>, at: usize) -> Option<String> {
    let object = inventory.index.object(at);
    let name = object.labels().get(CLUSTER_NAME_LABEL)?;
    let cluster = super::cluster_key(object.key().namespace.as_deref(), name);
    Some(match inventory.index.find(&cluster) {
        Some(_) => format!("a label names {cluster}, but no owner does: a label is no ownership"),
        None => format!("a label names {cluster}, which is not in the input"),
    })
}

fn by_kind(object: &Object) -> Option<String> {
    let reason = match object.key().kind.as_str() {
        "ClusterClass" => "no Cluster has it as its class",
        "ClusterResourceSet" => "no ClusterResourceSetBinding of a Cluster names it",
        _ => return None,
    };
    Some(reason.to_owned())
}
