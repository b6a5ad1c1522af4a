//! What came of a rehearsed move: each object on the child beside what it was on the parent.

use fulcrum_apiserver::ApiServer;
use fulcrum_model::digest::Digest;
use fulcrum_model::object::Object;
use serde::Serialize;
use serde_json::Value;

use super::world;
use crate::graph::{ClusterPlan, PlannedObject};

/// An object on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mapped {
    /// The object.
    pub object: String,
    /// Its UID in the dump.
    pub source_uid: String,
    /// Its UID on the child; empty if it is not there.
    pub target_uid: String,
    /// Whether both have the same digest: of all but what a server sets and what moves by nature.
    pub same: bool,
}

/// Each planned object in import order.
pub(super) async fn mapped(
    objects: &[Object],
    plan: &ClusterPlan,
    child: &ApiServer,
) -> Vec<Mapped> {
    let mut mapped = Vec::new();
    for planned in plan.levels.iter().flatten() {
        let Some(object) = find(objects, planned) else { continue };
        let copy = get(child, object).await;
        let text = |value: &Value| value["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
        mapped.push(Mapped {
            object: object.key().to_string(),
            source_uid: text(object.value()),
            target_uid: copy.as_ref().map(text).unwrap_or_default(),
            same: copy.is_some_and(|copy| Digest::of(&copy) == Digest::of(object.value())),
        });
    }
    mapped
}

/// What is still on the parent, apart from library objects, which stay.
pub(super) async fn behind(
    objects: &[Object],
    plan: &ClusterPlan,
    parent: &ApiServer,
) -> Vec<String> {
    let mut behind = Vec::new();
    for planned in plan.levels.iter().flatten().filter(|planned| !planned.library) {
        let Some(object) = find(objects, planned) else { continue };
        if get(parent, object).await.is_some() {
            behind.push(object.key().to_string());
        }
    }
    behind
}

fn find<'a>(objects: &'a [Object], planned: &PlannedObject) -> Option<&'a Object> {
    objects.iter().find(|object| {
        let key = object.key();
        key.group == planned.group
            && key.kind == planned.kind
            && key.namespace == planned.namespace
            && key.name == planned.name
    })
}

async fn get(server: &ApiServer, object: &Object) -> Option<Value> {
    world::get(server, &world::path(server, object)?).await
}
