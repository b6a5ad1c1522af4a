//! A write at an API server: who did what to which object, and what the log tells of it.

use super::facts::Facts;
use super::{Key, Side};
use jiff::Timestamp;
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
