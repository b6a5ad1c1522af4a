//! Which writes a policy or a binding is about.

use serde_json::Value;

use super::{Operation, Review};
use crate::status::GroupResource;
use crate::store::{Key, Store};

/// A write, as rules look at it.
#[derive(Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) review: &'a Review<'a>,
    pub(super) object: Option<&'a Value>,
    pub(super) store: &'a Store,
}

/// The entries of a list that may be absent.
pub(super) fn entries(list: &Value) -> &[Value] {
    list.as_array().map_or(&[], Vec::as_slice)
}

impl<'a> Request<'a> {
    /// The version of the resource in which the constraints see the write; `None`: they are not
    /// about it.
    pub(super) fn matched(&self, constraints: &Value) -> Option<&'a str> {
        let own = self.review.resource.version.as_str();
        let about = selects(&constraints["namespaceSelector"], || self.namespace_labels())
            && self.object_selected(&constraints["objectSelector"]);
        let equivalent = constraints["matchPolicy"] != "Exact";
        let excluded = entries(&constraints["excludeResourceRules"]);
        if !about || self.version_of(excluded, equivalent).is_some() {
            return None;
        }
        match entries(&constraints["resourceRules"]) {
            [] => Some(own),
            rules => self.version_of(rules, equivalent),
        }
    }

    /// The namespace of the object; a namespace lives in itself.
    pub(super) fn namespace(&self) -> &'a str {
        let review = self.review;
        if !is_namespace(review) {
            return review.namespace;
        }
        let named = || self.object.and_then(|object| object["metadata"]["name"].as_str());
        if review.name.is_empty() { named().unwrap_or_default() } else { review.name }
    }

    /// The labels that the namespace selector is held against; `None`: it is not asked.
    fn namespace_labels(&self) -> Option<Value> {
        let writes = matches!(self.review.operation, Operation::Create | Operation::Update);
        if is_namespace(self.review) && self.review.subresource.is_empty() && writes {
            return self.object.map(|object| object["metadata"]["labels"].clone());
        }
        let namespace = self.namespace();
        if namespace.is_empty() {
            return None;
        }
        let found = find_namespace(self.store, namespace);
        Some(found.map_or(Value::Null, |found| found["metadata"]["labels"].clone()))
    }

    fn object_selected(&self, selector: &Value) -> bool {
        let mut objects = self.object.into_iter().chain(self.review.old);
        is_everything(selector)
            || objects.any(|object| selects_labels(selector, &object["metadata"]["labels"]))
    }

    fn version_of(&self, rules: &[Value], equivalent: bool) -> Option<&'a str> {
        let resource = self.review.resource;
        let own = resource.version.as_str();
        let find = |version: &str| rules.iter().any(|rule| self.rule_matches(rule, version));
        if find(own) {
            return Some(own);
        }
        let served = resource.custom.iter().flat_map(|custom| &custom.served);
        let mut others = served.filter_map(|(version, _)| version.rsplit('/').next());
        others.find(|version| equivalent && *version != own && find(version))
    }

    fn rule_matches(&self, rule: &Value, version: &str) -> bool {
        let review = self.review;
        let holds = |field: &str, text: &str| {
            entries(&rule[field]).iter().any(|entry| entry == "*" || entry == text)
        };
        let names = entries(&rule["resourceNames"]);
        let cluster = is_namespace(review) || review.namespace.is_empty();
        let scope = match rule["scope"].as_str() {
            Some("Namespaced") => !cluster,
            Some("Cluster") => cluster,
            _ => true,
        };
        scope
            && holds("operations", review.operation.as_str())
            && holds("apiGroups", &review.resource.group)
            && holds("apiVersions", version)
            && entries(&rule["resources"]).iter().any(|entry| self.is_resource(entry))
            && (names.is_empty() || names.iter().any(|name| name == review.name))
    }

    fn is_resource(&self, entry: &Value) -> bool {
        let entry = entry.as_str().unwrap_or_default();
        let (plural, subresource) = entry.split_once('/').unwrap_or((entry, ""));
        (plural == "*" || plural == self.review.resource.plural)
            && (subresource == "*" || subresource == self.review.subresource)
    }
}

fn is_namespace(review: &Review<'_>) -> bool {
    review.resource.group.is_empty() && review.resource.plural == "namespaces"
}

/// A namespace in the store.
pub(super) fn find_namespace(store: &Store, name: &str) -> Option<std::sync::Arc<Value>> {
    store.get(&Key::new(&GroupResource::new("", "namespaces"), "", name))
}

fn is_everything(selector: &Value) -> bool {
    entries(&selector["matchExpressions"]).is_empty()
        && selector["matchLabels"].as_object().is_none_or(serde_json::Map::is_empty)
}

fn selects(selector: &Value, labels: impl FnOnce() -> Option<Value>) -> bool {
    is_everything(selector) || labels().is_none_or(|labels| selects_labels(selector, &labels))
}

/// Whether a LabelSelector matches these labels.
pub(super) fn selects_labels(selector: &Value, labels: &Value) -> bool {
    let wanted = selector["matchLabels"].as_object();
    wanted.into_iter().flatten().all(|(key, value)| labels.get(key) == Some(value))
        && entries(&selector["matchExpressions"]).iter().all(|term| holds(term, labels))
}

fn holds(term: &Value, labels: &Value) -> bool {
    let label = labels.get(term["key"].as_str().unwrap_or_default());
    let among = || label.is_some_and(|label| entries(&term["values"]).contains(label));
    match term["operator"].as_str() {
        Some("In") => among(),
        Some("NotIn") => !among(),
        Some("Exists") => label.is_some(),
        Some("DoesNotExist") => label.is_none(),
        _ => false,
    }
}
