//! Deployments, which unlike the others count the changes of their annotations too.

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use super::super::parts::{
    boolean, conditions, int_or_string, integer, object, pointer, schema, selector, string,
};
use super::super::{podspec, restore};
use super::{complete, empty_spec, judge, served, strategy};
use crate::registry::{Resource, Strategy, Subresource};
use crate::schema::Schema;
use crate::status::{FieldError, Status};

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let rolling = object(json!({
        "maxUnavailable": int_or_string(),
        "maxSurge": int_or_string(),
    }));
    let spec = object(json!({
        "replicas": pointer(integer()),
        "selector": selector(),
        "template": podspec::template(),
        "strategy": object(json!({"type": string(), "rollingUpdate": rolling})),
        "minReadySeconds": integer(),
        "revisionHistoryLimit": pointer(integer()),
        "paused": boolean(),
        "progressDeadlineSeconds": pointer(integer()),
    }));
    let status = object(json!({
        "observedGeneration": integer(),
        "replicas": integer(),
        "updatedReplicas": integer(),
        "readyReplicas": integer(),
        "availableReplicas": integer(),
        "unavailableReplicas": integer(),
        "terminatingReplicas": pointer(integer()),
        "conditions": conditions(),
        "collisionCount": pointer(integer()),
    }));
    schema(json!({"spec": spec, "status": status}))
});

pub(super) fn resource() -> Resource {
    let mut resource = served("Deployment", "deployments", "deploy", true);
    resource.schema = SCHEMA.clone();
    resource.subresources.push(Subresource::STATUS);
    resource.strategy = Arc::new(Deployment);
    resource
}

/// The strategy of deployments.
#[derive(Clone, Copy, Debug)]
struct Deployment;

impl Strategy for Deployment {
    fn empty(&self) -> Value {
        let mut spec = empty_spec();
        spec["strategy"] = json!({});
        json!({"spec": spec, "status": {}})
    }

    fn reset_fields(&self, subresource: &str) -> &'static [&'static str] {
        if subresource == "status" { &["spec", "metadata.labels"] } else { &["status"] }
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn complete(&self, deployment: &mut Value) -> Result<(), Status> {
        super::super::complete(deployment, &SCHEMA, &self.empty())?;
        let rolling = json!({"maxUnavailable": "25%", "maxSurge": "25%"});
        strategy(deployment, "strategy", &json!({"rollingUpdate": rolling}));
        let usual = json!({
            "replicas": 1,
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 600,
        });
        complete(deployment, &usual)
    }

    fn prepare_create(&self, deployment: &mut Value) {
        deployment["status"] = json!({});
    }

    fn prepare_update(&self, new: &mut Value, old: &Value, subresource: &str) {
        if subresource == "status" {
            restore(new, old, "spec");
            restore(&mut new["metadata"], &old["metadata"], "labels");
            return;
        }
        restore(new, old, "status");
        let annotations = |object: &Value| object["metadata"]["annotations"].clone();
        if annotations(new) != annotations(old) {
            let generation = old["metadata"]["generation"].as_i64().unwrap_or_default();
            new["metadata"]["generation"] = json!(generation + 1);
        }
    }

    fn validate(&self, deployment: &Value) -> Vec<FieldError> {
        judge(deployment, None)
    }

    fn validate_update(&self, new: &Value, old: &Value, subresource: &str) -> Vec<FieldError> {
        if subresource == "status" { Vec::new() } else { judge(new, Some(old)) }
    }
}
