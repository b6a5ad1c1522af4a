//! What the conversations do not show: ages, paths, pods.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::jsonpath::Path;
use super::{Include, age, custom, partial, table};
use crate::registry::Resource;

fn now() -> Timestamp {
    "2026-01-02T00:00:00Z".parse().expect("it is a time")
}

#[test]
fn ages_have_two_or_three_figures() {
    let (minute, hour, day) = (60, 3600, 86400);
    for (seconds, text) in [
        (-2, "<invalid>"),
        (-1, "0s"),
        (119, "119s"),
        (2 * minute, "2m"),
        (5 * minute + 7, "5m7s"),
        (10 * minute + 7, "10m"),
        (179 * minute, "179m"),
        (3 * hour, "3h"),
        (7 * hour + 59 * minute, "7h59m"),
        (47 * hour, "47h"),
        (2 * day, "2d"),
        (7 * day + 23 * hour, "7d23h"),
        (8 * day + 23 * hour, "8d"),
        (729 * day, "729d"),
        (730 * day, "2y"),
        (3 * 365 * day + 4 * day, "3y4d"),
        (9 * 365 * day + 4 * day, "9y"),
    ] {
        assert_eq!(age::human(seconds), text, "{seconds}");
    }
}

#[test]
fn paths_lead_where_kubectl_goes() {
    let object = json!({
        "a.b": 1,
        "list": [{"n": 1, "t": "x"}, {"n": 2, "t": "y", "ok": true}],
        "map": {"k": {"n": 3}},
        "empty": [],
    });
    let find = |path: &str| Path::parse(path).unwrap().find(&object).map(|v| json!(v));
    for (path, found) in [
        (".a\\.b", json!([1])),
        ("['a.b']", json!([1])),
        (".list[0].n", json!([1])),
        (".list[-1].n", json!([2])),
        (".list[*].n", json!([1, 2])),
        (".list[0:1].t", json!(["x"])),
        (".list[0,1].n", json!([1, 2])),
        (".list[?(@.t==\"y\")].n", json!([2])),
        (".list[?(@.t == 'y')].n", json!([2])),
        (".list[?(@.n<2)].t", json!(["x"])),
        (".list[?(@.ok)].n", json!([2])),
        (".list[?(@.ok==true)].n", json!([2])),
        (".map.*.n", json!([3])),
        ("..k.n", json!([3])),
        (".nothing.here", json!([])),
        (".empty[*]", json!([])),
    ] {
        assert_eq!(find(path), Some(found), "{path}");
    }
    for path in [".list[2]", ".empty[0]", ".map[0]", ".list[?(@.n==\"1\")]"] {
        assert_eq!(find(path), None, "{path}");
    }
    for path in [".list[", ".list[x]", "list", ".list[?(@.t=\"y\")]"] {
        assert_eq!(Path::parse(path), None, "{path}");
    }
}

#[test]
fn cells_have_the_type_of_their_column() {
    let object = json!({
        "metadata": {"name": "a", "creationTimestamp": "2026-01-01T23:59:00Z"},
        "spec": {"n": 1.5, "m": {"a<b": [1]}, "z": null, "t": "no time", "b": true},
    });
    let column = |kind: &str, path: &str| json!({"name": "x", "type": kind, "jsonPath": path});
    let columns = custom::Columns::new(&[
        column("integer", ".spec.n"),
        column("number", ".spec.n"),
        column("string", ".spec.n"),
        column("string", ".spec.m"),
        column("string", ".spec.z"),
        column("date", ".spec.t"),
        column("date", ".metadata.creationTimestamp"),
        column("boolean", ".spec.b"),
        column("integer", ".spec.t"),
    ]);
    let expected = json!([
        "a",
        1,
        1.5,
        "1.5",
        "{\"a\\u003cb\":[1]}",
        "<no value>",
        "<invalid>",
        "60s",
        true,
        null,
    ]);
    assert_eq!(Value::from(columns.cells(&object, now())), expected);
    assert_eq!(columns.heads().len(), 10);
}

#[test]
fn rows_are_as_wide_as_the_head() {
    for (group, plural) in [
        ("", "configmaps"),
        ("", "events"),
        ("", "namespaces"),
        ("", "nodes"),
        ("", "persistentvolumes"),
        ("", "pods"),
        ("", "secrets"),
        ("", "serviceaccounts"),
        ("", "services"),
        ("apps", "daemonsets"),
        ("apps", "deployments"),
        ("apps", "replicasets"),
        ("apps", "statefulsets"),
        ("admissionregistration.k8s.io", "validatingadmissionpolicies"),
        ("admissionregistration.k8s.io", "validatingadmissionpolicybindings"),
        ("coordination.k8s.io", "leases"),
        ("events.k8s.io", "events"),
        ("rbac.authorization.k8s.io", "clusterrolebindings"),
        ("rbac.authorization.k8s.io", "rolebindings"),
        ("rbac.authorization.k8s.io", "roles"),
    ] {
        let resource = Resource::builtin(group, "v1", "Kind", plural);
        let shown = table(&resource, &json!({"kind": "Kind"}), Include::None, now(), true);
        let heads = shown["columnDefinitions"].as_array().map(Vec::len);
        assert_eq!(shown["rows"][0]["cells"].as_array().map(Vec::len), heads, "{plural}");
    }
}

#[test]
fn a_pod_in_a_word() {
    let pods = Resource::builtin("", "v1", "Pod", "pods");
    let cells = |status: Value| {
        let spec = json!({"containers": [{"name": "c"}], "initContainers": [{"name": "i"}]});
        let pod = json!({"kind": "Pod", "metadata": {"name": "p"}, "spec": spec, "status": status});
        let shown = table(&pods, &pod, Include::None, now(), false);
        json!([shown["rows"][0]["cells"][1], shown["rows"][0]["cells"][2]])
    };
    let running = json!({"name": "c", "ready": true, "state": {"running": {}}});
    let done = json!({"name": "i", "state": {"terminated": {"exitCode": 0}}});
    let failed = json!({"name": "i", "state": {"terminated": {"exitCode": 3}}});
    let status = |init: &Value, phase: &str| json!({"phase": phase, "initContainerStatuses": [init], "containerStatuses": [running]});
    assert_eq!(cells(json!({"phase": "Pending"})), json!(["0/1", "Pending"]));
    assert_eq!(cells(status(&done, "Running")), json!(["1/1", "Running"]));
    assert_eq!(cells(status(&failed, "Pending")), json!(["0/1", "Init:ExitCode:3"]));
}

#[test]
fn a_list_of_metadata() {
    let item = json!({"metadata": {"name": "a", "creationTimestamp": null}, "spec": {}});
    let list = json!({
        "kind": "ThingList",
        "metadata": {"resourceVersion": "5", "continue": ""},
        "items": [item],
    });
    let expected = json!({
        "kind": "PartialObjectMetadataList",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": "5"},
        "items": [{
            "kind": "PartialObjectMetadata",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": {"name": "a"},
        }],
    });
    assert_eq!(partial(&list), expected);
}
