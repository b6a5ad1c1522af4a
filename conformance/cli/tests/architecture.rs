//! Which room may lean on which, as ARCHITECTURE.md draws it, held by `cargo metadata`.
//!
//! An oracle that shares code with what it judges shares its bugs: nothing under conformance/ or
//! scenarios/ depends on impl/, save the one adapter.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A member of the workspace, by its folder.
struct Room {
    folder: String,
    manifest: PathBuf,
    /// The folders of the members that it depends on, for tests and builds too.
    leans_on: Vec<String>,
}

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs, it runs this test");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    let text = value[field].as_str();
    text.unwrap_or_else(|| panic!("no `{field}` in {value}"))
}

fn rooms() -> Vec<Room> {
    let metadata = metadata();
    let root = Path::new(text(&metadata, "workspace_root"));
    let folder = |path: &Path| {
        let folder = path.strip_prefix(root).expect("members lie under the root");
        folder.to_str().expect("our folders are ASCII").replace('\\', "/")
    };
    let packages = metadata["packages"].as_array().expect("a list of packages");
    let room = |package: &Value| {
        let manifest = PathBuf::from(text(package, "manifest_path"));
        let dependencies = package["dependencies"].as_array().expect("a list");
        let paths = dependencies.iter().filter_map(|dependency| dependency["path"].as_str());
        Room {
            folder: folder(manifest.parent().expect("a manifest lies in a folder")),
            leans_on: paths.map(|path| folder(Path::new(path))).collect(),
            manifest,
        }
    };
    packages.iter().map(room).collect()
}

/// Why a room may not lean on another; nothing when it may.
fn forbidden(from: &str, to: &str) -> Option<&'static str> {
    let judges =
        |folder: &str| folder.starts_with("conformance/") || folder.starts_with("scenarios");
    if judges(from) && to.starts_with("impl/") && from != "conformance/reference" {
        return Some("what judges shares no code with what it judges");
    }
    if judges(to) && !judges(from) {
        return Some("the implementation knows nothing of the suite");
    }
    if to == "conformance/reference" && !["conformance/cli", "conformance/suite"].contains(&from) {
        return Some("only the program and the suite reach the implementation");
    }
    match from {
        "proto" => Some("the wire protocol leans on nothing of ours"),
        "impl/model" => Some("the model leans on nothing of ours"),
        "conformance/harness" => Some("the harness leans on nothing of ours"),
        "conformance/apiserver" => Some("the API server is for others, too"),
        "conformance/sim" if !["conformance/apiserver", "conformance/harness"].contains(&to) => {
            Some("the world leans on the API server and on what histories are")
        }
        "impl/identity" => Some("who a cluster is says nothing of what is moved"),
        "impl/mover" if to != "impl/model" => Some("the mover knows no wire and no certificate"),
        "impl/program" if !["impl/mover", "impl/session"].contains(&to) => {
            Some("what surrounds both programs knows neither of them")
        }
        "impl/session" if ["impl/cell", "impl/agent", "impl/identity"].contains(&to) => {
            Some("what both ends share knows neither of them")
        }
        "impl/explore" if to != "impl/model" => Some("the model checker leans on the model only"),
        _ => None,
    }
}

#[test]
fn rooms_lean_only_where_they_may() {
    let rooms = rooms();
    assert!(rooms.iter().any(|room| room.folder == "conformance/reference"));
    let mut wrong = Vec::new();
    for room in &rooms {
        for to in &room.leans_on {
            if let Some(why) = forbidden(&room.folder, to) {
                wrong.push(format!("{} depends on {to}: {why}", room.folder));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_of_arrows_forbids_what_it_should() {
    assert!(forbidden("conformance/harness", "impl/model").is_some());
    assert!(forbidden("conformance/cli", "impl/model").is_some());
    assert!(forbidden("scenarios", "impl/model").is_some());
    assert!(forbidden("impl/cell", "conformance/harness").is_some());
    assert!(forbidden("conformance/sim", "conformance/reference").is_some());
    assert!(forbidden("impl/model", "proto").is_some());
    assert!(forbidden("conformance/apiserver", "conformance/harness").is_some());
    assert!(forbidden("impl/identity", "impl/model").is_some());
    assert!(forbidden("conformance/reference", "impl/model").is_none());
    assert!(forbidden("conformance/cli", "conformance/reference").is_none());
    assert!(forbidden("impl/mover", "impl/model").is_none());
    assert!(forbidden("impl/mover", "proto").is_some());
    assert!(forbidden("impl/session", "impl/cell").is_some());
    assert!(forbidden("impl/session", "proto").is_none());
}

/// The dependencies of a manifest, as it writes them.
fn dependency_lines(manifest: &str) -> Vec<&str> {
    let mut section = "";
    let mut lines = Vec::new();
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line;
        } else if section.ends_with("dependencies]") && line.contains('=') {
            lines.push(line);
        }
    }
    lines
}

#[test]
fn every_room_takes_lints_and_versions_from_the_workspace() {
    for room in rooms() {
        let manifest = std::fs::read_to_string(&room.manifest).expect("cargo has just read it");
        let folder = &room.folder;
        assert!(manifest.contains("[lints]\nworkspace = true"), "{folder} has lints of its own");
        for line in dependency_lines(&manifest) {
            let inherits =
                line.contains(".workspace = true") || line.contains("{ workspace = true");
            assert!(inherits, "{folder} has a version of its own: {line}");
        }
        assert!(!manifest.contains("dependencies."), "{folder}: write dependencies as lines");
    }
}
