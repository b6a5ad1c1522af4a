//! What happens, in words.

use std::fmt;

use super::Action;
use crate::world::driver::Fate;

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(at) => write!(f, "{at}: the mover starts and reads its record"),
            Self::Perform(at, Fate::Answered) => write!(f, "{at}: the mover's next effect is done"),
            Self::Perform(at, Fate::AnswerLost) => {
                write!(f, "{at}: the mover's next effect is done, and the answer is lost")
            }
            Self::Perform(at, Fate::Failed) => write!(f, "{at}: the mover's next effect fails"),
            Self::Perform(at, Fate::Delayed) => {
                write!(f, "{at}: the mover's next effect is delayed, and the answer is lost")
            }
            Self::Reach(at) => write!(f, "{at}: what the mover waits for is so"),
            Self::SeeFlip(at) => write!(f, "{at}: the mover sees that its pause is gone"),
            Self::Connect => write!(f, "a session begins, both sides state their record"),
            Self::Deliver(at) => write!(f, "{at}: a message arrives"),
            Self::Fire(at, timer) => write!(f, "{at}: the {timer:?} timer fires"),
            Self::InformCluster(at) => write!(f, "{at}: the informer of Clusters catches up"),
            Self::InformMachines(at) => write!(f, "{at}: the informer of Machines catches up"),
            Self::Decide(at) => write!(f, "{at}: a reconcile reads its cache and decides"),
            Self::Act(at) => write!(f, "{at}: what the controller decided lands"),
            Self::ActLate(at) => write!(f, "{at}: what the leader before had decided lands"),
            Self::Land(at, _) => write!(f, "{at}: a delayed request arrives"),
            Self::Request(at) => write!(f, "{at}: a move is asked for"),
            Self::Crash(at, false) => write!(f, "{at}: the mover crashes"),
            Self::Crash(at, true) => write!(f, "{at}: the mover crashes with a request under way"),
            Self::Lose(at) => write!(f, "a message to the {at} is lost"),
            Self::Duplicate(at) => write!(f, "{at}: a message arrives, and will come again"),
            Self::Replay(at) => write!(f, "{at}: the copy of a message arrives"),
            Self::Overtake(at) => write!(f, "a message to the {at} overtakes another"),
            Self::Break => write!(f, "the session breaks"),
            Self::Scale(at) => write!(f, "{at}: a user scales the cluster"),
            Self::DeleteMachine(at, slot) => write!(f, "{at}: a user deletes machine {slot}"),
            Self::Vanish(at, slot) => write!(f, "{at}: a user deletes machine {slot} by force"),
            Self::Flip(at) => write!(f, "{at}: a user removes the mover's pause"),
            Self::FailOver(at) => write!(f, "{at}: the controllers fail over in mid-reconcile"),
            Self::BackUp(at) => write!(f, "{at}: a backup is taken"),
            Self::Restore(at) => write!(f, "{at}: the store is restored from the backup"),
            Self::Forget(at) => write!(f, "{at}: the store is lost and comes up empty"),
            Self::LoseRecord(at) => write!(f, "{at}: somebody deletes the record"),
            Self::Die(at) => write!(f, "{at}: gone for ever"),
            Self::TakeOver(at) => write!(f, "{at}: an operator asks to take over"),
            Self::Resume(at) => write!(f, "{at}: an operator says that this side owns"),
            Self::Yield(at) => write!(f, "{at}: an operator says that the other side owns"),
        }
    }
}
