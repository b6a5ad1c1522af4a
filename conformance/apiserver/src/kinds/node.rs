//! Nodes.

use serde_json::json;

use super::parts::{boolean, conditions, keyed, list, object, partly_free, schema, set, string};
use super::usual::{Trait, Usual};
use crate::registry::Resource;

pub(super) fn resources() -> Vec<Resource> {
    let taint = object(json!({
        "key": string(),
        "value": string(),
        "effect": string(),
        "timeAdded": string(),
    }));
    let address = object(json!({"type": string(), "address": string()}));
    let spec = partly_free(json!({
        "podCIDR": string(),
        "podCIDRs": set(string()),
        "providerID": string(),
        "unschedulable": boolean(),
        "taints": list(taint),
    }));
    let status = partly_free(json!({
        "conditions": conditions(),
        "addresses": keyed(&["type"], address),
    }));
    let schema = schema(json!({"spec": spec, "status": status}));
    let empty = json!({
        "spec": {},
        "status": {
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 0}},
            "nodeInfo": {
                "machineID": "",
                "systemUUID": "",
                "bootID": "",
                "kernelVersion": "",
                "osImage": "",
                "containerRuntimeVersion": "",
                "kubeletVersion": "",
                "kubeProxyVersion": "",
                "operatingSystem": "",
                "architecture": "",
            },
        },
    });
    // a new node comes with the status that its kubelet sends
    let kind = Usual::new(schema, empty, &[Trait::Status]);
    let mut resource = super::resource(("", "v1"), "Node", "nodes", &["no"]);
    resource.namespaced = false;
    resource.selectable = super::owned(&["spec.unschedulable"]);
    vec![kind.serve(resource)]
}
