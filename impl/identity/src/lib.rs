//! Who a cluster is on the wire: the CA of a cell, the enrolment of an agent with a one-time token,
//! its certificates and their renewal, and the TLS of both sides (rules T2, T3, T6, T7).
//!
//! **Invariant:** nothing here reads a clock. Every function that judges or issues takes `now`; the
//! TLS configurations take a [`rustls::time_provider::TimeProvider`], so a simulator's time holds
//! for handshakes too.
//!
//! **Invariant:** tokens, serial numbers and lineages are made from entropy that is handed in. Keys
//! are too where the caller wishes ([`Key::from_seed`], Ed25519); [`Key::generate`] (P-256) is the
//! one thing here that draws from the operating system, beside the handshakes of TLS themselves.
//!
//! **Invariant:** no private key and no token is in a `Debug` text or an error. A key never leaves
//! the agent: what crosses the wire is a signing request.
//!
//! **Invariant:** no I/O. The cell stores what [`Ca`], [`Tokens`] and [`Trust`] serialise to.
//!
//! To read, in this order:
//!
//! 1. [`ClusterName`], [`Lineage`], [`Identity`]: what a certificate says, and how;
//! 2. [`Key`], [`Request`]: what an agent makes; [`Validity`]: how long, and when to renew;
//! 3. [`Ca`]: issues to agents and cells;
//! 4. [`Tokens`]: one-time tokens as a state machine;
//! 5. [`Trust`], [`Peer`]: a bundle of CAs, and whom it lets one talk to;
//! 6. [`Credentials`], [`LiveTrust`], [`server_config`], [`client_config`]: TLS whose certificates
//!    and CAs are exchanged under open connections.
//!
//! Start from [`Ca`] for certificates, from [`Tokens`] for enrolment, from [`Trust::peer`] for who
//! is calling.
//!
//! # How a CA is replaced
//!
//! 1. Make the new CA. Both sides trust old and new ([`Trust::with`], [`LiveTrust::replace`]);
//!    agents learn the bundle with their next certificate.
//! 2. When every agent has the bundle, issue from the new CA only.
//! 3. When the last certificate of the old CA was renewed or has expired, drop the old CA
//!    ([`Trust::without`]).

mod ca;
mod certificate;
mod error;
mod hex;
mod key;
mod moment;
mod name;
mod peer;
mod pem;
mod request;
mod secret;
mod serial;
mod tls;
mod token;
mod trust;
mod validity;

pub use ca::{Ca, Terms};
pub use certificate::Issued;
pub use error::Error;
pub use key::{Key, KeyDigest};
pub use name::{ClusterName, Identity, Lineage};
pub use peer::Peer;
pub use request::Request;
pub use secret::Secret;
pub use serial::Serial;
pub use tls::{ALPN, ClientAuth, Credentials, client_config, provider, server_config};
pub use token::{Redemption, Token, Tokens};
pub use trust::{LiveTrust, Trust};
pub use validity::Validity;
