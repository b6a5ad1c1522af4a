use serde_json::{Value, json};

use super::{
    Meta, NameRule, finalizer_warnings, names, validate, validate_common_update,
    validate_field_manager, validate_update,
};
use crate::status::{FieldError, GroupKind, Status};

const CREATES: &str = include_str!("../../fixtures/reality/api/create/metadata-invalid.jsonl");

fn meta(metadata: Value) -> Meta {
    Meta::parse(&json!({ "metadata": metadata })).unwrap().0
}

fn texts(errors: &[FieldError]) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}

/// The recorded creates that were refused for their metadata.
#[test]
fn refusals_are_those_of_the_recording() {
    let mut count = 0;
    for line in CREATES.lines().skip(1) {
        let step: Value = serde_json::from_str(line).unwrap();
        let answer = &step["response"]["body"];
        let causes = answer["details"]["causes"].as_array();
        let ours = |cause: &Value| {
            let field = cause["field"].as_str().unwrap_or_default();
            field.starts_with("metadata.")
        };
        if !causes.is_some_and(|causes| causes.iter().all(ours)) {
            continue;
        }
        let object = &step["request"]["body"];
        let (mut meta, _) = Meta::parse(object).unwrap();
        meta.namespace = "ns".to_owned();
        let group = answer["details"]["group"].as_str().unwrap_or_default();
        let kind = object["kind"].as_str().unwrap_or_default();
        let errors = validate(&meta, true, NameRule::Subdomain, !group.is_empty());
        let status = Status::invalid(&GroupKind::new(group, kind), &meta.name, errors);
        assert_eq!(status.to_value()["message"], answer["message"], "{step}");
        assert_eq!(status.to_value()["details"], answer["details"], "{step}");
        count += 1;
    }
    assert!(count > 10, "only {count} refusals in the recording");
}

#[test]
fn empty_fields_are_not_written() {
    let mut object = json!({"kind": "K", "metadata": {
        "name": "a", "labels": {}, "annotations": null, "finalizers": [], "selfLink": "x",
        "ownerReferences": null, "generation": 0, "creationTimestamp": null,
    }});
    let (meta, unknown) = Meta::parse(&object).unwrap();
    meta.print(&mut object);
    assert_eq!(object, json!({"kind": "K", "metadata": {"name": "a"}}));
    assert_eq!(unknown, [""; 0]);
}

#[test]
fn unknown_fields_are_named() {
    let object = json!({"metadata": {
        "odd": 1, "ownerReferences": [{"uid": "u", "other": 1}],
        "managedFields": [{"manager": "m", "more": {}}],
    }});
    let (meta, unknown) = Meta::parse(&object).unwrap();
    assert_eq!(
        unknown,
        ["metadata.managedFields[0].more", "metadata.odd", "metadata.ownerReferences[0].other",]
    );
    assert_eq!(meta.managed_fields, [json!({"manager": "m"})]);
}

#[test]
fn a_wrong_type_is_refused() {
    let object = json!({"apiVersion": "a/v1", "kind": "K", "metadata": {"labels": {"x": 5}}});
    let status = Meta::parse(&object).unwrap_err();
    assert_eq!(
        (status.code, status.message.as_str()),
        (
            400,
            "K in version \"v1\" cannot be handled as a K: json: cannot unmarshal number into \
             Go struct field ObjectMeta.metadata.labels of type string"
        )
    );
}

#[test]
fn times_are_brought_to_seconds() {
    let meta = meta(json!({"creationTimestamp": "2026-01-02T03:04:05.6+01:00"}));
    assert_eq!(meta.creation_timestamp.as_deref(), Some("2026-01-02T02:04:05Z"));
}

#[test]
fn what_the_server_gave_cannot_change() {
    let old = meta(json!({"name": "a", "resourceVersion": "1", "uid": "u"}));
    let mut new = old.clone();
    new.deletion_grace_period_seconds = Some(3);
    assert_eq!(
        texts(&validate_update(&new, &old, true)),
        ["metadata.deletionGracePeriodSeconds: Invalid value: 3: field is immutable"]
    );
    new = old.clone();
    new.uid = "v".to_owned();
    assert_eq!(
        texts(&validate_update(&new, &old, true)),
        ["metadata.uid: Invalid value: \"v\": field is immutable"]
    );
}

#[test]
fn a_bad_label_comes_twice_from_the_common_checks() {
    let old = meta(json!({"name": "a", "namespace": "n", "resourceVersion": "1"}));
    let mut new = old.clone();
    new.labels.insert("bad key".to_owned(), String::new());
    assert_eq!(validate_common_update(&new, &old, true).len(), 2);
}

#[test]
fn no_finalizers_after_the_deletion() {
    let old = meta(json!({
        "name": "a", "resourceVersion": "1", "deletionTimestamp": "2026-01-02T03:04:05Z",
        "finalizers": ["x.example.com/a"],
    }));
    let mut new = old.clone();
    new.finalizers.push("x.example.com/three".to_owned());
    assert_eq!(
        texts(&validate_update(&new, &old, true)),
        ["metadata.finalizers: Forbidden: no new finalizers can be added if the object is being \
          deleted, found new finalizers []string{\"x.example.com/three\"}"]
    );
}

#[test]
fn finalizers_without_domain_are_warned_of() {
    let old = meta(json!({"finalizers": ["old"]}));
    let new = meta(json!({"finalizers": ["old", "new", "a.b", "x.io/y", "orphan"]}));
    assert_eq!(
        finalizer_warnings(&new, Some(&old)),
        [
            "metadata.finalizers: \"a.b\": prefer a domain-qualified finalizer name including a \
             path (/) to avoid accidental conflicts with other finalizer writers",
            "metadata.finalizers: \"new\": prefer a domain-qualified finalizer name to avoid \
             accidental conflicts with other finalizer writers",
        ]
    );
}

#[test]
fn owners_are_kept_once() {
    let mut meta = meta(json!({"ownerReferences": [{"uid": "u"}, {"uid": "v"}, {"uid": "u"}]}));
    let warning = meta.dedup_owners();
    assert!(warning.is_some_and(|text| text.ends_with("duplicate UID(s) observed: u")));
    assert_eq!(meta.owner_references.len(), 2);
    assert_eq!(meta.dedup_owners(), None);
}

#[test]
fn names_of_namespaces_and_prefixes() {
    assert_eq!(NameRule::Label.check("with.dot", false), ["must not contain dots"]);
    assert_eq!(NameRule::Subdomain.check("web-", true), [""; 0]);
    assert_eq!(NameRule::Subdomain.check("web-", false).len(), 1);
    assert_eq!(NameRule::Path.check("a:b", false), [""; 0]);
    assert_eq!(NameRule::Path.check("a/b", false), ["may not contain '/'"]);
    assert_eq!(names::config_key(".."), ["must not be '..'"]);
}

#[test]
fn field_managers_are_printable() {
    assert_eq!(
        texts(&validate_field_manager("line\nbreak", "fieldManager")),
        ["fieldManager: Invalid value: \"line\\nbreak\": invalid character U+000A (at position 4)"]
    );
}
