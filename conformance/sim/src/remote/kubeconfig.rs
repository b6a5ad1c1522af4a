//! The contents of a kubeconfig Secret.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A kubeconfig: where a cluster is, by whose certificate it is known, and who comes.
///
/// It is written as JSON, which is YAML. What would be certificates are digests of them: nothing
/// here checks a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kubeconfig {
    /// The name of the cluster.
    pub cluster: String,
    /// The host of the endpoint; its port is 6443.
    pub host: String,
    /// [`crate::workload::ca_hash`] of the CA's certificate.
    pub ca_hash: String,
}

#[derive(Deserialize, Serialize)]
struct File {
    clusters: Vec<Named>,
}

#[derive(Deserialize, Serialize)]
struct Named {
    name: String,
    cluster: Cluster,
}

#[derive(Deserialize, Serialize)]
struct Cluster {
    server: String,
    #[serde(rename = "certificate-authority-data")]
    authority: String,
}

impl Kubeconfig {
    /// As text.
    #[must_use]
    pub fn text(&self) -> String {
        let user = format!("{}-admin", self.cluster);
        let context = format!("{user}@{}", self.cluster);
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": context,
            "clusters": [{
                "name": self.cluster,
                "cluster": {
                    "server": format!("https://{}:6443", self.host),
                    "certificate-authority-data": STANDARD.encode(&self.ca_hash),
                },
            }],
            "contexts": [{
                "name": context, "context": {"cluster": self.cluster, "user": user},
            }],
            "users": [{
                "name": user, "user": {"client-certificate-data": STANDARD.encode(&user)},
            }],
        })
        .to_string()
    }

    /// From text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let file: File = serde_json::from_str(text).ok()?;
        let Named { name, cluster } = file.clusters.into_iter().next()?;
        let address = cluster.server.strip_prefix("https://")?;
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        let authority = STANDARD.decode(cluster.authority).ok()?;
        Some(Self {
            cluster: name,
            host: host.to_owned(),
            ca_hash: String::from_utf8(authority).ok()?,
        })
    }

    /// From a Secret as Cluster API keeps it: the key `value`.
    #[must_use]
    pub fn of_secret(secret: &Value) -> Option<Self> {
        let value = STANDARD.decode(secret["data"]["value"].as_str()?).ok()?;
        Self::parse(&String::from_utf8(value).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_survives_its_secret() {
        let one =
            Kubeconfig { cluster: "c1".into(), host: "c1-lb".into(), ca_hash: "sha256:aa".into() };
        let secret = json!({"data": {"value": STANDARD.encode(one.text())}});
        assert_eq!(Kubeconfig::of_secret(&secret), Some(one));
        assert_eq!(Kubeconfig::of_secret(&json!({"data": {"value": "####"}})), None);
        assert_eq!(Kubeconfig::of_secret(&json!({})), None);
    }
}
