//! API servers as they are made in a world.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use fulcrum_apiserver::auth::Tokens;
use fulcrum_apiserver::{ApiServer, Options};

use crate::clock::SharedClock;
use crate::entropy::SharedEntropy;
use crate::history::Recorder;
use crate::workload::Factory;

/// Makes API servers that share the time, draw uids from a stream of their own and are observed.
pub(super) fn factory(
    clock: &SharedClock,
    entropy: &SharedEntropy,
    recorder: &Recorder,
) -> Factory {
    let (clock, entropy, recorder) = (clock.clone(), entropy.clone(), recorder.clone());
    let made: Mutex<BTreeMap<String, u64>> = Mutex::default();
    Arc::new(move |cluster: &str| {
        let number = {
            let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
            let number = made.entry(cluster.to_owned()).or_default();
            *number += 1;
            *number
        };
        let server = ApiServer::new(Options {
            clock: clock.handle(),
            entropy: entropy.fork(&format!("server {cluster} {number}")).handle(),
            tokens: Tokens::default(),
        });
        recorder.observe(cluster, &server);
        server
    })
}
