//! What both sides agree on, what overtakes what, and what a probe is told.

use std::time::Duration;

use fulcrum_proto::v1;
use fulcrum_session::health::{Readiness, answer};
use fulcrum_session::{DIGEST_FORM, Limits, SessionError, Terms, flow};
use futures_util::StreamExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

fn ready(min: u32, max: u32, form: &str) -> v1::AgentReady {
    v1::AgentReady {
        min_version: min,
        max_version: max,
        digest_forms: vec![form.to_owned()],
        ..v1::AgentReady::default()
    }
}

#[test]
fn the_highest_version_of_both_is_spoken() {
    assert_eq!(Terms::choose(&ready(1, 9, DIGEST_FORM)).expect("terms").version, 1);
    let error = Terms::choose(&ready(2, 9, DIGEST_FORM)).expect_err("nothing in common");
    assert_eq!(error.end_reason(), v1::SessionEndReason::NoCommonVersion);
    assert!(Terms::choose(&ready(0, 0, DIGEST_FORM)).is_err());
    assert!(matches!(Terms::choose(&ready(1, 1, "other")), Err(SessionError::NoCommon { .. })));
}

#[test]
fn limits_are_read_as_they_were_written() {
    let limits = Limits::default();
    assert_eq!(Limits::from_wire(&limits.to_wire()), Ok(limits));
}

#[test]
fn limits_that_nobody_can_keep_are_refused() {
    let rare = Limits { heartbeat_interval: Duration::from_secs(60), ..Limits::default() };
    let small = Limits { max_message_bytes: 10, ..Limits::default() };
    let ceaseless = Limits { heartbeat_interval: Duration::ZERO, ..Limits::default() };
    for limits in [rare, small, ceaseless] {
        assert!(Limits::from_wire(&limits.to_wire()).is_err());
    }
}

#[tokio::test]
async fn a_heartbeat_overtakes_batches() {
    let (outbox, mut outflow) = flow::flow();
    outbox.bulk("batch 1").await.expect("open");
    outbox.bulk("batch 2").await.expect("open");
    outbox.urgent("heartbeat").await.expect("open");
    drop(outbox);
    let mut order = Vec::new();
    while let Some(message) = outflow.next().await {
        order.push(message);
    }
    assert_eq!(order, ["heartbeat", "batch 1", "batch 2"]);
}

async fn probe(path: &str, readiness: &Readiness) -> String {
    let (mut client, server) = duplex(4096);
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
    let asks = async {
        client.write_all(request.as_bytes()).await.expect("it listens");
        let mut text = String::new();
        client.read_to_string(&mut text).await.expect("it answers");
        text
    };
    let (text, served) = tokio::join!(asks, answer(server, readiness.clone()));
    served.expect("a good request");
    text.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_probe_is_told() {
    let readiness = Readiness::default();
    assert_eq!(probe("/healthz", &readiness).await, "HTTP/1.1 200 OK");
    assert_eq!(probe("/readyz", &readiness).await, "HTTP/1.1 503 Service Unavailable");
    readiness.set(true);
    assert_eq!(probe("/readyz", &readiness).await, "HTTP/1.1 200 OK");
    assert_eq!(probe("/other", &readiness).await, "HTTP/1.1 404 Not Found");
}
