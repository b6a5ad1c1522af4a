//! Why a call came to nothing.

use serde_json::Value;
use thiserror::Error;

/// What became of a call that was not answered with success.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ApiError {
    /// 404: there is no such object, or no namespace for it.
    #[error("not found")]
    NotFound,
    /// 409: there is an object of this name.
    #[error("there is an object of this name")]
    AlreadyExists,
    /// 409: the object was changed meanwhile, or a precondition does not hold.
    #[error("the object was changed meanwhile")]
    Conflict,
    /// 422, with the text of the server.
    #[error("invalid: {0}")]
    Invalid(String),
    /// 403, with the text of the server.
    #[error("forbidden: {0}")]
    Forbidden(String),
    /// The server was not reached: nothing was carried out.
    #[error("the API server was not reached")]
    Unreachable,
    /// The answer did not come: the request may have been carried out, or will be.
    #[error("no answer came back")]
    Lost,
    /// Every other refusal: code and text.
    #[error("{0}: {1}")]
    Other(u16, String),
}

impl ApiError {
    /// Whether the request may have changed something after all.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        *self == Self::Lost
    }

    /// The error that an answer is.
    pub(super) fn of(code: u16, body: &[u8]) -> Self {
        let status: Value = serde_json::from_slice(body).unwrap_or_default();
        let message = match status["message"].as_str() {
            Some(message) => message.to_owned(),
            None => String::from_utf8_lossy(body).trim().to_owned(),
        };
        match (code, status["reason"].as_str().unwrap_or_default()) {
            (404, "NotFound") => Self::NotFound,
            (409, "AlreadyExists") => Self::AlreadyExists,
            (409, _) => Self::Conflict,
            (422, _) => Self::Invalid(message),
            (403, _) => Self::Forbidden(message),
            _ => Self::Other(code, message),
        }
    }
}
