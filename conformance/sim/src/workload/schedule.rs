//! The scheduler: which node a pod goes to.

use std::cmp::Reverse;
use std::sync::Arc;

use serde_json::{Value, json};

use super::plan::{Action, By, Plan, View, condition, meta, node_of, place};
use super::state::State;
use crate::api::resources::PODS;

impl State {
    /// Binds pods: to a node that is ready and takes them, one without taints before others, then
    /// the one with the fewest pods of the same Deployment, then with the fewest pods, then by
    /// name.
    pub(super) fn plan_schedule(view: &View, plan: &mut Plan) {
        let mut bound: Vec<(String, String)> = view
            .pods
            .iter()
            .filter(|pod| !node_of(pod).is_empty())
            .map(|pod| (node_of(pod).to_owned(), owner(pod).to_owned()))
            .collect();
        for pod in view.pods.iter().filter(|pod| node_of(pod).is_empty()) {
            let takes = |node: &&Arc<Value>| takes(node, pod);
            let rank = |node: &&Arc<Value>| {
                let name = meta(node, "name");
                let here = bound.iter().filter(|(on, _)| on == name);
                let same = here.clone().filter(|(_, of)| of == owner(pod)).count();
                (Reverse(taints(node).next().is_none()), same, here.count(), name.to_owned())
            };
            let Some(node) = view.nodes.iter().filter(takes).min_by_key(rank) else {
                continue;
            };
            let name = meta(node, "name");
            bound.push((name.to_owned(), owner(pod).to_owned()));
            let patch = json!({"spec": {"nodeName": name}});
            plan.act(Action::Patch {
                by: By::Scheduler,
                res: &PODS,
                at: place(pod),
                sub: "",
                patch,
            });
        }
    }
}

fn owner(pod: &Value) -> &str {
    pod["metadata"]["ownerReferences"][0]["uid"].as_str().unwrap_or_default()
}

fn taints(node: &Value) -> impl Iterator<Item = &Value> {
    let all = node["spec"]["taints"].as_array().into_iter().flatten();
    all.filter(|taint| taint["effect"] == "NoSchedule" || taint["effect"] == "NoExecute")
}

fn takes(node: &Value, pod: &Value) -> bool {
    let tolerations = pod["spec"]["tolerations"].as_array();
    let tolerated = |taint: &Value| {
        tolerations.into_iter().flatten().any(|toleration| {
            let fits = |field: &str| {
                let wanted = toleration[field].as_str().unwrap_or_default();
                wanted.is_empty() || taint[field] == wanted
            };
            fits("key") && fits("effect")
        })
    };
    let leaves = node["metadata"].get("deletionTimestamp").is_some();
    condition(node, "Ready") == Some("True")
        && node["spec"]["unschedulable"] != true
        && !leaves
        && taints(node).all(tolerated)
}
