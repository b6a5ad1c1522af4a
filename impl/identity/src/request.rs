//! Signing requests: what an agent sends so that its key need not leave it.

use rcgen::string::Ia5String;
use rcgen::{
    CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType, DnValue,
    PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PublicKey, PublicKeyData, SanType,
};
use rustls::pki_types::CertificateSigningRequestDer;

use crate::error::Error;
use crate::key::{Key, KeyDigest};
use crate::name::{self, ClusterName};

/// The length of a P-256 public key, an uncompressed point.
const P256_POINT: usize = 65;

/// The length of an Ed25519 public key.
const ED25519_POINT: usize = 32;

/// A signing request that was read, and whose signature is by the key that it is for.
///
/// Of what it asks for, only the key is granted. Its names are compared, and everything else, such
/// as key usages or being a CA, is passed over.
#[derive(Debug)]
pub struct Request {
    public_key: PublicKey,
    common_name: Option<String>,
    dns_names: Vec<String>,
}

impl Request {
    /// Makes the request of the cluster `name`, PKCS 10 in DER, signed by `key`. The name stands in
    /// it as the common name and as a DNS name.
    ///
    /// # Errors
    ///
    /// [`Error::ParseName`]: a Cluster cannot be called that. [`Error::MakeRequest`]: the key did
    /// not sign.
    pub fn sign(key: &Key, name: &str) -> Result<Vec<u8>, Error> {
        name::check_name(name)?;
        let fault = |source| Error::MakeRequest { cluster: name.to_owned(), source };
        let mut params = CertificateParams::default();
        params.distinguished_name = common_name(name);
        params.subject_alt_names =
            vec![SanType::DnsName(Ia5String::try_from(name).map_err(fault)?)];
        let request = params.serialize_request(key.pair()).map_err(fault)?;
        Ok(request.der().to_vec())
    }

    /// Reads `der` and verifies that it is signed by its own key.
    ///
    /// # Errors
    ///
    /// [`Error::ReadRequest`]: it is no PKCS 10, asks for an unknown extension, or is not signed by
    /// its key. [`Error::RequestKey`]: the key is neither P-256 nor Ed25519.
    pub fn read(der: &[u8]) -> Result<Self, Error> {
        let read = CertificateSigningRequestParams::from_der(&CertificateSigningRequestDer::from(
            der.to_vec(),
        ))
        .map_err(|source| Error::ReadRequest { source })?;
        // rcgen takes the algorithm of the signature for that of the key, so the length is what
        // tells a P-384 key.
        let kind = PublicKeyData::algorithm(&read.public_key);
        let length = read.public_key.der_bytes().len();
        let known = (*kind == PKCS_ECDSA_P256_SHA256 && length == P256_POINT)
            || (*kind == PKCS_ED25519 && length == ED25519_POINT);
        if !known {
            return Err(Error::RequestKey);
        }
        let dns_names = read.params.subject_alt_names.iter().filter_map(|name| match name {
            SanType::DnsName(name) => Some(name.as_str().to_owned()),
            _ => None,
        });
        Ok(Self {
            common_name: read.params.distinguished_name.get(&DnType::CommonName).and_then(text),
            dns_names: dns_names.collect(),
            public_key: read.public_key,
        })
    }

    /// The digest of the key that a certificate is asked for.
    #[must_use]
    pub fn key(&self) -> KeyDigest {
        KeyDigest::of(&self.public_key.subject_public_key_info())
    }

    /// Whether it names `cluster` and nothing else.
    ///
    /// # Errors
    ///
    /// [`Error::RequestNames`]: it does not.
    pub fn check_names(&self, cluster: &ClusterName) -> Result<(), Error> {
        let common = self.common_name.as_deref();
        if common == Some(cluster.name()) && self.dns_names == [cluster.name()] {
            return Ok(());
        }
        let found = format!("{:?} and the hosts {:?}", common.unwrap_or_default(), self.dns_names);
        Err(Error::RequestNames { cluster: cluster.clone(), found })
    }

    /// The key that a certificate is asked for.
    pub(crate) fn public_key(&self) -> &PublicKey {
        &self.public_key
    }
}

/// A distinguished name of a common name alone.
pub(crate) fn common_name(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// The value of a distinguished name in one of the usual two kinds of string.
fn text(value: &DnValue) -> Option<String> {
    match value {
        DnValue::Utf8String(text) => Some(text.clone()),
        DnValue::PrintableString(text) => Some(text.as_str().to_owned()),
        _ => None,
    }
}
