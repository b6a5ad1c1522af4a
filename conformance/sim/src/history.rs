//! Writes down what happens, as the harness has it: every write at every API server, every act on
//! the infrastructure, every connection and every fault.
//!
//! A [`Recorder`] is handed to everything that acts. At an API server it stands behind admission
//! and beside the store ([`Recorder::observe`]), so that it sees the writes of everybody, those of
//! the garbage collector too. What only the request knows (its body, its user agent, that it was
//! refused) comes from a [`Door`], through which the requests of a subject go.
//!
//! A write is written down as an event of an audit log and read by the reader that reads the logs
//! of real clusters: values of Secrets are digests from then on.
//!
//! **Invariant:** what is written down is a function of what happened, to the byte.

mod door;
mod event;
mod eye;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fulcrum_apiserver::ApiServer;
use fulcrum_harness::audit;
use fulcrum_harness::history::{
    Connection, Entry, Fault, History, InfrastructureAction, InfrastructureVerb, Records, Side,
};
use fulcrum_harness::input::Input;
use jiff::Timestamp;

use crate::clock::SharedClock;
pub use door::Door;
use event::Line;
use eye::Eye;

/// So many writes are kept as they came, in case their [`Door`] has more to tell.
const OPEN: usize = 1024;

/// An act on the infrastructure.
#[derive(Clone, Copy, Debug)]
pub struct Act<'a> {
    /// What was done.
    pub verb: InfrastructureVerb,
    /// To what kind of resource: `machine`, `load-balancer`.
    pub kind: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its provider id.
    pub provider_id: Option<&'a str>,
    /// The workload cluster that it is a part of.
    pub cluster: Option<&'a str>,
    /// The management cluster whose controllers did it; nobody's if it came from outside.
    pub on_behalf_of: Option<&'a str>,
}

/// The recorder of a world; clones write into the same history.
#[derive(Clone)]
pub struct Recorder(Arc<Shared>);

struct Shared {
    clock: SharedClock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The newest writes, in order.
    open: Vec<Line>,
    /// Those before, by cluster.
    settled: BTreeMap<String, Vec<Entry>>,
    others: Vec<Other>,
    /// Who observes, by cluster: one more with each API server that it had.
    eyes: BTreeMap<String, Vec<Arc<Eye>>>,
    /// The program that a user was last seen to be, by cluster and user.
    programs: BTreeMap<(String, String), String>,
    counted: u64,
}

/// What is no write. Clusters stand by name, since one that is a source today may be a target
/// tomorrow.
enum Other {
    Infrastructure { action: InfrastructureAction, on_behalf_of: Option<String> },
    Connection { at: Timestamp, from: String, to: String, program: String, workload: bool },
    Fault(Fault),
}

impl Recorder {
    /// A recorder that has seen nothing.
    #[must_use]
    pub fn new(clock: SharedClock) -> Self {
        Self(Arc::new(Shared { clock, state: Mutex::default() }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Writes down every write at this API server from now on, as of the cluster of this name.
    pub fn observe(&self, cluster: &str, server: &ApiServer) {
        let eye = Arc::new(Eye::new(self.clone(), cluster, server.store().clone()));
        self.lock().eyes.entry(cluster.to_owned()).or_default().push(Arc::clone(&eye));
        server.hook(eye);
    }

    /// The way of a subject's requests to this API server, which [`Recorder::observe`] observes.
    #[must_use]
    pub fn door(&self, cluster: &str, server: &ApiServer) -> Door {
        Door::new(self.clone(), cluster, server.clone())
    }

    /// An act on the infrastructure that takes effect now.
    pub fn infrastructure(&self, act: Act<'_>) {
        let action = InfrastructureAction {
            at: self.now(),
            action: act.verb,
            kind: act.kind.to_owned(),
            name: act.name.to_owned(),
            provider_id: act.provider_id.map(ToOwned::to_owned),
            belongs_to: act.cluster.map(ToOwned::to_owned),
            on_behalf_of: None,
        };
        let on_behalf_of = act.on_behalf_of.map(ToOwned::to_owned);
        self.lock().others.push(Other::Infrastructure { action, on_behalf_of });
    }

    /// A connection that is opened now, from one place to another; `workload`: it is a controller's
    /// way to the workload API server.
    pub fn connection(&self, from: &str, to: &str, program: &str, workload: bool) {
        let (from, to, program) = (from.to_owned(), to.to_owned(), program.to_owned());
        let at = self.now();
        self.lock().others.push(Other::Connection { at, from, to, program, workload });
    }

    /// A fault that happens now, or ends; or what it disturbs.
    pub fn fault(&self, what: &str) {
        let fault = Fault { at: self.now(), what: what.to_owned() };
        self.lock().others.push(Other::Fault(fault));
    }

    /// Everything so far, as the hand-over between two clusters: what happened elsewhere is left
    /// out.
    #[must_use]
    pub fn history(&self, source: &str, target: &str) -> History {
        self.catch_up();
        let mut state = self.lock();
        state.settle(0);
        let mut entries = Vec::new();
        for (cluster, side) in [(source, Side::Source), (target, Side::Target)] {
            let of_cluster = state.settled.get(cluster).into_iter().flatten();
            entries.extend(of_cluster.map(|entry| on(side, entry.clone())));
        }
        let side = |place: &str| match place {
            place if place == source => Some(Side::Source),
            place if place == target => Some(Side::Target),
            _ => None,
        };
        entries.extend(state.others.iter().filter_map(|other| other.between(side)));
        let all = Records { source: true, target: true, infrastructure: true, connections: true };
        History::new(entries, all, Vec::new())
    }

    /// The same as JSON lines.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn write_jsonl(
        &self,
        source: &str,
        target: &str,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        self.history(source, target).write_jsonl(out)
    }

    /// Takes in what the stores hold and nobody has looked at.
    fn catch_up(&self) {
        let eyes: Vec<Arc<Eye>> = self.lock().eyes.values().flatten().cloned().collect();
        eyes.iter().for_each(|eye| eye.look());
    }

    /// Takes a write.
    fn write(&self, mut line: Line) {
        let mut state = self.lock();
        state.counted += 1;
        line.number(state.counted);
        state.open.push(line);
        if state.open.len() > 2 * OPEN {
            state.settle(OPEN);
        }
    }

    /// The program that writes as this user, when it is not known from the write itself.
    fn program(&self, cluster: &str, user: &str, seen: Option<&str>) -> String {
        let mut state = self.lock();
        let program = state.programs.entry((cluster.to_owned(), user.to_owned())).or_default();
        if let Some(seen) = seen {
            seen.clone_into(program);
        }
        if program.is_empty() {
            return user.rsplit(':').next().unwrap_or_default().to_owned();
        }
        program.clone()
    }
}

impl State {
    /// Reads all but the newest writes as the logs that they are.
    fn settle(&mut self, keep: usize) {
        let old = self.open.len().saturating_sub(keep);
        let mut logs: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for line in self.open.drain(..old) {
            logs.entry(line.cluster.clone()).or_default().extend(line.bytes());
        }
        for (cluster, bytes) in logs {
            let log = Input::Bytes { name: cluster.clone(), bytes };
            // Which side it is will be known when somebody asks.
            let read = audit::read(Side::Source, &[log]).expect("it was written here, as a log");
            self.settled.entry(cluster).or_default().extend(read.entries);
        }
    }
}

/// An entry as one of this side.
fn on(side: Side, mut entry: Entry) -> Entry {
    if let Entry::Write(write) = &mut entry {
        write.side = side;
    }
    entry
}

impl Other {
    /// The entry, if it concerns one of the two sides.
    fn between(&self, side: impl Fn(&str) -> Option<Side>) -> Option<Entry> {
        Some(match self {
            Self::Infrastructure { action, on_behalf_of } => {
                let by = match on_behalf_of {
                    Some(cluster) => Some(side(cluster)?),
                    None => None,
                };
                Entry::Infrastructure(InfrastructureAction { on_behalf_of: by, ..action.clone() })
            }
            Self::Connection { at, from, to, program, workload } => Entry::Connection(Connection {
                at: *at,
                from: side(from)?,
                to: side(to)?,
                program: program.clone(),
                workload: *workload,
            }),
            Self::Fault(fault) => Entry::Fault(fault.clone()),
        })
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Recorder")
            .field("writes", &state.counted)
            .field("others", &state.others.len())
            .finish_non_exhaustive()
    }
}
