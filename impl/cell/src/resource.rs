//! `ManagedCluster`: what an operator asks of a cell for one Cluster, and what the cell says of it.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A Cluster of Cluster API that the cell enrols, and moves out of its management cluster or back.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "pivot.fulcrum.dev",
    version = "v1alpha1",
    kind = "ManagedCluster",
    namespaced,
    status = "ManagedClusterStatus",
    shortname = "mcl",
    derive = "PartialEq",
    printcolumn = r#"{"name":"Phase","type":"string","jsonPath":".status.phase"}"#,
    printcolumn = r#"{"name":"Ownership","type":"string","jsonPath":".status.ownership"}"#,
    printcolumn = r#"{"name":"Connected","type":"boolean","jsonPath":".status.connected"}"#,
    printcolumn = r#"{"name":"Last seen","type":"string","jsonPath":".status.lastSeen"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct ManagedClusterSpec {
    /// The Cluster, in the namespace of this object.
    pub cluster_ref: ClusterReference,
    /// How the child gets its certificate.
    #[serde(default)]
    pub enrolment: Enrolment,
    /// Who is to own the Cluster: the child (true) or the parent (false). Absent: leave it as it
    /// is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pivot: Option<bool>,
}

/// A Cluster by its name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterReference {
    /// The name.
    pub name: String,
}

/// How a child gets its certificate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Enrolment {
    /// The Secret into which the one-time token and the CA of the cell are written, under `token`
    /// and `ca.crt`. Absent: the name of this object with `-enrolment`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_name: Option<String>,
    /// Any text: a new one asks for a new token, such as for a child whose certificate expired
    /// while it was cut off.
    #[serde(default)]
    pub request: String,
}

/// What the cell says of a Cluster. Times are by the clock of the cell.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ManagedClusterStatus {
    /// The phase of the parent's record and the step inside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// What the parent says of the ownership: `Unknown`, `Owner`, `Released`, `InTransit`,
    /// `OwnerUnknown` or `Held`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ownership: Option<String>,
    /// What the child says of it, as the protocol calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub child_ownership: Option<String>,
    /// The epoch of the parent's record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<i64>,
    /// Whether the source holds no moved object any more, and the child was verified to own.
    #[serde(default)]
    pub pivot_complete: bool,
    /// Whether a session is open.
    #[serde(default)]
    pub connected: bool,
    /// When the child was heard of for the last time, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<String>,
    /// Objects that were written to after the last reading of a move: what was written is not on
    /// the new owner.
    #[serde(default)]
    pub late_writes: Vec<String>,
    /// What the mover said last, such as why a move was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_notice: Option<String>,
    /// The nodes of the child, as it told them then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nodes: Option<Nodes>,
    /// The lineage of the cluster: 32 hexadecimal digits, drawn once and kept for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lineage: Option<String>,
    /// Whether the parent's first record was written. It is written once: a record that is lost
    /// must not be made anew.
    #[serde(default)]
    pub record_founded: bool,
    /// The `spec.enrolment.request` for which a token was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_issued_for: Option<String>,
    /// `Enrolled`, `Connected`, `PivotComplete`, `Held`, and what else is to be said.
    #[serde(default)]
    pub conditions: Vec<ClusterCondition>,
}

/// The nodes of a child.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Nodes {
    /// How many there are.
    pub total: i64,
    /// How many are Ready.
    pub ready: i64,
    /// Whether the Cluster API controllers of the child are Available.
    pub capi_controllers_ready: bool,
}

/// One aspect of a Cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterCondition {
    /// What it is about.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// Why, in one word.
    pub reason: String,
    /// Why, in words.
    #[serde(default)]
    pub message: String,
    /// When the status changed, RFC 3339.
    pub last_transition_time: String,
}
