//! Who may open a session, and which one lives.

#[path = "support/api.rs"]
mod api;
#[path = "support/lab.rs"]
#[allow(dead_code, reason = "each test binary uses a part of the lab")]
mod lab;

use std::time::Duration;

use fulcrum_identity::{Ca, ClusterName, Identity, Key, Lineage, Request, Serial, Terms};
use fulcrum_mover::Clock as _;
use fulcrum_proto::v1::SessionEndReason;
use fulcrum_proto::v1::from_cell::Body;
use lab::{Attached, Lab, Shown, wait};
use tonic::{Code, Status};

fn trailer(status: &Status) -> &str {
    status.metadata().get("pivot-refusal").expect("a trailer").to_str().expect("text")
}

/// The last message of a session and the status of its call.
async fn end(session: &mut Attached) -> (SessionEndReason, u64, Status) {
    let mut ended = None;
    loop {
        match session.next().await {
            Ok(Some(Body::Ended(last))) => ended = Some(last),
            Ok(Some(_)) => {}
            Ok(None) => panic!("the call ended without a status"),
            Err(status) => {
                let ended = ended.expect("it is told before");
                return (ended.reason(), ended.newer_session, status);
            }
        }
    }
}

fn foreign(lab: &Lab) -> Shown {
    let now = fulcrum_session::time::unix(lab.clock.now());
    let terms = |number| Terms {
        now,
        lifetime: Duration::from_secs(3600),
        serial: Serial::from_entropy([number; 16]),
    };
    let ca = Ca::create(Key::from_seed([40; 32]).expect("a key"), &terms(1)).expect("a CA");
    let key = Key::from_seed([41; 32]).expect("a key");
    let request = Request::read(&Request::sign(&key, "c").expect("a request")).expect("a request");
    let identity = Identity {
        cluster: ClusterName::new("default", "c").expect("a name"),
        lineage: Lineage::from_entropy([1; 16]),
    };
    let issued = ca.issue_client(&request, &identity, &terms(2)).expect("a certificate");
    Shown { key, chain: issued.chain }
}

#[tokio::test(start_paused = true)]
async fn a_certificate_of_another_ca_is_refused_with_its_reason() {
    let lab = Lab::new().await;
    let shown = foreign(&lab);
    let status = lab.attach(Some(&shown), "c").await.err().expect("nobody trusts it");
    assert_eq!(status.code(), Code::Unauthenticated);
    assert_eq!(trailer(&status), "SESSION_END_REASON_UNKNOWN_CA");
}

#[tokio::test(start_paused = true)]
async fn a_call_without_a_certificate_is_refused_with_its_reason() {
    let lab = Lab::new().await;
    let status = lab.attach(None, "c").await.err().expect("there is none");
    assert_eq!(status.code(), Code::Unauthenticated);
    assert_eq!(trailer(&status), "SESSION_END_REASON_NO_CERTIFICATE");
}

#[tokio::test(start_paused = true)]
async fn a_message_that_names_another_cluster_ends_the_session() {
    let lab = Lab::new().await;
    let shown = lab.enrolled("c", 1).await;
    let mut session = lab.attach(Some(&shown), "other").await.expect("the certificate is good");
    let (reason, _, status) = end(&mut session).await;
    assert_eq!(reason, SessionEndReason::OtherCluster);
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(trailer(&status), "SESSION_END_REASON_OTHER_CLUSTER");
}

#[tokio::test(start_paused = true)]
async fn the_newest_session_lives_and_the_older_one_is_told() {
    let lab = Lab::new().await;
    let shown = lab.enrolled("c", 1).await;
    let mut older = lab.attach(Some(&shown), "c").await.expect("a session");
    let first = older.accepted().await;
    let mut newer = lab.attach(Some(&shown), "c").await.expect("a session");
    let second = newer.accepted().await;
    assert!(second > first);
    let (reason, by, status) = end(&mut older).await;
    assert_eq!((reason, by), (SessionEndReason::Superseded, second));
    assert_eq!(status.code(), Code::Aborted);
    newer.beat(1).await;
    loop {
        match newer.next().await.expect("the newer one lives") {
            Some(Body::HeartbeatAck(ack)) if ack.sequence == 1 => break,
            Some(_) => {}
            None => panic!("the newer one ended"),
        }
    }
    wait(|| lab.status("c")["connected"].as_bool().filter(|connected| *connected)).await;
}

#[tokio::test(start_paused = true)]
async fn an_open_session_does_not_outlive_its_certificate() {
    let lab = Lab::new().await;
    let shown = lab.enrolled("c", 1).await;
    let mut session = lab.attach(Some(&shown), "c").await.expect("a session");
    session.accepted().await;
    // The certificate holds for an hour; heartbeats go on.
    let outbox = session.outbox.clone();
    let beats = async {
        for sequence in 1.. {
            let beat = fulcrum_proto::v1::Heartbeat { sequence, ..Default::default() };
            let body = Some(fulcrum_proto::v1::from_agent::Body::Heartbeat(beat));
            if outbox.urgent(fulcrum_proto::v1::FromAgent { body }).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        std::future::pending::<()>().await;
    };
    let (reason, _, status) = tokio::select! {
        () = beats => unreachable!("it never ends"),
        end = end(&mut session) => end,
    };
    assert_eq!(reason, SessionEndReason::CertificateExpired);
    assert_eq!(status.code(), Code::Unauthenticated);
    let status = lab.attach(Some(&shown), "c").await.err().expect("it has expired");
    assert_eq!(trailer(&status), "SESSION_END_REASON_CERTIFICATE_EXPIRED");
}

#[tokio::test(start_paused = true)]
async fn a_silent_session_is_given_up() {
    let lab = Lab::new().await;
    let shown = lab.enrolled("c", 1).await;
    let mut session = lab.attach(Some(&shown), "c").await.expect("a session");
    session.accepted().await;
    wait(|| lab.status("c")["connected"].as_bool().filter(|connected| *connected)).await;
    wait(|| lab.status("c")["connected"].as_bool().filter(|connected| !*connected)).await;
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_is_managed_no_more_has_no_session() {
    let lab = Lab::new().await;
    let shown = lab.enrolled("c", 1).await;
    let mut session = lab.attach(Some(&shown), "c").await.expect("a session");
    session.accepted().await;
    lab.abandon("c");
    let (reason, ..) = end(&mut session).await;
    assert_eq!(reason, SessionEndReason::ShuttingDown);
    let mut again = lab.attach(Some(&shown), "c").await.expect("the certificate is good");
    let (.., status) = end(&mut again).await;
    assert_eq!(status.code(), Code::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn a_cell_that_stops_says_so() {
    let lab = Lab::new().await;
    let shown = lab.enrolled("c", 1).await;
    let mut session = lab.attach(Some(&shown), "c").await.expect("a session");
    session.accepted().await;
    lab.cell.stop();
    let (reason, _, status) = end(&mut session).await;
    assert_eq!(reason, SessionEndReason::ShuttingDown);
    assert_eq!(status.code(), Code::Unavailable);
}
