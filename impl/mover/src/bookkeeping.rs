//! The mover's notes on the objects, dropped when the move is over (rule I3).

use fulcrum_model::object::Object;
use fulcrum_model::protocol::Outcome;
use fulcrum_model::transform::{MOVE_ID, SOURCE_UID};
use serde_json::{Map, Value, json};

use crate::api::{Api, ApiError};
use crate::pause::TOUCHED;
use crate::read::{APPLIED, Seen};

/// What is noted on an object; the mark of a pause goes with the pause.
const NOTES: [&str; 4] = [MOVE_ID, SOURCE_UID, APPLIED, TOUCHED];

/// Takes the notes off everything that has some.
pub(crate) async fn drop(api: &Api, seen: &Seen) -> Result<Outcome, ApiError> {
    for object in &seen.objects {
        let (Some(patch), Some(path)) = (patch(object), seen.catalog.path(object.key())) else {
            continue;
        };
        match api.patch(&path, &patch).await {
            Ok(_) => {}
            // It is gone, and its notes with it.
            Err(error) if error.is_absent() => {}
            Err(error) if error.is_conflict() => return Ok(Outcome::Conflict),
            Err(error) => return Err(error),
        }
    }
    Ok(Outcome::Ok)
}

fn patch(object: &Object) -> Option<Value> {
    let noted = NOTES.iter().filter(|note| object.annotations().contains_key(**note));
    let notes: Map<String, Value> = noted.map(|note| ((*note).to_owned(), Value::Null)).collect();
    if notes.is_empty() {
        return None;
    }
    let metadata = &object.value()["metadata"];
    Some(json!({
        "metadata": {
            "uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"],
            "annotations": notes,
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_go_and_nothing_else() {
        let object = |annotations: Value| {
            let value = json!({
                "apiVersion": "v1", "kind": "Secret",
                "metadata": {
                    "name": "s", "namespace": "n", "uid": "u", "resourceVersion": "7",
                    "annotations": annotations,
                },
            });
            Object::from_value(value).expect("a Secret")
        };
        assert_eq!(patch(&object(json!({"a": "b", "fulcrum.dev/paused-by": "m"}))), None);
        let expected = json!({
            "metadata": {
                "uid": "u", "resourceVersion": "7",
                "annotations": {"fulcrum.dev/move-id": null},
            },
        });
        let noted = object(json!({"a": "b", "fulcrum.dev/move-id": "m"}));
        assert_eq!(patch(&noted), Some(expected));
    }
}
