//! Services and Endpoints. No addresses are given to services.

use serde_json::{Value, json};

use super::parts::{
    atomic, conditions, free, int_or_string, integer, keyed, list, object, partly_free, schema,
    string, texts,
};
use super::usual::{Trait, Usual};
use super::{fill, list_mut};
use crate::json::text_at;
use crate::meta::NameRule;
use crate::registry::Resource;
use crate::status::Status;

pub(super) fn resources() -> Vec<Resource> {
    vec![services(), endpoints()]
}

fn services() -> Resource {
    let port = partly_free(json!({
        "name": string(),
        "protocol": {"type": "string", "default": "TCP"},
        "port": integer(),
        "targetPort": int_or_string(),
        "nodePort": integer(),
    }));
    let spec = partly_free(json!({
        "ports": keyed(&["port", "protocol"], port),
        "selector": atomic(texts()),
        "clusterIP": string(),
        "clusterIPs": list(string()),
        "type": string(),
        "sessionAffinity": string(),
    }));
    let status = object(json!({"loadBalancer": free(), "conditions": conditions()}));
    let schema = schema(json!({"spec": spec, "status": status}));
    let empty = json!({"spec": {}, "status": {"loadBalancer": {}}});
    let traits = &[Trait::Status, Trait::CreateOnUpdate, Trait::ReturnsDeleted];
    let mut kind = Usual::new(schema, empty, traits);
    kind.name_rule = NameRule::Label1035;
    kind.finish = finish;
    kind.first_status = |_| Some(json!({"loadBalancer": {}}));
    let mut resource = super::resource(("", "v1"), "Service", "services", &["svc"]);
    resource.categories = super::owned(&["all"]);
    resource.selectable = super::owned(&["spec.clusterIP", "spec.type"]);
    kind.serve(resource)
}

fn finish(service: &mut Value) -> Result<(), Status> {
    let spec = &mut service["spec"];
    fill(spec, &json!({"sessionAffinity": "None", "type": "ClusterIP"}));
    if text_at(spec, "/type") != "ExternalName" {
        fill(spec, &json!({"internalTrafficPolicy": "Cluster"}));
    }
    for port in list_mut(spec, "/ports") {
        let number = port["port"].clone();
        fill(port, &json!({"protocol": "TCP", "targetPort": number}));
    }
    Ok(())
}

fn endpoints() -> Resource {
    let schema = schema(json!({"subsets": list(free())}));
    let kind = Usual::new(schema, json!({}), &[Trait::CreateOnUpdate]);
    kind.serve(super::resource(("", "v1"), "Endpoints", "endpoints", &["ep"]))
}
