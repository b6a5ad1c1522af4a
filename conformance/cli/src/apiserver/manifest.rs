//! The objects that a server begins with, from files.

use crate::failure::Failure;
use anyhow::{Context, anyhow};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// An object, and where it is from.
#[derive(Debug)]
pub(super) struct Manifest {
    pub(super) file: String,
    pub(super) object: Value,
}

impl Manifest {
    /// A text field of the object, or empty.
    pub(super) fn text(&self, pointer: &str) -> &str {
        self.object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether it makes a kind known.
    pub(super) fn is_definition(&self) -> bool {
        self.text("/kind") == "CustomResourceDefinition"
    }

    /// Kind and name, for people.
    pub(super) fn title(&self) -> String {
        format!("{} {}", self.text("/kind"), self.text("/metadata/name"))
    }
}

/// The objects of all files, definitions first.
pub(super) fn read(files: &[PathBuf]) -> Result<Vec<Manifest>, Failure> {
    let mut manifests = Vec::new();
    for file in files {
        let objects = objects(file)
            .map_err(|error| Failure::bad_input(error).hint("a file of kubectl's JSON or YAML"))?;
        let file = file.display().to_string();
        let named = |object| Manifest { file: file.clone(), object };
        manifests.extend(objects.into_iter().map(named));
    }
    manifests.sort_by_key(|manifest| !manifest.is_definition());
    Ok(manifests)
}

fn objects(file: &Path) -> anyhow::Result<Vec<Value>> {
    let text = fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
    let mut objects = Vec::new();
    for document in parse(&text).map_err(|why| anyhow!("read {}: {why}", file.display()))? {
        flatten(document, &mut objects);
    }
    for (at, object) in objects.iter().enumerate() {
        for field in ["/apiVersion", "/kind", "/metadata/name"] {
            let text = object.pointer(field).and_then(Value::as_str).unwrap_or_default();
            if text.is_empty() {
                let (file, number, field) = (file.display(), at + 1, &field[1..]);
                return Err(anyhow!("read {file}: object {number} has no {field}"));
            }
        }
    }
    Ok(objects)
}

/// The documents of a file; an error says at which line.
fn parse(text: &str) -> Result<Vec<Value>, String> {
    if text.trim_start().starts_with(['{', '[']) {
        return serde_json::from_str(text)
            .map(|document| vec![document])
            .map_err(|error| format!("not JSON: {error}"));
    }
    let options = serde_saphyr::options! {
        strict_booleans: true,
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_depth: 128,
            max_events: usize::MAX,
            max_nodes: usize::MAX,
            max_total_scalar_bytes: usize::MAX,
        },
    };
    serde_saphyr::from_multiple_with_options(text, options)
        .map_err(|error| format!("not YAML: {}", without_keys(&error.to_string())))
}

/// In a file that is badly indented a key may be a secret value: only its place is told.
fn without_keys(message: &str) -> String {
    match message.split_once("duplicate mapping key") {
        Some((_, rest)) => {
            let place = rest.rfind(" at line ").map_or("", |at| &rest[at..]);
            format!("a mapping key is there twice{place}")
        }
        None => message.to_owned(),
    }
}

/// The objects of a document: itself, the items of a List, or the elements of a JSON list.
fn flatten(document: Value, objects: &mut Vec<Value>) {
    match document {
        Value::Null => {}
        Value::Array(elements) => elements.into_iter().for_each(|one| flatten(one, objects)),
        Value::Object(mut fields) if fields.get("items").is_some_and(Value::is_array) => {
            flatten(fields.remove("items").unwrap_or_default(), objects);
        }
        object => objects.push(object),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("objects");
        fs::write(&file, text).expect("the folder is ours");
        let manifests = read(&[file]).expect("it is well formed");
        manifests.iter().map(|manifest| manifest.text("/kind").to_owned()).collect()
    }

    #[test]
    fn every_form_is_read_and_definitions_come_first() {
        let yaml = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n---\n---\n\
                    apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n\
                    metadata: {name: b}\n";
        assert_eq!(kinds(yaml), ["CustomResourceDefinition", "Secret"]);
        let object = r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}"#;
        let list = format!(r#"{{"apiVersion": "v1", "kind": "List", "items": [{object}]}}"#);
        assert_eq!(kinds(&format!("[{object}, {list}]")), ["ConfigMap", "ConfigMap"]);
    }

    #[test]
    fn what_is_wrong_has_a_place() {
        let why = parse("{\n  \"a\": }").expect_err("it is no JSON");
        assert!(why.contains("line 2"), "{why}");
        let why = parse("a: b\nc: [\n").expect_err("it is no YAML");
        assert!(why.contains("line "), "{why}");
    }
}
