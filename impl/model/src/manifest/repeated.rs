//! Objects that were read more than once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde_json::Value;

use crate::object::{Object, ObjectKey};

use super::ManifestError;

/// Each object once, in the order of the input, and an error for each two that have one key and
/// are not the same.
pub(super) fn once(objects: Vec<Object>) -> (Vec<Object>, Vec<ManifestError>) {
    let mut at: HashMap<ObjectKey, usize> = HashMap::with_capacity(objects.len());
    let mut once: Vec<Object> = Vec::with_capacity(objects.len());
    let mut errors = Vec::new();
    for object in objects {
        match at.entry(object.key().clone()) {
            Entry::Vacant(entry) => {
                entry.insert(once.len());
                once.push(object);
            }
            Entry::Occupied(entry) => {
                let first = &mut once[*entry.get()];
                if !is_one_state(first, &object) {
                    errors.extend(error(first, &object));
                } else if *first != object && rank(first) < rank(&object) {
                    *first = object;
                }
            }
        }
    }
    (once, errors)
}

/// Whether two readings are of one state of one object: an API server gives a resourceVersion to
/// one state only. It may have been read at two API versions, and once with managedFields, which
/// kubectl hides unless it is asked for them.
fn is_one_state(one: &Object, two: &Object) -> bool {
    let is_known = is_one_life(one, two) && one.resource_version().is_some();
    let same_version = || one.version() == two.version();
    is_known
        && one.resource_version() == two.resource_version()
        && (!same_version() || content(one) == content(two))
}

fn is_one_life(one: &Object, two: &Object) -> bool {
    one.uid().is_some() && one.uid() == two.uid()
}

fn content(object: &Object) -> Value {
    let mut content = object.value().clone();
    if let Some(metadata) = content.pointer_mut("/metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    content
}

/// Either reading of a state could be kept, but always the same one, whatever was read first.
fn rank(object: &Object) -> (&str, String) {
    (object.version(), object.value().to_string())
}

fn error(first: &Object, second: &Object) -> Option<ManifestError> {
    let object = first.key().clone();
    let is_one_life = is_one_life(first, second);
    let differs = is_one_life && first.resource_version().is_some();
    let first = Box::new(first.place()?.clone());
    let second = Box::new(second.place()?.clone());
    Some(match differs {
        true => ManifestError::TwoStates { object, first, second },
        false => ManifestError::Duplicate { object, first, second },
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::manifest::read_all;
    use crate::object::Object;

    /// A Machine whose spec names its provider, at a version and a resourceVersion.
    fn machine(version: &str, uid: &str, resource_version: &str, provider: &str) -> String {
        json!({
            "apiVersion": format!("cluster.x-k8s.io/{version}"), "kind": "Machine",
            "metadata": {
                "name": "m", "namespace": "n", "uid": uid, "resourceVersion": resource_version,
            },
            "spec": {"providerID": provider},
        })
        .to_string()
    }

    fn both(one: &str, two: &str) -> Result<Vec<Object>, String> {
        let files = [("a.json", one.as_bytes()), ("b.json", two.as_bytes())];
        read_all(files).map_err(|errors| errors.to_string())
    }

    #[test]
    fn dumps_may_overlap() {
        let one = machine("v1beta2", "u", "7", "p");
        assert_eq!(both(&one, &one).expect("one object").len(), 1);
        let managed = one.replace("\"name\"", "\"managedFields\":[{\"manager\":\"m\"}],\"name\"");
        let old = machine("v1beta1", "u", "7", "q");
        for other in [managed, old] {
            let forward = both(&one, &other).expect("one object");
            let backward = both(&other, &one).expect("one object");
            assert_eq!(forward.len(), 1);
            assert_eq!(forward, backward, "whichever is read first");
        }
    }

    #[test]
    fn two_states_name_both_places() {
        let one = machine("v1beta2", "u", "7", "p");
        for other in [machine("v1beta2", "u", "8", "p"), machine("v1beta2", "u", "7", "q")] {
            assert_eq!(
                both(&one, &other).expect_err("two states"),
                "Machine.cluster.x-k8s.io n/m is there twice and differs: in a.json, document 1, \
                 and in b.json, document 1",
            );
        }
    }

    #[test]
    fn two_lives_name_both_places() {
        let one = machine("v1beta2", "u", "7", "p");
        let by_hand = "apiVersion: cluster.x-k8s.io/v1beta2\nkind: Machine\n\
                       metadata: {name: m, namespace: n}\n";
        for (one, two) in [(one.as_str(), &*machine("v1beta2", "v", "7", "p")), (by_hand, by_hand)]
        {
            assert_eq!(
                both(one, two).expect_err("two objects"),
                "Machine.cluster.x-k8s.io n/m is there twice: in a.json, document 1, and in \
                 b.json, document 1",
            );
        }
    }
}
