//! The managers of Cluster API: on the parent as processes that are always there, on a child as
//! pods on its nodes.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use fulcrum_apiserver::ApiServer;
use fulcrum_apiserver::auth::User;
use tokio::time::timeout;

use super::{PARENT, Site, World, WorldError};
use crate::api::Api;
use crate::api::resources::NAMESPACES;
use crate::capi;
use crate::capi::webhooks::Webhooks;
use crate::infrastructure::{Actor, Flavour};
use crate::remote::Dialer;
use crate::runtime::{Context, Election, Leases, Process, Reconciler, Running};
use crate::workload::{App, Started, Workload};

/// How long managers may take until they run.
const START: Duration = Duration::from_mins(10);

/// A manager of Cluster API: one Deployment of one provider.
#[derive(Clone, Copy)]
pub struct Manager {
    /// Its user agent and field manager.
    pub agent: &'static str,
    /// The namespace of its Deployment.
    pub namespace: &'static str,
    /// The name of its Deployment.
    pub deployment: &'static str,
    /// The name of its Lease.
    pub lease: &'static str,
    controllers: fn() -> Vec<Box<dyn Reconciler>>,
}

const CORE: Manager = Manager {
    agent: capi::CORE,
    namespace: "capi-system",
    deployment: "capi-controller-manager",
    lease: "controller-leader-election-capi",
    controllers: capi::core,
};
const BOOTSTRAP: Manager = Manager {
    agent: capi::BOOTSTRAP,
    namespace: "capi-kubeadm-bootstrap-system",
    deployment: "capi-kubeadm-bootstrap-controller-manager",
    lease: "kubeadm-bootstrap-manager-leader-election-capi",
    controllers: capi::bootstrap,
};
const CONTROL_PLANE: Manager = Manager {
    agent: capi::CONTROL_PLANE,
    namespace: "capi-kubeadm-control-plane-system",
    deployment: "capi-kubeadm-control-plane-controller-manager",
    lease: "kubeadm-control-plane-manager-leader-election-capi",
    controllers: capi::control_plane,
};
const DOCKER: Manager = Manager {
    agent: capi::INFRASTRUCTURE,
    namespace: "capd-system",
    deployment: "capd-controller-manager",
    lease: "controller-leader-election-capd",
    controllers: capi::docker,
};
const CLOUD: Manager = Manager {
    agent: capi::INFRASTRUCTURE,
    namespace: "cloud-system",
    deployment: "cloud-controller-manager",
    lease: "controller-leader-election-cloud",
    controllers: capi::cloud,
};

impl Manager {
    /// The managers of a cluster whose machines are of this flavour.
    #[must_use]
    pub fn all(flavour: Flavour) -> [Self; 4] {
        let infrastructure = match flavour {
            Flavour::ByName => DOCKER,
            Flavour::ById => CLOUD,
        };
        [CORE, BOOTSTRAP, CONTROL_PLANE, infrastructure]
    }

    /// The user name of its service account.
    #[must_use]
    pub fn user(&self) -> String {
        format!("system:serviceaccount:{}:{}", self.namespace, self.agent)
    }
}

impl fmt::Debug for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.agent)
    }
}

impl World {
    /// Starts Cluster API on the parent, in processes of their own; those that run already go on.
    pub fn start_managers(&self) {
        for manager in Manager::all(self.flavour()) {
            self.start_manager(manager);
        }
    }

    /// Starts one manager on the parent, unless it runs already.
    pub fn start_manager(&self, manager: Manager) {
        let mut managers = self.managers();
        managers.entry(manager.agent).or_insert_with(|| {
            let holder = format!("{}-0", manager.deployment);
            self.0.start(manager, (PARENT, &self.0.parent), &holder)
        });
    }

    /// Kills a manager on the parent, at once. `false` if it does not run.
    pub fn kill_manager(&self, agent: &str) -> bool {
        let killed = self.managers().remove(agent);
        if killed.is_some() {
            self.0.recorder.fault(&format!("{agent} of {PARENT} is killed"));
        }
        killed.is_some()
    }

    /// Kills all managers on the parent, at once.
    pub fn kill_managers(&self) {
        for manager in Manager::all(self.flavour()) {
            self.kill_manager(manager.agent);
        }
    }

    /// Installs Cluster API on a child: its kinds, and its managers as Deployments of one pod
    /// each, which are processes where they run. Waits until they do.
    ///
    /// # Errors
    /// When the child has no API server or refuses, or no node takes the pods.
    pub async fn install_managers(&self, child: &str) -> Result<(), WorldError> {
        self.install_kinds(child).await?;
        let workload = self.child(child);
        for manager in Manager::all(self.flavour()) {
            let (namespace, deployment) = (manager.namespace, manager.deployment);
            let program = self.0.program(manager);
            workload.set_program(namespace, deployment, Arc::new(program));
            let app = App { tolerates_control_planes: true, ..App::new(namespace, deployment, 1) };
            workload.deploy(&app).await.map_err(|source| WorldError::Refused {
                cluster: child.to_owned(),
                what: deployment.to_owned(),
                source,
            })?;
        }
        let run = self.managers_run(&workload);
        timeout(START, run).await.map_err(|_| WorldError::NotRunning(child.to_owned()))
    }

    /// Waits until all managers of a child run.
    async fn managers_run(&self, child: &Workload) {
        let mut changed = child.subscribe();
        for Manager { namespace, deployment, .. } in Manager::all(self.flavour()) {
            while child.serving(namespace, deployment) == 0 && changed.changed().await.is_ok() {}
        }
    }
}

impl Site {
    /// What a pod of a manager runs.
    fn program(
        self: &Arc<Self>,
        manager: Manager,
    ) -> impl Fn(&Started) -> Box<dyn Any + Send> + Send + Sync + use<> {
        // The site holds the cluster that holds the program.
        let site: Weak<Self> = Arc::downgrade(self);
        move |pod: &Started| -> Box<dyn Any + Send> {
            let process = site.upgrade().and_then(|site| {
                let server = site.workloads.get(&pod.cluster)?.server()?;
                Some(site.start(manager, (&pod.cluster, &server), &pod.pod))
            });
            Box::new(process)
        }
    }

    /// Starts a manager at the API server of a cluster, at the place of that cluster.
    fn start(
        &self,
        manager: Manager,
        (cluster, server): (&str, &ApiServer),
        holder: &str,
    ) -> Running {
        let label = format!("manager {} {cluster} {holder}", manager.agent);
        let entropy = self.entropy.fork(&label);
        let user = User { name: manager.user(), ..User::admin() };
        let link = self.net.link(cluster, cluster);
        let api = Api::new(server.clone(), user, manager.agent, link).seeded(entropy.fork("api"));
        let remote = Dialer::new(
            cluster,
            manager.agent,
            &self.net,
            (&self.clock, &entropy),
            &self.workloads,
            &self.recorder,
        );
        let who = Actor {
            on_behalf_of: cluster.to_owned(),
            agent: manager.agent.to_owned(),
            credentials: None,
        };
        let provider = self.infrastructure.provider(&self.net, self.options.flavour, who);
        let leases = self.leases(cluster, server);
        let election = Election::new(manager.namespace, manager.lease, holder);
        let (clock, remote) = (self.clock.clone(), Arc::new(remote));
        let cx = Context::new(api, clock, entropy, remote, provider, leases).electing(election);
        Process::start(cx, (manager.controllers)())
    }

    /// The renewals at an API server: those at one that was lost died with it.
    fn leases(&self, cluster: &str, server: &ApiServer) -> Leases {
        let mut leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        leases.entry(incarnation(cluster, server)).or_default().clone()
    }

    /// Whether the webhooks of a manager answer at a cluster: they are in its process.
    fn serves_webhooks(&self, cluster: &str, agent: &str) -> bool {
        if cluster == PARENT {
            let managers = self.managers.lock().unwrap_or_else(PoisonError::into_inner);
            return managers.contains_key(agent);
        }
        let all = Manager::all(self.options.flavour);
        let serving =
            all.iter().find(|manager| manager.agent == agent).zip(self.workloads.get(cluster));
        serving.is_some_and(|(manager, child)| {
            child.serving(manager.namespace, manager.deployment) > 0
        })
    }

    /// Calls the webhooks of the managers at an API server, from now on.
    pub(super) fn hook(self: &Arc<Self>, cluster: &str, server: &ApiServer) {
        let mut hooked = self.hooked.lock().unwrap_or_else(PoisonError::into_inner);
        if !hooked.insert(incarnation(cluster, server)) {
            return;
        }
        let (site, cluster) = (Arc::downgrade(self), cluster.to_owned());
        server.hook(Arc::new(Webhooks::while_up(move |agent| {
            site.upgrade().is_some_and(|site| site.serves_webhooks(&cluster, agent))
        })));
    }
}

/// Tells API servers of one cluster apart: a cluster that was lost and made again has another.
fn incarnation(cluster: &str, server: &ApiServer) -> String {
    let all = server.store().list(&NAMESPACES.group_resource(), None, None);
    let first = all.ok().and_then(|(all, _)| all.first().cloned());
    let uid = first.map(|first| first["metadata"]["uid"].to_string()).unwrap_or_default();
    format!("{cluster} {uid}")
}
