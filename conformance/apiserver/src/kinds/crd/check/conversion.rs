//! The conversion of a definition.

use std::collections::BTreeSet;

use serde_json::Value;

use super::one_of;
use crate::kinds::crd::list;
use crate::meta::names::label_1035;
use crate::status::FieldError;

/// Adds what is wrong with the conversion.
pub(super) fn check(conversion: &Value, errors: &mut Vec<FieldError>) {
    let strategy = &conversion["strategy"];
    one_of("spec.conversion.strategy", strategy, ["None", "Webhook"], errors);
    let client = &conversion["webhook"]["clientConfig"];
    let (client_field, versions_field) =
        ("spec.conversion.webhookClientConfig", "spec.conversion.conversionReviewVersions");
    let versions = &conversion["webhook"]["conversionReviewVersions"];
    if strategy == "Webhook" {
        if client.is_null() {
            let detail = "required when strategy is set to Webhook";
            errors.push(FieldError::required(client_field, detail));
        } else if client["url"].is_null() == client["service"].is_null() {
            let detail = "exactly one of url or service is required";
            errors.push(FieldError::required(client_field, detail));
        }
        review_versions(conversion, versions_field, errors);
        return;
    }
    let detail = "should not be set when strategy is not set to Webhook";
    if !client.is_null() {
        errors.push(FieldError::forbidden(client_field, detail));
    }
    if versions.as_array().is_some_and(|versions| !versions.is_empty()) {
        errors.push(FieldError::forbidden(versions_field, detail));
    }
}

fn review_versions(conversion: &Value, field: &str, errors: &mut Vec<FieldError>) {
    let versions = list(&conversion["webhook"], "conversionReviewVersions");
    if versions.is_empty() {
        errors.push(FieldError::required(field, ""));
        return;
    }
    let mut seen = BTreeSet::new();
    for (i, version) in versions.iter().enumerate() {
        let name = version.as_str().unwrap_or_default();
        let at = format!("{field}[{i}]");
        if seen.insert(name) {
            let texts = label_1035(name).into_iter();
            errors.extend(texts.map(|text| FieldError::invalid(at.clone(), name, text)));
        } else {
            errors.push(FieldError::invalid(at, name, "duplicate version"));
        }
    }
    if !seen.contains("v1") && !seen.contains("v1beta1") {
        let detail = "must include at least one of v1, v1beta1";
        let value = &conversion["webhook"]["conversionReviewVersions"];
        errors.push(FieldError::invalid_value(field, value, detail));
    }
}
