//! Pages of a list: a snapshot at the first page's revision, and the token that goes on in it.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::history::State;
use crate::status::{GroupResource, Status};

const TOO_OLD: &str = "The provided continue parameter is too old to display a consistent list \
    result. You can start a new list without the continue parameter, or use the continue token in \
    this response to retrieve the remainder of the results. Continuing with the provided token \
    results in an inconsistent list - objects that were created, modified, or deleted between the \
    time the first chunk was returned and now may show up in the list.";

/// What a page is asked for with.
#[derive(Clone, Copy)]
pub struct Query<'a> {
    /// Only this namespace.
    pub namespace: Option<&'a str>,
    /// At most so many; 0: all.
    pub limit: usize,
    /// The token of the page before.
    pub token: Option<&'a str>,
    /// Exactly this revision.
    pub at: Option<u64>,
    /// The selectors; `None` when there are none, and only then is the rest counted.
    pub keep: Option<&'a dyn Fn(&Value) -> bool>,
}

/// A page.
#[derive(Debug)]
pub struct Page {
    /// In the order of the paths.
    pub items: Vec<Arc<Value>>,
    /// The revision of the list.
    pub version: u64,
    /// The token for the next page, when there is more.
    pub next: Option<String>,
    /// How many are left, when there is more and no selector.
    pub remaining: Option<u64>,
}

/// Why there is no page.
#[derive(Debug)]
pub struct PageError {
    /// The answer.
    pub status: Status,
    /// What the answer shows as `metadata.continue`: a token to go on without consistency.
    pub resume: Option<String>,
}

impl From<Status> for PageError {
    fn from(status: Status) -> Self {
        Self { status, resume: None }
    }
}

fn encode(version: i128, start: &str) -> String {
    let start = Value::from(start);
    URL_SAFE_NO_PAD.encode(format!(r#"{{"v":"meta.k8s.io/v1","rv":{version},"start":{start}}}"#))
}

fn invalid(why: &str) -> Status {
    Status::bad_request(format!("continue key is not valid: {why}"))
}

/// The revision (none: the present) and the path below the list's own to begin at.
fn decode(token: &str) -> Result<(Option<u64>, String), Status> {
    // Some clients pad.
    let bytes = URL_SAFE_NO_PAD
        .decode(token.trim_end_matches('='))
        .map_err(|error| invalid(&error.to_string()))?;
    let value: Value =
        serde_json::from_slice(&bytes).map_err(|error| invalid(&error.to_string()))?;
    if value["v"] != "meta.k8s.io/v1" {
        return Err(invalid("server does not recognize this encoded version"));
    }
    let start = value["start"].as_str().unwrap_or_default();
    let start = start.strip_prefix('/').unwrap_or(start);
    if start.is_empty() {
        return Err(invalid("continue key is empty"));
    }
    let version = value["rv"].as_i64().unwrap_or_default();
    if version == 0 {
        return Err(invalid("incorrect encoded start resourceVersion"));
    }
    Ok((u64::try_from(version).ok(), start.to_owned()))
}

/// One page of what the state holds.
pub(super) fn page(
    state: &State,
    resource: &GroupResource,
    query: &Query<'_>,
) -> Result<Page, PageError> {
    let (at, start) = match query.token {
        Some(token) => {
            let (at, start) = decode(token)?;
            if at.is_some_and(|version| state.is_gone(resource, version)) {
                return Err(PageError {
                    status: Status::expired(TOO_OLD),
                    resume: Some(encode(-1, &start)),
                });
            }
            (at, Some(start))
        }
        None => (query.at, None),
    };
    let version = state.readable(resource, at)?;
    Ok(cut(state, resource, query, version, start.as_deref()))
}

fn cut(
    state: &State,
    resource: &GroupResource,
    query: &Query<'_>,
    version: u64,
    start: Option<&str>,
) -> Page {
    // Tokens name the path below the list's own, which for a namespaced list has no namespace.
    let own = query.namespace.map_or(0, |namespace| namespace.len() + 1);
    let mut rest = state
        .view(resource, query.namespace, version)
        .filter(|(path, _)| start.is_none_or(|start| &path[own..] >= start));
    let mut page = Page { items: Vec::new(), version, next: None, remaining: None };
    while let Some((path, object)) = rest.next() {
        if query.keep.is_none_or(|keep| keep(&object)) {
            page.items.push(object);
        }
        if query.limit > 0 && page.items.len() >= query.limit {
            let left = rest.count() as u64;
            if left > 0 {
                page.next = Some(encode(i128::from(version), &format!("/{}\0", &path[own..])));
                page.remaining = query.keep.is_none().then_some(left);
            }
            break;
        }
    }
    page
}
