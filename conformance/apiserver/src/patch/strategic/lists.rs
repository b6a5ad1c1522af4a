//! How lists merge, and the order of what comes of it.

use serde_json::Value;

use super::{DIRECTIVE, go_list};
use crate::status::Status;

/// How a list merges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Merge {
    /// The patch replaces it.
    Atomic,
    /// Its elements are values, each once.
    Set,
    /// Its elements are maps that this field tells apart.
    By(&'static str),
}

impl Merge {
    /// How the list `field` merges that is in the map in the field `parent` (in an element of the
    /// list `parent`), as the types of the API say.
    pub(super) fn of(kind: &str, parent: &str, field: &str) -> Self {
        let id = match (parent, field) {
            ("metadata", "finalizers") => return Self::Set,
            ("spec", "podCIDRs") if kind == "Node" => return Self::Set,
            ("metadata", "ownerReferences") => "uid",
            ("status", "reservedFor") if kind == "ResourceClaim" => "uid",
            ("status", "conditions") if has_conditions(kind) => "type",
            ("status", "addresses") if kind == "Node" => "type",
            ("status", "podIPs" | "hostIPs") | ("spec", "hostAliases") => "ip",
            ("spec", "ports") if kind == "Service" => "port",
            ("spec", "drivers") if kind == "CSINode" => "name",
            ("spec", "variables" | "matchConditions") if kind.ends_with("AdmissionPolicy") => {
                "name"
            }
            ("", "secrets") if kind == "ServiceAccount" => "name",
            ("", "webhooks") | ("webhooks", "matchConditions") => "name",
            ("spec", "containers" | "initContainers" | "ephemeralContainers" | "volumes")
            | ("spec", "imagePullSecrets" | "schedulingGates" | "resourceClaims")
            | ("status", "resourceClaimStatuses") => "name",
            ("spec", "topologySpreadConstraints") => "topologyKey",
            ("containers" | "initContainers" | "ephemeralContainers", field) => match field {
                "env" => "name",
                "ports" => "containerPort",
                "volumeMounts" => "mountPath",
                "volumeDevices" => "devicePath",
                _ => return Self::Atomic,
            },
            _ => return Self::Atomic,
        };
        Self::By(id)
    }

    /// Whether two elements stand for the same.
    fn same(self, a: &Value, b: &Value) -> bool {
        match self {
            Self::By(id) => a.get(id).is_some() && a.get(id) == b.get(id),
            Self::Set | Self::Atomic => a == b,
        }
    }

    fn place(self, item: &Value, list: &[Value]) -> Option<usize> {
        list.iter().position(|other| self.same(other, item))
    }

    /// Orders a list: what `order` names as it says, the rest as in the live list. Between the two
    /// the live list decides, and what that does not know comes first if it is named.
    pub(super) fn arrange(self, list: Vec<Value>, order: &[Value], live: &[Value]) -> Vec<Value> {
        let (mut named, mut others): (Vec<Value>, Vec<Value>) =
            list.into_iter().partition(|item| self.place(item, order).is_some());
        named.sort_by_key(|item| self.place(item, order));
        others.sort_by_key(|item| self.place(item, live).unwrap_or(usize::MAX));
        let mut all = Vec::with_capacity(named.len() + others.len());
        let (mut others, mut named) = (others.into_iter().peekable(), named.into_iter().peekable());
        loop {
            let other_first = match (others.peek(), named.peek()) {
                (None, None) => return all,
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (Some(a), Some(b)) => {
                    let places = (self.place(a, live), self.place(b, live));
                    matches!(places, (Some(a), Some(b)) if a < b)
                }
            };
            all.extend(if other_first { others.next() } else { named.next() });
        }
    }

    /// Whether the elements of a patch come in the order that it asks for.
    ///
    /// # Errors
    /// 500, as the server has it.
    pub(super) fn check_order(self, patch: &[Value], order: &[Value]) -> Result<(), Status> {
        if patch.is_empty() || order.is_empty() {
            return Ok(());
        }
        let mut rest = order.iter();
        let mut set = patch.iter().filter(|item| item.get(DIRECTIVE).is_none());
        if set.all(|item| rest.any(|other| self.same(other, item))) {
            return Ok(());
        }
        Err(Status::internal(format!(
            "The order in patch list:\n{}\n doesn't match $setElementOrder list:\n{}\n",
            go_list(patch),
            go_list(order)
        )))
    }
}

/// Whether the conditions of a kind merge; those of some are replaced.
fn has_conditions(kind: &str) -> bool {
    matches!(
        kind,
        "APIService"
            | "DaemonSet"
            | "Deployment"
            | "FlowSchema"
            | "HorizontalPodAutoscaler"
            | "Job"
            | "Namespace"
            | "Node"
            | "PersistentVolumeClaim"
            | "Pod"
            | "PodDisruptionBudget"
            | "PriorityLevelConfiguration"
            | "ReplicaSet"
            | "ReplicationController"
            | "Service"
            | "ServiceCIDR"
            | "StatefulSet"
    )
}
