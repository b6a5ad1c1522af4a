//! The ids of the model and those of Kubernetes.

use std::sync::Arc;

use fulcrum_model::digest::Digest;
use fulcrum_model::object::ObjectKey;
use fulcrum_model::protocol::{Name, Uid, Version};
use uuid::Uuid;

/// Stands between the parts of a [`Name`]; no part of a key can hold it.
const BETWEEN: char = '|';

/// The name of an object in the protocol: `group|kind|namespace|name`.
#[must_use]
pub fn name_of(key: &ObjectKey) -> Name {
    let namespace = key.namespace.as_deref().unwrap_or_default();
    let parts = [key.group.as_str(), &key.kind, namespace, &key.name];
    Name(Arc::from(parts.join("|")))
}

/// The key of a name; `None` if it is no name of this form.
#[must_use]
pub fn key_of(name: &Name) -> Option<ObjectKey> {
    let mut parts = name.0.split(BETWEEN);
    let mut next = || parts.next().map(str::to_owned);
    let (group, kind, namespace, name) = (next()?, next()?, next()?, next()?);
    if parts.next().is_some() || kind.is_empty() || name.is_empty() {
        return None;
    }
    let namespace = Some(namespace).filter(|namespace| !namespace.is_empty());
    Some(ObjectKey { group, kind, namespace, name })
}

/// The uid of this text, which must be a UUID as Kubernetes writes it.
#[must_use]
pub fn uid_of(text: &str) -> Option<Uid> {
    let uuid = Uuid::try_parse(text).ok()?;
    // A guard must name the very text.
    (uuid.hyphenated().to_string() == text).then_some(Uid(uuid.as_u128()))
}

/// The text of a uid.
#[must_use]
pub fn uid_text(uid: Uid) -> String {
    Uuid::from_u128(uid.0).hyphenated().to_string()
}

/// The version of this text.
#[must_use]
pub fn version_of(text: &str) -> Option<Version> {
    let version = text.parse().ok().map(Version)?;
    (version_text(version) == text).then_some(version)
}

/// The text of a version.
#[must_use]
pub fn version_text(version: Version) -> String {
    version.0.to_string()
}

/// 128 bits as 32 hexadecimal digits: the id of a move or a lineage in an annotation or a record.
#[must_use]
pub fn hex(id: u128) -> String {
    format!("{id:032x}")
}

/// The 128 bits of 32 hexadecimal digits.
#[must_use]
pub fn id_of(text: &str) -> Option<u128> {
    let id = u128::from_str_radix(text, 16).ok()?;
    (hex(id) == text).then_some(id)
}

/// The digest of 64 hexadecimal digits.
#[must_use]
pub fn digest_of(text: &str) -> Option<Digest> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(Digest::from_bytes(bytes)).filter(|digest| digest.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(namespace: Option<&str>) -> ObjectKey {
        ObjectKey {
            group: String::new(),
            kind: "Secret".to_owned(),
            namespace: namespace.map(str::to_owned),
            name: "c-ca".to_owned(),
        }
    }

    #[test]
    fn names_are_keys() {
        for key in [key(Some("default")), key(None)] {
            assert_eq!(key_of(&name_of(&key)), Some(key));
        }
        assert_eq!(&*name_of(&key(Some("default"))).0, "|Secret|default|c-ca");
        for text in ["", "a|b|c", "a||c|d", "a|b|c|d|e"] {
            assert_eq!(key_of(&Name(Arc::from(text))), None, "{text}");
        }
    }

    #[test]
    fn uids_are_the_text_that_a_server_gave() {
        let text = "dfe0b6a5-42e5-443d-b727-ff1a710ad458";
        assert_eq!(uid_of(text).map(uid_text).as_deref(), Some(text));
        assert_eq!(uid_of("DFE0B6A5-42E5-443D-B727-FF1A710AD458"), None);
        assert_eq!(uid_of("uid-of-admin"), None);
    }

    #[test]
    fn versions_are_numbers() {
        assert_eq!(version_of("1511"), Some(Version(1511)));
        for text in ["", "01", "-1", "abc"] {
            assert_eq!(version_of(text), None, "{text}");
        }
    }

    #[test]
    fn hexadecimal_ids_come_back() {
        assert_eq!(id_of(&hex(7)), Some(7));
        assert_eq!(id_of("7"), None);
        let digest = Digest::from_bytes([0xa5; 32]);
        assert_eq!(digest_of(&digest.to_string()), Some(digest));
        assert_eq!(digest_of("a5"), None);
    }
}
