//! The entries of `metadata.managedFields`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Operation, Who};
use crate::fields::{Set, v1};

/// What one manager owns.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) manager: String,
    pub(super) operation: Operation,
    pub(super) version: String,
    pub(super) subresource: String,
    pub(super) time: Option<String>,
    pub(super) set: Set,
}

impl Entry {
    /// The entry of `who` with `set`, without a time.
    pub(super) fn new(who: &Who<'_>, operation: Operation, set: Set) -> Self {
        Self {
            manager: who.manager.to_owned(),
            operation,
            version: who.version.to_owned(),
            subresource: who.subresource.to_owned(),
            time: None,
            set,
        }
    }

    /// What makes two entries the same: an applier has one whatever the version. Its order is
    /// the one in which conflicts are listed.
    pub(super) fn identity(&self) -> String {
        let version = match self.operation {
            Operation::Apply => "",
            Operation::Update => self.version.as_str(),
        };
        let operation = self.operation.to_string();
        let parts = [
            ("manager", self.manager.as_str()),
            ("operation", operation.as_str()),
            ("apiVersion", version),
            ("subresource", self.subresource.as_str()),
        ]
        .map(|(name, value)| format!("\"{name}\":{}", json!(value)));
        format!("{{{}}}", parts.join(","))
    }

    /// Where it stands among the entries of an object.
    fn rank(&self) -> (Operation, &str, &str, &str, &str) {
        (
            self.operation,
            self.time.as_deref().unwrap_or_default(),
            &self.manager,
            &self.version,
            &self.subresource,
        )
    }

    fn read(value: &Value) -> Result<Self, String> {
        let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
        let operation = match text("operation") {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return Err("operation must be `Apply` or `Update`".to_owned()),
        };
        if text("apiVersion").is_empty() {
            return Err("apiVersion must not be empty".to_owned());
        }
        if text("fieldsType") != "FieldsV1" {
            return Err("fieldsType must be `FieldsV1`".to_owned());
        }
        Ok(Self {
            manager: text("manager").to_owned(),
            operation,
            version: text("apiVersion").to_owned(),
            subresource: text("subresource").to_owned(),
            time: Some(text("time").to_owned()).filter(|time| !time.is_empty()),
            set: v1::read(value.get("fieldsV1").unwrap_or(&Value::Null))?,
        })
    }

    fn print(&self) -> Value {
        let mut printed = json!({
            "operation": self.operation.to_string(),
            "apiVersion": self.version,
            "fieldsType": "FieldsV1",
            "fieldsV1": v1::write(&self.set),
        });
        let time = self.time.as_deref().unwrap_or_default();
        let optional = [
            ("manager", self.manager.as_str()),
            ("subresource", self.subresource.as_str()),
            ("time", time),
        ];
        for (name, value) in optional {
            if !value.is_empty() {
                printed[name] = json!(value);
            }
        }
        printed
    }
}

/// All entries of an object, by identity.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Entries(BTreeMap<String, Entry>);

impl Entries {
    /// The entries from which an update starts: those of `new` if it has any that can be read
    /// and the request is not for a subresource, else those of `live`.
    pub(super) fn of_request(live: Option<&Value>, new: &Value, who: &Who<'_>) -> Self {
        let sent = if who.subresource.is_empty() { list(Some(new)) } else { None };
        if sent.is_some_and(|sent| resets(sent)) {
            return Self::default();
        }
        match Self::read(sent) {
            Ok(entries) if !entries.is_empty() => entries,
            _ => Self::of(live).unwrap_or_default(),
        }
    }

    /// The entries of an object.
    pub(super) fn of(object: Option<&Value>) -> Result<Self, String> {
        Self::read(list(object))
    }

    fn read(list: Option<&Vec<Value>>) -> Result<Self, String> {
        let mut entries = Self::default();
        for value in list.into_iter().flatten() {
            entries.insert(Entry::read(value)?);
        }
        Ok(entries)
    }

    /// Writes them into an object: Apply before Update, then by time and name.
    pub(super) fn write(&self, object: &mut Value) {
        if self.0.is_empty() {
            return;
        }
        let mut entries: Vec<&Entry> = self.0.values().collect();
        entries.sort_by(|a, b| a.rank().cmp(&b.rank()));
        let printed = entries.into_iter().map(Entry::print).collect();
        let metadata = object
            .as_object_mut()
            .map(|fields| fields.entry("metadata").or_insert_with(|| json!({})));
        if let Some(metadata) = metadata.and_then(Value::as_object_mut) {
            metadata.insert("managedFields".to_owned(), Value::Array(printed));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn get(&self, identity: &str) -> Option<&Entry> {
        self.0.get(identity)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &Entry)> {
        self.0.iter()
    }

    pub(super) fn versions(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(|entry| entry.version.as_str())
    }

    /// Adds an entry in place of the one with its identity.
    pub(super) fn insert(&mut self, entry: Entry) {
        self.0.insert(entry.identity(), entry);
    }

    /// Changes every entry by `keep`, and drops those that it refuses or leaves empty.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&mut Entry) -> bool) {
        self.0.retain(|_, entry| keep(entry) && !entry.set.is_empty());
    }

    /// Unites the oldest entries of updates, version by version, until there are no more than
    /// `most`.
    pub(super) fn cap(&mut self, most: usize) {
        let updates = self.0.iter().filter(|(_, e)| e.operation == Operation::Update);
        let mut oldest: Vec<(Option<String>, String)> =
            updates.map(|(identity, entry)| (entry.time.clone(), identity.clone())).collect();
        oldest.sort();
        let mut count = oldest.len();
        let mut first_of_version: BTreeMap<String, String> = BTreeMap::new();
        for (time, identity) in oldest {
            if count <= most {
                return;
            }
            let Some(entry) = self.0.get(&identity).cloned() else {
                continue;
            };
            let Some(first) = first_of_version.get(&entry.version) else {
                first_of_version.insert(entry.version, identity);
                continue;
            };
            let mut bucket = Entry {
                manager: "ancient-changes".to_owned(),
                subresource: String::new(),
                time,
                ..entry
            };
            let place = bucket.identity();
            let before = match self.0.remove(&place) {
                Some(before) => Some(before),
                None => self.0.remove(first),
            };
            if let Some(before) = before {
                bucket.set = bucket.set.union(&before.set);
            }
            self.0.remove(&identity);
            self.0.insert(place, bucket);
            count -= 1;
        }
    }
}

fn list(object: Option<&Value>) -> Option<&Vec<Value>> {
    object?.pointer("/metadata/managedFields")?.as_array()
}

/// Whether a request wants an object to have no entries any more.
fn resets(sent: &[Value]) -> bool {
    let blank = |value: &Value| value.is_null() || value.as_str() == Some("");
    match sent {
        [] => true,
        [Value::Object(only)] => Map::values(only).all(blank),
        _ => false,
    }
}
