//! One session with the cell, from the dial to its end (rules T4, T5, T8, T9).
//!
//! # Expected flow
//! 1. The agent dials, calls `Attach` and says `AgentReady`; the cell answers `SessionAccepted`.
//! 2. The mover is told that a session is up. Heartbeats go out at the interval of the limits, ahead
//!    of every batch; steps of a move go both ways.
//! 3. Silence, a word of the cell or a new certificate ends it, and the mover is told.

use std::sync::atomic::{AtomicU64, Ordering};

use fulcrum_model::protocol::{Claim, Lineage, Message, Request};
use fulcrum_mover::{Handle, Parcel, ids};
use fulcrum_proto::v1::pivot_client::PivotClient;
use fulcrum_proto::v1::{self, SessionEndReason, from_agent, from_cell, move_message};
use fulcrum_session::flow::{Outbox, flow};
use fulcrum_session::{
    About, Conversation, DIGEST_FORM, Entropy, Incoming, Limits, MAX_VERSION, MIN_VERSION,
    SessionError, Terms, Uniform as _, chain, record,
};
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tonic::Streaming;
use tonic::transport::Channel;

use crate::error::AgentError;
use crate::observe::Observed;
use crate::settings::Settings;

/// How many parcels of the mover may wait for the session.
const PARCELS: usize = 16;

/// The largest message that is taken before the cell has stated its limits, and what gRPC adds.
const LARGEST: usize = 16 * 1024 * 1024 + 16 * 1024;

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The cell said so.
    Said(SessionEndReason),
    /// The connection is gone, or silent.
    Lost,
    /// There is a new certificate: dial with it.
    Renewed,
}

/// What a session needs.
pub(crate) struct Call<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) handle: &'a Handle,
    pub(crate) entropy: &'a dyn Entropy,
    /// The lineage that the certificate names.
    pub(crate) lineage: &'a str,
    pub(crate) observed: watch::Receiver<Observed>,
    /// Changes when the certificate was renewed.
    pub(crate) renewed: watch::Receiver<u64>,
}

/// A session that has begun.
struct Session<'a> {
    call: Call<'a>,
    outbox: Outbox<v1::FromAgent>,
    conversation: Conversation,
    limits: Limits,
    /// How many heartbeats were sent.
    beats: AtomicU64,
}

impl Call<'_> {
    /// Talks over `channel` until something ends it.
    pub(crate) async fn run(self, channel: Channel) -> Result<End, AgentError> {
        const ACTION: &str = "open a session";
        let (outbox, outflow) = flow();
        // The cell hears it first: nothing else is sent before it has answered.
        let _ = outbox.urgent(self.ready()).await;
        let mut client = PivotClient::new(channel)
            .max_decoding_message_size(LARGEST)
            .max_encoding_message_size(LARGEST);
        let patience = self.settings.patience;
        let silent = |_| AgentError::Silent { action: ACTION };
        let mut inbound = timeout(patience, client.attach(outflow))
            .await
            .map_err(silent)?
            .map_err(AgentError::refused(ACTION))?
            .into_inner();
        let first = timeout(patience, inbound.message())
            .await
            .map_err(silent)?
            .map_err(AgentError::refused(ACTION))?;
        let accepted = match first.and_then(|frame| frame.body) {
            Some(from_cell::Body::Accepted(accepted)) => accepted,
            Some(from_cell::Body::Ended(ended)) => return Ok(said(&ended)),
            _ => return Err(AgentError::Silent { action: ACTION }),
        };
        Terms::check(&accepted)?;
        let limits = Limits::from_wire(&accepted.limits.unwrap_or_default())?;
        let claim = accepted.record.as_ref().map(record::from_wire).transpose()?;
        let lineage = ids::id_of(self.lineage).map(Lineage);
        let session = Session {
            conversation: Conversation::new(self.settings.cluster.clone(), lineage, &limits),
            call: self,
            outbox,
            limits,
            beats: AtomicU64::new(0),
        };
        let number = accepted.session;
        tracing::info!(session = number, "a session begins");
        let (parcels, from_mover) = mpsc::channel(PARCELS);
        session.call.handle.session_up(claim, parcels).await;
        let end = session.serve(inbound, from_mover).await;
        session.call.handle.session_down().await;
        end
    }

    /// Who this is, what its record says, what it speaks.
    fn ready(&self) -> v1::FromAgent {
        let claim = self.handle.claim();
        let standing = self.handle.standing();
        let ready = v1::AgentReady {
            cluster: self.settings.cluster.name.clone(),
            record: claim.as_ref().map(record::to_wire),
            state: record::ownership(standing, claim.as_ref()).into(),
            objects: record::objects(standing, claim.as_ref()).into(),
            min_version: MIN_VERSION,
            max_version: MAX_VERSION,
            release: env!("CARGO_PKG_VERSION").to_owned(),
            instance: self.settings.instance.clone(),
            digest_forms: vec![DIGEST_FORM.to_owned()],
            features: vec!["fence".to_owned()],
        };
        v1::FromAgent { body: Some(from_agent::Body::Ready(ready)) }
    }
}

impl Session<'_> {
    async fn serve(
        &self,
        inbound: Streaming<v1::FromCell>,
        from_mover: mpsc::Receiver<Parcel>,
    ) -> Result<End, AgentError> {
        // Both directions go on at once: each may wait for the mover, which waits for the other.
        tokio::select! {
            biased;
            () = changed(self.call.renewed.clone()) => Ok(End::Renewed),
            end = self.read(inbound) => end,
            end = self.beat() => Ok(end),
            end = self.write(from_mover) => Ok(end),
        }
    }

    /// What the cell says, until it is gone, or silent for too long (T5).
    async fn read(&self, mut inbound: Streaming<v1::FromCell>) -> Result<End, AgentError> {
        loop {
            let frame = match timeout(self.limits.silence(), inbound.message()).await {
                Ok(Ok(Some(frame))) => frame,
                Ok(Ok(None)) => return Ok(End::Lost),
                Ok(Err(status)) => {
                    tracing::info!(%status, "a session broke off");
                    return Ok(End::Lost);
                }
                Err(_) => {
                    tracing::info!("the cell fell silent");
                    return Ok(End::Lost);
                }
            };
            match frame.body {
                Some(from_cell::Body::Ended(ended)) => return Ok(said(&ended)),
                Some(from_cell::Body::HeartbeatAck(ack)) => {
                    self.hear_claim(ack.record.as_ref()).await;
                }
                Some(from_cell::Body::Move(message)) => {
                    if let Some(end) = self.take_move(message).await? {
                        return Ok(end);
                    }
                }
                Some(from_cell::Body::UnpivotRequest(asked)) => {
                    if self.unpivot(&asked).await.is_err() {
                        return Ok(End::Lost);
                    }
                }
                // Said twice, or a newer cell's.
                Some(from_cell::Body::Accepted(_)) | None => {}
            }
        }
    }

    /// A record that cannot be read is a newer cell's: nothing follows from it.
    async fn hear_claim(&self, stated: Option<&v1::Record>) {
        let Some(stated) = stated else { return };
        match record::from_wire(stated) {
            Ok(claim) => {
                let message = Message::Claim(Box::new(claim));
                let manifests = Default::default();
                self.call.handle.receive(Parcel { message, manifests }).await;
            }
            Err(error) => tracing::debug!(%error, "a record is unknown"),
        }
    }

    async fn take_move(&self, message: v1::MoveMessage) -> Result<Option<End>, AgentError> {
        let about = About::of(&message);
        match self.conversation.receive(message) {
            Ok(Incoming::Parcel(parcel)) => self.call.handle.receive(parcel).await,
            Ok(Incoming::Waiting | Incoming::Passed) => {}
            Err(error @ SessionError::OtherCluster { .. }) => return Err(error.into()),
            Err(error) => {
                tracing::warn!(%error, "a message is refused");
                if let Some(refusal) = Conversation::refusal(&about, &error)
                    && self.urgent(from_agent::Body::Move(refusal)).await.is_err()
                {
                    return Ok(Some(End::Lost));
                }
            }
        }
        Ok(None)
    }

    /// The cell wants the cluster back: the child moves it, as a source (U1).
    async fn unpivot(&self, asked: &v1::UnpivotRequest) -> Result<(), End> {
        let claim = self.call.handle.claim();
        let fits = claim.as_ref().is_some_and(|claim| {
            ids::hex(claim.lineage.0) == asked.lineage && u64::from(claim.epoch.0) == asked.epoch
        });
        if fits {
            tracing::info!(by = asked.requested_by, "the cell asks for the cluster");
            let id = u128::from_be_bytes(self.call.entropy.bytes16());
            self.call.handle.request(Request::Move(id)).await;
            return Ok(());
        }
        let (lineage, epoch) = (asked.lineage.clone(), asked.epoch);
        let refused = v1::MoveRefused {
            reason: v1::RefusalReason::WrongEpoch.into(),
            record: claim.as_ref().map(record::to_wire),
            message: "the request is of another lineage or epoch than the child's record"
                .to_owned(),
            ..v1::MoveRefused::default()
        };
        let identity = v1::MoveIdentity { lineage, epoch, ..v1::MoveIdentity::default() };
        let message = v1::MoveMessage {
            r#move: Some(identity),
            epoch,
            body: Some(move_message::Body::Refused(refused)),
        };
        self.urgent(from_agent::Body::Move(message)).await
    }

    /// Heartbeats at the interval of the limits, until they cannot be sent.
    async fn beat(&self) -> End {
        let mut tick = interval(self.limits.heartbeat_interval);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut told = None;
        loop {
            tick.tick().await;
            let observed = self.call.observed.borrow().clone();
            let complete = told.as_ref() != Some(&observed.nodes);
            let heartbeat = self.heartbeat(&observed, complete, None);
            if self.urgent(from_agent::Body::Heartbeat(heartbeat)).await.is_err() {
                return End::Lost;
            }
            told = Some(observed.nodes);
        }
    }

    fn heartbeat(
        &self,
        observed: &Observed,
        complete: bool,
        claim: Option<&Claim>,
    ) -> v1::Heartbeat {
        let own = self.call.handle.claim();
        let claim = claim.or(own.as_ref());
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        v1::Heartbeat {
            sequence: self.beats.fetch_add(1, Ordering::Relaxed) + 1,
            state: record::ownership(self.call.handle.standing(), claim).into(),
            capi_controllers_ready: observed.capi_controllers_ready,
            node_count: count(observed.nodes.len()),
            nodes_ready: count(observed.ready()),
            nodes_complete: complete,
            record: claim.map(record::to_wire),
            nodes: if complete { observed.nodes.clone() } else { Vec::new() },
        }
    }

    /// What the mover says, until there is no mover any more.
    async fn write(&self, mut from_mover: mpsc::Receiver<Parcel>) -> End {
        while let Some(parcel) = from_mover.recv().await {
            if let Message::Claim(claim) = &parcel.message {
                let observed = self.call.observed.borrow().clone();
                let heartbeat = self.heartbeat(&observed, false, Some(claim));
                if self.urgent(from_agent::Body::Heartbeat(heartbeat)).await.is_err() {
                    return End::Lost;
                }
                continue;
            }
            match self.conversation.send(&parcel, self.call.handle.claim().as_ref()) {
                Ok(messages) => {
                    for message in messages {
                        let frame = v1::FromAgent { body: Some(from_agent::Body::Move(message)) };
                        if self.outbox.bulk(frame).await.is_err() {
                            return End::Lost;
                        }
                    }
                }
                // The mover hears nothing and runs into its budget, which ends the attempt.
                Err(error) => {
                    tracing::error!(error = chain(&error), "a message of the mover cannot be sent");
                }
            }
        }
        End::Lost
    }

    async fn urgent(&self, body: from_agent::Body) -> Result<(), End> {
        let frame = v1::FromAgent { body: Some(body) };
        self.outbox.urgent(frame).await.map_err(|_| End::Lost)
    }
}

/// Ends when a value changes; never where nobody can change it any more.
async fn changed(mut value: watch::Receiver<u64>) {
    if value.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn said(ended: &v1::SessionEnded) -> End {
    let reason = ended.reason();
    tracing::info!(
        reason = reason.as_str_name(),
        words = ended.message,
        "the cell ends the session"
    );
    End::Said(reason)
}
