//! Reads records of what was done to the infrastructure, outside of both clusters.
//!
//! # Format
//! JSON lines, one act a line (here on two):
//!
//! ```json
//! {"at":"2026-11-24T13:30:17.758Z","action":"create","kind":"machine","name":"child-md-x",
//!  "providerId":"docker:////child-md-x","cluster":"child","onBehalfOf":"target"}
//! ```
//!
//! | field | |
//! |---|---|
//! | `at` | when, RFC 3339 |
//! | `action` | `create`, `delete`, `start`, `stop` or `kill` (from outside) |
//! | `kind` | `machine` for what runs a Node; of anything else only `onBehalfOf` is judged |
//! | `name` | its name |
//! | `providerId` | optional: its provider id |
//! | `cluster` | optional: the workload cluster that it is a part of |
//! | `onBehalfOf` | optional: `source` or `target`, the side whose controllers did it |
//!
//! Without `cluster` it is known whose it is when the objects of one Cluster alone bear its name or
//! provider id. A line that stands in several records counts once.
//!
//! Events of Docker are read as well (`docker events --format '{{json .}}'`), of the containers
//! that kind and CAPD label. They do not say on whose behalf.

mod docker;

use crate::history::{Entry, InfrastructureAction, InfrastructureVerb, Side};
use crate::input::Input;
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::HashSet;
use std::io::{self, BufRead};

/// What some editors put before a text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Why a record cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum InfrastructureError {
    /// The file cannot be read.
    #[error("cannot read the record of the infrastructure {file}")]
    Io {
        /// The file.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// A line is no act.
    #[error("cannot read the record of the infrastructure {file}: line {line} is {found}")]
    Line {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What stands there, and what was expected.
        found: String,
    },
}

/// Reads records, each line in whichever format it is.
///
/// # Errors
/// When a file cannot be read, or a line is in none of the formats; the error names both.
pub fn read(records: &[Input]) -> Result<Vec<Entry>, InfrastructureError> {
    let mut entries = Vec::new();
    let mut seen = HashSet::new();
    for record in records {
        let file = record.name();
        let io = |source| InfrastructureError::Io { file: file.clone(), source };
        for (number, line) in (1..).zip(record.open().map_err(io)?.lines()) {
            let line = line.map_err(io)?;
            let line = line.trim_start_matches(BYTE_ORDER_MARK).trim();
            if line.is_empty() || !seen.insert(line.to_owned()) {
                continue;
            }
            let action = act(line).map_err(|found| InfrastructureError::Line {
                file: file.clone(),
                line: number,
                found,
            })?;
            entries.extend(action.map(Entry::Infrastructure));
        }
    }
    Ok(entries)
}

/// The act of one line; nothing for an event that changes no machine.
fn act(line: &str) -> Result<Option<InfrastructureAction>, String> {
    let known: Head = serde_json::from_str(line).map_err(|error| expected(&error))?;
    if known.at.is_some() {
        let act: Act = serde_json::from_str(line).map_err(|error| expected(&error))?;
        return Ok(Some(act.into()));
    }
    docker::act(line).map_err(|error| expected(&error))
}

fn expected(error: &serde_json::Error) -> String {
    let what = if error.is_data() { "an act of another shape" } else { "no JSON" };
    format!(
        "{what} (column {}); expected at, action, kind and name, or an event of Docker",
        error.column()
    )
}

/// What tells the formats apart.
#[derive(Deserialize)]
struct Head {
    at: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Act {
    at: Timestamp,
    action: Action,
    kind: String,
    name: String,
    provider_id: Option<String>,
    cluster: Option<String>,
    on_behalf_of: Option<Owner>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Action {
    Create,
    Delete,
    Start,
    Stop,
    Kill,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Owner {
    Source,
    Target,
}

impl From<Act> for InfrastructureAction {
    fn from(act: Act) -> Self {
        Self {
            at: act.at,
            action: match act.action {
                Action::Create => InfrastructureVerb::Create,
                Action::Delete => InfrastructureVerb::Delete,
                Action::Start => InfrastructureVerb::Start,
                Action::Stop => InfrastructureVerb::Stop,
                Action::Kill => InfrastructureVerb::Kill,
            },
            kind: act.kind,
            name: act.name,
            provider_id: act.provider_id,
            belongs_to: act.cluster,
            on_behalf_of: act.on_behalf_of.map(|owner| match owner {
                Owner::Source => Side::Source,
                Owner::Target => Side::Target,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Vec<InfrastructureAction>, InfrastructureError> {
        let input = Input::Bytes { name: "acts.jsonl".into(), bytes: text.as_bytes().to_vec() };
        let act = |entry| match entry {
            Entry::Infrastructure(action) => Some(action),
            _ => None,
        };
        Ok(read(&[input])?.into_iter().filter_map(act).collect())
    }

    #[test]
    fn our_own_format() {
        let acts = read_text(
            r#"{"at":"2026-11-24T13:30:17.758Z","action":"create","kind":"machine","name":"m","cluster":"c","onBehalfOf":"target"}"#,
        )
        .expect("a record");
        assert_eq!(acts[0].on_behalf_of, Some(Side::Target));
        assert_eq!(acts[0].belongs_to.as_deref(), Some("c"));
        assert_eq!(acts[0].action, InfrastructureVerb::Create);
    }

    #[test]
    fn a_line_counts_once_and_may_come_from_an_editor() {
        let line = r#"{"at":"2026-11-24T13:30:17Z","action":"delete","kind":"machine","name":"m"}"#;
        let acts = read_text(&format!("\u{feff}{line}\r\n{line}\n")).expect("a record");
        assert_eq!(acts.len(), 1);
    }

    #[test]
    fn docker_in_both_shapes() {
        let acts = read_text(concat!(
            r#"{"time":1795526901916450578,"type":"container","action":"create","name":"m","cluster":"c","role":"worker"}"#,
            "\n",
            r#"{"Type":"container","Action":"destroy","Actor":{"Attributes":{"name":"m","io.x-k8s.kind.cluster":"c","io.x-k8s.kind.role":"control-plane"}},"timeNano":1795526901916450579}"#,
            "\n",
            r#"{"time":1795526903641127238,"type":"container","action":"kill","name":"lb","cluster":"c","role":"external-load-balancer","signal":"1"}"#,
        ))
        .expect("events");
        let told: Vec<_> = acts.iter().map(|act| (act.action, act.kind.as_str())).collect();
        assert_eq!(
            told,
            [(InfrastructureVerb::Create, "machine"), (InfrastructureVerb::Delete, "machine")],
            "a signal that asks for a reload is no kill"
        );
        assert_eq!(acts[0].at.to_string(), "2026-11-24T13:28:21.916450578Z");
    }

    #[test]
    fn a_line_that_is_neither_is_named() {
        for (line, found) in [("nonsense", "no JSON"), ("{}", "an act of another shape")] {
            let text = format!("\n{line}\n");
            let error = read_text(&text).expect_err("no record").to_string();
            assert!(error.contains(&format!("acts.jsonl: line 2 is {found}")), "{error}");
        }
    }
}
