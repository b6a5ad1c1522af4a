//! Plays stories on a world, and writes down what happens at an API server.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fulcrum_apiserver::ApiServer;
use fulcrum_sim::api::resources::{
    CLUSTERS, KUBEADM_CONTROL_PLANES, MACHINE_DEPLOYMENTS, MACHINES,
};
use fulcrum_sim::api::{Api, Res};
use fulcrum_sim::world::{Options, PARENT, World};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::facets::{at, general};
use crate::trace::{Change, Story, difference};

/// The namespace of the stories.
pub(crate) const NS: &str = "default";
/// The longest that a story waits for anything.
const PATIENCE: Duration = Duration::from_secs(300);

/// What happens at an API server, as it happens.
#[derive(Clone, Default)]
pub(crate) struct Witness(Arc<Mutex<Story>>);

impl Witness {
    /// Looks at a server until the runtime ends.
    pub(crate) fn of(server: &ApiServer, began: Instant) -> Self {
        let witness = Self::default();
        let (seen, store) = (witness.clone(), server.store().clone());
        tokio::spawn(async move {
            let mut changed = store.subscribe();
            let mut version = store.revision();
            loop {
                for event in store.events_since(version).unwrap_or_default() {
                    version = event.version;
                    seen.note(began, event.old.as_deref(), event.new.as_deref());
                }
                if changed.changed().await.is_err() {
                    return;
                }
            }
        });
        witness
    }

    fn note(&self, began: Instant, old: Option<&Value>, new: Option<&Value>) {
        let Some(object) = new.or(old) else { return };
        let text = |path: &str| at(object, path).as_str().unwrap_or_default().to_owned();
        if text("metadata.namespace") != NS {
            return;
        }
        let facets = difference(old, new);
        if facets.is_empty() {
            return;
        }
        let kind = match text("kind").as_str() {
            "" if !at(object, "data").is_null() => "Secret".to_owned(),
            kind => general(kind),
        };
        let at = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let change = Change { at, object: (kind, text("metadata.name")), facets };
        self.0.lock().expect("nobody panicked with it").changes.push(change);
    }

    /// What has happened.
    pub(crate) fn story(&self) -> Story {
        self.0.lock().expect("nobody panicked with it").clone()
    }
}

/// A world on which a story is played.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) api: Api,
    pub(crate) witness: Witness,
    pub(crate) began: Instant,
}

impl Stage {
    /// A parent with Cluster API, on which nothing is.
    pub(crate) async fn new() -> Self {
        let world = World::new(Options::default()).await.expect("a world");
        let server = world.server(PARENT).expect("the parent is always there");
        world.start_managers();
        sleep(Duration::from_secs(3)).await;
        let began = Instant::now();
        let witness = Witness::of(&server, began);
        let api = world.parent();
        Self { world, api, witness, began }
    }

    /// Milliseconds since the story began.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Creates what the user of a recording created first.
    pub(crate) async fn create(&self, recorded: &Story) {
        let first = recorded.made.first().map_or(0, |(at, _)| *at);
        let at_once = recorded.made.iter().filter(|(at, _)| *at < first + 10_000);
        for (_, object) in at_once {
            let object = translated(object);
            let res = Res::of(&object).expect("a kind that is simulated");
            self.api.create(res, NS, &object).await.expect("created");
        }
    }

    /// Creates it and waits until all is available.
    pub(crate) async fn provision(&self, recorded: &Story) {
        self.create(recorded).await;
        until(&self.api, &CLUSTERS, "c1", "the cluster is available", is_available).await;
    }

    /// Waits for a time.
    pub(crate) async fn settle(&self, seconds: u64) {
        sleep(Duration::from_secs(seconds)).await;
    }

    /// Scales a deployment of machines.
    pub(crate) async fn scale(&self, deployment: &str, replicas: u64) {
        scale(&self.api, deployment, replicas).await;
    }
}

/// Waits until an object is as wanted.
pub(crate) async fn until(
    api: &Api,
    res: &'static Res,
    name: &str,
    what: &str,
    holds: fn(&Value) -> bool,
) {
    let began = Instant::now();
    loop {
        let object = api.get(res, NS, name).await.ok().flatten();
        if object.as_ref().is_some_and(holds) {
            return;
        }
        let shown = object.map(|object| object["status"].to_string()).unwrap_or_default();
        assert!(began.elapsed() < PATIENCE, "{what}: {shown}");
        sleep(Duration::from_millis(200)).await;
    }
}

/// Scales a deployment of machines.
pub(crate) async fn scale(api: &Api, deployment: &str, replicas: u64) {
    let patch = json!({"spec": {"replicas": replicas}});
    api.patch_merge(&MACHINE_DEPLOYMENTS, NS, deployment, "", &patch).await.expect("scaled");
}

/// Scales the control plane.
pub(crate) async fn scale_control_plane(api: &Api, replicas: u64) {
    let patch = json!({"spec": {"replicas": replicas}});
    api.patch_merge(&KUBEADM_CONTROL_PLANES, NS, "c1-cp", "", &patch).await.expect("scaled");
}

/// Pauses the cluster, or lets it go on.
pub(crate) async fn pause(api: &Api, paused: bool) {
    let paused = if paused { json!(true) } else { Value::Null };
    let patch = json!({"spec": {"paused": paused}});
    api.patch_merge(&CLUSTERS, NS, "c1", "", &patch).await.expect("paused");
}

/// The machines, by name.
pub(crate) async fn machines(api: &Api, labels: &str) -> Vec<Value> {
    api.list(&MACHINES, Some(NS), labels).await.expect("an answer")
}

/// The name of an object.
pub(crate) fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

/// What a condition of an object says: status and reason.
pub(crate) fn says(object: &Value, kind: &str) -> String {
    let all = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let text = |one: &Value, field: &str| one[field].as_str().unwrap_or_default().to_owned();
    let found = all.iter().find(|one| one["type"] == kind);
    found.map(|one| format!("{}/{}", text(one, "status"), text(one, "reason"))).unwrap_or_default()
}

/// Whether an object says that it is available.
pub(crate) fn is_available(object: &Value) -> bool {
    says(object, "Available") == "True/Available"
}

/// An object of a recording as it is created here: with Docker machines.
fn translated(object: &Value) -> Value {
    let mut object = object.clone();
    let metadata = json!({
        "name": object["metadata"]["name"], "namespace": NS,
        "labels": object["metadata"]["labels"], "annotations": object["metadata"]["annotations"],
    });
    object["metadata"] = metadata;
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    let text = object.to_string().replace("\"DevMachine", "\"DockerMachine");
    let text = text.replace("\"DevCluster", "\"DockerCluster");
    let mut object: Value = serde_json::from_str(&text).expect("it was JSON");
    if let Some(spec) = object["spec"].as_object_mut() {
        spec.remove("backend");
    }
    if let Some(spec) = object["spec"]["template"]["spec"].as_object_mut() {
        spec.remove("backend");
    }
    let kind = object["kind"].as_str().unwrap_or_default().to_owned();
    let all = fulcrum_sim::api::resources::ALL;
    let res = all.iter().find(|res| res.kind == kind).expect("a kind that is simulated");
    object["apiVersion"] = json!(res.api_version());
    object
}
