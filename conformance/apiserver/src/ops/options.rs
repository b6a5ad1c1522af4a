//! The options of a write, out of the query.

use serde_json::json;

use crate::http::request::Request;
use crate::meta;
use crate::status::{FieldError, GroupKind, Status};

/// What to do about fields that nobody knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum FieldValidation {
    Ignore,
    #[default]
    Warn,
    Strict,
}

/// The options of a write.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    /// Nothing is to be stored.
    pub(crate) dry_run: bool,
    /// The field manager.
    pub(crate) manager: String,
    pub(crate) validation: FieldValidation,
    /// Fields of others are taken over.
    pub(crate) force: bool,
}

impl Options {
    /// Reads the options of a POST, PUT or PATCH; `apply`: a server-side apply.
    ///
    /// # Errors
    /// 422 of `CreateOptions`, `UpdateOptions` or `PatchOptions`.
    pub(crate) fn of(request: &Request, verb: &str, apply: bool) -> Result<Self, Status> {
        let kind = match verb {
            "create" => "CreateOptions",
            "update" => "UpdateOptions",
            _ => "PatchOptions",
        };
        let query = &request.query;
        let mut errors = Vec::new();
        let force = query.get("force").map(|_| query.flag("force"));
        if verb == "patch" && !apply && force.is_some() {
            let why = "may not be specified for non-apply patch";
            errors.push(FieldError::forbidden("force", why));
        }
        let manager = query.get("fieldManager").unwrap_or_default();
        if verb == "patch" && apply && manager.is_empty() {
            errors.push(FieldError::required("fieldManager", "is required for apply patch"));
        }
        errors.extend(meta::validate_field_manager(manager, "fieldManager"));
        let dry_run = query.all("dryRun");
        errors.extend(dry_run_errors(&dry_run));
        let validation = match query.get("fieldValidation").unwrap_or_default() {
            "" | "Warn" => FieldValidation::Warn,
            "Ignore" => FieldValidation::Ignore,
            "Strict" => FieldValidation::Strict,
            other => {
                let known = ["", "Ignore", "Strict", "Warn"];
                errors.push(FieldError::not_supported("fieldValidation", &json!(other), known));
                FieldValidation::Warn
            }
        };
        refuse(kind, errors)?;
        Ok(Self {
            dry_run: !dry_run.is_empty(),
            manager: named(manager, request),
            validation,
            force: force.unwrap_or_default(),
        })
    }
}

/// What is wrong with `dryRun`.
pub(crate) fn dry_run_errors(values: &[&str]) -> Option<FieldError> {
    if values.iter().all(|value| *value == "All") {
        return None;
    }
    Some(FieldError::not_supported("dryRun", &json!(values), ["All"]))
}

/// 422 of a kind of options, if there are errors.
pub(crate) fn refuse(kind: &str, errors: Vec<FieldError>) -> Result<(), Status> {
    if errors.is_empty() {
        return Ok(());
    }
    Err(Status::invalid(&GroupKind::new("meta.k8s.io", kind), "", errors))
}

/// The manager given, or the first word of the user agent, or `unknown`.
fn named(manager: &str, request: &Request) -> String {
    if !manager.is_empty() {
        return manager.to_owned();
    }
    let printable: String = request.agent().chars().filter(|c| !c.is_control()).collect();
    let mut cut = 0;
    for (at, letter) in printable.char_indices() {
        if at + letter.len_utf8() > 128 {
            break;
        }
        cut = at + letter.len_utf8();
    }
    match &printable[..cut] {
        "" => "unknown".to_owned(),
        agent => agent.to_owned(),
    }
}
