//! `/healthz`, `/livez`, `/readyz` and their checks, all of which pass.

use std::fmt::Write;

use super::Document;
use crate::status::quote;

const CHECKS: &[&str] = &[
    "ping",
    "log",
    "etcd",
    "poststarthook/start-apiextensions-controllers",
    "poststarthook/crd-informer-synced",
    "poststarthook/rbac/bootstrap-roles",
    "poststarthook/start-system-namespaces-controller",
    "poststarthook/apiservice-discovery-controller",
];

/// Checks that only `/readyz` has.
const OF_READYZ: &[&str] = &["etcd-readiness", "informer-sync", "shutdown"];

fn checks(endpoint: &str) -> impl Iterator<Item = &'static str> {
    let more = if endpoint == "readyz" { OF_READYZ } else { &[] };
    CHECKS.iter().chain(more).copied()
}

/// The answer of an endpoint, or of one of its checks if `check` is not empty.
pub(super) fn answer(endpoint: &str, check: &str, query: &str) -> Document {
    if !check.is_empty() {
        let known = checks(endpoint).any(|name| name == check);
        return if known { Document::text(200, "ok") } else { Document::not_found() };
    }
    let pairs = || query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    if !pairs().any(|(key, _)| key == "verbose") {
        return Document::text(200, "ok");
    }
    let excluded = pairs().filter(|(key, _)| *key == "exclude").map(|(_, name)| name);
    Document::text(200, &verbose(endpoint, excluded.collect()))
}

fn verbose(endpoint: &str, mut excluded: Vec<&str>) -> String {
    excluded.sort_unstable();
    excluded.dedup();
    let mut text = String::new();
    for check in checks(endpoint) {
        let how = if excluded.contains(&check) { "excluded: ok" } else { "ok" };
        let _ = writeln!(text, "[+]{check} {how}");
    }
    excluded.retain(|name| checks(endpoint).all(|check| check != *name));
    if !excluded.is_empty() {
        let names: Vec<String> = excluded.into_iter().map(quote).collect();
        let _ = writeln!(
            text,
            "warn: some health checks cannot be excluded: no matches for {}",
            names.join(",")
        );
    }
    let _ = writeln!(text, "{endpoint} check passed");
    text
}

/// The paths of all checks.
pub(super) fn paths() -> Vec<String> {
    let mut paths = Vec::new();
    for endpoint in ["healthz", "livez", "readyz"] {
        paths.push(format!("/{endpoint}"));
        paths.extend(checks(endpoint).map(|check| format!("/{endpoint}/{check}")));
    }
    paths
}
