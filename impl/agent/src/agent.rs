//! An agent: its mover, its certificate and its sessions.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use fulcrum_identity::Credentials;
use fulcrum_model::protocol::Place;
use fulcrum_mover::{Clock, Handle, Mover, Witness};
use fulcrum_proto::v1::SessionEndReason;
use fulcrum_session::health::Readiness;
use fulcrum_session::{Entropy, Uniform as _, chain, time};
use rustls::pki_types::UnixTime;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::backoff::Backoff;
use crate::connect::{Connect, Listener};
use crate::enrol::{Enroller, Invitation};
use crate::error::AgentError;
use crate::keep::{Keep, Kept};
use crate::observe::{Observed, observe};
use crate::session::{Call, End};
use crate::settings::Settings;

/// How long it may last until the clock is looked at again: it may have been set.
const LOOK: Duration = Duration::from_secs(10 * 60);

/// What an agent is made of and does not make itself.
pub struct Parts {
    /// The API server of the agent's own cluster.
    pub client: kube::Client,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Keys, pauses and ids of moves are drawn from it.
    pub entropy: Arc<dyn Entropy>,
    /// How the cell is dialled.
    pub connect: Arc<dyn Connect>,
    /// Where a one-time token is.
    pub invitation: Arc<dyn Invitation>,
    /// Who remembers the epoch outside the agent's own cluster (rule H8).
    pub witness: Arc<dyn Witness>,
}

/// An agent.
pub struct Agent {
    parts: Parts,
    settings: Settings,
    keep: Keep,
    mover: Mover,
    handle: Handle,
    readiness: Readiness,
}

impl Agent {
    /// An agent that does nothing before it is run.
    #[must_use]
    pub fn new(parts: Parts, settings: Settings) -> Self {
        let pace = &settings.pace;
        let for_mover = fulcrum_mover::Settings {
            place: Place::Child,
            cluster: settings.cluster.clone(),
            record_namespace: settings.namespace.clone(),
            pace: settings.pace,
        };
        let (client, witness) = (parts.client.clone(), Arc::clone(&parts.witness));
        let clock = Arc::clone(&parts.clock);
        let (mover, handle) = fulcrum_mover::mover(client, for_mover, witness, clock);
        let keep = Keep::new(parts.client.clone(), &settings.namespace, pace.deadline);
        Self { parts, settings, keep, mover, handle, readiness: Readiness::default() }
    }

    /// The mover, for an operator's requests.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Whether the agent has a certificate and has talked to its cell.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        self.readiness.clone()
    }

    /// Runs until it is dropped.
    ///
    /// # Errors
    /// [`AgentError::Mover`]: the record of this cluster cannot be understood. Everything else is
    /// logged and tried again.
    pub async fn run(self) -> Result<Infallible, AgentError> {
        let Self { parts, settings, keep, mover, handle, readiness } = self;
        let (seen, observed) = watch::channel(Observed::default());
        let dialler = Dialler {
            enroller: Enroller { parts: &parts, settings: &settings, keep: &keep },
            handle: &handle,
            readiness: &readiness,
            observed,
        };
        let deadline = settings.pace.deadline;
        tokio::select! {
            biased;
            end = mover.run() => end.map_err(|error| AgentError::Mover {
                cluster: settings.cluster.to_string(),
                source: Box::new(error),
            }),
            never = observe(&parts.client, settings.observe, deadline, &seen) => match never {},
            never = dialler.run() => match never {},
        }
    }
}

/// Who keeps a session open.
struct Dialler<'a> {
    enroller: Enroller<'a>,
    handle: &'a Handle,
    readiness: &'a Readiness,
    observed: watch::Receiver<Observed>,
}

impl Dialler<'_> {
    async fn run(&self) -> Infallible {
        let kept = self.certificate().await;
        let (renewed, renewals) = watch::channel(0);
        // Each ends never; together they end as never.
        tokio::select! {
            never = self.sessions(&kept, renewals) => never,
            never = self.renewals(&kept, &renewed) => never,
        }
    }

    fn now(&self) -> UnixTime {
        time::unix(self.enroller.parts.clock.now())
    }

    fn backoff(&self) -> Backoff {
        let (shortest, longest) = self.enroller.settings.redial;
        Backoff::new(shortest, longest)
    }

    async fn pause(&self, backoff: &mut Backoff) {
        sleep(backoff.pause(self.enroller.parts.entropy.fraction())).await;
    }

    /// The certificate that is kept, or a first one: tried until it is there.
    async fn certificate(&self) -> Kept {
        let mut backoff = self.backoff();
        loop {
            let kept = match self.enroller.keep.load().await {
                Ok(Some(kept)) => Ok(kept),
                Ok(None) => self.enroller.enrol(None).await,
                Err(error) => Err(error),
            };
            match kept {
                Ok(kept) => return kept,
                Err(error) => tracing::warn!(error = chain(&error), "there is no certificate yet"),
            }
            self.pause(&mut backoff).await;
        }
    }

    /// One session after the other.
    async fn sessions(&self, kept: &Kept, renewals: watch::Receiver<u64>) -> Infallible {
        let mut backoff = self.backoff();
        loop {
            let began = Instant::now();
            // What was renewed before the dial is shown by it.
            let mut renewed = renewals.clone();
            renewed.mark_unchanged();
            let end = self.session(kept, renewed).await;
            if began.elapsed() >= self.enroller.settings.redial.1 {
                backoff.reset();
            }
            match end {
                // The certificate is new, the cell as it was.
                Ok(End::Renewed) => continue,
                // Another replica talks: leave it the cell.
                Ok(End::Said(SessionEndReason::Superseded)) => {
                    sleep(self.enroller.settings.redial.1).await;
                }
                Ok(End::Said(_) | End::Lost) => {}
                Err(error) => tracing::warn!(error = chain(&error), "there is no session"),
            }
            self.pause(&mut backoff).await;
        }
    }

    async fn session(&self, kept: &Kept, renewed: watch::Receiver<u64>) -> Result<End, AgentError> {
        let enroller = &self.enroller;
        // Before its record was read, what a side claims means nothing.
        let mut report = self.handle.watch();
        if report.wait_for(|report| report.started).await.is_err() {
            return Ok(End::Lost);
        }
        // The way back of a child that was cut off for long (T7).
        if kept.credentials.validity().not_after() < self.now() {
            enroller.enrol(Some(kept)).await?;
        }
        let credentials: &Credentials = &kept.credentials;
        let channel = enroller.channel(Listener::Pivot, Some(credentials), &kept.trust).await?;
        self.readiness.set(true);
        let call = Call {
            settings: enroller.settings,
            handle: self.handle,
            entropy: enroller.parts.entropy.as_ref(),
            lineage: &kept.lineage,
            observed: self.observed.clone(),
            renewed,
        };
        call.run(channel).await
    }

    /// Renews the certificate when it is time to (T6).
    async fn renewals(&self, kept: &Kept, renewed: &watch::Sender<u64>) -> Infallible {
        let mut backoff = self.backoff();
        loop {
            let validity = kept.credentials.validity();
            let (now, due) = (self.now(), validity.renew_after());
            if now < due {
                let rest = Duration::from_secs(due.as_secs() - now.as_secs());
                sleep(rest.min(LOOK)).await;
                continue;
            }
            // What has expired is not renewed but enrolled anew, before the next session.
            if now <= validity.not_after() {
                match self.enroller.renew(kept).await {
                    Ok(()) => {
                        backoff.reset();
                        renewed.send_modify(|count| *count += 1);
                        continue;
                    }
                    Err(error) => {
                        tracing::warn!(error = chain(&error), "the certificate is not renewed");
                    }
                }
            }
            self.pause(&mut backoff).await;
        }
    }
}
