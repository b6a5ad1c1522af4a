//! The certificate of a server, from an authority that is made for it and forgotten.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::server::TlsStream;

use super::Error;

/// Names under which clients reach an API server, beside its address.
const NAMES: [&str; 6] =
    ["127.0.0.1", "::1", "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"];
/// The certificates begin so long before now, for clocks that are behind.
const BEFORE: SignedDuration = SignedDuration::from_hours(24);
/// They end so long after now.
const AFTER: SignedDuration = SignedDuration::from_hours(10 * 365 * 24);
/// How long a client may take to agree on TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// A certificate with its key, and the authority that vouches for it.
#[derive(Clone)]
pub struct Identity {
    authority: Arc<str>,
    config: Arc<ServerConfig>,
}

impl Identity {
    /// A certificate for these addresses and names, and for `localhost`, of an authority whose key
    /// is thrown away.
    ///
    /// # Errors
    /// When a name is none, or the system has no randomness.
    pub fn generate<'a>(
        names: impl IntoIterator<Item = &'a str>,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let names: BTreeSet<&str> = names.into_iter().chain(NAMES).collect();
        let authority_key = KeyPair::generate()?;
        let mut authority = parameters("fulcrum apiserver authority", Vec::new(), now)?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::CrlSign,
        ];
        let root = authority.self_signed(&authority_key)?;
        let issuer = Issuer::new(authority, authority_key);

        let key = KeyPair::generate()?;
        let names = names.into_iter().map(ToOwned::to_owned).collect();
        let mut server = parameters("fulcrum apiserver", names, now)?;
        server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        server.use_authority_key_identifier_extension = true;
        let certificate = server.signed_by(&key, &issuer)?;

        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { authority: root.pem().into(), config: Arc::new(config) })
    }

    /// The certificate of the authority, as PEM: what a client has to trust.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Agrees on TLS with a client; `None` if that fails.
    pub(super) async fn accept(&self, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
        let acceptor = TlsAcceptor::from(Arc::clone(&self.config));
        tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await.ok()?.ok()
    }
}

/// Never shows the key.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("authority", &self.authority).finish_non_exhaustive()
    }
}

fn parameters(
    title: &str,
    names: Vec<String>,
    now: Timestamp,
) -> Result<CertificateParams, rcgen::Error> {
    let day = |moment: Timestamp| {
        let date = moment.to_zoned(TimeZone::UTC).date();
        date_time_ymd(
            i32::from(date.year()),
            date.month().unsigned_abs(),
            date.day().unsigned_abs(),
        )
    };
    let mut parameters = CertificateParams::new(names)?;
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, title);
    parameters.not_before = day(now.checked_sub(BEFORE).unwrap_or(now));
    parameters.not_after = day(now.checked_add(AFTER).unwrap_or(now));
    Ok(parameters)
}
