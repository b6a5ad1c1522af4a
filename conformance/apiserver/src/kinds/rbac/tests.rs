use serde_json::{Value, json};

use super::{Binding, Role};
use crate::registry::Strategy;

fn texts(strategy: &dyn Strategy, object: &Value) -> Vec<String> {
    strategy.validate(object).iter().map(ToString::to_string).collect()
}

#[test]
fn go_writes_some_empty_lists_as_null_and_leaves_others_out() {
    let role = Role { namespaced: false };
    let mut none = json!({"metadata": {}, "rules": []});
    role.complete(&mut none).unwrap();
    assert_eq!(none, json!({"metadata": {}, "rules": null}));
    let mut some = json!({"rules": [{"apiGroups": [], "resources": ["pods"]}]});
    role.complete(&mut some).unwrap();
    assert_eq!(some, json!({"rules": [{"resources": ["pods"], "verbs": null}]}));
    let wrong = role.complete(&mut json!({"rules": [{"verbs": "get"}]})).unwrap_err();
    assert_eq!(wrong.code, 400);
    assert!(wrong.message.contains("string into Go struct field ClusterRole.rules[0].verbs"));
}

#[test]
fn a_binding_is_filled_in() {
    let mut binding = json!({"roleRef": {"kind": "Role", "name": "r"}, "subjects": [
        {"kind": "Group", "name": "g"}, {"kind": "ServiceAccount", "apiGroup": "", "name": "a"}]});
    Binding { namespaced: true }.complete(&mut binding).unwrap();
    let group = "rbac.authorization.k8s.io";
    assert_eq!(
        binding,
        json!({"roleRef": {"apiGroup": group, "kind": "Role", "name": "r"}, "subjects": [
            {"kind": "Group", "apiGroup": group, "name": "g"},
            {"kind": "ServiceAccount", "name": "a"}]})
    );
}

#[test]
fn rules_are_of_resources_or_of_paths() {
    let object = json!({"rules": [{"verbs": null, "apiGroups": [""]}, {"verbs": ["get"],
        "nonResourceURLs": ["/x"], "resources": ["pods"]}]});
    assert_eq!(
        texts(&Role { namespaced: true }, &object),
        [
            "rules[0].verbs: Required value: verbs must contain at least one value",
            "rules[0].resources: Required value: resource rules must supply at least one resource",
            "rules[1].nonResourceURLs: Invalid value: [\"/x\"]: namespaced rules cannot apply to \
             non-resource URLs",
            "rules[1].nonResourceURLs: Invalid value: [\"/x\"]: rules cannot apply to both \
             regular resources and non-resource URLs",
        ]
    );
}

#[test]
fn a_cluster_binding_binds_a_cluster_role_to_whole_names() {
    let object = json!({
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "a/b"},
        "subjects": [{"kind": "ServiceAccount", "name": "a"}, {"kind": "Pod", "name": "p"}],
    });
    assert_eq!(
        texts(&Binding { namespaced: false }, &object),
        [
            "roleRef.kind: Unsupported value: \"Role\": supported values: \"ClusterRole\"",
            "roleRef.name: Invalid value: \"a/b\": may not contain '/'",
            "subjects[0].namespace: Required value",
            "subjects[1].kind: Unsupported value: \"Pod\": supported values: \"ServiceAccount\", \
             \"User\", \"Group\"",
        ]
    );
}
