//! Failures that are about a request: its form, size, media type, sender, resourceVersion.

use super::{Cause, Details, GroupResource, Status};

/// The plain-text body of a 404 for a path outside every API.
pub const PAGE_NOT_FOUND: &str = "404 page not found\n";

/// The forms that this server can answer in.
const FORMS: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

impl Status {
    /// 400: the request cannot be understood.
    #[must_use]
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 401: nobody knows the sender.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// 403: the user may not use this path outside the resources.
    #[must_use]
    pub fn forbidden_path(why: &str) -> Self {
        Self::forbidden(&GroupResource::default(), "", why, Vec::new())
    }

    /// 404: a path of the API with nothing behind it. (Outside every API the answer is the text
    /// [`PAGE_NOT_FOUND`].)
    #[must_use]
    pub fn page_not_found() -> Self {
        let message = "the server could not find the requested resource";
        Self::new(404, "NotFound", message).about(Details::default())
    }

    /// 405: the path is known, the method is not.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::new(405, "MethodNotAllowed", message).about(Details::default())
    }

    /// 406: none of the forms in `accept` can be given.
    #[must_use]
    pub fn not_acceptable() -> Self {
        let message = format!("406: Not Acceptable\n\nAvailable representations: {FORMS}");
        Self::new(406, "NotAcceptable", message).about(Details::default())
    }

    /// 406: `accept` asks for an object in a shape (`as=`) that is not known.
    #[must_use]
    pub fn not_acceptable_shape() -> Self {
        let message = format!("only the following media types are accepted: {FORMS}");
        Self::new(406, "NotAcceptable", message)
    }

    /// 415: the body of a POST or PUT has a content type that cannot be read.
    #[must_use]
    pub fn unsupported_media() -> Self {
        Self::unsupported_media_but(FORMS)
    }

    /// 415: the body has a content type other than `accepted` (a list with commas).
    #[must_use]
    pub fn unsupported_media_but(accepted: &str) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: \
             {accepted}"
        );
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// 415: a PATCH of a custom resource with another content type.
    #[must_use]
    pub fn unsupported_patch_custom() -> Self {
        Self::unsupported_media_but(
            "application/json-patch+json, application/merge-patch+json, \
             application/apply-patch+yaml",
        )
    }

    /// 415: a PATCH of a built-in kind with another content type.
    #[must_use]
    pub fn unsupported_patch_core() -> Self {
        let message = "415: Unsupported Media Type";
        Self::new(415, "UnsupportedMediaType", message).about(Details::default())
    }

    /// 413: the body is over the limit of 3 MiB.
    #[must_use]
    pub fn too_large() -> Self {
        let message = "Request entity too large: limit is 3145728";
        Self::new(413, "RequestEntityTooLarge", message)
    }

    /// 413: a JSON patch of too many operations.
    #[must_use]
    pub fn too_many_operations(count: usize) -> Self {
        let message = format!(
            "Request entity too large: The allowed maximum operations in a JSON patch is \
             10000, got {count}"
        );
        Self::new(413, "RequestEntityTooLarge", message)
    }

    /// 422: a JSON patch that does not apply.
    #[must_use]
    pub fn rejected() -> Self {
        let message = "the server rejected our request due to an error in our request";
        Self::new(422, "Invalid", message).about(Details::default())
    }

    /// 410: the resourceVersion or continue token is older than what is kept.
    #[must_use]
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// 504: the resourceVersion `want` has not been reached; the store is at `have`.
    #[must_use]
    pub fn future_version(have: u64, want: u64) -> Self {
        let message = format!("Timeout: Too large resource version: {want}, current: {have}");
        let cause = Cause {
            reason: "ResourceVersionTooLarge".to_owned(),
            message: "Too large resource version".to_owned(),
            field: String::new(),
        };
        let mut status = Self::new(504, "Timeout", message).about(Details {
            causes: vec![cause],
            retry_after: Some(1),
            ..Details::default()
        });
        status.retry_after = Some(1);
        status
    }

    /// 500 without a reason.
    #[must_use]
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(500, "", message)
    }
}
