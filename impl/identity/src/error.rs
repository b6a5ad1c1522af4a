//! Everything that can go wrong here. No text holds a key or a token.

use rustls::pki_types::UnixTime;

use crate::moment::Utc;
use crate::name::{ClusterName, Identity, Lineage};

/// What could not be done, and with what. The text of a cause is in the source, not here.
///
/// The variants on tokens say why one was refused. That is for the log of the cell: what it answers
/// is `PERMISSION_DENIED` and does not say which (see `Enrolment.Enrol` of the protocol).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Text is no name that a cluster or a namespace can have.
    #[error(
        "take {text:?} as the {part} of a cluster: it is not 1 to 63 lower-case letters, digits \
         and hyphens, or such labels with dots between them where it is a name"
    )]
    ParseName {
        /// `name` or `namespace`.
        part: &'static str,
        /// The text.
        text: String,
    },
    /// Text is no lineage.
    #[error("parse the lineage {text:?}: it is not 32 lower-case hexadecimal digits")]
    ParseLineage {
        /// The text.
        text: String,
    },
    /// A key could not be made.
    #[error("make a key")]
    MakeKey {
        /// What the cryptography says.
        source: rcgen::Error,
    },
    /// A key could not be read.
    #[error("parse the key of {holder}: {reason}")]
    ParseKey {
        /// Whose key.
        holder: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A certificate could not be read.
    #[error("parse the certificate of {certificate}: {reason}")]
    ParseCertificate {
        /// Whose certificate, or where it was found.
        certificate: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A certificate and a private key are not a pair.
    #[error("pair the certificate of {holder} with its key: the key belongs to another one")]
    MatchKey {
        /// Whose they are.
        holder: String,
    },
    /// A certificate that should be a CA's is none.
    #[error("use {certificate} as a CA: it may not sign certificates")]
    NotACa {
        /// The certificate.
        certificate: String,
    },
    /// A CA does not hold at the time at which it should issue.
    #[error("issue from {ca} at {}: it ends at {}", Utc(*.now), Utc(*.not_after))]
    CaExpired {
        /// The CA.
        ca: String,
        /// When it should issue.
        now: UnixTime,
        /// Its last second.
        not_after: UnixTime,
    },
    /// A certificate could not be signed.
    #[error("issue a certificate for {holder}")]
    Issue {
        /// For whom.
        holder: String,
        /// What the cryptography says.
        source: rcgen::Error,
    },
    /// Text is no host that a server certificate can name.
    #[error("take {host:?} as a host of a server certificate: it is no DNS name and no IP address")]
    ParseHost {
        /// The text.
        host: String,
    },
    /// A server certificate was asked for without a host.
    #[error("issue a server certificate: it names no host")]
    NoHost,
    /// A signing request could not be made.
    #[error("make a signing request for {cluster}")]
    MakeRequest {
        /// The cluster.
        cluster: String,
        /// What the cryptography says.
        source: rcgen::Error,
    },
    /// A signing request could not be read, or its signature is not by its own key.
    #[error("read a signing request")]
    ReadRequest {
        /// What is wrong with it.
        source: rcgen::Error,
    },
    /// A signing request is for a key of another kind than P-256 or Ed25519.
    #[error("read a signing request: its key is neither P-256 nor Ed25519")]
    RequestKey,
    /// A signing request does not name the cluster that it is for.
    #[error("sign a request for {cluster}: it names {found}")]
    RequestNames {
        /// The cluster for which a certificate was to be issued.
        cluster: ClusterName,
        /// What the request names.
        found: String,
    },
    /// The entropy of a new token was there before.
    #[error("make a token for {identity}: its entropy was used before")]
    TokenRepeated {
        /// For whom.
        identity: Identity,
    },
    /// No token of that text was made, or it was forgotten since.
    #[error("redeem a token for {cluster:?}: there is no such token")]
    TokenUnknown {
        /// The name that was given with it.
        cluster: String,
    },
    /// The token was made for another cluster.
    #[error("redeem a token for {asked:?}: it was made for {identity}")]
    TokenOfOtherCluster {
        /// For whom it was made.
        identity: Identity,
        /// The name that was given with it.
        asked: String,
    },
    /// The token was made for another lineage of the cluster.
    #[error("redeem a token for lineage {asked}: it was made for {identity}")]
    TokenOfOtherLineage {
        /// For whom it was made.
        identity: Identity,
        /// The lineage that was given with it.
        asked: Lineage,
    },
    /// The token was used before, for another key.
    #[error("redeem the token of {identity}: it was used at {}, for another key", Utc(*.at))]
    TokenUsed {
        /// For whom it was made.
        identity: Identity,
        /// When it was used.
        at: UnixTime,
    },
    /// The token is too old.
    #[error("redeem the token of {identity} at {}: it expired at {}", Utc(*.now), Utc(*.at))]
    TokenExpired {
        /// For whom it was made.
        identity: Identity,
        /// The first second in which it no longer holds.
        at: UnixTime,
        /// When it was tried.
        now: UnixTime,
    },
    /// Stored tokens could not be read back.
    #[error("read the stored tokens")]
    ParseTokens {
        /// What is wrong with them.
        source: serde_json::Error,
    },
    /// A stored token makes no sense.
    #[error("read the stored tokens: token {index} has no {field} that can be read")]
    StoredToken {
        /// Its place among them, from 0.
        index: usize,
        /// The field.
        field: &'static str,
    },
    /// The stored tokens were written by another version of this crate.
    #[error("read the stored tokens: their version is {found}, not {expected}")]
    StoredVersion {
        /// Their version.
        found: u32,
        /// The version that is understood.
        expected: u32,
    },
    /// A bundle has no CA.
    #[error("trust a bundle of CAs: it has none")]
    NoCa,
    /// A CA could not be trusted.
    #[error("trust the CA {certificate}")]
    TrustCa {
        /// The CA.
        certificate: String,
        /// What is wrong with it.
        source: rustls::Error,
    },
    /// A peer showed no certificate.
    #[error("name the peer: it showed no certificate")]
    NoCertificate,
    /// The certificate of a peer was not issued by a CA that is trusted.
    #[error("accept {certificate}: no trusted CA issued it")]
    UnknownCa {
        /// The certificate.
        certificate: String,
    },
    /// The certificate of a peer has expired.
    #[error("accept {certificate} at {}: it expired at {}", Utc(*.now), Utc(*.not_after))]
    CertificateExpired {
        /// The certificate.
        certificate: String,
        /// Its last second.
        not_after: UnixTime,
        /// When it was judged.
        now: UnixTime,
    },
    /// The certificate of a peer does not hold yet.
    #[error("accept {certificate} at {}: it holds from {}", Utc(*.now), Utc(*.not_before))]
    CertificateNotYetValid {
        /// The certificate.
        certificate: String,
        /// Its first second.
        not_before: UnixTime,
        /// When it was judged.
        now: UnixTime,
    },
    /// The certificate of a peer was revoked.
    #[error("accept {certificate}: it was revoked")]
    CertificateRevoked {
        /// The certificate.
        certificate: String,
    },
    /// The certificate of a peer was refused for another reason, such as its purpose.
    #[error("accept {certificate}")]
    VerifyCertificate {
        /// The certificate.
        certificate: String,
        /// The reason.
        source: rustls::Error,
    },
    /// The certificate of a peer does not say which cluster it is.
    #[error("read which cluster {certificate} is: {reason}")]
    UnnamedPeer {
        /// The certificate.
        certificate: String,
        /// What is missing or wrong.
        reason: String,
    },
    /// A message of a peer names another cluster than its certificate (rule T2).
    #[error("take a message of {peer}: it names {named:?}")]
    OtherCluster {
        /// Who sent it, by certificate.
        peer: Identity,
        /// The cluster, or the lineage, that the message names.
        named: String,
    },
    /// A certificate chain and a key could not be used for TLS.
    #[error("use the certificate of {holder} for TLS")]
    UseCredentials {
        /// Whose they are.
        holder: String,
        /// The reason.
        source: rustls::Error,
    },
    /// TLS could not be configured.
    #[error("configure TLS of the {side}")]
    ConfigureTls {
        /// `server` or `client`.
        side: &'static str,
        /// The reason.
        source: rustls::Error,
    },
}
