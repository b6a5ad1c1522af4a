//! A cell: what its parts share, its two listeners and its control loop.

use std::io;
use std::sync::Arc;

use fulcrum_identity::{ClientAuth, server_config};
use fulcrum_mover::{Clock, ClusterName, Witness};
use fulcrum_proto::v1::enrolment_server::EnrolmentServer;
use fulcrum_proto::v1::pivot_server::PivotServer;
use fulcrum_session::time::{self, HandshakeClock};
use fulcrum_session::{Entropy, health::Readiness};
use futures_core::Stream;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tonic::transport::Server;

use crate::authority::Authority;
use crate::controller::Controller;
use crate::enrolment::EnrolmentService;
use crate::error::CellError;
use crate::fleet::Fleet;
use crate::pivot::PivotService;
use crate::registry::Registry;
use crate::secured::secured;
use crate::settings::Settings;
use crate::store::Store;

/// The ConfigMap that counts the starts of a cell.
const STARTS: &str = "fulcrum-cell-starts";

/// What is larger than the limit of a message by what gRPC needs.
const SLACK: usize = 16 * 1024;

/// Who remembers the epochs of each cluster outside the cell's own store (rule H8).
pub trait Witnesses: Send + Sync {
    /// The witness of a cluster.
    fn witness(&self, cluster: &ClusterName) -> Arc<dyn Witness>;
}

/// What a cell is made of and does not make itself.
pub struct Parts {
    /// The API server of the management cluster.
    pub client: kube::Client,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Keys, serial numbers, tokens, lineages and ids of moves are drawn from it.
    pub entropy: Arc<dyn Entropy>,
    /// Who remembers epochs.
    pub witnesses: Arc<dyn Witnesses>,
}

/// What every part of a cell needs.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) client: kube::Client,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) witnesses: Arc<dyn Witnesses>,
    pub(crate) store: Store,
    pub(crate) authority: Authority,
    pub(crate) registry: Registry,
    pub(crate) fleet: Fleet,
    pub(crate) readiness: Readiness,
}

/// A cell. Clones share it.
#[derive(Clone)]
pub struct Cell {
    shared: Arc<Shared>,
    stop: Arc<watch::Sender<bool>>,
}

impl Cell {
    /// Takes up the CA and counts the start.
    ///
    /// # Errors
    /// [`CellError`]: the API server did not answer, or what the cell keeps there cannot be read.
    pub async fn open(parts: Parts, settings: Settings) -> Result<Self, CellError> {
        let Parts { client, clock, entropy, witnesses } = parts;
        let store = Store::new(client.clone(), &settings.namespace, settings.pace.deadline);
        let start = store.count(STARTS, "starts").await?;
        let now = time::unix(clock.now());
        let authority = Authority::open(&store, &settings, Arc::clone(&entropy), now).await?;
        let shared = Shared {
            registry: Registry::new(start),
            fleet: Fleet::default(),
            readiness: Readiness::default(),
            settings,
            client,
            clock,
            entropy,
            witnesses,
            store,
            authority,
        };
        Ok(Self { shared: Arc::new(shared), stop: Arc::new(watch::Sender::new(false)) })
    }

    /// Ends both listeners: every session is told that the cell stops.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// What agents told.
    #[must_use]
    pub fn fleet(&self) -> &Fleet {
        &self.shared.fleet
    }

    /// Whether every ManagedCluster has been seen since the start.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        self.shared.readiness.clone()
    }

    /// The CAs by which agents judge the listeners, PEM.
    #[must_use]
    pub fn trust_bundle(&self) -> String {
        self.shared.authority.bundle()
    }

    /// Serves `Pivot` on every connection of `incoming`, until [`Cell::stop`]. A client certificate
    /// is judged by each call, so that the status can say what is wrong with it.
    ///
    /// # Errors
    /// [`CellError::Serve`], [`CellError::Identity`].
    pub async fn serve_pivot<S, I>(&self, incoming: S) -> Result<(), CellError>
    where
        S: Stream<Item = io::Result<I>>,
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let service = PivotService::new(Arc::clone(&self.shared), self.stop.subscribe());
        let largest = self.shared.settings.limits.message_bytes() + SLACK;
        let service = PivotServer::new(service)
            .max_decoding_message_size(largest)
            .max_encoding_message_size(largest);
        let incoming = secured(incoming, self.tls(ClientAuth::Deferred)?);
        self.server()
            .serve_with_incoming_shutdown(service, incoming, self.stopped())
            .await
            .map_err(|source| CellError::Serve { listener: "pivot", source })
    }

    /// Serves `Enrolment` on every connection of `incoming`, until [`Cell::stop`]. No client
    /// certificate is asked for.
    ///
    /// # Errors
    /// [`CellError::Serve`], [`CellError::Identity`].
    pub async fn serve_enrolment<S, I>(&self, incoming: S) -> Result<(), CellError>
    where
        S: Stream<Item = io::Result<I>>,
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let service = EnrolmentServer::new(EnrolmentService::new(Arc::clone(&self.shared)));
        let incoming = secured(incoming, self.tls(ClientAuth::Optional)?);
        self.server()
            .serve_with_incoming_shutdown(service, incoming, self.stopped())
            .await
            .map_err(|source| CellError::Serve { listener: "enrolment", source })
    }

    /// Watches the ManagedClusters and does what they ask, until [`Cell::stop`].
    ///
    /// # Errors
    /// [`CellError::WatchEnded`]. What fails for one cluster is logged and tried again.
    pub async fn control(&self) -> Result<(), CellError> {
        let mut controller = Controller::new(Arc::clone(&self.shared));
        tokio::select! {
            biased;
            () = self.stopped() => Ok(()),
            end = controller.run() => end,
        }
    }

    async fn stopped(&self) {
        let mut stop = self.stop.subscribe();
        // The sender is held by `self`, so the wait ends with a true.
        let _ = stop.wait_for(|stop| *stop).await;
    }

    fn tls(&self, clients: ClientAuth) -> Result<Arc<rustls::ServerConfig>, CellError> {
        let authority = &self.shared.authority;
        let time = HandshakeClock::new(Arc::clone(&self.shared.clock));
        server_config(authority.listener(), authority.trust(), clients, time)
            .map(Arc::new)
            .map_err(CellError::identity("configure the TLS of a listener"))
    }

    fn server(&self) -> Server {
        let limits = &self.shared.settings.limits;
        Server::builder()
            .http2_keepalive_interval(Some(limits.keep_alive))
            .http2_keepalive_timeout(Some(limits.keep_alive_timeout))
    }
}
