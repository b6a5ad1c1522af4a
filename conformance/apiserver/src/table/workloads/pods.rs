//! The cells of pods: most of the work is to say in a word how a pod is.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::json::text_at;
use crate::table::age;
use crate::table::basic::{aged, name};
use crate::table::cells::{first, list, number};

pub(in crate::table) fn cells(pod: &Value, now: Timestamp) -> Vec<Value> {
    let state = State::of(pod);
    let restarts = match (state.restarts, state.restarted) {
        (0, _) | (_, "") => state.restarts.to_string(),
        (count, moment) => format!("{count} ({} ago)", age::since(moment, now)),
    };
    let or_none = |value: &str| -> Value { first(&[value, "<none>"]).into() };
    vec![
        name(pod),
        format!("{}/{}", state.ready, state.containers).into(),
        state.word.into(),
        restarts.into(),
        aged(pod, now),
        or_none(first(&[text_at(pod, "/status/podIPs/0/ip"), text_at(pod, "/status/podIP")])),
        or_none(text_at(pod, "/spec/nodeName")),
        or_none(text_at(pod, "/status/nominatedNodeName")),
        gates(pod).into(),
    ]
}

/// That a pod is done, if it is.
pub(in crate::table) fn conditions(pod: &Value) -> Option<Value> {
    let phase = text_at(pod, "/status/phase");
    let message = match phase {
        "Succeeded" => "The pod has completed successfully.",
        "Failed" => "The pod failed.",
        _ => return None,
    };
    Some(json!([{"type": "Completed", "status": "True", "reason": phase, "message": message}]))
}

fn gates(pod: &Value) -> String {
    let gates = list(pod, "/spec/readinessGates");
    let open = gates.iter().filter(|gate| has_condition(pod, text_at(gate, "/conditionType")));
    match gates.len() {
        0 => "<none>".to_owned(),
        all => format!("{}/{all}", open.count()),
    }
}

/// Whether a condition is true.
fn has_condition(pod: &Value, kind: &str) -> bool {
    let mut conditions = list(pod, "/status/conditions").iter();
    let condition = conditions.find(|condition| text_at(condition, "/type") == kind);
    condition.is_some_and(|condition| text_at(condition, "/status") == "True")
}

/// How a pod is.
struct State<'v> {
    word: String,
    ready: usize,
    containers: usize,
    restarts: i64,
    /// When the last container was restarted; empty if none was.
    restarted: &'v str,
}

impl<'v> State<'v> {
    fn of(pod: &'v Value) -> Self {
        let phase = text_at(pod, "/status/phase");
        let mut state = State {
            word: first(&[text_at(pod, "/status/reason"), phase]).to_owned(),
            ready: 0,
            containers: list(pod, "/spec/containers").len(),
            restarts: 0,
            restarted: "",
        };
        let gated = |c: &Value| {
            text_at(c, "/type") == "PodScheduled" && text_at(c, "/reason") == "SchedulingGated"
        };
        if list(pod, "/status/conditions").iter().any(gated) {
            "SchedulingGated".clone_into(&mut state.word);
        }
        let sidecars = state.initialise(pod);
        let initialised = sidecars.is_some() || has_condition(pod, "Initialized");
        if initialised {
            (state.restarts, state.restarted) = sidecars.unwrap_or_default();
            state.run(pod);
        }
        let deleted = !text_at(pod, "/metadata/deletionTimestamp").is_empty();
        if deleted && text_at(pod, "/status/reason") == "NodeLost" {
            "Unknown".clone_into(&mut state.word);
        } else if deleted && !matches!(phase, "Succeeded" | "Failed") {
            "Terminating".clone_into(&mut state.word);
        }
        state
    }

    /// Goes through the init containers. When they are done: the restarts of those that keep
    /// running.
    fn initialise(&mut self, pod: &'v Value) -> Option<(i64, &'v str)> {
        let inits = list(pod, "/spec/initContainers");
        let restartable = |container: &Value| text_at(container, "/restartPolicy") == "Always";
        self.containers += inits.iter().filter(|container| restartable(container)).count();
        let (mut restarts, mut restarted) = (0, "");
        for (index, status) in list(pod, "/status/initContainerStatuses").iter().enumerate() {
            let sidecar = inits.iter().any(|container| {
                text_at(container, "/name") == text_at(status, "/name") && restartable(container)
            });
            self.count(status);
            if sidecar {
                restarts += number(status, "/restartCount");
                restarted = restarted.max(text_at(status, "/lastState/terminated/finishedAt"));
            }
            let ended = status.pointer("/state/terminated");
            if ended.is_some_and(|ended| number(ended, "/exitCode") == 0) {
                continue;
            }
            if sidecar && is(status, "/started") {
                self.ready += usize::from(is(status, "/ready"));
                continue;
            }
            self.word = match (ended, text_at(status, "/state/waiting/reason")) {
                (Some(ended), _) => format!("Init:{}", how_ended(ended)),
                (None, "" | "PodInitializing") => format!("Init:{index}/{}", inits.len()),
                (None, reason) => format!("Init:{reason}"),
            };
            return None;
        }
        Some((restarts, restarted))
    }

    /// Goes through the containers.
    fn run(&mut self, pod: &'v Value) {
        let mut running = false;
        for status in list(pod, "/status/containerStatuses").iter().rev() {
            self.count(status);
            let waiting = text_at(status, "/state/waiting/reason");
            if !waiting.is_empty() {
                waiting.clone_into(&mut self.word);
            } else if let Some(ended) = status.pointer("/state/terminated") {
                self.word = how_ended(ended);
            } else if is(status, "/ready") && status.pointer("/state/running").is_some() {
                running = true;
                self.ready += 1;
            }
        }
        if self.word == "Completed" && running {
            let word = if has_condition(pod, "Ready") { "Running" } else { "NotReady" };
            word.clone_into(&mut self.word);
        }
    }

    fn count(&mut self, status: &'v Value) {
        self.restarts += number(status, "/restartCount");
        self.restarted = self.restarted.max(text_at(status, "/lastState/terminated/finishedAt"));
    }
}

fn is(status: &Value, pointer: &str) -> bool {
    status.pointer(pointer).and_then(Value::as_bool) == Some(true)
}

/// Why a container ended, in a word.
fn how_ended(ended: &Value) -> String {
    match (text_at(ended, "/reason"), number(ended, "/signal")) {
        ("", 0) => format!("ExitCode:{}", number(ended, "/exitCode")),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}
