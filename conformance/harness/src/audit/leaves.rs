//! Digests of the values in a part of an object, taken while it is parsed and without holding it.

use crate::history::facts::{Fnv, Leaves};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::fmt;

/// How a value becomes a digest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Quickly.
    Plain,
    /// So that the value cannot be worked back from it.
    Secret,
}

/// Takes the digests of everything below `raw`, but for what lies under the top-level keys `skip`.
///
/// Nulls and empty maps and lists leave no digest: an API server drops or fills them.
pub(crate) fn leaves_of(raw: &RawValue, kind: Kind, skip: &[&str]) -> serde_json::Result<Leaves> {
    let root = Fnv::new();
    let skipped: Vec<u64> = skip.iter().map(|key| root.text(key).finish()).collect();
    let mut digests = Vec::new();
    let walk = Walk { path: root, kind, skipped: &skipped, digests: &mut digests };
    let mut json = serde_json::Deserializer::from_str(raw.get());
    walk.deserialize(&mut json)?;
    Ok(Leaves::new(digests))
}

/// One digest of everything below `raw`, but for what lies under the top-level keys `skip`.
pub(crate) fn digest_of(raw: &RawValue, skip: &[&str]) -> serde_json::Result<u64> {
    leaves_of(raw, Kind::Plain, skip).map(|leaves| leaves.digest())
}

/// A place in the value, and where its digests go.
struct Walk<'w> {
    path: Fnv,
    kind: Kind,
    skipped: &'w [u64],
    digests: &'w mut Vec<u64>,
}

impl Walk<'_> {
    fn leaf(&mut self, tag: &[u8], value: &[u8]) {
        let digest = match self.kind {
            Kind::Plain => self.path.bytes(tag).bytes(value).finish(),
            Kind::Secret => {
                let hash = Sha256::new()
                    .chain_update(self.path.finish().to_le_bytes())
                    .chain_update(tag)
                    .chain_update(value)
                    .finalize();
                Fnv::new().bytes(&hash).finish()
            }
        };
        self.digests.push(digest);
    }

    fn at(&mut self, path: Fnv) -> Walk<'_> {
        Walk { path, kind: self.kind, skipped: self.skipped, digests: &mut *self.digests }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(mut self, value: bool) -> Result<(), E> {
        self.leaf(b"b", &[u8::from(value)]);
        Ok(())
    }

    fn visit_i64<E: Error>(mut self, value: i64) -> Result<(), E> {
        self.leaf(b"i", &value.to_le_bytes());
        Ok(())
    }

    fn visit_u64<E: Error>(mut self, value: u64) -> Result<(), E> {
        self.leaf(b"u", &value.to_le_bytes());
        Ok(())
    }

    fn visit_f64<E: Error>(mut self, value: f64) -> Result<(), E> {
        self.leaf(b"f", &value.to_bits().to_le_bytes());
        Ok(())
    }

    fn visit_str<E: Error>(mut self, value: &str) -> Result<(), E> {
        self.leaf(b"s", value.as_bytes());
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(path) = map.next_key_seed(Key(self.path))? {
            if self.skipped.contains(&path.finish()) {
                map.next_value::<serde::de::IgnoredAny>()?;
            } else {
                map.next_value_seed(self.at(path))?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        let mut index = 0_u64;
        loop {
            let path = self.path.bytes(&index.to_le_bytes());
            if list.next_element_seed(self.at(path))?.is_none() {
                return Ok(());
            }
            index += 1;
        }
    }
}

/// Reads a key as one more step of a path.
struct Key(Fnv);

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Fnv;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Fnv, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Fnv;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Fnv, E> {
        Ok(self.0.text(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(json: &str) -> Leaves {
        let raw: &RawValue = serde_json::from_str(json).expect("JSON");
        leaves_of(raw, Kind::Plain, &["paused"]).expect("leaves")
    }

    #[test]
    fn order_of_keys_and_a_skipped_key_make_no_difference() {
        let one = leaves(r#"{"a":1,"b":{"c":["x","y"]}}"#);
        assert_eq!(one, leaves(r#"{"paused":true,"b":{"c":["x","y"]},"a":1}"#));
        assert_ne!(one, leaves(r#"{"a":1,"b":{"c":["y","x"]}}"#));
    }

    #[test]
    fn what_has_more_covers_what_has_less() {
        let sent = leaves(r#"{"a":1,"empty":{},"none":null}"#);
        let defaulted = leaves(r#"{"a":1,"empty":{"b":true}}"#);
        assert!(defaulted.covers(&sent), "adding is allowed");
        assert!(!sent.covers(&defaulted), "dropping is not");
        assert!(!leaves(r#"{"a":2}"#).covers(&sent), "changing is not");
    }

    #[test]
    fn a_secret_digest_is_another_one() {
        let raw: &RawValue = serde_json::from_str(r#"{"key":"dmFsdWU="}"#).expect("JSON");
        let plain = leaves_of(raw, Kind::Plain, &[]).expect("leaves");
        assert_ne!(plain, leaves_of(raw, Kind::Secret, &[]).expect("leaves"));
    }
}
