//! The driver: a thin interpreter of [`step`].
//!
//! # Guarantees
//! - The effects of a step are performed in order; the one with an outcome is the last.
//! - Until that outcome is there nothing is put in but the end of a session. What else happens waits
//!   in order; of messages so many that the rest may be dropped.
//! - What is merely waited for goes on beside other inputs, until something else has an outcome.
//! - A write that was begun is never given up: it ends, or its deadline does.

pub(crate) mod handle;
mod queue;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;

use fulcrum_model::protocol::{
    Effect, Input, Message, Name, Notice, Reading, Record, State, Timer, step,
};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use crate::error::MoverError;
use crate::parcel::{Parcel, SentObject};
use crate::settings::{Clock, Settings};
use handle::{Event, Handle, Report, Said};
use queue::{Queue, Waiting};

/// How many events wait for a driver that is at work.
const EVENTS: usize = 64;

/// How many notices a report has.
const NOTICES: usize = 32;

/// The Kubernetes side of a driver.
pub(crate) trait Duties: Send + Sync + 'static {
    /// Reads what the first input says.
    fn start(&self) -> impl Future<Output = Result<Input, MoverError>> + Send;

    /// Performs an effect that has an outcome. `record`: what the store is known to hold.
    fn perform(&self, effect: Effect, record: Option<Record>)
    -> impl Future<Output = Input> + Send;

    /// The manifests of a set that is sent, and of the library objects beside it.
    fn manifests(
        &self,
        set: &Reading,
        record: Option<Record>,
    ) -> impl Future<Output = BTreeMap<Name, SentObject>> + Send;

    /// Keeps the manifests of a set that is to be staged.
    fn keep(&self, set: &Reading, manifests: BTreeMap<Name, SentObject>);

    /// Whether somebody took the mover's pause away.
    fn is_pause_lost(&self, record: &Record) -> impl Future<Output = bool> + Send;
}

/// An effect whose outcome is not there yet.
struct Work {
    /// It is only waited for something: other inputs are taken meanwhile.
    waits: bool,
    outcome: Pin<Box<dyn Future<Output = Input> + Send>>,
}

/// What happened next.
enum Next {
    Outcome(Box<Input>),
    Event(Option<Event>),
    Timer(Timer),
    Look,
}

/// One side of a hand-over, at work.
pub(crate) struct Driver<D> {
    duties: Arc<D>,
    settings: Settings,
    clock: Arc<dyn Clock>,
    state: State,
    events: mpsc::Receiver<Event>,
    report: watch::Sender<Report>,
    queue: Queue,
    work: Option<Work>,
    timers: BTreeMap<Timer, Instant>,
    outbox: Option<mpsc::Sender<Parcel>>,
    /// When to look at the pause again.
    look: Instant,
}

/// A driver of these duties, and the way to talk to it.
pub(crate) fn driver<D: Duties>(
    duties: D,
    settings: Settings,
    clock: Arc<dyn Clock>,
) -> (Driver<D>, Handle) {
    let (sender, events) = mpsc::channel(EVENTS);
    let (report, seen) = watch::channel(Report::unknown());
    let driver = Driver {
        duties: Arc::new(duties),
        state: State::new(settings.place),
        settings,
        clock,
        events,
        report,
        queue: Queue::default(),
        work: None,
        timers: BTreeMap::new(),
        outbox: None,
        look: Instant::now(),
    };
    (driver, Handle { events: sender, report: seen })
}

impl<D: Duties> Driver<D> {
    pub(crate) async fn run(mut self) -> Result<Infallible, MoverError> {
        let started = self.duties.start().await?;
        self.feed(started.into()).await;
        self.report.send_modify(|report| report.started = true);
        loop {
            while !self.is_busy() {
                let Some(waiting) = self.queue.pop() else { break };
                self.feed(waiting).await;
            }
            match self.next().await {
                Next::Outcome(input) => {
                    self.work = None;
                    self.feed((*input).into()).await;
                }
                Next::Event(Some(event)) => self.happened(event).await,
                Next::Event(None) => {
                    let cluster = self.settings.cluster.clone();
                    return Err(MoverError::Abandoned { cluster });
                }
                Next::Timer(timer) => {
                    self.timers.remove(&timer);
                    self.feed(Input::Timer(timer).into()).await;
                }
                Next::Look => self.look_at_pause().await,
            }
        }
    }

    /// Whether an outcome is awaited before anything else is put in.
    fn is_busy(&self) -> bool {
        self.work.as_ref().is_some_and(|work| !work.waits)
    }

    async fn next(&mut self) -> Next {
        let busy = self.is_busy();
        let timer = self.timers.iter().min_by_key(|(_, at)| **at).map(|(timer, at)| (*timer, *at));
        let (timer, at) = timer.unwrap_or((Timer::Resend, self.look));
        let timed = !busy && !self.timers.is_empty();
        let looks = !busy && self.state.record().is_some_and(|record| record.phase.is_paused());
        let (works, look) = (self.work.is_some(), self.look);
        let (work, events) = (&mut self.work, &mut self.events);
        let outcome = async {
            match work {
                Some(work) => work.outcome.as_mut().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            input = outcome, if works => Next::Outcome(Box::new(input)),
            event = events.recv() => Next::Event(event),
            () = sleep_until(at), if timed => Next::Timer(timer),
            () = sleep_until(look), if looks => Next::Look,
        }
    }

    async fn happened(&mut self, event: Event) {
        let waiting: Waiting = match event {
            Event::SessionUp { peer, outbox } => {
                self.outbox = Some(outbox);
                Input::SessionUp(peer.map(|claim| *claim)).into()
            }
            Event::SessionDown => {
                self.outbox = None;
                self.queue.end_session();
                return self.feed(Input::SessionDown.into()).await;
            }
            Event::Parcel(parcel) => {
                let Parcel { message, manifests } = *parcel;
                Waiting { input: Input::Received(message), manifests }
            }
            Event::Request(request) => Input::Request(request).into(),
        };
        if self.is_busy() {
            self.queue.push(waiting);
        } else {
            self.feed(waiting).await;
        }
    }

    async fn look_at_pause(&mut self) {
        self.look = Instant::now() + self.settings.pace.poll;
        let Some(record) = self.state.record().cloned() else { return };
        if self.duties.is_pause_lost(&record).await {
            self.feed(Input::PauseLost.into()).await;
        }
    }

    /// Puts an input in and does what the step wants done.
    async fn feed(&mut self, waiting: Waiting) {
        let Waiting { input, manifests } = waiting;
        // What is being staged already keeps its manifests.
        if let Input::Received(Message::Stage { set, .. }) = &input
            && self.state.rests()
        {
            self.duties.keep(set, manifests);
        }
        let effects = step(&mut self.state, input);
        if effects.iter().any(Effect::has_outcome) {
            self.work = None;
        }
        for effect in effects {
            self.take(effect).await;
        }
        self.publish();
    }

    async fn take(&mut self, effect: Effect) {
        match effect {
            Effect::Send(message) => self.send(message).await,
            Effect::Arm(timer) => {
                let time = match timer {
                    Timer::Resend => self.settings.pace.resend,
                    Timer::Budget => self.settings.pace.budget,
                };
                self.timers.insert(timer, Instant::now() + time);
            }
            Effect::OpenGate => self.report.send_modify(|report| report.gate_open = true),
            Effect::Say(notice) => self.say(notice),
            effect => {
                let waits = matches!(effect, Effect::Await(_));
                let (duties, record) = (Arc::clone(&self.duties), self.state.record().cloned());
                let outcome = Box::pin(async move { duties.perform(effect, record).await });
                self.work = Some(Work { waits, outcome });
            }
        }
    }

    async fn send(&mut self, message: Message) {
        let Some(outbox) = self.outbox.clone() else { return };
        let mut manifests = BTreeMap::new();
        if let Message::Stage { set, .. } = &message {
            manifests = self.duties.manifests(set, self.state.record().cloned()).await;
            let missing = set.entries().iter().find(|it| !manifests.contains_key(&it.name));
            if let Some(entry) = missing {
                let cluster = &self.settings.cluster;
                tracing::warn!(%cluster, object = %entry.name.0, "not sent: it has no manifest");
                return;
            }
        }
        // Whatever is lost here is said again.
        if outbox.try_send(Parcel { message, manifests }).is_err() {
            tracing::debug!(cluster = %self.settings.cluster, "a message is lost");
        }
    }

    fn say(&self, notice: Notice) {
        tracing::info!(cluster = %self.settings.cluster, ?notice, "said");
        let said = Said { at: self.clock.now(), notice };
        self.report.send_modify(|report| {
            if report.notices.len() == NOTICES {
                report.notices.remove(0);
            }
            report.notices.push(said);
        });
    }

    fn publish(&self) {
        let record = self.state.record();
        let now = Report {
            claim: self.state.claim(),
            standing: self.state.standing(),
            describe: self.state.describe(),
            late: record.map(|record| record.late.clone()).unwrap_or_default(),
            ..self.report.borrow().clone()
        };
        self.report.send_if_modified(|report| {
            let changed = *report != now;
            *report = now;
            changed
        });
    }
}

#[cfg(test)]
mod tests;
