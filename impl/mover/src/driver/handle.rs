//! How others talk to a mover, and what they see of it.

use fulcrum_model::protocol::{Claim, LateWrite, Notice, Request, Standing};
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

use crate::parcel::Parcel;

/// Something that was said, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// When.
    pub at: Timestamp,
    /// What.
    pub notice: Notice,
}

/// What is seen of a mover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Whether the record has been read. Before that no claim means nothing.
    pub started: bool,
    /// What it says of its record.
    pub claim: Option<Claim>,
    /// What it says of the ownership of the cluster.
    pub standing: Standing,
    /// The phase and what is going on in it, in a few words.
    pub describe: String,
    /// What was said last, oldest first.
    pub notices: Vec<Said>,
    /// The late writes of the record.
    pub late: Vec<LateWrite>,
    /// Whether controllers may act on this cluster (rule H8). It does not close again: whoever holds
    /// controllers back reads it before it starts them.
    pub gate_open: bool,
}

impl Report {
    /// What is seen before anything was read.
    pub(super) fn unknown() -> Self {
        Self {
            started: false,
            claim: None,
            standing: Standing::Unknown,
            describe: String::from("no record, down"),
            notices: Vec::new(),
            late: Vec::new(),
            gate_open: false,
        }
    }
}

/// What happens to a mover from outside.
#[derive(Debug)]
pub(super) enum Event {
    SessionUp { peer: Option<Box<Claim>>, outbox: mpsc::Sender<Parcel> },
    SessionDown,
    Parcel(Box<Parcel>),
    Request(Request),
}

/// The way to talk to a mover. What is told to one that has stopped is lost, as in a crash.
#[derive(Clone, Debug)]
pub struct Handle {
    pub(super) events: mpsc::Sender<Event>,
    pub(super) report: watch::Receiver<Report>,
}

impl Handle {
    /// A session with the other side began. `peer`: what it says of its record. What this side says
    /// goes to `outbox`; what does not fit into it is lost, and said again.
    ///
    /// The end of an earlier session must have been told before.
    pub async fn session_up(&self, peer: Option<Claim>, outbox: mpsc::Sender<Parcel>) {
        self.tell(Event::SessionUp { peer: peer.map(Box::new), outbox }).await;
    }

    /// The session ended.
    pub async fn session_down(&self) {
        self.tell(Event::SessionDown).await;
    }

    /// The other side said something.
    pub async fn receive(&self, parcel: Parcel) {
        self.tell(Event::Parcel(Box::new(parcel))).await;
    }

    /// Somebody asks for something. The answer, if it is a refusal, is a notice.
    pub async fn request(&self, request: Request) {
        self.tell(Event::Request(request)).await;
    }

    /// Waits until the record has been read. A claim that is told to the other side before means "no
    /// record", which a source that deletes its copies takes for their loss (rule R3).
    pub async fn started(&self) {
        let mut report = self.report.clone();
        if report.wait_for(|report| report.started).await.is_err() {
            tracing::debug!("the mover has stopped");
        }
    }

    /// What this side says of its record, as far as it is known: see [`Handle::started`].
    #[must_use]
    pub fn claim(&self) -> Option<Claim> {
        self.report.borrow().claim.clone()
    }

    /// What this side says of the ownership of the cluster.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.report.borrow().standing
    }

    /// Everything that is seen, as it changes.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Report> {
        self.report.clone()
    }

    async fn tell(&self, event: Event) {
        if self.events.send(event).await.is_err() {
            tracing::debug!("the mover has stopped");
        }
    }
}
