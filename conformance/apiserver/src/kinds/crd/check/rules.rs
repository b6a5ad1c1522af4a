//! The rules in CEL of a schema: their form, and whether they compile.

mod undefined;

use serde_json::{Value, json};

use super::openapi::Place;
use super::paths::field_schema;
use crate::cel::Program;
use crate::kinds::crd::{list, text};
use crate::status::FieldError;
use crate::status::field::escape_html;

const KEY: &str = "x-kubernetes-validations";
const REASONS: [&str; 4] =
    ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

/// Adds what is wrong with the form of the rules of a schema.
pub(super) fn check(schema: &Value, here: &Place, errors: &mut Vec<FieldError>) {
    for (i, rule) in list(schema, KEY).iter().enumerate() {
        let at = |key: &str| format!("{}.{KEY}[{i}].{key}", here.path);
        texts(rule, at, errors);
        let reason = &rule["reason"];
        if !reason.is_null() && !REASONS.contains(&text(rule, "reason")) {
            errors.push(FieldError::not_supported(at("reason"), reason, REASONS));
        }
        let path = text(rule, "fieldPath");
        if path.is_empty() {
            continue;
        }
        let mut complain =
            |detail: &str| errors.push(FieldError::invalid(at("fieldPath"), path, detail));
        if path.trim().is_empty() {
            complain("must be non-empty if specified");
        }
        if has_newlines(path) {
            complain("must not contain line breaks");
        }
        // of paths with keys in brackets only the form is known here
        if !path.contains('[') && field_schema(schema, path).is_none() {
            complain("must be a valid path");
        }
    }
}

fn texts(rule: &Value, at: impl Fn(&str) -> String, errors: &mut Vec<FieldError>) {
    let (expression, message) = (text(rule, "rule").trim(), text(rule, "message"));
    if expression.is_empty() {
        errors.push(FieldError::required(at("rule"), "rule is not specified"));
    } else if !message.is_empty() && message.trim().is_empty() {
        let detail = "must be non-empty if specified";
        errors.push(FieldError::invalid(at("message"), message, detail));
    } else if has_newlines(message.trim()) {
        let detail = "must not contain line breaks";
        errors.push(FieldError::invalid(at("message"), message, detail));
    } else if has_newlines(expression) && message.trim().is_empty() {
        let detail = "message must be specified if rule contains line breaks";
        errors.push(FieldError::required(at("message"), detail));
    }
    let expression = text(rule, "messageExpression");
    if !expression.is_empty() && expression.trim().is_empty() {
        let detail = "messageExpression must be non-empty if specified";
        errors.push(FieldError::required(at("messageExpression"), detail));
    }
}

fn has_newlines(text: &str) -> bool {
    text.contains(['\n', '\r'])
}

/// Adds the rules of a schema that do not compile.
pub(super) fn compile(schema: &Value, here: &Place, errors: &mut Vec<FieldError>) {
    for (i, rule) in list(schema, KEY).iter().enumerate() {
        let at = |key: &str| format!("{}.{KEY}[{i}].{key}", here.path);
        let expression = text(rule, "rule");
        if let Some(why) = failure(expression, schema, here.root, "") {
            errors.push(FieldError::invalid_printed(at("rule"), printed(rule), why));
        }
        let message = text(rule, "messageExpression");
        if !message.trim().is_empty()
            && let Some(why) = failure(message, schema, here.root, "messageExpression ")
        {
            errors.push(FieldError::invalid_printed(at("messageExpression"), printed(rule), why));
        }
        if undefined::mentions(expression, "oldSelf") {
            if let Some(above) = &here.uncorrelatable {
                let detail = format!(
                    "oldSelf cannot be used on the uncorrelatable portion of the schema within \
                     {above}"
                );
                errors.push(FieldError::invalid(at("rule"), expression, detail));
            }
        } else if !rule["optionalOldSelf"].is_null() {
            let detail = "may not be set if oldSelf is not used in rule";
            let value = &rule["optionalOldSelf"];
            errors.push(FieldError::invalid_value(at("optionalOldSelf"), value, detail));
        }
    }
}

/// Why an expression does not compile.
fn failure(expression: &str, schema: &Value, root: bool, what: &str) -> Option<String> {
    let prefix = format!("{what}compilation failed: ");
    let unknown = undefined::fields(expression, schema, root);
    if !unknown.is_empty() {
        return Some(format!("{prefix}{}", unknown.join("\n")));
    }
    let message = Program::compile(expression).err()?.message;
    Some(match message.strip_prefix("compilation failed: ") {
        Some(rest) => format!("{prefix}{rest}"),
        None => format!("{prefix}{message}"),
    })
}

/// A rule as Go prints it.
fn printed(rule: &Value) -> String {
    let json = |value: &Value| escape_html(&value.to_string());
    let string = |key: &str| json(&json!(text(rule, key)));
    format!(
        "{{\"Rule\":{},\"Message\":{},\"MessageExpression\":{},\"Reason\":{},\"FieldPath\":{},\
         \"OptionalOldSelf\":{}}}",
        string("rule"),
        string("message"),
        string("messageExpression"),
        json(&rule["reason"]),
        string("fieldPath"),
        json(&rule["optionalOldSelf"]),
    )
}
