//! Makes a control plane machine: infrastructure, bootstrap configuration, machine.

use serde_json::{Value, json};

use super::{HOOK, Scope, labels, remediate};
use crate::api::resources::{KUBEADM_CONFIGS, KUBEADM_CONTROL_PLANES, MACHINES};
use crate::capi::machine_set::Cloned;
use crate::capi::object::{
    CORE_VERSION, at, controlling_owner, int, name, namespace, plain_owner, put, remove_annotation,
    set_annotation,
};
use crate::capi::{Outcome, paused, read};
use crate::runtime::Context;

/// The conditions that count for the readiness of a control plane machine.
const GATES: [&str; 6] = [
    "NodeKubeadmLabelsAndTaintsSet",
    "APIServerPodHealthy",
    "ControllerManagerPodHealthy",
    "SchedulerPodHealthy",
    "EtcdPodHealthy",
    "EtcdMemberHealthy",
];

/// Makes a machine that initialises the control plane or joins it.
pub(super) async fn create(cx: &Context, scope: &mut Scope<'_>, joins: bool) -> Outcome<()> {
    let plane = &scope.plane;
    let ns = namespace(plane);
    let machine_name = read::generated(cx, name(plane));
    let owner = plain_owner(&KUBEADM_CONTROL_PLANES, plane);
    let labels = labels(scope);
    let clone = Cloned { name: &machine_name, owner: &owner, labels: &labels, of: plane };
    let template = at(plane, "spec.machineTemplate.spec.infrastructureRef");
    let (res, infrastructure) = clone.make(cx, template).await?;
    let config = json!({
        "apiVersion": KUBEADM_CONFIGS.api_version(), "kind": KUBEADM_CONFIGS.kind,
        "metadata": {
            "name": machine_name, "namespace": ns, "labels": labels, "ownerReferences": [owner],
        },
        "spec": config_spec(plane, joins),
    });
    let made = cx.api.apply(&KUBEADM_CONFIGS, ns, &machine_name, &config, true).await;
    let config = match made {
        Ok(config) => config,
        Err(error) => {
            paused::delete(cx, res, &infrastructure).await?;
            return Err(error.into());
        }
    };
    let machine = machine(scope, &machine_name, (res.group, res.kind));
    match cx.api.apply(&MACHINES, ns, &machine_name, &machine, true).await {
        Ok(machine) => {
            scope.writes.note(cx, scope.key, &MACHINES, &machine, false);
            remove_annotation(&mut scope.plane, remediate::IN_PROGRESS);
            Ok(())
        }
        Err(error) => {
            paused::delete(cx, res, &infrastructure).await?;
            paused::delete(cx, &KUBEADM_CONFIGS, &config).await?;
            Err(error.into())
        }
    }
}

fn machine(scope: &Scope<'_>, machine_name: &str, infrastructure: (&str, &str)) -> Value {
    let plane = &scope.plane;
    let gates: Vec<Value> = GATES.iter().map(|gate| json!({"conditionType": gate})).collect();
    let mut deletion = at(plane, "spec.machineTemplate.spec.deletion").clone();
    if int(&deletion, "nodeDeletionTimeoutSeconds").is_none() {
        put(&mut deletion, "nodeDeletionTimeoutSeconds", json!(10));
    }
    let annotations = at(plane, "spec.machineTemplate.metadata.annotations").clone();
    let mut machine = json!({
        "apiVersion": CORE_VERSION, "kind": "Machine",
        "metadata": {
            "name": machine_name, "namespace": namespace(plane), "labels": labels(scope),
            "annotations": annotations,
            "ownerReferences": [controlling_owner(&KUBEADM_CONTROL_PLANES, plane)],
        },
        "spec": {
            "clusterName": name(&scope.cluster), "version": at(plane, "spec.version"),
            "readinessGates": gates, "deletion": deletion,
            "bootstrap": {"configRef": {
                "apiGroup": KUBEADM_CONFIGS.group, "kind": KUBEADM_CONFIGS.kind,
                "name": machine_name,
            }},
            "infrastructureRef": {
                "apiGroup": infrastructure.0, "kind": infrastructure.1, "name": machine_name,
            },
        },
    });
    set_annotation(&mut machine, HOOK, "");
    if let Some(remediated) = remediate::in_progress(plane) {
        set_annotation(&mut machine, remediate::FOR, remediated);
    }
    machine
}

/// What the bootstrap configuration of a machine holds of the control plane's.
fn config_spec(plane: &Value, joins: bool) -> Value {
    let mut spec = at(plane, "spec.kubeadmConfigSpec").clone();
    if spec.is_null() {
        spec = json!({});
    }
    let unused = if joins { "initConfiguration" } else { "joinConfiguration" };
    crate::capi::object::cut(&mut spec, unused);
    if joins && at(&spec, "joinConfiguration").is_null() {
        put(&mut spec, "joinConfiguration.controlPlane", json!({}));
    }
    let gate = "clusterConfiguration.featureGates.ControlPlaneKubeletLocalMode";
    put(&mut spec, gate, json!(true));
    spec
}
