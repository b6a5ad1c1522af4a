//! The durable record as a custom resource.
//!
//! `body` is the record; the fields beside it are for people who look at it. A body that is large,
//! since it holds a reading, is packed: zlib, then base64.

mod encode;

use fulcrum_model::protocol::{Record, Version};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids;
use crate::settings::ClusterName;

pub use encode::{RecordError, decode, encode};

/// The record of one side of one cluster's hand-over.
#[derive(CustomResource, Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[kube(
    group = "pivot.fulcrum.dev",
    version = "v1alpha1",
    kind = "PivotRecord",
    namespaced,
    doc = "The durable ownership record of one side of one cluster's hand-over.",
    printcolumn = r#"{"name":"Cluster","type":"string","jsonPath":".spec.cluster"}"#,
    printcolumn = r#"{"name":"Phase","type":"string","jsonPath":".spec.phase"}"#,
    printcolumn = r#"{"name":"Epoch","type":"integer","jsonPath":".spec.epoch"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct PivotRecordSpec {
    /// The Cluster, as `namespace/name`.
    pub cluster: String,
    /// The lineage.
    pub lineage: String,
    /// The epoch.
    pub epoch: u32,
    /// The phase.
    pub phase: String,
    /// The move that runs here, or ran last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub move_id: Option<String>,
    /// The resourceVersion that this write replaced: no two writes are equal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// The record.
    pub body: String,
    /// Whether the body is packed.
    #[serde(default)]
    pub packed: bool,
}

impl PivotRecordSpec {
    /// The spec that stores a record in place of what is there.
    #[must_use]
    pub fn of(record: &Record, cluster: &ClusterName, expect: Option<Version>) -> Self {
        let (body, packed) = encode(record);
        Self {
            cluster: cluster.to_string(),
            lineage: ids::hex(record.lineage.0),
            epoch: record.epoch.0,
            phase: record.phase.name().to_owned(),
            move_id: record.last.map(|last| ids::hex(last.id)),
            replaces: expect.map(ids::version_text),
            body,
            packed,
        }
    }

    /// The record.
    ///
    /// # Errors
    /// [`RecordError`] if the body is none that this version understands.
    pub fn record(&self) -> Result<Record, RecordError> {
        decode(&self.body, self.packed)
    }
}
