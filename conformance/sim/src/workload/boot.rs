//! How a machine becomes a node.

use std::time::Duration;

use tokio::time::sleep;

use super::bootstrap::{is_good, token_secret_name};
use super::state::{Host, State};
use super::{Bootstrap, BootstrapRole, LEASE_PERIOD, Workload};
use crate::infrastructure::{InfraMachine, Stages};

/// Between two attempts to join.
const RETRY: Duration = Duration::from_secs(10);
/// So many attempts are made.
const ATTEMPTS: u32 = 30;

/// A start of a machine: what it sets off ends with it.
#[derive(Clone)]
struct Start {
    id: String,
    number: u64,
}

impl Workload {
    /// A machine runs.
    pub(super) fn begins(&self, machine: &InfraMachine) {
        let (start, host) = {
            let mut state = self.lock();
            let host = state.hosts.entry(machine.id.clone()).or_default();
            host.name.clone_from(&machine.name);
            host.address.clone_from(&machine.address);
            host.version.clone_from(&machine.spec.version);
            host.bootstrap = Bootstrap::parse(&machine.spec.bootstrap);
            host.starts += 1;
            host.running = true;
            host.registered = false;
            host.failure = None;
            host.stages = Stages { vm: true, ..Stages::default() };
            (Start { id: machine.id.clone(), number: host.starts }, host.clone())
        };
        let here = self.clone();
        self.0.boots.spawn(async move {
            if host.joined {
                here.boot_again(&start).await;
                return;
            }
            let outcome = match &host.bootstrap {
                None => Some(Err("no bootstrap data that could be read".to_owned())),
                Some(bootstrap) if bootstrap.role == BootstrapRole::Init => {
                    here.init(&start, bootstrap).await
                }
                Some(bootstrap) => here.join(&start, bootstrap).await,
            };
            if let Some(Err(failure)) = outcome {
                here.change(&start, |_, host| host.failure = Some(failure));
            }
        });
    }

    /// A machine does not run any more.
    pub(super) fn ends(&self, machine: &InfraMachine, gone: bool) {
        let now = self.now();
        let silent = self.0.given.entropy.between(Duration::ZERO, LEASE_PERIOD);
        let killed: Vec<_> = {
            let mut state = self.lock();
            if let Some(host) = state.hosts.get_mut(&machine.id) {
                host.running = false;
                host.stages = Stages::default();
                let last = now.checked_sub(silent).unwrap_or(now);
                host.lost.get_or_insert(last);
            }
            if gone {
                state.hosts.remove(&machine.id);
            }
            let runs = state.pods.values_mut().filter(|run| run.host == machine.id);
            runs.map(|run| {
                run.restarts += u64::from(run.running);
                run.running = false;
                run.process.take()
            })
            .collect()
        };
        // Outside of the lock: what is killed may have its own idea of how to end.
        drop(killed);
        self.account();
        self.settle();
    }

    /// How far a machine has come.
    pub(super) fn stages(&self, id: &str) -> (Stages, Option<String>) {
        let state = self.lock();
        state.hosts.get(id).map(|host| (host.stages, host.failure.clone())).unwrap_or_default()
    }

    /// Changes a machine, if it is still the same start of it; `None` if it is not.
    fn change<T>(&self, start: &Start, change: impl FnOnce(&State, &mut Host) -> T) -> Option<T> {
        let changed = {
            let mut state = self.lock();
            let mut host = state.hosts.get(&start.id)?.clone();
            if host.starts != start.number || !host.running {
                return None;
            }
            let changed = change(&state, &mut host);
            state.hosts.insert(start.id.clone(), host);
            changed
        };
        self.settle();
        Some(changed)
    }

    async fn wait(&self, time: fn(&crate::infrastructure::Pace) -> Duration) {
        let time = time(&self.0.given.infrastructure.pace());
        sleep(self.about(time)).await;
    }

    /// A machine that was a node before starts again.
    async fn boot_again(&self, start: &Start) {
        self.wait(|pace| pace.node).await;
        let control_plane = self.change(start, |state, host| {
            host.stages.node = true;
            host.lost = None;
            host.is_control_plane() && state.members.contains(host.node())
        });
        if control_plane == Some(true) {
            self.serve(start).await;
        }
    }

    /// Starts etcd and the API server of a member.
    async fn serve(&self, start: &Start) -> Option<()> {
        self.wait(|pace| pace.etcd).await;
        self.change(start, |_, host| host.stages.etcd = true)?;
        self.wait(|pace| pace.api_server).await;
        self.change(start, |_, host| host.stages.api_server = true)
    }

    /// Makes the cluster. `None`: the machine ended meanwhile.
    async fn init(&self, start: &Start, bootstrap: &Bootstrap) -> Option<Result<(), String>> {
        self.wait(|pace| pace.node).await;
        self.change(start, |_, host| host.stages.node = true)?;
        self.wait(|pace| pace.etcd).await;
        self.change(start, |_, host| host.stages.etcd = true)?;
        self.wait(|pace| pace.api_server).await;
        if self.lock().server.is_some() {
            return Some(Err("the cluster has a control plane already".to_owned()));
        }
        let server = (self.0.given.factory)(self.name());
        {
            let mut state = self.lock();
            let host = state.hosts.get_mut(&start.id)?;
            if host.starts != start.number || !host.running {
                return None;
            }
            host.joined = true;
            host.stages.api_server = true;
            state.members = [bootstrap.node.clone()].into();
            state.server = Some(server);
            state.ca_hash = Some(bootstrap.ca_hash.clone());
            state.endpoint.clone_from(&bootstrap.endpoint);
        }
        self.rewired();
        self.settle();
        self.begin_cycle();
        Some(Ok(()))
    }

    /// Joins the cluster. `None`: the machine ended meanwhile.
    async fn join(&self, start: &Start, bootstrap: &Bootstrap) -> Option<Result<(), String>> {
        self.wait(|pace| pace.node).await;
        let mut refused = String::new();
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                sleep(RETRY).await;
            }
            match self.admits(bootstrap) {
                Ok(()) => {
                    self.change(start, |_, host| {
                        host.joined = true;
                        host.stages.node = true;
                    })?;
                    if bootstrap.role == BootstrapRole::JoinControlPlane {
                        self.join_etcd(start, bootstrap).await?;
                    }
                    return Some(Ok(()));
                }
                Err(why) => refused = why,
            }
            self.change(start, |_, _| {})?;
        }
        Some(Err(refused))
    }

    /// Adds a member to etcd as soon as a quorum agrees.
    async fn join_etcd(&self, start: &Start, bootstrap: &Bootstrap) -> Option<()> {
        self.wait(|pace| pace.etcd).await;
        while !self.is_up() {
            sleep(RETRY).await;
        }
        self.change(start, |_, host| host.stages.etcd = true)?;
        self.lock().members.insert(bootstrap.node.clone());
        self.settle();
        self.wait(|pace| pace.api_server).await;
        self.change(start, |_, host| host.stages.api_server = true)
    }

    /// Whether the cluster takes a machine.
    fn admits(&self, bootstrap: &Bootstrap) -> Result<(), String> {
        let host = &bootstrap.endpoint;
        if self.0.given.infrastructure.resolve(host).as_deref() != Some(self.name()) {
            return Err(format!("no such host: {host}"));
        }
        let Some(server) = self.server().filter(|_| self.is_up()) else {
            return Err(format!("{host}:6443: connection refused"));
        };
        if self.ca_hash().as_deref() != Some(bootstrap.ca_hash.as_str()) {
            return Err("the cluster CA does not match the hash of the bootstrap data".to_owned());
        }
        let key = fulcrum_apiserver::store::Key::new(
            &crate::api::resources::SECRETS.group_resource(),
            "kube-system",
            &token_secret_name(&bootstrap.token),
        );
        let secret = server.store().get(&key);
        let good = secret.is_some_and(|secret| is_good(&secret, &bootstrap.token, self.now()));
        if good { Ok(()) } else { Err("the bootstrap token is not good, or no longer".to_owned()) }
    }
}
