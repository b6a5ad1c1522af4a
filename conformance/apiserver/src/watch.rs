//! Watches: initial events, selectors, bookmarks, timeouts, 410.
//!
//! A watch first sends what [`Options::start`] asks for, then each event of the log that its
//! selectors concern, once and in order. It ends by its timeout, after an ERROR, or when its kind
//! is no longer served.
//!
//! **Invariant:** nothing here runs on its own; the stream reads the log when it is polled.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use futures_core::Stream;
use futures_util::stream;
use serde_json::{Value, json};
use tokio::sync::watch::Receiver;
use tokio::time::{Instant, sleep_until};

use crate::selector::Selectors;
use crate::status::{GroupResource, Status};
use crate::store::{Event, Store};

/// How often a watch sends a bookmark.
const BOOKMARK_EVERY: Duration = Duration::from_mins(1);
/// How long before the timeout it sends the last one.
const BOOKMARK_BEFORE_END: Duration = Duration::from_secs(2);

/// What a watch sends first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// The events after this revision; later than now: silence until then.
    After(u64),
    /// Only what happens from now on.
    Now,
    /// The present as ADDED in the order of a list: resourceVersion unset or `0`.
    Present,
    /// As [`Start::Present`], then a bookmark that says so: `sendInitialEvents=true`.
    Streaming,
}

/// What a watch was asked for with.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it begins.
    pub start: Start,
    /// `allowWatchBookmarks`.
    pub bookmarks: bool,
    /// When it ends; `None`: never.
    pub timeout: Option<Duration>,
    /// apiVersion of bookmarks.
    pub api_version: String,
    /// kind of bookmarks.
    pub kind: String,
}

/// Type and object of an event.
pub type Item = (&'static str, Value);

/// Opens a watch of a kind, in a namespace or in all. Timers are those of tokio.
pub fn open(
    store: &Store,
    resource: &GroupResource,
    namespace: Option<&str>,
    options: Options,
    selectors: Selectors,
) -> impl Stream<Item = Item> + Send + use<> {
    store.serve(resource);
    let opened = Instant::now();
    let end = options.timeout.map(|timeout| opened + timeout);
    let mut feed = Feed {
        receiver: store.subscribe(),
        store: store.clone(),
        resource: resource.clone(),
        namespace: namespace.map(str::to_owned),
        bookmark: None,
        end,
        options,
        selectors,
        pending: VecDeque::new(),
        seen: 0,
        over: false,
    };
    feed.plan_bookmark(opened);
    feed.begin();
    stream::unfold(feed, Feed::next)
}

struct Feed {
    store: Store,
    receiver: Receiver<u64>,
    resource: GroupResource,
    namespace: Option<String>,
    options: Options,
    selectors: Selectors,
    pending: VecDeque<Item>,
    /// The revision up to which everything is sent or pending.
    seen: u64,
    bookmark: Option<Instant>,
    end: Option<Instant>,
    over: bool,
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

impl Feed {
    fn begin(&mut self) {
        match self.options.start {
            Start::After(version) => {
                self.seen = version;
                let floor = self.store.floor(&self.resource);
                if version < floor {
                    self.fail(&too_old(version, floor));
                }
            }
            Start::Now => self.seen = self.store.revision(),
            Start::Present | Start::Streaming => self.list(),
        }
    }

    fn list(&mut self) {
        let listed = self.store.list(&self.resource, self.namespace.as_deref(), None);
        let (objects, version) = match listed {
            Ok(listed) => listed,
            Err(status) => return self.fail(&status),
        };
        self.seen = version;
        for object in objects {
            if self.selectors.matches(&object) {
                self.pending.push_back(("ADDED", Value::clone(&object)));
            }
        }
        if self.options.start == Start::Streaming && self.options.bookmarks {
            let mut mark = self.mark(version);
            mark["metadata"]["annotations"] = json!({"k8s.io/initial-events-end": "true"});
            self.pending.push_back(("BOOKMARK", mark));
        }
    }

    fn mark(&self, version: u64) -> Value {
        json!({
            "kind": self.options.kind,
            "apiVersion": self.options.api_version,
            "metadata": {"resourceVersion": version.to_string()},
        })
    }

    fn fail(&mut self, status: &Status) {
        self.pending.push_back(("ERROR", status.to_value()));
        self.over = true;
    }

    async fn next(mut self) -> Option<(Item, Self)> {
        loop {
            if let Some(item) = self.pending.pop_front() {
                return Some((item, self));
            }
            if self.over {
                return None;
            }
            self.pull();
            if self.over || !self.pending.is_empty() {
                continue;
            }
            let (end, bookmark) = (self.end, self.bookmark);
            tokio::select! {
                biased;
                () = until(end) => self.over = true,
                () = until(bookmark) => self.send_bookmark(),
                changed = self.receiver.changed() => self.over = changed.is_err(),
            }
        }
    }

    /// Reads the log from where it was left.
    fn pull(&mut self) {
        self.receiver.mark_unchanged();
        let events = match self.store.events_since(self.seen) {
            Ok(events) => events,
            Err(status) => return self.fail(&status),
        };
        for event in events {
            self.seen = event.version;
            if self.concerns(&event) {
                let item = self.convert(&event);
                self.pending.extend(item);
            }
        }
        self.over = !self.store.serves(&self.resource);
    }

    fn concerns(&self, event: &Event) -> bool {
        event.key.resource == self.resource
            && self.namespace.as_ref().is_none_or(|namespace| *namespace == event.key.namespace)
    }

    /// What begins to match is ADDED; what ceases to is DELETED, as it was while it matched, under
    /// the revision of the change.
    fn convert(&self, event: &Event) -> Option<Item> {
        let matching = |object: &&std::sync::Arc<Value>| self.selectors.matches(object);
        let before = event.old.as_ref().filter(matching);
        match (event.new.as_ref().filter(matching), before) {
            (Some(new), None) => Some(("ADDED", Value::clone(new))),
            (Some(new), Some(_)) => Some(("MODIFIED", Value::clone(new))),
            (None, Some(_)) => Some(("DELETED", event.departed()?)),
            (None, None) => None,
        }
    }

    fn plan_bookmark(&mut self, now: Instant) {
        if !self.options.bookmarks {
            return;
        }
        let last = self
            .end
            .and_then(|end| end.checked_sub(BOOKMARK_BEFORE_END))
            .filter(|last| *last > now);
        let regular = now + BOOKMARK_EVERY;
        self.bookmark = Some(last.map_or(regular, |last| last.min(regular)));
    }

    fn send_bookmark(&mut self) {
        let revision = self.store.revision();
        // A watch from the future has nothing to mark yet.
        if revision >= self.seen {
            let mark = self.mark(self.seen);
            self.pending.push_back(("BOOKMARK", mark));
        }
        self.plan_bookmark(Instant::now());
    }
}

fn too_old(version: u64, floor: u64) -> Status {
    Status::expired(format!("too old resource version: {version} ({floor})"))
}
