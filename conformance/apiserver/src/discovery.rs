//! What the server says about itself: groups, versions, resources, schemas, health.
//!
//! [`document`] finds the document of a path. The lists of resources are in `legacy` (a document
//! for each version) and `aggregated` (one document for all), both made of what `groups` finds in
//! the registry; `openapi` has the schemas, `health` the checks.
//!
//! **Invariant:** a document is a function of the registry and the request; nothing is kept.

mod accept;
mod aggregated;
mod groups;
mod health;
mod legacy;
mod openapi;
#[cfg(test)]
mod tests;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use self::accept::Wanted;
use crate::registry::Registry;
use crate::status::{PAGE_NOT_FOUND, Status};

/// The version of Kubernetes that this server follows.
const GIT_VERSION: &str = "v1.34.4";

/// A document with its media type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The HTTP code.
    pub code: u16,
    /// The media type.
    pub content_type: &'static str,
    /// The bytes.
    pub body: Vec<u8>,
}

impl Document {
    fn json(value: &Value) -> Self {
        Self::bytes("application/json", value.to_string().into_bytes())
    }

    fn bytes(content_type: &'static str, body: Vec<u8>) -> Self {
        Self { code: 200, content_type, body }
    }

    fn text(code: u16, text: &str) -> Self {
        let body = text.as_bytes().to_vec();
        Self { code, content_type: "text/plain; charset=utf-8", body }
    }

    fn not_found() -> Self {
        Self::text(404, PAGE_NOT_FOUND)
    }
}

impl From<Status> for Document {
    fn from(status: Status) -> Self {
        Self { code: status.code, ..Self::json(&status.to_value()) }
    }
}

/// The document at `path`; `None` where no document can be. The query may follow the path after
/// a `?`: only the health checks read it. `accept` is empty without the header.
#[must_use]
pub fn document(
    registry: &Registry,
    method: &Method,
    path: &str,
    accept: &str,
) -> Option<Document> {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    if path == "/" {
        return Some(Document::json(&json!({"paths": paths(registry)})));
    }
    let inner = path.strip_prefix('/')?;
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    let parts: Vec<&str> = inner.split('/').collect();
    if parts.contains(&"") {
        return None;
    }
    match parts.as_slice() {
        [check @ ("healthz" | "livez" | "readyz"), rest @ ..] => {
            Some(health::answer(check, &rest.join("/"), query))
        }
        ["version"] => Some(plain(method, accept, version)),
        ["api"] => Some(root(
            method,
            accept,
            || legacy::core(registry),
            |version| aggregated::core(registry, version),
        )),
        ["apis"] => Some(root(
            method,
            accept,
            || legacy::groups(registry),
            |version| aggregated::groups(registry, version),
        )),
        ["api", version] => Some(resources(registry, method, accept, "", version)),
        ["apis", group] => Some(one_group(registry, method, accept, group)),
        ["apis", group, version] => Some(resources(registry, method, accept, group, version)),
        ["openapi", "v2"] => Some(openapi::v2(accept)),
        ["openapi", "v3"] => Some(openapi::index(registry)),
        ["openapi", "v3", "api", version] => Some(openapi::v3(registry, "", version)),
        ["openapi", "v3", "apis", group, version] => Some(openapi::v3(registry, group, version)),
        _ => None,
    }
}

/// base64 of the first 8 bytes of SHA-256 of `group/version/kind`: what discovery calls the
/// storage version hash.
#[must_use]
pub fn storage_version_hash(group: &str, version: &str, kind: &str) -> String {
    let digest = Sha256::digest(format!("{group}/{version}/{kind}"));
    STANDARD.encode(&digest[..8])
}

/// A document that can only be read, and only as JSON.
fn plain(method: &Method, accept: &str, make: impl FnOnce() -> Value) -> Document {
    if method != Method::GET {
        return Status::method_not_allowed().into();
    }
    match accept::json(accept) {
        true => Document::json(&make()),
        false => Status::not_acceptable().into(),
    }
}

/// `/api` or `/apis`, in the old form or as one document for all.
fn root(
    method: &Method,
    accept: &str,
    old: impl FnOnce() -> Value,
    new: impl FnOnce(&str) -> Value,
) -> Document {
    if method != Method::GET {
        return Status::method_not_allowed().into();
    }
    match accept::discovery(accept) {
        Some(Wanted::Plain) => Document::json(&old()),
        Some(Wanted::Aggregated(version)) => {
            let body = new(version.name()).to_string().into_bytes();
            Document::bytes(version.content_type(), body)
        }
        None => Status::not_acceptable().into(),
    }
}

fn one_group(registry: &Registry, method: &Method, accept: &str, name: &str) -> Document {
    match groups::find(registry, name) {
        Some(group) if group.custom => Document::json(&legacy::group(&group)),
        Some(group) => plain(method, accept, || legacy::group(&group)),
        None => Document::not_found(),
    }
}

fn resources(
    registry: &Registry,
    method: &Method,
    accept: &str,
    group: &str,
    version: &str,
) -> Document {
    let Some(found) = groups::find(registry, group) else {
        return Document::not_found();
    };
    match found.versions.iter().find(|v| v.name == version) {
        Some(version) if found.custom => Document::json(&legacy::resources(group, version)),
        Some(version) => plain(method, accept, || legacy::resources(group, version)),
        None if found.custom => Document::not_found(),
        None => Status::page_not_found().into(),
    }
}

fn version() -> Value {
    json!({
        "major": "1",
        "minor": "34",
        "emulationMajor": "1",
        "emulationMinor": "34",
        "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "33",
        "gitVersion": GIT_VERSION,
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "rustc",
        "platform": "linux/amd64",
    })
}

/// The paths that `/` lists, sorted.
fn paths(registry: &Registry) -> Vec<String> {
    let fixed = [
        "/.well-known/openid-configuration",
        "/api",
        "/apis",
        "/apis/",
        "/openapi/v2",
        "/openapi/v3",
        "/openapi/v3/",
        "/version",
    ];
    let mut paths = Vec::from(fixed.map(str::to_owned));
    for group in groups::all(registry) {
        if !group.name.is_empty() {
            paths.push(format!("/apis/{}", group.name));
        }
        paths.extend(group.versions.iter().map(|v| v.path(&group.name)));
    }
    paths.extend(health::paths());
    paths.sort();
    paths
}
