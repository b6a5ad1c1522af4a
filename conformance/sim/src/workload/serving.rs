//! Whether workloads serve: how many of their pods run, and when there were too few.

use jiff::Timestamp;

use super::Workload;
use super::state::State;

/// A time in which a workload was served by fewer pods than it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disturbance {
    /// The namespace of its Deployment.
    pub namespace: String,
    /// The name of its Deployment.
    pub name: String,
    /// How many pods there were at the least.
    pub least: usize,
    /// When it began.
    pub from: Timestamp,
    /// When it ended, if it has.
    pub to: Option<Timestamp>,
}

/// What is watched of a workload.
#[derive(Clone, Debug, Default)]
pub(super) struct Served {
    /// So many pods it should have.
    wanted: usize,
    /// Whether it ever had them.
    begun: bool,
    disturbances: Vec<Disturbance>,
}

impl State {
    /// How many pods of a Deployment run on machines that run.
    pub(super) fn serving(&self, namespace: &str, name: &str) -> usize {
        let runs = self.pods.values().filter(|run| run.namespace == namespace && run.app == name);
        let runs = runs.filter(|run| run.running);
        runs.filter(|run| self.hosts.get(&run.host).is_some_and(|host| host.running)).count()
    }
}

impl Workload {
    /// Watches from now on whether a Deployment has so many pods that run. What it lacks before it
    /// first had them is no disturbance.
    pub fn watch_serving(&self, namespace: &str, name: &str, wanted: usize) {
        let at = (namespace.to_owned(), name.to_owned());
        self.lock().served.entry(at).or_default().wanted = wanted;
        self.account();
    }

    /// How many pods of a Deployment run.
    #[must_use]
    pub fn serving(&self, namespace: &str, name: &str) -> usize {
        self.lock().serving(namespace, name)
    }

    /// When workloads that are watched had too few pods, by Deployment and in order.
    #[must_use]
    pub fn disturbances(&self) -> Vec<Disturbance> {
        self.lock().served.values().flat_map(|served| served.disturbances.clone()).collect()
    }

    /// Looks at every workload that is watched.
    pub(super) fn account(&self) {
        let now = self.now();
        let mut told = Vec::new();
        {
            let mut state = self.lock();
            let places: Vec<(String, String)> = state.served.keys().cloned().collect();
            for at in places {
                let count = state.serving(&at.0, &at.1);
                if let Some(served) = state.served.get_mut(&at) {
                    told.extend(served.see(&at, count, now));
                }
            }
        }
        for what in told {
            self.0.given.recorder.fault(&format!("{}: {what}", self.name()));
        }
    }
}

impl Served {
    /// Takes a count, and says what is new about it.
    fn see(&mut self, at: &(String, String), count: usize, now: Timestamp) -> Option<String> {
        let (namespace, name) = at;
        let open = self.disturbances.last_mut().filter(|last| last.to.is_none());
        match (count >= self.wanted, open) {
            (true, Some(open)) => {
                open.to = Some(now);
                Some(format!("{namespace}/{name} is served again by {count} pods"))
            }
            (true, None) => {
                self.begun = true;
                None
            }
            (false, Some(open)) => {
                open.least = open.least.min(count);
                None
            }
            (false, None) if self.begun => {
                let (namespace, name) = (namespace.clone(), name.clone());
                let what = format!("{namespace}/{name} is served by {count} of {}", self.wanted);
                let (from, to) = (now, None);
                let disturbance = Disturbance { namespace, name, least: count, from, to };
                self.disturbances.push(disturbance);
                Some(what)
            }
            (false, None) => None,
        }
    }
}
