//! A cell with its CA, and the names of a cluster.

use std::time::Duration;

use fulcrum_identity::{Ca, ClusterName, Credentials, Identity, Key, Lineage, Serial, Terms};
use rustls::pki_types::UnixTime;

/// When the tests begin: 2027-01-15T08:00:00Z.
pub(crate) const START: u64 = 1_800_000_000;

/// The host under which the cell listens.
pub(crate) const CELL: &str = "cell.example";

/// How long a certificate of an agent holds.
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Terms with a number of their own.
pub(crate) fn terms(now: UnixTime, number: u8, lifetime: Duration) -> Terms {
    Terms { now, lifetime, serial: Serial::from_entropy([number; 16]) }
}

/// A key of its own.
pub(crate) fn key(seed: u8) -> Key {
    Key::from_seed([seed; 32]).expect("a seed is a key")
}

/// A CA that holds for a year.
pub(crate) fn ca(now: UnixTime, seed: u8) -> Ca {
    Ca::create(key(seed), &terms(now, seed, 365 * DAY)).expect("a CA")
}

/// What the cell shows, for half a year.
pub(crate) fn cell(ca: &Ca, now: UnixTime) -> Credentials {
    let key = key(100);
    let issued = ca.issue_server(&key, &[CELL], &terms(now, 100, 182 * DAY)).expect("a server");
    Credentials::new(issued.chain, &key).expect("a pair")
}

/// The cluster `fleet/prod`.
pub(crate) fn prod() -> Identity {
    Identity {
        cluster: ClusterName::new("fleet", "prod").expect("a name"),
        lineage: Lineage::from_entropy([9; 16]),
    }
}
