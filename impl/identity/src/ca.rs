//! A certificate authority of a cell.

use std::fmt;
use std::time::Duration;

use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData, SanType, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use crate::certificate::{Issued, Stated};
use crate::error::Error;
use crate::key::Key;
use crate::name::Identity;
use crate::pem;
use crate::request::{Request, common_name};
use crate::secret::Secret;
use crate::serial::Serial;
use crate::validity::Validity;

/// How the common name of a CA begins; digits of its serial number follow, so that an old CA and a
/// new one have different names.
const NAME: &str = "fulcrum cell CA";

/// When a certificate is made, for how long, and under which number.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The time at which it is made.
    pub now: UnixTime,
    /// How long it holds from then on; cut where its CA ends.
    pub lifetime: Duration,
    /// Its serial number.
    pub serial: Serial,
}

impl Terms {
    fn validity(&self) -> Validity {
        Validity::starting(self.now, self.lifetime)
    }
}

/// A CA with its key: it issues to the agents and the listeners of one cell.
pub struct Ca {
    name: String,
    certificate: CertificateDer<'static>,
    validity: Validity,
    issuer: Issuer<'static, KeyPair>,
}

impl Ca {
    /// A new CA for `key`, under which no other CA can stand.
    ///
    /// # Errors
    ///
    /// [`Error::Issue`]: the key did not sign.
    pub fn create(key: Key, terms: &Terms) -> Result<Self, Error> {
        let digits: String = terms.serial.to_string().chars().take(16).collect();
        let name = format!("{NAME} {digits}");
        let mut params = parameters(&name, terms, terms.validity());
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params
            .self_signed(key.pair())
            .map_err(|source| Error::Issue { holder: name.clone(), source })?;
        Self::assemble(&name, certificate.into(), key)
    }

    /// The CA whose certificate and key are in `certificate` and `key`, both PEM; `holder`, such as
    /// the name of the Secret that has them, names them in an error. Of several certificates the
    /// first counts.
    ///
    /// # Errors
    ///
    /// [`Error::ParseCertificate`], [`Error::ParseKey`]: one cannot be read. [`Error::NotACa`]: the
    /// certificate may not sign others. [`Error::MatchKey`]: the key is another one's.
    pub fn from_pem(holder: &str, certificate: &[u8], key: &[u8]) -> Result<Self, Error> {
        let found = pem::certificates(holder, certificate)?;
        let key = Key::from_pem(holder, key)?;
        let first = found.into_iter().next().expect("a text without certificates was refused");
        Self::assemble(holder, first, key)
    }

    fn assemble(holder: &str, der: CertificateDer<'static>, key: Key) -> Result<Self, Error> {
        let stated = Stated::read(holder, &der)?;
        if !stated.is_ca {
            return Err(Error::NotACa { certificate: format!("{holder}, {}", stated.label()) });
        }
        if stated.key() != key.digest() {
            return Err(Error::MatchKey { holder: holder.to_owned() });
        }
        let issuer = Issuer::from_ca_cert_der(&der, key.into_pair()).map_err(|source| {
            Error::ParseCertificate { certificate: holder.to_owned(), reason: source.to_string() }
        })?;
        let name = stated.common_name().unwrap_or(holder).to_owned();
        Ok(Self { name, certificate: der, validity: stated.validity, issuer })
    }

    /// Its certificate, for those who trust it.
    #[must_use]
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// Its certificate as a PEM section.
    #[must_use]
    pub fn certificate_pem(&self) -> String {
        pem::encode("CERTIFICATE", &self.certificate)
    }

    /// Its key as a PEM section, for the Secret that keeps it.
    #[must_use]
    pub fn key_pem(&self) -> Secret {
        Secret::new(pem::encode("PRIVATE KEY", self.issuer.key().serialized_der()))
    }

    /// From when to when it holds.
    #[must_use]
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// Issues to the agent of `identity` the certificate that it asks for, a client's.
    ///
    /// The names are those of `identity`: the common name and a DNS name are the name of the
    /// cluster, and [`Identity::uri`] has the namespace and the lineage. The request must name the
    /// cluster, and gives the key; nothing else is taken from it.
    ///
    /// # Errors
    ///
    /// [`Error::RequestNames`]: the request is another cluster's. [`Error::CaExpired`]: this CA is
    /// too old. [`Error::Issue`]: the key did not sign.
    pub fn issue_client(
        &self,
        request: &Request,
        identity: &Identity,
        terms: &Terms,
    ) -> Result<Issued, Error> {
        request.check_names(&identity.cluster)?;
        let name = identity.cluster.name();
        let ascii = |text: String| {
            Ia5String::try_from(text)
                .map_err(|source| Error::Issue { holder: identity.to_string(), source })
        };
        let names =
            vec![SanType::DnsName(ascii(name.to_owned())?), SanType::URI(ascii(identity.uri())?)];
        self.issue(request.public_key(), (name, names), ExtendedKeyUsagePurpose::ClientAuth, terms)
    }

    /// Issues a server certificate for a listener of the cell with `key`, under each of `hosts`: a
    /// DNS name or an IP address. The first is the common name too.
    ///
    /// # Errors
    ///
    /// [`Error::NoHost`], [`Error::ParseHost`]: there is no host, or one is none.
    /// [`Error::CaExpired`]: this CA is too old. [`Error::Issue`]: the key did not sign.
    pub fn issue_server(&self, key: &Key, hosts: &[&str], terms: &Terms) -> Result<Issued, Error> {
        let first = *hosts.first().ok_or(Error::NoHost)?;
        let names =
            hosts.iter().map(|host| alternative_name(host)).collect::<Result<Vec<_>, _>>()?;
        self.issue(key.pair(), (first, names), ExtendedKeyUsagePurpose::ServerAuth, terms)
    }

    fn issue(
        &self,
        key: &impl PublicKeyData,
        (name, names): (&str, Vec<SanType>),
        purpose: ExtendedKeyUsagePurpose,
        terms: &Terms,
    ) -> Result<Issued, Error> {
        let not_after = self.validity.not_after();
        if terms.now > not_after {
            return Err(Error::CaExpired { ca: self.name.clone(), now: terms.now, not_after });
        }
        let validity = terms.validity().within(self.validity);
        let mut params = parameters(name, terms, validity);
        params.is_ca = IsCa::ExplicitNoCa;
        params.subject_alt_names = names;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![purpose];
        params.use_authority_key_identifier_extension = true;
        let certificate = params
            .signed_by(key, &self.issuer)
            .map_err(|source| Error::Issue { holder: name.to_owned(), source })?;
        Ok(Issued { chain: vec![certificate.into()], serial: terms.serial.clone(), validity })
    }
}

impl fmt::Debug for Ca {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ca")
            .field("name", &self.name)
            .field("validity", &self.validity)
            .finish_non_exhaustive()
    }
}

/// What every certificate states.
fn parameters(name: &str, terms: &Terms, validity: Validity) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = common_name(name);
    params.serial_number = Some(terms.serial.as_bytes().to_vec().into());
    // Every `Validity` ends before the year 10000, where these sums would overflow.
    let epoch = date_time_ymd(1970, 1, 1);
    params.not_before = epoch + Duration::from_secs(validity.not_before().as_secs());
    params.not_after = epoch + Duration::from_secs(validity.not_after().as_secs());
    params
}

/// A host as an alternative name.
fn alternative_name(host: &str) -> Result<SanType, Error> {
    let fault = || Error::ParseHost { host: host.to_owned() };
    match ServerName::try_from(host).map_err(|_| fault())? {
        ServerName::DnsName(name) => {
            Ia5String::try_from(name.as_ref()).map(SanType::DnsName).map_err(|_| fault())
        }
        ServerName::IpAddress(address) => Ok(SanType::IpAddress(address.into())),
        _ => Err(fault()),
    }
}

#[cfg(test)]
mod tests;
