//! What a call sends.

use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use serde_json::Value;

use super::ApiError;

/// Query parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Query(Vec<(&'static str, String)>);

impl Query {
    /// With one more, unless its value is empty.
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        if !value.is_empty() {
            self.0.push((name, escaped(value)));
        }
        self
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (at, (name, value)) in self.0.iter().enumerate() {
            text.push(if at == 0 { '?' } else { '&' });
            text.push_str(name);
            text.push('=');
            text.push_str(value);
        }
        text
    }
}

/// Percent-encodes all but the unreserved characters.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// A request, before it has an agent.
pub(super) struct Sent {
    method: Method,
    path: String,
    query: Query,
    body: Option<(&'static str, Bytes)>,
}

impl Sent {
    pub(super) fn new(method: Method, path: String) -> Self {
        Self { method, path, query: Query::default(), body: None }
    }

    pub(super) fn query(self, query: Query) -> Self {
        Self { query, ..self }
    }

    pub(super) fn json(self, media_type: &'static str, body: &Value) -> Self {
        Self { body: Some((media_type, Bytes::from(body.to_string()))), ..self }
    }

    /// As the server takes it.
    ///
    /// # Errors
    /// When a name or the agent cannot stand in a request.
    pub(super) fn request(self, agent: &str) -> Result<http::Request<Bytes>, ApiError> {
        let mut request = http::Request::builder()
            .method(self.method)
            .uri(format!("{}{}", self.path, self.query.text()))
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, agent);
        let mut bytes = Bytes::new();
        if let Some((media_type, body)) = self.body {
            request = request.header(CONTENT_TYPE, media_type);
            bytes = body;
        }
        request.body(bytes).map_err(|error| ApiError::Other(400, error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_escaped_and_leaves_out_what_is_empty() {
        let query = Query::default().with("labelSelector", "a.b/c=d,!e").with("force", "");
        assert_eq!(query.text(), "?labelSelector=a.b%2Fc%3Dd%2C%21e");
        assert_eq!(Query::default().text(), "");
    }
}
