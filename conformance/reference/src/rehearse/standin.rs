//! What stands for the controllers of both clusters: whatever a controller reconciled when it was
//! dumped shows that it has seen a pause, or that it is reconciled again, with the status that it
//! had.
//!
//! Nothing here scales, heals or fails: that is for controllers, and for a real cluster.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use fulcrum_apiserver::ApiServer;
use fulcrum_apiserver::auth::User;
use fulcrum_model::object::{Object, ObjectKey};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::world::{self, is_data, path};

/// How long a controller takes to look at an object again.
const PACE: Duration = Duration::from_secs(1);

/// The statuses that controllers would write, by object.
pub(super) struct StandIn {
    server: ApiServer,
    known: BTreeMap<ObjectKey, Known>,
    /// The path of each object, without the name of its server.
    cluster: ObjectKey,
}

/// What is known of an object from the dump.
struct Known {
    path: String,
    status: Value,
}

impl StandIn {
    /// For the objects of a dump on this server.
    pub(super) fn new(server: ApiServer, objects: &[Object], cluster: &ObjectKey) -> Self {
        let mut known = BTreeMap::new();
        for object in objects.iter().filter(|object| is_data(object)) {
            let status = object.value().get("status").filter(|status| status.is_object());
            if let (Some(status), Some(path)) = (status, path(&server, object)) {
                known.insert(object.key().clone(), Known { path, status: status.clone() });
            }
        }
        Self { server, known, cluster: cluster.clone() }
    }

    /// Looks at every object again and again, until it is dropped.
    pub(super) async fn run(self) {
        let mut changed = self.server.store().subscribe();
        loop {
            changed.mark_unchanged();
            let cluster = match self.known.get(&self.cluster) {
                Some(known) => world::get(&self.server, &known.path).await,
                None => None,
            };
            let cluster_paused = cluster.as_ref().is_some_and(is_paused);
            for known in self.known.values() {
                self.reconcile(known, cluster_paused).await;
            }
            sleep(PACE).await;
            // A server that is gone has no more changes.
            if changed.changed().await.is_err() {
                return;
            }
        }
    }

    async fn reconcile(&self, known: &Known, cluster_paused: bool) {
        let Some(object) = world::get(&self.server, &known.path).await else {
            return;
        };
        let paused = cluster_paused || is_paused(&object);
        let generation = &object["metadata"]["generation"];
        let wanted = match (paused, object.get("status")) {
            // A controller that is paused writes nothing but that.
            (true, status) => with_pause(status.cloned().unwrap_or(json!({})), known, generation),
            (false, _) => reconciled(known.status.clone(), generation),
        };
        if object.get("status") != Some(&wanted) {
            self.patch(&known.path, &wanted).await;
        }
    }

    async fn patch(&self, path: &str, status: &Value) {
        let body = json!({"status": status}).to_string();
        let request = http::Request::patch(format!("{path}/status"))
            .header("content-type", "application/merge-patch+json")
            .header("user-agent", "stand-in")
            .body(Bytes::from(body));
        if let Ok(request) = request {
            // Whatever is refused is looked at again.
            self.server.handle_as(&User::system("stand-in"), request).await;
        }
    }
}

fn is_paused(object: &Value) -> bool {
    object.pointer("/spec/paused") == Some(&json!(true))
        || object.pointer("/metadata/annotations/cluster.x-k8s.io~1paused").is_some()
}

/// Where the conditions of a status are, in both forms.
const CONDITIONS: [&str; 2] = ["/conditions", "/v1beta2/conditions"];

/// A status in which the pause is seen, if the kind shows pauses.
fn with_pause(mut status: Value, known: &Known, generation: &Value) -> Value {
    for pointer in CONDITIONS {
        let shows = known.status.pointer(pointer).and_then(Value::as_array);
        let shows = shows.is_some_and(|list| list.iter().any(|c| c["type"] == "Paused"));
        if !shows {
            continue;
        }
        let list = match pointer {
            "/conditions" => &mut status["conditions"],
            _ => &mut status["v1beta2"]["conditions"],
        };
        if !list.is_array() {
            *list = json!([]);
        }
        let paused = json!({
            "type": "Paused", "status": "True", "reason": "Paused", "message": "",
            "observedGeneration": generation, "lastTransitionTime": world::start(),
        });
        if let Some(list) = list.as_array_mut() {
            list.retain(|condition| condition["type"] != "Paused");
            list.push(paused);
        }
    }
    status
}

/// The status that the dump had, of this generation and not paused.
fn reconciled(mut status: Value, generation: &Value) -> Value {
    for pointer in CONDITIONS {
        let list = status.pointer_mut(pointer).and_then(Value::as_array_mut);
        for condition in list.into_iter().flatten() {
            if condition.get("observedGeneration").is_some() {
                condition["observedGeneration"] = generation.clone();
            }
            if condition["type"] == "Paused" {
                condition["status"] = json!("False");
                condition["reason"] = json!("NotPaused");
            }
        }
    }
    if status.get("observedGeneration").is_some() {
        status["observedGeneration"] = generation.clone();
    }
    status
}
