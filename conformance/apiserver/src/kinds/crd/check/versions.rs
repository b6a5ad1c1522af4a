//! The versions of a definition.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{paths, root};
use crate::kinds::crd::{list, text};
use crate::meta::names::label_1035;
use crate::status::FieldError;
use crate::status::field::escape_html;

/// Fields of a version that Kubernetes keeps once when they are the same in all versions, with
/// the names that they then have below `spec`.
const SHARED: [(&str, &str); 4] = [
    ("schema", "validation"),
    ("subresources", "subresources"),
    ("additionalPrinterColumns", "additionalPrinterColumns"),
    ("selectableFields", "selectableFields"),
];

/// Adds what is wrong with the versions. Schemas that `old` has as well are not judged again.
pub(super) fn check(spec: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let versions = list(spec, "versions");
    needs_schema(versions, old, errors);
    let mut seen = BTreeSet::new();
    let mut unique = true;
    for (i, version) in versions.iter().enumerate() {
        let name = text(version, "name");
        unique &= seen.insert(name);
        let texts = label_1035(name);
        if !texts.is_empty() {
            let field = format!("spec.versions[{i}].name");
            errors.push(FieldError::invalid(field, name, texts.join(",")));
        }
        deprecation(version, &format!("spec.versions[{i}].deprecationWarning"), errors);
    }
    if !unique {
        let detail = "must contain unique version names";
        errors.push(FieldError::invalid_printed("spec.versions", printed(spec), detail));
    }
    if versions.iter().filter(|version| version["storage"] == true).count() != 1 {
        let detail = "must have exactly one version marked as storage version";
        errors.push(FieldError::invalid_printed("spec.versions", printed(spec), detail));
    }
    for (path, at, _) in places(versions, "subresources") {
        paths::subresources(at, &path, errors);
    }
    for (path, at, _) in places(versions, "additionalPrinterColumns") {
        paths::columns(at, &path, errors);
    }
    for (path, at, version) in places(versions, "selectableFields") {
        paths::selectable(at, &version["schema"]["openAPIV3Schema"], &path, errors);
    }
    for (path, at, version) in places(versions, "schema") {
        let known = old.is_some_and(|old| {
            let mut before = list(old, "versions").iter();
            before.any(|one| one["schema"] == *at && has_status(one) == has_status(version))
        });
        let shared = path == "spec.validation";
        let status = if shared { versions.iter().any(has_status) } else { has_status(version) };
        if !known && at["openAPIV3Schema"].is_object() {
            root::check(&at["openAPIV3Schema"], &path, status, errors);
        }
    }
}

/// Every version needs a schema, unless the definition had one without before.
fn needs_schema(versions: &[Value], old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let lacks = |version: &Value| version["schema"]["openAPIV3Schema"].is_null();
    let lenient = old.is_some_and(|old| list(old, "versions").iter().any(lacks));
    for (i, version) in versions.iter().enumerate().filter(|(_, version)| lacks(version)) {
        let field = format!("spec.versions[{i}].schema.openAPIV3Schema");
        if !lenient {
            errors.push(FieldError::required(field, ""));
        } else if version["served"] == true {
            let detail = "because otherwise all fields are pruned";
            errors.push(FieldError::required(field, detail));
        }
    }
}

fn has_status(version: &Value) -> bool {
    version["subresources"]["status"].is_object()
}

/// Whether all versions say the same (which may be nothing).
fn is_shared(versions: &[Value], key: &str) -> bool {
    versions.windows(2).all(|pair| pair[0][key] == pair[1][key])
}

/// Where a field of the versions stands: its path, its value, and a version that has it.
fn places<'a>(versions: &'a [Value], key: &str) -> Vec<(String, &'a Value, &'a Value)> {
    let shared = is_shared(versions, key);
    let of_spec = SHARED.iter().find(|(own, _)| *own == key).map_or(key, |pair| pair.1);
    let taken = if shared { 1 } else { versions.len() };
    let each = versions.iter().take(taken).enumerate();
    each.filter(|(_, version)| !version[key].is_null())
        .map(|(i, version)| {
            let path = if shared {
                format!("spec.{of_spec}")
            } else {
                format!("spec.versions[{i}].{key}")
            };
            (path, &version[key], version)
        })
        .collect()
}

fn deprecation(version: &Value, field: &str, errors: &mut Vec<FieldError>) {
    let Some(warning) = version["deprecationWarning"].as_str() else {
        return;
    };
    let mut complain = |detail: String| errors.push(FieldError::invalid(field, warning, detail));
    if version["deprecated"] != true {
        complain("can only be set for deprecated versions".to_owned());
        return;
    }
    if warning.len() > 256 {
        complain("must be <= 256 characters long".to_owned());
    }
    if warning.is_empty() {
        complain("must not be an empty string".to_owned());
    }
    if let Some((at, _)) = warning.char_indices().find(|(_, c)| c.is_control()) {
        complain(format!(
            "must only contain printable UTF-8 characters; non-printable character found at \
             index {at}"
        ));
    }
}

/// The versions as Go prints them, without what they share.
fn printed(spec: &Value) -> String {
    let versions = list(spec, "versions");
    if versions.is_empty() {
        return spec["versions"].to_string();
    }
    let each: Vec<String> = versions.iter().map(|version| one(versions, version)).collect();
    format!("[{}]", each.join(","))
}

fn one(versions: &[Value], version: &Value) -> String {
    let json = |value: &Value| escape_html(&value.to_string());
    let own = |key: &str| if is_shared(versions, key) { &Value::Null } else { &version[key] };
    let schema = match &own("schema")["openAPIV3Schema"] {
        Value::Null => "null".to_owned(),
        schema => format!("{{\"OpenAPIV3Schema\":{}}}", json(schema)),
    };
    format!(
        "{{\"Name\":{},\"Served\":{},\"Storage\":{},\"Deprecated\":{},\
         \"DeprecationWarning\":{},\"Schema\":{schema},\"Subresources\":{},\
         \"AdditionalPrinterColumns\":{},\"SelectableFields\":{}}}",
        json(&version["name"]),
        version["served"] == true,
        version["storage"] == true,
        version["deprecated"] == true,
        json(&version["deprecationWarning"]),
        json(own("subresources")),
        json(own("additionalPrinterColumns")),
        json(own("selectableFields")),
    )
}
