//! The infrastructure itself: what is there, and what becomes of it.

mod balancers;
mod machines;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fulcrum_harness::history::InfrastructureVerb;

use super::{
    Actor, Flavour, InfraMachine, LoadBalancer, MachineState, Pace, Provider, ProviderError,
    Stages, provider,
};
use crate::entropy::SharedEntropy;
use crate::history::{Act, Recorder};
use crate::net::Net;
use crate::net::tasks::Tasks;

/// What runs on machines, and is told when one begins or ends to run.
pub trait Tenant: Send + Sync {
    /// A machine runs, for the first time or again.
    fn begins(&self, machine: &InfraMachine);

    /// A machine does not run any more; `gone`: and never will.
    fn ends(&self, machine: &InfraMachine, gone: bool);

    /// How far a machine has come, beyond that it runs; and why it will not get farther.
    fn stages(&self, machine: &InfraMachine) -> (Stages, Option<String>);

    /// A load balancer of a cluster was made or removed.
    fn rewired(&self, cluster: &str);
}

/// The infrastructure; clones share it.
#[derive(Clone)]
pub struct Infrastructure(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    entropy: SharedEntropy,
    recorder: Recorder,
    tasks: Tasks,
}

#[derive(Default)]
struct State {
    pace: Pace,
    /// By provider id.
    machines: BTreeMap<String, InfraMachine>,
    /// By host.
    balancers: BTreeMap<String, LoadBalancer>,
    /// If any are set, one of them must be shown.
    credentials: Option<BTreeSet<String>>,
    missing_images: BTreeSet<String>,
    tenant: Option<Arc<dyn Tenant>>,
    made: u64,
}

impl Infrastructure {
    /// The place of the infrastructure in the network.
    pub const PLACE: &'static str = "infrastructure";

    /// With nothing in it.
    #[must_use]
    pub fn new(entropy: &SharedEntropy, recorder: Recorder) -> Self {
        let entropy = entropy.fork("infrastructure");
        let (state, tasks) = (Mutex::new(State::default()), Tasks::default());
        Self(Arc::new(Shared { state, entropy, recorder, tasks }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says who lives on the machines.
    pub fn let_to(&self, tenant: Arc<dyn Tenant>) {
        self.lock().tenant = Some(tenant);
    }

    /// The infrastructure as a process sees it, over the link of the cluster on whose behalf it
    /// acts.
    #[must_use]
    pub fn provider(&self, net: &Net, flavour: Flavour, who: Actor) -> Arc<dyn Provider> {
        let link = net.link(&who.on_behalf_of, Self::PLACE);
        Arc::new(provider::Seen::new(self.clone(), flavour, who, link))
    }

    /// How long things take from now on.
    pub fn set_pace(&self, pace: Pace) {
        self.lock().pace = pace;
    }

    /// How long things take.
    #[must_use]
    pub fn pace(&self) -> Pace {
        self.lock().pace
    }

    /// How long the next call is on its way, there and back, beside what the link adds.
    pub(super) fn latency(&self) -> Duration {
        self.0.entropy.between(Duration::from_millis(1), Duration::from_millis(5))
    }

    /// About so long, as chance has it.
    pub(crate) fn about(&self, time: Duration) -> Duration {
        let percent = self.pace().percent;
        self.0.entropy.around(time, percent)
    }

    /// From now on one of these credentials must be shown; `None`: nobody asks.
    pub fn accept_credentials(&self, credentials: Option<&[&str]>) {
        let good = credentials.map(|all| all.iter().map(|&one| one.to_owned()).collect());
        self.lock().credentials = good;
        self.0.recorder.fault("other provider credentials are accepted");
    }

    /// Removes an image, or puts it back.
    pub fn set_image(&self, image: &str, there: bool) {
        let mut state = self.lock();
        if there {
            state.missing_images.remove(image);
        } else {
            state.missing_images.insert(image.to_owned());
        }
    }

    /// The machines of a cluster, by provider id.
    #[must_use]
    pub fn machines(&self, cluster: &str) -> Vec<InfraMachine> {
        let all: Vec<InfraMachine> = self.lock().machines.values().cloned().collect();
        let mut of_cluster: Vec<InfraMachine> =
            all.into_iter().filter(|machine| machine.cluster == cluster).collect();
        of_cluster.iter_mut().for_each(|machine| self.look_inside(machine));
        of_cluster
    }

    /// The load balancers of a cluster, by host.
    #[must_use]
    pub fn load_balancers(&self, cluster: &str) -> Vec<LoadBalancer> {
        let state = self.lock();
        state.balancers.values().filter(|one| one.cluster == cluster).cloned().collect()
    }

    /// The workload cluster to whose API servers a host leads.
    #[must_use]
    pub fn resolve(&self, host: &str) -> Option<String> {
        self.lock().balancers.get(host).map(|balancer| balancer.cluster.clone())
    }

    /// Kills a machine from outside: it stops, and nobody is told. `false` if it does not run.
    pub fn kill(&self, id: &str) -> bool {
        self.switch(id, MachineState::Stopped, InfrastructureVerb::Kill)
    }

    /// Lets a machine that was stopped run again. `false` if it is not there or runs.
    pub fn restart(&self, id: &str) -> bool {
        self.switch(id, MachineState::Running, InfrastructureVerb::Start)
    }

    fn switch(&self, id: &str, to: MachineState, verb: InfrastructureVerb) -> bool {
        let (machine, tenant) = {
            let mut state = self.lock();
            let tenant = state.tenant.clone();
            let from = |it: &&mut InfraMachine| match to {
                MachineState::Running => it.state == MachineState::Stopped,
                _ => it.state != to,
            };
            let Some(machine) = state.machines.get_mut(id).filter(from) else {
                return false;
            };
            machine.state = to;
            (machine.clone(), tenant)
        };
        self.record(verb, "machine", &machine.name, Some(&machine), None);
        if let Some(tenant) = tenant {
            if to == MachineState::Running {
                tenant.begins(&machine);
            } else {
                tenant.ends(&machine, false);
            }
        }
        true
    }

    /// Writes an act into the history.
    fn record(
        &self,
        verb: InfrastructureVerb,
        kind: &str,
        name: &str,
        machine: Option<&InfraMachine>,
        who: Option<(&Actor, &str)>,
    ) {
        let cluster = machine.map(|machine| machine.cluster.as_str());
        self.0.recorder.infrastructure(Act {
            verb,
            kind,
            name,
            provider_id: machine.map(|machine| machine.id.as_str()),
            cluster: cluster.or(who.map(|(_, cluster)| cluster)),
            on_behalf_of: who.map(|(actor, _)| actor.on_behalf_of.as_str()),
        });
    }

    fn look_inside(&self, machine: &mut InfraMachine) {
        machine.stages.vm = machine.state == MachineState::Running;
        let tenant = self.lock().tenant.clone();
        if let Some(tenant) = tenant {
            (machine.stages, machine.failure) = tenant.stages(machine);
            machine.stages.vm = machine.state == MachineState::Running;
        }
    }

    /// Keeps a call going until its end, whether or not its caller lives.
    pub(super) fn keep(&self, call: impl Future<Output = ()> + Send + 'static) {
        self.0.tasks.spawn(call);
    }

    fn admit(state: &State, who: &Actor) -> Result<(), ProviderError> {
        let shown = who.credentials.as_deref().unwrap_or_default();
        let good = state.credentials.as_ref().is_none_or(|good| good.contains(shown));
        if good { Ok(()) } else { Err(ProviderError::Denied(who.agent.clone())) }
    }
}

impl fmt::Debug for Infrastructure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Infrastructure")
            .field("machines", &state.machines.len())
            .field("balancers", &state.balancers.len())
            .finish_non_exhaustive()
    }
}
