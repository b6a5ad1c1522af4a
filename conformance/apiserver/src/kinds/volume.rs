//! PersistentVolumes and the claims to them. Nothing binds one to the other.

use serde_json::{Value, json};

use super::fill;
use super::parts::{conditions, free, list, partly_free, schema, string};
use super::usual::{Trait, Usual};
use crate::registry::Resource;
use crate::status::Status;

pub(super) fn resources() -> Vec<Resource> {
    vec![volumes(), claims()]
}

const TRAITS: &[Trait] = &[Trait::Status, Trait::ReturnsDeleted];

fn claims() -> Resource {
    let spec = partly_free(json!({
        "accessModes": list(string()),
        "selector": super::parts::selector(),
        "resources": free(),
        "volumeName": string(),
        "dataSource": super::parts::atomic(free()),
    }));
    let status = partly_free(json!({"phase": string(), "conditions": conditions()}));
    let schema = schema(json!({"spec": spec, "status": status}));
    let empty = json!({"spec": {"resources": {}}, "status": {}});
    let mut kind = Usual::new(schema, empty, TRAITS);
    kind.finish = |claim| finish(claim, &json!({"volumeMode": "Filesystem"}));
    kind.first_status = |_| Some(json!({"phase": "Pending"}));
    let (name, plural) = ("PersistentVolumeClaim", "persistentvolumeclaims");
    kind.serve(super::resource(("", "v1"), name, plural, &["pvc"]))
}

fn volumes() -> Resource {
    let spec = partly_free(json!({
        "capacity": free(),
        "accessModes": list(string()),
        "claimRef": free(),
        "mountOptions": list(string()),
        "storageClassName": string(),
    }));
    let status = partly_free(json!({"phase": string()}));
    let schema = schema(json!({"spec": spec, "status": status}));
    let mut kind = Usual::new(schema, json!({"spec": {}, "status": {}}), TRAITS);
    kind.finish = |volume| {
        let usual = json!({
            "persistentVolumeReclaimPolicy": "Retain",
            "volumeMode": "Filesystem",
        });
        finish(volume, &usual)
    };
    kind.first_status = |_| Some(json!({"phase": "Pending"}));
    let (name, plural) = ("PersistentVolume", "persistentvolumes");
    let mut resource = super::resource(("", "v1"), name, plural, &["pv"]);
    resource.namespaced = false;
    kind.serve(resource)
}

fn finish(object: &mut Value, spec: &Value) -> Result<(), Status> {
    fill(object, &json!({"spec": spec, "status": {"phase": "Pending"}}));
    Ok(())
}
