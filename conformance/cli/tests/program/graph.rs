//! `fulcrum graph` on the objects of a real cluster: 1 control-plane machine, 2 deployments of 3.

use crate::run::{fulcrum, fulcrum_reading, root};
use serde_json::Value;
use std::fs;
use std::path::Path;

const DUMP: &str = "impl/model/fixtures/real-objects/dev-exercise-6.6";

/// The objects of the dump that move.
const OBJECTS: usize = 45;

/// The numbers at the starts of the lines of the plan.
fn positions(text: &str) -> Vec<usize> {
    let firsts = text.lines().filter_map(|line| line.split_whitespace().next());
    firsts.filter_map(|first| first.parse().ok()).collect()
}

#[test]
fn levels_order_and_owners_are_told() {
    let text = fulcrum(&["graph", DUMP]).fine();
    assert!(text.starts_with("Cluster inmem66/e66: 45 objects in "), "{text}");
    assert!(text.contains("\nlevel 1\n    1  Cluster "), "{text}");
    assert!(text.contains("  1 Cluster\n"), "an owner by number and kind: {text}");
    let plan = text.split("stay where they are").next().expect("a first part");
    assert!(positions(plan).starts_with(&(1..=OBJECTS).collect::<Vec<usize>>()), "{text}");
}

#[test]
fn what_stays_is_told_with_its_reason() {
    let text = fulcrum(&["graph", DUMP]).fine();
    let (_, stays) = text.split_once("Left where they are").expect("something stays");
    assert!(stays.contains("ConfigMap inmem66/kube-root-ca.crt"), "{stays}");
}

#[test]
fn deletion_is_the_exact_reverse() {
    let text = fulcrum(&["graph", DUMP, "--reverse"]).fine();
    assert!(text.contains("in the order of deletion"), "{text}");
    assert!(positions(&text).starts_with(&(1..=OBJECTS).rev().collect::<Vec<usize>>()), "{text}");
}

#[test]
fn json_is_the_plan_for_a_program() {
    let text = fulcrum(&["graph", DUMP, "--json"]).fine();
    let report: Value = serde_json::from_str(&text).expect("it says that it is JSON");
    let levels = report["clusters"][0]["levels"].as_array().expect("levels");
    let objects = levels.iter().map(|level| level.as_array().expect("objects").len());
    assert_eq!(objects.sum::<usize>(), OBJECTS);
    assert_eq!(levels[0][0]["kind"], "Cluster");
}

#[test]
fn dot_has_a_node_for_each_object() {
    let text = fulcrum(&["graph", DUMP, "--dot"]).fine();
    assert!(text.starts_with("digraph move {\n"), "{text}");
    assert!(text.ends_with("}\n"));
    assert_eq!(text.matches('{').count(), text.matches('}').count());
    assert_eq!(text.matches(" [label=").count(), OBJECTS);
    assert!(text.contains("    o0_1 -> o0_2;"), "the Cluster owns what comes second: {text}");
}

#[test]
fn svg_has_a_box_for_each_object_and_needs_nothing_else() {
    let text = fulcrum(&["graph", DUMP, "--svg"]).fine();
    assert!(text.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" "));
    assert!(text.ends_with("</svg>\n"));
    for element in ["g", "title", "text"] {
        let (opened, closed) = (format!("<{element}"), format!("</{element}>"));
        let opened = text.matches(&format!("{opened} ")).count()
            + text.matches(&format!("{opened}>")).count();
        assert_eq!(opened, text.matches(&closed).count(), "{element}");
    }
    assert_eq!(text.matches("<title>").count(), OBJECTS);
    assert!(text.matches("<path ").count() >= OBJECTS - 1, "each but the Cluster has an owner");
    assert_eq!(text.matches("http").count(), 1, "the name of the format, and no address");
}

/// The whole dump as one List in one file, its items the other way round.
fn shuffled(folder: &Path) -> String {
    let mut items = Vec::new();
    for entry in fs::read_dir(root().join(DUMP)).expect("the dump is in the repository") {
        let path = entry.expect("a readable folder").path();
        let list: Value = serde_json::from_slice(&fs::read(path).expect("a readable file"))
            .expect("the dump is JSON");
        items.extend(list["items"].as_array().expect("a List").clone());
    }
    items.sort_by_key(|item| std::cmp::Reverse(item["metadata"]["uid"].to_string()));
    let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": items});
    let file = folder.join("other-name.yaml");
    fs::write(&file, list.to_string()).expect("the folder is ours");
    file.display().to_string()
}

fn arguments<'a>(input: &'a str, format: Option<&'a str>) -> Vec<&'a str> {
    ["graph", input].into_iter().chain(format).collect()
}

#[test]
fn shuffled_input_gives_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = shuffled(folder.path());
    for format in [None, Some("--json"), Some("--dot"), Some("--svg"), Some("--reverse")] {
        let expected = fulcrum(&arguments(DUMP, format)).fine();
        assert_eq!(fulcrum(&arguments(&file, format)).fine(), expected, "{format:?}");
    }
    let dump = fs::read_to_string(&file).expect("it was just written");
    let read = fulcrum_reading(&["graph", "-"], &dump).fine();
    assert_eq!(read, fulcrum(&["graph", DUMP]).fine());
}

#[test]
fn a_result_goes_to_the_file_that_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("plan.svg");
    let name = file.display().to_string();
    assert_eq!(fulcrum(&["graph", DUMP, "--svg", "--output", &name]).fine(), "");
    let expected = fulcrum(&["graph", DUMP, "--svg"]).fine();
    assert_eq!(fs::read_to_string(&file).expect("it was written"), expected);
    let missing = folder.path().join("no/such/plan.svg").display().to_string();
    let error = fulcrum(&["graph", DUMP, "--output", &missing]).failed(2);
    assert!(error.contains(&missing), "{error}");
}
