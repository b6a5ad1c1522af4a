//! One connection: requests are read whole, answers and watches are streamed.

use std::pin::pin;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

use crate::http::Body;
use crate::http::answer::full;
use crate::inject::Broken;
use crate::server::ApiServer;
use crate::status::Status;

/// Longest body that is read, in bytes. The server refuses shorter ones, in better words.
const LONGEST_BODY: usize = 16 << 20;
/// Watches and requests at once on a connection, as the real server has it.
const MOST_STREAMS: u32 = 250;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Answers what comes until the client goes, or until `closing` and the end of what is under way.
pub(super) async fn serve(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    server: ApiServer,
    mut closing: watch::Receiver<bool>,
) {
    let service = service_fn(move |request| answer(server.clone(), request));
    let mut builder = Builder::new(TokioExecutor::new());
    // No timer is set: clients keep connections that are idle.
    builder.http2().max_concurrent_streams(MOST_STREAMS);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let told = async { closing.wait_for(|closing| *closing).await.is_ok() };
    tokio::select! {
        biased;
        // A connection that breaks is the business of the client.
        _ended = &mut connection => return,
        _told = told => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ended = connection.await.is_ok();
}

async fn answer(server: ApiServer, request: Request<Incoming>) -> Result<Response<Body>, BoxError> {
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, LONGEST_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return Ok(json_answer(413, &Status::too_large().to_value()));
        }
        Err(error) => return Err(error),
    };
    if let Some(answer) = etcd(&server, &parts, &body) {
        return Ok(json_answer(200, &answer));
    }
    let response = server.handle(Request::from_parts(parts, body)).await;
    match Broken::of(&response) {
        // hyper then ends the connection, or the stream in HTTP/2, without an answer.
        Some(broken) => Err(broken.into()),
        None => Ok(response),
    }
}

/// The two requests of etcd's gateway that make a compaction, for whoever compacts a real server
/// in the same way. They need no credentials, as etcd's do not.
fn etcd(server: &ApiServer, parts: &Parts, body: &Bytes) -> Option<Value> {
    if parts.method != Method::POST {
        return None;
    }
    let store = server.store();
    let header = || json!({"revision": store.revision().to_string()});
    match parts.uri.path() {
        "/v3/kv/range" => Some(json!({"header": header(), "count": "0"})),
        "/v3/kv/compaction" => {
            let asked = serde_json::from_slice::<Value>(body).unwrap_or_default();
            match revision(&asked["revision"]) {
                Some(revision) => store.compact(revision),
                None => server.compact(),
            }
            Some(json!({"header": header()}))
        }
        _ => None,
    }
}

/// A number, or its text: JSON of protobuf writes 64 bits as text.
fn revision(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn json_answer(code: u16, body: &Value) -> Response<Body> {
    let answer = Response::builder().status(code).header("content-type", "application/json");
    answer.body(full(body.to_string())).expect("code and header are well formed")
}
