//! A certificate with its key, which can be exchanged while TLS uses it.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::CertificateDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::provider;
use crate::certificate::Stated;
use crate::error::Error;
use crate::key::Key;
use crate::validity::Validity;

/// A certificate chain with its key, as a side shows it. After [`Credentials::replace`] the next
/// handshake shows the new one; open connections stay (rule T6). Clones share it.
#[derive(Clone)]
pub struct Credentials(Arc<RwLock<Arc<Held>>>);

/// What is shown at one time.
struct Held {
    label: String,
    validity: Validity,
    certified: Arc<CertifiedKey>,
}

impl Held {
    fn new(chain: Vec<CertificateDer<'static>>, key: &Key) -> Result<Self, Error> {
        let leaf = chain.first().ok_or(Error::NoCertificate)?;
        let stated = Stated::read("this side", leaf)?;
        let label = stated.label();
        if stated.key() != key.digest() {
            return Err(Error::MatchKey { holder: label });
        }
        let certified = CertifiedKey::from_der(chain, key.to_der(), &provider())
            .map_err(|source| Error::UseCredentials { holder: label.clone(), source })?;
        Ok(Self { label, validity: stated.validity, certified: Arc::new(certified) })
    }
}

impl Credentials {
    /// Shows `chain`, DER, the leaf first, which is for `key`.
    ///
    /// # Errors
    ///
    /// [`Error::NoCertificate`]: the chain is empty. [`Error::ParseCertificate`]: the leaf cannot
    /// be read. [`Error::MatchKey`]: it is for another key. [`Error::UseCredentials`]: rustls
    /// refuses them.
    pub fn new(chain: Vec<CertificateDer<'static>>, key: &Key) -> Result<Self, Error> {
        Ok(Self(Arc::new(RwLock::new(Arc::new(Held::new(chain, key)?)))))
    }

    /// Shows another chain from here on. On an error the present one stays.
    ///
    /// # Errors
    ///
    /// As [`Credentials::new`].
    pub fn replace(&self, chain: Vec<CertificateDer<'static>>, key: &Key) -> Result<(), Error> {
        let held = Arc::new(Held::new(chain, key)?);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = held;
        Ok(())
    }

    /// From when to when the present certificate holds.
    #[must_use]
    pub fn validity(&self) -> Validity {
        self.held().validity
    }

    fn held(&self) -> Arc<Held> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.held().certified)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = self.held();
        f.debug_struct("Credentials")
            .field("certificate", &held.label)
            .field("validity", &held.validity)
            .finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Credentials {
    fn resolve(&self, _client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.certified())
    }
}

impl ResolvesClientCert for Credentials {
    fn resolve(
        &self,
        _root_hint_subjects: &[&[u8]],
        _sigschemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        Some(self.certified())
    }

    fn has_certs(&self) -> bool {
        true
    }
}
