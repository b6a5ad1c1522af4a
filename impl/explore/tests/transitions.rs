//! Every transition of the role machines, as a table: for each state that an exploration reaches, told
//! by phase and step, what each input brings about. What is not in the table changes nothing.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};

use fulcrum_explore::catalogue::holding;
use fulcrum_explore::world::World;
use fulcrum_explore::{Budget, Scenario};
use fulcrum_model::digest::Digest;
use fulcrum_model::protocol::{
    Activation, Claim, Condition, Effect, Epoch, Input, Lineage, Message, Move, Outcome, Phase,
    Place, Reading, RecordOutcome, Refusal, Request, Round, State, Timer, Version, step,
};

#[test]
fn every_transition() {
    let mut table = String::new();
    for ((place, name), state) in states() {
        writeln!(table, "{place}: {name}").expect("a String takes everything");
        for (input, what) in inputs(&state) {
            let mut next = state.clone();
            let effects = step(&mut next, input);
            if effects.is_empty() && next == state {
                continue;
            }
            let effects: Vec<_> = effects.iter().map(effect).collect();
            let effects = if effects.is_empty() { "-".to_owned() } else { effects.join(", ") };
            writeln!(table, "    {what} -> {} | {effects}", next.describe())
                .expect("a String takes everything");
        }
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("transitions", table);
    });
}

/// The first state of each description that small explorations come to.
fn states() -> BTreeMap<(&'static str, String), State> {
    let mut states = BTreeMap::new();
    let names = [
        "calm",
        "time-out",
        "unpivot",
        "parent-restored",
        "child-restored",
        "takeover",
        "two-claims",
    ];
    for exploration in holding() {
        if names.contains(&exploration.scenario.name) {
            collect(&exploration.scenario, &mut states);
        }
    }
    // A late write makes a source that cleans up write a report first.
    let late = Budget { pivots: 1, scales: 1, ..Budget::default() };
    collect(&Scenario::new("late", "", late).unfenced().prompt(), &mut states);
    states
}

fn collect(scenario: &Scenario, states: &mut BTreeMap<(&'static str, String), State>) {
    let mut known = BTreeSet::new();
    let mut queue = VecDeque::from([World::new(scenario)]);
    while let Some(world) = queue.pop_front() {
        for side in &world.sides {
            let place = match side.machine.place() {
                Place::Parent => "parent",
                Place::Child => "child",
            };
            let key = (place, side.machine.describe());
            states.entry(key).or_insert_with(|| side.machine.clone());
        }
        for action in world.actions(scenario) {
            let mut next = world.clone();
            next.apply(action, scenario);
            if known.insert(fingerprint(&next)) {
                queue.push_back(next);
            }
        }
    }
}

fn fingerprint(world: &World) -> u64 {
    let mut hasher = DefaultHasher::new();
    world.hash(&mut hasher);
    hasher.finish()
}

/// Every input there is, about the move that runs where one does.
fn inputs(state: &State) -> Vec<(Input, String)> {
    let lineage = state.record().map_or(Lineage(1), |record| record.lineage);
    let epoch = state.record().map_or(Epoch(1), |record| record.epoch);
    let running = state.record().and_then(|record| record.last);
    let running = running.unwrap_or(Move { lineage, epoch, attempt: 1, id: 0 });
    let higher = Move { attempt: running.attempt + 1, id: 99, ..running };
    let foreign = Move { lineage: Lineage(7), ..running };
    let mut inputs = vec![
        (Input::SessionUp(None), "session, no record there".to_owned()),
        (Input::SessionDown, "session ends".to_owned()),
        (Input::RecordWritten(RecordOutcome::Ok(Version(90))), "written".to_owned()),
        (Input::RecordWritten(RecordOutcome::Unknown), "write unknown".to_owned()),
        (Input::RecordWritten(RecordOutcome::Conflict(None)), "record gone".to_owned()),
        (Input::Preflight(true), "preflight fits".to_owned()),
        (Input::Preflight(false), "preflight does not fit".to_owned()),
        (Input::Read(empty()), "nothing read".to_owned()),
        (Input::Timer(Timer::Resend), "Resend".to_owned()),
        (Input::Timer(Timer::Budget), "Budget".to_owned()),
        (Input::Request(Request::Move(5)), "asked to move".to_owned()),
        (Input::Request(Request::Abort), "asked to abort".to_owned()),
    ];
    for outcome in [Outcome::Ok, Outcome::Conflict, Outcome::Foreign, Outcome::Unknown] {
        inputs.push((Input::Done(outcome), format!("done: {outcome:?}")));
    }
    for condition in [
        Condition::Settled,
        Condition::Paused { quiet: false },
        Condition::Unpaused,
        Condition::Verified,
        Condition::Backoff,
    ] {
        inputs.push((Input::Reached(condition), format!("reached: {condition:?}")));
    }
    for others_stopped in [false, true] {
        let stopped = if others_stopped { "others stopped" } else { "others not stopped" };
        let lineage = Lineage(8);
        let take_over = Request::Takeover { lineage, others_stopped };
        inputs.push((Input::Request(take_over), format!("asked to take over, {stopped}")));
        let resume = Request::Resume { lineage, others_stopped };
        inputs.push((Input::Request(resume), format!("asked to resume, {stopped}")));
    }
    let give_up = Request::Yield { lineage, epoch: epoch.next() };
    inputs.push((Input::Request(give_up), "asked to yield".to_owned()));
    inputs.push((Input::PauseLost, "pause lost".to_owned()));
    for (mv, which) in
        [(running, "this"), (higher, "a higher attempt"), (foreign, "a foreign lineage")]
    {
        for message in messages(mv) {
            let what = format!("{}, of {which}", said(&message));
            inputs.push((Input::Received(message), what));
        }
    }
    inputs.extend(
        claims(running)
            .into_iter()
            .map(|(claim, what)| (Input::SessionUp(Some(claim)), format!("session with {what}"))),
    );
    inputs
}

fn empty() -> Reading {
    Reading::new(Vec::new(), Digest::from_bytes([0; 32]))
}

fn messages(mv: Move) -> Vec<Message> {
    let (count, digest) = (0, Digest::from_bytes([0; 32]));
    let mut messages = vec![
        Message::Begin(mv),
        Message::Ready(mv),
        Message::Complete { mv, count, digest },
        Message::NotStaged(mv),
        Message::CompleteAck(Activation { mv, count, digest }),
        Message::Abort(mv),
        Message::Released(mv),
        Message::Refused(mv, Refusal::ForeignObject),
        Message::Refused(mv, Refusal::CleanedUp),
        Message::Refused(mv, Refusal::Held),
    ];
    for round in [Round::Bulk, Round::Difference, Round::Last] {
        messages.push(Message::Stage { mv, round, set: empty() });
        messages.push(Message::StageReport { mv, round, count, digest });
    }
    messages
}

fn claims(mv: Move) -> Vec<(Claim, &'static str)> {
    let (lineage, last) = (mv.lineage, Some(mv));
    let owner = |epoch, activation| Claim { lineage, epoch, phase: Phase::Owner, last, activation };
    let next = Activation { mv, count: 0, digest: Digest::from_bytes([0; 32]) };
    vec![
        (owner(mv.epoch, None), "an owner of the same epoch"),
        (owner(mv.epoch.next(), Some(next)), "an owner of the next epoch"),
        (owner(mv.epoch.next().next(), None), "an owner of a later epoch"),
        (Claim { phase: Phase::Staging, ..owner(mv.epoch, None) }, "a target that stages"),
    ]
}

fn said(message: &Message) -> String {
    match message {
        Message::Begin(_) => "Begin".to_owned(),
        Message::Ready(_) => "Ready".to_owned(),
        Message::Stage { round, .. } => format!("Stage {round:?}"),
        Message::StageReport { round, .. } => format!("StageReport {round:?}"),
        Message::Complete { .. } => "Complete".to_owned(),
        Message::NotStaged(_) => "NotStaged".to_owned(),
        Message::CompleteAck(_) => "CompleteAck".to_owned(),
        Message::Abort(_) => "Abort".to_owned(),
        Message::Refused(_, refusal) => format!("Refused {refusal:?}"),
        Message::Released(_) => "Released".to_owned(),
        Message::Claim(_) => "Claim".to_owned(),
    }
}

fn effect(effect: &Effect) -> String {
    match effect {
        Effect::WriteRecord { record, .. } => {
            format!("record {} of epoch {}", record.phase.name(), record.epoch.0)
        }
        Effect::Send(message) => format!("send {}", said(message)),
        Effect::Apply(writes) => format!("apply {} writes", writes.len()),
        Effect::Say(notice) => format!("say {notice:?}"),
        other => format!("{other:?}"),
    }
}
