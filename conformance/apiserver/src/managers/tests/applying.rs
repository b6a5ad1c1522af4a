//! The entries after server-side apply, as recorded.

use serde_json::{Value, json};

use super::*;

#[test]
fn cleared_entries_stay_away_until_the_first_apply() {
    let spec = json!({"size": 1, "code": "abc", "color": "red", "nested": {"level": 3}});
    let made = put(None, object(json!({"labels": {"l": "x"}}), spec), "mover");
    let mut new = made.clone();
    new["metadata"]["managedFields"] = json!([{}]);
    let cleared = put(Some(&made), new, "mover");
    assert_eq!(cleared["metadata"].get("managedFields"), None);

    let other = object(json!({}), json!({"size": 3, "code": "xyz"}));
    let refused = lay(Some(&cleared), &other, false, "applier").expect_err("two fields differ");
    assert_eq!(
        refused.message,
        "Apply failed with 2 conflicts: conflicts with \"before-first-apply\" using \
         sim.example.com/v1:\n- .spec.code\n- .spec.size"
    );
    let same = object(json!({}), json!({"size": 1}));
    let after = laid(Some(&cleared), &same, "applier");
    assert_eq!(fields(&after, "applier"), json!({"f:spec": {"f:size": {}}}));
    assert_eq!(after["metadata"]["managedFields"][0].get("time"), None);
    assert_eq!(
        fields(&after, "before-first-apply"),
        json!({"f:metadata": {"f:labels": {".": {}, "f:l": {}}},
            "f:spec": {".": {}, "f:code": {}, "f:color": {},
                "f:nested": {".": {}, "f:level": {}}, "f:size": {}}})
    );
    let forced = lay(Some(&after), &other, true, "applier").expect("it is forced");
    assert_eq!(
        fields(&forced, "before-first-apply"),
        json!({"f:metadata": {"f:labels": {".": {}, "f:l": {}}},
            "f:spec": {".": {}, "f:color": {}, "f:nested": {".": {}, "f:level": {}}}})
    );
}

#[test]
fn the_same_apply_again_changes_nothing() {
    let config = object(json!({}), json!({"size": 1}));
    let made = laid(None, &config, "one");
    assert_eq!(fields(&made, "one"), json!({"f:spec": {"f:size": {}}}));
    let mut live = made.clone();
    live["spec"] = json!({"size": 1, "color": "red", "nested": {"level": 3}});
    let mut later = who("one", "");
    later.time = "2026-01-01T00:00:09Z";
    let again = apply(Some(&live), &config, &widget(), &["status"], false, &later);
    assert_eq!(again, Ok(live));
}

#[test]
fn conflicts_are_listed_by_owner_and_may_be_forced() {
    let spec = json!({"size": 1, "ports": [{"name": "x", "port": 1}]});
    let made = laid(None, &object(json!({}), spec.clone()), "one");
    let shared = laid(Some(&made), &object(json!({}), json!({"size": 1})), "two");
    let config = object(json!({}), json!({"size": 2, "ports": [{"name": "x", "port": 2}]}));
    let refused = lay(Some(&made), &config, false, "two").expect_err("two fields differ");
    assert_eq!((refused.code, refused.reason), (409, "Conflict"));
    assert_eq!(
        refused.message,
        "Apply failed with 2 conflicts: conflicts with \"one\":\n- .spec.size\n- \
         .spec.ports[name=\"x\"].port"
    );
    let causes = refused.details.expect("there are causes").causes;
    assert_eq!(causes[1].reason, "FieldManagerConflict");
    assert_eq!(causes[1].message, "conflict with \"one\"");
    assert_eq!(causes[1].field, ".spec.ports[name=\"x\"].port");

    let config = object(json!({}), json!({"size": 3}));
    let refused = lay(Some(&shared), &config, false, "three").expect_err("it has two owners");
    assert_eq!(
        refused.message,
        "Apply failed with 2 conflicts: conflicts with \"one\":\n- .spec.size\nconflicts with \
         \"two\":\n- .spec.size"
    );
    let forced = lay(Some(&shared), &config, true, "three").expect("it is forced");
    assert_eq!(fields(&forced, "two"), Value::Null);
    assert_eq!(forced["spec"]["size"], 3);
}

#[test]
fn what_is_applied_no_more_goes_unless_somebody_owns_it() {
    let labels = json!({"labels": {"x": "1", "y": "2"}});
    let spec = json!({"size": 1, "code": "abc", "settings": {"a": "1", "b": "2"}});
    let made = laid(None, &object(labels, spec), "one");
    let mut new = made.clone();
    new["spec"]["settings"]["c"] = json!("3");
    let live = put(Some(&made), new, "other");
    assert_eq!(fields(&live, "other"), json!({"f:spec": {"f:settings": {"f:c": {}}}}));
    let config = object(json!({"labels": {"x": "1"}}), json!({"size": 1, "settings": {"a": "1"}}));
    let live = laid(Some(&live), &config, "one");
    assert_eq!(live["spec"], json!({"size": 1, "settings": {"a": "1", "c": "3"}}));
    assert_eq!(live["metadata"]["labels"], json!({"x": "1"}));
    let live = laid(Some(&live), &object(json!({}), json!({"size": 1})), "one");
    assert_eq!(live["spec"], json!({"size": 1, "settings": {"c": "3"}}));
    assert_eq!(live["metadata"].get("labels"), None);
    assert_eq!(fields(&live, "one"), json!({"f:spec": {"f:size": {}}}));
}

#[test]
fn lists_are_shared_item_by_item_or_as_a_whole() {
    let spec = json!({"size": 1, "ports": [{"name": "x", "port": 1}], "tags": ["t1", "t2"],
        "steps": ["s1"], "pair": {"a": "1"}});
    let made = laid(None, &object(json!({}), spec), "one");
    let spec = json!({"ports": [{"name": "y", "protocol": "udp"}], "tags": ["t3", "t1"]});
    let mut both = laid(Some(&made), &object(json!({}), spec), "two");
    assert_eq!(both["spec"]["tags"], json!(["t3", "t1", "t2"]));
    assert_eq!(
        fields(&both, "two"),
        json!({"f:spec": {
            "f:ports": {"k:{\"name\":\"y\"}": {".": {}, "f:name": {}, "f:protocol": {}}},
            "f:tags": {"v:\"t1\"": {}, "v:\"t3\"": {}}}})
    );
    both["spec"]["ports"][1]["port"] = json!(80);
    let config = object(json!({}), json!({"pair": {"b": "2"}}));
    let refused = lay(Some(&both), &config, false, "two").expect_err("the pair is of one");
    assert_eq!(refused.message, "Apply failed with 1 conflict: conflict with \"one\": .spec.pair");
    let forced = lay(Some(&both), &config, true, "two").expect("it is forced");
    assert_eq!(
        forced["spec"],
        json!({"size": 1, "ports": [{"name": "x", "port": 1}], "tags": ["t1", "t2"],
            "steps": ["s1"], "pair": {"b": "2"}})
    );
    assert_eq!(fields(&forced, "two"), json!({"f:spec": {"f:pair": {}}}));
    assert_eq!(
        fields(&forced, "one"),
        json!({"f:spec": {"f:size": {}, "f:steps": {}, "f:tags": {"v:\"t1\"": {}, "v:\"t2\"": {}},
            "f:ports": {"k:{\"name\":\"x\"}": {".": {}, "f:name": {}, "f:port": {}}}}})
    );
}

#[test]
fn finalizers_are_a_set_and_owners_a_map() {
    let owner =
        |uid: &str| json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": uid, "uid": uid}]);
    let part = |name: &str| {
        let finalizer = format!("x.example.com/{name}");
        let metadata = json!({"finalizers": [finalizer], "ownerReferences": owner(name)});
        object(metadata, json!({"size": 1}))
    };
    let both = laid(Some(&laid(None, &part("a"), "one")), &part("b"), "two");
    assert_eq!(
        fields(&both, "two"),
        json!({"f:metadata": {"f:finalizers": {"v:\"x.example.com/b\"": {}},
            "f:ownerReferences": {"k:{\"uid\":\"b\"}": {}}}, "f:spec": {"f:size": {}}})
    );
    let bare = object(json!({}), json!({"size": 1}));
    let one = laid(Some(&both), &bare, "one");
    assert_eq!(one["metadata"]["finalizers"], json!(["x.example.com/b"]));
    assert_eq!(one["metadata"]["ownerReferences"], owner("b"));
    let none = laid(Some(&one), &bare, "two");
    assert_eq!(none["metadata"].get("finalizers"), None);
    assert_eq!(none["metadata"].get("ownerReferences"), None);
}

#[test]
fn a_configuration_that_does_not_fit_is_refused() {
    let config = object(json!({}), json!({"size": 1, "bogus": 1}));
    let refused = lay(None, &config, false, "one").expect_err("bogus is unknown");
    assert_eq!((refused.code, refused.reason), (500, ""));
    assert_eq!(
        refused.message,
        "failed to create typed patch object (/a; sim.example.com/v1, Kind=Widget): .spec.bogus: \
         field not declared in schema"
    );
    let config = object(json!({"managedFields": []}), json!({"size": 1}));
    let refused = lay(None, &config, false, "one").expect_err("there are managedFields");
    assert_eq!(refused.message, "metadata.managedFields must be nil");
}

#[test]
fn kubectl_takes_over_what_its_client_side_apply_set() {
    let sent = object(json!({}), json!({"size": 1})).to_string();
    let annotation = "kubectl.kubernetes.io/last-applied-configuration";
    let metadata = json!({"annotations": {annotation: sent}});
    let live = put(None, object(metadata, json!({"size": 1})), "client");
    let config = object(json!({}), json!({"size": 2}));
    assert!(lay(Some(&live), &config, false, "other").is_err());
    let after = laid(Some(&live), &config, "kubectl");
    assert_eq!(after["spec"]["size"], 2);
    assert_eq!(after["metadata"]["annotations"][annotation], json!(format!("{config}\n")));
}
