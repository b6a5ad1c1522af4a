//! The approval that definitions in the groups of Kubernetes itself need.

use serde_json::Value;

use super::text;
use crate::status::quote;

/// The annotation that tells of the approval.
pub(crate) const ANNOTATION: &str = "api-approved.kubernetes.io";

/// What the annotation says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Approval {
    /// Neither a URL nor a confession.
    Invalid,
    /// A URL.
    Approved,
    /// The text begins with `unapproved`.
    Bypassed,
    /// Nothing.
    Missing,
}

/// Whether the group is one of Kubernetes itself.
pub(crate) fn is_protected(group: &str) -> bool {
    ["k8s.io", "kubernetes.io"].into_iter().any(|domain| {
        group.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

/// What a definition's annotation says, and the text that goes with it.
pub(crate) fn state(definition: &Value) -> (Approval, String) {
    let value = text(&definition["metadata"]["annotations"], ANNOTATION);
    let must = format!("protected groups must have approval annotation {}", quote(ANNOTATION));
    let see = "see https://github.com/kubernetes/enhancements/pull/1111";
    if value.is_empty() {
        (Approval::Missing, format!("{must}, {see}"))
    } else if value.starts_with("unapproved") {
        (Approval::Bypassed, format!("not approved: {}", quote(value)))
    } else if is_url(value) {
        (Approval::Approved, format!("approved in {value}"))
    } else {
        let either = "with either a URL or a reason starting with \"unapproved\"";
        (Approval::Invalid, format!("{must} {either}, {see}"))
    }
}

fn is_url(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once("://") else {
        return false;
    };
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(good)
        && !rest.is_empty()
        && !rest.starts_with('/')
        && !value.contains(' ')
}
