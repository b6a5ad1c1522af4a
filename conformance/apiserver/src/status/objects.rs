//! Failures that are about an object: missing, there already, changed, forbidden.

use super::{Cause, Details, FieldError, GroupKind, GroupResource, Status, quote};

impl Status {
    /// 404: there is no such object.
    #[must_use]
    pub fn not_found(r: &GroupResource, name: &str) -> Self {
        let message = format!("{r} {} not found", quote(name));
        Self::new(404, "NotFound", message).about(Details::of(r, name))
    }

    /// 409: the name is taken; `deleting` when the one that has it is being deleted.
    #[must_use]
    pub fn already_exists(r: &GroupResource, name: &str, deleting: bool) -> Self {
        let before = if deleting { "object is being deleted: " } else { "" };
        let message = format!("{before}{r} {} already exists", quote(name));
        Self::new(409, "AlreadyExists", message).about(Details::of(r, name))
    }

    /// 409: the operation cannot be fulfilled, and `why`.
    #[must_use]
    pub fn conflict(r: &GroupResource, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {r} {}: {why}", quote(name));
        Self::new(409, "Conflict", message).about(Details::of(r, name))
    }

    /// 409: the resourceVersion sent is not the one stored.
    #[must_use]
    pub fn conflict_stale(r: &GroupResource, name: &str) -> Self {
        Self::conflict(
            r,
            name,
            "the object has been modified; please apply your changes to the latest version \
             and try again",
        )
    }

    /// 409: a DELETE asked for another uid.
    #[must_use]
    pub fn conflict_uid(gk: &GroupKind, name: &str, want: &str, have: &str) -> Self {
        let why = format!(
            "the UID in the precondition ({want}) does not match the UID in record ({have}). \
             The object might have been deleted and then recreated"
        );
        precondition(gk, name, &why)
    }

    /// 409: a DELETE asked for another resourceVersion.
    #[must_use]
    pub fn conflict_version(gk: &GroupKind, name: &str, want: &str, have: &str) -> Self {
        let why = format!(
            "the ResourceVersion in the precondition ({want}) does not match the \
             ResourceVersion in record ({have}). The object might have been modified"
        );
        precondition(gk, name, &why)
    }

    /// 409: a server-side apply meets fields of other managers. The message is written by the
    /// field manager, since it groups the causes.
    #[must_use]
    pub fn apply_conflict(message: impl Into<String>, causes: Vec<Cause>) -> Self {
        Self::new(409, "Conflict", message).about(Details { causes, ..Details::default() })
    }

    /// 422: an update without resourceVersion of a kind that wants one.
    #[must_use]
    pub fn must_have_version(r: &GroupResource, name: &str) -> Self {
        let error = FieldError::invalid_printed(
            "metadata.resourceVersion",
            "0",
            "must be specified for an update",
        );
        Self::invalid(&GroupKind::new(&r.group, &r.resource), name, vec![error])
    }

    /// 403: `why`; the name may be empty (list, create by an unknown name).
    #[must_use]
    pub fn forbidden(r: &GroupResource, name: &str, why: &str, causes: Vec<Cause>) -> Self {
        let mut details = Details::of(r, name);
        details.causes = causes;
        let message = match (name, r.resource.as_str()) {
            (_, "") => format!("forbidden: {why}"),
            ("", _) => format!("{r} is forbidden: {why}"),
            _ => format!("{r} {} is forbidden: {why}", quote(name)),
        };
        Self::new(403, "Forbidden", message).about(details)
    }

    /// 403: a create in a namespace that is on its way out.
    #[must_use]
    pub fn namespace_terminating(r: &GroupResource, name: &str, namespace: &str) -> Self {
        let cause = Cause {
            reason: "NamespaceTerminating".to_owned(),
            message: format!("namespace {namespace} is being terminated"),
            field: "metadata.namespace".to_owned(),
        };
        let why = format!(
            "unable to create new content in namespace {namespace} because it is being \
             terminated"
        );
        Self::forbidden(r, name, &why, vec![cause])
    }

    /// 405: the resource (or its subresource) knows no such verb (`create`, `delete`).
    #[must_use]
    pub fn not_supported(r: &GroupResource, verb: &str) -> Self {
        let message =
            format!("{verb} is not supported on resources of kind {}", quote(&r.to_string()));
        Self::new(405, "MethodNotAllowed", message).about(Details::of(r, ""))
    }
}

fn precondition(gk: &GroupKind, name: &str, why: &str) -> Status {
    let message = format!("Operation cannot be fulfilled on {gk} {}: {why}", quote(name));
    Status::new(409, "Conflict", message).about(Details::of_kind(gk, name))
}
