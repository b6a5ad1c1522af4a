//! What a cluster is called: its name, its lineage, and both in one URI.

use std::fmt;

use crate::error::Error;
use crate::hex;

/// How a URI that names a cluster begins.
const SCHEME: &str = "fulcrum://cluster/";

/// The longest name: that of a label value, and shorter than a common name may be.
const LONGEST: usize = 63;

/// The namespace and the name of a Cluster on its parent.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ClusterName {
    namespace: String,
    name: String,
}

impl ClusterName {
    /// The Cluster `name` in `namespace`.
    ///
    /// # Errors
    ///
    /// [`Error::ParseName`]: one of them is no name of Kubernetes, or longer than 63 characters.
    pub fn new(namespace: &str, name: &str) -> Result<Self, Error> {
        if !is_label(namespace) {
            return Err(Error::ParseName { part: "namespace", text: namespace.to_owned() });
        }
        check_name(name)?;
        Ok(Self { namespace: namespace.to_owned(), name: name.to_owned() })
    }

    /// The namespace on the parent.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The name: what the messages of the protocol and the common name of a certificate say.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// `namespace/name`.
impl fmt::Display for ClusterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// Whether `name` can be the name of a Cluster.
pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    if name.len() <= LONGEST && name.split('.').all(is_label) {
        Ok(())
    } else {
        Err(Error::ParseName { part: "name", text: name.to_owned() })
    }
}

/// Whether `text` is a DNS label in lower case (RFC 1123).
fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty()
        && text.len() <= LONGEST
        && text.bytes().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// An unguessable id, made at the first enrolment and kept for good: a re-created cluster of the
/// same name is another lineage (rule T2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Lineage(u128);

impl Lineage {
    /// A new lineage of 128 unguessable bits.
    #[must_use]
    pub fn from_entropy(entropy: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(entropy))
    }

    /// The lineage that 32 lower-case hexadecimal digits stand for.
    ///
    /// # Errors
    ///
    /// [`Error::ParseLineage`]: they are something else.
    pub fn parse(text: &str) -> Result<Self, Error> {
        hex::decode::<16>(text)
            .map(Self::from_entropy)
            .ok_or_else(|| Error::ParseLineage { text: text.to_owned() })
    }

    /// The 128 bits, big-endian.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
}

/// 32 lower-case hexadecimal digits.
impl fmt::Display for Lineage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Which cluster: its name and its lineage. Two clusters are one only if both are equal.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Identity {
    /// What it is called.
    pub cluster: ClusterName,
    /// Which one of that name.
    pub lineage: Lineage,
}

impl Identity {
    /// The URI among the alternative names of its certificates:
    /// `fulcrum://cluster/<namespace>/<name>?lineage=<32 hexadecimal digits>`.
    #[must_use]
    pub fn uri(&self) -> String {
        let Self { cluster, lineage } = self;
        format!("{SCHEME}{}/{}?lineage={lineage}", cluster.namespace, cluster.name)
    }

    /// Whether `uri` claims to name a cluster, well or badly.
    pub(crate) fn is_claimed_by(uri: &str) -> bool {
        uri.starts_with("fulcrum:")
    }

    /// The identity whose URI is exactly `uri`.
    pub(crate) fn of_uri(uri: &str) -> Option<Self> {
        let (path, lineage) = uri.strip_prefix(SCHEME)?.split_once("?lineage=")?;
        let (namespace, name) = path.split_once('/')?;
        Some(Self {
            cluster: ClusterName::new(namespace, name).ok()?,
            lineage: Lineage::parse(lineage).ok()?,
        })
    }
}

/// `namespace/name` and the lineage.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of lineage {}", self.cluster, self.lineage)
    }
}

#[cfg(test)]
mod tests;
