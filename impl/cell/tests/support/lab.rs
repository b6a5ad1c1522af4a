//! A cell over in-memory links in virtual time, and clients of it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fulcrum_cell::{Cell, Parts, Settings, Witnesses};
use fulcrum_identity::{
    Credentials, Key, LiveTrust, Request as SigningRequest, Trust, client_config,
};
use fulcrum_mover::{Clock, ClusterName, NoWitness, Witness};
use fulcrum_proto::v1::enrolment_client::EnrolmentClient;
use fulcrum_proto::v1::pivot_client::PivotClient;
use fulcrum_proto::v1::{self, from_agent};
use fulcrum_session::flow::{Outbox, flow};
use fulcrum_session::time::HandshakeClock;
use fulcrum_session::{DIGEST_FORM, Entropy};
use futures_util::stream::unfold;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::json;
use tokio::io::{DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};
use tonic::{Status, Streaming};
use tower::service_fn;

use super::api::Api;

const MANAGED: &str = "/apis/pivot.fulcrum.dev/v1alpha1/namespaces/default/managedclusters";

/// The time of the runtime, from a fixed day on.
pub(crate) struct LabClock(Instant);

impl LabClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Instant::now()))
    }
}

impl Clock for LabClock {
    fn now(&self) -> Timestamp {
        let start = Timestamp::from_second(1_800_000_000).expect("a time");
        start.checked_add(self.0.elapsed()).expect("a time")
    }
}

/// Chance that repeats itself.
pub(crate) struct LabEntropy(AtomicU64);

impl LabEntropy {
    pub(crate) fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(seed)))
    }
}

impl Entropy for LabEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (z >> 56) as u8;
        }
    }
}

struct Nobody;

impl Witnesses for Nobody {
    fn witness(&self, _: &ClusterName) -> Arc<dyn Witness> {
        Arc::new(NoWitness)
    }
}

/// A cell that runs.
pub(crate) struct Lab {
    pub(crate) api: Api,
    pub(crate) cell: Cell,
    pub(crate) clock: Arc<LabClock>,
    pub(crate) entropy: Arc<LabEntropy>,
    pub(crate) pivot: mpsc::UnboundedSender<DuplexStream>,
    pub(crate) enrolment: mpsc::UnboundedSender<DuplexStream>,
    _tasks: JoinSet<()>,
}

/// What a client shows: a certificate with its key.
pub(crate) struct Shown {
    pub(crate) key: Key,
    pub(crate) chain: Vec<CertificateDer<'static>>,
}

/// A session, as an agent has it.
pub(crate) struct Attached {
    pub(crate) outbox: Outbox<v1::FromAgent>,
    pub(crate) inbound: Streaming<v1::FromCell>,
}

fn incoming(
    links: mpsc::UnboundedReceiver<DuplexStream>,
) -> impl futures_core::Stream<Item = io::Result<DuplexStream>> {
    unfold(links, |mut links| async move { links.recv().await.map(|link| (Ok(link), links)) })
}

impl Lab {
    /// A cell with the ManagedCluster `c`.
    pub(crate) async fn new() -> Self {
        let (api, clock, entropy) = (Api::default(), LabClock::new(), LabEntropy::new(7));
        let parts = Parts {
            client: api.client(),
            clock: clock.clone(),
            entropy: entropy.clone(),
            witnesses: Arc::new(Nobody),
        };
        let mut settings = Settings::new("fulcrum-system", vec!["cell.test".to_owned()]);
        settings.client_lifetime = Duration::from_secs(60 * 60);
        settings.resync = Duration::from_secs(2);
        let cell = Cell::open(parts, settings).await.expect("a cell");
        let (pivot, pivots) = mpsc::unbounded_channel();
        let (enrolment, enrolments) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        let served = cell.clone();
        tasks.spawn(async move { served.serve_pivot(incoming(pivots)).await.expect("it serves") });
        let served = cell.clone();
        tasks.spawn(async move {
            served.serve_enrolment(incoming(enrolments)).await.expect("it serves");
        });
        let controlled = cell.clone();
        tasks.spawn(async move { controlled.control().await.expect("it controls") });
        let lab = Self { api, cell, clock, entropy, pivot, enrolment, _tasks: tasks };
        lab.manage("c");
        lab
    }

    /// Makes a ManagedCluster.
    pub(crate) fn manage(&self, name: &str) {
        let object = json!({
            "apiVersion": "pivot.fulcrum.dev/v1alpha1", "kind": "ManagedCluster",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"clusterRef": {"name": name}},
        });
        self.api.create(MANAGED, object);
    }

    /// Deletes a ManagedCluster.
    pub(crate) fn abandon(&self, name: &str) {
        self.api.delete(&format!("{MANAGED}/{name}"));
    }

    /// The status of a ManagedCluster.
    pub(crate) fn status(&self, name: &str) -> serde_json::Value {
        let found = self.api.get(&format!("{MANAGED}/{name}"));
        found.map(|object| object["status"].clone()).unwrap_or_default()
    }

    /// The token that the cell has written for a cluster.
    pub(crate) async fn token(&self, name: &str) -> String {
        let path = format!("/api/v1/namespaces/default/secrets/{name}-enrolment");
        let secret = wait(|| self.api.get(&path)).await;
        let secret: k8s_openapi::api::core::v1::Secret =
            serde_json::from_value(secret).expect("a Secret");
        let data = secret.data.expect("it has data");
        String::from_utf8(data["token"].0.clone()).expect("text")
    }

    /// A connection to a listener.
    pub(crate) async fn dial(
        &self,
        to: &mpsc::UnboundedSender<DuplexStream>,
        shown: Option<&Shown>,
    ) -> Channel {
        let trust = Trust::from_pem("the cell", self.cell.trust_bundle().as_bytes());
        let trust = LiveTrust::new(trust.expect("a bundle"));
        let credentials = shown
            .map(|shown| Credentials::new(shown.chain.clone(), &shown.key).expect("a certificate"));
        let time = HandshakeClock::new(self.clock.clone());
        let config = client_config(credentials.as_ref(), &trust, time).expect("a configuration");
        let (tls, to) = (TlsConnector::from(Arc::new(config)), to.clone());
        let connector = service_fn(move |_: http::Uri| {
            let (tls, to) = (tls.clone(), to.clone());
            async move {
                let (near, far) = duplex(64 * 1024);
                to.send(far).map_err(io::Error::other)?;
                let name = ServerName::try_from("cell.test").expect("a name");
                Ok::<_, io::Error>(TokioIo::new(tls.connect(name, near).await?))
            }
        });
        let endpoint = Endpoint::from_static("http://cell");
        endpoint.connect_with_connector(connector).await.expect("it connects")
    }

    /// Shows a token for a cluster, with a signing request for `key`.
    pub(crate) async fn enrol(
        &self,
        token: &str,
        cluster: &str,
        key: &Key,
    ) -> Result<v1::EnrolResponse, Status> {
        let request = v1::EnrolRequest {
            token: token.to_owned(),
            cluster: cluster.to_owned(),
            lineage: String::new(),
            signing_request: SigningRequest::sign(key, cluster).expect("a request"),
        };
        let mut client = EnrolmentClient::new(self.dial(&self.enrolment, None).await);
        client.enrol(request).await.map(tonic::Response::into_inner)
    }

    /// Enrols a cluster with the token of the cell.
    pub(crate) async fn enrolled(&self, cluster: &str, seed: u8) -> Shown {
        let key = Key::from_seed([seed; 32]).expect("a key");
        let token = self.token(cluster).await;
        let answer = self.enrol(&token, cluster, &key).await.expect("it is enrolled");
        let chain = answer.certificate.expect("a certificate").chain;
        Shown { key, chain: chain.into_iter().map(CertificateDer::from).collect() }
    }

    /// Opens a session and says `AgentReady` for `cluster`.
    pub(crate) async fn attach(
        &self,
        shown: Option<&Shown>,
        cluster: &str,
    ) -> Result<Attached, Status> {
        let (outbox, outflow) = flow();
        let ready = v1::AgentReady {
            cluster: cluster.to_owned(),
            min_version: 1,
            max_version: 1,
            digest_forms: vec![DIGEST_FORM.to_owned()],
            ..v1::AgentReady::default()
        };
        let frame = v1::FromAgent { body: Some(from_agent::Body::Ready(ready)) };
        outbox.urgent(frame).await.expect("open");
        let mut client = PivotClient::new(self.dial(&self.pivot, shown).await);
        let inbound = client.attach(outflow).await?.into_inner();
        Ok(Attached { outbox, inbound })
    }
}

impl Attached {
    /// The next message of the cell; nothing after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<v1::from_cell::Body>, Status> {
        Ok(self.inbound.message().await?.and_then(|frame| frame.body))
    }

    /// Sends a heartbeat.
    pub(crate) async fn beat(&self, sequence: u64) {
        let beat = v1::Heartbeat { sequence, node_count: 3, ..v1::Heartbeat::default() };
        let frame = v1::FromAgent { body: Some(from_agent::Body::Heartbeat(beat)) };
        self.outbox.urgent(frame).await.expect("the session is open");
    }

    /// The number of the session, from the first message.
    pub(crate) async fn accepted(&mut self) -> u64 {
        match self.next().await.expect("a message") {
            Some(v1::from_cell::Body::Accepted(accepted)) => accepted.session,
            other => panic!("SessionAccepted, not {other:?}"),
        }
    }
}

/// Waits until something is there.
pub(crate) async fn wait<T>(mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..1000 {
        if let Some(found) = look() {
            return found;
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("it never came");
}
