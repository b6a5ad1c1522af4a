//! kubectl's JSON and YAML, read into objects.
//!
//! Lists of any kind are flattened, empty documents are skipped, and every error says where in
//! the input it is. Texts of values are never quoted: they may be a Secret's.

mod document;
mod repeated;

use std::fmt;

use serde_json::Value;
use thiserror::Error;

use crate::object::{Object, ObjectError, ObjectKey};

pub use crate::object::Place;

/// Why a file cannot be read as Kubernetes objects.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ManifestError {
    /// The file is no text.
    #[error("{file}: not UTF-8 at byte {offset}")]
    NotText {
        /// The file.
        file: String,
        /// The first byte that is wrong, from 0.
        offset: usize,
    },
    /// The file is UTF-16.
    #[error("{file}: UTF-16, as `>` of Windows PowerShell writes it; save it as UTF-8")]
    Utf16 {
        /// The file.
        file: String,
    },
    /// A document is neither JSON nor YAML.
    #[error("{place}: {message}")]
    Syntax {
        /// The document.
        place: Place,
        /// What the parser says, with line and column.
        message: String,
    },
    /// A document or an item is no Kubernetes object.
    #[error("{place}: {error}")]
    NoObject {
        /// The document or item.
        place: Place,
        /// What is wrong with it.
        error: ObjectError,
    },
    /// `items` of a list is something else.
    #[error("{place}: `items` of a {kind} is not a list")]
    NoItems {
        /// The list.
        place: Place,
        /// Its kind.
        kind: String,
    },
    /// Two objects of one name are in the input.
    #[error("{object} is there twice: in {first}, and in {second}")]
    Duplicate {
        /// The object.
        object: ObjectKey,
        /// Where it was read first.
        first: Box<Place>,
        /// Where it was read again.
        second: Box<Place>,
    },
    /// One object is in the input in two states, as two dumps hold it between which it changed.
    #[error("{object} is there twice and differs: in {first}, and in {second}")]
    TwoStates {
        /// The object.
        object: ObjectKey,
        /// Where it was read first.
        first: Box<Place>,
        /// Where it was read again.
        second: Box<Place>,
    },
}

/// Everything that is wrong with the input, one line for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestErrors(Vec<ManifestError>);

impl ManifestErrors {
    /// The errors, in the order of the input.
    #[must_use]
    pub fn errors(&self) -> &[ManifestError] {
        &self.0
    }
}

impl fmt::Display for ManifestErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, error) in self.0.iter().enumerate() {
            let separator = if position == 0 { "" } else { "\n" };
            write!(f, "{separator}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ManifestErrors {}

/// Reads the objects of one file. `file` is only named in errors.
///
/// # Errors
/// The first [`ManifestError`] of the file.
pub fn read(file: &str, bytes: &[u8]) -> Result<Vec<Object>, ManifestError> {
    let mut objects = Vec::new();
    for document in document::split(file, bytes)? {
        for value in document.values()? {
            let place = document.place.clone();
            match value {
                Value::Array(items) => flatten_all(items, &place, &mut objects)?,
                value => flatten(value, place, &mut objects)?,
            }
        }
    }
    Ok(objects)
}

/// Reads the objects of many files, each object once: two dumps may overlap.
///
/// # Errors
/// [`ManifestErrors`] with the first error of each file, and every object that is there twice
/// and not the same.
pub fn read_all<'a>(
    files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
) -> Result<Vec<Object>, ManifestErrors> {
    let mut objects = Vec::new();
    let mut errors = Vec::new();
    for (file, bytes) in files {
        match read(file, bytes) {
            Ok(read) => objects.extend(read),
            Err(error) => errors.push(error),
        }
    }
    let (objects, repeated) = repeated::once(objects);
    errors.extend(repeated);
    match errors.is_empty() {
        true => Ok(objects),
        false => Err(ManifestErrors(errors)),
    }
}

/// Adds the objects of an array, which is read as a List without a kind.
fn flatten_all(
    items: Vec<Value>,
    place: &Place,
    objects: &mut Vec<Object>,
) -> Result<(), ManifestError> {
    for (position, item) in items.into_iter().enumerate() {
        flatten(item, place.item(position + 1), objects)?;
    }
    Ok(())
}

/// Adds the object, or the objects of the list, that stands at `place`.
fn flatten(value: Value, place: Place, objects: &mut Vec<Object>) -> Result<(), ManifestError> {
    match list_kind(&value) {
        Some(kind) => {
            let mut items = items(value, &kind, &place)?;
            items.iter_mut().for_each(|item| adopt_type(item, &kind));
            flatten_all(items, &place, objects)
        }
        None => {
            let object = Object::from_value(value)
                .map_err(|error| ManifestError::NoObject { place: place.clone(), error })?;
            objects.push(object.at(place));
            Ok(())
        }
    }
}

/// A list and what it says of its items.
struct ListKind {
    api_version: String,
    kind: String,
}

/// The kind of a `List` or `XxxList`, if `value` is one. An object whose kind happens to end so
/// has a name, a list has none.
fn list_kind(value: &Value) -> Option<ListKind> {
    let kind = value.get("kind")?.as_str()?;
    let named = value.pointer("/metadata/name").is_some_and(Value::is_string);
    let is_list =
        kind == "List" || (kind.ends_with("List") && !named && value.get("items").is_some());
    is_list.then(|| ListKind {
        api_version: value.get("apiVersion").and_then(Value::as_str).unwrap_or_default().to_owned(),
        kind: kind.to_owned(),
    })
}

fn items(mut value: Value, kind: &ListKind, place: &Place) -> Result<Vec<Value>, ManifestError> {
    match value.get_mut("items").map(Value::take) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(ManifestError::NoItems { place: place.clone(), kind: kind.kind.clone() }),
    }
}

/// An API server's own lists of core kinds leave `kind` and `apiVersion` off their items.
fn adopt_type(item: &mut Value, list: &ListKind) {
    let (Some(item), Some(kind)) = (item.as_object_mut(), list.kind.strip_suffix("List")) else {
        return;
    };
    if kind.is_empty() || list.api_version.is_empty() || item.contains_key("kind") {
        return;
    }
    item.insert("kind".to_owned(), Value::from(kind));
    item.entry("apiVersion").or_insert_with(|| Value::from(list.api_version.as_str()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<String> {
        let objects = read("dump.yaml", text.as_bytes()).expect("objects");
        objects.iter().map(|object| object.key().to_string()).collect()
    }

    fn error(text: &str) -> String {
        read("dump.yaml", text.as_bytes()).expect_err("no objects").to_string()
    }

    const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: n}\n";

    #[test]
    fn lists_are_flattened_and_empty_documents_skipped() {
        let item = |name: &str| {
            format!(r#"{{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "{name}"}}}}"#)
        };
        let inner =
            format!(r#"{{"kind": "PodList", "apiVersion": "v1", "items": [{}]}}"#, item("b"));
        let list =
            format!(r#"{{"kind": "List", "apiVersion": "v1", "items": [{}, {inner}]}}"#, item("a"));
        assert_eq!(keys(&list), ["Pod a", "Pod b"]);
        assert_eq!(keys(&format!("---\n# nothing\n---\n{POD}---\n")), ["Pod n/p"]);
        assert!(keys("").is_empty());
        assert!(keys(r#"{"kind": "List", "apiVersion": "v1", "items": []}"#).is_empty());
    }

    #[test]
    fn items_without_a_kind_take_that_of_their_list() {
        let list = r#"{"kind": "SecretList", "apiVersion": "v1",
                       "items": [{"metadata": {"name": "s", "namespace": "n"}}]}"#;
        assert_eq!(keys(list), ["Secret n/s"]);
    }

    #[test]
    fn json_documents_may_follow_each_other() {
        let one = |name: &str| {
            format!(r#"{{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "{name}"}}}}"#)
        };
        assert_eq!(keys(&format!("{}\n{}", one("a"), one("b"))), ["Pod a", "Pod b"]);
    }

    #[test]
    fn yes_and_no_are_names() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: y, namespace: no}\n";
        assert_eq!(keys(text), ["Pod no/y"]);
    }

    #[test]
    fn errors_say_where() {
        let no_kind = format!("{POD}---\n\nmetadata: {{name: x}}\n");
        assert_eq!(
            error(&no_kind),
            "dump.yaml, document 2 (line 4): no Kubernetes object: `kind` is missing",
        );
        let list = r#"{"kind": "List", "apiVersion": "v1", "items": [7]}"#;
        assert_eq!(error(list), "dump.yaml, document 1, item 1: no Kubernetes object: not a map");
        assert_eq!(
            error("plain words\n"),
            "dump.yaml, document 1: no Kubernetes object: not a map"
        );
        let broken = error(&format!("{POD}---\na: [1\nb: 2\n"));
        assert!(broken.starts_with("dump.yaml, document 2 (line 4): "), "{broken}");
        assert!(broken.contains("not YAML"), "{broken}");
        let json = error("{\"kind\": \"Pod\",\n  oops]}");
        assert!(json.contains("line 2"), "{json}");
        let bytes = read("x.bin", &[b'a', 0xff]).expect_err("no text");
        assert_eq!(bytes.to_string(), "x.bin: not UTF-8 at byte 1");
    }

    #[test]
    fn an_array_is_a_list() {
        let array = r#"[{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}},
                        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b"}}]"#;
        assert_eq!(keys(array), ["Pod a", "Pod b"]);
        assert_eq!(keys(&format!("---\n{array}\n")), ["Pod a", "Pod b"], "as YAML");
        assert!(keys("[]").is_empty());
        assert_eq!(
            error(r#"[{"apiVersion": "v1"}]"#),
            "dump.yaml, document 1, item 1: no Kubernetes object: `kind` is missing",
        );
        let broken = error("[{\"kind\": \"Pod\",\n  oops]");
        assert!(broken.contains("not JSON") && broken.contains("line 2"), "{broken}");
    }

    #[test]
    fn utf_16_is_named() {
        let bytes = |mark: &[u8], bytes_of: fn(u16) -> [u8; 2]| -> Vec<u8> {
            mark.iter().copied().chain(POD.encode_utf16().flat_map(bytes_of)).collect()
        };
        for utf_16 in [
            bytes(&[0xff, 0xfe], u16::to_le_bytes),
            bytes(&[0xfe, 0xff], u16::to_be_bytes),
            bytes(&[], u16::to_le_bytes),
            bytes(&[], u16::to_be_bytes),
        ] {
            assert_eq!(
                read("dump.json", &utf_16).expect_err("no UTF-8").to_string(),
                "dump.json: UTF-16, as `>` of Windows PowerShell writes it; save it as UTF-8",
            );
        }
        let marked = [&[0xef, 0xbb, 0xbf][..], POD.as_bytes()].concat();
        assert_eq!(read("dump.yaml", &marked).expect("UTF-8 may be marked").len(), 1);
    }

    #[test]
    fn a_secret_is_not_quoted() {
        let text = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: n}\n\
                    data: {key: \"hush\n";
        assert!(!error(text).contains("hush"));
    }
}
