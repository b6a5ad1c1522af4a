//! What a controller has created or deleted, until its cache shows it: without that, a cache that
//! is behind makes it create or delete twice. A process that starts knows nothing of it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::api::Res;
use crate::capi::object::{is_deleting, name, namespace, uid};
use crate::runtime::{Context, Key, Requeue};

/// How soon it is looked again.
const RETRY: Duration = Duration::from_millis(100);
/// After so long, an object that is not there is taken to be gone again.
const PATIENCE: Duration = Duration::from_secs(30);

struct Write {
    res: &'static Res,
    key: Key,
    uid: String,
    deleted: bool,
    until: Timestamp,
}

/// The writes of one controller, by the object for which they were done.
#[derive(Default)]
pub(crate) struct OwnWrites(Mutex<BTreeMap<Key, Vec<Write>>>);

impl OwnWrites {
    /// Takes note of a write: `object` was created, or deleted.
    pub(crate) fn note(
        &self,
        cx: &Context,
        of: &Key,
        res: &'static Res,
        object: &Value,
        deleted: bool,
    ) {
        let key = Key::new(namespace(object), name(object));
        let until = cx.clock.now().checked_add(PATIENCE).unwrap_or(Timestamp::MAX);
        let write = Write { res, key, uid: uid(object).to_owned(), deleted, until };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(of.clone()).or_default().push(write);
    }

    /// Something while the cache is behind the writes of this object.
    pub(crate) fn unseen(&self, cx: &Context, of: &Key) -> Option<Requeue> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let writes = all.get_mut(of)?;
        let now = cx.clock.now();
        writes.retain(|write| {
            let seen = cx.caches.get(write.res, &write.key.namespace, &write.key.name);
            let is_shown = match (&seen, write.deleted) {
                (None, deleted) => deleted,
                (Some(object), true) => is_deleting(object) || uid(object) != write.uid,
                (Some(_), false) => true,
            };
            !is_shown && now < write.until
        });
        if writes.is_empty() {
            all.remove(of);
            return None;
        }
        Some(Requeue::After(RETRY))
    }
}
