//! What two sides compare: canonical forms, digests, and whether an object read back *covers* what
//! was sent (rules I4, H5).
//!
//! The canonical form leaves out what differs between two servers by nature: what a server sets,
//! the status, UIDs, the mover's bookkeeping and its marked pause. Owners are named by kind and
//! name. JSON maps are sorted by key.

mod canonical;
mod covers;

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::object::ObjectKey;

pub use self::canonical::canonical;
pub use self::covers::covers;

/// A SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of the canonical form of an object.
    #[must_use]
    pub fn of(object: &Value) -> Self {
        let text = serde_json::to_vec(&canonical(object)).expect("a JSON value has string keys");
        Self(Sha256::digest(&text).into())
    }

    /// A digest that was computed before: read from a record or received.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// The digest of a set of objects, whatever the order in which they are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetDigest {
    /// How many objects there are.
    pub count: usize,
    /// The digest over keys and digests, sorted by key.
    pub digest: Digest,
}

impl SetDigest {
    /// The digest of these objects.
    #[must_use]
    pub fn of(objects: &BTreeMap<ObjectKey, Digest>) -> Self {
        let mut hash = Sha256::new();
        for (key, digest) in objects {
            let namespace = key.namespace.as_deref().unwrap_or_default();
            for part in [key.group.as_str(), &key.kind, namespace, &key.name] {
                hash.update(part.as_bytes());
                // No part of a key holds a zero byte.
                hash.update([0u8]);
            }
            hash.update(digest.as_bytes());
        }
        Self { count: objects.len(), digest: Digest(hash.finalize().into()) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::object::Object;
    use crate::transform::pause;

    fn machine(uid: &str) -> Value {
        json!({
            "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "Machine",
            "metadata": {
                "name": "m", "namespace": "default", "uid": uid, "resourceVersion": uid,
                "finalizers": ["b", "a"],
                "ownerReferences": [{
                    "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "MachineSet", "name": "ms",
                    "uid": format!("owner-{uid}"), "controller": true,
                }],
                "annotations": {"fulcrum.dev/source-uid": uid},
            },
            "spec": {"version": "v1.34.4"},
            "status": {"phase": uid},
        })
    }

    #[test]
    fn what_two_servers_differ_in_does_not_count() {
        assert_eq!(Digest::of(&machine("1")), Digest::of(&machine("2")));
        let mut other = machine("1");
        other["spec"]["version"] = json!("v1.34.5");
        assert_ne!(Digest::of(&machine("1")), Digest::of(&other));
        let mut other = machine("1");
        other["metadata"]["ownerReferences"][0]["controller"] = json!(false);
        assert_ne!(Digest::of(&machine("1")), Digest::of(&other));
    }

    #[test]
    fn a_marked_pause_does_not_count_and_a_foreign_one_does() {
        let cluster = json!({
            "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "Cluster",
            "metadata": {"name": "c", "namespace": "default"}, "spec": {"a": 1},
        });
        let mut ours = cluster.clone();
        pause(&mut ours, "m");
        assert_eq!(Digest::of(&ours), Digest::of(&cluster));
        let mut foreign = cluster.clone();
        foreign["spec"]["paused"] = json!(true);
        assert_ne!(Digest::of(&foreign), Digest::of(&cluster));
    }

    #[test]
    fn a_set_is_counted_and_keys_count() {
        let set = |names: &[&str]| {
            let entry = |name: &&str| {
                let mut value = machine("1");
                value["metadata"]["name"] = json!(name);
                let object = Object::from_value(value).expect("a Machine");
                (object.key().clone(), Digest::of(&machine("1")))
            };
            SetDigest::of(&names.iter().map(entry).collect())
        };
        assert_eq!(set(&["a", "b"]), set(&["b", "a"]));
        assert_ne!(set(&["a"]).digest, set(&["b"]).digest);
        assert_eq!(set(&[]).count, 0);
    }

    #[test]
    fn digests_are_hexadecimal() {
        let text = Digest::of(&json!({})).to_string();
        assert_eq!(text, "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    }
}
