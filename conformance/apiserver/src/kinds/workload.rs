//! What runs pods: Deployments, ReplicaSets, StatefulSets, DaemonSets. Nothing makes the pods.

mod deployment;

use serde_json::{Value, json};

use super::parts::{conditions, integer, partly_free, pointer, schema, selector};
use super::usual::{Trait, Usual};
use super::{fill, podspec};
use crate::json::text_at;
use crate::registry::{Resource, Subresource};
use crate::status::{FieldError, Status};

/// The group and version of all of them.
const APPS: (&str, &str) = ("apps", "v1");
const TRAITS: &[Trait] = &[Trait::Status, Trait::Generation];

pub(super) fn resources() -> Vec<Resource> {
    vec![deployment::resource(), replica_sets(), stateful_sets(), daemon_sets()]
}

/// A resource of these, with `scale` if its number can be set.
fn served(kind: &str, plural: &str, short_name: &str, scales: bool) -> Resource {
    let mut resource = super::resource(APPS, kind, plural, &[short_name]);
    resource.categories = super::owned(&["all"]);
    resource.subresources.extend(scales.then_some(Subresource::SCALE));
    resource
}

/// A kind with this status in its zero value, of which only what all have is known.
fn kind(status: Value) -> Usual {
    let spec = partly_free(json!({
        "replicas": pointer(integer()),
        "selector": selector(),
        "template": podspec::template(),
        "minReadySeconds": integer(),
        "revisionHistoryLimit": pointer(integer()),
    }));
    let known = partly_free(json!({"conditions": conditions(), "observedGeneration": integer()}));
    let empty = json!({"spec": empty_spec(), "status": status});
    let mut kind = Usual::new(schema(json!({"spec": spec, "status": known})), empty, TRAITS);
    kind.judge = judge;
    kind
}

fn empty_spec() -> Value {
    json!({"selector": null, "template": {"metadata": {}, "spec": {"containers": null}}})
}

fn replica_sets() -> Resource {
    let mut kind = kind(json!({"replicas": 0}));
    kind.finish = |set| complete(set, &json!({"replicas": 1}));
    kind.first_status = |_| Some(json!({"replicas": 0}));
    kind.serve(served("ReplicaSet", "replicasets", "rs", true))
}

fn stateful_sets() -> Resource {
    let mut kind = kind(json!({"replicas": 0, "availableReplicas": 0}));
    kind.finish = |set| {
        let usual = json!({
            "replicas": 1,
            "revisionHistoryLimit": 10,
            "podManagementPolicy": "OrderedReady",
            "persistentVolumeClaimRetentionPolicy": {
                "whenDeleted": "Retain",
                "whenScaled": "Retain",
            },
        });
        let rolling = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}});
        strategy(set, "updateStrategy", &rolling);
        complete(set, &usual)
    };
    kind.first_status = |_| Some(json!({"replicas": 0, "availableReplicas": 0}));
    kind.serve(served("StatefulSet", "statefulsets", "sts", true))
}

fn daemon_sets() -> Resource {
    fn status() -> Value {
        json!({
            "currentNumberScheduled": 0,
            "numberMisscheduled": 0,
            "desiredNumberScheduled": 0,
            "numberReady": 0,
        })
    }
    let mut kind = kind(status());
    kind.finish = |set| {
        let rolling = json!({"maxUnavailable": 1, "maxSurge": 0});
        let rolling = json!({"type": "RollingUpdate", "rollingUpdate": rolling});
        strategy(set, "updateStrategy", &rolling);
        complete(set, &json!({"revisionHistoryLimit": 10}))
    };
    kind.first_status = |_| Some(status());
    kind.serve(served("DaemonSet", "daemonsets", "ds", false))
}

/// The defaults of the way to replace pods, which hold for the usual one alone.
fn strategy(object: &mut Value, field: &str, rolling: &Value) {
    let strategy = &mut object["spec"][field];
    if strategy.is_null() {
        *strategy = json!({});
    }
    fill(strategy, &json!({"type": "RollingUpdate"}));
    if strategy["type"] == "RollingUpdate" {
        fill(strategy, rolling);
    }
}

/// The defaults of the specification and of the pods in it.
fn complete(object: &mut Value, spec: &Value) -> Result<(), Status> {
    fill(&mut object["spec"], spec);
    podspec::complete(&mut object["spec"]["template"]["spec"]);
    Ok(())
}

fn judge(object: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let spec = &object["spec"];
    let mut errors = Vec::new();
    if let Some(count) = spec["replicas"].as_i64().filter(|count| *count < 0) {
        let why = "must be greater than or equal to 0";
        errors.push(FieldError::invalid_value("spec.replicas", &json!(count), why));
    }
    let labels = &spec["template"]["metadata"]["labels"];
    let wanted = spec["selector"]["matchLabels"].as_object();
    if spec["selector"].is_null() {
        errors.push(FieldError::required("spec.selector", ""));
    } else if spec["selector"].as_object().is_some_and(|selector| selector.is_empty()) {
        let kind = text_at(object, "/kind").to_lowercase();
        let why = format!("empty selector is invalid for {kind}");
        errors.push(FieldError::invalid_value("spec.selector", &json!({}), why));
    } else if wanted.into_iter().flatten().any(|(key, value)| labels[key] != *value) {
        let why = "`selector` does not match template `labels`";
        errors.push(FieldError::invalid_value("spec.template.metadata.labels", labels, why));
    }
    errors.extend(podspec::judge(&spec["template"]["spec"], "spec.template.spec"));
    errors.extend(old.and_then(|old| super::immutable(object, old, "/spec/selector")));
    errors
}
