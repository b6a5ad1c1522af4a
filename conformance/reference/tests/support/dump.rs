//! The objects of real clusters.

use std::fs;
use std::path::Path;

use fulcrum_reference::graph::Source;
use serde_json::Value;

/// The files of a real cluster, by name.
pub(crate) fn dump(folder: &str) -> Vec<(String, Value)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../impl/model/fixtures/real-objects");
    let mut files: Vec<_> = fs::read_dir(root.join(folder))
        .expect("the fixtures are there")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    let read = |path: &std::path::PathBuf| {
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(path).expect("a fixture can be read");
        (name, serde_json::from_str(&text).expect("a fixture is JSON"))
    };
    files.iter().map(read).collect()
}

/// The same as input.
pub(crate) fn sources(files: &[(String, Value)]) -> Vec<Source> {
    let source = |(file, value): &(String, Value)| Source {
        file: file.clone(),
        bytes: value.to_string().into_bytes(),
    };
    files.iter().map(source).collect()
}
