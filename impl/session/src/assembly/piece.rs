//! What one message brings: objects, or the names of those that are gone.

use std::sync::Arc;

use fulcrum_model::object::Object;
use fulcrum_model::protocol::{Entry, Name, Version};
use fulcrum_mover::{SentObject, ids};
use fulcrum_proto::v1;

use crate::error::{SessionError, malformed};
use crate::moves::Part;
use crate::{fields, names};

/// An object as it came.
pub(super) struct Arrived {
    pub(super) entry: Entry,
    pub(super) object: SentObject,
    pub(super) owners: Vec<Name>,
    pub(super) bytes: u64,
    /// It is no part of the set.
    pub(super) library: bool,
}

/// What one message brought.
pub(super) enum Piece {
    Copies(Vec<Arc<Arrived>>),
    Removals(Vec<(Name, v1::ObjectRemoval)>),
}

impl Piece {
    /// Reads the objects of a message.
    pub(super) fn read(part: Part) -> Result<Self, SessionError> {
        match part {
            Part::Copies(copies) => {
                let arrived = |copy| arrived(copy).map(Arc::new);
                copies.into_iter().map(arrived).collect::<Result<_, _>>().map(Piece::Copies)
            }
            Part::Removals(removals) => {
                let named = |removal: v1::ObjectRemoval| {
                    let key = names::from_wire("ObjectRemoval", "key", removal.key.as_ref())?;
                    Ok((ids::name_of(&key), removal))
                };
                removals.into_iter().map(named).collect::<Result<_, _>>().map(Piece::Removals)
            }
        }
    }

    pub(super) fn copies(&self) -> &[Arc<Arrived>] {
        match self {
            Self::Copies(copies) => copies,
            Self::Removals(_) => &[],
        }
    }

    pub(super) fn removals(&self) -> &[(Name, v1::ObjectRemoval)] {
        match self {
            Self::Copies(_) => &[],
            Self::Removals(removals) => removals,
        }
    }

    pub(super) fn same(&self, other: &Self) -> bool {
        let entries = |piece: &Self| -> Vec<_> {
            piece.copies().iter().map(|arrived| arrived.entry.clone()).collect()
        };
        entries(self) == entries(other) && self.removals() == other.removals()
    }

    pub(super) fn results(&self) -> Vec<v1::ObjectResult> {
        let result = |key, source_uid: &str, outcome: v1::ObjectOutcome| v1::ObjectResult {
            key,
            source_uid: source_uid.to_owned(),
            outcome: outcome.into(),
            ..v1::ObjectResult::default()
        };
        let copies = self.copies().iter().map(|arrived| {
            let key = Some(names::to_wire(&arrived.object.key));
            result(key, &arrived.object.source_uid, v1::ObjectOutcome::Unchanged)
        });
        let removals = self.removals().iter().map(|(_, removal)| {
            result(removal.key.clone(), &removal.source_uid, v1::ObjectOutcome::Removed)
        });
        copies.chain(removals).collect()
    }
}

fn arrived(copy: v1::ObjectCopy) -> Result<Arrived, SessionError> {
    const MESSAGE: &str = "ObjectCopy";
    let key = names::from_wire(MESSAGE, "key", copy.key.as_ref())?;
    let uid = ids::uid_of(&copy.source_uid)
        .ok_or_else(|| malformed(MESSAGE, "source_uid", format!("that of {key} is no UUID")))?;
    let owner = |owner: &v1::OwnerReference| {
        names::from_wire("OwnerReference", "owner", owner.owner.as_ref())
            .map(|key| ids::name_of(&key))
    };
    let fault = |text: &str| malformed(MESSAGE, "manifest", format!("that of {key} {text}"));
    // A parser may quote what it read: its own words are left out.
    let value = serde_json::from_slice(&copy.manifest).map_err(|_| fault("is no JSON"))?;
    let object = Object::from_value(value).map_err(|_| fault("is no object"))?;
    if *object.key() != key {
        return Err(fault("is another object"));
    }
    Ok(Arrived {
        entry: Entry {
            name: ids::name_of(&key),
            uid,
            // Versions count on the source only.
            version: Version(0),
            digest: fields::digest(MESSAGE, "digest", &copy.digest)?,
            applied: None,
            deleting: copy.deleting,
        },
        owners: copy.owners.iter().map(owner).collect::<Result<_, _>>()?,
        bytes: u64::try_from(copy.manifest.len()).unwrap_or(u64::MAX),
        library: copy.library,
        object: SentObject { key, source_uid: copy.source_uid, manifest: object.value().clone() },
    })
}
