//! A write at an API server: who did what to which object, and what the log tells of it.

use super::facts::Facts;
use super::selector::Selector;
use super::{Key, Side};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::fmt;

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
    /// Whether it writes to the status of Cluster API objects at this side: what only controllers
    /// do. `None` where nobody is seen to. A [`History`](super::History) finds it out.
    #[serde(skip)]
    pub reconciles: Option<bool>,
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
    /// API server, kubelet. An administrator may be called `system:admin`, and a mover may live in
    /// `kube-system`: neither is.
    #[must_use]
    pub fn is_kubernetes(&self) -> bool {
        match self.service_account() {
            Some((namespace, name)) => {
                let part = name.ends_with("-controller") || name == "generic-garbage-collector";
                namespace == "kube-system" && part
            }
            None => {
                let parts =
                    ["system:kube-", "system:node:", "system:apiserver", "system:bootstrap:"];
                parts.iter().any(|part| self.user.starts_with(part))
            }
        }
    }

    /// Whether this is a controller of Cluster API or a provider: it is seen to reconcile. In a
    /// log that shows nobody reconcile the name has to do: a service account outside of
    /// `kube-system`, or a program that calls itself a manager or controller.
    #[must_use]
    pub fn is_controller(&self) -> bool {
        let program = self.program();
        let names_itself = program == "manager" || program.contains("controller");
        let named = self.service_account().is_some() || names_itself;
        !self.is_kubernetes() && self.reconciles.unwrap_or(named)
    }

    /// Whether this is the same user with the same program.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.user == other.user && self.program() == other.program()
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
    /// From which address, where the log tells; behind a load balancer it is that one's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
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
    /// Which objects of a collection it deletes; nothing where it names none, and so means all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<Selector>,
    /// Whether it is in no log: what others show proves that it was made at some time from
    /// `received` to `completed`, and nobody knows by whom.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub inferred: bool,
    /// What its bodies tell of the object after it.
    pub told: Facts,
}

/// The clocks of the API servers of one side are at most so far from each other: they share an
/// etcd, which warns of half of that. Within it the resourceVersion tells what came first.
const SKEW: SignedDuration = SignedDuration::from_secs(2);

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

    /// Whether it surely took effect before `other`, a write at the same side. Versions decide
    /// where the clocks of two API servers may not.
    #[must_use]
    pub fn precedes(&self, other: &Self) -> bool {
        self.version_order(other).unwrap_or(self.completed < other.received)
    }

    /// Whether it comes before `other`, a write at the same side, as far as the log orders them.
    pub(crate) fn is_earlier(&self, other: &Self) -> bool {
        self.version_order(other).unwrap_or(self.received < other.received)
    }

    /// Whether its version is the lower one, when both are known and the times are near: across a
    /// restored store versions go back.
    fn version_order(&self, other: &Self) -> Option<bool> {
        let versions = self.resource_version.zip(other.resource_version);
        let (this, that) = versions.filter(|(this, that)| this != that)?;
        (self.is_near(other) && other.is_near(self)).then_some(this < that)
    }

    /// Whether `later` was received soon enough for their clocks to exchange them.
    pub(crate) fn is_near(&self, later: &Self) -> bool {
        later.received.duration_since(self.completed) < SKEW
    }
}
