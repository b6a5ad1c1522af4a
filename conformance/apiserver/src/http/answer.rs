//! What an operation answers, before it has a media type.

use std::pin::Pin;

use bytes::Bytes;
use futures_core::Stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use serde_json::Value;

use crate::status::Status;
use crate::watch::Item;

/// The body of an answer; that of a watch goes on.
pub type Body = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// The events of a watch.
pub(crate) type Events = Pin<Box<dyn Stream<Item = Item> + Send>>;

/// What comes back.
pub(crate) enum Content {
    /// An object or a list.
    Object(Value),
    /// A status: never shown as a table.
    Status(Value),
    /// Bytes with a media type.
    Raw(&'static str, Vec<u8>),
    /// A watch.
    Watch(Events),
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) content: Content,
    pub(crate) retry_after: Option<u32>,
}

impl Answer {
    pub(crate) fn object(code: u16, object: Value) -> Self {
        Self { code, content: Content::Object(object), retry_after: None }
    }

    pub(crate) fn text(code: u16, text: &str) -> Self {
        let content = Content::Raw("text/plain; charset=utf-8", text.as_bytes().to_vec());
        Self { code, content, retry_after: None }
    }

    pub(crate) fn watch(events: Events) -> Self {
        Self { code: 200, content: Content::Watch(events), retry_after: None }
    }

    pub(crate) fn done(status: Value) -> Self {
        Self { code: 200, content: Content::Status(status), retry_after: None }
    }
}

impl From<Status> for Answer {
    fn from(status: Status) -> Self {
        Self {
            code: status.code,
            content: Content::Status(status.to_value()),
            retry_after: status.retry_after,
        }
    }
}

/// A body that is all there.
pub(crate) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}
