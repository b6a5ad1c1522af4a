//! Private keys, and the digests of public ones.

use std::fmt;

use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PublicKeyData};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::secret::Secret;
use crate::{hex, pem};

/// What stands before the 32 bytes of an Ed25519 seed to make it a PKCS 8 document (RFC 8410).
const ED25519_PKCS8: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// A private key, ECDSA on P-256 or Ed25519. It is shown to nobody; [`Key::to_pem`] is for the
/// Secret that keeps it.
pub struct Key(KeyPair);

impl Key {
    /// A new P-256 key, drawn from the operating system.
    ///
    /// rcgen and ring take no source of randomness from their caller here, and P-256 signs with a
    /// random number as well: neither this key nor its signatures can be repeated. Where they must
    /// be, as in a simulation, use [`Key::from_seed`].
    ///
    /// # Errors
    ///
    /// [`Error::MakeKey`]: the operating system gave no randomness.
    pub fn generate() -> Result<Self, Error> {
        KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)
            .map(Self)
            .map_err(|source| Error::MakeKey { source })
    }

    /// The Ed25519 key of `seed`: the same seed gives the same key, and the same signatures.
    ///
    /// # Errors
    ///
    /// [`Error::MakeKey`]: the cryptography refused it.
    pub fn from_seed(seed: [u8; 32]) -> Result<Self, Error> {
        let document = [ED25519_PKCS8.as_slice(), seed.as_slice()].concat();
        KeyPair::from_pkcs8_der_and_sign_algo(
            &PrivatePkcs8KeyDer::from(document.as_slice()),
            &PKCS_ED25519,
        )
        .map(Self)
        .map_err(|source| Error::MakeKey { source })
    }

    /// The first `PRIVATE KEY` section (PKCS 8) of `text`; `holder` names it in an error.
    ///
    /// # Errors
    ///
    /// [`Error::ParseKey`]: there is none, or it is neither P-256 nor Ed25519.
    pub fn from_pem(holder: &str, text: &[u8]) -> Result<Self, Error> {
        // The source is left out: a parser may quote what it read.
        let fault = |reason| Error::ParseKey { holder: holder.to_owned(), reason };
        let document = PrivatePkcs8KeyDer::from_pem_slice(text)
            .map_err(|_| fault("it has no PRIVATE KEY section in PKCS 8"))?;
        let pair =
            KeyPair::try_from(&document).map_err(|_| fault("it is no key that can be used"))?;
        if *pair.algorithm() == PKCS_ECDSA_P256_SHA256 || *pair.algorithm() == PKCS_ED25519 {
            Ok(Self(pair))
        } else {
            Err(fault("it is neither P-256 nor Ed25519"))
        }
    }

    /// The key in PKCS 8, as a PEM section that [`Key::from_pem`] reads.
    #[must_use]
    pub fn to_pem(&self) -> Secret {
        Secret::new(pem::encode("PRIVATE KEY", self.0.serialized_der()))
    }

    /// The digest of its public half.
    #[must_use]
    pub fn digest(&self) -> KeyDigest {
        KeyDigest::of(&self.0.subject_public_key_info())
    }

    /// The pair, for those who sign with it.
    pub(crate) fn pair(&self) -> &KeyPair {
        &self.0
    }

    /// The pair, for a CA that keeps it.
    pub(crate) fn into_pair(self) -> KeyPair {
        self.0
    }

    /// The key as rustls takes it.
    pub(crate) fn to_der(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.0.serialized_der().to_vec()))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key(public half {})", self.digest())
    }
}

/// The SHA-256 of a public key with its algorithm (SubjectPublicKeyInfo).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyDigest([u8; 32]);

impl KeyDigest {
    /// The digest of a public key in DER.
    pub(crate) fn of(public_key_info: &[u8]) -> Self {
        Self(Sha256::digest(public_key_info).into())
    }

    /// The digest whose text (see `Display`) is `text`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        hex::decode(text).map(Self)
    }
}

/// 64 lower-case hexadecimal digits.
impl fmt::Display for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
