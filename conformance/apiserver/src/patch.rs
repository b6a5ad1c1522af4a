//! JSON Patch, merge patch and strategic merge patch, as the API server applies them to the live object.

pub mod json;
pub mod merge;
pub mod strategic;
#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::status::Status;

/// The kinds of patch. The first two are taken by every resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `application/json-patch+json`.
    Json,
    /// `application/merge-patch+json`.
    Merge,
    /// `application/strategic-merge-patch+json`, for built-in kinds.
    Strategic,
}

impl Kind {
    /// By media type; its parameters do not count.
    pub fn of(content_type: &str) -> Option<Self> {
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        match media_type {
            "application/json-patch+json" => Some(Self::Json),
            "application/merge-patch+json" => Some(Self::Merge),
            "application/strategic-merge-patch+json" => Some(Self::Strategic),
            _ => None,
        }
    }
}

/// The live object with the patch applied; nothing is checked or pruned here.
///
/// # Errors
/// 400 when the body is no such patch, 413 for more than 10000 operations, 422 when an operation
/// cannot be applied.
pub fn apply(kind: Kind, live: &Value, body: &[u8]) -> Result<Value, Status> {
    match kind {
        Kind::Json => {
            let patch = json::Patch::parse(body)?;
            patch.apply(live).map_err(|_| Status::rejected())
        }
        Kind::Merge => {
            let patch = merge::parse(body)?;
            let mut object = live.clone();
            merge::apply(&mut object, patch);
            Ok(object)
        }
        Kind::Strategic => strategic::apply(live, strategic::parse(body)?),
    }
}

/// The 400 of a body that is no patch.
fn undecodable(why: &str) -> Status {
    Status::bad_request(format!("error decoding patch: {why}"))
}

/// What is wrong with a JSON text, as the server's decoder words it.
fn parse_error(error: &serde_json::Error) -> String {
    if error.is_eof() { "unexpected end of JSON input".to_owned() } else { error.to_string() }
}
