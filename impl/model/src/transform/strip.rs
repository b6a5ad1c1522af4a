//! What a server sets, and what a mover notes.

use serde_json::{Map, Value};

/// Fields of the metadata that an API server sets.
const SERVER_SET: [&str; 8] = [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// The prefix of the annotations in which a mover keeps its notes.
const BOOKKEEPING: &str = "fulcrum.dev/";

/// Whether an annotation is a note of the mover.
#[must_use]
pub fn is_bookkeeping(annotation: &str) -> bool {
    annotation.starts_with(BOOKKEEPING)
}

/// Removes what an API server sets, and the status, which is rebuilt on the target.
pub fn strip(value: &mut Value) {
    let Some(object) = value.as_object_mut() else {
        return;
    };
    object.remove("status");
    if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
        for field in SERVER_SET {
            metadata.remove(field);
        }
    }
}

/// Hands every reference to an object in a spec to `change`: maps with a kind and a name.
pub(crate) fn each_reference(value: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(map) => {
            if map.get("kind").is_some_and(Value::is_string)
                && map.get("name").is_some_and(Value::is_string)
            {
                change(map);
            }
            map.values_mut().for_each(|value| each_reference(value, change));
        }
        Value::Array(entries) => entries.iter_mut().for_each(|entry| each_reference(entry, change)),
        _ => {}
    }
}
