//! Writes histories by hand, for the tests of checkers and for cases.
//!
//! A [`Story`] is told in milliseconds and in objects such as `Machine m1`, all of the namespace
//! `default` and of the Cluster `c1`. [`pivot`] is a hand-over in which every rule is kept; a test
//! adds to it, or takes away from it, what it is about.

use super::facts::{Area, Conditions, Facts, Leaves, Owner};
use super::{
    Actor, Connection, Entry, History, InfrastructureAction, InfrastructureVerb, Key, Level,
    Records, Side, Verb, Write,
};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600_000;

/// No story begins before this millisecond.
const EARLIEST: i64 = -1_000_000_000;

/// How long every write takes, in milliseconds.
const WRITE: i64 = 10;

/// The mover of a story, as a user.
pub const MOVER: &str = "mover";
/// The Cluster API controllers of either side, as a user.
pub const CONTROLLER: &str = "system:serviceaccount:capi-system:capi-manager";
/// The garbage collector of either side, as a user.
pub const COLLECTOR: &str = "system:serviceaccount:kube-system:generic-garbage-collector";

/// The objects of [`pivot`] with their owners, in the order in which they are created.
pub static OBJECTS: [(&str, &[&str]); 8] = [
    ("Cluster c1", &[]),
    ("DockerCluster c1", &["Cluster c1"]),
    ("MachineDeployment md", &["Cluster c1"]),
    ("MachineSet ms", &["MachineDeployment md"]),
    ("Machine m1", &["MachineSet ms"]),
    ("DockerMachine m1", &["Machine m1"]),
    ("Secret c1-ca", &["Cluster c1"]),
    ("Secret c1-kubeconfig", &["Cluster c1"]),
];

/// A history in the making.
#[derive(Clone, Debug)]
pub struct Story {
    now: i64,
    entries: Vec<Entry>,
    records: Records,
    revisions: BTreeMap<String, u64>,
    writes: u64,
}

impl Default for Story {
    fn default() -> Self {
        Self::new()
    }
}

impl Story {
    /// Nothing has happened; both API servers keep a log.
    #[must_use]
    pub fn new() -> Self {
        Self {
            now: 0,
            entries: Vec::new(),
            records: Records { source: true, target: true, ..Records::default() },
            revisions: BTreeMap::new(),
            writes: 0,
        }
    }

    /// What follows happens at this millisecond.
    #[must_use]
    pub fn at(mut self, millisecond: i64) -> Self {
        self.now = millisecond;
        self
    }

    /// `actor` creates an object that `owners` of the same side own.
    #[must_use]
    pub fn create(self, side: Side, actor: &str, object: &str, owners: &[&str]) -> Self {
        let mut facts = self.whole(object, side == Side::Target);
        facts.owners = Some(owners.iter().map(|owner| reference(side, owner)).collect());
        self.write(side, actor, Verb::Create, object, facts)
    }

    /// The mover copies an object to the target.
    #[must_use]
    pub fn copy(self, object: &str, owners: &[&str]) -> Self {
        self.create(Side::Target, MOVER, object, owners)
    }

    /// `actor` pauses or unpauses the Cluster `c1`.
    #[must_use]
    pub fn pause(self, side: Side, actor: &str, paused: bool) -> Self {
        let facts = Facts { spec_paused: Some(paused), ..touching(Area::Pause) };
        self.write(side, actor, Verb::Patch, "Cluster c1", facts)
    }

    /// `actor` changes the spec of an object.
    #[must_use]
    pub fn edit(mut self, side: Side, actor: &str, object: &str) -> Self {
        if side == Side::Source {
            *self.revisions.entry(object.to_owned()).or_default() += 1;
        }
        let facts = Facts { spec: Some(self.spec(object)), ..touching(Area::Spec) };
        self.write(side, actor, Verb::Patch, object, facts)
    }

    /// A controller reconciles an object and writes its status: whether it sees it paused, and
    /// `others` further conditions.
    #[must_use]
    pub fn observe(mut self, side: Side, object: &str, paused: bool, others: usize) -> Self {
        let digest = u64::try_from(others).unwrap_or_default();
        let facts = Facts {
            paused_condition: Some(paused),
            conditions: Some(Conditions { count: others, digest }),
            ..touching(Area::Conditions)
        };
        self = self.write(side, CONTROLLER, Verb::Patch, object, facts);
        if let Some(Entry::Write(write)) = self.entries.last_mut() {
            write.subresource = "status".into();
        }
        self
    }

    /// `actor` deletes an object, which is gone with it.
    #[must_use]
    pub fn delete(self, side: Side, actor: &str, object: &str) -> Self {
        let facts = Facts { gone: true, guarded: Some(true), ..Facts::default() };
        self.write(side, actor, Verb::Delete, object, facts)
    }

    /// Something is done to a machine of the cluster.
    #[must_use]
    pub fn machine(mut self, action: InfrastructureVerb, name: &str, by: Option<Side>) -> Self {
        self.records.infrastructure = true;
        self.entries.push(Entry::Infrastructure(InfrastructureAction {
            at: moment(self.now),
            action,
            kind: "machine".into(),
            name: name.into(),
            provider_id: None,
            belongs_to: Some("c1".into()),
            on_behalf_of: by,
        }));
        self
    }

    /// One side dials the other.
    #[must_use]
    pub fn dial(mut self, from: Side, program: &str) -> Self {
        self.records.connections = true;
        self.entries.push(Entry::Connection(Connection {
            at: moment(self.now),
            from,
            to: from.other(),
            program: program.into(),
            workload: false,
        }));
        self
    }

    /// Takes away the writes for which `drop` holds.
    #[must_use]
    pub fn without(mut self, drop: impl Fn(&Write) -> bool) -> Self {
        self.entries.retain(|entry| match entry {
            Entry::Write(write) => !drop(write),
            _ => true,
        });
        self
    }

    /// Takes away the log of a side.
    #[must_use]
    pub fn without_log_of(mut self, side: Side) -> Self {
        match side {
            Side::Source => self.records.source = false,
            Side::Target => self.records.target = false,
        }
        self.without(|write| write.side == side)
    }

    /// Changes the writes for which `which` holds.
    #[must_use]
    pub fn changed(mut self, which: impl Fn(&Write) -> bool, change: impl Fn(&mut Write)) -> Self {
        for entry in &mut self.entries {
            if let Entry::Write(write) = entry
                && which(write)
            {
                change(write);
            }
        }
        self
    }

    /// There is a record of the infrastructure, though nothing may be in it.
    #[must_use]
    pub fn with_infrastructure(mut self) -> Self {
        self.records.infrastructure = true;
        self
    }

    /// The history.
    #[must_use]
    pub fn history(self) -> History {
        History::new(self.entries, self.records, Vec::new())
    }

    /// One write of these facts.
    #[must_use]
    pub fn write(mut self, side: Side, actor: &str, verb: Verb, object: &str, told: Facts) -> Self {
        self.writes += 1;
        let creates = verb == Verb::Create;
        let program = if actor == CONTROLLER { "manager/v1" } else { "" };
        self.entries.push(Entry::Write(Box::new(Write {
            side,
            received: moment(self.now),
            completed: moment(self.now + WRITE),
            actor: Actor { user: actor.into(), agent: program.into(), ..Actor::default() },
            address: None,
            verb,
            object: key(object),
            kind: Some(kind_and_name(object).0.into()),
            version: "v1beta2".into(),
            subresource: String::new(),
            named_uid: (creates && side == Side::Target).then(|| uid(Side::Source, object)),
            uid: Some(uid(side, object)),
            resource_version: Some(version(self.now, self.writes)),
            code: if creates { 201 } else { 200 },
            dry_run: false,
            level: Level::RequestResponse,
            selector: None,
            inferred: false,
            told,
        })));
        self
    }

    fn whole(&self, object: &str, paused: bool) -> Facts {
        let (kind, name) = kind_and_name(object);
        let machine = kind == "Machine" || kind == "DockerMachine";
        Facts {
            spec_paused: (kind == "Cluster").then_some(paused),
            paused_annotation: Some(false),
            cluster_name: Some("c1".into()),
            finalizers: Some(Vec::new()),
            deleting: Some(false),
            provider_id: machine.then(|| format!("docker:////{name}")),
            spec: Some(self.spec(object)),
            labels: Some(Leaves::none()),
            annotations: Some(Leaves::none()),
            touched: Some(BTreeSet::from(Area::ALL)),
            ..Facts::default()
        }
    }

    fn spec(&self, object: &str) -> Leaves {
        Leaves::new(vec![self.revisions.get(object).copied().unwrap_or_default()])
    }
}

/// A hand-over of `c1` in which every rule is kept: at 0 its objects are made at the source, from
/// 1,000 on they are copied, at 2,000 the source is paused, at 3,000 the target unpaused; its
/// controllers observe everything until 4,000, and from 5,000 on the source's copies are deleted.
#[must_use]
pub fn pivot() -> Story {
    let mut story = Story::new().with_infrastructure();
    for (at, (object, owners)) in (0..).step_by(20).zip(OBJECTS) {
        story = story.at(at).create(Side::Source, "user", object, owners);
    }
    for (at, (object, owners)) in (1_000..).step_by(20).zip(OBJECTS) {
        story = story.at(at).copy(object, owners);
    }
    story = story.at(2_000).pause(Side::Source, MOVER, true);
    let reconciled = || OBJECTS.iter().filter(|(object, _)| !object.starts_with("Secret"));
    for (at, (object, _)) in (2_100..).step_by(20).zip(reconciled()) {
        story = story.at(at).observe(Side::Source, object, true, 0);
        story = story.at(at).observe(Side::Target, object, true, 0);
    }
    story = story.at(3_000).pause(Side::Target, MOVER, false);
    for (at, (object, _)) in (3_100..).step_by(20).zip(reconciled()) {
        story = story.at(at).observe(Side::Target, object, false, 2);
    }
    for (at, (object, _)) in (5_000..).step_by(20).zip(OBJECTS.iter().rev()) {
        story = story.at(at).delete(Side::Source, MOVER, object);
    }
    story
}

/// The key of an object such as `Machine m1`.
#[must_use]
pub fn key(object: &str) -> Key {
    let (kind, name) = kind_and_name(object);
    let group = match kind {
        "Secret" | "ConfigMap" | "Node" | "Pod" => "",
        "KubeadmControlPlane" => "controlplane.cluster.x-k8s.io",
        "KubeadmConfig" => "bootstrap.cluster.x-k8s.io",
        kind if kind.starts_with("Docker") => "infrastructure.cluster.x-k8s.io",
        _ => "cluster.x-k8s.io",
    };
    Key {
        group: group.into(),
        resource: format!("{}s", kind.to_lowercase()),
        namespace: if kind == "Node" { "" } else { "default" }.into(),
        name: name.into(),
    }
}

/// The UID that the server of `side` gives to an object such as `Machine m1`.
#[must_use]
pub fn uid(side: Side, object: &str) -> String {
    format!("{side}-{}", object.replace(' ', "-"))
}

/// The facts of a write that touches one part.
#[must_use]
pub fn touching(area: Area) -> Facts {
    Facts { touched: Some(BTreeSet::from([area])), ..Facts::default() }
}

/// A reference to an owner at `side`.
#[must_use]
pub fn reference(side: Side, owner: &str) -> Owner {
    let (kind, name) = kind_and_name(owner);
    Owner { group: key(owner).group, kind: kind.into(), name: name.into(), uid: uid(side, owner) }
}

/// The version that a server gives at this millisecond: later writes have higher ones, in whatever
/// order a story tells them.
fn version(millisecond: i64, write: u64) -> u64 {
    let since = u64::try_from(millisecond - EARLIEST).unwrap_or_default();
    since * 1_000_000 + write
}

fn kind_and_name(object: &str) -> (&str, &str) {
    object.split_once(' ').unwrap_or((object, ""))
}

fn moment(millisecond: i64) -> Timestamp {
    Timestamp::from_millisecond(START + millisecond).expect("a story lasts less than an age")
}
