//! Nobody grants rights that they do not hold: what is asked of those who write roles and
//! bindings.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::rbac::{Grants, RoleRef, Rule, holds, leads_to, rules};
use super::{Attributes, Decision, User, authorize};
use crate::json::text;
use crate::registry::Caller;
use crate::status::{GroupResource, Status, quote};
use crate::store::Store;

/// Metadata that the collector of garbage changes, and what follows from it.
const UPKEEP: &[&str] = &["ownerReferences", "finalizers", "selfLink", "managedFields"];

/// Whether the caller may write this role: its rights are the caller's too, or the caller may
/// `escalate`.
///
/// # Errors
/// 403 with the rights that the caller does not hold.
pub(crate) fn role(
    by: &Caller<'_>,
    resource: &GroupResource,
    new: &Value,
    old: Option<&Value>,
) -> Result<(), Status> {
    let metadata = &new["metadata"];
    let (name, namespace) = (text(metadata, "name"), text(metadata, "namespace"));
    let escalate = Attributes {
        verb: "escalate",
        group: &resource.group,
        version: "*",
        resource: &resource.resource,
        namespace,
        // A creation has no name yet when rights are asked for.
        name: if old.is_some() { name } else { "" },
        ..Attributes::default()
    };
    if may(by, &escalate) || old.is_some_and(|old| is_upkeep(new, old)) {
        return Ok(());
    }
    let refused = |why: String| Status::forbidden(resource, name, &why, Vec::new());
    confirm(by.store, by.user, namespace, &rules(new)).map_err(refused)?;
    if !gathers(new) && !old.is_some_and(gathers) {
        return Ok(());
    }
    confirm(by.store, by.user, namespace, &everything()).map_err(|_| {
        refused("must have cluster-admin privileges to use the aggregationRule".to_owned())
    })
}

/// Whether the caller may write this binding: the rights of its role are the caller's too, or
/// the caller may `bind` it.
///
/// # Errors
/// 403 with the rights that the caller does not hold, 404 if there is no such role.
pub(crate) fn binding(
    by: &Caller<'_>,
    resource: &GroupResource,
    new: &Value,
    old: Option<&Value>,
) -> Result<(), Status> {
    let metadata = &new["metadata"];
    let (name, namespace) = (text(metadata, "name"), text(metadata, "namespace"));
    let role = RoleRef::of(new);
    let plural = role.plural();
    let bind = Attributes {
        verb: "bind",
        group: role.group,
        version: "*",
        resource: &plural,
        namespace,
        name: role.name,
        ..Attributes::default()
    };
    if may(by, &bind) || old.is_some_and(|old| is_upkeep(new, old)) {
        return Ok(());
    }
    let Some(rules) = role.rules(by.store, namespace) else {
        return Err(Status::not_found(&GroupResource::new(role.group, &plural), role.name));
    };
    confirm(by.store, by.user, namespace, &rules)
        .map_err(|why| Status::forbidden(resource, name, &why, Vec::new()))
}

fn may(by: &Caller<'_>, request: &Attributes<'_>) -> bool {
    matches!(authorize(by.store, by.user, request), Decision::Allowed(_))
}

/// Whether nothing changes but what the collector of garbage changes.
fn is_upkeep(new: &Value, old: &Value) -> bool {
    let rest = |object: &Value| {
        let mut object = object.clone();
        if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
            metadata.retain(|key, _| !UPKEEP.contains(&key.as_str()));
        }
        object
    };
    rest(new) == rest(old)
}

/// Whether the rules of a role are gathered from others.
fn gathers(role: &Value) -> bool {
    let selectors = role["aggregationRule"]["clusterRoleSelectors"].as_array();
    selectors.is_some_and(|selectors| !selectors.is_empty())
}

/// All rights there are.
fn everything() -> [Rule; 2] {
    let all = || vec!["*".to_owned()];
    [
        Rule { verbs: all(), groups: all(), resources: all(), ..Rule::default() },
        Rule { verbs: all(), urls: all(), ..Rule::default() },
    ]
}

/// Whether the user holds all these rights in the namespace (empty: in the cluster).
fn confirm(store: &Store, user: &User, namespace: &str, wanted: &[Rule]) -> Result<(), String> {
    let grants = Grants::of(store, user, namespace);
    let mut lacking: Vec<Rule> = wanted.iter().flat_map(single).collect();
    lacking.retain(|rule| !grants.rules().any(|held| covers(held, rule)));
    if lacking.is_empty() {
        return Ok(());
    }
    let lacking: Vec<String> = described(lacking).into_iter().collect();
    let mut why = format!(
        "user {} (groups={}) is attempting to grant RBAC permissions not currently held:\n{}",
        quote(&user.name),
        quoted(&user.groups),
        lacking.join("\n")
    );
    let failures = grants.failures(true);
    if !failures.is_empty() {
        why.push_str(&format!("; resolution errors: [{failures}]"));
    }
    Err(why)
}

/// A rule as rules of one verb and one resource, name or path each.
fn single(rule: &Rule) -> Vec<Rule> {
    let one = |text: &String| vec![text.clone()];
    let mut singles = Vec::new();
    for group in &rule.groups {
        for resource in &rule.resources {
            for verb in &rule.verbs {
                let of_all = Rule {
                    verbs: one(verb),
                    groups: one(group),
                    resources: one(resource),
                    ..Rule::default()
                };
                if rule.names.is_empty() {
                    singles.push(of_all);
                } else {
                    let named = |name| Rule { names: one(name), ..of_all.clone() };
                    singles.extend(rule.names.iter().map(named));
                }
            }
        }
    }
    for url in &rule.urls {
        let of_url = |verb| Rule { verbs: one(verb), urls: one(url), ..Rule::default() };
        singles.extend(rule.verbs.iter().map(of_url));
    }
    singles
}

/// Whether who holds a rule holds a single one.
fn covers(held: &Rule, single: &Rule) -> bool {
    let names = held.names.is_empty()
        || (!single.names.is_empty() && single.names.iter().all(|name| held.names.contains(name)));
    single.verbs.iter().all(|verb| holds(&held.verbs, verb))
        && single.groups.iter().all(|group| holds(&held.groups, group))
        && single.resources.iter().all(|resource| held.reaches(resource))
        && single.urls.iter().all(|path| held.urls.iter().any(|url| leads_to(url, path)))
        && names
}

/// Single rules in words, in order; those that differ by their verb alone are one.
fn described(rules: Vec<Rule>) -> BTreeSet<String> {
    let mut texts = BTreeSet::new();
    let mut compact: BTreeMap<_, Rule> = BTreeMap::new();
    for rule in rules {
        if rule.resources.is_empty() {
            texts.insert(printed(&rule));
            continue;
        }
        let what = (rule.groups.clone(), rule.resources.clone(), rule.names.clone());
        if let Some(before) = compact.get_mut(&what) {
            before.verbs.extend(rule.verbs);
        } else {
            compact.insert(what, rule);
        }
    }
    texts.extend(compact.values().map(printed));
    texts
}

fn printed(rule: &Rule) -> String {
    let parts = [
        ("APIGroups", &rule.groups),
        ("Resources", &rule.resources),
        ("NonResourceURLs", &rule.urls),
        ("ResourceNames", &rule.names),
        ("Verbs", &rule.verbs),
    ];
    let parts = parts.into_iter().filter(|(_, texts)| !texts.is_empty());
    let parts: Vec<String> = parts.map(|(key, texts)| format!("{key}:{}", quoted(texts))).collect();
    format!("{{{}}}", parts.join(", "))
}

/// A list of texts as Go's `%q` prints it.
fn quoted(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| quote(text)).collect();
    format!("[{}]", texts.join(" "))
}
