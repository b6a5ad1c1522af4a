//! Who wrote what in a watch trace, also where the trace itself does not say.
//!
//! The recording took authors from the audit log, which had no bodies of Secrets and none of the
//! last step of a deletion. Its notes and the controllers' habits fill that in: who makes which
//! Secret, whose finalizer it is, and that nobody but the mover and the garbage collector touches a
//! paused cluster.

use super::watch_trace::Event;
use serde_json::Value;
use std::collections::BTreeMap;

/// A user and program as an audit log names them.
#[derive(Clone, Copy)]
pub(crate) struct Author {
    pub(crate) user: &'static str,
    pub(crate) agent: &'static str,
}

const IMPORTER: &str = "importer";
const COLLECTOR: &str = "kcm";

/// What of the past decides who wrote something.
#[derive(Default)]
pub(crate) struct Authors {
    paused: bool,
    asked_to_go: BTreeMap<(String, String), String>,
}

impl Authors {
    /// Who made an object.
    pub(crate) fn of_new(&mut self, event: &Event, object: &Value) -> Author {
        if event.kind == "Cluster" {
            self.paused = object["spec"]["paused"] == true;
        }
        let owner = object["metadata"]["ownerReferences"][0]["kind"].as_str();
        let likely = match owner {
            _ if self.paused => IMPORTER,
            Some("KubeadmControlPlane") => "capi-controlplane",
            _ => "capi-bootstrap",
        };
        author(event.by.as_deref().unwrap_or(likely))
    }

    /// Who changed one.
    pub(crate) fn of_change(&mut self, event: &Event) -> Author {
        let by = event.by.as_deref().unwrap_or(IMPORTER);
        let place = (event.kind.clone(), event.name.clone());
        if event.kind == "Cluster" && event.touches("spec.paused") {
            self.paused = !event.unsets("spec.paused");
        }
        if event.marks_for_deletion() {
            self.asked_to_go.insert(place, by.to_owned());
        }
        author(by)
    }

    /// Who took the last step of a deletion.
    pub(crate) fn of_removal(&mut self, event: &Event, object: &Value) -> Author {
        let place = (event.kind.clone(), event.name.clone());
        let unasked = match event.kind.as_str() {
            "KubeadmConfig" if !self.paused => "capi-core",
            _ => COLLECTOR,
        };
        let asked = self.asked_to_go.get(&place).map_or(unasked, String::as_str);
        let held = object["metadata"].get("deletionTimestamp").is_some();
        author(if held && asked != IMPORTER { finalizer_owner(&event.kind) } else { asked })
    }
}

/// Whose finalizer objects of this kind bear.
fn finalizer_owner(kind: &str) -> &'static str {
    match kind {
        "KubeadmControlPlane" => "capi-controlplane",
        dev if dev.starts_with("Dev") => "capi-infra",
        _ => "capi-core",
    }
}

fn author(by: &str) -> Author {
    let manager = "manager/v1.14.2";
    let (user, agent) = match by {
        "capi-core" => ("system:serviceaccount:capi-system:capi-manager", manager),
        "capi-infra" => ("system:serviceaccount:capd-system:capd-manager", manager),
        "capi-bootstrap" => (
            "system:serviceaccount:capi-kubeadm-bootstrap-system:capi-kubeadm-bootstrap-manager",
            manager,
        ),
        "capi-controlplane" => (
            "system:serviceaccount:capi-kubeadm-control-plane-system:\
             capi-kubeadm-control-plane-manager",
            manager,
        ),
        COLLECTOR => (
            "system:serviceaccount:kube-system:generic-garbage-collector",
            "kube-controller-manager/v1.34.4",
        ),
        IMPORTER => ("importer", "importer/v1"),
        _ => ("alice", "kubectl/v1.34.4"),
    };
    Author { user, agent }
}
