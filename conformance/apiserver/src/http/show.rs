//! The media type of an answer.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WARNING};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use serde_json::{Value, json};

use super::answer::{Answer, Body, Content, Events, full};
use super::negotiate::{self, Shape};
use super::request::Request;
use super::serve::Served;
use crate::clock::Clock;
use crate::registry::Resource;
use crate::status::Status;
use crate::table::{self, Include};

/// The HTTP answer.
pub(crate) fn show(
    served: Served,
    request: &Request,
    clock: &Arc<dyn Clock>,
) -> http::Response<Body> {
    let Served { answer, accepted, resource, warnings, .. } = served;
    let include = include(request);
    let form = accepted.form;
    let failure = negotiate::status_form(request.header("accept"));
    let (answer, include) = match include {
        Err(status) if accepted.shape == Shape::Table => (Answer::from(status), Include::Metadata),
        Err(_) => (answer, Include::Metadata),
        Ok(include) => (answer, include),
    };
    let Answer { code, content, retry_after } = answer;
    let shaper = Shaper { resource, shape: accepted.shape, include, clock: Arc::clone(clock) };
    let (media_type, body) = match content {
        Content::Raw(media_type, bytes) => (media_type, full(bytes)),
        Content::Status(status) => {
            let form = if code < 400 { form } else { failure };
            let (media_type, bytes) = negotiate::write(form, &status);
            (media_type, full(bytes))
        }
        Content::Object(object) => {
            let (media_type, bytes) = negotiate::write(form, &shaper.shape(object, true));
            (media_type, full(bytes))
        }
        Content::Watch(events) => ("application/json", lines(events, shaper)),
    };
    let mut response = http::Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(code).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    for warning in warnings {
        let text = warning.replace('\\', "\\\\").replace('"', "\\\"");
        if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{text}\"")) {
            headers.append(WARNING, value);
        }
    }
    if let Some(seconds) = retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// What the rows of a table hold.
fn include(request: &Request) -> Result<Include, Status> {
    match request.query.get("includeObject").unwrap_or_default() {
        "" | "Metadata" => Ok(Include::Metadata),
        "Object" => Ok(Include::Object),
        "None" => Ok(Include::None),
        other => Err(Status::bad_request(format!(
            "Unable to convert to Table as requested: includeObject: Invalid value: {}: must be \
             'Metadata', 'Object', 'None', or empty",
            crate::status::quote(other)
        ))),
    }
}

/// Turns objects into what was asked for.
struct Shaper {
    resource: Option<Arc<Resource>>,
    shape: Shape,
    include: Include,
    clock: Arc<dyn Clock>,
}

impl Shaper {
    fn shape(&self, object: Value, with_columns: bool) -> Value {
        match (self.shape, &self.resource) {
            (Shape::Partial, _) => table::partial(&object),
            (Shape::Table, Some(resource)) => {
                table::table(resource, &object, self.include, self.clock.now(), with_columns)
            }
            _ => object,
        }
    }
}

/// The body of a watch: a line for each event.
fn lines(events: Events, shaper: Shaper) -> Body {
    let mut first = true;
    let frames = events.map(move |(event, object)| {
        let object = match event {
            "ERROR" => object,
            _ => shaper.shape(object, std::mem::take(&mut first)),
        };
        let mut line = json!({"type": event, "object": object}).to_string();
        line.push('\n');
        Ok(Frame::data(Bytes::from(line)))
    });
    StreamBody::new(frames).boxed_unsync()
}
