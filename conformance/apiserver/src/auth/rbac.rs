//! Rights by roles and bindings.
//!
//! Every decision reads the store, so a binding is in force with the write that made it.

use std::sync::Arc;

use serde_json::Value;

use super::{Attributes, Decision, User, builtin, service_account};
use crate::json::text;
use crate::status::{GroupResource, Status, quote};
use crate::store::{Key, Store};

/// The group of roles and bindings.
pub(crate) const GROUP: &str = "rbac.authorization.k8s.io";

/// A rule of a role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(super) verbs: Vec<String>,
    pub(super) groups: Vec<String>,
    pub(super) resources: Vec<String>,
    /// Names of objects; empty for all.
    pub(super) names: Vec<String>,
    /// Paths that are no resources.
    pub(super) urls: Vec<String>,
}

/// The rules of a role.
pub(super) fn rules(role: &Value) -> Vec<Rule> {
    role["rules"].as_array().into_iter().flatten().map(Rule::read).collect()
}

impl Rule {
    fn read(rule: &Value) -> Self {
        let texts = |key: &str| {
            let texts = rule[key].as_array().into_iter().flatten().filter_map(Value::as_str);
            texts.map(str::to_owned).collect()
        };
        Self {
            verbs: texts("verbs"),
            groups: texts("apiGroups"),
            resources: texts("resources"),
            names: texts("resourceNames"),
            urls: texts("nonResourceURLs"),
        }
    }

    fn allows(&self, request: &Attributes<'_>) -> bool {
        if !holds(&self.verbs, request.verb) {
            return false;
        }
        if !request.is_resource() {
            return self.urls.iter().any(|url| leads_to(url, request.path));
        }
        holds(&self.groups, request.group)
            && self.reaches(&request.whole_resource())
            && (self.names.is_empty() || self.names.iter().any(|name| name == request.name))
    }

    /// Whether a resource, such as `widgets` or `widgets/status`, is among those of the rule.
    pub(super) fn reaches(&self, resource: &str) -> bool {
        let below = resource.split_once('/').map(|(_, subresource)| format!("*/{subresource}"));
        holds(&self.resources, resource)
            || below.is_some_and(|below| self.resources.contains(&below))
    }
}

/// Whether a text or `*` is in the list.
pub(super) fn holds(list: &[String], text: &str) -> bool {
    list.iter().any(|one| one == "*" || one == text)
}

/// Whether a path is that of a rule, or below one that ends in `*`.
pub(super) fn leads_to(url: &str, path: &str) -> bool {
    url == path || (url.ends_with('*') && path.starts_with(url.trim_end_matches('*')))
}

/// The role that a binding binds.
#[derive(Clone, Copy, Debug)]
pub(super) struct RoleRef<'a> {
    pub(super) group: &'a str,
    pub(super) kind: &'a str,
    pub(super) name: &'a str,
}

impl<'a> RoleRef<'a> {
    pub(super) fn of(binding: &'a Value) -> Self {
        let reference = &binding["roleRef"];
        Self {
            group: text(reference, "apiGroup"),
            kind: text(reference, "kind"),
            name: text(reference, "name"),
        }
    }

    /// The plural of the kind.
    pub(super) fn plural(self) -> String {
        format!("{}s", self.kind.to_lowercase())
    }

    /// The rules of the role, for a binding in `namespace`; `None` if there is no such role.
    pub(super) fn rules(self, store: &Store, namespace: &str) -> Option<Vec<Rule>> {
        let stored = |namespace: &str| {
            store.get(&Key::new(&GroupResource::new(GROUP, &self.plural()), namespace, self.name))
        };
        match self.kind {
            "Role" => stored(namespace).map(|role| rules(&role)),
            "ClusterRole" => {
                stored("").map(|role| rules(&role)).or_else(|| builtin::role(self.name).map(rules))
            }
            _ => None,
        }
    }
}

/// The rules of a binding that is meant for a user.
struct Grant {
    /// As in `ClusterRoleBinding "b" of ClusterRole "r" to User "u"`.
    source: String,
    rules: Vec<Rule>,
}

/// What the bindings give to a user.
#[derive(Default)]
pub(super) struct Grants {
    given: Vec<Grant>,
    /// Kinds and names of roles that are bound and not there.
    missing: Vec<(String, String)>,
}

impl Grants {
    /// What a user is given in a namespace, or in the whole cluster if it is empty.
    pub(super) fn of(store: &Store, user: &User, namespace: &str) -> Self {
        let mut grants = Self::default();
        for binding in builtin::bindings() {
            grants.add(store, user, binding);
        }
        for binding in listed(store, "clusterrolebindings", None) {
            grants.add(store, user, &binding);
        }
        if !namespace.is_empty() {
            for binding in listed(store, "rolebindings", Some(namespace)) {
                grants.add(store, user, &binding);
            }
        }
        grants
    }

    fn add(&mut self, store: &Store, user: &User, binding: &Value) {
        let namespace = text(&binding["metadata"], "namespace");
        let mut subjects = binding["subjects"].as_array().into_iter().flatten();
        let Some(subject) = subjects.find(|subject| is_meant(user, subject, namespace)) else {
            return;
        };
        let role = RoleRef::of(binding);
        match role.rules(store, namespace) {
            Some(rules) => self.given.push(Grant { source: source(binding, subject), rules }),
            None => self.missing.push((role.kind.to_lowercase(), role.name.to_owned())),
        }
    }

    /// All rules.
    pub(super) fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.given.iter().flat_map(|grant| &grant.rules)
    }

    /// What kept bindings from being looked at, or empty. `plural` for the plural of the kinds of
    /// roles: Kubernetes asks in two places, which name them differently.
    pub(super) fn failures(&self, plural: bool) -> String {
        let mut texts: Vec<String> = Vec::new();
        for (kind, name) in &self.missing {
            let kind = if plural { format!("{kind}s") } else { kind.clone() };
            let text = Status::not_found(&GroupResource::new(GROUP, &kind), name).message;
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        match texts.as_slice() {
            [one] => one.clone(),
            [] => String::new(),
            many => format!("[{}]", many.join(", ")),
        }
    }
}

/// Whether a binding lets a user do this.
pub(super) fn authorize(store: &Store, user: &User, request: &Attributes<'_>) -> Decision {
    let grants = Grants::of(store, user, request.namespace);
    let allows = |grant: &&Grant| grant.rules.iter().any(|rule| rule.allows(request));
    if let Some(grant) = grants.given.iter().find(allows) {
        return Decision::Allowed(format!("RBAC: allowed by {}", grant.source));
    }
    let failures = grants.failures(false);
    let why = if failures.is_empty() { failures } else { format!("RBAC: {failures}") };
    Decision::Denied(why)
}

fn listed(store: &Store, plural: &str, namespace: Option<&str>) -> Vec<Arc<Value>> {
    let found = store.list(&GroupResource::new(GROUP, plural), namespace, None);
    found.map(|(bindings, _)| bindings).unwrap_or_default()
}

/// Whether a subject of a binding in `namespace` is this user.
fn is_meant(user: &User, subject: &Value, namespace: &str) -> bool {
    let name = text(subject, "name");
    match text(subject, "kind") {
        "User" => user.name == name,
        "Group" => user.is_in(name),
        "ServiceAccount" => {
            let namespace = account_namespace(subject, namespace);
            !namespace.is_empty() && user.name == service_account(namespace, name)
        }
        _ => false,
    }
}

fn account_namespace<'a>(subject: &'a Value, namespace: &'a str) -> &'a str {
    match text(subject, "namespace") {
        "" => namespace,
        own => own,
    }
}

fn source(binding: &Value, subject: &Value) -> String {
    let metadata = &binding["metadata"];
    let (name, namespace) = (text(metadata, "name"), text(metadata, "namespace"));
    let role = RoleRef::of(binding);
    let (kind, who) = (text(subject, "kind"), text(subject, "name"));
    let who = if kind == "ServiceAccount" {
        format!("{who}/{}", account_namespace(subject, namespace))
    } else {
        who.to_owned()
    };
    let bound = if namespace.is_empty() {
        format!("ClusterRoleBinding {}", quote(name))
    } else {
        format!("RoleBinding {}", quote(&format!("{name}/{namespace}")))
    };
    format!("{bound} of {} {} to {kind} {}", role.kind, quote(role.name), quote(&who))
}
