//! One-time tokens: how a cluster without a certificate proves which one it is (rule T7).

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use rustls::pki_types::UnixTime;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::error::Error;
use crate::key::KeyDigest;
use crate::name::{Identity, Lineage};
use crate::{hex, moment};

mod stored;

/// How the text of a token begins, so that scanners for leaked secrets know one.
const PREFIX: &str = "fulcrum-enrol-";

/// A one-time token, as it is handed to an agent. Only [`Token::expose`] gives its text away, and
/// the text is kept nowhere: [`Tokens`] has its SHA-256.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    fn from_entropy(entropy: [u8; 32]) -> Self {
        Self(format!("{PREFIX}{}", hex::encode(&entropy)))
    }

    /// The text, for the one place that hands it out.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({} bytes)", self.0.len())
    }
}

/// What an agent shows to be enrolled, from `EnrolRequest` of the protocol.
#[derive(Clone, Copy)]
pub struct Redemption<'a> {
    /// The text of the token.
    pub token: &'a str,
    /// The name of the cluster.
    pub cluster: &'a str,
    /// The lineage of its record; none at the first enrolment.
    pub lineage: Option<Lineage>,
    /// The key for which it asks a certificate: [`Request::key`](crate::Request::key).
    pub key: KeyDigest,
}

impl fmt::Debug for Redemption<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redemption")
            .field("token", &format_args!("({} bytes)", self.token.len()))
            .field("cluster", &self.cluster)
            .field("lineage", &self.lineage)
            .field("key", &self.key)
            .finish()
    }
}

/// The tokens of a cell, by their SHA-256: a state machine that the cell stores in a Secret
/// ([`Tokens::to_json`], [`Tokens::from_json`]).
///
/// 1. The cell calls [`Tokens::issue`], **stores the state**, then hands the token out.
/// 2. An agent shows it. The cell calls [`Tokens::redeem`], **stores the state** by a guarded
///    write, and only then issues and answers.
///
/// A token is used once, by one key. The same key may show it again until it expires, because the
/// answer of the first time may be lost with the connection: only the holder of that key can use
/// what a second answer gives. Any other key is told (in the log) when the token was used.
///
/// A refusal changes nothing.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Tokens {
    entries: BTreeMap<[u8; 32], Entry>,
}

/// What is known of a token.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Entry {
    identity: Identity,
    /// The first second in which it no longer holds.
    expires_at: UnixTime,
    used: Option<Use>,
}

/// When a token was used, and for which key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Use {
    at: UnixTime,
    key: KeyDigest,
}

impl Tokens {
    /// Makes a token for `identity` that holds for `lifetime` from `now`. At a first enrolment the
    /// lineage of `identity` is a new one; on the way back of a cluster whose certificate expired
    /// it is that of its record.
    ///
    /// # Errors
    ///
    /// [`Error::TokenRepeated`]: `entropy` was used before.
    pub fn issue(
        &mut self,
        identity: Identity,
        entropy: [u8; 32],
        now: UnixTime,
        lifetime: Duration,
    ) -> Result<Token, Error> {
        let token = Token::from_entropy(entropy);
        let digest = digest(&token.0);
        if self.entries.contains_key(&digest) {
            return Err(Error::TokenRepeated { identity });
        }
        let expires_at = moment::after(now, lifetime);
        self.entries.insert(digest, Entry { identity, expires_at, used: None });
        Ok(token)
    }

    /// Uses a token at `now`, and says for which cluster a certificate may be issued.
    ///
    /// # Errors
    ///
    /// [`Error::TokenUnknown`], [`Error::TokenOfOtherCluster`], [`Error::TokenOfOtherLineage`],
    /// [`Error::TokenUsed`], [`Error::TokenExpired`]: for the log, not for the answer.
    pub fn redeem(&mut self, shown: &Redemption<'_>, now: UnixTime) -> Result<Identity, Error> {
        let Some(entry) = self.find(shown.token) else {
            return Err(Error::TokenUnknown { cluster: shown.cluster.to_owned() });
        };
        let identity = entry.identity.clone();
        if identity.cluster.name() != shown.cluster {
            return Err(Error::TokenOfOtherCluster { identity, asked: shown.cluster.to_owned() });
        }
        if let Some(asked) = shown.lineage.filter(|lineage| *lineage != identity.lineage) {
            return Err(Error::TokenOfOtherLineage { identity, asked });
        }
        if let Some(earlier) = entry.used.filter(|earlier| earlier.key != shown.key) {
            return Err(Error::TokenUsed { identity, at: earlier.at });
        }
        if now >= entry.expires_at {
            return Err(Error::TokenExpired { identity, at: entry.expires_at, now });
        }
        if entry.used.is_none() {
            entry.used = Some(Use { at: now, key: shown.key });
        }
        Ok(identity)
    }

    /// Makes every token of `identity` unknown, as when its cluster is deleted.
    pub fn revoke(&mut self, identity: &Identity) {
        self.entries.retain(|_, entry| entry.identity != *identity);
    }

    /// Forgets the tokens that expired by `now`. From then on they are unknown, used or not.
    pub fn forget_expired(&mut self, now: UnixTime) {
        self.entries.retain(|_, entry| now < entry.expires_at);
    }

    /// How many tokens are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The token of that text. Every one is compared, each in constant time.
    fn find(&mut self, text: &str) -> Option<&mut Entry> {
        let shown = digest(text);
        let mut found = None;
        for (digest, entry) in &mut self.entries {
            if bool::from(digest.as_slice().ct_eq(shown.as_slice())) {
                found = Some(entry);
            }
        }
        found
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.entries.values()).finish()
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests;
