//! What cell and agent are handed in a simulation: time, chance, links.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use fulcrum_agent::{Connect, Connecting, Connection, Invitation, Invited, Listener};
use fulcrum_apiserver::ApiServer;
use fulcrum_apiserver::entropy::{Entropy as _, Seeded};
use fulcrum_cell::Witnesses;
use fulcrum_mover::{Clock, ClusterName, NoWitness, Witness};
use fulcrum_session::Entropy;
use futures_core::Stream;
use futures_util::stream::unfold;
use jiff::Timestamp;
use tokio::io::{DuplexStream, duplex};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

/// Bytes that a link holds before its sender waits.
const BUFFER: usize = 64 * 1024;

/// The clock of an API server, for whoever runs beside it.
pub(super) struct ServerClock(pub(super) ApiServer);

impl Clock for ServerClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

/// Chance from a seed.
pub(super) struct PairEntropy(Seeded);

impl PairEntropy {
    pub(super) fn new(seed: u64) -> Self {
        Self(Seeded::new(seed))
    }
}

impl Entropy for PairEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(size_of::<u64>()) {
            part.copy_from_slice(&self.0.bits().to_le_bytes()[..part.len()]);
        }
    }
}

/// No witness outside the stores.
pub(super) struct Nobody;

impl Witnesses for Nobody {
    fn witness(&self, _: &ClusterName) -> Arc<dyn Witness> {
        Arc::new(NoWitness)
    }
}

/// The invitation to enrol.
pub(super) struct Letter(pub(super) Invited);

impl Invitation for Letter {
    fn read(&self) -> Option<Invited> {
        Some(self.0.clone())
    }
}

/// The ways to the two listeners of a cell: for sessions, and for enrolments.
type Ways = Option<(UnboundedSender<DuplexStream>, UnboundedSender<DuplexStream>)>;

/// The way to the listeners of the cell that runs now, if one does.
#[derive(Clone, Default)]
pub(super) struct Links(Arc<Mutex<Ways>>);

impl Links {
    pub(super) fn open(
        &self,
        pivot: UnboundedSender<DuplexStream>,
        enrolment: UnboundedSender<DuplexStream>,
    ) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((pivot, enrolment));
    }

    pub(super) fn close(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Connect for Links {
    fn connect(&self, to: Listener) -> Connecting {
        let ways = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Box::pin(async move {
            let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
            let (pivot, enrolment) = ways.ok_or_else(refused)?;
            let way = match to {
                Listener::Pivot => pivot,
                Listener::Enrolment => enrolment,
            };
            let (near, far) = duplex(BUFFER);
            way.send(far).map_err(|_| refused())?;
            Ok(Box::new(near) as Box<dyn Connection>)
        })
    }
}

/// The connections of a listener.
pub(super) fn incoming(
    links: UnboundedReceiver<DuplexStream>,
) -> impl Stream<Item = io::Result<DuplexStream>> {
    unfold(links, |mut links| async move { links.recv().await.map(|link| (Ok(link), links)) })
}
