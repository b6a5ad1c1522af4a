//! Tokens as JSON, for the Secret of the cell.

use serde::{Deserialize, Serialize};

use super::{Entry, Tokens, Use};
use crate::error::Error;
use crate::key::KeyDigest;
use crate::name::{ClusterName, Identity, Lineage};
use crate::{hex, moment};

/// The version of the form below.
const VERSION: u32 = 1;

/// Every token, by digest.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    version: u32,
    tokens: Vec<StoredToken>,
}

/// One token. Times are seconds since 1970 began.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredToken {
    sha256: String,
    namespace: String,
    cluster: String,
    lineage: String,
    expires_at: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    used: Option<StoredUse>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredUse {
    at: u64,
    key: String,
}

impl Tokens {
    /// The state as JSON, the same bytes for the same state. It holds no token, but says for which
    /// clusters there are some: keep it in a Secret.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let tokens = self.entries.iter().map(|(digest, entry)| StoredToken {
            sha256: hex::encode(digest),
            namespace: entry.identity.cluster.namespace().to_owned(),
            cluster: entry.identity.cluster.name().to_owned(),
            lineage: entry.identity.lineage.to_string(),
            expires_at: entry.expires_at.as_secs(),
            used: entry
                .used
                .map(|used| StoredUse { at: used.at.as_secs(), key: used.key.to_string() }),
        });
        let stored = Stored { version: VERSION, tokens: tokens.collect() };
        serde_json::to_vec(&stored).expect("text and numbers are always JSON")
    }

    /// The state that [`Tokens::to_json`] wrote.
    ///
    /// # Errors
    ///
    /// [`Error::ParseTokens`], [`Error::StoredVersion`], [`Error::StoredToken`]: it did not write
    /// that.
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        let stored: Stored =
            serde_json::from_slice(json).map_err(|source| Error::ParseTokens { source })?;
        if stored.version != VERSION {
            return Err(Error::StoredVersion { found: stored.version, expected: VERSION });
        }
        let mut tokens = Self::default();
        for (index, token) in stored.tokens.iter().enumerate() {
            let fault = |field| Error::StoredToken { index, field };
            let digest = hex::decode(&token.sha256).ok_or_else(|| fault("sha256"))?;
            let entry = entry(token).map_err(fault)?;
            tokens.entries.insert(digest, entry);
        }
        Ok(tokens)
    }
}

/// What a stored token stands for, or the field that cannot be read.
fn entry(token: &StoredToken) -> Result<Entry, &'static str> {
    let identity = Identity {
        cluster: ClusterName::new(&token.namespace, &token.cluster).map_err(|_| "cluster")?,
        lineage: Lineage::parse(&token.lineage).map_err(|_| "lineage")?,
    };
    let used = match &token.used {
        Some(used) => {
            Some(Use { at: moment::at(used.at), key: KeyDigest::parse(&used.key).ok_or("key")? })
        }
        None => None,
    };
    Ok(Entry { identity, expires_at: moment::at(token.expires_at), used })
}
