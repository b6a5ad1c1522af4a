//! Whether the API server of a cluster answers: its machines, and etcd on them.

use std::sync::PoisonError;

use super::Workload;
use super::state::{Host, State};

impl State {
    fn host_of_member(&self, name: &str) -> Option<&Host> {
        let mut all = self.hosts.values().filter(|host| host.node() == name);
        let first = all.clone().next();
        all.find(|host| is_healthy(host)).or(first)
    }

    /// Whether more than half of the members answer.
    pub(super) fn has_quorum(&self) -> bool {
        let answers = |name: &&String| self.host_of_member(name).is_some_and(is_healthy);
        self.members.iter().filter(answers).count() * 2 > self.members.len()
    }

    /// Whether the disks of all members are gone.
    fn is_lost(&self) -> bool {
        self.server.is_some() && self.members.iter().all(|name| self.host_of_member(name).is_none())
    }

    fn answers(&self) -> bool {
        let serves = |host: &Host| host.running && host.stages.api_server;
        self.server.is_some() && self.has_quorum() && self.hosts.values().any(serves)
    }
}

fn is_healthy(host: &Host) -> bool {
    host.running && host.stages.etcd
}

impl Workload {
    /// Looks at the machines, and lets the API server answer or not.
    pub(super) fn settle(&self) {
        let (up, lost) = {
            let mut state = self.lock();
            let lost = state.is_lost();
            if lost {
                state.server = None;
                state.ca_hash = None;
                state.members.clear();
                state.hosts.values_mut().for_each(|host| host.joined = false);
            }
            let up = state.answers();
            state.up_since = up.then(|| state.up_since.unwrap_or_else(|| self.now()));
            (up, lost)
        };
        if lost {
            let cycle = self.0.cycle.lock().unwrap_or_else(PoisonError::into_inner).take();
            drop(cycle);
            let what = format!("{} has lost everything that its etcd held", self.name());
            self.0.given.recorder.fault(&what);
        }
        self.0.given.net.set_up(self.name(), up);
        self.wake();
    }

    /// The endpoint leads somewhere else, or nowhere any more.
    pub(super) fn rewired(&self) {
        let leads_here = self.endpoint_leads_here();
        self.0.given.net.set_reachable(self.name(), leads_here);
        self.wake();
    }

    /// Whether the endpoint that kubelets were told leads to this cluster.
    pub(super) fn endpoint_leads_here(&self) -> bool {
        let endpoint = self.lock().endpoint.clone();
        self.0.given.infrastructure.resolve(&endpoint).as_deref() == Some(self.name())
    }

    /// The members of etcd, by node, and whether they answer.
    #[must_use]
    pub fn etcd_members(&self) -> Vec<(String, bool)> {
        let state = self.lock();
        let member =
            |name: &String| (name.clone(), state.host_of_member(name).is_some_and(is_healthy));
        state.members.iter().map(member).collect()
    }

    /// Removes a member; one that is not there is no error.
    ///
    /// # Errors
    /// When there is no quorum that could decide it, or it is the last one.
    pub fn remove_etcd_member(&self, name: &str) -> Result<(), String> {
        {
            let mut state = self.lock();
            if !state.has_quorum() {
                return Err("no quorum".to_owned());
            }
            if state.members.contains(name) && state.members.len() == 1 {
                return Err(format!("{name} is the last member"));
            }
            state.members.remove(name);
            // Its API server is behind its own etcd, and goes with it.
            for host in state.hosts.values_mut().filter(|host| host.node() == name) {
                host.stages.etcd = false;
                host.stages.api_server = false;
            }
        }
        self.settle();
        Ok(())
    }
}
