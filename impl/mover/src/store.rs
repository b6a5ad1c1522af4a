//! The record in its store: guarded writes, and an answer that is lost is said to be lost.

use std::time::Duration;

use fulcrum_model::protocol::{Epoch, Lineage, Record, RecordOutcome, Stored, Version};
use kube::Client;
use serde_json::{Value, json};

use crate::api::{Api, ApiError};
use crate::error::MoverError;
use crate::ids;
use crate::record::{PivotRecordSpec, RecordError};
use crate::settings::{ClusterName, Settings};

/// Where the records of one namespace are.
const GROUP: &str = "pivot.fulcrum.dev/v1alpha1";

/// Why a record cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The server did not answer, or refused.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// It cannot be understood.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// The place of one record.
pub(crate) struct Store {
    api: Api,
    cluster: ClusterName,
    namespace: String,
    backoff: Duration,
}

/// Writes the first record of a cluster that is owned where it was made, if there is none; says
/// whether it did.
///
/// To be called once in the life of a cluster, when its lineage is made. A store that has *lost*
/// its record must not be given a new one: nobody knows who owns the cluster then (rule H4).
///
/// # Errors
/// [`MoverError::Found`] if the write failed, or its answer is lost: do it again.
pub async fn found(
    client: Client,
    settings: &Settings,
    lineage: Lineage,
) -> Result<bool, MoverError> {
    let store = Store::new(Api::new(client, settings.pace.deadline), settings);
    match store.put(&Record::owner(lineage, Epoch(1)), None).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_conflict() => Ok(false),
        Err(source) => Err(MoverError::Found { cluster: settings.cluster.clone(), source }),
    }
}

impl Store {
    pub(crate) fn new(api: Api, settings: &Settings) -> Self {
        Self {
            api,
            cluster: settings.cluster.clone(),
            namespace: settings.record_namespace.clone(),
            backoff: settings.pace.backoff,
        }
    }

    /// What is stored.
    pub(crate) async fn read(&self) -> Result<Option<Stored>, StoreError> {
        match self.api.find(&self.path()).await? {
            Some(value) => Ok(Some(stored(&value)?)),
            None => Ok(None),
        }
    }

    /// Writes the record over the version that is expected, or where none is.
    pub(crate) async fn write(&self, record: &Record, expect: Option<Version>) -> RecordOutcome {
        match self.put(record, expect).await {
            Ok(value) => match version(&value) {
                Some(version) => RecordOutcome::Ok(version),
                None => RecordOutcome::Unknown,
            },
            Err(error) if error.is_conflict() || error.is_absent() => self.found_instead().await,
            Err(error) => {
                tracing::warn!(cluster = %self.cluster, %error, "the record is not written");
                tokio::time::sleep(self.backoff).await;
                RecordOutcome::Unknown
            }
        }
    }

    /// What stands where the write was to go. Only a guarded write settles one that was lost, and
    /// this one was refused: to answer "unknown" is to make it again.
    async fn found_instead(&self) -> RecordOutcome {
        match self.read().await {
            Ok(stored) => RecordOutcome::Conflict(stored.map(Box::new)),
            Err(error) => {
                tracing::warn!(cluster = %self.cluster, %error, "the record is not read");
                tokio::time::sleep(self.backoff).await;
                RecordOutcome::Unknown
            }
        }
    }

    async fn put(&self, record: &Record, expect: Option<Version>) -> Result<Value, ApiError> {
        let spec = PivotRecordSpec::of(record, &self.cluster, expect);
        let mut body = json!({
            "apiVersion": GROUP, "kind": "PivotRecord",
            "metadata": {"name": self.name(), "namespace": self.namespace},
            "spec": spec,
        });
        match expect {
            None => self.api.create(&self.collection(), &body).await,
            Some(version) => {
                body["metadata"]["resourceVersion"] = json!(ids::version_text(version));
                self.api.replace(&self.path(), &body).await
            }
        }
    }

    fn name(&self) -> String {
        format!("{}.{}", self.cluster.namespace, self.cluster.name)
    }

    fn collection(&self) -> String {
        format!("/apis/{GROUP}/namespaces/{}/pivotrecords", self.namespace)
    }

    fn path(&self) -> String {
        format!("{}/{}", self.collection(), self.name())
    }
}

fn stored(value: &Value) -> Result<Stored, RecordError> {
    let spec = value.get("spec").cloned().unwrap_or_default();
    let spec: PivotRecordSpec =
        serde_json::from_value(spec).map_err(|error| RecordError::Json(error.to_string()))?;
    let version = version(value).ok_or(RecordError::Version)?;
    Ok(Stored { record: spec.record()?, version })
}

fn version(value: &Value) -> Option<Version> {
    value.pointer("/metadata/resourceVersion")?.as_str().and_then(ids::version_of)
}
