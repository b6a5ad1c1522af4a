//! Object metadata: read from JSON, written back, judged.
//!
//! All kinds go through the same struct, so unknown fields of `metadata` vanish and empty ones
//! are not written, for custom resources as for built-in kinds. Reading is in [`parse`], what
//! a name may be in [`names`], the rules in [`mod@validate`].

pub mod names;
pub mod ordered;
pub mod parse;
#[cfg(test)]
mod tests;
pub mod validate;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

pub use self::names::NameRule;
pub use self::validate::{
    finalizer_warnings, validate, validate_common_update, validate_field_manager, validate_update,
};

/// The metadata of an object. Empty texts, maps and lists stand for absent ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Meta {
    /// Name of the object.
    pub name: String,
    /// Prefix from which the server makes a name.
    pub generate_name: String,
    /// Namespace; empty for objects of the cluster.
    pub namespace: String,
    /// Uid, given by the server.
    pub uid: String,
    /// Version of the object, given by the store.
    pub resource_version: String,
    /// Counts the changes of the specification.
    pub generation: Option<i64>,
    /// When the object was created, `YYYY-MM-DDThh:mm:ssZ`.
    pub creation_timestamp: Option<String>,
    /// Since when it is being deleted.
    pub deletion_timestamp: Option<String>,
    /// Seconds of grace of the deletion.
    pub deletion_grace_period_seconds: Option<i64>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
    /// Who must agree before the object goes.
    pub finalizers: Vec<String>,
    /// The owners.
    pub owner_references: Vec<OwnerReference>,
    /// Which manager owns which fields; entries as JSON.
    pub managed_fields: Vec<Value>,
}

/// An owner of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnerReference {
    /// Group and version of the owner.
    pub api_version: String,
    /// Kind of the owner.
    pub kind: String,
    /// Name of the owner.
    pub name: String,
    /// Uid of the owner.
    pub uid: String,
    /// Whether this owner is the managing controller.
    pub controller: Option<bool>,
    /// Whether a foreground deletion of the owner waits for this object.
    pub block_owner_deletion: Option<bool>,
}

impl OwnerReference {
    /// The JSON of the reference.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut value = json!({
            "apiVersion": self.api_version,
            "kind": self.kind,
            "name": self.name,
            "uid": self.uid,
        });
        if let Some(controller) = self.controller {
            value["controller"] = json!(controller);
        }
        if let Some(block) = self.block_owner_deletion {
            value["blockOwnerDeletion"] = json!(block);
        }
        value
    }

    /// The JSON text in the order of Go's struct, for the texts that show it.
    #[must_use]
    pub fn print(&self) -> String {
        let mut text = format!(
            "{{\"apiVersion\":{},\"kind\":{},\"name\":{},\"uid\":{}",
            json_text(&self.api_version),
            json_text(&self.kind),
            json_text(&self.name),
            json_text(&self.uid),
        );
        if let Some(controller) = self.controller {
            text.push_str(&format!(",\"controller\":{controller}"));
        }
        if let Some(block) = self.block_owner_deletion {
            text.push_str(&format!(",\"blockOwnerDeletion\":{block}"));
        }
        text.push('}');
        text
    }
}

impl Meta {
    /// Writes the metadata into the object `into`, in place of what is there.
    pub fn print(&self, into: &mut Value) {
        if let Value::Object(object) = into {
            object.insert("metadata".to_owned(), self.to_value());
        }
    }

    /// The value of the field `metadata`.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut map = Map::new();
        let texts = [
            ("name", &self.name),
            ("generateName", &self.generate_name),
            ("namespace", &self.namespace),
            ("uid", &self.uid),
            ("resourceVersion", &self.resource_version),
        ];
        for (key, text) in texts {
            if !text.is_empty() {
                map.insert(key.to_owned(), json!(text));
            }
        }
        if let Some(generation) = self.generation.filter(|&g| g != 0) {
            map.insert("generation".to_owned(), json!(generation));
        }
        if let Some(time) = &self.creation_timestamp {
            map.insert("creationTimestamp".to_owned(), json!(time));
        }
        if let Some(time) = &self.deletion_timestamp {
            map.insert("deletionTimestamp".to_owned(), json!(time));
        }
        if let Some(seconds) = self.deletion_grace_period_seconds {
            map.insert("deletionGracePeriodSeconds".to_owned(), json!(seconds));
        }
        if !self.labels.is_empty() {
            map.insert("labels".to_owned(), json!(self.labels));
        }
        if !self.annotations.is_empty() {
            map.insert("annotations".to_owned(), json!(self.annotations));
        }
        self.lists(&mut map);
        Value::Object(map)
    }

    fn lists(&self, map: &mut Map<String, Value>) {
        if !self.finalizers.is_empty() {
            map.insert("finalizers".to_owned(), json!(self.finalizers));
        }
        if !self.owner_references.is_empty() {
            let owners = self.owner_references.iter();
            let owners = owners.map(OwnerReference::to_value).collect();
            map.insert("ownerReferences".to_owned(), Value::Array(owners));
        }
        if !self.managed_fields.is_empty() {
            map.insert("managedFields".to_owned(), json!(self.managed_fields));
        }
    }

    /// Keeps the first of several owners with the same uid, and returns the warning that the
    /// client gets for them.
    pub fn dedup_owners(&mut self) -> Option<String> {
        let mut seen = BTreeSet::new();
        let mut twice = Vec::new();
        self.owner_references.retain(|owner| {
            let first = seen.insert(owner.uid.clone());
            if !first && !twice.contains(&owner.uid) {
                twice.push(owner.uid.clone());
            }
            first
        });
        if twice.is_empty() {
            return None;
        }
        Some(format!(
            ".metadata.ownerReferences contains duplicate entries; API server dedups owner \
             references in 1.20+, and may reject such requests as early as 1.24; please fix your \
             requests; duplicate UID(s) observed: {}",
            twice.join(", ")
        ))
    }
}

fn json_text(text: &str) -> String {
    crate::status::field::escape_html(&Value::from(text).to_string())
}
