//! A bundle of CAs: whom it lets one talk to, and how it is exchanged while connections are open.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{CertificateError, RootCertStore};

use crate::certificate::Stated;
use crate::error::Error;
use crate::peer::Peer;
use crate::pem;
use crate::serial::Serial;
use crate::tls::provider;
use crate::validity::Validity;

/// The CAs that one side trusts, and the serial numbers that it trusts no more. More than one CA
/// while an old one gives way to a new one (rule T6).
#[derive(Clone)]
pub struct Trust {
    anchors: Vec<Anchor>,
    revoked: BTreeSet<Serial>,
    clients: Arc<dyn ClientCertVerifier>,
    servers: Arc<WebPkiServerVerifier>,
}

/// A CA of a bundle.
#[derive(Clone)]
struct Anchor {
    certificate: CertificateDer<'static>,
    label: String,
    validity: Validity,
}

impl Anchor {
    fn read(certificate: CertificateDer<'static>) -> Result<Self, Error> {
        let stated = Stated::read("a CA", &certificate)?;
        if stated.is_ca {
            Ok(Self { certificate, label: stated.label(), validity: stated.validity })
        } else {
            Err(Error::NotACa { certificate: stated.label() })
        }
    }
}

impl Trust {
    /// Trusts the CAs in `certificates`, DER, and nobody else. A CA that is there twice counts
    /// once.
    ///
    /// # Errors
    ///
    /// [`Error::NoCa`]: there is none. [`Error::ParseCertificate`], [`Error::NotACa`],
    /// [`Error::TrustCa`]: one of them cannot be trusted.
    pub fn new<I>(certificates: I) -> Result<Self, Error>
    where
        I: IntoIterator<Item = CertificateDer<'static>>,
    {
        let anchors = certificates.into_iter().map(Anchor::read).collect::<Result<Vec<_>, _>>()?;
        Self::of_anchors(anchors, BTreeSet::new())
    }

    /// Trusts every CA of a PEM bundle; `holder`, such as the name of the Secret that has it, names
    /// it in an error.
    ///
    /// # Errors
    ///
    /// As [`Trust::new`].
    pub fn from_pem(holder: &str, text: &[u8]) -> Result<Self, Error> {
        Self::new(pem::certificates(holder, text)?)
    }

    fn of_anchors(mut anchors: Vec<Anchor>, revoked: BTreeSet<Serial>) -> Result<Self, Error> {
        let mut seen = BTreeSet::new();
        anchors.retain(|anchor| seen.insert(anchor.certificate.to_vec()));
        if anchors.is_empty() {
            return Err(Error::NoCa);
        }
        let mut roots = RootCertStore::empty();
        for anchor in &anchors {
            let fault = |source| Error::TrustCa { certificate: anchor.label.clone(), source };
            roots.add(anchor.certificate.clone()).map_err(fault)?;
        }
        let roots = Arc::new(roots);
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), provider())
            .build()
            .expect("there is a CA and no revocation list");
        let servers = WebPkiServerVerifier::builder_with_provider(roots, provider())
            .build()
            .expect("there is a CA and no revocation list");
        Ok(Self { anchors, revoked, clients, servers })
    }

    /// This bundle and one CA more.
    ///
    /// # Errors
    ///
    /// As [`Trust::new`].
    pub fn with(&self, certificate: CertificateDer<'static>) -> Result<Self, Error> {
        let mut anchors = self.anchors.clone();
        anchors.push(Anchor::read(certificate)?);
        Self::of_anchors(anchors, self.revoked.clone())
    }

    /// This bundle without a CA.
    ///
    /// # Errors
    ///
    /// [`Error::NoCa`]: it was the last one.
    pub fn without(&self, certificate: &CertificateDer<'_>) -> Result<Self, Error> {
        let other = |anchor: &&Anchor| anchor.certificate != *certificate;
        let anchors = self.anchors.iter().filter(other).cloned().collect();
        Self::of_anchors(anchors, self.revoked.clone())
    }

    /// This bundle without the CAs that have ended at `now`: a handshake does not look at the end
    /// of a CA, only at those of what it issued.
    ///
    /// # Errors
    ///
    /// [`Error::NoCa`]: all have.
    pub fn without_ended(&self, now: UnixTime) -> Result<Self, Error> {
        let alive = |anchor: &&Anchor| now <= anchor.validity.not_after();
        let anchors = self.anchors.iter().filter(alive).cloned().collect();
        Self::of_anchors(anchors, self.revoked.clone())
    }

    /// This bundle, which refuses exactly the certificates with these serial numbers.
    #[must_use]
    pub fn with_revoked(mut self, serials: BTreeSet<Serial>) -> Self {
        self.revoked = serials;
        self
    }

    /// The certificates of the CAs, DER, as `Certificate.trust` of the protocol carries them.
    pub fn certificates(&self) -> impl Iterator<Item = &CertificateDer<'static>> {
        self.anchors.iter().map(|anchor| &anchor.certificate)
    }

    /// The bundle as PEM sections, which [`Trust::from_pem`] reads.
    #[must_use]
    pub fn to_pem(&self) -> String {
        self.certificates().map(|der| pem::encode("CERTIFICATE", der)).collect()
    }

    /// Judges the certificate chain of a client, the leaf first, at `now`, and says which cluster
    /// it is.
    ///
    /// # Errors
    ///
    /// [`Error::NoCertificate`]: the chain is empty. [`Error::CertificateExpired`],
    /// [`Error::CertificateNotYetValid`], [`Error::UnknownCa`], [`Error::CertificateRevoked`],
    /// [`Error::VerifyCertificate`]: it is not accepted. The rest is as in [`Peer::of_verified`].
    pub fn peer(&self, chain: &[CertificateDer<'_>], now: UnixTime) -> Result<Peer, Error> {
        let [leaf, intermediates @ ..] = chain else {
            return Err(Error::NoCertificate);
        };
        let stated = Stated::read("a peer", leaf)?;
        self.judge_client(leaf, intermediates, now)
            .map_err(|cause| refusal(cause, &stated, now))?;
        Peer::of_stated(&stated)
    }

    /// Judges the peer of an open session once more: whether its certificate still holds at `now`,
    /// and was not revoked since (rule T3).
    ///
    /// # Errors
    ///
    /// [`Error::CertificateExpired`], [`Error::CertificateNotYetValid`],
    /// [`Error::CertificateRevoked`].
    pub fn recheck(&self, peer: &Peer, now: UnixTime) -> Result<(), Error> {
        let certificate =
            || format!("the certificate of {}, serial {}", peer.identity(), peer.serial());
        let (not_before, not_after) = (peer.validity().not_before(), peer.validity().not_after());
        if now > not_after {
            Err(Error::CertificateExpired { certificate: certificate(), not_after, now })
        } else if now < not_before {
            Err(Error::CertificateNotYetValid { certificate: certificate(), not_before, now })
        } else if self.revoked.contains(peer.serial()) {
            Err(Error::CertificateRevoked { certificate: certificate() })
        } else {
            Ok(())
        }
    }

    /// Judges a client as a handshake does.
    pub(crate) fn judge_client(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        self.clients.verify_client_cert(leaf, intermediates, now)?;
        self.check_revoked(leaf)
    }

    /// Refuses a certificate that was revoked, and one whose number cannot be read.
    pub(crate) fn check_revoked(&self, leaf: &CertificateDer<'_>) -> Result<(), rustls::Error> {
        let stated = Stated::read("a peer", leaf).map_err(|_| CertificateError::BadEncoding)?;
        if self.revoked.contains(&stated.serial) {
            return Err(CertificateError::Revoked.into());
        }
        Ok(())
    }

    /// What judges a server.
    pub(crate) fn servers(&self) -> &dyn ServerCertVerifier {
        self.servers.as_ref()
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels: Vec<_> = self.anchors.iter().map(|anchor| &anchor.label).collect();
        f.debug_struct("Trust").field("cas", &labels).field("revoked", &self.revoked).finish()
    }
}

/// Why a handshake would refuse a certificate, in our words.
fn refusal(cause: rustls::Error, stated: &Stated, now: UnixTime) -> Error {
    use CertificateError as Cause;

    let certificate = stated.label();
    match cause {
        rustls::Error::InvalidCertificate(Cause::Expired | Cause::ExpiredContext { .. }) => {
            let not_after = stated.validity.not_after();
            Error::CertificateExpired { certificate, not_after, now }
        }
        rustls::Error::InvalidCertificate(
            Cause::NotValidYet | Cause::NotValidYetContext { .. },
        ) => {
            let not_before = stated.validity.not_before();
            Error::CertificateNotYetValid { certificate, not_before, now }
        }
        // A foreign CA may call itself as ours does: then its signature gives it away.
        rustls::Error::InvalidCertificate(Cause::UnknownIssuer | Cause::BadSignature) => {
            Error::UnknownCa { certificate }
        }
        rustls::Error::InvalidCertificate(Cause::Revoked) => {
            Error::CertificateRevoked { certificate }
        }
        source => Error::VerifyCertificate { certificate, source },
    }
}

/// A bundle that can be exchanged while TLS uses it: the next handshake is judged by the new one.
/// Clones share the bundle.
#[derive(Clone, Debug)]
pub struct LiveTrust(Arc<RwLock<Arc<Trust>>>);

impl LiveTrust {
    /// Starts with `trust`.
    #[must_use]
    pub fn new(trust: Trust) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(trust))))
    }

    /// The bundle as it is now.
    #[must_use]
    pub fn current(&self) -> Arc<Trust> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Judges by `trust` from here on. Open connections stay: see [`Trust::recheck`].
    pub fn replace(&self, trust: Trust) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(trust);
    }
}
