//! The JSON form of a set: `{"f:spec":{".":{},"f:size":{}}}`.

use serde_json::{Map, Value};

use super::path::{Element, Scalar};
use super::set::Set;
use crate::status::field::escape_html;

/// Writes a set.
#[must_use]
pub fn write(set: &Set) -> Value {
    let mut fields = Map::new();
    for member in set.members() {
        fields.insert(key(member), Value::Object(Map::new()));
    }
    for (element, child) in set.children() {
        let mut below = write(child);
        if set.has(element)
            && let Some(map) = below.as_object_mut()
        {
            map.insert(".".to_owned(), Value::Object(Map::new()));
        }
        fields.insert(key(element), below);
    }
    Value::Object(fields)
}

/// Reads a set; null is the empty one.
///
/// # Errors
/// If a key is no path element, or a value no object.
pub fn read(fields: &Value) -> Result<Set, String> {
    let map = match fields {
        Value::Null => return Ok(Set::default()),
        Value::Object(map) => map,
        other => return Err(format!("expected an object, got {other}")),
    };
    let mut set = Set::default();
    for (text, below) in map {
        if text == "." {
            continue;
        }
        let element = parse(text)?;
        let child = read(below)?;
        if child.is_empty() || below.get(".").is_some() {
            set.insert(std::slice::from_ref(&element));
        }
        set.graft(element, child);
    }
    Ok(set)
}

fn key(element: &Element) -> String {
    match element {
        Element::Field(name) => format!("f:{name}"),
        Element::Key(keys) => {
            let map: Map<String, Value> =
                keys.iter().map(|(name, value)| (name.clone(), value.0.clone())).collect();
            format!("k:{}", escape_html(&Value::Object(map).to_string()))
        }
        Element::Value(value) => format!("v:{}", escape_html(&value.0.to_string())),
        Element::Index(index) => format!("i:{index}"),
    }
}

fn parse(text: &str) -> Result<Element, String> {
    let json = |text: &str| serde_json::from_str::<Value>(text).map_err(|e| e.to_string());
    match text.split_once(':') {
        Some(("f", name)) => Ok(Element::field(name)),
        Some(("v", value)) => Ok(Element::Value(Scalar(json(value)?))),
        Some(("i", index)) => {
            index.parse().map(Element::Index).map_err(|_| format!("no index: {text}"))
        }
        Some(("k", keys)) => match json(keys)? {
            Value::Object(map) => {
                Ok(Element::Key(map.into_iter().map(|(k, v)| (k, Scalar(v))).collect()))
            }
            _ => Err(format!("no keys: {text}")),
        },
        _ => Err(format!("no path element: {text}")),
    }
}
