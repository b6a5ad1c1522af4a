//! Calls and streams over links with every verdict.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep};

use super::*;

fn net() -> Net {
    Net::new()
}

const TWO: Duration = Duration::from_millis(2);

#[tokio::test(start_paused = true)]
async fn a_call_over_a_cut_link_is_not_carried_out() {
    let net = net();
    net.set("a", "b", Verdict::Cut);
    let (began, called) = (Instant::now(), AtomicBool::new(false));
    let call = async { called.store(true, Ordering::Relaxed) };
    assert_eq!(net.link("a", "b").request(TWO, call).await, Err(Broken::TimedOut));
    assert!(began.elapsed() >= TIMEOUT);
    assert!(!called.load(Ordering::Relaxed));
    assert_eq!(net.link("b", "a").request(TWO, async { 1 }).await, Ok(1), "the other way");
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_answer_is_dropped_was_carried_out() {
    let net = net();
    net.set("a", "b", Verdict::DropAnswers);
    let called = AtomicBool::new(false);
    let call = async { called.store(true, Ordering::Relaxed) };
    assert_eq!(net.link("a", "b").request(TWO, call).await, Err(Broken::AnswerLost));
    assert!(called.load(Ordering::Relaxed));
}

#[tokio::test(start_paused = true)]
async fn a_delay_comes_before_the_call() {
    let net = net();
    let late = Duration::from_secs(3);
    net.set("a", "b", Verdict::Delay(late));
    let began = Instant::now();
    let at = net.link("a", "b").request(TWO, async { began.elapsed() }).await;
    assert!(at.expect("an answer") >= late);
}

#[tokio::test(start_paused = true)]
async fn isolation_leaves_the_place_itself_and_what_is_excepted() {
    let net = net();
    net.isolate("child", &["infrastructure"]);
    assert_eq!(net.verdict("parent", "child"), Verdict::Cut);
    assert_eq!(net.verdict("child", "parent"), Verdict::Cut);
    assert_eq!(net.verdict("child", "infrastructure"), Verdict::Open);
    assert_eq!(net.verdict("child", "child"), Verdict::Open);
    net.rejoin("child");
    assert_eq!(net.verdict("parent", "child"), Verdict::Open);
}

#[tokio::test(start_paused = true)]
async fn a_place_that_is_down_refuses_and_one_astray_is_reached_from_inside() {
    let net = net();
    net.set_up("child", false);
    let refused = net.link("child", "child").request(TWO, async {}).await;
    assert_eq!(refused, Err(Broken::Refused));
    net.set_up("child", true);
    net.set_reachable("child", false);
    assert!(net.link("child", "child").carries());
    assert!(!net.link("parent", "child").carries());
}

#[tokio::test(start_paused = true)]
async fn bytes_go_both_ways_until_the_link_is_cut() {
    let net = net();
    let mut listener = net.listen("cell");
    let mut near = net.dial("agent", "cell", "agent").await.expect("somebody listens");
    let mut far = listener.accept().await.expect("a connection").stream;
    let mut word = [0; 4];
    near.write_all(b"ping").await.expect("it is open");
    far.read_exact(&mut word).await.expect("it is open");
    assert_eq!(&word, b"ping");
    far.write_all(b"pong").await.expect("it is open");
    near.read_exact(&mut word).await.expect("it is open");
    assert_eq!(&word, b"pong");

    net.set("agent", "cell", Verdict::Cut);
    assert_eq!(near.read(&mut word).await.unwrap_or(0), 0, "this end");
    assert_eq!(far.read(&mut word).await.unwrap_or(0), 0, "that end");
}

#[tokio::test(start_paused = true)]
async fn lost_answers_leave_a_stream_half_open() {
    let net = net();
    let (mut near, mut far) = net.stream("agent", "cell");
    net.set("agent", "cell", Verdict::DropAnswers);
    let mut word = [0; 4];
    near.write_all(b"ping").await.expect("it is open");
    far.read_exact(&mut word).await.expect("requests arrive");
    far.write_all(b"pong").await.expect("nobody tells that it is lost");
    let silence = tokio::time::timeout(Duration::from_secs(60), near.read(&mut word)).await;
    assert!(silence.is_err(), "nothing comes back, and nothing ends");
}

#[tokio::test(start_paused = true)]
async fn who_dials_where_nobody_listens_is_refused() {
    let net = net();
    let refused = net.dial("agent", "cell", "agent").await.expect_err("nobody");
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    drop(net.listen("cell"));
    assert!(net.dial("agent", "cell", "agent").await.is_err(), "nobody any more");
    let mut old = net.listen("cell");
    let _new = net.listen("cell");
    assert!(old.accept().await.is_err(), "somebody else listens");
}

#[tokio::test(start_paused = true)]
async fn waiting_is_on_levels() {
    let net = net();
    let link = net.link("a", "b");
    net.set_up("b", false);
    let opened = async {
        link.open().await;
        link.carries()
    };
    let opens = async {
        sleep(TWO).await;
        net.set_up("b", true);
    };
    let (carries, ()) = tokio::join!(opened, opens);
    assert!(carries);
}
