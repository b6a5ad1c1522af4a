//! Leases.

use serde_json::{Value, json};

use super::parts::{integer, object, pointer, schema, string};
use super::usual::{Trait, Usual};
use crate::registry::Resource;
use crate::status::FieldError;

pub(super) fn resources() -> Vec<Resource> {
    let spec = object(json!({
        "holderIdentity": pointer(string()),
        "leaseDurationSeconds": pointer(integer()),
        "acquireTime": string(),
        "renewTime": string(),
        "leaseTransitions": pointer(integer()),
        "strategy": pointer(string()),
        "preferredHolder": pointer(string()),
    }));
    let schema = schema(json!({"spec": spec}));
    let traits = &[Trait::Conditional, Trait::CreateOnUpdate];
    let mut kind = Usual::new(schema, json!({"spec": {}}), traits);
    kind.judge = |lease, _| judge(lease);
    vec![kind.serve(super::resource(("coordination.k8s.io", "v1"), "Lease", "leases", &[]))]
}

fn judge(lease: &Value) -> Vec<FieldError> {
    let number = |field: &str| lease["spec"][field].as_i64();
    let mut errors = Vec::new();
    if let Some(seconds) = number("leaseDurationSeconds").filter(|seconds| *seconds <= 0) {
        let field = "spec.leaseDurationSeconds";
        errors.push(FieldError::invalid_value(field, &json!(seconds), "must be greater than 0"));
    }
    if let Some(count) = number("leaseTransitions").filter(|count| *count < 0) {
        let (field, why) = ("spec.leaseTransitions", "must be greater than or equal to 0");
        errors.push(FieldError::invalid_value(field, &json!(count), why));
    }
    errors
}
