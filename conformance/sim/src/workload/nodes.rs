//! Nodes: their registration by kubelets, and what becomes of one that is lost.

use std::time::Duration;

use fulcrum_apiserver::clock;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::plan::{Action, By, Plan, View, condition, is_static, meta, node_of, place};
use super::state::{Host, State};
use super::{EVICTION, GRACE, ORPHANED};
use crate::api::resources::NODES;

const NODE_CONTROLLER: By = By::Controller("node-controller");
const COLLECTOR: By = By::Controller("pod-garbage-collector");

/// The taint of a node that is lost.
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
/// The taint, and the label, of a control plane.
const CONTROL_PLANE: &str = "node-role.kubernetes.io/control-plane";

/// A later moment.
fn after(moment: Timestamp, time: Duration) -> Timestamp {
    moment.checked_add(time).unwrap_or(Timestamp::MAX)
}

impl State {
    /// What kubelets and the node controller do.
    pub(super) fn plan_nodes(&mut self, view: &View, plan: &mut Plan) {
        self.renew_leases(view);
        for (id, host) in &self.hosts {
            if !self.is_connected(host, view.endpoint_leads_here) {
                continue;
            }
            match view.node(host.node()) {
                None if !host.registered => {
                    plan.act(Action::Register { host: id.clone(), node: node(id, host, view.now) });
                }
                Some(object) if condition(object, "Ready") != Some("True") => {
                    plan.act(ready(host, object, view.now));
                }
                None | Some(_) => {}
            }
        }
        for object in &view.nodes {
            self.watch_node(object, view, plan);
        }
        self.collect_pods(view, plan);
    }

    /// Notes which kubelets reach the API server. One that does not was last heard of now.
    fn renew_leases(&mut self, view: &View) {
        let connected: Vec<bool> = self
            .hosts
            .values()
            .map(|host| self.is_connected(host, view.endpoint_leads_here))
            .collect();
        for (host, connected) in self.hosts.values_mut().zip(connected) {
            if connected {
                host.lost = None;
            } else if host.joined {
                host.lost.get_or_insert(view.now);
            }
        }
        let nodes: Vec<&str> = view.nodes.iter().map(|node| meta(node, "name")).collect();
        let bound = |name: &str| view.pods.iter().any(|pod| node_of(pod) == name);
        self.missed.retain(|name, _| {
            let is_there = nodes.contains(&name.as_str());
            let has_host = self.hosts.values().any(|host| host.joined && host.node() == name);
            if is_there { !has_host } else { bound(name) }
        });
    }

    /// Since when a node is silent, if it is.
    fn silent_since(&mut self, name: &str, view: &View) -> Option<Timestamp> {
        let Some((_, host)) = self.host_of(name) else {
            return Some(*self.missed.entry(name.to_owned()).or_insert(view.now));
        };
        host.lost
    }

    /// What the node controller does with one node.
    fn watch_node(&mut self, object: &Value, view: &View, plan: &mut Plan) {
        let name = meta(object, "name");
        if let Some(silent) = self.silent_since(name, view) {
            // Whoever watches nodes began when the API server did.
            let heard = self.up_since.map_or(silent, |up| up.max(silent));
            let due = after(heard, GRACE);
            if due > view.now {
                plan.at(due);
            } else if condition(object, "Ready") != Some("Unknown") {
                lose(object, view, plan);
            }
        }
        let taints = object["spec"]["taints"].as_array().into_iter().flatten();
        let mut taints = taints.filter(|taint| taint["effect"] == "NoExecute");
        let Some(taint) = taints.find(|taint| taint["key"] == UNREACHABLE) else {
            return;
        };
        let added = taint["timeAdded"].as_str().and_then(|time| time.parse().ok());
        let added = added.unwrap_or(view.now);
        for pod in view.pods.iter().filter(|pod| node_of(pod) == name && !is_static(pod)) {
            let Some(time) = tolerated(pod) else {
                continue;
            };
            let due = after(added, time);
            if due > view.now {
                plan.at(due);
            } else {
                let (at, uid) = (place(pod), meta(pod, "uid").to_owned());
                plan.act(Action::DeletePod { by: NODE_CONTROLLER, at, uid });
            }
        }
    }

    /// Removes pods whose node has been gone for long enough.
    fn collect_pods(&mut self, view: &View, plan: &mut Plan) {
        for pod in view.pods.iter().filter(|pod| !node_of(pod).is_empty()) {
            let name = node_of(pod);
            if view.node(name).is_some() {
                continue;
            }
            let since = *self.missed.entry(name.to_owned()).or_insert(view.now);
            let due = after(since, ORPHANED);
            if due > view.now {
                plan.at(due);
            } else {
                let (at, uid) = (place(pod), meta(pod, "uid").to_owned());
                plan.act(Action::DeletePod { by: COLLECTOR, at, uid });
            }
        }
    }
}

/// How long a pod stays on a node that is lost; for ever without a limit.
fn tolerated(pod: &Value) -> Option<Duration> {
    let tolerations = pod["spec"]["tolerations"].as_array().into_iter().flatten();
    let fits = |toleration: &&Value| {
        let key = toleration["key"].as_str().unwrap_or_default();
        let effect = toleration["effect"].as_str().unwrap_or_default();
        (key.is_empty() || key == UNREACHABLE) && (effect.is_empty() || effect == "NoExecute")
    };
    match tolerations.filter(fits).map(|toleration| &toleration["tolerationSeconds"]).next() {
        Some(seconds) => seconds.as_u64().map(Duration::from_secs),
        None => Some(EVICTION),
    }
}

/// A node as its kubelet registers it.
fn node(id: &str, host: &Host, now: Timestamp) -> Value {
    let name = host.node();
    let mut node = json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"},
        },
        "spec": {"providerID": id},
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": host.address},
                {"type": "Hostname", "address": name},
            ],
            "conditions": conditions(true, now),
            "nodeInfo": {"kubeletVersion": host.version},
        },
    });
    if host.is_control_plane() {
        node["metadata"]["labels"][CONTROL_PLANE] = json!("");
        node["spec"]["taints"] = json!([{"key": CONTROL_PLANE, "effect": "NoSchedule"}]);
    }
    node
}

/// The conditions of a node whose kubelet says that all is well, or says nothing.
fn conditions(heard: bool, now: Timestamp) -> Value {
    let now = clock::seconds(now);
    let all = [
        ("MemoryPressure", "False", "KubeletHasSufficientMemory"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID"),
        ("Ready", "True", "KubeletReady"),
    ];
    let condition = |(of, status, reason): (&str, &str, &str)| {
        let (status, reason, message) = match heard {
            true => (status, reason, "kubelet is posting its status"),
            false => ("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."),
        };
        json!({
            "type": of, "status": status, "reason": reason, "message": message,
            "lastHeartbeatTime": now, "lastTransitionTime": now,
        })
    };
    all.into_iter().map(condition).collect()
}

/// The kubelet of a node reports that it is there, or again.
fn ready(host: &Host, object: &Value, now: Timestamp) -> Action {
    let patch = json!({
        "status": {
            "conditions": conditions(true, now),
            "nodeInfo": {"kubeletVersion": host.version},
        },
    });
    Action::Patch {
        by: By::Kubelet(host.node().to_owned()),
        res: &NODES,
        at: place(object),
        sub: "status",
        patch,
    }
}

impl State {
    /// Takes the taints of a lost node off one that is back.
    pub(super) fn plan_taints(view: &View, plan: &mut Plan) {
        let tainted = |taints: &[Value]| taints.iter().any(|taint| taint["key"] == UNREACHABLE);
        for object in &view.nodes {
            let taints = object["spec"]["taints"].as_array().cloned().unwrap_or_default();
            if condition(object, "Ready") != Some("True") || !tainted(&taints) {
                continue;
            }
            let left: Vec<Value> =
                taints.into_iter().filter(|taint| taint["key"] != UNREACHABLE).collect();
            let left = if left.is_empty() { Value::Null } else { Value::Array(left) };
            plan.act(taint(object, &left));
        }
    }
}

fn taint(object: &Value, taints: &Value) -> Action {
    let patch = json!({"spec": {"taints": taints}});
    Action::Patch { by: NODE_CONTROLLER, res: &NODES, at: place(object), sub: "", patch }
}

/// The node controller finds a node lost.
fn lose(object: &Value, view: &View, plan: &mut Plan) {
    let patch = json!({"status": {"conditions": conditions(false, view.now)}});
    let at = place(object);
    plan.act(Action::Patch { by: NODE_CONTROLLER, res: &NODES, at, sub: "status", patch });
    let mut taints = object["spec"]["taints"].as_array().cloned().unwrap_or_default();
    taints.retain(|taint| taint["key"] != UNREACHABLE);
    for effect in ["NoSchedule", "NoExecute"] {
        let now = clock::seconds(view.now);
        taints.push(json!({"key": UNREACHABLE, "effect": effect, "timeAdded": now}));
    }
    plan.act(taint(object, &Value::Array(taints)));
}
