//! Which key of a controller has its turn next: pure, but for the handle that wakes the controller.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::{Key, Requeue};

/// The first wait after an error; it doubles with each error after it.
const FIRST_BACKOFF: Duration = Duration::from_millis(5);
/// The longest wait after an error.
const LONGEST_BACKOFF: Duration = Duration::from_secs(1000);

/// The keys that wait, and those in flight.
///
/// **Invariant:** a key waits at most once, and never begins while it is in flight.
#[derive(Debug)]
pub(super) struct Queue {
    pace: Duration,
    next: u64,
    /// By the time of their turn, then in the order in which they came.
    waiting: BTreeSet<(Instant, u64, Key)>,
    places: BTreeMap<Key, (Instant, u64)>,
    /// In flight, and when each is wanted again meanwhile.
    running: BTreeMap<Key, Option<Instant>>,
    not_before: BTreeMap<Key, Instant>,
    failures: BTreeMap<Key, u32>,
}

impl Queue {
    pub(super) fn new(pace: Duration) -> Self {
        Self {
            pace,
            next: 0,
            waiting: BTreeSet::new(),
            places: BTreeMap::new(),
            running: BTreeMap::new(),
            not_before: BTreeMap::new(),
            failures: BTreeMap::new(),
        }
    }

    /// Wants a key reconciled at a moment, or as soon after it as may be.
    pub(super) fn add(&mut self, key: &Key, at: Instant) {
        if let Some(again) = self.running.get_mut(key) {
            *again = Some(again.map_or(at, |before| before.min(at)));
            return;
        }
        let at = self.not_before.get(key).map_or(at, |earliest| at.max(*earliest));
        if let Some(&(before, order)) = self.places.get(key) {
            if before <= at {
                return;
            }
            self.waiting.remove(&(before, order, key.clone()));
        }
        let order = self.next;
        self.next += 1;
        self.waiting.insert((at, order, key.clone()));
        self.places.insert(key.clone(), (at, order));
    }

    /// The key whose turn it is; it is in flight from now on.
    pub(super) fn take(&mut self, now: Instant) -> Option<Key> {
        if self.waiting.first()?.0 > now {
            return None;
        }
        let (_, _, key) = self.waiting.pop_first()?;
        self.places.remove(&key);
        self.running.insert(key.clone(), None);
        self.not_before.insert(key.clone(), now + self.pace);
        Some(key)
    }

    /// Keeps the next reconcile of a key from beginning before a moment.
    pub(super) fn defer(&mut self, key: &Key, until: Instant) {
        let earliest = self.not_before.entry(key.clone()).or_insert(until);
        *earliest = until.max(*earliest);
        if let Some((at, order)) = self.places.get(key).copied().filter(|(at, _)| *at < until) {
            self.waiting.remove(&(at, order, key.clone()));
            self.waiting.insert((until, order, key.clone()));
            self.places.insert(key.clone(), (until, order));
        }
    }

    /// A key has ended; `None`: with an error.
    pub(super) fn done(&mut self, key: &Key, outcome: Option<Requeue>, now: Instant) {
        let again = self.running.remove(key).flatten();
        match outcome {
            Some(Requeue::Done) => {
                self.failures.remove(key);
            }
            Some(Requeue::After(time)) => {
                self.failures.remove(key);
                self.add(key, now + time);
            }
            None => {
                let failures = self.failures.entry(key.clone()).or_default();
                let wait = backoff(*failures);
                *failures = failures.saturating_add(1);
                self.add(key, now + wait);
            }
        }
        if let Some(again) = again {
            self.add(key, again.max(now));
        }
        let idle = |at: &Instant| *at > now;
        self.not_before.retain(|_, at| idle(at));
    }

    /// When the next turn is.
    pub(super) fn next(&self) -> Option<Instant> {
        self.waiting.first().map(|(at, _, _)| *at)
    }
}

/// The wait after so many errors before.
fn backoff(failures: u32) -> Duration {
    let doubled = 2_u32.checked_pow(failures).and_then(|times| FIRST_BACKOFF.checked_mul(times));
    doubled.map_or(LONGEST_BACKOFF, |wait| wait.min(LONGEST_BACKOFF))
}

/// A queue, and what wakes its controller. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct SharedQueue(Arc<(Mutex<Queue>, Notify)>);

impl SharedQueue {
    pub(super) fn new(pace: Duration) -> Self {
        Self(Arc::new((Mutex::new(Queue::new(pace)), Notify::new())))
    }

    /// The queue.
    pub(super) fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wants keys reconciled now, and wakes the controller.
    pub(super) fn wake(&self, keys: &BTreeSet<Key>) {
        if keys.is_empty() {
            return;
        }
        let now = Instant::now();
        let mut queue = self.lock();
        keys.iter().for_each(|key| queue.add(key, now));
        drop(queue);
        self.0.1.notify_one();
    }

    /// Waits for [`Self::wake`].
    pub(super) async fn woken(&self) {
        self.0.1.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn key(name: &str) -> Key {
        Key::new("n", name)
    }

    #[test]
    fn the_backoff_doubles_up_to_its_limit() {
        let waits: Vec<u128> = (0..4).map(|n| backoff(n).as_millis()).collect();
        assert_eq!(waits, [5, 10, 20, 40]);
        assert_eq!(backoff(17), Duration::from_millis(655_360));
        assert_eq!((backoff(18), backoff(u32::MAX)), (LONGEST_BACKOFF, LONGEST_BACKOFF));
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_waits_once_and_has_its_turn_at_the_earliest_time() {
        let (mut queue, now) = (Queue::new(SECOND), Instant::now());
        queue.add(&key("a"), now + SECOND);
        queue.add(&key("b"), now);
        queue.add(&key("a"), now);
        queue.add(&key("a"), now + SECOND);
        assert_eq!((queue.take(now), queue.take(now)), (Some(key("b")), Some(key("a"))));
        assert_eq!((queue.take(now), queue.next()), (None, None));
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_in_flight_waits_for_its_end_and_for_its_pace() {
        let (mut queue, now) = (Queue::new(SECOND), Instant::now());
        queue.add(&key("a"), now);
        assert_eq!(queue.take(now), Some(key("a")));
        queue.add(&key("a"), now);
        assert_eq!((queue.take(now), queue.next()), (None, None));
        queue.done(&key("a"), Some(Requeue::Done), now + SECOND / 4);
        assert_eq!(queue.next(), Some(now + SECOND));
        assert_eq!(queue.take(now + SECOND), Some(key("a")));
        // A slow one has its next turn at once.
        queue.add(&key("a"), now + SECOND * 2);
        queue.done(&key("a"), Some(Requeue::Done), now + SECOND * 5);
        assert_eq!(queue.next(), Some(now + SECOND * 5));
    }

    #[tokio::test(start_paused = true)]
    async fn a_deferred_key_keeps_what_woke_it() {
        let (mut queue, now) = (Queue::new(SECOND), Instant::now());
        queue.add(&key("a"), now);
        assert_eq!(queue.take(now), Some(key("a")));
        queue.defer(&key("a"), now + SECOND * 5);
        queue.add(&key("a"), now);
        queue.done(&key("a"), Some(Requeue::After(SECOND * 20)), now);
        assert_eq!(queue.next(), Some(now + SECOND * 5));
        queue.defer(&key("a"), now + SECOND * 7);
        assert_eq!(queue.next(), Some(now + SECOND * 7));
    }

    #[tokio::test(start_paused = true)]
    async fn errors_count_until_a_success() {
        let (mut queue, mut now) = (Queue::new(Duration::ZERO), Instant::now());
        queue.add(&key("a"), now);
        for wait in [5, 10, 20] {
            assert_eq!(queue.take(now), Some(key("a")));
            queue.done(&key("a"), None, now);
            assert_eq!(queue.next(), Some(now + Duration::from_millis(wait)));
            now += Duration::from_millis(wait);
        }
        assert_eq!(queue.take(now), Some(key("a")));
        queue.done(&key("a"), Some(Requeue::Done), now);
        queue.add(&key("a"), now);
        assert_eq!(queue.take(now), Some(key("a")));
        queue.done(&key("a"), None, now);
        assert_eq!(queue.next(), Some(now + FIRST_BACKOFF));
    }
}
