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
pub mod facts;
pub mod moves;
pub mod objects;
pub mod owned;
pub mod pause;
mod write;

pub use write::{Actor, Level, Verb, Write};

use jiff::Timestamp;
use serde::Serialize;
use std::fmt;
use std::io;

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

/// An act on the infrastructure.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum InfrastructureVerb {
    /// A machine or another resource was made.
    Create,
    /// It was removed.
    Delete,
    /// It began to run.
    Start,
    /// It was stopped, or ended.
    Stop,
    /// It was killed from outside.
    Kill,
}

/// Something done to the infrastructure, outside both clusters.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InfrastructureAction {
    /// When.
    pub at: Timestamp,
    /// What.
    pub action: InfrastructureVerb,
    /// What kind of resource: `machine`, `load-balancer`, ….
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its provider id, where one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// The workload cluster that it is a part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub belongs_to: Option<String>,
    /// The side whose controllers did it, where the record says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<Side>,
}

/// A connection that was opened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Connection {
    /// When.
    pub at: Timestamp,
    /// The side that dialled.
    pub from: Side,
    /// The side that was dialled.
    pub to: Side,
    /// The program that dialled, where known.
    pub program: String,
    /// Whether it was a controller's way to the workload API server, which the owner may go.
    pub workload: bool,
}

/// A fault that was injected, or its end.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Fault {
    /// When.
    pub at: Timestamp,
    /// What, in plain words.
    pub what: String,
}

/// One entry of a history.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    /// A write at an API server. Boxed, since it is much larger than the rest.
    Write(Box<Write>),
    /// An act on the infrastructure.
    Infrastructure(InfrastructureAction),
    /// A connection between the sides.
    Connection(Connection),
    /// A fault.
    Fault(Fault),
}

impl Entry {
    /// When it began.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Write(write) => write.received,
            Self::Infrastructure(action) => action.at,
            Self::Connection(connection) => connection.at,
            Self::Fault(fault) => fault.at,
        }
    }
}

/// Where an entry stands in a history.
type Place<'e> = (Timestamp, Timestamp, Option<Side>, Option<u64>, Option<&'e Key>, &'e str);

impl Entry {
    fn place(&self) -> Place<'_> {
        let at = self.at();
        match self {
            Self::Write(write) => (
                at,
                write.completed,
                Some(write.side),
                write.resource_version,
                Some(&write.object),
                write.subresource.as_str(),
            ),
            Self::Infrastructure(action) => (at, at, None, None, None, action.name.as_str()),
            Self::Connection(one) => (at, at, Some(one.from), None, None, one.program.as_str()),
            Self::Fault(fault) => (at, at, None, None, None, fault.what.as_str()),
        }
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
}

impl History {
    /// A history of these entries; `notes` say what the records could not tell.
    ///
    /// Entries are ordered by the time at which they began, then by what they are, so that the same
    /// entries in any order give the same history.
    #[must_use]
    pub fn new(mut entries: Vec<Entry>, records: Records, notes: Vec<String>) -> Self {
        entries.sort_by(|one, other| one.place().cmp(&other.place()));
        Self { entries, records, notes }
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
        let mut writes = self.writes().filter(|write| write.side == side);
        let first = writes.next()?;
        let end = writes.map(|write| write.completed).max();
        Some((first.received, end.unwrap_or(first.completed).max(first.completed)))
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

/// An entry as it is written out.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'h> {
    #[serde(flatten)]
    entry: &'h Entry,
    #[serde(skip_serializing_if = "Option::is_none")]
    effectively_paused: Option<bool>,
}
