//! A token is good once, for one cluster and one key; who shows it learns nothing else.

#[path = "support/api.rs"]
mod api;
#[path = "support/lab.rs"]
#[allow(dead_code, reason = "each test binary uses a part of the lab")]
mod lab;

use fulcrum_identity::{Key, Peer};
use lab::Lab;
use rustls::pki_types::CertificateDer;
use tonic::Code;

fn key(seed: u8) -> Key {
    Key::from_seed([seed; 32]).expect("a key")
}

#[tokio::test(start_paused = true)]
async fn a_token_buys_a_certificate_of_its_cluster() {
    let lab = Lab::new().await;
    let token = lab.token("c").await;
    let answer = lab.enrol(&token, "c", &key(1)).await.expect("it is enrolled");
    let certificate = answer.certificate.expect("a certificate");
    let chain: Vec<_> = certificate.chain.into_iter().map(CertificateDer::from).collect();
    let peer = Peer::of_verified(&chain).expect("it names a cluster");
    assert_eq!(peer.identity().cluster.to_string(), "default/c");
    assert_eq!(peer.identity().lineage.to_string(), answer.lineage);
    assert_eq!(lab.status("c")["lineage"], answer.lineage.as_str());
    assert!(certificate.renew_at_ms < certificate.not_after_ms);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_of_no_use_to_another_key() {
    let lab = Lab::new().await;
    let token = lab.token("c").await;
    lab.enrol(&token, "c", &key(1)).await.expect("it is enrolled");
    let status = lab.enrol(&token, "c", &key(2)).await.expect_err("it was used");
    assert_eq!(status.code(), Code::PermissionDenied);
    // The answer of the first time may have been lost.
    lab.enrol(&token, "c", &key(1)).await.expect("the same key may ask again");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_does_not_say_why() {
    let lab = Lab::new().await;
    lab.manage("d");
    let token = lab.token("c").await;
    let other = lab.enrol(&token, "d", &key(1)).await.expect_err("it is of another cluster");
    let unknown = lab.enrol(&token, "nobody", &key(1)).await.expect_err("nobody knows it");
    let made_up = lab.enrol("made up", "c", &key(1)).await.expect_err("nobody made it");
    assert_eq!(other.code(), Code::PermissionDenied);
    assert_eq!((other.message(), other.code()), (unknown.message(), unknown.code()));
    assert_eq!((other.message(), other.code()), (made_up.message(), made_up.code()));
    // None of it has used the token up.
    lab.enrol(&token, "c", &key(1)).await.expect("it is enrolled");
}

#[tokio::test(start_paused = true)]
async fn a_token_outlives_neither_its_time_nor_its_cluster() {
    let lab = Lab::new().await;
    lab.manage("d");
    let (c, d) = (lab.token("c").await, lab.token("d").await);
    lab.abandon("d");
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    let status = lab.enrol(&d, "d", &key(1)).await.expect_err("its cluster is gone");
    assert_eq!(status.code(), Code::PermissionDenied);
    tokio::time::sleep(std::time::Duration::from_secs(2 * 60 * 60)).await;
    let status = lab.enrol(&c, "c", &key(1)).await.expect_err("it is too old");
    assert_eq!(status.code(), Code::PermissionDenied);
}
