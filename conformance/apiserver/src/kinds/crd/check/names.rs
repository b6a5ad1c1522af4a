//! The names of a definition, wanted or accepted.

use serde_json::Value;

use crate::kinds::crd::{list, text};
use crate::meta::names::label_1035;
use crate::status::FieldError;

/// Adds what is wrong with the names at `path`.
pub(super) fn check(names: &Value, path: &str, errors: &mut Vec<FieldError>) {
    for key in ["plural", "singular"] {
        label(text(names, key), &format!("{path}.{key}"), errors);
    }
    for key in ["kind", "listKind"] {
        let name = text(names, key);
        let texts = label_1035(&name.to_lowercase());
        if !name.is_empty() && !texts.is_empty() {
            let detail =
                format!("may have mixed case, but should otherwise match: {}", texts.join(","));
            errors.push(FieldError::invalid(format!("{path}.{key}"), name, detail));
        }
    }
    each(names, "shortNames", path, errors);
    let kind = text(names, "kind");
    if !kind.is_empty() && kind == text(names, "listKind") {
        let detail = "kind and listKind may not be the same";
        errors.push(FieldError::invalid(format!("{path}.listKind"), kind, detail));
    }
    each(names, "categories", path, errors);
}

fn each(names: &Value, key: &str, path: &str, errors: &mut Vec<FieldError>) {
    for (i, name) in list(names, key).iter().enumerate() {
        let name = name.as_str().unwrap_or_default();
        let field = format!("{path}.{key}[{i}]");
        if name.is_empty() {
            errors.push(FieldError::invalid(field, name, label_1035(name).join(",")));
        } else {
            label(name, &field, errors);
        }
    }
}

/// A DNS-1035 label, or nothing.
fn label(name: &str, field: &str, errors: &mut Vec<FieldError>) {
    let texts = label_1035(name);
    if !name.is_empty() && !texts.is_empty() {
        errors.push(FieldError::invalid(field, name, texts.join(",")));
    }
}
