//! The specification of pods, which is in the templates of workloads as well: what the field
//! managers have to know of it, and its defaults. What is not named here is kept as it is.

use serde_json::{Value, json};

use super::parts::{
    atomic, boolean, free, integer, keyed, list, object, partly_free, pointer, set, string, texts,
};
use super::{fill, list_mut};
use crate::json::text_at;
use crate::status::FieldError;

/// The lists of containers.
const CONTAINERS: [&str; 3] = ["/initContainers", "/containers", "/ephemeralContainers"];

/// The schema of the specification.
pub(super) fn schema() -> Value {
    let container = container();
    let named = |item: Value| keyed(&["name"], item);
    let by_name = partly_free(json!({"name": string()}));
    partly_free(json!({
        "containers": named(container.clone()),
        "initContainers": named(container.clone()),
        "ephemeralContainers": named(container),
        "volumes": named(by_name.clone()),
        "imagePullSecrets": named(by_name.clone()),
        "schedulingGates": named(by_name.clone()),
        "resourceClaims": named(by_name),
        "hostAliases": keyed(&["ip"], object(json!({"ip": string(), "hostnames": list(string())}))),
        "topologySpreadConstraints": keyed(
            &["topologyKey", "whenUnsatisfiable"],
            partly_free(json!({"topologyKey": string(), "whenUnsatisfiable": string()})),
        ),
        "nodeSelector": atomic(texts()),
        "tolerations": list(free()),
        "readinessGates": list(free()),
        "securityContext": free(),
        "affinity": free(),
        "hostNetwork": boolean(),
        "hostPID": boolean(),
        "hostIPC": boolean(),
        "nodeName": string(),
        "restartPolicy": string(),
        "schedulerName": string(),
        "serviceAccountName": string(),
        "serviceAccount": string(),
        "priorityClassName": string(),
        "terminationGracePeriodSeconds": pointer(integer()),
    }))
}

fn container() -> Value {
    let port = object(json!({
        "name": string(),
        "hostPort": integer(),
        "containerPort": integer(),
        "protocol": {"type": "string", "default": "TCP"},
        "hostIP": string(),
    }));
    let selection = || atomic(free());
    let value_from = partly_free(json!({
        "fieldRef": selection(),
        "resourceFieldRef": selection(),
        "configMapKeyRef": selection(),
        "secretKeyRef": selection(),
    }));
    let variable = object(json!({"name": string(), "value": string(), "valueFrom": value_from}));
    partly_free(json!({
        "name": string(),
        "image": string(),
        "imagePullPolicy": string(),
        "command": list(string()),
        "args": list(string()),
        "workingDir": string(),
        "ports": keyed(&["containerPort", "protocol"], port),
        "env": keyed(&["name"], variable),
        "envFrom": list(free()),
        "resources": free(),
        "volumeMounts": keyed(&["mountPath"], partly_free(json!({"mountPath": string()}))),
        "volumeDevices": keyed(&["devicePath"], partly_free(json!({"devicePath": string()}))),
        "livenessProbe": free(),
        "readinessProbe": free(),
        "startupProbe": free(),
        "lifecycle": free(),
        "securityContext": free(),
    }))
}

/// The schema of a template of pods.
pub(super) fn template() -> Value {
    let metadata = partly_free(json!({
        "name": string(),
        "generateName": string(),
        "namespace": string(),
        "creationTimestamp": string(),
        "labels": texts(),
        "annotations": texts(),
        "finalizers": set(string()),
    }));
    object(json!({"metadata": metadata, "spec": schema()}))
}

/// The defaults of a specification.
pub(super) fn complete(spec: &mut Value) {
    let usual = json!({
        "restartPolicy": "Always",
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
        "schedulerName": "default-scheduler",
    });
    fill(spec, &usual);
    // the older name of the field goes with the newer one
    let account = ["/serviceAccountName", "/serviceAccount"].map(|at| text_at(spec, at).to_owned());
    if let Some(name) = account.into_iter().find(|name| !name.is_empty()) {
        spec["serviceAccountName"] = json!(name);
        spec["serviceAccount"] = json!(name);
    }
    for containers in CONTAINERS {
        list_mut(spec, containers).for_each(complete_container);
    }
    list_mut(spec, "/volumes").for_each(complete_volume);
}

fn complete_container(container: &mut Value) {
    let always = is_latest(text_at(container, "/image"));
    let usual = json!({
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": if always { "Always" } else { "IfNotPresent" },
    });
    fill(container, &usual);
    let probe = json!({
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    });
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let Some(found) = container.get_mut(name) else {
            continue;
        };
        fill(found, &probe);
        if let Some(get) = found.get_mut("httpGet") {
            fill(get, &json!({"path": "/", "scheme": "HTTP"}));
        }
        if let Some(call) = found.get_mut("grpc") {
            fill(call, &json!({"service": ""}));
        }
    }
    for variable in list_mut(container, "/env") {
        if let Some(field) = variable.pointer_mut("/valueFrom/fieldRef") {
            fill(field, &json!({"apiVersion": "v1"}));
        }
    }
}

/// Whether an image is the one that `latest` names, by saying so or by saying nothing.
fn is_latest(image: &str) -> bool {
    if image.contains('@') {
        return false;
    }
    let last = image.rsplit('/').next().unwrap_or_default();
    last.split_once(':').is_none_or(|(_, tag)| tag == "latest")
}

fn complete_volume(volume: &mut Value) {
    let Value::Object(fields) = volume else {
        return;
    };
    if fields.keys().all(|key| key == "name") {
        fields.insert("emptyDir".to_owned(), json!({}));
    }
    for (kind, source) in fields.iter_mut() {
        match kind.as_str() {
            "secret" | "configMap" | "downwardAPI" | "projected" => {
                fill(source, &json!({"defaultMode": 420}));
            }
            "hostPath" => fill(source, &json!({"type": ""})),
            _ => {}
        }
    }
}

/// What is wrong with the containers of the specification at `field`.
pub(super) fn judge(spec: &Value, field: &str) -> Vec<FieldError> {
    let containers = super::list(spec, "/containers");
    if containers.is_empty() {
        return vec![FieldError::required(format!("{field}.containers"), "")];
    }
    let mut errors = Vec::new();
    for (at, container) in containers.iter().enumerate() {
        for part in ["name", "image"] {
            if container[part].as_str().unwrap_or_default().is_empty() {
                let place = format!("{field}.containers[{at}].{part}");
                errors.push(FieldError::required(place, ""));
            }
        }
    }
    errors
}
