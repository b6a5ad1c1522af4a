use serde_json::{Value, json};

use super::{check, definition, resources};
use crate::registry::Resource;
use crate::schema::Schema;

fn kind() -> Resource {
    definition().remove(0)
}

/// A definition with these versions, as stored on a POST.
fn made(versions: &Value) -> Value {
    let mut object = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.x.example.com"},
        "spec": {
            "group": "x.example.com",
            "scope": "Namespaced",
            "names": {"plural": "things", "kind": "Thing"},
            "versions": versions,
        },
    });
    let strategy = kind().strategy;
    strategy.complete(&mut object).unwrap();
    strategy.prepare_create(&mut object);
    object
}

fn version(name: &str, storage: bool, schema: &Value) -> Value {
    json!({
        "name": name,
        "served": true,
        "storage": storage,
        "schema": {"openAPIV3Schema": schema},
    })
}

fn texts(schema: &Value) -> Vec<String> {
    let errors = check::create(&made(&json!([version("v1", true, schema)])));
    errors.iter().map(ToString::to_string).collect()
}

fn spec(of: &Value) -> Value {
    json!({"type": "object", "properties": {"spec": of}})
}

#[test]
fn what_go_always_writes_is_there_and_what_it_never_does_is_not() {
    let mut v1 = version("v1", true, &json!({"type": "object"}));
    v1["deprecated"] = json!(false);
    v1["additionalPrinterColumns"] = json!([]);
    v1["subresources"] = json!({"status": {}});
    let object = made(&json!([v1]));
    let stored = &object["spec"]["versions"][0];
    assert!(stored.get("deprecated").is_none());
    assert!(stored.get("additionalPrinterColumns").is_none());
    assert_eq!(stored["subresources"], json!({"status": {}}));
    assert_eq!(object["spec"]["names"]["listKind"], "ThingList");
    assert_eq!(object["status"]["storedVersions"], json!(["v1"]));
    let strategy = kind().strategy;
    let mut again = object.clone();
    strategy.complete(&mut again).unwrap();
    assert_eq!(again, object);
}

#[test]
fn a_wrong_type_is_refused() {
    let mut object = json!({"spec": {"versions": "v1"}});
    assert_eq!(kind().strategy.complete(&mut object).unwrap_err().code, 400);
}

#[test]
fn the_empty_definition_is_complete() {
    let strategy = kind().strategy;
    let empty = strategy.empty();
    let mut object = empty.clone();
    strategy.complete(&mut object).unwrap();
    assert_eq!(object["status"], empty["status"]);
    assert_eq!(object["spec"]["versions"], empty["spec"]["versions"]);
}

#[test]
fn a_second_delete_is_a_common_one() {
    let strategy = kind().strategy;
    let mut object = made(&json!([version("v1", true, &json!({"type": "object"}))]));
    assert!(strategy.begin_deletion(&mut object, "2026-01-01T00:00:00Z"));
    assert_eq!(object["status"]["conditions"][0]["type"], "Terminating");
    let finalizers = json!(["customresourcecleanup.apiextensions.k8s.io"]);
    assert_eq!(object["metadata"]["finalizers"], finalizers);
    assert!(!strategy.begin_deletion(&mut object, "2026-01-01T00:00:01Z"));
}

#[test]
fn int_or_string_is_structural_and_other_types_in_logic_are_not() {
    let either = json!([{"type": "integer"}, {"type": "string"}]);
    let good = json!({"x-kubernetes-int-or-string": true, "anyOf": either});
    assert_eq!(texts(&spec(&good)), Vec::<String>::new());
    let bad = json!({"type": "string", "anyOf": [{"type": "string"}]});
    assert_eq!(
        texts(&spec(&bad)),
        ["spec.validation.openAPIV3Schema.properties[spec].anyOf[0].type: Forbidden: must be \
             empty to be structural"]
    );
}

#[test]
fn rules_see_what_the_schema_has() {
    let rule = |rule: &str| {
        texts(&spec(&json!({
            "type": "object",
            "properties": {"a": {"type": "object", "properties": {"b": {"type": "string"}}}},
            "x-kubernetes-validations": [{"rule": rule}],
        })))
    };
    assert_eq!(rule("self.a.b == 'self.c'"), Vec::<String>::new());
    let errors = rule("has(self.a) &&\n  self.a.c == 'x'");
    assert!(errors.iter().any(|text| text.contains("message must be specified")));
    let errors = rule("has(self.a) && self.a.c == 'x'");
    assert!(errors[0].contains("<input>:1:22: undefined field 'c'"), "{errors:?}");
}

#[test]
fn a_schema_that_did_not_change_is_not_judged_again() {
    let odd = json!({"properties": {}});
    let mut old = made(&json!([version("v1", true, &odd)]));
    old["metadata"]["labels"] = json!({"a": "b"});
    let new = made(&json!([version("v1", true, &odd)]));
    assert!(check::update(&new, &old).is_empty());
    assert!(!check::create(&new).is_empty());
}

#[test]
fn paths_are_those_of_versions_that_differ() {
    let bad = json!({"type": "object", "properties": {"a": {}}});
    let versions =
        json!([version("v1", true, &json!({"type": "object"})), version("v2", false, &bad)]);
    let errors = check::create(&made(&versions));
    let path = "spec.versions[1].schema.openAPIV3Schema.properties[a].type";
    assert_eq!(errors.iter().map(|error| error.field.as_str()).collect::<Vec<_>>(), [path]);
}

#[test]
fn served_versions_become_resources_once_established() {
    let text = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let mut old = version("v1alpha1", false, &text);
    old["deprecated"] = json!(true);
    let mut gone = version("v1alpha0", false, &text);
    gone["served"] = json!(false);
    let mut v1 = version("v1", true, &json!({"type": "object"}));
    v1["subresources"] = json!({"status": {}, "scale": {"specReplicasPath": ".spec.replicas"}});
    v1["selectableFields"] = json!([{"jsonPath": ".spec.color"}]);
    let mut object = made(&json!([v1, old, gone]));
    assert!(resources(&object).is_empty());
    object["status"]["acceptedNames"] = object["spec"]["names"].clone();
    object["status"]["conditions"] = json!([{"type": "Established", "status": "True"}]);
    let all = resources(&object);
    assert_eq!(
        all.iter().map(Resource::api_version).collect::<Vec<_>>(),
        ["x.example.com/v1", "x.example.com/v1alpha1"]
    );
    assert_eq!(all[0].selectable, ["spec.color"]);
    assert!(all[0].has_status() && all[0].subresource("scale").is_some());
    let custom = all[1].custom.as_ref().unwrap();
    let warning = "x.example.com/v1alpha1 Thing is deprecated";
    assert_eq!(custom.deprecated.as_deref(), Some(warning));
    assert_eq!(custom.storage_version, "v1");
    assert_eq!(custom.served.len(), 2);
    assert!(Schema::property(&all[1].schema, "a").is_some());
}
