//! What goes over a session: a message of the model, with a Stage its manifests.

use std::collections::BTreeMap;
use std::fmt;

use fulcrum_model::object::ObjectKey;
use fulcrum_model::protocol::{Message, Name};
use serde_json::Value;

/// A message with its manifests.
#[derive(Clone, Debug, PartialEq)]
pub struct Parcel {
    /// The message.
    pub message: Message,
    /// With a [`Message::Stage`] a manifest for each entry of its set. Manifests of other names are
    /// library objects (rule D4): they are made where they are missing, and never changed.
    pub manifests: BTreeMap<Name, SentObject>,
}

/// An object as it is sent: without what a server sets, but for its field managers; without the
/// mover's pause, mark and bookkeeping; its owners by their UIDs on the source.
#[derive(Clone, PartialEq)]
pub struct SentObject {
    /// Its key.
    pub key: ObjectKey,
    /// Its UID on the source.
    pub source_uid: String,
    /// Its JSON.
    pub manifest: Value,
}

/// Never shows the manifest, which may be a Secret's.
impl fmt::Debug for SentObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SentObject({}, uid {})", self.key, self.source_uid)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::settings::ClusterName;

    #[test]
    fn debug_does_not_show_a_secret() {
        let key = ClusterName { namespace: "n".to_owned(), name: "c".to_owned() }.key();
        let sent = SentObject {
            key,
            source_uid: "u".to_owned(),
            manifest: json!({"data": {"key": "aHVzaA=="}}),
        };
        assert_eq!(format!("{sent:?}"), "SentObject(Cluster.cluster.x-k8s.io n/c, uid u)");
    }
}
