//! What can happen to a request, and how a broken connection is passed on.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, StreamBody};
use thiserror::Error;

use crate::status::{Cause, Details, GroupResource, Status};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It waits before it is carried out.
    Latency(Duration),
    /// The connection is refused: nothing is carried out.
    Unavailable,
    /// It is refused by the server: nothing is carried out.
    Refuse(Refusal),
    /// A list or watch from a resourceVersion is too old, whatever it is. Nothing to other verbs.
    Expired,
    /// It is carried out, and the connection breaks before the answer.
    AnswerLost,
}

impl Fault {
    /// Whether the fault can happen to this verb.
    pub(super) fn applies_to(&self, verb: &str) -> bool {
        !matches!(self, Self::Expired) || matches!(verb, "list" | "watch")
    }
}

/// How the server refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 409: the object was changed meanwhile.
    Conflict,
    /// 429: too many requests, with `retry-after` of one second.
    TooManyRequests,
    /// 500.
    Internal,
    /// 503: the server cannot serve now.
    Unavailable,
}

impl Refusal {
    /// The answer, for an object or (without a name) a resource.
    #[must_use]
    pub fn status(self, resource: &GroupResource, name: &str) -> Status {
        match self {
            Self::Conflict => Status::conflict_stale(resource, name),
            Self::TooManyRequests => too_many_requests(),
            Self::Internal => internal("injected"),
            Self::Unavailable => Status::new(
                503,
                "ServiceUnavailable",
                "the server is currently unable to handle the request",
            ),
        }
    }
}

fn too_many_requests() -> Status {
    let message = "Too many requests, please try again later.";
    let details = Details { retry_after: Some(1), ..Details::default() };
    let mut status = Status::new(429, "TooManyRequests", message).about(details);
    status.retry_after = Some(1);
    status
}

fn internal(why: &str) -> Status {
    let cause = Cause { message: why.to_owned(), ..Cause::default() };
    let details = Details { causes: vec![cause], ..Details::default() };
    Status::new(500, "InternalError", format!("Internal error occurred: {why}")).about(details)
}

/// A connection that broke: the answer of the server that is none.
///
/// The server hands it on as [`Broken::response`]; whoever carries answers to a client asks
/// [`Broken::of`] first, and breaks the connection or fails the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Broken {
    /// Before the request was carried out.
    #[error("connection refused")]
    Refused,
    /// After it was carried out, before the answer.
    #[error("connection reset by peer")]
    AnswerLost,
}

impl Broken {
    /// The stand-in for the answer. Its body fails too, for whoever does not ask.
    #[must_use]
    pub fn response(self) -> Response<UnsyncBoxBody<Bytes, BoxError>> {
        let end: Result<Frame<Bytes>, BoxError> = Err(Box::new(self));
        let body = StreamBody::new(futures_util::stream::iter([end])).boxed_unsync();
        let mut response = Response::new(body);
        response.extensions_mut().insert(self);
        response
    }

    /// The answer, or how the connection broke in its place.
    ///
    /// # Errors
    /// If the answer is such a stand-in.
    pub fn check<B>(response: Response<B>) -> Result<Response<B>, Self> {
        match Self::of(&response) {
            Some(broken) => Err(broken),
            None => Ok(response),
        }
    }

    /// Whether an answer is such a stand-in.
    #[must_use]
    pub fn of<B>(response: &Response<B>) -> Option<Self> {
        response.extensions().get::<Self>().copied()
    }
}
