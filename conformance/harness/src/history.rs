//! What happened: every write at both API servers, every act on the infrastructure, every
//! connection and every fault, in one order.
//!
//! A history keeps *facts* about the objects that were written, never their bodies: whether a
//! Cluster is paused, who owns an object, which finalizers stand, and digests of the rest. Values
//! of Secrets and bootstrap tokens do not enter; a digest does. A fact that a log does not tell is
//! `None`, which means *unknown* and never *absent*.
//!
//! [`objects::Objects`] rebuilds from it what existed and who paused it, [`moves::recognise`] finds
//! the hand-overs in it, and [`build::Story`] writes one by hand.

pub mod build;
pub mod change;
mod entry;
pub mod facts;
pub(crate) mod lost;
pub mod moves;
pub mod objects;
mod order;
pub mod owned;
pub mod pause;
mod reconcilers;
pub mod selector;
pub(crate) mod way_back;
mod write;

pub use entry::{Connection, Entry, Fault, InfrastructureAction, InfrastructureVerb};
pub use write::{Actor, Level, Verb, Write};

use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::time::Duration;

/// One of the two API servers between which a cluster is handed over.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The one that gives the cluster away.
    Source,
    /// The one that takes it.
    Target,
}

impl Side {
    /// Both, in order.
    pub const BOTH: [Self; 2] = [Self::Source, Self::Target];

    /// The other side.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Source => Self::Target,
            Self::Target => Self::Source,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Source => "source",
            Self::Target => "target",
        })
    }
}

/// Names an object at an API server. The version is left out: an object has one identity in all.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize)]
pub struct Key {
    /// API group, empty for the core group.
    pub group: String,
    /// Plural resource name, such as `machines`.
    pub resource: String,
    /// Namespace, empty for cluster-scoped objects.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl Key {
    /// The key of the Cluster `name` of Cluster API.
    #[must_use]
    pub fn cluster(namespace: &str, name: &str) -> Self {
        Self {
            group: "cluster.x-k8s.io".into(),
            resource: "clusters".into(),
            namespace: namespace.into(),
            name: name.into(),
        }
    }

    /// Whether this is a Cluster of Cluster API.
    #[must_use]
    pub fn is_cluster(&self) -> bool {
        self.group == "cluster.x-k8s.io" && self.resource == "clusters"
    }

    /// Whether its group is one of Cluster API or its providers. The inventory of `clusterctl`
    /// describes the management cluster itself and does not count.
    #[must_use]
    pub fn is_cluster_api(&self) -> bool {
        let inventory =
            self.group.starts_with("clusterctl.") || self.group.starts_with("operator.");
        self.group.ends_with("cluster.x-k8s.io") && !inventory
    }

    /// Whether this is a Secret.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.group.is_empty() && self.resource == "secrets"
    }

    /// Whether this is a Secret or a ConfigMap: these move along, the rest of the core group does
    /// not.
    #[must_use]
    pub fn is_data(&self) -> bool {
        self.is_secret() || (self.group.is_empty() && self.resource == "configmaps")
    }

    /// `namespace/name`, or the name alone.
    #[must_use]
    pub fn path(&self) -> String {
        if self.namespace.is_empty() {
            return self.name.clone();
        }
        format!("{}/{}", self.namespace, self.name)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.resource, self.path())
    }
}

/// What is on record, and so what can be asked of it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Records {
    /// Whether there is a log of the source.
    pub source: bool,
    /// Whether there is a log of the target.
    pub target: bool,
    /// Whether there is a record of the infrastructure.
    pub infrastructure: bool,
    /// Whether there is a record of connections.
    pub connections: bool,
}

/// Everything that is known to have happened, in order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct History {
    entries: Vec<Entry>,
    records: Records,
    notes: Vec<String>,
    spans: BTreeMap<Side, (Timestamp, Timestamp)>,
    clock_error: Duration,
    selectors_reach: bool,
}

impl History {
    /// A history of these entries; `notes` say what the records could not tell. All times are of
    /// one clock, unless [`Self::within`] says otherwise.
    ///
    /// Entries are ordered by the time at which they began, then by what they are, so that the same
    /// entries in any order give the same history.
    #[must_use]
    pub fn new(mut entries: Vec<Entry>, records: Records, notes: Vec<String>) -> Self {
        entries.sort_by(|one, other| one.place().cmp(&other.place()));
        reconcilers::mark(&mut entries);
        let spans = spans(&entries);
        Self { entries, records, notes, spans, ..Self::default() }
    }

    /// The same, of machines whose clocks may be so far from each other.
    #[must_use]
    pub fn within(mut self, clock_error: Duration) -> Self {
        self.clock_error = clock_error;
        self
    }

    /// How far the clocks of the two sides and of the infrastructure may be from each other.
    #[must_use]
    pub fn clock_error(&self) -> Duration {
        self.clock_error
    }

    /// The same records with these entries.
    pub(crate) fn with_entries(&self, entries: Vec<Entry>) -> Self {
        Self {
            clock_error: self.clock_error,
            selectors_reach: self.selectors_reach,
            ..Self::new(entries, self.records.clone(), self.notes.clone())
        }
    }

    /// The same with every entry changed.
    pub(crate) fn changed(&self, change: impl Fn(&mut Entry)) -> Self {
        let mut entries = self.entries.clone();
        entries.iter_mut().for_each(change);
        self.with_entries(entries)
    }

    /// The same, where the deletion of a collection takes every object of which it is not known
    /// whether the selector does. Without this it takes none of them.
    pub(crate) fn with_selectors_that_reach(&self) -> Self {
        Self { selectors_reach: true, ..self.clone() }
    }

    pub(crate) fn selectors_reach(&self) -> bool {
        self.selectors_reach
    }

    /// All entries, in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What is on record.
    #[must_use]
    pub fn records(&self) -> &Records {
        &self.records
    }

    /// What the records could not tell.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Whether there is a log of this side.
    #[must_use]
    pub fn has(&self, side: Side) -> bool {
        match side {
            Side::Source => self.records.source,
            Side::Target => self.records.target,
        }
    }

    /// The writes, those that changed nothing included.
    pub fn writes(&self) -> impl Iterator<Item = &Write> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Write(write) => Some(write.as_ref()),
            _ => None,
        })
    }

    /// The acts on the infrastructure.
    pub fn infrastructure(&self) -> impl Iterator<Item = &InfrastructureAction> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Infrastructure(action) => Some(action),
            _ => None,
        })
    }

    /// The connections.
    pub fn connections(&self) -> impl Iterator<Item = &Connection> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Connection(connection) => Some(connection),
            _ => None,
        })
    }

    /// When the log of a side begins and ends, by the writes in it.
    #[must_use]
    pub fn span(&self, side: Side) -> Option<(Timestamp, Timestamp)> {
        self.spans.get(&side).copied()
    }

    /// Writes the history as JSON lines, one an entry. The same history gives the same bytes.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn write_jsonl(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let objects = objects::Objects::of(self);
        let mut pauses = pause::Effective::new(&objects);
        for entry in &self.entries {
            let pause = match entry {
                Entry::Write(write) => pauses.after(write),
                _ => None,
            };
            serde_json::to_writer(&mut *out, &Row { entry, effectively_paused: pause })?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }
}

/// From the first write of each side to the end of its last.
fn spans(entries: &[Entry]) -> BTreeMap<Side, (Timestamp, Timestamp)> {
    let mut spans = BTreeMap::new();
    for entry in entries {
        if let Entry::Write(write) = entry {
            let span = spans.entry(write.side).or_insert((write.received, write.completed));
            span.1 = write.completed.max(span.1);
        }
    }
    spans
}

/// An entry as it is written out.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'h> {
    #[serde(flatten)]
    entry: &'h Entry,
    #[serde(skip_serializing_if = "Option::is_none")]
    effectively_paused: Option<bool>,
}
