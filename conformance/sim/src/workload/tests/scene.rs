//! A child without Cluster API: machines made by hand.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fulcrum_apiserver::auth::Tokens;
use fulcrum_apiserver::{ApiServer, Options};
use jiff::Timestamp;
use tokio::time::sleep;

use super::super::{
    Bootstrap, BootstrapRole, Factory, Program, Started, Workload, Workloads, ca_hash, token_secret,
};
use crate::api::resources::{NODES, SECRETS};
use crate::clock::SharedClock;
use crate::entropy::SharedEntropy;
use crate::history::Recorder;
use crate::infrastructure::{Actor, Flavour, Infrastructure, MachineRef, MachineSpec, Provider};
use crate::net::Net;

/// A bootstrap token that is good for ever.
pub(crate) const TOKEN: &str = "abcdef.0123456789abcdef";

/// Machines, and the cluster `c1` on them.
pub(crate) struct Scene {
    pub(crate) net: Net,
    pub(crate) infrastructure: Infrastructure,
    pub(crate) workloads: Workloads,
    pub(crate) recorder: Recorder,
    pub(crate) clock: SharedClock,
    pub(crate) entropy: SharedEntropy,
    pub(crate) provider: Arc<dyn Provider>,
}

/// Waits until something holds.
pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..3600 {
        if holds() {
            return;
        }
        sleep(Duration::from_secs(1)).await;
    }
    panic!("an hour has passed, and still not: {what}");
}

impl Scene {
    /// Nothing but a load balancer.
    pub(crate) async fn new(seed: u64) -> Self {
        let start = Timestamp::from_second(1_767_225_600).expect("a moment");
        let clock = SharedClock::starting_at(start);
        let entropy = SharedEntropy::new(seed);
        let recorder = Recorder::new(clock.clone());
        let net = Net::recorded(recorder.clone());
        let infrastructure = Infrastructure::new(&entropy, recorder.clone());
        let (time, chance, observer) = (clock.clone(), entropy.clone(), recorder.clone());
        let factory: Factory = Arc::new(move |cluster: &str| {
            let server = ApiServer::new(Options {
                clock: time.handle(),
                entropy: chance.fork(cluster).handle(),
                tokens: Tokens::default(),
            });
            observer.observe(cluster, &server);
            server
        });
        let workloads = Workloads::new(&infrastructure, &net, &clock, &entropy, &recorder, factory);
        let who = Actor {
            on_behalf_of: "parent".to_owned(),
            agent: "capi-infra".to_owned(),
            credentials: None,
        };
        let provider = infrastructure.provider(&net, Flavour::ByName, who.clone());
        provider.create_load_balancer(&who, "c1").await.expect("made");
        Self { net, infrastructure, workloads, recorder, clock, entropy, provider }
    }

    /// One control plane machine `cp-0` and workers `w-0`, ..., all of them nodes.
    pub(crate) async fn with_workers(count: usize) -> Self {
        let scene = Self::new(7).await;
        scene.populate(count).await;
        scene
    }

    /// The machines of [`Scene::with_workers`].
    pub(crate) async fn populate(&self, count: usize) {
        let child = self.child();
        self.machine("cp-0", &self.bootstrap(BootstrapRole::Init, "cp-0", "")).await;
        child.up().await;
        let admin = child.admin().expect("it is up");
        let secret = token_secret(TOKEN, Timestamp::MAX);
        admin.create(&SECRETS, "kube-system", &secret).await.expect("taken");
        for number in 0..count {
            let name = format!("w-{number}");
            self.machine(&name, &self.bootstrap(BootstrapRole::Join, &name, TOKEN)).await;
        }
        let server = child.server().expect("it is up");
        let nodes = || {
            let all = server.store().list(&NODES.group_resource(), None, None);
            all.map(|(nodes, _)| nodes.len()).unwrap_or_default()
        };
        until("all machines are nodes", || nodes() == count + 1).await;
    }

    pub(crate) fn child(&self) -> Workload {
        self.workloads.declare("c1")
    }

    pub(crate) fn bootstrap(&self, role: BootstrapRole, node: &str, token: &str) -> String {
        Bootstrap {
            role,
            node: node.to_owned(),
            version: "v1.34.4".to_owned(),
            endpoint: "c1-lb".to_owned(),
            ca_hash: ca_hash("the CA of c1"),
            token: token.to_owned(),
        }
        .text()
    }

    pub(crate) async fn machine(&self, name: &str, bootstrap: &str) {
        let spec = MachineSpec {
            version: "v1.34.4".to_owned(),
            bootstrap: bootstrap.to_owned(),
            ..MachineSpec::default()
        };
        let who = self.provider.actor();
        self.provider.create_machine(&who, "c1", name, spec).await.expect("made");
    }

    pub(crate) async fn delete(&self, name: &str) {
        let who = self.provider.actor();
        let gone = self.provider.delete_machine(&who, "c1", MachineRef::Name(name)).await;
        gone.expect("removed");
    }
}

/// Counts what runs.
#[derive(Clone, Default)]
pub(crate) struct Counted(Arc<AtomicUsize>);

/// Something that runs until it is dropped.
struct Alive(Arc<AtomicUsize>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Counted {
    pub(crate) fn program(&self) -> Arc<dyn Program> {
        let count = Arc::clone(&self.0);
        Arc::new(move |_: &Started| -> Box<dyn Any + Send> {
            count.fetch_add(1, Ordering::Relaxed);
            Box::new(Alive(Arc::clone(&count)))
        })
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}
