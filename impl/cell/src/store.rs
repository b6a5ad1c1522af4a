//! Objects of the cell's own API server, read and written within a deadline.

use std::future::Future;
use std::time::Duration;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Api, PostParams};

use crate::error::CellError;

/// The manager of the fields that a cell writes.
pub(crate) const MANAGER: &str = "fulcrum-cell";

/// How often a guarded write is tried when somebody else wrote in between.
const TRIES: usize = 5;

/// The Secrets and ConfigMaps of one namespace.
#[derive(Clone)]
pub(crate) struct Store {
    client: kube::Client,
    namespace: String,
    deadline: Duration,
}

impl Store {
    pub(crate) fn new(client: kube::Client, namespace: &str, deadline: Duration) -> Self {
        Self { client, namespace: namespace.to_owned(), deadline }
    }

    /// The same in another namespace.
    pub(crate) fn in_namespace(&self, namespace: &str) -> Self {
        Self { namespace: namespace.to_owned(), ..self.clone() }
    }

    fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    fn config_maps(&self) -> Api<ConfigMap> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    fn object(&self, kind: &str, name: &str) -> String {
        format!("{kind} {}/{name}", self.namespace)
    }

    /// The Secret of that name.
    pub(crate) async fn secret(&self, name: &str) -> Result<Option<Secret>, CellError> {
        let object = self.object("Secret", name);
        within(self.deadline, "read", object, self.secrets().get_opt(name)).await
    }

    /// Writes a Secret over `old`, guarded by its version, or where there is none. Nothing comes
    /// back where somebody else was faster.
    pub(crate) async fn write_secret(
        &self,
        name: &str,
        old: Option<&Secret>,
        data: Vec<(&str, Vec<u8>)>,
    ) -> Result<Option<Secret>, CellError> {
        let mut secret = old.cloned().unwrap_or_else(|| Secret {
            metadata: self.metadata(name),
            type_: Some("Opaque".to_owned()),
            ..Secret::default()
        });
        let kept = secret.data.get_or_insert_default();
        kept.extend(data.into_iter().map(|(key, bytes)| (key.to_owned(), ByteString(bytes))));
        let params =
            PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() };
        let object = self.object("Secret", name);
        let api = self.secrets();
        let written = match old {
            Some(_) => {
                within(self.deadline, "write", object, api.replace(name, &params, &secret)).await
            }
            None => within(self.deadline, "create", object, api.create(&params, &secret)).await,
        };
        unless_conflict(written)
    }

    /// Changes a Secret by a guarded write, or makes it. `change` is given what is there and says
    /// what is to be there, or fails, and is asked again when somebody else was faster.
    pub(crate) async fn change_secret<T, E, F>(&self, name: &str, mut change: F) -> Result<T, E>
    where
        E: From<CellError>,
        F: FnMut(Option<&Secret>) -> Result<(Vec<(&'static str, Vec<u8>)>, T), E>,
    {
        for _ in 0..TRIES {
            let old = self.secret(name).await?;
            let (data, value) = change(old.as_ref())?;
            if self.write_secret(name, old.as_ref(), data).await?.is_some() {
                return Ok(value);
            }
        }
        Err(CellError::Contended { object: self.object("Secret", name) }.into())
    }

    /// Raises the number in a ConfigMap by one, and gives the new one.
    pub(crate) async fn count(&self, name: &str, key: &str) -> Result<u32, CellError> {
        let object = self.object("ConfigMap", name);
        let api = self.config_maps();
        let params =
            PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() };
        for _ in 0..TRIES {
            let old = within(self.deadline, "read", object.clone(), api.get_opt(name)).await?;
            let exists = old.is_some();
            let mut map = old.unwrap_or_else(|| ConfigMap {
                metadata: self.metadata(name),
                ..ConfigMap::default()
            });
            let data = map.data.get_or_insert_default();
            let before = match data.get(key) {
                Some(text) => text.parse::<u32>().map_err(|_| CellError::Incomplete {
                    object: object.clone(),
                    field: "number of starts",
                })?,
                None => 0,
            };
            let number = before.saturating_add(1);
            data.insert(key.to_owned(), number.to_string());
            let written = if exists {
                let request = api.replace(name, &params, &map);
                within(self.deadline, "write", object.clone(), request).await
            } else {
                within(self.deadline, "create", object.clone(), api.create(&params, &map)).await
            };
            if unless_conflict(written)?.is_some() {
                return Ok(number);
            }
        }
        Err(CellError::Contended { object })
    }

    fn metadata(&self, name: &str) -> ObjectMeta {
        ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some(self.namespace.clone()),
            ..ObjectMeta::default()
        }
    }
}

/// Waits for a request no longer than `deadline`.
pub(crate) async fn within<T>(
    deadline: Duration,
    action: &'static str,
    object: String,
    request: impl Future<Output = kube::Result<T>>,
) -> Result<T, CellError> {
    match tokio::time::timeout(deadline, request).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(source)) => Err(CellError::Request { action, object, source: Box::new(source) }),
        Err(_) => Err(CellError::Deadline { action, object }),
    }
}

/// What was written, or nothing where a guard did not hold.
pub(crate) fn unless_conflict<T>(written: Result<T, CellError>) -> Result<Option<T>, CellError> {
    match written {
        Ok(value) => Ok(Some(value)),
        Err(CellError::Request { source, .. }) if is_conflict(&source) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_conflict(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.is_conflict() || status.is_already_exists())
}

/// The bytes of a Secret under `key`.
pub(crate) fn bytes<'a>(secret: &'a Secret, key: &'static str) -> Result<&'a [u8], CellError> {
    let found = secret.data.as_ref().and_then(|data| data.get(key));
    found.map(|bytes| bytes.0.as_slice()).ok_or_else(|| CellError::Incomplete {
        object: format!(
            "Secret {}/{}",
            secret.metadata.namespace.as_deref().unwrap_or_default(),
            secret.metadata.name.as_deref().unwrap_or_default()
        ),
        field: key,
    })
}
