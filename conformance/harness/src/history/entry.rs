//! What a history is made of: writes, acts on the infrastructure, connections and faults.

use super::{Key, Side, Write};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

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

    /// Moves it in time, as by another clock; what would leave the calendar stays.
    pub(crate) fn shift(&mut self, by: SignedDuration) {
        let shift = |at: &mut Timestamp| *at = at.checked_add(by).unwrap_or(*at);
        match self {
            Self::Write(write) => {
                shift(&mut write.received);
                shift(&mut write.completed);
            }
            Self::Infrastructure(action) => shift(&mut action.at),
            Self::Connection(connection) => shift(&mut connection.at),
            Self::Fault(fault) => shift(&mut fault.at),
        }
    }
}

/// Where an entry stands in a history.
type Place<'e> = (Timestamp, Timestamp, Option<Side>, Option<u64>, Option<&'e Key>, &'e str);

impl Entry {
    pub(super) fn place(&self) -> Place<'_> {
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
