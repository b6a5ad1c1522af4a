//! GET of an object and of a list.

use serde_json::{Map, Value, json};

use super::Op;
use super::options::refuse;
use crate::http::answer::Answer;
use crate::selector::{Fields, Labels, Selectors};
use crate::status::{FieldError, Status, quote};
use crate::store::Query as PageQuery;

/// Why a list is not to be had now.
pub(crate) enum Delay {
    /// An answer.
    Refused(Status),
    /// The answer of a page whose token has expired, with a token to go on.
    Expired(Status, Option<String>),
    /// The answer after three seconds: nobody has seen this revision yet.
    Future(Status),
}

impl From<Status> for Delay {
    fn from(status: Status) -> Self {
        Self::Refused(status)
    }
}

/// Objects of a list, as stored.
pub(crate) struct Listed {
    pub(crate) items: Vec<Value>,
    pub(crate) version: u64,
    pub(crate) next: Option<String>,
    pub(crate) remaining: Option<u64>,
}

/// Which revision a read wants.
enum Wanted {
    /// The present, which is not older than any.
    Now,
    /// Anything will do, and pages are not made.
    Any,
    Exactly(u64),
}

/// Carries out a GET of one object.
///
/// # Errors
/// 404, or 400 for a version that is no number.
pub(crate) fn get(op: &Op<'_>) -> Result<Answer, Delay> {
    let wanted = op.request.query.get("resourceVersion").unwrap_or_default();
    if !wanted.is_empty() {
        let Ok(version) = wanted.parse::<u64>() else {
            return Err(not_a_version(wanted).into());
        };
        future(op, version)?;
    }
    let live = op.existing()?;
    if op.asked.subresource == "scale" {
        return Ok(Answer::object(200, super::scale::of(op, &live)));
    }
    Ok(Answer::object(200, live))
}

fn not_a_version(text: &str) -> Status {
    let text = quote(text);
    Status::internal(format!(
        "resourceVersion: Invalid value: {text}: strconv.ParseUint: parsing {text}: invalid syntax"
    ))
}

fn future(op: &Op<'_>, version: u64) -> Result<(), Delay> {
    let current = op.server.store.revision();
    if version > current {
        return Err(Delay::Future(Status::future_version(current, version)));
    }
    Ok(())
}

/// The selectors of a request.
///
/// # Errors
/// 400 if one is malformed or names a field that cannot be selected.
pub(crate) fn selectors(op: &Op<'_>) -> Result<Selectors, Status> {
    let query = &op.request.query;
    let labels = Labels::parse(query.get("labelSelector").unwrap_or_default())?;
    let fields = Fields::parse(query.get("fieldSelector").unwrap_or_default())?;
    let selectable: Vec<&str> = op.resource.selectable.iter().map(String::as_str).collect();
    fields.check(&selectable)?;
    Ok(Selectors { labels, fields })
}

/// A number of the query.
///
/// # Errors
/// 400 if it is none.
pub(crate) fn number(op: &Op<'_>, key: &str) -> Result<Option<i64>, Status> {
    let Some(text) = op.request.query.get(key).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let refuse = |_| {
        let text = quote(text);
        Status::bad_request(format!("strconv.ParseInt: parsing {text}: invalid syntax"))
    };
    text.parse().map(Some).map_err(refuse)
}

/// What the rules of `resourceVersionMatch` forbid.
///
/// # Errors
/// 422 of `ListOptions`.
pub(crate) fn check_match(op: &Op<'_>, watches: bool) -> Result<(), Status> {
    let query = &op.request.query;
    let version = query.get("resourceVersion").unwrap_or_default();
    let rule = query.get("resourceVersionMatch").unwrap_or_default();
    let continues = query.get("continue").is_some_and(|token| !token.is_empty());
    let field = "resourceVersionMatch";
    let mut errors = Vec::new();
    let implied = watches && version.is_empty() && rule.is_empty();
    if rule.is_empty() && !implied {
        return Ok(());
    }
    let streams = watches && (implied || query.flag("sendInitialEvents"));
    if version.is_empty() && !streams {
        let why = "resourceVersionMatch is forbidden unless resourceVersion is provided";
        errors.push(FieldError::forbidden(field, why));
    }
    if continues {
        let why = "resourceVersionMatch is forbidden when continue is provided";
        errors.push(FieldError::forbidden(field, why));
    }
    if !rule.is_empty() && !["Exact", "NotOlderThan"].contains(&rule) {
        let known = ["Exact", "NotOlderThan", ""];
        errors.push(FieldError::not_supported(field, &json!(rule), known));
    }
    if rule == "Exact" && version == "0" {
        let why = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
        errors.push(FieldError::forbidden(field, why));
    }
    refuse("ListOptions", errors)
}

fn wanted(op: &Op<'_>, limit: usize, continues: bool) -> Result<Wanted, Delay> {
    let query = &op.request.query;
    let text = query.get("resourceVersion").unwrap_or_default();
    if text.is_empty() || continues {
        return Ok(Wanted::Now);
    }
    let Ok(version) = text.parse::<u64>() else {
        let text = quote(text);
        return Err(Status::bad_request(format!(
            "invalid resource version: resourceVersion: Invalid value: {text}: \
             strconv.ParseUint: parsing {text}: invalid syntax"
        ))
        .into());
    };
    future(op, version)?;
    let rule = query.get("resourceVersionMatch").unwrap_or_default();
    Ok(match (version, rule) {
        (0, _) => Wanted::Any,
        (version, "Exact") => Wanted::Exactly(version),
        (version, "") if limit > 0 => Wanted::Exactly(version),
        _ => Wanted::Now,
    })
}

/// Carries out a GET of a list.
///
/// # Errors
/// As the API refuses.
pub(crate) fn list(op: &Op<'_>) -> Result<Answer, Delay> {
    check_match(op, false)?;
    let limit = number(op, "limit")?.unwrap_or_default().max(0);
    let limit = usize::try_from(limit).unwrap_or_default();
    let token = op.request.query.get("continue").filter(|token| !token.is_empty());
    let selectors = selectors(op)?;
    let wanted = wanted(op, limit, token.is_some())?;
    let keep = |object: &Value| selectors.matches(&op.show(object.clone()));
    let namespace = namespace(op);
    let resource = op.resource.stored_as();
    op.server.store.serve(&resource);
    let page = op.server.store.page(
        &resource,
        &PageQuery {
            namespace: namespace.as_deref(),
            limit: if matches!(wanted, Wanted::Any) { 0 } else { limit },
            token,
            at: if let Wanted::Exactly(version) = wanted { Some(version) } else { None },
            keep: (!selectors.is_empty()).then_some(&keep),
        },
    );
    let page = page.map_err(|error| Delay::Expired(error.status, error.resume))?;
    let listed = Listed {
        items: page.items.iter().map(|object| Value::clone(object)).collect(),
        version: page.version,
        next: page.next,
        remaining: page.remaining,
    };
    Ok(Answer::object(200, list_of(op, listed)))
}

/// The namespace that a list is confined to.
pub(crate) fn namespace(op: &Op<'_>) -> Option<String> {
    let namespace = op.namespace();
    (!namespace.is_empty()).then(|| namespace.to_owned())
}

/// Everything that the selectors of a request match now.
///
/// # Errors
/// 400 if a selector is malformed.
pub(crate) fn matching(op: &Op<'_>) -> Result<Listed, Status> {
    let selectors = selectors(op)?;
    let namespace = namespace(op);
    let resource = op.resource.stored_as();
    let (objects, version) = op.server.store.list(&resource, namespace.as_deref(), None)?;
    let items = objects
        .iter()
        .map(|object| Value::clone(object))
        .filter(|object| selectors.matches(&op.show(object.clone())))
        .collect();
    Ok(Listed { items, version, next: None, remaining: None })
}

/// The list as the answer shows it.
pub(crate) fn list_of(op: &Op<'_>, listed: Listed) -> Value {
    let custom = op.is_custom();
    let show = |object: Value| {
        let mut object = op.show(object);
        if let (false, Value::Object(map)) = (custom, &mut object) {
            map.remove("kind");
            map.remove("apiVersion");
        }
        object
    };
    let mut metadata = Map::new();
    metadata.insert("resourceVersion".to_owned(), json!(listed.version.to_string()));
    if custom || listed.next.is_some() {
        metadata.insert("continue".to_owned(), json!(listed.next.unwrap_or_default()));
    }
    if let Some(remaining) = listed.remaining {
        metadata.insert("remainingItemCount".to_owned(), json!(remaining));
    }
    json!({
        "kind": op.resource.list_kind,
        "apiVersion": op.resource.api_version(),
        "metadata": metadata,
        "items": listed.items.into_iter().map(show).collect::<Vec<_>>(),
    })
}
