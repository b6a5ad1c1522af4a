//! Pods: those that Deployments want, and what kubelets make of them.

use fulcrum_apiserver::clock;
use serde_json::{Value, json};

use super::plan::{Action, By, Plan, View, condition, is_static, meta, node_of, place};
use super::state::{Host, Run, State};
use super::{DEPLOYMENTS, POD_START, Workload};
use crate::api::resources::PODS;

const DEPLOYMENT_CONTROLLER: By = By::Controller("deployment-controller");
const NODE_CONTROLLER: By = By::Controller("node-controller");

/// What runs on a control plane, and whether it belongs to etcd.
const STATIC: [(&str, bool); 4] = [
    ("etcd", true),
    ("kube-apiserver", false),
    ("kube-controller-manager", false),
    ("kube-scheduler", false),
];

impl State {
    /// What the deployment controller does.
    pub(super) fn plan_deployments(view: &View, plan: &mut Plan) {
        for deployment in &view.deployments {
            let mut pods: Vec<&Value> =
                view.pods.iter().map(|pod| &**pod).filter(|pod| owns(deployment, pod)).collect();
            let wanted = deployment["spec"]["replicas"].as_u64().unwrap_or(1);
            let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
            let deleting = deployment["metadata"].get("deletionTimestamp").is_some();
            if !deleting {
                for _ in pods.len()..wanted {
                    let pod = pod_of(deployment);
                    plan.act(Action::CreatePod { by: DEPLOYMENT_CONTROLLER, pod });
                }
            }
            // Those that are not ready go first, then by name.
            pods.sort_by_key(|pod| (is_ready(pod), meta(pod, "name").to_owned()));
            for pod in pods.iter().take(pods.len().saturating_sub(wanted)) {
                let (at, uid) = (place(pod), meta(pod, "uid").to_owned());
                plan.act(Action::DeletePod { by: DEPLOYMENT_CONTROLLER, at, uid });
            }
            report(deployment, &pods, plan);
        }
    }

    /// What kubelets do with the pods that are bound to their nodes.
    pub(super) fn plan_kubelets(&mut self, workload: &Workload, view: &View, plan: &mut Plan) {
        self.forget_pods(view, plan);
        for pod in view.pods.iter().filter(|pod| !node_of(pod).is_empty()) {
            let Some((id, host)) = self.host_of(node_of(pod)) else {
                continue;
            };
            if !self.is_connected(host, view.endpoint_leads_here) {
                continue;
            }
            let id = id.clone();
            let run = self.pods.entry(meta(pod, "uid").to_owned()).or_insert_with(|| {
                let start = if is_static(pod) { POD_START / 2 } else { POD_START };
                let start = workload.about(start);
                let (namespace, name) = place(pod);
                Run {
                    namespace,
                    name,
                    app: app_of(pod).to_owned(),
                    host: id.clone(),
                    starts_at: view.now.checked_add(start).unwrap_or(view.now),
                    running: false,
                    restarts: 0,
                    process: None,
                }
            });
            if !run.running {
                // Another machine may have taken the node over.
                run.host = id;
                run.begin(view, plan, meta(pod, "uid"));
            } else if !is_ready(pod) || restarts(pod) != run.restarts {
                plan.act(running(pod, run, view));
            }
        }
        self.plan_static(view, plan);
    }

    /// Kills what runs for pods that are gone, where a kubelet learns of it.
    fn forget_pods(&mut self, view: &View, plan: &mut Plan) {
        let is_there = |uid: &str| view.pods.iter().any(|pod| meta(pod, "uid") == uid);
        let gone: Vec<String> = self.pods.keys().filter(|uid| !is_there(uid)).cloned().collect();
        for uid in gone {
            let host = self.pods.get(&uid).and_then(|run| self.hosts.get(&run.host));
            let unheard = host.is_some_and(|host| {
                host.running && !self.is_connected(host, view.endpoint_leads_here)
            });
            if !unheard && let Some(run) = self.pods.remove(&uid) {
                plan.killed.extend(run.process);
            }
        }
    }

    /// What kubelets of control planes run whatever the API server says, as it shows there.
    fn plan_static(&self, view: &View, plan: &mut Plan) {
        for host in self.hosts.values().filter(|host| host.has_kubelet()) {
            let Some(node) = view.node(host.node()) else {
                continue;
            };
            for (component, of_etcd) in STATIC {
                let runs = if of_etcd { host.stages.etcd } else { host.stages.api_server };
                let name = format!("{component}-{}", host.node());
                let shown = view.pods.iter().any(|pod| {
                    meta(pod, "name") == name && meta(pod, "namespace") == "kube-system"
                });
                if runs && host.is_control_plane() && !shown {
                    let by = By::Kubelet(host.node().to_owned());
                    let pod = mirror(component, &name, node, host);
                    plan.act(Action::CreatePod { by, pod });
                }
            }
        }
    }

    /// Marks the pods of lost nodes.
    pub(super) fn plan_unready(view: &View, plan: &mut Plan) {
        for pod in view.pods.iter().filter(|pod| is_ready(pod)) {
            let lost = view.node(node_of(pod)).is_some_and(|node| {
                condition(node, "Ready").is_some_and(|status| status != "True")
            });
            if lost {
                let now = clock::seconds(view.now);
                let patch = json!({"status": {"conditions": [
                    {"type": "Ready", "status": "False", "lastTransitionTime": now},
                ]}});
                let at = place(pod);
                plan.act(Action::Patch {
                    by: NODE_CONTROLLER,
                    res: &PODS,
                    at,
                    sub: "status",
                    patch,
                });
            }
        }
    }
}

impl Run {
    fn begin(&mut self, view: &View, plan: &mut Plan, uid: &str) {
        if self.starts_at > view.now {
            plan.at(self.starts_at);
        } else {
            plan.act(Action::Start { uid: uid.to_owned() });
        }
    }
}

/// The kubelet's report of a pod that runs.
fn running(pod: &Value, run: &Run, view: &View) -> Action {
    let now = clock::seconds(view.now);
    let containers = pod["spec"]["containers"].as_array().into_iter().flatten();
    let containers: Vec<Value> = containers
        .map(|container| {
            json!({
                "name": container["name"], "image": container["image"], "imageID": "",
                "ready": true, "started": true, "restartCount": run.restarts,
                "state": {"running": {"startedAt": now}}, "lastState": {},
            })
        })
        .collect();
    let true_now = |of: &str| json!({"type": of, "status": "True", "lastTransitionTime": now});
    let conditions: Vec<Value> =
        ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map(true_now).to_vec();
    let patch = json!({"status": {
        "phase": "Running",
        "startTime": pod["status"]["startTime"].as_str().unwrap_or(&now),
        "conditions": conditions,
        "containerStatuses": containers,
    }});
    let by = By::Kubelet(node_of(pod).to_owned());
    Action::Patch { by, res: &PODS, at: place(pod), sub: "status", patch }
}

/// How often a pod was started again, as it says.
fn restarts(pod: &Value) -> u64 {
    pod["status"]["containerStatuses"][0]["restartCount"].as_u64().unwrap_or_default()
}

pub(super) fn is_ready(pod: &Value) -> bool {
    condition(pod, "Ready") == Some("True")
}

fn owns(deployment: &Value, pod: &Value) -> bool {
    let owners = pod["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    let uid = meta(deployment, "uid");
    !uid.is_empty() && owners.into_iter().any(|owner| owner["uid"] == uid)
}

/// The name of the Deployment that a pod is of, or empty.
fn app_of(pod: &Value) -> &str {
    let mut owners = pod["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    let owner = owners.find(|owner| owner["kind"] == DEPLOYMENTS.kind);
    owner.and_then(|owner| owner["name"].as_str()).unwrap_or_default()
}

/// A new pod of a Deployment.
fn pod_of(deployment: &Value) -> Value {
    let template = &deployment["spec"]["template"];
    let mut metadata = json!({
        "generateName": format!("{}-", meta(deployment, "name")),
        "namespace": meta(deployment, "namespace"),
        "ownerReferences": [{
            "apiVersion": DEPLOYMENTS.api_version(), "kind": DEPLOYMENTS.kind,
            "name": meta(deployment, "name"), "uid": meta(deployment, "uid"),
            "controller": true, "blockOwnerDeletion": true,
        }],
    });
    for field in ["labels", "annotations"] {
        if let Some(value) = template["metadata"].get(field) {
            metadata[field] = value.clone();
        }
    }
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]})
}

/// A static pod, as its kubelet shows it.
fn mirror(component: &str, name: &str, node: &Value, host: &Host) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "kube-system",
            "labels": {"component": component, "tier": "control-plane"},
            "annotations": {"kubernetes.io/config.mirror": host.address},
            "ownerReferences": [{
                "apiVersion": "v1", "kind": "Node", "name": meta(node, "name"),
                "uid": meta(node, "uid"), "controller": true,
            }],
        },
        "spec": {
            "nodeName": meta(node, "name"),
            "hostNetwork": true,
            "tolerations": [{"operator": "Exists", "effect": "NoExecute"}],
            "containers": [{
                "name": component, "image": format!("registry.k8s.io/{component}:{}", host.version),
            }],
        },
    })
}

/// Brings the status of a Deployment up to date.
fn report(deployment: &Value, pods: &[&Value], plan: &mut Plan) {
    let ready = pods.iter().filter(|pod| is_ready(pod)).count();
    let there = pods.len();
    let status = &deployment["status"];
    let count = |field: &str| status[field].as_u64().unwrap_or_default();
    let seen = status["observedGeneration"].as_u64().unwrap_or_default();
    let generation = deployment["metadata"]["generation"].as_u64().unwrap_or_default();
    let same = count("replicas") == there as u64
        && count("readyReplicas") == ready as u64
        && seen == generation;
    if same {
        return;
    }
    let patch = json!({"status": {
        "observedGeneration": generation, "replicas": there, "updatedReplicas": there,
        "readyReplicas": ready, "availableReplicas": ready,
        "unavailableReplicas": there - ready,
    }});
    let (by, at) = (DEPLOYMENT_CONTROLLER, place(deployment));
    plan.act(Action::Patch { by, res: &DEPLOYMENTS, at, sub: "status", patch });
}
