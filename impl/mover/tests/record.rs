//! A mover on an API server that knows records and nothing else: it founds, starts, and refuses.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use fulcrum_model::protocol::{Lineage, Notice, Place, Request as Asked, Standing};
use fulcrum_mover::record::PivotRecordSpec;
use fulcrum_mover::{Clock, ClusterName, Handle, NoWitness, Pace, Settings, found, mover};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

const RECORD: &str = "/apis/pivot.fulcrum.dev/v1alpha1/namespaces/fulcrum/pivotrecords/n.c";

struct Midnight;

impl Clock for Midnight {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }
}

/// Objects by path, each with the version that the last write gave it.
#[derive(Clone, Default)]
struct Server {
    objects: Arc<Mutex<BTreeMap<String, Value>>>,
    version: Arc<Mutex<u64>>,
}

impl Server {
    fn client(&self) -> Client {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let server = server.clone();
            async move {
                let (parts, body) = request.into_parts();
                let body = body.collect().await.expect("a body in memory").to_bytes();
                let body: Value = serde_json::from_slice(&body).unwrap_or_default();
                let (code, answer) = server.answer(&parts.method, parts.uri.path(), body);
                let text = serde_json::to_vec(&answer).expect("JSON");
                let answer = Response::builder().status(code).body(Full::new(Bytes::from(text)));
                Ok::<_, Infallible>(answer.expect("a response"))
            }
        });
        Client::new(service, "default")
    }

    fn answer(&self, method: &Method, path: &str, mut body: Value) -> (u16, Value) {
        let mut objects = self.objects.lock().expect("no test panics with it");
        let refused = |code: u16| (code, json!({"kind": "Status", "code": code}));
        let version_of = |object: &Value| object["metadata"]["resourceVersion"].clone();
        let path = match body["metadata"]["name"].as_str() {
            Some(name) if *method == Method::POST => format!("{path}/{name}"),
            _ => path.to_owned(),
        };
        let live = objects.get(&path).cloned();
        match (method.as_str(), live) {
            ("GET", Some(live)) => return (200, live),
            ("GET", None) if !path.contains("pivotrecords") => return (200, json!({"items": []})),
            ("POST", Some(_)) => return refused(409),
            ("PUT", Some(live)) if version_of(&live) != version_of(&body) => return refused(409),
            ("POST", None) | ("PUT", Some(_)) => {}
            _ => return refused(404),
        }
        let mut version = self.version.lock().expect("no test panics with it");
        *version += 1;
        body["metadata"]["resourceVersion"] = json!(version.to_string());
        objects.insert(path, body.clone());
        (200, body)
    }

    fn stored(&self) -> PivotRecordSpec {
        let objects = self.objects.lock().expect("no test panics with it");
        serde_json::from_value(objects[RECORD]["spec"].clone()).expect("a record")
    }
}

fn settings() -> Settings {
    Settings {
        place: Place::Parent,
        cluster: ClusterName { namespace: "n".to_owned(), name: "c".to_owned() },
        record_namespace: "fulcrum".to_owned(),
        pace: Pace {
            deadline: Duration::from_secs(30),
            quiet: Duration::from_secs(20),
            backoff: Duration::from_secs(1),
            resend: Duration::from_secs(5),
            budget: Duration::from_secs(60),
            poll: Duration::from_secs(1),
        },
    }
}

async fn beside<F: Future<Output = ()>>(server: &Server, scenario: impl FnOnce(Handle) -> F) {
    let (witness, clock) = (Arc::new(NoWitness), Arc::new(Midnight));
    let (mover, handle) = mover(server.client(), settings(), witness, clock);
    tokio::select! {
        ended = mover.run() => panic!("{ended:?}"),
        () = scenario(handle) => {}
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_is_founded_once() {
    let server = Server::default();
    let client = server.client();
    assert!(found(client.clone(), &settings(), Lineage(7)).await.expect("the server answers"));
    assert!(!found(client, &settings(), Lineage(8)).await.expect("the server answers"));
    assert_eq!(server.stored().record().expect("a record").lineage, Lineage(7));
}

#[tokio::test(start_paused = true)]
async fn an_owner_starts_with_a_guarded_write_and_opens_the_gate() {
    let server = Server::default();
    found(server.client(), &settings(), Lineage(7)).await.expect("the server answers");
    for starts in 1..=2 {
        beside(&server, |handle| async move {
            let mut seen = handle.watch();
            let report = seen.wait_for(|report| report.describe == "Owner, at rest").await;
            let report = report.expect("the mover runs").clone();
            assert!(report.gate_open && report.standing == Standing::Owner, "{report:?}");
        })
        .await;
        assert_eq!(server.stored().record().expect("a record").starts, starts);
    }
}

#[tokio::test(start_paused = true)]
async fn a_move_of_nothing_is_refused() {
    let server = Server::default();
    found(server.client(), &settings(), Lineage(7)).await.expect("the server answers");
    beside(&server, |handle| async move {
        handle.request(Asked::Move(1)).await;
        let mut seen = handle.watch();
        let report = seen.wait_for(|report| !report.notices.is_empty()).await;
        let notice = report.expect("the mover runs").notices[0].notice.clone();
        assert_eq!(notice, Notice::PreflightRefused);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn without_record_and_objects_nothing_is_known() {
    let server = Server::default();
    beside(&server, |handle| async move {
        let begin = tokio::time::Instant::now();
        let mut seen = handle.watch();
        seen.wait_for(|report| report.started).await.expect("the mover runs");
        assert!(begin.elapsed() >= settings().pace.deadline, "an earlier write may still land");
        seen.wait_for(|report| report.gate_open).await.expect("the mover runs");
        assert_eq!((handle.claim(), handle.standing()), (None, Standing::Unknown));
    })
    .await;
}
