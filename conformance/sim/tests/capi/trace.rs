//! Recordings, and what happened in the simulator, as one: changes of facets in time.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::facets::{self, Facets, facet, general, pattern};

/// What happened to an object.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// Milliseconds since the story began.
    pub(crate) at: u64,
    /// Kind and name of the object.
    pub(crate) object: (String, String),
    /// The facets that changed, with their new state; `gone` if they went away.
    pub(crate) facets: Facets,
}

/// A story as it happened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Story {
    /// The changes, in order.
    pub(crate) changes: Vec<Change>,
    /// What the story did, and when.
    pub(crate) notes: Vec<(u64, String)>,
    /// The objects that the user created.
    pub(crate) made: Vec<(u64, Value)>,
}

/// Reads a recording; of the imports, one of its clusters.
pub(crate) fn read(story: &str, cluster: Option<&str>) -> Story {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/capi/traces");
    let text = std::fs::read_to_string(folder.join(format!("{story}.jsonl"))).expect("a recording");
    let mut read = Story::default();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).expect("a line of JSON");
        let at = line["t"].as_u64().expect("a time");
        if line["type"] == "NOTE" {
            read.notes.push((at, line["note"].as_str().unwrap_or_default().to_owned()));
            continue;
        }
        if let Some(wanted) = cluster
            && line["cluster"].as_str().is_some_and(|one| one != wanted)
        {
            continue;
        }
        let text = |field: &str| line[field].as_str().unwrap_or_default();
        let object = (general(text("kind")), text("name").to_owned());
        let facets = match text("type") {
            "ADDED" => {
                if line["by"] == "user" {
                    let mut made = line["object"].clone();
                    made["kind"] = line["kind"].clone();
                    read.made.push((at, made));
                }
                let mut facets = facets::of_object(&line["object"]);
                facets.insert("there".to_owned(), "yes".to_owned());
                facets
            }
            "MODIFIED" => modified(&line),
            "DELETED" => Facets::from([("there".to_owned(), "gone".to_owned())]),
            _ => continue,
        };
        if !facets.is_empty() {
            read.changes.push(Change { at, object, facets });
        }
    }
    read
}

fn modified(line: &Value) -> Facets {
    let mut facets = Facets::new();
    for path in line["unset"].as_array().into_iter().flatten() {
        let path = path.as_str().unwrap_or_default();
        if let Some((facet, _)) = facet(path, &Value::Null) {
            facets.insert(facet, "gone".to_owned());
        }
    }
    for (path, value) in line["set"].as_object().into_iter().flatten() {
        facets.extend(facet(path, value));
    }
    facets
}

/// The difference of two states of an object in the simulator.
pub(crate) fn difference(old: Option<&Value>, new: Option<&Value>) -> Facets {
    let Some(new) = new else {
        return Facets::from([("there".to_owned(), "gone".to_owned())]);
    };
    let before = old.map(facets::of_object).unwrap_or_default();
    let after = facets::of_object(new);
    let mut changed: Facets = after
        .iter()
        .filter(|(facet, state)| before.get(*facet) != Some(state))
        .map(|(facet, state)| (facet.clone(), state.clone()))
        .collect();
    for facet in before.keys().filter(|facet| !after.contains_key(*facet)) {
        changed.insert(facet.clone(), "gone".to_owned());
    }
    if old.is_none() {
        changed.insert("there".to_owned(), "yes".to_owned());
    }
    changed
}

/// The sequences of states of a facet, by kind, name pattern and facet.
pub(crate) type Sequences = BTreeMap<(String, String, String), Vec<Vec<String>>>;

impl Story {
    /// When something was done, by the beginning of a note.
    pub(crate) fn when(&self, note: &str) -> u64 {
        let found = self.notes.iter().find(|(_, one)| one.starts_with(note));
        found.unwrap_or_else(|| panic!("no such note: {note}")).0
    }

    /// What happened between two moments, with the times counted from the first.
    pub(crate) fn between(&self, from: u64, to: u64) -> Self {
        let inside = self.changes.iter().filter(|change| (from..to).contains(&change.at));
        let changes = inside.cloned().map(|change| Change { at: change.at - from, ..change });
        Self { changes: changes.collect(), notes: Vec::new(), made: Vec::new() }
    }

    /// The same without a facet of a kind.
    pub(crate) fn without(mut self, kind: &str, facet: &str) -> Self {
        for change in self.changes.iter_mut().filter(|change| change.object.0 == kind) {
            change.facets.remove(facet);
        }
        self
    }

    /// The sequences of states of all objects.
    pub(crate) fn sequences(&self) -> Sequences {
        let mut of_objects: BTreeMap<(&(String, String), &str), Vec<String>> = BTreeMap::new();
        for change in &self.changes {
            for (facet, state) in &change.facets {
                let states = of_objects.entry((&change.object, facet.as_str())).or_default();
                if states.last() != Some(state) {
                    states.push(state.clone());
                }
            }
        }
        let mut found = Sequences::new();
        for (((kind, name), facet), states) in of_objects {
            let key = (kind.clone(), pattern(name), facet.to_owned());
            found.entry(key).or_default().push(states);
        }
        found
    }

    /// When a facet of an object first had this state.
    pub(crate) fn first(&self, kind: &str, name: &str, facet: &str, state: &str) -> Option<u64> {
        let is_it = |change: &&Change| {
            change.object.0 == kind
                && pattern(&change.object.1) == name
                && change.facets.get(facet).is_some_and(|one| one == state)
        };
        self.changes.iter().find(is_it).map(|change| change.at)
    }
}
