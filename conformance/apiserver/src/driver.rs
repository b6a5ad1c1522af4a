//! Carries out what the controllers of the server want, through the path of any request.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::auth::User;
use crate::clock;
use crate::controllers::crd::Definitions;
use crate::controllers::gc::Gc;
use crate::controllers::namespace::Namespaces;
use crate::controllers::{Action, Propagation, Step};
use crate::server::ApiServer;
use crate::store::Key;

/// The namespaces that every cluster has.
const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

/// The controllers of a server.
#[derive(Debug, Default)]
pub struct Controllers {
    collector: Gc,
    namespaces: Namespaces,
    definitions: Definitions,
    contents: crate::controllers::contents::Contents,
}

impl Controllers {
    /// Controllers that have seen nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets each do what is due, until nothing is; returns when something will be.
    pub async fn step(&mut self, server: &ApiServer) -> Option<Timestamp> {
        loop {
            let (store, now) = (server.store(), server.now());
            let kinds = &server.0.registry;
            let steps = [
                ("kube-apiserver", self.definitions.step(store, now)),
                ("kube-controller-manager", self.contents.step(store, now)),
                ("kube-controller-manager", self.namespaces.step(store, now)),
                ("kube-controller-manager", self.collector.step(store, kinds, now)),
            ];
            let next = steps.iter().filter_map(|(_, step)| step.next).min();
            let mut acted = false;
            for (at, (agent, Step { actions, .. })) in steps.into_iter().enumerate() {
                for action in actions {
                    acted = true;
                    if !carry_out(server, agent, &action).await {
                        self.failed(at, server, &action);
                    }
                }
            }
            if !acted && next.is_none_or(|next| next > server.now()) {
                return next;
            }
        }
    }

    fn failed(&mut self, controller: usize, server: &ApiServer, action: &Action) {
        let now = server.now();
        match controller {
            0 => self.definitions.failed(action, now),
            1 => self.contents.failed(action, now),
            2 => self.namespaces.failed(action, now),
            _ => self.collector.failed(server.store(), action, now),
        }
    }
}

impl ApiServer {
    /// Runs the collector and the other controllers of a cluster, for ever.
    pub async fn run(&self) {
        let mut controllers = Controllers::new();
        let mut changed = self.store().subscribe();
        loop {
            changed.mark_unchanged();
            let next = controllers.step(self).await;
            let wait = next.map_or(Duration::from_hours(1), |next| clock::until(self.now(), next));
            tokio::select! {
                biased;
                _ = changed.changed() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }
}

/// Sends an action as a request; false if it is refused.
async fn carry_out(server: &ApiServer, agent: &str, action: &Action) -> bool {
    let (method, key, below, media_type, body) = match action {
        Action::Delete { key, propagation, uid, version } => {
            let mut options = json!({
                "kind": "DeleteOptions", "apiVersion": "v1",
                "propagationPolicy": match propagation {
                    Propagation::Background => "Background",
                    Propagation::Foreground => "Foreground",
                    Propagation::Orphan => "Orphan",
                },
            });
            for (field, text) in [("uid", uid), ("resourceVersion", version)] {
                if !text.is_empty() {
                    options["preconditions"][field] = json!(text);
                }
            }
            (Method::DELETE, key, "", "application/json", options)
        }
        Action::Patch { key, subresource, patch } => {
            let media_type = "application/merge-patch+json";
            (Method::PATCH, key, *subresource, media_type, patch.clone())
        }
        Action::Create { key, object } => {
            (Method::POST, key, "", "application/json", object.clone())
        }
    };
    let Some(path) = path(server, key, below, method != Method::POST) else {
        return false;
    };
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", media_type)
        .header("user-agent", format!("{agent}/v1.34"))
        .body(Bytes::from(body.to_string()));
    let Ok(request) = request else {
        return false;
    };
    let answer = server.handle_as(&User::system(agent), request).await;
    answer.status().is_success()
}

/// Where an object is, in any served version of its resource.
fn path(server: &ApiServer, key: &Key, below: &str, with_name: bool) -> Option<String> {
    let served = server.0.registry.all();
    let resource = served.iter().find(|resource| resource.group_resource() == key.resource)?;
    let root = if resource.group.is_empty() { "api" } else { "apis" };
    let mut path = format!("/{root}/{}", resource.api_version());
    let namespace = (!key.namespace.is_empty()).then(|| format!("namespaces/{}", key.namespace));
    let name = with_name.then(|| key.name.clone());
    let below = (!below.is_empty()).then(|| below.to_owned());
    for part in [namespace, Some(resource.plural.clone()), name, below].into_iter().flatten() {
        path.push('/');
        path.push_str(&part);
    }
    Some(path)
}

/// Makes what is there from the start.
pub(crate) fn bootstrap(server: &ApiServer) {
    let _turn = server.0.turn();
    let now = clock::seconds(server.now());
    let resource = crate::status::GroupResource::new("", "namespaces");
    for name in NAMESPACES {
        let key = Key::new(&resource, "", name);
        let object: Value = json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {
                "name": name, "uid": server.0.entropy.uuid().to_string(),
                "creationTimestamp": now, "labels": {"kubernetes.io/metadata.name": name},
            },
            "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
        });
        let made = server.store().create(&key, object);
        assert!(made.is_ok(), "a new store has no namespace {name}");
    }
}
