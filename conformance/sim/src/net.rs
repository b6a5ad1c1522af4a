//! What lies between two parties: links that can be cut, and the byte streams that run over them.
//!
//! A *place* is a name: `parent`, the name of a child, `infrastructure`. A [`Link`] leads from one
//! place to another and has a [`Verdict`] that holds for everything on it, calls and streams. A
//! place that is *down* is there but does not answer: that is an API server whose machines died.
//!
//! **Invariant:** a link from a place to itself is always open; only the other end can be down.

mod link;
mod stream;
pub(crate) mod tasks;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};

pub use link::{Broken, Link, TIMEOUT};
pub use stream::{Incoming, Listener};

use crate::history::Recorder;
use tasks::Tasks;

/// What happens to everything that is sent over a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// It arrives.
    #[default]
    Open,
    /// It is lost: calls run into their time-out, streams break.
    Cut,
    /// It arrives so much later.
    Delay(Duration),
    /// Requests arrive and are carried out; what comes back is lost.
    DropAnswers,
}

/// The network. Clones share it.
#[derive(Clone)]
pub struct Net(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    changed: watch::Sender<u64>,
    tasks: Tasks,
    recorder: Option<Recorder>,
}

#[derive(Default)]
struct State {
    rules: BTreeMap<(String, String), Verdict>,
    /// Places that are cut off, with those that they still reach.
    isolated: BTreeMap<String, BTreeSet<String>>,
    down: BTreeSet<String>,
    /// Places that nothing from outside leads to.
    astray: BTreeSet<String>,
    listeners: BTreeMap<String, (u64, mpsc::UnboundedSender<Incoming>)>,
    opened: u64,
}

impl Default for Net {
    fn default() -> Self {
        Self::new()
    }
}

impl Net {
    /// A network in which everything reaches everything.
    #[must_use]
    pub fn new() -> Self {
        Self::with(None)
    }

    /// The same; faults and connections go into the history.
    #[must_use]
    pub fn recorded(recorder: Recorder) -> Self {
        Self::with(Some(recorder))
    }

    fn with(recorder: Option<Recorder>) -> Self {
        let (changed, _) = watch::channel(0);
        let (state, tasks) = (Mutex::new(State::default()), Tasks::default());
        Self(Arc::new(Shared { state, changed, tasks, recorder }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, what: fmt::Arguments<'_>, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        if let Some(recorder) = &self.0.recorder {
            recorder.fault(&what.to_string());
        }
        self.0.changed.send_modify(|times| *times += 1);
    }

    /// The link from one place to another.
    #[must_use]
    pub fn link(&self, from: &str, to: &str) -> Link {
        Link::new(self.clone(), from, to)
    }

    /// Sets the verdict of what `from` sends to `to` by connections that it opens.
    pub fn set(&self, from: &str, to: &str, verdict: Verdict) {
        let way = (from.to_owned(), to.to_owned());
        self.change(format_args!("link {from} -> {to}: {verdict}"), |state| {
            state.rules.insert(way, verdict);
        });
    }

    /// Sets the verdict in both directions.
    pub fn set_between(&self, one: &str, other: &str, verdict: Verdict) {
        self.set(one, other, verdict);
        self.set(other, one, verdict);
    }

    /// Cuts every link from and to a place, but for those to and from `except`. The
    /// infrastructure lies outside: whoever means to cut that off, too, does not name it here.
    pub fn isolate(&self, place: &str, except: &[&str]) {
        let except: BTreeSet<String> = except.iter().map(|&place| place.to_owned()).collect();
        self.change(format_args!("{place} is cut off"), |state| {
            state.isolated.insert(place.to_owned(), except);
        });
    }

    /// Ends [`Net::isolate`].
    pub fn rejoin(&self, place: &str) {
        self.change(format_args!("{place} is back"), |state| {
            state.isolated.remove(place);
        });
    }

    /// Removes every verdict and every isolation.
    pub fn heal(&self) {
        self.change(format_args!("all links are open"), |state| {
            state.rules.clear();
            state.isolated.clear();
        });
    }

    /// The verdict of a way.
    #[must_use]
    pub fn verdict(&self, from: &str, to: &str) -> Verdict {
        if from == to {
            return Verdict::Open;
        }
        let state = self.lock();
        let cuts = |place: &str, other: &str| {
            state.isolated.get(place).is_some_and(|except| !except.contains(other))
        };
        let rule = state.rules.get(&(from.to_owned(), to.to_owned())).copied();
        if cuts(from, to) || cuts(to, from) { Verdict::Cut } else { rule.unwrap_or_default() }
    }

    /// Says whether a place answers; places do unless something else was said. Not a fault by
    /// itself: what brought it about is one, and on record.
    pub fn set_up(&self, place: &str, up: bool) {
        let changed = {
            let mut state = self.lock();
            if up { state.down.remove(place) } else { state.down.insert(place.to_owned()) }
        };
        if changed {
            self.0.changed.send_modify(|times| *times += 1);
        }
    }

    /// Whether a place answers.
    #[must_use]
    pub fn is_up(&self, place: &str) -> bool {
        !self.lock().down.contains(place)
    }

    /// Says whether anything from outside leads to a place: it does not when the load balancer in
    /// front of it is gone. What is inside reaches it all the same.
    pub fn set_reachable(&self, place: &str, reachable: bool) {
        let changed = {
            let mut state = self.lock();
            if reachable {
                state.astray.remove(place)
            } else {
                state.astray.insert(place.to_owned())
            }
        };
        if changed {
            self.0.changed.send_modify(|times| *times += 1);
        }
    }

    /// Whether somebody at `from` finds a place that answers.
    pub(crate) fn finds(&self, from: &str, place: &str) -> bool {
        let state = self.lock();
        !state.down.contains(place) && (from == place || !state.astray.contains(place))
    }

    /// A wake-up with each change of a verdict or of a place.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Net")
            .field("rules", &state.rules)
            .field("isolated", &state.isolated)
            .field("down", &state.down)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => f.write_str("open"),
            Self::Cut => f.write_str("cut"),
            Self::Delay(time) => write!(f, "{} ms late", time.as_millis()),
            Self::DropAnswers => f.write_str("answers are lost"),
        }
    }
}
