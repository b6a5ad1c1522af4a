//! Replays conversations with a real API server against the one in memory, in virtual time.
//!
//! Reading order: `format` (the files), `translate` (what is sent), `wire` (how), `stream`
//! (watches), `play` (the steps), `order` and `compare` (is the answer the recorded one), `table`
//! (`REALITY.md`), `checks` (of the comparer). The server is plugged in at [`subject`].
//!
//! **Invariant:** nothing but [`subject`] knows which server is tested.

use std::any::Any;
use std::env;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use fulcrum_apiserver::auth::Tokens;
use fulcrum_apiserver::clock::RuntimeClock;
use fulcrum_apiserver::entropy::Seeded;
use fulcrum_apiserver::{ApiServer, Options};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::reality::format::Conversation;
use crate::reality::play::{BoxBody, Outcome, Subject, make_world, play};
use crate::reality::{checks, table};

mod reality {
    pub(crate) mod checks;
    pub(crate) mod compare;
    pub(crate) mod format;
    pub(crate) mod order;
    pub(crate) mod play;
    pub(crate) mod stream;
    pub(crate) mod table;
    pub(crate) mod translate;
    pub(crate) mod wire;
}

/// How long a real collector of garbage takes to learn the kinds of a new world.
const SETTLE: Duration = Duration::from_secs(40);

/// The tokens of the users that speak in the conversations.
const TOKENS: &str = include_str!("reality/tokens.csv");

/// The server under test, empty, in the runtime of the trial.
async fn subject() -> impl Subject {
    let start = "2026-01-01T00:00:00Z".parse().expect("it is a moment");
    let server = ApiServer::new(Options {
        clock: Arc::new(RuntimeClock::starting_at(start)),
        entropy: Arc::new(Seeded::new(1)),
        tokens: Tokens::parse_csv(TOKENS).expect("the file is in order"),
    });
    let running = server.clone();
    let controllers = tokio::spawn(async move { running.run().await });
    Tested { server, controllers }
}

/// A server with its controllers, which end with it.
struct Tested {
    server: ApiServer,
    controllers: JoinHandle<()>,
}

impl Subject for Tested {
    async fn call(&self, request: http::Request<Bytes>) -> http::Response<BoxBody> {
        self.server.handle(request).await
    }

    fn compact(&self) {
        self.server.compact();
    }
}

impl Drop for Tested {
    fn drop(&mut self) {
        self.controllers.abort();
    }
}

/// A conversation, and what came of it once it was played.
struct Case {
    conversation: Conversation,
    outcome: OnceLock<Outcome>,
}

/// What all trials share.
struct Room {
    cases: Vec<Case>,
    world: Vec<Value>,
    /// The table as it is in the repository, "" without one.
    table: String,
    /// Is it to be written?
    update: bool,
}

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

impl Room {
    fn open() -> Self {
        let conversations = Conversation::read_all(&here("fixtures/reality/api"));
        let case = |conversation| Case { conversation, outcome: OnceLock::new() };
        let worlds = ["world.json", "world-capi.json"].map(|name| {
            let path = here("fixtures/reality").join(name);
            let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
            serde_json::from_str::<Vec<Value>>(&text).unwrap_or_else(|e| panic!("{name}: {e}"))
        });
        Self {
            cases: conversations.into_iter().map(case).collect(),
            world: worlds.concat(),
            table: fs::read_to_string(here("REALITY.md")).unwrap_or_default(),
            update: env::var_os("UPDATE_REALITY").is_some_and(|value| value == "1"),
        }
    }

    /// What the conversation comes to; it is played once only.
    fn outcome<'a>(&self, case: &'a Case) -> &'a Outcome {
        case.outcome.get_or_init(|| {
            let played = catch_unwind(AssertUnwindSafe(|| self.play(&case.conversation)));
            played.unwrap_or_else(|panic| Outcome::Differs(said_in_panic(panic.as_ref())))
        })
    }

    fn play(&self, conversation: &Conversation) -> Outcome {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime of one thread needs nothing that could be missing");
        runtime.block_on(async {
            let server = subject().await;
            if let Err(outcome) = make_world(&server, &self.world).await {
                return outcome;
            }
            tokio::time::sleep(SETTLE).await;
            play(&server, conversation).await
        })
    }

    /// Is the conversation as the table has it? Those that do not pass yet are no failures.
    fn judge(&self, case: &Case) -> Result<Completion, Failed> {
        let name = &case.conversation.name;
        let is_listed = table::passing(&self.table).contains(name);
        match (self.outcome(case), is_listed) {
            (Outcome::Passes, true) => Ok(Completion::Completed),
            (Outcome::Passes, false) if self.update => Ok(Completion::Completed),
            (Outcome::Passes, false) => {
                Err("passes, and REALITY.md does not say so: UPDATE_REALITY=1".into())
            }
            (Outcome::Differs(what), true) => Err(what.into()),
            (Outcome::NotYet, true) => Err("is not implemented any more".into()),
            (Outcome::Differs(what), false) => Ok(Completion::ignored_with(what)),
            (Outcome::NotYet, false) => Ok(Completion::ignored_with("not yet")),
        }
    }

    fn row<'a>(&self, case: &'a Case) -> table::Row<'a> {
        table::Row {
            name: &case.conversation.name,
            steps: case.conversation.steps.len(),
            outcome: self.outcome(case),
        }
    }

    /// Is the table what the conversations come to?
    fn judge_table(&self) -> Result<(), Failed> {
        let rows: Vec<_> = self.cases.iter().map(|case| self.row(case)).collect();
        let fresh = table::render(&rows);
        if self.update {
            return fs::write(here("REALITY.md"), fresh).map_err(Failed::from);
        }
        if fresh == self.table {
            return Ok(());
        }
        let difference = table::first_difference(&self.table, &fresh);
        Err(format!("REALITY.md is not up to date (UPDATE_REALITY=1): {difference}").into())
    }
}

fn said_in_panic(panic: &(dyn Any + Send)) -> String {
    let literal = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let said = literal.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panic: {}", said.unwrap_or_default())
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let room = Arc::new(Room::open());
    let mut trials: Vec<Trial> = (0..room.cases.len())
        .map(|i| {
            let (name, room) = (room.cases[i].conversation.name.clone(), Arc::clone(&room));
            Trial::ignorable_test(name, move || room.judge(&room.cases[i]))
        })
        .collect();
    for (name, check) in checks::ALL {
        let room = Arc::clone(&room);
        let run = move || {
            let all: Vec<_> = room.cases.iter().map(|case| &case.conversation).collect();
            check(&all);
            Ok(())
        };
        trials.push(Trial::test(format!("comparer/{name}"), run));
    }
    trials.push(Trial::test("table", move || room.judge_table()));
    libtest_mimic::run(&arguments, trials).exit_code()
}
