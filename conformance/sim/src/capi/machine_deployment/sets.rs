//! Makes, changes and removes the sets of a deployment.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::plan::Plan;
use super::{Scope, applied, counted, tolerance, wanted};
use crate::api::resources::{MACHINE_DEPLOYMENTS, MACHINE_SETS};
use crate::capi::object::{
    DEPLOYMENT_NAME, REVISION, TEMPLATE_HASH, annotation, at, cluster_of, controlling_owner,
    generation, int, is_deleting, label, name, namespace, put, set_label, text,
};
use crate::capi::{Outcome, draft, paused, read};
use crate::runtime::Context;

const DESIRED: &str = "machinedeployment.clusters.x-k8s.io/desired-replicas";
const MAX: &str = "machinedeployment.clusters.x-k8s.io/max-replicas";
const HISTORY: &str = "machinedeployment.clusters.x-k8s.io/revision-history";
const DISABLE_CREATE: &str = "cluster.x-k8s.io/disable-machine-create";

/// Writes what the plan wants: the present set first.
pub(super) async fn apply(cx: &Context, scope: &mut Scope<'_>, plan: &Plan) -> Outcome<()> {
    let Some(new) = &plan.new else {
        let made = make(cx, scope, plan).await?;
        scope.writes.note(cx, scope.key, &MACHINE_SETS, &made, false);
        // It is counted with the next reconcile, as the list was read before.
        return old_ones(cx, scope, plan).await;
    };
    change(cx, scope, plan, new, true).await?;
    old_ones(cx, scope, plan).await
}

async fn old_ones(cx: &Context, scope: &mut Scope<'_>, plan: &Plan) -> Outcome<()> {
    for set in &plan.old {
        change(cx, scope, plan, set, false).await?;
    }
    Ok(())
}

/// The annotations that a set gets from its deployment.
fn annotations(deployment: &Value) -> Map<String, Value> {
    let replicas = int(deployment, "spec.replicas").unwrap_or_default();
    let (surge, _) = tolerance(deployment);
    let own = at(deployment, "metadata.annotations").as_object().cloned().unwrap_or_default();
    let mut all: Map<String, Value> = own
        .into_iter()
        .filter(|(key, _)| {
            !key.starts_with("machinedeployment.clusters.x-k8s.io/")
                && key != "kubectl.kubernetes.io/last-applied-configuration"
                && key != crate::capi::object::PAUSED
        })
        .collect();
    all.insert(DESIRED.to_owned(), json!(replicas.to_string()));
    all.insert(MAX.to_owned(), json!((replicas + surge).to_string()));
    all.insert(DISABLE_CREATE.to_owned(), json!("false"));
    all
}

async fn make(cx: &Context, scope: &Scope<'_>, plan: &Plan) -> Outcome<Value> {
    let deployment = &scope.deployment;
    let set_name = read::generated(cx, name(deployment));
    let suffix = set_name.rsplit('-').next().unwrap_or_default();
    let hash = format!("{}-{suffix}", hash(at(deployment, "spec.template.spec")));
    let mut template = at(deployment, "spec.template").clone();
    put(&mut template, "metadata.labels", labelled(deployment, &hash));
    let mut selector = at(deployment, "spec.selector").clone();
    let mut matched = at(&selector, "matchLabels").as_object().cloned().unwrap_or_default();
    matched.insert(TEMPLATE_HASH.to_owned(), json!(hash));
    put(&mut selector, "matchLabels", Value::Object(matched));
    let mut labels = labelled(deployment, &hash);
    labels[DEPLOYMENT_NAME] = json!(name(deployment));
    let mut annotations = annotations(deployment);
    annotations.insert(REVISION.to_owned(), json!(plan.revision));
    let mut spec = json!({
        "clusterName": cluster_of(deployment), "selector": selector, "template": template,
        "replicas": plan.intents.get("").copied().unwrap_or_default(),
    });
    for field in ["deletion", "machineNaming"] {
        let value = at(deployment, &format!("spec.{field}"));
        if !value.is_null() {
            put(&mut spec, field, value.clone());
        }
    }
    let metadata = json!({
        "name": set_name, "namespace": namespace(deployment), "labels": labels,
        "annotations": annotations,
        "ownerReferences": [controlling_owner(&MACHINE_DEPLOYMENTS, deployment)],
    });
    let set = applied(&MACHINE_SETS, metadata, spec);
    Ok(cx.api.apply(&MACHINE_SETS, namespace(deployment), &set_name, &set, true).await?)
}

fn labelled(deployment: &Value, hash: &str) -> Value {
    let labels = at(deployment, "spec.template.metadata.labels").as_object();
    let mut labels = labels.cloned().unwrap_or_default();
    labels.insert(TEMPLATE_HASH.to_owned(), json!(hash));
    Value::Object(labels)
}

/// A number that tells templates apart.
fn hash(spec: &Value) -> u32 {
    let digest = Sha256::digest(spec.to_string().as_bytes());
    digest.iter().take(4).fold(0, |number, &byte| (number << 8) | u32::from(byte))
}

/// Brings a set that is there in line: replicas, annotations, what does not need new machines.
async fn change(
    cx: &Context,
    scope: &Scope<'_>,
    plan: &Plan,
    set: &Arc<Value>,
    is_new: bool,
) -> Outcome<()> {
    let deployment = &scope.deployment;
    let mut wanted_set = Value::clone(set);
    if let Some(replicas) = plan.intents.get(name(set)) {
        put(&mut wanted_set, "spec.replicas", json!(replicas));
    }
    for (key, value) in annotations(deployment) {
        let value = value.as_str().unwrap_or_default();
        crate::capi::object::set_annotation(&mut wanted_set, &key, value);
    }
    if is_new {
        revise(&mut wanted_set, &plan.revision);
    }
    let hash = label(set, TEMPLATE_HASH).unwrap_or_default().to_owned();
    put(&mut wanted_set, "spec.template.metadata.labels", labelled(deployment, &hash));
    set_label(&mut wanted_set, DEPLOYMENT_NAME, name(deployment));
    for field in ["minReadySeconds", "readinessGates", "deletion", "taints"] {
        let path = format!("spec.template.spec.{field}");
        let value = at(deployment, &path);
        if at(&wanted_set, &path) != value {
            put(&mut wanted_set, &path, value.clone());
        }
    }
    let patched = draft::patch(cx, &MACHINE_SETS, set, &wanted_set).await;
    if is_deleting(set) { Ok(()) } else { patched }
}

/// A set that becomes the present one again gets a new revision and remembers the old one.
fn revise(set: &mut Value, revision: &str) {
    let set_annotation = crate::capi::object::set_annotation;
    let old = annotation(set, REVISION).map(str::to_owned);
    if let Some(old) = old.filter(|old| old != revision) {
        let history = match annotation(set, HISTORY) {
            Some(history) if !history.is_empty() => format!("{history},{old}"),
            _ => old,
        };
        set_annotation(set, HISTORY, &history);
    }
    set_annotation(set, REVISION, revision);
}

/// Once all is as wanted, old sets without machines go.
pub(super) async fn clean_up(cx: &Context, scope: &mut Scope<'_>, plan: &Plan) -> Outcome<()> {
    let deployment = &scope.deployment;
    let replicas = int(deployment, "spec.replicas").unwrap_or_default();
    let sets = &scope.sets;
    let sum = |field: &str| -> i64 { sets.iter().map(|set| counted(set, field)).sum() };
    let is_complete = ["replicas", "upToDateReplicas", "availableReplicas"]
        .iter()
        .all(|field| sum(field) == replicas);
    if !is_complete || generation(deployment) > counted(deployment, "observedGeneration") {
        return Ok(());
    }
    for set in &plan.old {
        let is_empty = wanted(set) == 0 && counted(set, "replicas") == 0;
        let is_known = generation(set) <= counted(set, "observedGeneration");
        if is_empty
            && is_known
            && !text(set, "metadata.uid").is_empty()
            && paused::delete(cx, &MACHINE_SETS, set).await?
        {
            scope.writes.note(cx, scope.key, &MACHINE_SETS, set, true);
        }
    }
    Ok(())
}
