//! Batches: the manifests of a move, cut by bytes (rule T8).
//!
//! The order of the manifests is the import order and stays; a batch may begin or end in the
//! middle of a level.

use thiserror::Error;

use crate::object::{Object, ObjectKey};

/// An object as it is sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Its key.
    pub key: ObjectKey,
    /// Its JSON.
    pub json: Vec<u8>,
}

impl Manifest {
    /// The JSON of an object, keys sorted.
    #[must_use]
    pub fn of(object: &Object) -> Self {
        Self {
            key: object.key().clone(),
            json: serde_json::to_vec(object.value()).expect("a JSON value has string keys"),
        }
    }
}

/// Never shows the JSON, which may be a Secret's.
impl std::fmt::Debug for Manifest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Manifest({}, {} bytes)", self.key, self.json.len())
    }
}

/// One of the batches of a move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Which one it is, from 0.
    pub index: usize,
    /// How many there are.
    pub total: usize,
    /// Its manifests, in import order.
    pub manifests: Vec<Manifest>,
}

impl Batch {
    /// The bytes of its manifests.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.manifests.iter().map(|manifest| manifest.json.len()).sum()
    }
}

/// An object that fits into no batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oversized {
    /// The object.
    pub object: ObjectKey,
    /// The bytes of its manifest.
    pub bytes: usize,
}

/// Why the manifests cannot be cut into batches.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("larger than the {limit} bytes of a batch: {}", listed(.oversized))]
pub struct BatchError {
    /// The bytes that a batch may have.
    pub limit: usize,
    /// Every object that is larger.
    pub oversized: Vec<Oversized>,
}

fn listed(oversized: &[Oversized]) -> String {
    let one = |object: &Oversized| format!("{} ({} bytes)", object.object, object.bytes);
    oversized.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Cuts `manifests` into as few batches of at most `limit` bytes as their order allows.
///
/// # Errors
/// [`BatchError`] that names every object larger than `limit`.
pub fn cut(manifests: Vec<Manifest>, limit: usize) -> Result<Vec<Batch>, BatchError> {
    let large = manifests.iter().filter(|manifest| manifest.json.len() > limit);
    let oversized: Vec<Oversized> = large
        .map(|manifest| Oversized { object: manifest.key.clone(), bytes: manifest.json.len() })
        .collect();
    if !oversized.is_empty() {
        return Err(BatchError { limit, oversized });
    }
    let mut cut: Vec<Vec<Manifest>> = Vec::new();
    let mut room = 0;
    for manifest in manifests {
        let bytes = manifest.json.len();
        match cut.last_mut() {
            Some(last) if bytes <= room => last.push(manifest),
            _ => {
                cut.push(vec![manifest]);
                room = limit;
            }
        }
        room -= bytes;
    }
    let total = cut.len();
    let batch = |(index, manifests)| Batch { index, total, manifests };
    Ok(cut.into_iter().enumerate().map(batch).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::fixture::object;

    fn manifests(sizes: &[usize]) -> Vec<Manifest> {
        let manifest = |(position, &bytes): (usize, &usize)| Manifest {
            key: object("Machine", &format!("m{position}"), &[]).key().clone(),
            json: vec![b' '; bytes],
        };
        sizes.iter().enumerate().map(manifest).collect()
    }

    fn sizes(limit: usize, sizes: &[usize]) -> Vec<usize> {
        let batches = cut(manifests(sizes), limit).expect("batches");
        assert!(batches.iter().enumerate().all(|(at, batch)| batch.index == at));
        assert!(batches.iter().all(|batch| batch.total == batches.len()));
        batches.iter().map(Batch::bytes).collect()
    }

    #[test]
    fn batches_are_filled_in_order() {
        assert_eq!(sizes(10, &[4, 6, 1, 9, 10]), [10, 10, 10]);
        assert_eq!(sizes(10, &[6, 6, 4]), [6, 10]);
        assert_eq!(sizes(10, &[]), [0; 0]);
    }

    #[test]
    fn the_order_stays() {
        let all = manifests(&[3, 3, 3, 3, 3]);
        let batches = cut(all.clone(), 7).expect("batches");
        let again: Vec<Manifest> = batches.into_iter().flat_map(|batch| batch.manifests).collect();
        assert_eq!(again, all);
    }

    #[test]
    fn every_object_that_is_too_large_is_named() {
        let error = cut(manifests(&[11, 2, 12]), 10).expect_err("two do not fit").to_string();
        assert_eq!(
            error,
            "larger than the 10 bytes of a batch: Machine.cluster.x-k8s.io default/m0 (11 bytes), \
             Machine.cluster.x-k8s.io default/m2 (12 bytes)",
        );
    }
}
