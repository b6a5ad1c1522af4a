//! The orders of clusters that users have, as snapshots that a person has read (D2-D5, O1-O4).
//!
//! Beside the snapshots the properties of an order are checked with a reading of owners that is
//! this file's own: by UID, straight from the JSON.

#[path = "support/reading.rs"]
mod reading;
#[path = "support/rendering.rs"]
mod rendering;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use fulcrum_model::graph::{Graph, NodeId};
use fulcrum_model::object::{Object, ObjectKey};
use fulcrum_model::select::{Inventory, Selection};
use rstest::rstest;

use self::reading::read;
use self::rendering::rendering;

/// The word that every Secret of the fixtures holds, as it stands in them and as it is meant.
const SECRET_BYTES: [&str; 2] = ["cmVkYWN0ZWQ", "redacted"];

fn snapshot(name: String, text: &str) {
    insta::with_settings!({
        snapshot_path => "snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!(name, text);
    });
}

#[rstest]
#[case::exercise_6_6("exercise-6.6")]
#[case::exercise_6_6_ha("exercise-6.6-ha")]
#[case::cluster_class("cluster-class")]
#[case::cluster_resource_set("cluster-resource-set")]
#[case::credentials("credentials")]
#[case::ipam("ipam")]
#[case::machine_before("machine-before")]
#[case::machine_health_check("machine-health-check")]
#[case::machine_pool("machine-pool")]
#[case::prefix_neighbour("prefix-neighbour")]
#[case::shared_template("shared-template")]
#[case::topology_shim("topology-shim")]
fn what_a_user_has_is_ordered(#[case] fixture: &str) {
    let objects = read(&format!("graph/{fixture}.yaml")).expect("objects");
    assert_ordered(&objects);
    snapshot(format!("graph-{fixture}"), &rendering(&objects));
}

#[rstest]
#[case::capd_1cp_2md("capd-1cp-2md")]
#[case::dev_exercise_6_6("dev-exercise-6.6")]
fn real_clusters_are_ordered(#[case] folder: &str) {
    let objects = read(&format!("real-objects/{folder}")).expect("objects");
    assert_ordered(&objects);
    snapshot(format!("graph-real-{folder}"), &rendering(&objects));
}

#[rstest]
#[case::cycle("cycle")]
#[case::duplicate("duplicate")]
#[case::foreign_owner("foreign-owner")]
#[case::no_cluster("no-cluster")]
#[case::not_an_object("not-an-object")]
#[case::orphan("orphan")]
#[case::same_uid("same-uid")]
#[case::secret_cut("secret-cut")]
#[case::unselected("unselected")]
#[case::virtual_owner("virtual-owner")]
#[case::wrong_name("wrong-name")]
fn what_cannot_be_placed_is_named(#[case] fixture: &str) {
    let text = match read(&format!("graph/bad/{fixture}.yaml")) {
        Ok(objects) => rendering(&objects),
        Err(errors) => errors.to_string(),
    };
    for bytes in SECRET_BYTES {
        assert!(!text.contains(bytes), "{fixture}: a Secret's value is printed:\n{text}");
    }
    snapshot(format!("graph-bad-{fixture}"), &text);
}

/// A fixture that no case reads would show nothing.
#[test]
fn every_fixture_has_its_snapshot() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pairs = [("graph", "graph"), ("graph/bad", "graph-bad"), ("real-objects", "graph-real")];
    for (folder, prefix) in pairs {
        let entries = fs::read_dir(root.join("fixtures").join(folder)).expect("a folder");
        for entry in entries {
            let path = entry.expect("a folder that can be listed").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if name == "bad" || name == "README.md" {
                continue;
            }
            let name = name.trim_end_matches(".yaml");
            let snapshot = root.join(format!("tests/snapshots/{prefix}-{name}.snap"));
            assert!(snapshot.is_file(), "no case reads {folder}/{name}");
        }
    }
}

/// Every object is selected by a Cluster, or said to stay; and each selection is ordered.
fn assert_ordered(objects: &[Object]) {
    let inventory = Inventory::new(objects);
    let mut told: BTreeSet<ObjectKey> = inventory.unselected().into_keys().collect();
    let clusters: Vec<&ObjectKey> = inventory.clusters().collect();
    assert!(!clusters.is_empty(), "a fixture has a Cluster");
    for cluster in clusters {
        let selection = inventory.select(cluster).expect("a selection");
        assert_order(objects, &selection);
        told.extend(selection.selected.into_keys());
    }
    for object in objects {
        let is_type = object.key().kind == "CustomResourceDefinition";
        assert!(is_type || told.contains(object.key()), "nothing is said of {}", object.key());
    }
}

fn assert_order(objects: &[Object], selection: &Selection) {
    let graph = selection.graph(objects).expect("a graph");
    let order = graph.order();
    let mut placed: Vec<&ObjectKey> = order.import().iter().map(|&node| graph.key(node)).collect();
    assert_owners_first(objects, selection, &graph, order.import());
    assert_levels_are_tight(&graph, &order.levels().map(<[NodeId]>::to_vec).collect::<Vec<_>>());

    let deletion: Vec<&ObjectKey> = order.deletion().map(|node| graph.key(node)).collect();
    let reverse: Vec<&ObjectKey> = placed.iter().rev().copied().collect();
    assert_eq!(deletion, reverse, "deletion is the exact reverse");

    placed.sort_unstable();
    let selected: Vec<&ObjectKey> = selection.selected.keys().collect();
    assert_eq!(placed, selected, "every selected object is placed once, and nothing else");
}

/// Rule O1, read from the JSON: an owner that moves is created before what it owns, and an owner
/// that does not is said to be left off.
fn assert_owners_first(
    objects: &[Object],
    selection: &Selection,
    graph: &Graph,
    import: &[NodeId],
) {
    let position: BTreeMap<&ObjectKey, usize> =
        import.iter().enumerate().map(|(at, &node)| (graph.key(node), at)).collect();
    let uids: BTreeMap<&str, &ObjectKey> = objects
        .iter()
        .filter_map(|object| Some((text(object, "/metadata/uid")?, object.key())))
        .collect();
    for object in objects.iter().filter(|object| position.contains_key(object.key())) {
        let key = object.key();
        for (at, uid) in owner_uids(object).into_iter().enumerate() {
            match uids.get(uid).and_then(|owner| position.get(owner)) {
                Some(owner) => assert!(owner < &position[key], "{key} before its owner {uid}"),
                None => assert!(
                    selection.left_owners.iter().any(|l| l.object == *key && l.position == at),
                    "the owner {uid} of {key} neither moves nor is left off",
                ),
            }
        }
    }
}

/// No object waits for a level that none of its owners, nor the Cluster, makes it wait for.
fn assert_levels_are_tight(graph: &Graph, levels: &[Vec<NodeId>]) {
    let level_of: BTreeMap<NodeId, usize> = levels
        .iter()
        .enumerate()
        .flat_map(|(level, nodes)| nodes.iter().map(move |&node| (node, level)))
        .collect();
    for (&node, &level) in &level_of {
        let highest = graph.owners(node).iter().map(|owner| level_of[owner] + 1).max();
        let least = highest.unwrap_or(0);
        let is_soft = level == 1 && least <= 1;
        assert!(level == least || is_soft, "{} on level {}", graph.key(node), level + 1);
    }
}

fn owner_uids(object: &Object) -> Vec<&str> {
    let owners = object.value().pointer("/metadata/ownerReferences");
    let owners = owners.and_then(serde_json::Value::as_array).map(Vec::as_slice);
    owners.unwrap_or_default().iter().filter_map(|owner| owner["uid"].as_str()).collect()
}

fn text<'a>(object: &'a Object, pointer: &str) -> Option<&'a str> {
    object.value().pointer(pointer)?.as_str()
}
