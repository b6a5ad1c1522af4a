//! A set of objects becomes batches and deletions (rules H5, T8).
//!
//! The first round of a move in a session is the whole set. A later one has what changed since the
//! round before, and what is gone. A round that is sent again is the same, with the same numbers.
//! Library objects stand before the set and count as nothing of it (D4).

use std::collections::{BTreeMap, BTreeSet};

use fulcrum_model::batch::{BatchError, Oversized};
use fulcrum_model::digest::Digest;
use fulcrum_model::object::ObjectKey;
use fulcrum_model::protocol::{Move, Name, Reading, Round};
use fulcrum_mover::SentObject;
use fulcrum_proto::v1::{self, move_message::Body};
use serde_json::Value;

use crate::error::SessionError;
use crate::{fields, moves, names};

/// What an envelope and a position add to the objects of a batch, generously.
const ENVELOPE: usize = 1024;

/// What the list of a batch adds to each object: a tag and a length.
const ITEM: usize = 6;

/// What was sent in this session.
#[derive(Default)]
pub(crate) struct Outgoing {
    mv: Option<Move>,
    /// The number of the next batch.
    next: u64,
    /// What the other side holds when it has taken every batch.
    sent: Held,
    /// The round that was sent last.
    last: Option<SentRound>,
}

/// The objects of a set, as they were sent.
#[derive(Default)]
struct Held {
    /// Owners first.
    order: Vec<Name>,
    objects: BTreeMap<Name, Sent>,
}

/// One object, as it was sent.
#[derive(Clone, PartialEq, Eq)]
struct Sent {
    key: ObjectKey,
    source_uid: String,
    digest: Digest,
    deleting: bool,
    library: bool,
}

/// One object, to be sent.
struct Item<'a> {
    name: &'a Name,
    object: &'a SentObject,
    digest: Digest,
    deleting: bool,
    library: bool,
}

/// A round, so that it can be sent again.
struct SentRound {
    round: Round,
    first: u64,
    before: Held,
}

/// The content of one message.
enum Part {
    Batch(Vec<v1::ObjectCopy>),
    Delete(Vec<v1::ObjectRemoval>),
}

impl Outgoing {
    /// Forgets everything: the other side wants the first batch.
    pub(crate) fn begin_again(&mut self) {
        *self = Self::default();
    }

    /// The messages of a round. `limit` is the most bytes that one may have.
    pub(crate) fn stage(
        &mut self,
        mv: Move,
        round: Round,
        set: &Reading,
        manifests: &BTreeMap<Name, SentObject>,
        limit: usize,
    ) -> Result<Vec<v1::MoveMessage>, SessionError> {
        if self.mv != Some(mv) {
            *self = Self { mv: Some(mv), next: 1, ..Self::default() };
        }
        let items = items(set, manifests)?;
        let now = held(&items);
        let (first, before) = match self.last.take() {
            Some(last) if last.round == round && self.sent.objects == now.objects => {
                (last.first, last.before)
            }
            _ => (self.next, std::mem::take(&mut self.sent)),
        };
        let parts = parts(&items, &before, &now, limit.saturating_sub(ENVELOPE));
        let parts = match parts {
            Ok(parts) => parts,
            Err(error) => {
                self.begin_again();
                return Err(error);
            }
        };
        let total = parts.len();
        self.next = first + u64::try_from(total).unwrap_or(u64::MAX);
        self.sent = now;
        self.last = Some(SentRound { round, first, before });
        let message = |(index, part)| {
            let position = v1::Position {
                number: first + u64::try_from(index).unwrap_or(u64::MAX),
                round: fields::round(round).into(),
                index: fields::count(index),
                total: fields::count(total),
            };
            moves::envelope(&mv, round == Round::Last, part_body(part, position))
        };
        Ok(parts.into_iter().enumerate().map(message).collect())
    }
}

fn part_body(part: Part, position: v1::Position) -> Body {
    match part {
        Part::Batch(objects) => {
            Body::Batch(v1::MoveObjectBatch { position: Some(position), objects })
        }
        Part::Delete(objects) => {
            Body::Delete(v1::ObjectDelete { position: Some(position), objects })
        }
    }
}

/// Library objects, then the set, owners first.
fn items<'a>(
    set: &'a Reading,
    manifests: &'a BTreeMap<Name, SentObject>,
) -> Result<Vec<Item<'a>>, SessionError> {
    let moving: BTreeSet<&Name> = set.entries().iter().map(|entry| &entry.name).collect();
    let library = manifests.iter().filter(|(name, _)| !moving.contains(name));
    let mut items: Vec<Item<'_>> = library
        .map(|(name, object)| Item {
            name,
            object,
            digest: Digest::of(&object.manifest),
            deleting: false,
            library: true,
        })
        .collect();
    for entry in set.entries() {
        let missing = || SessionError::NoManifest { object: entry.name.0.to_string() };
        items.push(Item {
            name: &entry.name,
            object: manifests.get(&entry.name).ok_or_else(missing)?,
            digest: entry.digest,
            deleting: entry.deleting,
            library: false,
        });
    }
    Ok(items)
}

fn held(items: &[Item<'_>]) -> Held {
    let sent = |item: &Item<'_>| Sent {
        key: item.object.key.clone(),
        source_uid: item.object.source_uid.clone(),
        digest: item.digest,
        deleting: item.deleting,
        library: item.library,
    };
    Held {
        order: items.iter().map(|item| item.name.clone()).collect(),
        objects: items.iter().map(|item| (item.name.clone(), sent(item))).collect(),
    }
}

/// What changed, in import order, then what is gone, in reverse order.
fn parts(
    items: &[Item<'_>],
    before: &Held,
    now: &Held,
    limit: usize,
) -> Result<Vec<Part>, SessionError> {
    let keys: BTreeMap<&str, &ObjectKey> = items
        .iter()
        .filter(|item| !item.library)
        .map(|item| (item.object.source_uid.as_str(), &item.object.key))
        .collect();
    let changed =
        items.iter().filter(|item| before.objects.get(item.name) != now.objects.get(item.name));
    let copies = changed.map(|item| copy(item, &keys)).collect::<Result<Vec<_>, _>>()?;
    let gone = before.order.iter().rev().filter(|name| !now.objects.contains_key(name));
    let gone = gone.filter_map(|name| before.objects.get(name));
    let removals = gone.map(|sent| v1::ObjectRemoval {
        key: Some(names::to_wire(&sent.key)),
        source_uid: sent.source_uid.clone(),
    });
    let mut parts: Vec<Part> =
        cut(copies, |copy| copy.key.as_ref(), limit)?.into_iter().map(Part::Batch).collect();
    let removals = cut(removals.collect(), |removal| removal.key.as_ref(), limit)?;
    parts.extend(removals.into_iter().map(Part::Delete));
    if parts.is_empty() {
        parts.push(Part::Batch(Vec::new()));
    }
    Ok(parts)
}

/// Cuts `items` into as few lists of at most `limit` encoded bytes as their order allows.
fn cut<T: prost::Message>(
    items: Vec<T>,
    key: fn(&T) -> Option<&v1::ObjectKey>,
    limit: usize,
) -> Result<Vec<Vec<T>>, SessionError> {
    let mut lists: Vec<Vec<T>> = Vec::new();
    let mut oversized = Vec::new();
    let mut room = 0;
    for item in items {
        let bytes = item.encoded_len() + ITEM;
        if bytes > limit {
            let object = names::from_wire("ObjectCopy", "key", key(&item))?;
            oversized.push(Oversized { object, bytes });
            continue;
        }
        match lists.last_mut() {
            Some(last) if bytes <= room => last.push(item),
            _ => {
                lists.push(vec![item]);
                room = limit;
            }
        }
        room -= bytes;
    }
    if oversized.is_empty() {
        Ok(lists)
    } else {
        Err(SessionError::Cut { source: BatchError { limit, oversized } })
    }
}

fn copy(
    item: &Item<'_>,
    keys: &BTreeMap<&str, &ObjectKey>,
) -> Result<v1::ObjectCopy, SessionError> {
    let object = item.object;
    let manifest = serde_json::to_vec(&object.manifest)
        .map_err(|_| SessionError::WriteManifest { object: object.key.to_string() })?;
    Ok(v1::ObjectCopy {
        key: Some(names::to_wire(&object.key)),
        source_uid: object.source_uid.clone(),
        library: item.library,
        foreign_pause: is_paused(&object.key, &object.manifest),
        deleting: item.deleting,
        digest: fields::digest_bytes(item.digest),
        owners: owners(&object.manifest, keys),
        manifest,
    })
}

/// Whether a pause stands in a manifest: it has none of the mover's.
fn is_paused(key: &ObjectKey, manifest: &Value) -> bool {
    let annotated = manifest.pointer("/metadata/annotations/cluster.x-k8s.io~1paused").is_some();
    let paused = manifest.pointer("/spec/paused").and_then(Value::as_bool).unwrap_or(false);
    annotated || key.is_cluster() && paused
}

/// The owners that move, by the UIDs of the source.
fn owners(manifest: &Value, keys: &BTreeMap<&str, &ObjectKey>) -> Vec<v1::OwnerReference> {
    let references = manifest.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    let owner = |reference: &Value| {
        let uid = reference.get("uid")?.as_str()?;
        let flag = |name| reference.get(name).and_then(Value::as_bool);
        Some(v1::OwnerReference {
            owner: Some(names::to_wire(keys.get(uid)?)),
            source_uid: uid.to_owned(),
            controller: flag("controller").unwrap_or(false),
            block_owner_deletion: flag("blockOwnerDeletion"),
        })
    };
    references.into_iter().flatten().filter_map(owner).collect()
}
