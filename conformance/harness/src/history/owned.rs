//! Which Cluster an object belongs to.
//!
//! The harness reads owners for itself: it shares nothing with what it judges.

use super::objects::Track;
use super::{Key, Side};
use std::collections::BTreeMap;

/// What follows the Cluster's name in the names of its Secrets.
pub const SECRET_SUFFIXES: [&str; 5] = ["ca", "etcd", "kubeconfig", "proxy", "sa"];

/// Owners of owners are followed so far; real chains have four links.
const DEEPEST: usize = 10;

type Tracks<'h> = BTreeMap<Key, Track<'h>>;

/// The Cluster of every object that has one.
pub(crate) fn clusters(tracks: &BTreeMap<Side, Tracks<'_>>) -> BTreeMap<Side, BTreeMap<Key, Key>> {
    let of_side = |(side, tracks): (&Side, &Tracks<'_>)| {
        let names = Names::of(tracks);
        let found = tracks.values().filter_map(|track| {
            let cluster = names.cluster_of(track, DEEPEST)?;
            Some((track.key.clone(), cluster))
        });
        (*side, found.collect())
    };
    tracks.iter().map(of_side).collect()
}

/// The name of the Secret's Cluster, when the Secret is named as one of a Cluster's own.
#[must_use]
pub fn cluster_of_secret(secret: &Key) -> Option<(&str, &str)> {
    let (cluster, suffix) = secret.name.rsplit_once('-')?;
    let own = secret.is_secret() && SECRET_SUFFIXES.contains(&suffix);
    own.then_some((cluster, suffix))
}

/// The objects of a side by kind and name, as owner references name them.
struct Names<'t, 'h> {
    tracks: &'t Tracks<'h>,
    by_kind: BTreeMap<(&'t str, &'t str, &'t str), &'t Track<'h>>,
    /// What makes bootstrap Secrets, by namespace and name.
    bootstraps: BTreeMap<(&'t str, &'t str), &'t Track<'h>>,
}

impl<'t, 'h> Names<'t, 'h> {
    fn of(tracks: &'t Tracks<'h>) -> Self {
        let named = |track: &'t Track<'h>| {
            let key = &track.key;
            track.kind.map(|kind| ((kind, key.namespace.as_str(), key.name.as_str()), track))
        };
        let bootstrap = |track: &&Track<'h>| track.key.group.starts_with("bootstrap.");
        let by_name =
            |track: &'t Track<'h>| ((track.key.namespace.as_str(), track.key.name.as_str()), track);
        Self {
            tracks,
            by_kind: tracks.values().filter_map(named).collect(),
            bootstraps: tracks.values().filter(bootstrap).map(by_name).collect(),
        }
    }

    fn cluster_of(&self, track: &Track<'h>, deepest: usize) -> Option<Key> {
        let key = &track.key;
        if key.is_cluster() {
            return Some(key.clone());
        }
        let states = || track.steps.iter().rev().map(|step| &step.state.facts);
        if let Some(name) = states().find_map(|facts| facts.cluster_name.as_ref()) {
            return Some(Key::cluster(&key.namespace, name));
        }
        let owners = states().find_map(|facts| facts.owners.as_ref().filter(|all| !all.is_empty()));
        match owners {
            Some(owners) => {
                let mut clusters: Vec<Key> = owners
                    .iter()
                    .filter_map(|owner| self.of_owner(key, &owner.kind, &owner.name, deepest))
                    .collect();
                clusters.sort();
                clusters.dedup();
                // What several clusters own belongs to the library.
                clusters.pop().filter(|_| clusters.is_empty())
            }
            None if key.is_secret() => self.of_secret(key, deepest),
            None => None,
        }
    }

    fn of_owner(&self, owned: &Key, kind: &str, name: &str, deepest: usize) -> Option<Key> {
        if kind == "Cluster" {
            return Some(Key::cluster(&owned.namespace, name));
        }
        let owner = self.by_kind.get(&(kind, owned.namespace.as_str(), name))?;
        self.cluster_of(owner, deepest.checked_sub(1)?)
    }

    /// A Secret whose body is not in the log is known by its name alone: `<cluster>-<suffix>` of a
    /// Cluster that is there, or the name of the bootstrap object that made it.
    fn of_secret(&self, key: &Key, deepest: usize) -> Option<Key> {
        if let Some((cluster, _)) = cluster_of_secret(key) {
            let cluster = Key::cluster(&key.namespace, cluster);
            return self.tracks.contains_key(&cluster).then_some(cluster);
        }
        let bootstrap = self.bootstraps.get(&(key.namespace.as_str(), key.name.as_str()))?;
        self.cluster_of(bootstrap, deepest.checked_sub(1)?)
    }
}
