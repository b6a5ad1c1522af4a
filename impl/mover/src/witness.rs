//! The witness: the highest epoch that was seen, outside the store that may be restored (rule H8).

use std::pin::Pin;
use std::time::Duration;

use fulcrum_model::protocol::Epoch;
use kube::Client;
use serde_json::{Value, json};

use crate::api::{Api, ApiError};
use crate::settings::ClusterName;

/// What a witness gives back.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, WitnessError>> + Send + 'a>>;

/// Why a witness says nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessError {
    /// It did not answer, or refused.
    #[error("ask the witness of {cluster}")]
    Api {
        /// The cluster.
        cluster: ClusterName,
        /// What became of the request.
        #[source]
        source: ApiError,
    },
    /// What it says is no epoch.
    #[error("read the witness of {cluster}: it holds no epoch")]
    NoEpoch {
        /// The cluster.
        cluster: ClusterName,
    },
}

/// Who remembers the highest epoch.
pub trait Witness: Send + Sync {
    /// The highest epoch that it has seen; `None`: it has seen none, or there is no witness.
    fn highest(&self) -> Answer<'_, Option<Epoch>>;

    /// Tells it of an epoch. It never goes back.
    fn raise(&self, epoch: Epoch) -> Answer<'_, ()>;
}

/// No witness: a restored store can make two owners.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoWitness;

impl Witness for NoWitness {
    fn highest(&self) -> Answer<'_, Option<Epoch>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn raise(&self, _: Epoch) -> Answer<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// A ConfigMap in another cluster, one for each cluster that is watched over.
pub struct ConfigMapWitness {
    api: Api,
    namespace: String,
    cluster: ClusterName,
}

impl ConfigMapWitness {
    /// The ConfigMap for `cluster` in `namespace` of the other cluster.
    #[must_use]
    pub fn new(
        client: Client,
        namespace: impl Into<String>,
        cluster: ClusterName,
        deadline: Duration,
    ) -> Self {
        Self { api: Api::new(client, deadline), namespace: namespace.into(), cluster }
    }

    fn collection(&self) -> String {
        format!("/api/v1/namespaces/{}/configmaps", self.namespace)
    }

    fn name(&self) -> String {
        format!("fulcrum-witness.{}.{}", self.cluster.namespace, self.cluster.name)
    }

    fn failed(&self, source: ApiError) -> WitnessError {
        WitnessError::Api { cluster: self.cluster.clone(), source }
    }

    async fn find(&self) -> Result<Option<(Value, Epoch)>, WitnessError> {
        let path = format!("{}/{}", self.collection(), self.name());
        let found = self.api.find(&path).await.map_err(|error| self.failed(error))?;
        let Some(found) = found else { return Ok(None) };
        let epoch = found.pointer("/data/epoch").and_then(Value::as_str);
        match epoch.and_then(|epoch| epoch.parse().ok()) {
            Some(epoch) => Ok(Some((found, Epoch(epoch)))),
            None => Err(WitnessError::NoEpoch { cluster: self.cluster.clone() }),
        }
    }

    async fn write(&self, epoch: Epoch) -> Result<(), WitnessError> {
        let data = json!({"epoch": epoch.0.to_string()});
        let written = match self.find().await? {
            Some((_, seen)) if seen >= epoch => return Ok(()),
            // Guarded by its version: it cannot be set back.
            Some((mut found, _)) => {
                found["data"] = data;
                self.api.replace(&format!("{}/{}", self.collection(), self.name()), &found).await
            }
            None => {
                let body = json!({
                    "apiVersion": "v1", "kind": "ConfigMap",
                    "metadata": {"name": self.name(), "namespace": self.namespace},
                    "data": data,
                });
                self.api.create(&self.collection(), &body).await
            }
        };
        written.map(drop).map_err(|error| self.failed(error))
    }
}

impl Witness for ConfigMapWitness {
    fn highest(&self) -> Answer<'_, Option<Epoch>> {
        Box::pin(async { Ok(self.find().await?.map(|(_, epoch)| epoch)) })
    }

    fn raise(&self, epoch: Epoch) -> Answer<'_, ()> {
        Box::pin(self.write(epoch))
    }
}
