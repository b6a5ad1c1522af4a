use std::sync::Mutex;
use std::time::Duration;

use fulcrum_model::protocol::{
    Epoch, Lineage, Message, Outcome, Place, RecordOutcome, Request, Stored, Version,
};
use jiff::Timestamp;

use super::*;
use crate::settings::{ClusterName, Pace};

/// How long a write of the record takes.
const WRITE: Duration = Duration::from_secs(10);

struct Midnight;

impl Clock for Midnight {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

/// A Kubernetes side that does as it is told and remembers what.
#[derive(Clone, Default)]
struct Fake {
    log: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    fn log(&self) -> Vec<String> {
        self.log.lock().expect("no test panics with it").clone()
    }
}

impl Duties for Fake {
    async fn start(&self) -> Result<Input, MoverError> {
        let record = Record::owner(Lineage(1), Epoch(1));
        let stored = Some(Stored { record, version: Version(1) });
        Ok(Input::Started { stored, live: true, witness: None })
    }

    async fn perform(&self, effect: Effect, _: Option<Record>) -> Input {
        let word = match &effect {
            Effect::WriteRecord { record, .. } => format!("write {}", record.phase.name()),
            Effect::Preflight => "preflight".to_owned(),
            other => format!("{other:?}"),
        };
        self.log.lock().expect("no test panics with it").push(word);
        match effect {
            Effect::WriteRecord { expect, .. } => {
                tokio::time::sleep(WRITE).await;
                let version = expect.map_or(1, |version| version.0 + 1);
                Input::RecordWritten(RecordOutcome::Ok(Version(version)))
            }
            Effect::Preflight => Input::Preflight(true),
            Effect::Await(condition) => Input::Reached(condition),
            _ => Input::Done(Outcome::Ok),
        }
    }

    async fn manifests(&self, _: &Reading, _: Option<Record>) -> BTreeMap<Name, SentObject> {
        BTreeMap::new()
    }

    fn keep(&self, _: &Reading, _: BTreeMap<Name, SentObject>) {}

    async fn is_pause_lost(&self, _: &Record) -> bool {
        false
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

/// Runs a driver beside a scenario, for as long as that takes.
async fn beside<F: Future<Output = ()>>(fake: &Fake, scenario: impl FnOnce(Handle) -> F) {
    let (driver, handle) = driver(fake.clone(), settings(), Arc::new(Midnight));
    tokio::select! {
        ended = driver.run() => panic!("{ended:?}"),
        () = scenario(handle) => {}
    }
}

#[tokio::test(start_paused = true)]
async fn what_happens_during_a_write_waits_in_order() {
    let fake = Fake::default();
    beside(&fake, |handle| async move {
        let (outbox, mut sent) = mpsc::channel(8);
        handle.session_up(None, outbox).await;
        handle.request(Request::Move(7)).await;
        let parcel = sent.recv().await.expect("the driver runs");
        assert!(matches!(parcel.message, Message::Begin(mv) if mv.id == 7));
    })
    .await;
    assert_eq!(fake.log(), ["write Owner", "preflight", "write Copying"]);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ends_during_a_write_never_began() {
    let fake = Fake::default();
    beside(&fake, |handle| async move {
        let (outbox, mut sent) = mpsc::channel(8);
        handle.session_up(None, outbox).await;
        handle.session_down().await;
        handle.request(Request::Move(7)).await;
        assert!(sent.recv().await.is_none(), "nothing is sent to a session that is over");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_nobody_answers_ends_when_its_budget_does() {
    let fake = Fake::default();
    beside(&fake, |handle| async move {
        handle.request(Request::Move(7)).await;
        tokio::time::sleep(settings().pace.budget + 5 * WRITE).await;
        assert_eq!(handle.standing(), fulcrum_model::protocol::Standing::Owner);
        let report = handle.watch().borrow().clone();
        assert!(report.started && report.gate_open, "{report:?}");
    })
    .await;
    let expected = ["write Owner", "preflight", "write Copying", "write Aborting", "write Owner"];
    assert_eq!(fake.log(), expected);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_said() {
    let fake = Fake::default();
    beside(&fake, |handle| async move {
        handle.request(Request::Abort).await;
        let mut seen = handle.watch();
        let report = seen.wait_for(|report| !report.notices.is_empty()).await;
        let said = report.expect("the driver runs").notices[0].clone();
        assert_eq!(said.at, Timestamp::UNIX_EPOCH);
        assert!(matches!(said.notice, Notice::RequestRefused(_)));
    })
    .await;
}
