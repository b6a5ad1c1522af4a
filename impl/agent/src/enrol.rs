//! How an agent comes by its certificate: by a one-time token, and by the one that it has.

use fulcrum_identity::{
    Credentials, Key, LiveTrust, Request as SigningRequest, Secret, Trust, client_config,
};
use fulcrum_proto::v1;
use fulcrum_proto::v1::enrolment_client::EnrolmentClient;
use fulcrum_proto::v1::pivot_client::PivotClient;
use fulcrum_session::Uniform as _;
use fulcrum_session::time::HandshakeClock;
use tokio::time::timeout;
use tonic::transport::Channel;

use crate::agent::Parts;
use crate::connect::{KeepAlive, Listener, dial};
use crate::error::AgentError;
use crate::keep::{Keep, Kept, chain_of};
use crate::settings::Settings;

/// What an operator hands to an agent, to enrol it.
#[derive(Clone, Debug)]
pub struct Invited {
    /// The one-time token.
    pub token: Secret,
    /// The CAs of the cell, PEM.
    pub ca: String,
}

/// Where the invitation is. It is asked each time, since the way back of a cluster whose certificate
/// expired is a new one (rule T7).
pub trait Invitation: Send + Sync {
    /// The invitation; none where nobody invites.
    fn read(&self) -> Option<Invited>;
}

/// Who asks the cell for certificates.
pub(crate) struct Enroller<'a> {
    pub(crate) parts: &'a Parts,
    pub(crate) settings: &'a Settings,
    pub(crate) keep: &'a Keep,
}

impl Enroller<'_> {
    /// Enrols with the token: the first time, or once more where `before` is what expired.
    pub(crate) async fn enrol(&self, before: Option<&Kept>) -> Result<Kept, AgentError> {
        const ACTION: &str = "enrol with a one-time token";
        let cluster = &self.settings.cluster;
        let invited = self
            .parts
            .invitation
            .read()
            .ok_or_else(|| AgentError::NotInvited { cluster: cluster.to_string() })?;
        let fault = AgentError::identity(ACTION);
        let trust = Trust::from_pem("the invitation", invited.ca.as_bytes()).map_err(&fault)?;
        let key = self.keep.key(self.fresh_key()?).await?;
        let request = v1::EnrolRequest {
            token: invited.token.expose().to_owned(),
            cluster: cluster.name.clone(),
            lineage: before.map(|kept| kept.lineage.clone()).unwrap_or_default(),
            signing_request: SigningRequest::sign(&key, &cluster.name).map_err(&fault)?,
        };
        let channel = self.channel(Listener::Enrolment, None, &LiveTrust::new(trust)).await?;
        let mut client = EnrolmentClient::new(channel);
        let answer = timeout(self.settings.patience, client.enrol(request))
            .await
            .map_err(|_| AgentError::Silent { action: ACTION })?
            .map_err(AgentError::refused(ACTION))?
            .into_inner();
        let issued = answer.certificate.ok_or(AgentError::NoCertificate { action: ACTION })?;
        let kept = self.use_issued(&key, &issued, answer.lineage, before)?;
        self.keep.store(&key, &issued, &kept.lineage).await?;
        tracing::info!(%cluster, lineage = kept.lineage, "enrolled");
        Ok(kept)
    }

    /// Renews the certificate by itself, with a new key. The new one is kept before it is shown.
    pub(crate) async fn renew(&self, kept: &Kept) -> Result<(), AgentError> {
        const ACTION: &str = "renew the certificate of the agent";
        let cluster = &self.settings.cluster;
        let key = self.fresh_key()?;
        let signing_request =
            SigningRequest::sign(&key, &cluster.name).map_err(AgentError::identity(ACTION))?;
        let channel = self.channel(Listener::Pivot, Some(&kept.credentials), &kept.trust).await?;
        let mut client = PivotClient::new(channel);
        let answer =
            timeout(self.settings.patience, client.renew(v1::RenewRequest { signing_request }))
                .await
                .map_err(|_| AgentError::Silent { action: ACTION })?
                .map_err(AgentError::refused(ACTION))?
                .into_inner();
        let issued = answer.certificate.ok_or(AgentError::NoCertificate { action: ACTION })?;
        self.keep.store(&key, &issued, &kept.lineage).await?;
        self.use_issued(&key, &issued, kept.lineage.clone(), Some(kept))?;
        tracing::info!(%cluster, "the certificate was renewed");
        Ok(())
    }

    /// A connection to a listener of the cell.
    pub(crate) async fn channel(
        &self,
        to: Listener,
        credentials: Option<&Credentials>,
        trust: &LiveTrust,
    ) -> Result<Channel, AgentError> {
        let time = HandshakeClock::new(std::sync::Arc::clone(&self.parts.clock));
        let tls = client_config(credentials, trust, time)
            .map_err(AgentError::identity("configure the TLS of the agent"))?;
        let keep =
            KeepAlive { interval: self.settings.patience, timeout: self.settings.patience / 2 };
        let Settings { cell_host, patience, .. } = self.settings;
        dial(&self.parts.connect, to, cell_host, tls, *patience, keep).await
    }

    fn fresh_key(&self) -> Result<Key, AgentError> {
        Key::from_seed(self.parts.entropy.bytes32())
            .map_err(AgentError::identity("make a key for the agent"))
    }

    /// Shows and trusts what was issued, in the place of what was before.
    fn use_issued(
        &self,
        key: &Key,
        issued: &v1::Certificate,
        lineage: String,
        before: Option<&Kept>,
    ) -> Result<Kept, AgentError> {
        let fault = AgentError::identity("use what the cell has issued");
        let trust = Trust::new(chain_of(&issued.trust)).map_err(&fault)?;
        let chain = chain_of(&issued.chain);
        match before {
            Some(kept) => {
                kept.credentials.replace(chain, key).map_err(&fault)?;
                kept.trust.replace(trust);
                Ok(Kept { lineage, ..kept.clone() })
            }
            None => Ok(Kept {
                credentials: Credentials::new(chain, key).map_err(&fault)?,
                trust: LiveTrust::new(trust),
                lineage,
            }),
        }
    }
}
