//! Key, certificate and CAs of an agent, in a Secret of its own cluster.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use fulcrum_identity::{Credentials, Key, LiveTrust, Trust};
use fulcrum_proto::v1;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Api, PostParams};
use rustls::pki_types::CertificateDer;

use crate::error::AgentError;

/// The Secret.
const SECRET: &str = "fulcrum-agent";

/// The key, PKCS 8 in PEM.
const KEY: &str = "tls.key";

/// The lineage, 32 hexadecimal digits.
const LINEAGE: &str = "lineage";

/// The certificate chain: the DER of each certificate after its length, four bytes, big-endian.
const CHAIN: &str = "chain";

/// The CAs by which the cell is judged, as in [`CHAIN`].
const TRUST: &str = "trust";

/// What an agent shows and trusts. Clones share it.
#[derive(Clone)]
pub(crate) struct Kept {
    pub(crate) credentials: Credentials,
    pub(crate) trust: LiveTrust,
    pub(crate) lineage: String,
}

/// The place of the Secret.
pub(crate) struct Keep {
    client: kube::Client,
    namespace: String,
    deadline: Duration,
}

impl Keep {
    pub(crate) fn new(client: kube::Client, namespace: &str, deadline: Duration) -> Self {
        Self { client, namespace: namespace.to_owned(), deadline }
    }

    fn api(&self) -> Api<Secret> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    fn object(&self) -> String {
        format!("Secret {}/{SECRET}", self.namespace)
    }

    async fn read(&self) -> Result<Option<Secret>, AgentError> {
        within(self.deadline, "read", self.object(), self.api().get_opt(SECRET)).await
    }

    /// What is kept; nothing before the first enrolment.
    pub(crate) async fn load(&self) -> Result<Option<Kept>, AgentError> {
        let Some(secret) = self.read().await? else { return Ok(None) };
        let data = secret.data.unwrap_or_default();
        let part = |name: &str| data.get(name).map(|bytes| bytes.0.as_slice());
        let (Some(key), Some(chain), Some(trust), Some(lineage)) =
            (part(KEY), part(CHAIN), part(TRUST), part(LINEAGE))
        else {
            return Ok(None);
        };
        let fault = AgentError::identity("read what the agent keeps");
        let key = Key::from_pem(&self.object(), key).map_err(&fault)?;
        Ok(Some(Kept {
            credentials: Credentials::new(unpack(chain), &key).map_err(&fault)?,
            trust: LiveTrust::new(Trust::new(unpack(trust)).map_err(&fault)?),
            lineage: String::from_utf8_lossy(lineage).into_owned(),
        }))
    }

    /// The key that is kept; `fresh` is kept first where there is none. A key is kept before it is
    /// enrolled, because the answer may be lost: only the same key may show a token again.
    pub(crate) async fn key(&self, fresh: Key) -> Result<Key, AgentError> {
        let secret = self.read().await?;
        let data = secret.as_ref().and_then(|secret| secret.data.as_ref());
        if let Some(kept) = data.and_then(|data| data.get(KEY)) {
            return Key::from_pem(&self.object(), &kept.0)
                .map_err(AgentError::identity("read the key of the agent"));
        }
        let pem = fresh.to_pem().expose().as_bytes().to_vec();
        self.write(secret, [(KEY, pem)]).await?;
        Ok(fresh)
    }

    /// Keeps what the cell has issued to `key`.
    pub(crate) async fn store(
        &self,
        key: &Key,
        issued: &v1::Certificate,
        lineage: &str,
    ) -> Result<(), AgentError> {
        let secret = self.read().await?;
        let parts = [
            (KEY, key.to_pem().expose().as_bytes().to_vec()),
            (CHAIN, pack(&issued.chain)),
            (TRUST, pack(&issued.trust)),
            (LINEAGE, lineage.as_bytes().to_vec()),
        ];
        self.write(secret, parts).await
    }

    async fn write<const N: usize>(
        &self,
        old: Option<Secret>,
        parts: [(&str, Vec<u8>); N],
    ) -> Result<(), AgentError> {
        let exists = old.is_some();
        let mut secret = old.unwrap_or_else(|| Secret {
            metadata: ObjectMeta {
                name: Some(SECRET.to_owned()),
                namespace: Some(self.namespace.clone()),
                ..ObjectMeta::default()
            },
            type_: Some("Opaque".to_owned()),
            ..Secret::default()
        });
        let data: &mut BTreeMap<String, ByteString> = secret.data.get_or_insert_default();
        data.extend(parts.into_iter().map(|(name, bytes)| (name.to_owned(), ByteString(bytes))));
        let params =
            PostParams { field_manager: Some("fulcrum-agent".to_owned()), ..PostParams::default() };
        let api = self.api();
        if exists {
            let request = api.replace(SECRET, &params, &secret);
            within(self.deadline, "write", self.object(), request).await.map(drop)
        } else {
            let request = api.create(&params, &secret);
            within(self.deadline, "create", self.object(), request).await.map(drop)
        }
    }
}

/// What the cell has issued, as TLS takes it.
pub(crate) fn chain_of(ders: &[Vec<u8>]) -> Vec<CertificateDer<'static>> {
    ders.iter().map(|der| CertificateDer::from(der.clone())).collect()
}

fn pack(ders: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for der in ders {
        let length = u32::try_from(der.len()).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(der);
    }
    bytes
}

/// What is cut short ends there: whoever uses it says what is missing.
fn unpack(mut bytes: &[u8]) -> Vec<CertificateDer<'static>> {
    let mut ders = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let Some((der, rest)) = rest.split_at_checked(length) else { break };
        ders.push(CertificateDer::from(der.to_vec()));
        bytes = rest;
    }
    ders
}

/// Waits for a request no longer than `deadline`.
pub(crate) async fn within<T>(
    deadline: Duration,
    action: &'static str,
    object: String,
    request: impl Future<Output = kube::Result<T>>,
) -> Result<T, AgentError> {
    match tokio::time::timeout(deadline, request).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(source)) => Err(AgentError::Request { action, object, source: Box::new(source) }),
        Err(_) => Err(AgentError::Deadline { action, object }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_kept_as_it_came() {
        let ders = vec![vec![1, 2, 3], vec![], vec![4]];
        assert_eq!(unpack(&pack(&ders)), chain_of(&ders));
        let mut cut = pack(&ders);
        cut.pop();
        assert_eq!(unpack(&cut).len(), 2);
    }
}
