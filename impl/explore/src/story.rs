//! A counter-example as a numbered story.

use std::fmt;

use fulcrum_model::protocol::{Condition, Message, Write};

use crate::scenario::Scenario;
use crate::world::action::Action;
use crate::world::controller::Act;
use crate::world::driver::Fate;
use crate::world::side::{Floating, Pending};
use crate::world::store::name;
use crate::world::{At, Violation, World};

/// How a violation comes about, step by step; the shortest way there is.
#[derive(Clone, Debug)]
pub struct Story {
    /// The scenario in which it happens.
    pub scenario: Scenario,
    /// What happens.
    pub actions: Vec<Action>,
    /// What does not hold after the last step.
    pub violation: Violation,
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut world = World::new(&self.scenario);
        for (number, action) in self.actions.iter().enumerate() {
            let detail = detail(&world, *action);
            writeln!(f, "{:>3}. {action}{detail}", number + 1)?;
            world.apply(*action, &self.scenario);
            if let Some(at) = whose(*action) {
                let side = world.side(at);
                if side.up {
                    writeln!(f, "       -> {at}: {}", side.machine.describe())?;
                }
            }
        }
        writeln!(f, "violated: {} ({})", self.violation, self.violation.rules().join(", "))
    }
}

fn whose(action: Action) -> Option<At> {
    match action {
        Action::Start(at)
        | Action::Perform(at, _)
        | Action::Reach(at)
        | Action::Deliver(at)
        | Action::Fire(at, _)
        | Action::Request(at)
        | Action::SeeFlip(at)
        | Action::TakeOver(at)
        | Action::Resume(at)
        | Action::Yield(at)
        | Action::Duplicate(at)
        | Action::Replay(at) => Some(at),
        _ => None,
    }
}

fn detail(world: &World, action: Action) -> String {
    match action {
        Action::Perform(at, fate) => {
            world.side(at).pending.front().map_or_else(String::new, |it| {
                let guard = if fate == Fate::Answered { "" } else { " (uncertain)" };
                format!(": {}{guard}", effect(it))
            })
        }
        Action::Deliver(at) | Action::Duplicate(at) | Action::Lose(at) => {
            world.wires[at.index()].first().map_or_else(String::new, |it| format!(": {}", said(it)))
        }
        Action::Replay(at) => world.strays[at.index()]
            .as_ref()
            .map_or_else(String::new, |it| format!(": {}", said(it))),
        Action::Reach(at) => world.side(at).waits.map_or_else(String::new, awaited),
        Action::Act(at) => told(world.side(at).controller.doing),
        Action::ActLate(at) => told(world.side(at).controller.zombie),
        Action::Decide(at) => told(world.side(at).controller.decide()),
        Action::Land(at, request) => format!(": {}", late(&world.side(at).floating[request])),
        _ => String::new(),
    }
}

fn told(act: Option<Act>) -> String {
    act.map_or_else(String::new, |act| format!(": {act}"))
}

fn awaited(condition: Condition) -> String {
    let words = match condition {
        Condition::Settled => "no write of its own can land any more",
        Condition::Paused { quiet: false } => "every object shows Paused=True",
        Condition::Paused { quiet: true } => {
            "every object shows Paused=True, and the quiet time is over"
        }
        Condition::Unpaused => "every object shows Paused=False",
        Condition::Verified => "every object has been reconciled",
        Condition::Backoff => "what failed may be tried again",
    };
    format!(": {words}")
}

fn late(request: &Floating) -> String {
    match request {
        Floating::Record(record, _) => {
            format!("record {} of epoch {}", record.0.phase.name(), record.0.epoch.0)
        }
        Floating::Pause(true, ..) => "pause the Cluster".to_owned(),
        Floating::Pause(false, ..) => "unpause the Cluster".to_owned(),
        Floating::Create(object, ..) => format!("create {}", name(*object).0),
        Floating::Update(object, ..) => format!("update {}", name(*object).0),
        Floating::Delete(object, ..) => format!("delete {}", name(*object).0),
        Floating::Fence(fence, _) => format!("fence {fence:?}"),
    }
}

fn effect(pending: &Pending) -> String {
    match pending {
        Pending::Record(record, _) => {
            format!("record {} of epoch {}", record.phase.name(), record.epoch.0)
        }
        Pending::Raise(epoch) => format!("raise the witness to {}", epoch.0),
        Pending::Pause(true) => "pause the Cluster".to_owned(),
        Pending::Pause(false) => "unpause the Cluster".to_owned(),
        Pending::Read => "read all objects".to_owned(),
        Pending::Apply(writes) => match writes.first() {
            Some(Write::Put { entry, .. }) => {
                format!("put {}", entry.name.0)
            }
            Some(Write::Delete { name, .. }) => {
                format!("delete {}", name.0)
            }
            None => "nothing to write".to_owned(),
        },
        Pending::Preflight => "preflight".to_owned(),
        Pending::Fence(fence) => format!("fence {fence:?}"),
        Pending::Tidy => "drop the marks".to_owned(),
    }
}

fn said(message: &Message) -> String {
    match message {
        Message::Begin(mv) => format!("Begin, attempt {}", mv.attempt),
        Message::Ready(mv) => format!("Ready, attempt {}", mv.attempt),
        Message::Stage { mv, round, set } => {
            format!("Stage {round:?} of {} objects, attempt {}", set.count(), mv.attempt)
        }
        Message::StageReport { round, count, .. } => {
            format!("StageReport {round:?}, {count} objects")
        }
        Message::Complete { mv, .. } => format!("Complete of epoch {}", mv.epoch.next().0),
        Message::NotStaged(_) => "NotStaged".to_owned(),
        Message::CompleteAck(_) => "CompleteAck".to_owned(),
        Message::Abort(mv) => format!("Abort of attempt {}", mv.attempt),
        Message::Refused(_, refusal) => format!("Refused, {refusal:?}"),
        Message::Released(_) => "Released".to_owned(),
        Message::Claim(claim) => format!("a claim of {}", claim.phase.name()),
    }
}
