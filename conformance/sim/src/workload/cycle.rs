//! Carries out what a cluster's own controllers want, for as long as its API server answers.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::Duration;

use fulcrum_apiserver::ApiServer;
use fulcrum_apiserver::auth::User;
use fulcrum_apiserver::clock;
use fulcrum_apiserver::status::GroupResource;
use tokio::sync::watch;
use tokio::time::sleep;

use super::plan::{Action, By, Plan, View};
use super::state::State;
use super::{DEPLOYMENTS, Started, Workload};
use crate::api::resources::{NODES, PODS};
use crate::api::{Api, ApiError, DeleteOptions};
use crate::net::Link;
use crate::net::tasks::Tasks;

/// After an action that failed, before the next plan.
const BACKOFF: Duration = Duration::from_secs(1);

/// The controllers of one API server.
struct Cycle {
    workload: Workload,
    server: ApiServer,
    link: Link,
    apis: BTreeMap<String, Api>,
    /// The revision up to which changes were looked at.
    seen: u64,
}

impl Workload {
    /// Starts the controllers of the API server that there is now, in place of those of another.
    pub(super) fn begin_cycle(&self) {
        let Some(server) = self.server() else {
            return;
        };
        let link = self.0.given.net.link(self.name(), self.name());
        let tasks = Tasks::default();
        let (own, way) = (server.clone(), link.clone());
        tasks.spawn(async move {
            loop {
                way.open().await;
                tokio::select! {
                    biased;
                    () = way.broken() => {}
                    () = own.run() => {}
                }
            }
        });
        let workload = self.clone();
        let mut cycle = Cycle { workload, server, link, apis: BTreeMap::new(), seen: 0 };
        tasks.spawn(async move { cycle.run().await });
        *self.0.cycle.lock().unwrap_or_else(PoisonError::into_inner) = Some(tasks);
    }

    fn plan(&self, server: &ApiServer) -> Plan {
        let endpoint_leads_here = self.endpoint_leads_here();
        let view = View::of(server, self.now(), endpoint_leads_here);
        let mut plan = Plan::default();
        let mut state = self.lock();
        state.plan_nodes(&view, &mut plan);
        State::plan_taints(&view, &mut plan);
        State::plan_unready(&view, &mut plan);
        State::plan_deployments(&view, &mut plan);
        State::plan_schedule(&view, &mut plan);
        state.plan_kubelets(self, &view, &mut plan);
        drop(state);
        self.account();
        plan
    }
}

impl Cycle {
    async fn run(&mut self) {
        let mut written = self.server.store().subscribe();
        let mut changed = self.workload.0.changed.subscribe();
        loop {
            self.link.open().await;
            written.mark_unchanged();
            changed.mark_unchanged();
            self.seen = self.server.store().revision();
            let mut plan = self.workload.plan(&self.server);
            plan.killed.clear();
            let next = plan.next;
            if plan.actions.is_empty() {
                self.wait(&mut written, &mut changed, next).await;
                continue;
            }
            for action in plan.actions {
                if let Err(error) = self.carry_out(action).await {
                    self.weigh(&error).await;
                    break;
                }
            }
        }
    }

    /// Waits for something that matters.
    async fn wait(
        &mut self,
        written: &mut watch::Receiver<u64>,
        changed: &mut watch::Receiver<u64>,
        next: Option<jiff::Timestamp>,
    ) {
        let time = next.map_or(Duration::from_hours(1), |next| {
            // Timers are in whole milliseconds.
            clock::until(self.workload.now(), next) + Duration::from_millis(1)
        });
        let timer = sleep(time);
        tokio::pin!(timer);
        loop {
            tokio::select! {
                biased;
                _ = changed.changed() => return,
                () = &mut timer => return,
                _ = written.changed() => {
                    if self.matters() {
                        return;
                    }
                }
            }
        }
    }

    /// Whether one of the objects that matter was written since it last looked.
    fn matters(&mut self) -> bool {
        let revision = self.server.store().revision();
        let events = self.server.store().events_since(self.seen);
        let went_back = revision < self.seen;
        self.seen = revision;
        let ours = [&NODES, &PODS, &DEPLOYMENTS].map(crate::api::Res::group_resource);
        let is_ours = |resource: &GroupResource| ours.contains(resource);
        went_back || events.map_or(true, |events| events.iter().any(|it| is_ours(&it.key.resource)))
    }

    /// What an error means for the next plan.
    async fn weigh(&self, error: &ApiError) {
        match error {
            ApiError::NotFound | ApiError::Conflict | ApiError::AlreadyExists => {}
            ApiError::Unreachable
            | ApiError::Lost
            | ApiError::Invalid(_)
            | ApiError::Forbidden(_)
            | ApiError::Other(..) => sleep(BACKOFF).await,
        }
    }

    fn api(&mut self, by: &By) -> Api {
        let user = by.user();
        let known = self.apis.entry(user.clone());
        let given = &self.workload.0.given;
        known
            .or_insert_with(|| {
                let entropy = given.entropy.fork(&user);
                let user = User { name: user, ..User::admin() };
                let server = self.server.clone();
                Api::new(server, user, by.agent(), self.link.clone()).seeded(entropy)
            })
            .clone()
    }

    async fn carry_out(&mut self, action: Action) -> Result<(), ApiError> {
        match action {
            Action::Register { host, node } => self.register(&host, &node).await,
            Action::Patch { by, res, at: (namespace, name), sub, patch } => {
                let api = self.api(&by);
                api.patch_merge(res, &namespace, &name, sub, &patch).await.map(drop)
            }
            Action::CreatePod { by, pod } => {
                let namespace = super::plan::meta(&pod, "namespace").to_owned();
                self.api(&by).create(&PODS, &namespace, &pod).await.map(drop)
            }
            Action::DeletePod { by, at: (namespace, name), uid } => {
                let options = DeleteOptions { uid: Some(uid), ..DeleteOptions::default() };
                self.api(&by).delete(&PODS, &namespace, &name, &options).await
            }
            Action::Start { uid } => {
                sleep(Duration::from_millis(1)).await;
                self.workload.start_pod(&uid);
                Ok(())
            }
        }
    }

    async fn register(&mut self, host: &str, node: &serde_json::Value) -> Result<(), ApiError> {
        let name = super::plan::meta(node, "name").to_owned();
        let outcome = self.api(&By::Kubelet(name)).create(&NODES, "", node).await;
        match outcome {
            Ok(_) | Err(ApiError::AlreadyExists) => {
                if let Some(host) = self.workload.lock().hosts.get_mut(host) {
                    host.registered = true;
                }
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

impl Workload {
    /// A kubelet starts a pod, if its machine still runs.
    fn start_pod(&self, uid: &str) {
        let (program, started) = {
            let state = self.lock();
            let Some(run) = state.pods.get(uid).filter(|run| !run.running) else {
                return;
            };
            let Some(host) = state.hosts.get(&run.host).filter(|host| host.has_kubelet()) else {
                return;
            };
            let program = state.programs.get(&(run.namespace.clone(), run.app.clone())).cloned();
            let started = Started {
                cluster: self.name().to_owned(),
                namespace: run.namespace.clone(),
                pod: run.name.clone(),
                node: host.node().to_owned(),
            };
            (program, started)
        };
        // Outside of the lock: it may look around in the cluster.
        let process = program.map(|program| program.start(&started));
        let mut state = self.lock();
        if let Some(run) = state.pods.get_mut(uid) {
            run.running = true;
            run.process = process;
        }
        drop(state);
        self.account();
        self.wake();
    }
}
