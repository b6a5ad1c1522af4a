//! Makes machines: bootstrap configuration, infrastructure, machine, one after another.

use serde_json::{Map, Value, json};

use super::{Scope, preflight};
use crate::api::Res;
use crate::api::resources::{MACHINE_SETS, MACHINES};
use crate::capi::machine::FINALIZER;
use crate::capi::object::{
    CLONED_FROM_KIND, CLONED_FROM_NAME, CLUSTER_NAME, CORE_VERSION, DEPLOYMENT_NAME, SET_NAME, at,
    cluster_of, controlling_owner, int, label, name, namespace, plain_owner, put, text,
};
use crate::capi::{Outcome, failed, paused, read, refs};
use crate::runtime::{Context, Requeue};

/// The labels of the machines of a set.
pub(super) fn labels(set: &Value) -> Vec<(String, String)> {
    let template = at(set, "spec.template.metadata.labels").as_object();
    let mut all: Vec<(String, String)> = template
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect();
    all.push((SET_NAME.to_owned(), name(set).to_owned()));
    if let Some(deployment) = label(set, DEPLOYMENT_NAME) {
        all.push((DEPLOYMENT_NAME.to_owned(), deployment.to_owned()));
    }
    all
}

/// Makes so many machines, if the control plane is ready for them.
pub(super) async fn machines(
    cx: &Context,
    scope: &mut Scope<'_>,
    count: usize,
) -> Outcome<Requeue> {
    let refused = preflight::check(cx, scope)?;
    if !refused.is_empty() {
        scope.preflight = refused;
        return Ok(Requeue::After(preflight::RETRY));
    }
    for _ in 0..count {
        one(cx, scope).await?;
    }
    Ok(Requeue::Done)
}

async fn one(cx: &Context, scope: &Scope<'_>) -> Outcome<()> {
    let set = &scope.set;
    let machine_name = read::generated(cx, name(set));
    let owner = plain_owner(&MACHINE_SETS, set);
    let labels: Map<String, Value> =
        labels(set).into_iter().map(|(key, value)| (key, json!(value))).collect();
    let annotations = at(set, "spec.template.metadata.annotations").clone();
    let clone = Cloned { name: &machine_name, owner: &owner, labels: &labels, of: set };
    let config_ref = at(set, "spec.template.spec.bootstrap.configRef");
    let mut made: Vec<(&'static Res, Value)> = Vec::new();
    if !config_ref.is_null() {
        made.push(clone.make(cx, config_ref).await?);
    }
    match clone.make(cx, at(set, "spec.template.spec.infrastructureRef")).await {
        Ok(infrastructure) => made.push(infrastructure),
        Err(error) => return clean_up(cx, &made, error).await,
    }
    let mut spec = at(set, "spec.template.spec").clone();
    put(&mut spec, "clusterName", json!(cluster_of(set)));
    for (path, (res, object)) in
        ["infrastructureRef", "bootstrap.configRef"].iter().zip(made.iter().rev())
    {
        let reference = json!({"apiGroup": res.group, "kind": res.kind, "name": name(object)});
        put(&mut spec, path, reference);
    }
    if int(&spec, "deletion.nodeDeletionTimeoutSeconds").is_none() {
        put(&mut spec, "deletion.nodeDeletionTimeoutSeconds", json!(10));
    }
    let mut machine = json!({
        "apiVersion": CORE_VERSION, "kind": "Machine",
        "metadata": {
            "name": machine_name, "namespace": namespace(set), "labels": labels,
            "finalizers": [FINALIZER],
            "ownerReferences": [controlling_owner(&MACHINE_SETS, set)],
        },
        "spec": spec,
    });
    if !annotations.is_null() {
        put(&mut machine, "metadata.annotations", annotations);
    }
    match cx.api.apply(&MACHINES, namespace(set), &machine_name, &machine, true).await {
        Ok(machine) => scope.writes.note(cx, scope.key, &MACHINES, &machine, false),
        Err(error) => return clean_up(cx, &made, error.into()).await,
    }
    for (res, object) in &made {
        scope.writes.note(cx, scope.key, res, object, false);
    }
    Ok(())
}

/// Removes what was made for a machine that could not be made.
async fn clean_up(
    cx: &Context,
    made: &[(&'static Res, Value)],
    error: crate::runtime::ReconcileError,
) -> Outcome<()> {
    for (res, object) in made {
        paused::delete(cx, res, object).await?;
    }
    Err(error)
}

/// What is cloned from a template.
pub(crate) struct Cloned<'a> {
    /// The name, which is that of the machine.
    pub(crate) name: &'a str,
    /// The owner until the machine takes over.
    pub(crate) owner: &'a Value,
    /// The labels.
    pub(crate) labels: &'a Map<String, Value>,
    /// The object for which it is made.
    pub(crate) of: &'a Value,
}

impl Cloned<'_> {
    /// Makes an object as a template says.
    pub(crate) async fn make(
        &self,
        cx: &Context,
        reference: &Value,
    ) -> Outcome<(&'static Res, Value)> {
        let ns = namespace(self.of);
        let Some((template_res, template)) = refs::follow(cx, reference, ns)? else {
            return Err(failed(format!("{} not found", text(reference, "kind"))));
        };
        let kind = text(reference, "kind").trim_end_matches("Template");
        let what = json!({"apiGroup": template_res.group, "kind": kind});
        let res = refs::resource(&what)?;
        let mut object = json!({
            "apiVersion": res.api_version(), "kind": res.kind,
            "metadata": {
                "name": self.name, "namespace": ns, "ownerReferences": [self.owner],
                "labels": at(&template, "spec.template.metadata.labels").clone(),
                "annotations": at(&template, "spec.template.metadata.annotations").clone(),
            },
            "spec": at(&template, "spec.template.spec").clone(),
        });
        for (key, value) in self.labels {
            let value = value.as_str().unwrap_or_default();
            crate::capi::object::set_label(&mut object, key, value);
        }
        let set = crate::capi::object::set_annotation;
        set(&mut object, CLONED_FROM_NAME, text(reference, "name"));
        let kind = format!("{}.{}", template_res.kind, template_res.group);
        set(&mut object, CLONED_FROM_KIND, &kind);
        debug_assert!(label(&object, CLUSTER_NAME).is_some(), "clones carry their cluster");
        let made = cx.api.apply(res, ns, self.name, &object, true).await?;
        Ok((res, made))
    }
}
