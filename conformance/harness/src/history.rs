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

use facts::Facts;
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
        let inventory = self.group.starts_with("clusterctl.") || self.group.starts_with("operator.");
        self.group.ends_with("cluster.x-k8s.io") && !inventory
    }

    /// Whether this is a Secret.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.group.is_empty() && self.resource == "secrets"
    }

    /// Whether this is a Secret or a ConfigMap. These move along; the rest of the core group does not.
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

/// Who made a request.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize)]
pub struct Actor {
    /// The authenticated user name.
    pub user: String,
    /// The user agent as sent: it names the program, not the cluster that it runs in.
    pub agent: String,
    /// The user that was impersonated, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impersonated: Option<String>,
}

impl Actor {
    /// The program: the user agent up to its version.
    #[must_use]
    pub fn program(&self) -> &str {
        self.agent.split(['/', ' ']).next().unwrap_or_default()
    }

    /// Namespace and name of the service account, when the user is one.
    #[must_use]
    pub fn service_account(&self) -> Option<(&str, &str)> {
        self.user.strip_prefix("system:serviceaccount:")?.split_once(':')
    }

    /// Whether this is a part of Kubernetes itself: garbage collector, namespace controller,
    /// API server, kubelet.
    #[must_use]
    pub fn is_kubernetes(&self) -> bool {
        match self.service_account() {
            Some((namespace, _)) => namespace == "kube-system",
            None => self.user.starts_with("system:"),
        }
    }

    /// Whether this looks like a controller of somebody's: a service account outside of
    /// `kube-system`, or a program that calls itself a manager or controller.
    #[must_use]
    pub fn is_controller(&self) -> bool {
        let program = self.program();
        let names_itself = program == "manager" || program.contains("controller");
        !self.is_kubernetes() && (self.service_account().is_some() || names_itself)
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.service_account(), self.program()) {
            (Some((_, name)), _) => f.write_str(name),
            (None, "") => f.write_str(&self.user),
            (None, program) => write!(f, "{program} ({})", self.user),
        }
    }
}

/// What a request did.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// POST of a new object.
    Create,
    /// PUT of a whole object.
    Update,
    /// A merge, strategic merge or JSON patch.
    Patch,
    /// A server-side apply; it creates what is not there (code 201).
    Apply,
    /// DELETE of one object; with finalizers it only marks it.
    Delete,
    /// DELETE of a collection.
    DeleteCollection,
}

/// How much of a request its audit event tells.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
pub enum Level {
    /// No bodies.
    Metadata,
    /// The body of the request.
    Request,
    /// The bodies of request and response.
    RequestResponse,
}

/// A write at an API server. Its effect lies somewhere between `received` and `completed`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Write {
    /// Where.
    pub side: Side,
    /// When the API server received the request.
    pub received: Timestamp,
    /// When it had answered.
    pub completed: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What.
    pub verb: Verb,
    /// To which object; of a collection the name is empty.
    pub object: Key,
    /// Its kind, where a body tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The API version that was asked for.
    pub version: String,
    /// The subresource, such as `status`, or empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subresource: String,
    /// The UID that the *caller* named: on a create, whatever stood in the body that was sent, so
    /// that a mover which sends the source's UID along leaves the source's UID here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub named_uid: Option<String>,
    /// The UID that the *server* gave, from its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// The resourceVersion of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_version: Option<u64>,
    /// The HTTP status of the answer.
    pub code: u16,
    /// A dry run changes nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// How much the log tells of it.
    pub level: Level,
    /// What its bodies tell of the object after it.
    pub told: Facts,
}

impl Write {
    /// Whether it changed the store: it did not fail and was no dry run.
    #[must_use]
    pub fn took_effect(&self) -> bool {
        self.code < 400 && !self.dry_run
    }

    /// Whether it brought the object into being, by POST or by an apply of a missing name.
    #[must_use]
    pub fn creates(&self) -> bool {
        let made = self.verb == Verb::Create || (self.verb == Verb::Apply && self.code == 201);
        made && self.subresource.is_empty() && self.took_effect()
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
    /// Entries are ordered by the time at which they began; those of one instant stay in the order
    /// given.
    #[must_use]
    pub fn new(mut entries: Vec<Entry>, records: Records, notes: Vec<String>) -> Self {
        entries.sort_by_key(Entry::at);
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
