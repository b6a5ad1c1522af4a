//! What is served, put in order: groups by rank, versions by age, resources by name.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::registry::{Registry, Resource};

/// The rank of the built-in groups. Those of custom resources are last.
const RANKS: &[(&str, u32)] = &[
    ("", 18000),
    ("apps", 17800),
    ("events.k8s.io", 17750),
    ("authentication.k8s.io", 17700),
    ("authorization.k8s.io", 17600),
    ("autoscaling", 17500),
    ("batch", 17400),
    ("certificates.k8s.io", 17300),
    ("networking.k8s.io", 17200),
    ("policy", 17100),
    ("rbac.authorization.k8s.io", 17000),
    ("storage.k8s.io", 16800),
    ("admissionregistration.k8s.io", 16700),
    ("apiextensions.k8s.io", 16700),
    ("scheduling.k8s.io", 16600),
    ("coordination.k8s.io", 16500),
    ("node.k8s.io", 16300),
    ("discovery.k8s.io", 16200),
    ("resource.k8s.io", 16200),
    ("flowcontrol.apiserver.k8s.io", 16100),
];
const RANK_OF_CUSTOM: u32 = 1000;

/// A group with what it serves.
pub(super) struct Group {
    /// Empty for the core group.
    pub(super) name: String,
    /// Whether all of it comes from definitions.
    pub(super) custom: bool,
    /// The preferred one first.
    pub(super) versions: Vec<Version>,
}

/// A version of a group with its resources.
pub(super) struct Version {
    pub(super) name: String,
    pub(super) resources: Vec<Arc<Resource>>,
}

impl Version {
    /// `/api/v1`, `/apis/apps/v1`.
    pub(super) fn path(&self, group: &str) -> String {
        if group.is_empty() {
            format!("/api/{}", self.name)
        } else {
            format!("/apis/{group}/{}", self.name)
        }
    }

    /// `v1`, `apps/v1`.
    pub(super) fn api_version(&self, group: &str) -> String {
        if group.is_empty() { self.name.clone() } else { format!("{group}/{}", self.name) }
    }
}

/// All groups, the core group among them.
pub(super) fn all(registry: &Registry) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for resource in registry.all() {
        let custom = resource.custom.is_some();
        let same = groups.last_mut().filter(|group| group.name == resource.group);
        let group = match same {
            Some(group) => group,
            None => {
                let name = resource.group.clone();
                groups.push(Group { name, custom: true, versions: Vec::new() });
                groups.last_mut().expect("it was pushed just now")
            }
        };
        group.custom &= custom;
        match group.versions.last_mut().filter(|version| version.name == resource.version) {
            Some(version) => version.resources.push(resource),
            None => {
                let name = resource.version.clone();
                group.versions.push(Version { name, resources: vec![resource] });
            }
        }
    }
    for group in &mut groups {
        group.versions.sort_by_cached_key(|version| Reverse(age(&version.name)));
    }
    groups.sort_by_cached_key(|group| (Reverse(rank(&group.name)), group.name.clone()));
    groups
}

/// The group of this name.
pub(super) fn find(registry: &Registry, name: &str) -> Option<Group> {
    all(registry).into_iter().find(|group| group.name == name)
}

fn rank(group: &str) -> u32 {
    RANKS.iter().find(|(name, _)| *name == group).map_or(RANK_OF_CUSTOM, |(_, rank)| *rank)
}

/// Orders versions as Kubernetes does, the preferred one greatest: v2, v1, v1beta2, v1alpha1, and
/// then names of another form, in the order of the alphabet.
pub(super) fn age(version: &str) -> (Option<(u8, u64, u64)>, Reverse<String>) {
    (parse(version), Reverse(version.to_owned()))
}

fn parse(version: &str) -> Option<(u8, u64, u64)> {
    let rest = version.strip_prefix('v')?;
    for (word, stability) in [("alpha", 0), ("beta", 1)] {
        if let Some((major, minor)) = rest.split_once(word) {
            return Some((stability, number(major)?, number(minor)?));
        }
    }
    Some((2, number(rest)?, 0))
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}
