//! Requests per second: in the process, and over HTTP on one connection of 127.0.0.1.
#![allow(clippy::disallowed_methods, reason = "a benchmark measures")]
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::error::Error;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use fulcrum_apiserver::auth::Tokens;
use fulcrum_apiserver::entropy::Seeded;
use fulcrum_apiserver::listen::{self, Listener, RealClock};
use fulcrum_apiserver::{ApiServer, Options};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

/// How many objects are written, read and patched.
const OBJECTS: usize = 5_000;
/// How often they are all listed.
const LISTS: usize = 20;

type Failure = Box<dyn Error + Send + Sync>;

fn server() -> ApiServer {
    ApiServer::new(Options {
        clock: Arc::new(RealClock),
        entropy: Arc::new(Seeded::new(1)),
        tokens: Tokens::none_needed(),
    })
}

/// A way to the server.
trait Way {
    async fn send(&self, request: http::Request<Bytes>) -> Result<(u16, Bytes), Failure>;
}

impl Way for ApiServer {
    async fn send(&self, request: http::Request<Bytes>) -> Result<(u16, Bytes), Failure> {
        let answer = self.handle(request).await;
        Ok((answer.status().as_u16(), answer.into_body().collect().await?.to_bytes()))
    }
}

/// A client with the URL of the server.
struct Http(Client<hyper_util::client::legacy::connect::HttpConnector, Full<Bytes>>, String);

impl Way for Http {
    async fn send(&self, request: http::Request<Bytes>) -> Result<(u16, Bytes), Failure> {
        let (mut parts, body) = request.into_parts();
        parts.uri = format!("{}{}", self.1, parts.uri).parse()?;
        let answer = self.0.request(http::Request::from_parts(parts, Full::new(body))).await?;
        Ok((answer.status().as_u16(), answer.into_body().collect().await?.to_bytes()))
    }
}

fn request(method: &str, path: &str, body: &Value) -> Result<http::Request<Bytes>, http::Error> {
    let media_type =
        if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let request = http::Request::builder().method(method).uri(path);
    request.header("content-type", media_type).body(Bytes::from(body))
}

async fn measure(name: &str, way: &impl Way) -> Result<f64, Failure> {
    let path = "/api/v1/namespaces/default/configmaps";
    let mut total = 0.0;
    for (what, method, count) in [
        ("create", "POST", OBJECTS),
        ("get", "GET", OBJECTS),
        ("patch", "PATCH", OBJECTS),
        ("list", "LIST", LISTS),
    ] {
        let begun = Instant::now();
        for n in 0..count {
            let request = match method {
                "POST" => {
                    let data = json!({"a": "1", "b": "2", "c": "3"});
                    let object = json!({"metadata": {"name": format!("c{n}")}, "data": data});
                    request("POST", path, &object)?
                }
                "LIST" => request("GET", path, &Value::Null)?,
                "PATCH" => request("PATCH", &format!("{path}/c{n}"), &json!({"data": {"a": "9"}}))?,
                method => request(method, &format!("{path}/c{n}"), &Value::Null)?,
            };
            let (code, _) = way.send(request).await?;
            assert!(code < 300, "{what} is answered with {code}");
        }
        let seconds = begun.elapsed().as_secs_f64();
        println!("{name}: {what:6} {:8.0} requests/s", count as f64 / seconds);
        total += seconds;
    }
    Ok(total)
}

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let inside = measure("in process", &server()).await?;
        let server = server();
        let options = listen::Options { address: ([127, 0, 0, 1], 0).into(), identity: None };
        let listener = Listener::bind(options).await?;
        let url = format!("http://{}", listener.address());
        let client = Client::builder(TokioExecutor::new()).build_http();
        let serving = listener.serve(server, std::future::pending());
        let outside = async { measure("over HTTP ", &Http(client, url)).await };
        let outside = tokio::select! {
            () = pin!(serving) => return Err("the server ended".into()),
            outside = outside => outside?,
        };
        println!("over HTTP it takes {:.2} times as long", outside / inside);
        Ok(())
    })
}
