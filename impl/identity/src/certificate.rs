//! Certificates as they are issued, and what one in DER states.

use rustls::pki_types::{CertificateDer, UnixTime};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::time::ASN1Time;

use crate::error::Error;
use crate::key::KeyDigest;
use crate::serial::Serial;
use crate::validity::Validity;
use crate::{moment, pem};

/// How much of a foreign common name an error quotes.
const QUOTED: usize = 64;

/// A certificate that a CA issued, with what its issuer knows of it.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The certificate, and after it those that lead to the CA; DER, the leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    /// Its serial number, by which it can be revoked.
    pub serial: Serial,
    /// From when to when it holds.
    pub validity: Validity,
}

impl Issued {
    /// The chain as PEM sections, the leaf first.
    #[must_use]
    pub fn to_pem(&self) -> String {
        self.chain.iter().map(|der| pem::encode("CERTIFICATE", der)).collect()
    }
}

/// What a certificate states of itself. Whether any of it is true is another question.
pub(crate) struct Stated {
    common_names: Vec<String>,
    pub(crate) dns_names: Vec<String>,
    pub(crate) uris: Vec<String>,
    pub(crate) serial: Serial,
    pub(crate) validity: Validity,
    /// The public key with its algorithm, in DER.
    public_key: Vec<u8>,
    /// Whether it says that it may sign certificates.
    pub(crate) is_ca: bool,
}

impl Stated {
    /// Reads `der`; `what` names it in an error, for as long as its own name is not known.
    pub(crate) fn read(what: &str, der: &[u8]) -> Result<Self, Error> {
        let fault = |reason: &str| Error::ParseCertificate {
            certificate: what.to_owned(),
            reason: reason.to_owned(),
        };
        let (rest, read) = x509_parser::parse_x509_certificate(der)
            .map_err(|_| fault("it is no X.509 certificate in DER"))?;
        if !rest.is_empty() {
            return Err(fault("something follows it"));
        }
        let (dns_names, uris) = alternative_names(&read)
            .ok_or_else(|| fault("its subject alternative names cannot be read"))?;
        let common_names = read
            .subject()
            .iter_common_name()
            .map(|name| name.as_str().map(str::to_owned))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| fault("its common name is no text"))?;
        let validity = read.validity();
        Ok(Self {
            common_names,
            dns_names,
            uris,
            serial: Serial::of_der(read.raw_serial()),
            validity: Validity::stated(seconds(validity.not_before), seconds(validity.not_after)),
            public_key: read.public_key().raw.to_vec(),
            is_ca: read.is_ca(),
        })
    }

    /// Its common name, where it has exactly one.
    pub(crate) fn common_name(&self) -> Option<&str> {
        match self.common_names.as_slice() {
            [name] => Some(name),
            _ => None,
        }
    }

    /// The digest of its public key.
    pub(crate) fn key(&self) -> KeyDigest {
        KeyDigest::of(&self.public_key)
    }

    /// How an error calls it: whoever made it chose its name, so that is quoted and cut.
    pub(crate) fn label(&self) -> String {
        let name: String = self.common_name().unwrap_or_default().chars().take(QUOTED).collect();
        format!("the certificate {name:?}, serial {}", self.serial)
    }
}

/// The DNS names and URIs among the alternative names; nothing if they are malformed.
fn alternative_names(certificate: &X509Certificate<'_>) -> Option<(Vec<String>, Vec<String>)> {
    let (mut hosts, mut uris) = (Vec::new(), Vec::new());
    if let Some(extension) = certificate.subject_alternative_name().ok()? {
        for name in &extension.value.general_names {
            match name {
                GeneralName::DNSName(host) => hosts.push((*host).to_owned()),
                GeneralName::URI(uri) => uris.push((*uri).to_owned()),
                GeneralName::Invalid(..) => return None,
                _ => {}
            }
        }
    }
    Some((hosts, uris))
}

/// A time of a certificate; what lies before 1970 is taken for its first second.
fn seconds(time: ASN1Time) -> UnixTime {
    moment::at(u64::try_from(time.timestamp()).unwrap_or_default())
}
