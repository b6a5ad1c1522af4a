use jiff::SignedDuration;
use serde_json::json;

use super::matching::selects_labels;
use super::*;
use crate::status::GroupResource;
use crate::store::{Key, Store};

const CREATED: &str = "2026-11-24T12:00:00Z";

fn after(seconds: i64) -> Timestamp {
    let created: Timestamp = CREATED.parse().expect("a moment");
    created + SignedDuration::from_secs(seconds)
}

/// A store with a namespace and a policy with its binding.
fn store(spec: Value, actions: Value) -> Store {
    let store = Store::new();
    let add = |group: &str, plural: &str, name: &str, mut object: Value| {
        let resource = GroupResource::new(group, plural);
        store.serve(&resource);
        object["metadata"]["name"] = json!(name);
        object["metadata"]["creationTimestamp"] = json!(CREATED);
        store.create(&Key::new(&resource, "", name), object).expect("it is new");
    };
    add("", "namespaces", "fleet", json!({"metadata": {"labels": {"tier": "gold"}}}));
    let group = "admissionregistration.k8s.io";
    add(group, "validatingadmissionpolicies", "p", json!({"spec": spec}));
    let binding = json!({"spec": {"policyName": "p", "validationActions": actions}});
    add(group, "validatingadmissionpolicybindings", "b", binding);
    store
}

fn rule(operations: Value) -> Value {
    json!({"apiGroups": [""], "apiVersions": ["*"], "operations": operations, "resources": ["secrets"]})
}

fn guarded(expression: &str) -> Value {
    json!({
        "matchConstraints": {
            "resourceRules": [rule(json!(["DELETE"]))],
            "namespaceSelector": {"matchLabels": {"tier": "gold"}},
        },
        "variables": [{"name": "admin", "expression": "'masters' in request.userInfo.groups"}],
        "validations": [{"expression": expression, "message": "it is guarded"}],
    })
}

/// Deletes a secret as somebody of this group.
fn delete(store: &Store, group: &str, now: Timestamp) -> Result<Vec<String>, Status> {
    let resource = Resource::builtin("", "v1", "Secret", "secrets");
    let user = User { name: "u".into(), groups: vec![group.into()], ..User::default() };
    let old = json!({"metadata": {"name": "s", "labels": {"guard": "yes"}}});
    let review = Review {
        operation: Operation::Delete,
        resource: &resource,
        subresource: "",
        namespace: "fleet",
        name: "s",
        user: &user,
        dry_run: false,
        old: Some(&old),
        now,
    };
    Policies::new(store.clone()).validate(&review, None)
}

#[test]
fn a_policy_refuses_a_second_after_it_was_made() {
    let store = store(guarded("variables.admin"), json!(["Deny"]));
    assert_eq!(delete(&store, "editors", after(0)), Ok(vec![]));
    assert_eq!(delete(&store, "masters", after(1)), Ok(vec![]));
    let status = delete(&store, "editors", after(1)).expect_err("it is guarded");
    assert_eq!((status.code, status.reason), (422, "Invalid"));
    assert_eq!(
        status.message,
        "secrets \"s\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied \
         request: it is guarded"
    );
}

#[test]
fn a_binding_may_only_warn() {
    let store = store(guarded("false"), json!(["Warn"]));
    let warnings = delete(&store, "editors", after(1)).expect("it is allowed");
    assert_eq!(
        warnings,
        ["Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': it is guarded"]
    );
}

#[test]
fn an_error_refuses_unless_it_is_to_be_ignored() {
    let mut spec = guarded("oldObject.spec.missing == 1");
    let refused = delete(&store(spec.clone(), json!(["Deny"])), "editors", after(1));
    let status = refused.expect_err("an error refuses");
    assert!(status.message.contains("resulted in error"), "{status}");
    spec["failurePolicy"] = json!("Ignore");
    let allowed = delete(&store(spec, json!(["Deny"])), "editors", after(1));
    assert_eq!(allowed, Ok(vec![]));
}

#[test]
fn other_operations_and_other_namespaces_are_not_judged() {
    let mut spec = guarded("false");
    spec["matchConstraints"]["resourceRules"] = json!([rule(json!(["CREATE", "UPDATE"]))]);
    assert_eq!(delete(&store(spec, json!(["Deny"])), "editors", after(1)), Ok(vec![]));
    let mut spec = guarded("false");
    spec["matchConstraints"]["namespaceSelector"] = json!({"matchLabels": {"tier": "tin"}});
    assert_eq!(delete(&store(spec, json!(["Deny"])), "editors", after(1)), Ok(vec![]));
}

#[test]
fn selectors_have_expressions() {
    let term = |operator: &str| json!({"matchExpressions": [{"key": "a", "operator": operator, "values": ["1", "2"]}]});
    let (one, none) = (json!({"a": "1"}), Value::Null);
    let both = |operator| {
        let selector = term(operator);
        (selects_labels(&selector, &one), selects_labels(&selector, &none))
    };
    assert_eq!(both("In"), (true, false));
    assert_eq!(both("NotIn"), (false, true));
    assert_eq!(both("Exists"), (true, false));
    assert_eq!(both("DoesNotExist"), (false, true));
}
