//! What every namespace gets: the ServiceAccount `default` and the ConfigMap `kube-root-ca.crt`.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{Action, Step, is_deleted};
use crate::clock::later;
use crate::json::metadata;
use crate::status::GroupResource;
use crate::store::{Key, Store};

/// How long after a namespace they appear.
const DELAY: SignedDuration = SignedDuration::from_millis(10);
/// How long after a refusal it is tried again.
const RETRY: SignedDuration = SignedDuration::from_secs(1);
/// What the ConfigMap says of itself.
const DESCRIPTION: &str = "Contains a CA bundle that can be used to verify the kube-apiserver \
    when using internal endpoints such as the internal service IP or kubernetes.default.svc. No \
    other usage is guaranteed across distributions of Kubernetes clusters.";
/// The certificate authority of a cluster that has no TLS of its own.
const BUNDLE: &str = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";

/// Keeps the contents of namespaces there.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    seen: Option<u64>,
    due: BTreeMap<String, Timestamp>,
}

impl Contents {
    /// Reads the log and makes what is missing in the namespaces that are due.
    pub fn step(&mut self, store: &Store, now: Timestamp) -> Step {
        self.read(store, now);
        let due: Vec<String> =
            self.due.iter().filter(|(_, at)| **at <= now).map(|(name, _)| name.clone()).collect();
        let mut actions = Vec::new();
        for name in due {
            self.due.remove(&name);
            let namespace = store.get(&Key::new(&GroupResource::new("", "namespaces"), "", &name));
            if namespace.is_some_and(|namespace| !is_deleted(&namespace)) {
                actions.extend(missing(store, &name));
            }
        }
        Step { actions, next: self.due.values().min().copied() }
    }

    /// An action was refused: its namespace is looked at again.
    pub fn failed(&mut self, action: &Action, now: Timestamp) {
        if let Action::Create { key, .. } = action {
            self.due.insert(key.namespace.clone(), later(now, RETRY));
        }
    }

    fn read(&mut self, store: &Store, now: Timestamp) {
        let moment = later(now, DELAY);
        let seen = self.seen.filter(|seen| *seen <= store.revision());
        let events = seen.and_then(|seen| store.events_since(seen).ok());
        let concerned: Vec<String> = match events {
            Some(events) => events
                .iter()
                .filter_map(|event| match event.key.resource.resource.as_str() {
                    "namespaces" if event.old.is_none() => Some(event.key.name.clone()),
                    "serviceaccounts" | "configmaps" if event.new.is_none() => {
                        let ours = ["default", "kube-root-ca.crt"];
                        ours.contains(&event.key.name.as_str()).then(|| event.key.namespace.clone())
                    }
                    _ => None,
                })
                .collect(),
            None => {
                let all = store.list(&GroupResource::new("", "namespaces"), None, None);
                let all = all.map(|(all, _)| all).unwrap_or_default();
                all.iter().map(|namespace| metadata(namespace, "name").to_owned()).collect()
            }
        };
        self.seen = Some(store.revision());
        for name in concerned {
            self.due.entry(name).or_insert(moment);
        }
    }
}

fn missing(store: &Store, namespace: &str) -> Vec<Action> {
    let account = Key::new(&GroupResource::new("", "serviceaccounts"), namespace, "default");
    let map = Key::new(&GroupResource::new("", "configmaps"), namespace, "kube-root-ca.crt");
    let objects = [
        (
            account,
            json!({
                "apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": {"name": "default", "namespace": namespace},
            }),
        ),
        (
            map,
            json!({
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {
                    "name": "kube-root-ca.crt", "namespace": namespace,
                    "annotations": {"kubernetes.io/description": DESCRIPTION},
                },
                "data": {"ca.crt": BUNDLE},
            }),
        ),
    ];
    let absent = objects.into_iter().filter(|(key, _)| store.get(key).is_none());
    absent.map(|(key, object)| Action::Create { key, object }).collect()
}
