//! The number by which a CA tells its certificates apart, and by which one is revoked.

use std::fmt;

use crate::hex;

/// The serial number of a certificate, as its DER holds it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Serial(Vec<u8>);

impl Serial {
    /// A serial number of 126 of the bits of `entropy`: positive, of constant length.
    #[must_use]
    pub fn from_entropy(mut entropy: [u8; 16]) -> Self {
        entropy[0] = (entropy[0] & 0x3f) | 0x40;
        Self(entropy.to_vec())
    }

    /// The serial number that a certificate states.
    pub(crate) fn of_der(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// The serial number whose text (see `Display`) is `text`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        hex::decode::<16>(text).map(|bytes| Self(bytes.to_vec()))
    }

    /// The bytes, big-endian.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Lower-case hexadecimal digits.
impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}
