//! The TLS of both sides: 1.3 only, HTTP/2 only, ring, the clock that is handed in.
//!
//! **Invariant:** no session is ever resumed. With its defaults rustls resumes one without a look
//! at the client's certificate, so that an expired one is accepted (rule T3).

mod credentials;
mod verifier;

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::server::NoServerSessionStorage;
use rustls::time_provider::TimeProvider;
use rustls::version::TLS13;
use rustls::{ClientConfig, ServerConfig};

pub use self::credentials::Credentials;
use self::verifier::{Clients, Servers};
use crate::error::Error;
use crate::trust::LiveTrust;

/// The one application protocol that is offered and accepted: HTTP/2, on which gRPC stands.
pub const ALPN: &[u8] = b"h2";

/// What a listener asks of its clients.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClientAuth {
    /// A certificate of a trusted CA, judged in the handshake. A client that is refused sees a TLS
    /// alert and no status.
    Required,
    /// None, but one that is shown is judged in the handshake: for the listener of `Enrolment`.
    Optional,
    /// None in the handshake, which proves only that the client has the key of the certificate that
    /// it shows. **Every call must then be judged** by [`Trust::peer`](crate::Trust::peer): so can
    /// the gRPC status say why a certificate was refused, as rule T3 asks.
    Deferred,
}

/// The cryptography of both sides: ring, named wherever rustls would else look for a default.
///
/// Its `secure_random` is a source of the entropy that tokens, serial numbers and lineages take.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// A listener of a cell, which shows `credentials` and judges clients by `trust` at the time that
/// `time` tells. Both may be replaced later; the configuration stays.
///
/// # Errors
///
/// [`Error::ConfigureTls`]: the provider has no TLS 1.3.
pub fn server_config(
    credentials: &Credentials,
    trust: &LiveTrust,
    clients: ClientAuth,
    time: Arc<dyn TimeProvider>,
) -> Result<ServerConfig, Error> {
    let provider = provider();
    let mut config = ServerConfig::builder_with_details(Arc::clone(&provider), time)
        .with_protocol_versions(&[&TLS13])
        .map_err(|source| Error::ConfigureTls { side: "server", source })?
        .with_client_cert_verifier(Arc::new(Clients::new(trust.clone(), clients, provider)))
        .with_cert_resolver(Arc::new(credentials.clone()));
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// An agent that dials a cell: it judges the cell by `trust` at the time that `time` tells, and
/// shows `credentials`; none where it comes to be enrolled. Both may be replaced later; the
/// configuration stays.
///
/// With TLS 1.3 a client's handshake is over before the server has judged its certificate. A
/// refusal shows only when the client next reads.
///
/// # Errors
///
/// [`Error::ConfigureTls`]: the provider has no TLS 1.3.
pub fn client_config(
    credentials: Option<&Credentials>,
    trust: &LiveTrust,
    time: Arc<dyn TimeProvider>,
) -> Result<ClientConfig, Error> {
    let provider = provider();
    let builder = ClientConfig::builder_with_details(Arc::clone(&provider), time)
        .with_protocol_versions(&[&TLS13])
        .map_err(|source| Error::ConfigureTls { side: "client", source })?
        .dangerous()
        // Not to judge less: to judge by a bundle that can be replaced.
        .with_custom_certificate_verifier(Arc::new(Servers::new(trust.clone(), provider)));
    let mut config = match credentials {
        Some(credentials) => builder.with_client_cert_resolver(Arc::new(credentials.clone())),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.resumption = Resumption::disabled();
    Ok(config)
}
