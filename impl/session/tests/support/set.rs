//! Sets of objects to send.

use std::collections::BTreeMap;

use fulcrum_model::digest::{Digest, SetDigest};
use fulcrum_model::object::Object;
use fulcrum_model::protocol::{Entry, Epoch, Lineage, Message, Move, Reading, Round, Version};
use fulcrum_mover::{Parcel, SentObject, ids};
use serde_json::{Value, json};

/// A UUID of a number.
pub(crate) fn uuid(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// A move of epoch 3.
pub(crate) fn mv() -> Move {
    Move { lineage: Lineage(7), epoch: Epoch(3), attempt: 2, id: 0xabc }
}

/// A Secret with some bytes in it; `owner` is the number of another one.
pub(crate) fn secret(number: u32, text: &str, owner: Option<u32>) -> (u32, Value) {
    let mut value = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": format!("s{number}"), "namespace": "default"},
        "data": {"text": text},
    });
    if let Some(owner) = owner {
        value["metadata"]["ownerReferences"] = json!([{
            "apiVersion": "v1", "kind": "Secret", "name": format!("s{owner}"),
            "uid": uuid(owner), "controller": true, "blockOwnerDeletion": true,
        }]);
    }
    (number, value)
}

/// A parcel that stages these objects, in this order.
pub(crate) fn stage(round: Round, objects: &[(u32, Value)]) -> Parcel {
    let mut entries = Vec::new();
    let mut manifests = BTreeMap::new();
    let mut digests = BTreeMap::new();
    for (number, value) in objects {
        let key = Object::from_value(value.clone()).expect("an object").key().clone();
        let digest = Digest::of(value);
        let name = ids::name_of(&key);
        digests.insert(key.clone(), digest);
        entries.push(Entry {
            name: name.clone(),
            uid: ids::uid_of(&uuid(*number)).expect("a UUID"),
            version: Version(0),
            digest,
            applied: None,
            deleting: false,
        });
        let object = SentObject { key, source_uid: uuid(*number), manifest: value.clone() };
        manifests.insert(name, object);
    }
    let set = Reading::new(entries, SetDigest::of(&digests).digest);
    Parcel { message: Message::Stage { mv: mv(), round, set }, manifests }
}
