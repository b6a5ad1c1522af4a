//! Which cluster is at the other end of a connection.

use rustls::pki_types::CertificateDer;

use crate::certificate::Stated;
use crate::error::Error;
use crate::key::KeyDigest;
use crate::name::{Identity, Lineage};
use crate::serial::Serial;
use crate::validity::Validity;

/// The cluster that a verified client certificate names.
///
/// TLS looks at a certificate once, a session may last for weeks: keep the peer beside the session
/// and ask [`Trust::recheck`](crate::Trust::recheck) at each message (rule T3).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Peer {
    identity: Identity,
    serial: Serial,
    validity: Validity,
    key: KeyDigest,
}

impl Peer {
    /// Reads the peer off a chain, the leaf first, that the handshake **has verified already**:
    /// nothing is judged here but the names. [`Trust::peer`](crate::Trust::peer) judges as well.
    ///
    /// # Errors
    ///
    /// [`Error::NoCertificate`]: the chain is empty. [`Error::ParseCertificate`]: the leaf cannot
    /// be read. [`Error::UnnamedPeer`]: it names no cluster, or several, or its names disagree.
    pub fn of_verified(chain: &[CertificateDer<'_>]) -> Result<Self, Error> {
        let leaf = chain.first().ok_or(Error::NoCertificate)?;
        Self::of_stated(&Stated::read("a peer", leaf)?)
    }

    pub(crate) fn of_stated(stated: &Stated) -> Result<Self, Error> {
        let identity = identity(stated)
            .map_err(|reason| Error::UnnamedPeer { certificate: stated.label(), reason })?;
        let (serial, validity) = (stated.serial.clone(), stated.validity);
        Ok(Self { identity, serial, validity, key: stated.key() })
    }

    /// Which cluster it is.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The serial number of its certificate, by which it can be revoked.
    #[must_use]
    pub fn serial(&self) -> &Serial {
        &self.serial
    }

    /// From when to when its certificate holds.
    #[must_use]
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// The digest of the key of its certificate.
    #[must_use]
    pub fn key(&self) -> KeyDigest {
        self.key
    }

    /// Whether a message that names `cluster` may come from it (rule T2).
    ///
    /// # Errors
    ///
    /// [`Error::OtherCluster`]: the certificate names another one.
    pub fn check_name(&self, cluster: &str) -> Result<(), Error> {
        self.check(self.identity.cluster.name() == cluster, cluster)
    }

    /// Whether a message that names `lineage` may come from it (rule T2).
    ///
    /// # Errors
    ///
    /// [`Error::OtherCluster`]: the certificate names another one.
    pub fn check_lineage(&self, lineage: Lineage) -> Result<(), Error> {
        self.check(self.identity.lineage == lineage, &lineage.to_string())
    }

    fn check(&self, same: bool, named: &str) -> Result<(), Error> {
        if same {
            Ok(())
        } else {
            Err(Error::OtherCluster { peer: self.identity.clone(), named: named.to_owned() })
        }
    }
}

/// The one cluster that every name of a certificate stands for, or why there is none.
fn identity(stated: &Stated) -> Result<Identity, String> {
    let claims: Vec<_> = stated.uris.iter().filter(|uri| Identity::is_claimed_by(uri)).collect();
    let [uri] = claims.as_slice() else {
        return Err(format!("{} of its URIs name a cluster, not one", claims.len()));
    };
    let identity =
        Identity::of_uri(uri).ok_or_else(|| format!("its URI {uri:?} names no cluster"))?;
    let name = identity.cluster.name();
    if stated.common_name() != Some(name) {
        return Err(format!("its URI names {name:?}, and its common name is another"));
    }
    if stated.dns_names != [name] {
        return Err(format!("its URI names {name:?}, and its hosts are {:?}", stated.dns_names));
    }
    Ok(identity)
}

#[cfg(test)]
mod tests;
