//! The CA of a cell, in a Secret, and the certificate of its listeners.

use std::collections::BTreeSet;
use std::sync::Arc;

use fulcrum_identity::{
    Ca, Credentials, Issued, Key, LiveTrust, Peer, Request, Serial, Terms, Trust,
};
use fulcrum_proto::v1;
use fulcrum_session::{Entropy, Uniform as _, time};
use k8s_openapi::api::core::v1::Secret;
use rustls::pki_types::UnixTime;

use crate::error::CellError;
use crate::settings::Settings;
use crate::store::{Store, bytes};

/// The Secret that has the CA: `tls.crt` and `tls.key`; under `ca.crt` further CAs that are trusted
/// while one is replaced; under `revoked` the serial numbers that are refused, one a line.
const SECRET: &str = "fulcrum-cell-ca";

/// The CA of a cell, and what its listeners show and trust.
pub(crate) struct Authority {
    ca: Ca,
    trust: LiveTrust,
    listener: Credentials,
    entropy: Arc<dyn Entropy>,
}

impl Authority {
    /// Takes the CA out of its Secret, or makes one where there is none.
    pub(crate) async fn open(
        store: &Store,
        settings: &Settings,
        entropy: Arc<dyn Entropy>,
        now: UnixTime,
    ) -> Result<Self, CellError> {
        let secret = match store.secret(SECRET).await? {
            Some(secret) => secret,
            None => Self::found(store, settings, entropy.as_ref(), now).await?,
        };
        let holder = format!("Secret {}/{SECRET}", settings.namespace);
        let ca = Ca::from_pem(&holder, bytes(&secret, "tls.crt")?, bytes(&secret, "tls.key")?)
            .map_err(CellError::identity("read the CA of the cell"))?;
        let trust = LiveTrust::new(trusted(&holder, &secret, &ca)?);
        let key = Key::from_seed(entropy.bytes32())
            .map_err(CellError::identity("make the key of the listeners"))?;
        let issued = listener(&ca, settings, &key, entropy.as_ref(), now)?;
        let listener = Credentials::new(issued.chain, &key)
            .map_err(CellError::identity("use the certificate of the listeners"))?;
        Ok(Self { ca, trust, listener, entropy })
    }

    /// Makes a CA. Where another cell was faster, its CA it is.
    async fn found(
        store: &Store,
        settings: &Settings,
        entropy: &dyn Entropy,
        now: UnixTime,
    ) -> Result<Secret, CellError> {
        let make = CellError::identity("make a CA for the cell");
        let key = Key::from_seed(entropy.bytes32()).map_err(&make)?;
        let serial = Serial::from_entropy(entropy.bytes16());
        let terms = Terms { now, lifetime: settings.ca_lifetime, serial };
        let ca = Ca::create(key, &terms).map_err(&make)?;
        let data = vec![
            ("tls.crt", ca.certificate_pem().into_bytes()),
            ("tls.key", ca.key_pem().expose().as_bytes().to_vec()),
        ];
        if let Some(secret) = store.write_secret(SECRET, None, data).await? {
            return Ok(secret);
        }
        store.secret(SECRET).await?.ok_or_else(|| CellError::Contended {
            object: format!("Secret {}/{SECRET}", settings.namespace),
        })
    }

    /// Whom the cell trusts now.
    pub(crate) fn trust(&self) -> &LiveTrust {
        &self.trust
    }

    /// What the listeners show.
    pub(crate) fn listener(&self) -> &Credentials {
        &self.listener
    }

    /// Replaces the certificate of the listeners where it is time to.
    pub(crate) fn renew_listener(
        &self,
        settings: &Settings,
        now: UnixTime,
    ) -> Result<bool, CellError> {
        if now < self.listener.validity().renew_after() {
            return Ok(false);
        }
        let key = Key::from_seed(self.entropy.bytes32())
            .map_err(CellError::identity("make the key of the listeners"))?;
        let issued = listener(&self.ca, settings, &key, self.entropy.as_ref(), now)?;
        self.listener
            .replace(issued.chain, &key)
            .map_err(CellError::identity("use the certificate of the listeners"))?;
        Ok(true)
    }

    /// Trusts and refuses what the Secret says now.
    pub(crate) async fn refresh(
        &self,
        store: &Store,
        settings: &Settings,
    ) -> Result<(), CellError> {
        let holder = format!("Secret {}/{SECRET}", settings.namespace);
        if let Some(secret) = store.secret(SECRET).await? {
            self.trust.replace(trusted(&holder, &secret, &self.ca)?);
        }
        Ok(())
    }

    /// The bundle by which agents judge the cell, PEM.
    pub(crate) fn bundle(&self) -> String {
        self.trust.current().to_pem()
    }

    /// Issues a certificate to the agent of `identity`.
    pub(crate) fn issue(
        &self,
        request: &Request,
        identity: &fulcrum_identity::Identity,
        settings: &Settings,
        now: UnixTime,
    ) -> Result<v1::Certificate, CellError> {
        let serial = Serial::from_entropy(self.entropy.bytes16());
        let terms = Terms { now, lifetime: settings.client_lifetime, serial };
        let issued = self
            .ca
            .issue_client(request, identity, &terms)
            .map_err(CellError::identity("issue a certificate to an agent"))?;
        let trust = self.trust.current();
        Ok(v1::Certificate {
            not_after_ms: time::millis(issued.validity.not_after()),
            renew_at_ms: time::millis(issued.validity.renew_after()),
            chain: issued.chain.iter().map(|der| der.to_vec()).collect(),
            trust: trust.certificates().map(|der| der.to_vec()).collect(),
        })
    }

    /// Whether the certificate of an open session still holds (T3).
    pub(crate) fn recheck(
        &self,
        peer: &Peer,
        now: UnixTime,
    ) -> Result<(), fulcrum_identity::Error> {
        self.trust.current().recheck(peer, now)
    }
}

fn listener(
    ca: &Ca,
    settings: &Settings,
    key: &Key,
    entropy: &dyn Entropy,
    now: UnixTime,
) -> Result<Issued, CellError> {
    let hosts: Vec<&str> = settings.hosts.iter().map(String::as_str).collect();
    let serial = Serial::from_entropy(entropy.bytes16());
    let terms = Terms { now, lifetime: settings.listener_lifetime, serial };
    ca.issue_server(key, &hosts, &terms)
        .map_err(CellError::identity("issue the certificate of the listeners"))
}

fn trusted(holder: &str, secret: &Secret, ca: &Ca) -> Result<Trust, CellError> {
    let read = CellError::identity("read whom the cell trusts");
    let mut trust = Trust::new([ca.certificate().clone()]).map_err(&read)?;
    if let Ok(more) = bytes(secret, "ca.crt") {
        for certificate in Trust::from_pem(holder, more).map_err(&read)?.certificates() {
            trust = trust.with(certificate.clone()).map_err(&read)?;
        }
    }
    let mut revoked = BTreeSet::new();
    if let Ok(list) = bytes(secret, "revoked") {
        let text = String::from_utf8_lossy(list);
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let serial = Serial::parse(line).ok_or_else(|| CellError::Incomplete {
                object: holder.to_owned(),
                field: "serial number in every line of `revoked`",
            })?;
            revoked.insert(serial);
        }
    }
    Ok(trust.with_revoked(revoked))
}
