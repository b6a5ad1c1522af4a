//! Policies: ValidatingAdmissionPolicies with their bindings, and PodDisruptionBudgets. What
//! the former refuse is in [`crate::admission`].

use serde_json::{Value, json};

use super::parts::{
    atomic, conditions, free, int_or_string, integer, keyed, list, object, partly_free, pointer,
    schema, selector, set, string,
};
use super::usual::{Trait, Usual};
use super::{fill, list_mut};
use crate::json::text_at;
use crate::meta::names;
use crate::registry::Resource;
use crate::status::FieldError;

const ADMISSION: (&str, &str) = ("admissionregistration.k8s.io", "v1");

pub(super) fn resources() -> Vec<Resource> {
    vec![admission_policies(), admission_bindings(), disruption_budgets()]
}

/// A resource of admission, which is one of the whole cluster.
fn admission(kind: &str, plural: &str) -> Resource {
    let mut resource = super::resource(ADMISSION, kind, plural, &[]);
    resource.namespaced = false;
    resource.categories = super::owned(&["api-extensions"]);
    resource
}

fn admission_policies() -> Resource {
    let named = keyed(&["name"], object(json!({"name": string(), "expression": string()})));
    let validation = object(json!({
        "expression": string(),
        "message": string(),
        "reason": pointer(string()),
        "messageExpression": string(),
    }));
    let annotation = object(json!({"key": string(), "valueExpression": string()}));
    let spec = object(json!({
        "paramKind": atomic(object(json!({"apiVersion": string(), "kind": string()}))),
        "matchConstraints": atomic(free()),
        "validations": list(validation),
        "failurePolicy": string(),
        "auditAnnotations": list(annotation),
        "matchConditions": named.clone(),
        "variables": atomic_variables(named),
    }));
    let status = object(json!({
        "observedGeneration": integer(),
        "typeChecking": free(),
        "conditions": conditions(),
    }));
    let schema = schema(json!({"spec": spec, "status": status}));
    let traits = &[Trait::Status, Trait::Generation, Trait::Conditional];
    let mut kind = Usual::new(schema, json!({"spec": {}, "status": {}}), traits);
    kind.finish = |policy| {
        fill(policy, &json!({"spec": {"failurePolicy": "Fail"}}));
        complete_match(policy, "/spec/matchConstraints");
        Ok(())
    };
    kind.first_status = |_| Some(json!({}));
    kind.judge = |policy, _| judge_policy(policy);
    kind.serve(admission("ValidatingAdmissionPolicy", "validatingadmissionpolicies"))
}

/// The variables are told apart by name, and each is one value.
fn atomic_variables(mut named: Value) -> Value {
    named["items"] = atomic(named["items"].take());
    named
}

fn admission_bindings() -> Resource {
    let spec = object(json!({
        "policyName": string(),
        "paramRef": atomic(free()),
        "matchResources": atomic(free()),
        "validationActions": set(string()),
    }));
    let traits = &[Trait::Generation, Trait::Conditional];
    let mut kind = Usual::new(schema(json!({"spec": spec})), json!({"spec": {}}), traits);
    kind.finish = |binding| {
        complete_match(binding, "/spec/matchResources");
        Ok(())
    };
    kind.judge = |binding, _| judge_binding(binding);
    let plural = "validatingadmissionpolicybindings";
    kind.serve(admission("ValidatingAdmissionPolicyBinding", plural))
}

/// The defaults of what a policy or a binding is about, if it says so.
fn complete_match(object: &mut Value, pointer: &str) {
    let Some(matched) = object.pointer_mut(pointer) else {
        return;
    };
    let usual = json!({
        "matchPolicy": "Equivalent",
        "namespaceSelector": {},
        "objectSelector": {},
    });
    fill(matched, &usual);
    for rules in ["/resourceRules", "/excludeResourceRules"] {
        for rule in list_mut(matched, rules) {
            fill(rule, &json!({"scope": "*"}));
        }
    }
}

fn judge_policy(policy: &Value) -> Vec<FieldError> {
    let spec = &policy["spec"];
    let mut errors = Vec::new();
    if !["Fail", "Ignore"].contains(&text_at(spec, "/failurePolicy")) {
        let (field, value) = ("spec.failurePolicy", &spec["failurePolicy"]);
        errors.push(FieldError::not_supported(field, value, ["Fail", "Ignore"]));
    }
    if spec["matchConstraints"].is_null() {
        errors.push(FieldError::required("spec.matchConstraints", ""));
    } else if super::list(spec, "/matchConstraints/resourceRules").is_empty() {
        errors.push(FieldError::required("spec.matchConstraints.resourceRules", ""));
    }
    let validations = super::list(spec, "/validations");
    if validations.is_empty() && super::list(spec, "/auditAnnotations").is_empty() {
        let why = "validations or auditAnnotations must contain at least one item";
        errors.push(FieldError::required("spec.validations", why));
        errors.push(FieldError::required("spec.auditAnnotations", why));
    }
    for (at, validation) in validations.iter().enumerate() {
        if text_at(validation, "/expression").trim().is_empty() {
            let field = format!("spec.validations[{at}].expression");
            errors.push(FieldError::required(field, "expression is not specified"));
        }
    }
    errors
}

fn judge_binding(binding: &Value) -> Vec<FieldError> {
    let name = text_at(binding, "/spec/policyName");
    let mut errors = Vec::new();
    if name.is_empty() {
        errors.push(FieldError::required("spec.policyName", ""));
    } else {
        let texts = names::subdomain(name).into_iter();
        errors.extend(texts.map(|why| FieldError::invalid("spec.policyName", name, why)));
    }
    if super::list(binding, "/spec/validationActions").is_empty() {
        errors.push(FieldError::required("spec.validationActions", ""));
    }
    errors
}

fn disruption_budgets() -> Resource {
    fn status() -> Value {
        json!({
            "disruptionsAllowed": 0,
            "currentHealthy": 0,
            "desiredHealthy": 0,
            "expectedPods": 0,
        })
    }
    let spec = object(json!({
        "minAvailable": int_or_string(),
        "maxUnavailable": int_or_string(),
        "selector": selector(),
        "unhealthyPodEvictionPolicy": string(),
    }));
    let known = partly_free(json!({"conditions": conditions(), "observedGeneration": integer()}));
    let schema = schema(json!({"spec": spec, "status": known}));
    let traits = &[Trait::Status, Trait::Generation, Trait::Conditional];
    let mut kind = Usual::new(schema, json!({"spec": {}, "status": status()}), traits);
    kind.first_status = |_| Some(status());
    let (name, plural) = ("PodDisruptionBudget", "poddisruptionbudgets");
    kind.serve(super::resource(("policy", "v1"), name, plural, &["pdb"]))
}
