//! One API server: the Cluster, its Machines, the record, and the admission fence.

use std::sync::{Arc, LazyLock};

use fulcrum_model::digest::Digest;
use fulcrum_model::protocol::{
    Entry, Fence, Move, Name, Reading, Stored, Uid, Version, record::Record,
};

/// How many machines a world can name.
pub const SLOTS: usize = 6;

/// The index of the Cluster among the objects; a machine has its slot.
pub const CLUSTER: usize = SLOTS;

/// The names of the objects, by index.
static NAMES: LazyLock<Vec<Name>> = LazyLock::new(|| {
    (0..SLOTS)
        .map(|slot| format!("machine {slot}"))
        .chain(["the Cluster".to_owned()])
        .map(|name| Name(Arc::from(name)))
        .collect()
});

/// The name of an object.
#[must_use]
pub fn name(object: usize) -> Name {
    NAMES[object].clone()
}

/// The index of an object.
#[must_use]
pub fn object(name: &Name) -> usize {
    NAMES.iter().position(|known| known == name).expect("names come from this list")
}

/// What of an object counts: of the Cluster its replicas and whether a user paused it; a machine is
/// told by its name alone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Content {
    /// Desired machines (of the Cluster).
    pub replicas: u8,
    /// Somebody other than the mover paused it (of the Cluster).
    pub user_paused: bool,
}

impl Content {
    /// The content of every machine.
    pub const MACHINE: Self = Self { replicas: 0, user_paused: false };

    /// The digest that stands for it.
    #[must_use]
    pub fn digest(self) -> Digest {
        let mut bytes = [0; 32];
        bytes[0] = self.replicas;
        bytes[1] = u8::from(self.user_paused);
        Digest::from_bytes(bytes)
    }

    /// The content that a digest stands for.
    #[must_use]
    pub fn of(digest: Digest) -> Self {
        let bytes = digest.as_bytes();
        Self { replicas: bytes[0], user_paused: bytes[1] != 0 }
    }
}

/// An object of the store.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Object {
    /// Its uid in this store.
    pub uid: u8,
    /// Raised by every write to it, status apart.
    pub version: u8,
    /// What counts of it.
    pub content: Content,
    /// The mover pauses it (of the Cluster).
    pub mover_paused: bool,
    /// Has a deletionTimestamp.
    pub deleting: bool,
    /// The `Paused` condition.
    pub seen_paused: bool,
    /// Of a copy: what the mover wrote last.
    pub applied: Option<Content>,
}

impl Object {
    /// Whether somebody pauses it.
    #[must_use]
    pub fn paused(&self) -> bool {
        self.mover_paused || self.content.user_paused
    }
}

/// One API server.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Store {
    /// The record of this side.
    pub record: Option<Stored>,
    /// The Cluster.
    pub cluster: Option<Object>,
    /// The Machines.
    pub machines: [Option<Object>; SLOTS],
    /// The admission fence.
    pub fence: Fence,
    /// Raised by every write to the fence.
    pub fence_version: u8,
    /// The next uid.
    pub next_uid: u8,
}

impl Store {
    /// An object.
    #[must_use]
    pub fn get(&self, object: usize) -> Option<&Object> {
        if object == CLUSTER { self.cluster.as_ref() } else { self.machines[object].as_ref() }
    }

    pub(crate) fn slot(&mut self, object: usize) -> &mut Option<Object> {
        if object == CLUSTER { &mut self.cluster } else { &mut self.machines[object] }
    }

    /// Creates an object.
    pub(crate) fn create(&mut self, object: usize, content: Content, copy: bool) {
        let uid = self.next_uid;
        self.next_uid += 1;
        *self.slot(object) = Some(Object {
            uid,
            version: 0,
            content,
            mover_paused: copy && object == CLUSTER,
            deleting: false,
            seen_paused: false,
            applied: copy.then_some(content),
        });
    }

    /// Whether an object that is there is unpaused: its Cluster is, or is gone.
    #[must_use]
    pub fn unpaused(&self, object: usize) -> bool {
        self.get(object).is_some() && self.cluster.as_ref().is_none_or(|cluster| !cluster.paused())
    }

    /// All objects in import order: the Cluster, then its Machines.
    pub(crate) fn objects(&self) -> impl DoubleEndedIterator<Item = (usize, &Object)> {
        let cluster = self.cluster.as_ref().map(|cluster| (CLUSTER, cluster));
        let machines = self.machines.iter().enumerate();
        cluster.into_iter().chain(machines.filter_map(|(slot, it)| Some((slot, it.as_ref()?))))
    }

    /// What a mover reads.
    #[must_use]
    pub fn read(&self, drop_deleting: bool) -> Reading {
        let entries: Vec<_> = self
            .objects()
            .filter(|(_, it)| !(drop_deleting && it.deleting))
            .map(|(object, it)| Entry {
                name: name(object),
                uid: Uid(it.uid.into()),
                version: Version(it.version.into()),
                digest: it.content.digest(),
                applied: it.applied.map(Content::digest),
                deleting: it.deleting,
            })
            .collect();
        let digest = set_digest(&entries);
        Reading::new(entries, digest)
    }

    /// The attempt that is being staged here, which alone may create copies (Q5).
    pub(crate) fn staging(&self) -> Option<Move> {
        let record: &Record = &self.record.as_ref()?.record;
        record.phase.is_of_target().then_some(record.last).flatten()
    }
}

/// The digest of a set: all of it, since a world is small.
fn set_digest(entries: &[Entry]) -> Digest {
    let mut bytes = [0; 32];
    for entry in entries {
        let at = 3 * object(&entry.name);
        let content = Content::of(entry.digest);
        bytes[at] = 1;
        bytes[at + 1] = content.replicas;
        bytes[at + 2] = u8::from(content.user_paused);
    }
    Digest::from_bytes(bytes)
}
