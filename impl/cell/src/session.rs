//! One session of one cluster, from its first message to its last (rules T2 to T5, T8, T9).
//!
//! # Expected flow
//! 1. The agent says `AgentReady`: who it is, what its record says, what it speaks.
//! 2. The cell answers `SessionAccepted` and tells the mover that a session is up. An older session
//!    of the cluster ends with `SUPERSEDED`.
//! 3. Heartbeats are noted and answered, steps of a move go to the mover, and what the mover says
//!    goes out behind every small message.
//! 4. Silence, an expired or revoked certificate, a newer session, a message of another cluster or
//!    the end of the cell end it; the mover is told, unless a newer session has begun.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fulcrum_identity::{ClusterName, Lineage, Peer};
use fulcrum_model::protocol::{Claim, Message};
use fulcrum_mover::{Handle, Parcel};
use fulcrum_proto::v1::{self, from_agent, from_cell};
use fulcrum_session::{About, Conversation, Incoming, SessionError, Terms, chain, record, time};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};
use tonic::Streaming;

use crate::cell::Shared;
use crate::refusal::Refusal;
use crate::registry::ToAgent;

/// How many parcels of the mover may wait for the session.
const PARCELS: usize = 16;

/// A call of `Attach` whose certificate was accepted.
pub(crate) struct Call {
    pub(crate) shared: Arc<Shared>,
    pub(crate) peer: Peer,
    pub(crate) inbound: Streaming<v1::FromAgent>,
    pub(crate) outbox: ToAgent,
    /// Becomes true when the cell stops.
    pub(crate) stop: watch::Receiver<bool>,
}

/// A session that has begun.
struct Session {
    shared: Arc<Shared>,
    peer: Peer,
    outbox: ToAgent,
    number: u64,
    handle: Handle,
    conversation: Conversation,
    /// The number of the heartbeat that came last.
    beat: AtomicU64,
}

impl Call {
    /// Runs the session to its end, and tells the agent why it ended.
    pub(crate) async fn run(self) {
        let outbox = self.outbox.clone();
        let cluster = self.peer.identity().cluster.clone();
        if let Err(refusal) = self.drive().await {
            tracing::info!(%cluster, reason = refusal.reason.as_str_name(), refusal.message,
                "a session ended");
            // Whoever is gone needs not be told.
            let _ = outbox.urgent(Ok(refusal.ended())).await;
            let _ = outbox.urgent(Err(refusal.status())).await;
        }
    }

    async fn drive(mut self) -> Result<(), Refusal> {
        let silence = self.shared.settings.limits.silence();
        let first = match timeout(silence, self.inbound.message()).await {
            Ok(Ok(Some(v1::FromAgent { body: Some(from_agent::Body::Ready(ready)) }))) => ready,
            Ok(Ok(Some(_))) => return Err(protocol("the first message is not AgentReady")),
            Ok(Ok(None) | Err(_)) | Err(_) => return Ok(()),
        };
        let claim = self.judge(&first)?;
        let terms = Terms::choose(&first).map_err(|error| Refusal::of_session(&error))?;
        let cluster = self.peer.identity().cluster.clone();
        let managed = self
            .shared
            .registry
            .managed(&cluster)
            .ok_or_else(|| Refusal::unavailable("the cell manages no such cluster"))?;
        // Before its record was read, what a side claims means nothing.
        let mut report = managed.handle.watch();
        let started = timeout(silence, report.wait_for(|report| report.started)).await;
        if !started.is_ok_and(|started| started.is_ok()) {
            return Err(Refusal::unavailable("the record of the cluster is not read yet"));
        }
        let (parcels, from_mover) = mpsc::channel(PARCELS);
        let gate = managed.gate.lock().await;
        let begun = self
            .shared
            .registry
            .begin(&cluster, self.outbox.clone())
            .ok_or_else(|| Refusal::unavailable("the cell manages no such cluster"))?;
        let now = self.shared.clock.now();
        self.shared.fleet.ready(&cluster, begun.number, &first, now);
        let session = Session {
            conversation: Conversation::new(
                crate::controller::moved(&cluster),
                Some(lineage_of(&self.peer)),
                &self.shared.settings.limits,
            ),
            shared: Arc::clone(&self.shared),
            peer: self.peer,
            outbox: self.outbox,
            number: begun.number,
            handle: managed.handle.clone(),
            beat: AtomicU64::new(0),
        };
        tracing::info!(%cluster, session = session.number, release = first.release,
            instance = first.instance, "a session begins");
        if begun.replaces {
            session.handle.session_down().await;
        }
        let accepted = session.accept(terms).await;
        if accepted.is_ok() {
            session.handle.session_up(claim, parcels).await;
        }
        drop(gate);
        let end = match accepted {
            Ok(()) => session.serve(self.inbound, from_mover, begun.newer, self.stop).await,
            Err(refusal) => Err(refusal),
        };
        let _gate = managed.gate.lock().await;
        if session.shared.registry.end(&cluster, session.number) {
            session.handle.session_down().await;
        }
        end
    }

    /// Whether the first message may come from this peer, and what it claims.
    fn judge(&self, ready: &v1::AgentReady) -> Result<Option<Claim>, Refusal> {
        let other = |error| Refusal::of_identity(&error);
        self.peer.check_name(&ready.cluster).map_err(other)?;
        let Some(stated) = &ready.record else { return Ok(None) };
        let claim = record::from_wire(stated).map_err(|error| Refusal::of_session(&error))?;
        let lineage = Lineage::from_entropy(claim.lineage.0.to_be_bytes());
        self.peer.check_lineage(lineage).map_err(other)?;
        Ok(Some(claim))
    }
}

impl Session {
    fn cluster(&self) -> &ClusterName {
        &self.peer.identity().cluster
    }

    async fn accept(&self, terms: Terms) -> Result<(), Refusal> {
        let claim = self.handle.claim();
        let accepted = v1::SessionAccepted {
            session: self.number,
            record: claim.as_ref().map(record::to_wire),
            state: record::ownership(self.handle.standing(), claim.as_ref()).into(),
            version: terms.version,
            digest_form: terms.digest_form,
            limits: Some(self.shared.settings.limits.to_wire()),
            features: vec!["fence".to_owned()],
        };
        self.urgent(from_cell::Body::Accepted(accepted)).await
    }

    /// Talks until something ends it.
    async fn serve(
        &self,
        inbound: Streaming<v1::FromAgent>,
        from_mover: mpsc::Receiver<Parcel>,
        newer: watch::Receiver<u64>,
        stop: watch::Receiver<bool>,
    ) -> Result<(), Refusal> {
        // Both directions go on at once: each may wait for the mover, which waits for the other.
        tokio::select! {
            biased;
            refusal = replaced(newer) => Err(refusal),
            () = stopped(stop) => Err(Refusal::unavailable("the cell stops")),
            end = self.watch_certificate() => end,
            end = self.read(inbound) => end,
            end = self.write(from_mover) => end,
        }
    }

    /// Ends when the certificate does (T3).
    async fn watch_certificate(&self) -> Result<(), Refusal> {
        loop {
            self.check_certificate()?;
            sleep(self.shared.settings.recheck).await;
        }
    }

    fn check_certificate(&self) -> Result<(), Refusal> {
        let now = time::unix(self.shared.clock.now());
        self.shared.authority.recheck(&self.peer, now).map_err(|error| Refusal::of_identity(&error))
    }

    /// What the agent says, until it is gone, or silent for too long (T5).
    async fn read(&self, mut inbound: Streaming<v1::FromAgent>) -> Result<(), Refusal> {
        let silence = self.shared.settings.limits.silence();
        loop {
            let frame = match timeout(silence, inbound.message()).await {
                Ok(Ok(Some(frame))) => frame,
                Ok(Ok(None)) => return Ok(()),
                Ok(Err(status)) => {
                    tracing::info!(cluster = %self.cluster(), %status, "a session broke off");
                    return Ok(());
                }
                Err(_) => {
                    tracing::info!(cluster = %self.cluster(), "a session fell silent");
                    return Ok(());
                }
            };
            self.check_certificate()?;
            self.take(frame).await?;
        }
    }

    async fn take(&self, frame: v1::FromAgent) -> Result<(), Refusal> {
        let now = self.shared.clock.now();
        match frame.body {
            Some(from_agent::Body::Ready(_)) => Err(protocol("AgentReady came again")),
            Some(from_agent::Body::Heartbeat(beat)) => {
                self.shared.fleet.heartbeat(self.cluster(), self.number, &beat, now);
                self.beat.store(beat.sequence, Ordering::Relaxed);
                self.answer_beat(None).await?;
                self.hear_claim(beat.record.as_ref()).await
            }
            Some(from_agent::Body::Move(message)) => self.take_move(message).await,
            Some(from_agent::Body::ClusterDeleting(deleting)) => {
                let state = deleting.deletion();
                tracing::warn!(cluster = %self.cluster(), state = state.as_str_name(),
                    by = deleting.requested_by, "the child's Cluster is asked to be deleted");
                self.shared.fleet.deleting(self.cluster(), self.number, state, now);
                Ok(())
            }
            // A newer peer's.
            None => Ok(()),
        }
    }

    /// A record that cannot be read is a newer peer's: nothing follows from it.
    async fn hear_claim(&self, stated: Option<&v1::Record>) -> Result<(), Refusal> {
        let Some(stated) = stated else { return Ok(()) };
        match record::from_wire(stated) {
            Ok(claim) => {
                let lineage = Lineage::from_entropy(claim.lineage.0.to_be_bytes());
                self.peer.check_lineage(lineage).map_err(|error| Refusal::of_identity(&error))?;
                let message = Message::Claim(Box::new(claim));
                self.handle.receive(Parcel { message, manifests: Default::default() }).await;
            }
            Err(error) => tracing::debug!(cluster = %self.cluster(), %error, "a record is unknown"),
        }
        Ok(())
    }

    async fn take_move(&self, message: v1::MoveMessage) -> Result<(), Refusal> {
        let about = About::of(&message);
        match self.conversation.receive(message) {
            Ok(Incoming::Parcel(parcel)) => self.handle.receive(parcel).await,
            Ok(Incoming::Waiting | Incoming::Passed) => {}
            Err(error @ SessionError::OtherCluster { .. }) => {
                return Err(Refusal::of_session(&error));
            }
            Err(error) => {
                tracing::warn!(cluster = %self.cluster(), %error, "a message is refused");
                if let Some(refusal) = Conversation::refusal(&about, &error) {
                    self.urgent(from_cell::Body::Move(refusal)).await?;
                }
            }
        }
        Ok(())
    }

    /// What the mover says, until there is no mover any more.
    async fn write(&self, mut from_mover: mpsc::Receiver<Parcel>) -> Result<(), Refusal> {
        while let Some(parcel) = from_mover.recv().await {
            if let Message::Claim(claim) = &parcel.message {
                self.answer_beat(Some(claim)).await?;
                continue;
            }
            match self.conversation.send(&parcel, self.handle.claim().as_ref()) {
                Ok(messages) => {
                    for message in messages {
                        let frame = v1::FromCell { body: Some(from_cell::Body::Move(message)) };
                        self.outbox.bulk(Ok(frame)).await.map_err(|_| gone())?;
                    }
                }
                // The mover hears nothing and runs into its budget, which ends the attempt.
                Err(error) => {
                    tracing::error!(cluster = %self.cluster(), error = chain(&error),
                        "a message of the mover cannot be sent");
                }
            }
        }
        Err(Refusal::unavailable("the mover of the cluster is begun anew"))
    }

    /// Answers the last heartbeat with what this side says of itself.
    async fn answer_beat(&self, claim: Option<&Claim>) -> Result<(), Refusal> {
        let own = self.handle.claim();
        let claim = claim.or(own.as_ref());
        let ack = v1::HeartbeatAck {
            sequence: self.beat.load(Ordering::Relaxed),
            state: record::ownership(self.handle.standing(), claim).into(),
            record: claim.map(record::to_wire),
        };
        self.urgent(from_cell::Body::HeartbeatAck(ack)).await
    }

    async fn urgent(&self, body: from_cell::Body) -> Result<(), Refusal> {
        let frame = v1::FromCell { body: Some(body) };
        self.outbox.urgent(Ok(frame)).await.map_err(|_| gone())
    }
}

/// Ends when a newer session begins, or when nobody manages the cluster any more.
async fn replaced(mut newer: watch::Receiver<u64>) -> Refusal {
    match newer.wait_for(|number| *number != 0).await {
        Ok(number) => Refusal::superseded(*number),
        Err(_) => Refusal::unavailable("the cluster is managed no more"),
    }
}

/// Ends when the cell does.
async fn stopped(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

fn lineage_of(peer: &Peer) -> fulcrum_model::protocol::Lineage {
    let bytes = peer.identity().lineage.to_bytes();
    fulcrum_model::protocol::Lineage(u128::from_be_bytes(bytes))
}

fn protocol(message: &str) -> Refusal {
    Refusal::new(v1::SessionEndReason::ProtocolError, message)
}

fn gone() -> Refusal {
    Refusal::unavailable("the agent is gone")
}
