//! Keeps a cache behind a store: lists it, follows its log with a lag, and lists it again after
//! the link broke or the store went back.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use fulcrum_apiserver::store::{Event, Store};
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, sleep_until};

use super::cache::{Cache, Caches};
use super::queue::SharedQueue;
use super::{Key, Timing};
use crate::api::Res;
use crate::clock::until;
use crate::entropy::SharedEntropy;
use crate::net::{Link, Verdict};

/// The shortest wait before a broken watch is opened again.
const REOPEN: Duration = Duration::from_millis(800);
/// The longest.
const REOPEN_AT_MOST: Duration = Duration::from_secs(30);

/// A controller that is woken by changes.
#[derive(Clone)]
pub(super) struct Subscriber {
    pub(super) queue: SharedQueue,
    pub(super) map: fn(&Value, &Caches) -> Vec<Key>,
}

/// Follows a resource at an API server.
pub(super) struct Follower {
    pub(super) store: Store,
    pub(super) link: Link,
    pub(super) res: Res,
    pub(super) cache: Cache,
    /// What the maps of the subscribers may read.
    pub(super) caches: Caches,
    pub(super) subscribers: Vec<Subscriber>,
    pub(super) entropy: SharedEntropy,
    pub(super) timing: Timing,
}

/// How far a follower has read.
struct Place {
    version: u64,
    /// The write that took this version, to notice a store that went back.
    last: Option<Arc<Event>>,
    /// What was read and is not known yet.
    pending: VecDeque<(Instant, Arc<Event>)>,
    resync: Instant,
}

impl Follower {
    /// Follows until `stop` is dropped.
    pub(super) async fn run(self, stop: oneshot::Receiver<()>) {
        tokio::select! {
            biased;
            _ = stop => {}
            () = self.follow() => {}
        }
    }

    async fn follow(&self) {
        loop {
            self.link.open().await;
            sleep(self.lag()).await;
            let mut place = self.list();
            while self.step(&mut place).await {}
            if self.link.carries() {
                // The store went back or forgot: the watch ended with an error.
                sleep(REOPEN).await;
                continue;
            }
            let broken = Instant::now();
            self.link.open().await;
            let most = REOPEN + broken.elapsed().min(REOPEN_AT_MOST);
            sleep(self.entropy.between(REOPEN, most)).await;
        }
    }

    /// How much later than it was stored a write is known.
    fn lag(&self) -> Duration {
        let lag = self.entropy.between(self.timing.lag.0, self.timing.lag.1);
        match self.link.verdict() {
            Verdict::Delay(time) => lag + time,
            _ => lag,
        }
    }

    fn list(&self) -> Place {
        let resource = self.res.group_resource();
        let (objects, version) = match self.store.list(&resource, None, None) {
            Ok(listed) => listed,
            Err(_) => (Vec::new(), self.store.revision()),
        };
        let fresh: BTreeMap<Key, Arc<Value>> =
            objects.into_iter().map(|object| (Key::of(&object), object)).collect();
        for (old, new) in self.cache.replace(fresh) {
            self.tell(old.as_deref(), new.as_deref());
        }
        let before = self.store.events_since(version.saturating_sub(1)).unwrap_or_default();
        let resync = Instant::now() + self.entropy.around(self.timing.resync, 10);
        Place { version, last: before.first().cloned(), pending: VecDeque::new(), resync }
    }

    /// Waits for what comes next; false when the watch is over.
    async fn step(&self, place: &mut Place) -> bool {
        let mut changed = self.store.subscribe();
        changed.mark_unchanged();
        if !self.read(place) {
            return false;
        }
        let due = place.pending.front().map(|(due, _)| *due);
        let resync = place.resync;
        tokio::select! {
            biased;
            () = self.link.broken() => return false,
            () = until(due) => self.learn(place),
            _ = changed.changed() => {}
            () = sleep_until(resync) => self.resync(place),
        }
        true
    }

    /// Reads the log from where it was left; false when it is not the one that was read before.
    fn read(&self, place: &mut Place) -> bool {
        if self.store.revision() == place.version && place.last.is_none() {
            return true;
        }
        let known = place.last.is_some();
        let from = if known { place.version.saturating_sub(1) } else { place.version };
        let Ok(events) = self.store.events_since(from) else {
            return false;
        };
        let mut events = events.into_iter();
        if let Some(last) = &place.last
            && !events.next().is_some_and(|event| Arc::ptr_eq(&event, last))
        {
            return false;
        }
        if self.store.revision() < place.version {
            return false;
        }
        let resource = self.res.group_resource();
        for event in events {
            place.version = event.version;
            if event.key.resource == resource {
                let earliest = place.pending.back().map(|(due, _)| *due);
                let due = Instant::now() + self.lag();
                let due = earliest.map_or(due, |earliest| due.max(earliest));
                place.pending.push_back((due, Arc::clone(&event)));
            }
            place.last = Some(event);
        }
        true
    }

    /// Learns of what is due.
    fn learn(&self, place: &mut Place) {
        let now = Instant::now();
        while place.pending.front().is_some_and(|(due, _)| *due <= now) {
            let Some((_, event)) = place.pending.pop_front() else {
                return;
            };
            let key = Key::new(&event.key.namespace, &event.key.name);
            let old = self.cache.learn(&key, event.new.clone());
            self.tell(old.as_deref(), event.new.as_deref());
        }
    }

    /// Wakes the controllers for everything, as informers do from time to time.
    fn resync(&self, place: &mut Place) {
        for object in self.cache.list("") {
            self.tell(None, Some(&object));
        }
        place.resync = Instant::now() + self.entropy.around(self.timing.resync, 10);
    }

    fn tell(&self, old: Option<&Value>, new: Option<&Value>) {
        for Subscriber { queue, map } in &self.subscribers {
            let both = [old, new].into_iter().flatten();
            let keys: BTreeSet<Key> = both.flat_map(|object| map(object, &self.caches)).collect();
            queue.wake(&keys);
        }
    }
}
