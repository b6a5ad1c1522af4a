//! Events of Docker as acts on machines: as `docker events` prints them, or flattened to the fields
//! that count.

use crate::history::{InfrastructureAction, InfrastructureVerb};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::Error;

/// The labels of kind.
const CLUSTER: &str = "io.x-k8s.kind.cluster";
const ROLE: &str = "io.x-k8s.kind.role";

/// The signals that end a container, as Docker numbers them.
const ENDING: [&str; 2] = ["9", "15"];

#[derive(Deserialize)]
struct Event {
    #[serde(alias = "Type")]
    r#type: String,
    #[serde(alias = "Action")]
    action: String,
    /// In nanoseconds in the flat shape, in seconds beside a `timeNano`.
    time: Option<i64>,
    #[serde(rename = "timeNano")]
    nanoseconds: Option<i64>,
    #[serde(rename = "Actor")]
    actor: Option<Actor>,
    #[serde(flatten)]
    flat: Container,
}

#[derive(Deserialize)]
struct Actor {
    #[serde(rename = "Attributes")]
    attributes: std::collections::BTreeMap<String, String>,
}

/// The container of an event.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Container {
    name: Option<String>,
    cluster: Option<String>,
    role: Option<String>,
    signal: Option<String>,
}

/// The act of one event; nothing for an event that neither makes, ends nor removes a container.
pub(super) fn act(line: &str) -> serde_json::Result<Option<InfrastructureAction>> {
    let event: Event = serde_json::from_str(line)?;
    let nanoseconds = event.nanoseconds.or(event.time);
    let at = nanoseconds.ok_or_else(|| serde_json::Error::missing_field("time"))?;
    let at = Timestamp::from_nanosecond(i128::from(at))
        .map_err(|_| serde_json::Error::custom("time out of range"))?;
    let container = event.actor.map_or(event.flat, Container::from);
    let ends = container.signal.as_deref().is_none_or(|signal| ENDING.contains(&signal));
    let action = match event.action.as_str() {
        "create" => InfrastructureVerb::Create,
        "start" => InfrastructureVerb::Start,
        "die" => InfrastructureVerb::Stop,
        "kill" if ends => InfrastructureVerb::Kill,
        "destroy" => InfrastructureVerb::Delete,
        _ => return Ok(None),
    };
    let kind = match container.role.as_deref() {
        Some("control-plane" | "worker") => "machine",
        Some("external-load-balancer") => "load-balancer",
        _ => "container",
    };
    let act = InfrastructureAction {
        at,
        action,
        kind: kind.to_owned(),
        provider_id: container.name.as_ref().map(|name| format!("docker:////{name}")),
        name: container.name.unwrap_or_default(),
        belongs_to: container.cluster,
        on_behalf_of: None,
    };
    Ok(Some(act).filter(|_| event.r#type == "container"))
}

impl From<Actor> for Container {
    fn from(actor: Actor) -> Self {
        let mut attributes = actor.attributes;
        Self {
            name: attributes.remove("name"),
            cluster: attributes.remove(CLUSTER),
            role: attributes.remove(ROLE),
            signal: attributes.remove("signal"),
        }
    }
}
