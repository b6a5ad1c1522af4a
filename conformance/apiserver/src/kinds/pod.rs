//! Pods.

use serde_json::{Value, json};

use super::parts::{conditions, list, object, partly_free, schema, string};
use super::usual::{Trait, Usual};
use super::{fill, list_mut, podspec};
use crate::registry::{Resource, Subresource};
use crate::status::Status;

/// The fields that pods are selected by.
const SELECTABLE: [&str; 9] = [
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.podIPs",
    "status.nominatedNodeName",
];

pub(super) fn resources() -> Vec<Resource> {
    let address = object(json!({"ip": string()}));
    let status = partly_free(json!({
        "phase": string(),
        "conditions": conditions(),
        "hostIPs": list(address.clone()),
        "podIPs": super::parts::keyed(&["ip"], address),
    }));
    let schema = schema(json!({"spec": podspec::schema(), "status": status}));
    let empty = json!({"spec": {"containers": null}, "status": {}});
    let traits = &[Trait::Status, Trait::Generation, Trait::ReturnsDeleted];
    let mut kind = Usual::new(schema, empty, traits);
    kind.finish = finish;
    kind.first_status = |pod| Some(json!({"phase": "Pending", "qosClass": quality(pod)}));
    kind.judge = |pod, _| podspec::judge(&pod["spec"], "spec");
    let mut resource = super::resource(("", "v1"), "Pod", "pods", &["po"]);
    resource.categories = super::owned(&["all"]);
    resource.selectable = super::owned(&SELECTABLE);
    let body = Some(("policy", "v1", "Eviction"));
    resource.subresources = vec![Subresource { name: "eviction", body, verbs: &["create"] }];
    vec![kind.serve(resource)]
}

fn finish(pod: &mut Value) -> Result<(), Status> {
    for containers in ["/spec/initContainers", "/spec/containers"] {
        for container in list_mut(pod, containers) {
            let limits = container["resources"]["limits"].clone();
            if limits.is_object() {
                fill(&mut container["resources"], &json!({"requests": limits}));
            }
        }
    }
    let spec = &mut pod["spec"];
    podspec::complete(spec);
    fill(spec, &json!({"enableServiceLinks": true}));
    Ok(())
}

/// How well a pod is served: by what its containers ask for and are limited to.
fn quality(pod: &Value) -> &'static str {
    let lists = ["/spec/initContainers", "/spec/containers"];
    let mut all = lists.iter().flat_map(|at| super::list(pod, at)).map(|c| &c["resources"]);
    let asks = |resources: &Value| {
        let parts = ["limits", "requests"].map(|part| resources[part].as_object());
        parts.into_iter().flatten().any(|part| !part.is_empty())
    };
    let fixed = |resources: &Value| {
        ["cpu", "memory"].iter().all(|what| {
            let limit = &resources["limits"][what];
            !limit.is_null() && *limit == resources["requests"][what]
        })
    };
    if !all.clone().any(asks) {
        "BestEffort"
    } else if all.all(fixed) {
        "Guaranteed"
    } else {
        "Burstable"
    }
}
