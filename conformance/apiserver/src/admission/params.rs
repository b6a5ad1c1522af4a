//! The objects that a binding hands to its policy as `params`.

use serde_json::Value;

use super::matching::{Request, entries, selects_labels};
use crate::status::GroupResource;
use crate::store::Key;

/// What a policy is judged with, one after the other; null where there is no parameter.
///
/// # Errors
/// In words, where the binding wants a denial for want of parameters.
pub(super) fn collect(
    request: &Request<'_>,
    policy: &Value,
    binding: &Value,
) -> Result<Vec<Value>, String> {
    let (kind, reference) = (&policy["spec"]["paramKind"], &binding["spec"]["paramRef"]);
    if !kind.is_object() || !reference.is_object() {
        return Ok(vec![Value::Null]);
    }
    let found = match reference["name"].as_str() {
        Some(name) => by_name(request, kind, reference, name).into_iter().collect(),
        None => by_selector(request, kind, reference),
    };
    if found.is_empty() && reference["parameterNotFoundAction"] == "Deny" {
        return Err("no params found for policy binding with `Deny` parameterNotFoundAction".into());
    }
    Ok(found)
}

/// Resources of the group of the kind. Which of them has the kind is seen by the objects.
fn resources(request: &Request<'_>, kind: &Value) -> Vec<GroupResource> {
    let version = kind["apiVersion"].as_str().unwrap_or_default();
    let group = version.rsplit_once('/').map_or("", |(group, _)| group);
    let mut all = request.store.resources();
    all.retain(|resource| resource.group == group);
    all
}

/// The namespace in which the parameter is looked for.
fn namespace<'a>(request: &Request<'a>, reference: &'a Value) -> &'a str {
    reference["namespace"].as_str().unwrap_or(request.review.namespace)
}

fn by_name(request: &Request<'_>, kind: &Value, reference: &Value, name: &str) -> Option<Value> {
    let places = [namespace(request, reference), ""];
    resources(request, kind).iter().find_map(|resource| {
        let found = |place: &&str| request.store.get(&Key::new(resource, place, name));
        let object = places.iter().find_map(found)?;
        (object["kind"] == kind["kind"]).then(|| Value::clone(&object))
    })
}

fn by_selector(request: &Request<'_>, kind: &Value, reference: &Value) -> Vec<Value> {
    let place = namespace(request, reference);
    let mut found = Vec::new();
    for resource in resources(request, kind) {
        // Reading the present never fails.
        let (objects, _) = request.store.list(&resource, None, None).unwrap_or_default();
        for object in &objects {
            let metadata = &object["metadata"];
            let near = metadata["namespace"].as_str().is_none_or(|namespace| namespace == place);
            let of_kind = object["kind"] == kind["kind"];
            if near && of_kind && selects_labels(&reference["selector"], &metadata["labels"]) {
                found.push(Value::clone(object));
            }
        }
    }
    found
}

/// Names of the resources whose writes no policy judges.
pub(super) fn is_exempt(resource: &GroupResource) -> bool {
    match resource.group.as_str() {
        "admissionregistration.k8s.io" => resource.resource.contains("admissionpolic"),
        "authentication.k8s.io" | "authorization.k8s.io" => resource.resource.ends_with("reviews"),
        _ => false,
    }
}

/// The actions of a binding that are asked for.
pub(super) fn acts(binding: &Value, action: &str) -> bool {
    entries(&binding["spec"]["validationActions"]).iter().any(|entry| entry == action)
}
