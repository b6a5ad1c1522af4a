//! Each rule taken out: the story that it prevents must be found.

use super::{CALM, Exploration, TWO};
use crate::mutation::Mutation as M;
use crate::scenario::{Budget, Places, Scenario};
use crate::world::At;
use crate::world::Violation as V;

/// Scenarios in which a driver breaks one rule.
#[must_use]
pub fn broken() -> Vec<Exploration> {
    [barriers(), writes(), late_writes(), records(), claims(), ends(), orders()].concat()
}

fn finds(rules: &'static [&'static str], finds: &'static [V], scenario: Scenario) -> Exploration {
    Exploration { scenario, rules, finds, only: &[], deep: false }
}

/// What proves that nobody acts any more.
fn barriers() -> Vec<Exploration> {
    let s = Scenario::new;
    vec![
        finds(
            &["H4"],
            &[V::DuplicateMachine],
            s(
                "no-target-barrier",
                "an informer of the target has not seen a copy yet, and its machine is made again",
                CALM,
            )
            .without(M::NoTargetBarrier),
        ),
        finds(
            &["Q2"],
            &[V::ActedUnowned],
            s(
                "abort-trusts-old-condition",
                "a slow Paused=True of the first attempt is taken for that of the second",
                Budget { scales: 1, ..TWO },
            )
            .at(Places { users: Some(At::Parent), ..Places::default() })
            .without(M::AbortTrustsOldCondition),
        ),
        finds(
            &["Q2"],
            &[V::ActedUnowned],
            s(
                "barrier-ignores-old-leader",
                "the new leader says Paused=True, and the old one finishes what it began",
                Budget { scales: 1, failovers: 1, ..CALM },
            )
            .without(M::BarrierIgnoresOldLeader),
        ),
        finds(
            &["Q5"],
            &[V::TwoOwners],
            s("no-fence", "a user unpauses a staged copy", Budget { flips: 1, ..CALM }).unfenced(),
        ),
        finds(
            &["Q1"],
            &[V::ForeignPauseLost],
            Scenario {
                user_pauses: true,
                ..s("unpause-ignores-mark", "an abort removes a user's pause", TWO)
            }
            .without(M::UnpauseIgnoresMark),
        ),
    ]
}

/// Writes whose answer was lost.
fn writes() -> Vec<Exploration> {
    let s = Scenario::new;
    let child = Some(At::Child);
    let parent = Some(At::Parent);
    vec![
        finds(
            &["H2", "H3"],
            &[V::LostInSilence, V::DuplicateMachine],
            s(
                "read-settles-record",
                "Activating is unknown, a read shows Staged, staging goes on, and the write lands",
                Budget { delays: 1, duplicates: 1, scales: 1, crashes: 1, ..CALM },
            )
            .unfenced()
            .prompt()
            .at(Places { crashes: child, delays: child, users: parent, duplicates: child })
            .without(M::ReadSettlesRecord),
        ),
        finds(
            &["H2"],
            &[V::LostInSilence],
            s(
                "read-settles-update",
                "an old update of a copy lands after the copies were counted",
                Budget { delays: 1, scales: 2, crashes: 2, ..CALM },
            )
            .unfenced()
            .prompt()
            .at(Places { crashes: None, delays: child, users: parent, duplicates: None })
            .without(M::ReadSettlesObject),
        ),
    ]
}

/// Writes of an attempt that was given up.
fn late_writes() -> Vec<Exploration> {
    let s = Scenario::new;
    let parent = Some(At::Parent);
    vec![
        finds(
            &["H2"],
            &[V::TwoOwners],
            s(
                "read-settles-create",
                "a copy is created after the abort has removed all",
                Budget { delays: 1, ..TWO },
            )
            .unfenced()
            .without(M::ReadSettlesObject),
        ),
        finds(
            &["Q1"],
            &[V::TwoOwners],
            s(
                "unguarded-unpause",
                "the unpause of the first attempt lands in the second",
                Budget { delays: 1, ..TWO },
            )
            .at(Places { delays: parent, ..Places::default() })
            .without(M::UnguardedUnpause),
        ),
        finds(
            &["H3"],
            &[V::TwoOwners],
            s(
                "abort-on-unknown-commit",
                "a commit whose answer was lost is aborted, and lands",
                Budget { delays: 1, crashes: 1, timeouts: 1, ..CALM },
            )
            .prompt()
            .without(M::AbortOnUnknownCommit),
        ),
    ]
}

/// What is recorded, and when.
fn records() -> Vec<Exploration> {
    let s = Scenario::new;
    vec![
        finds(
            &["H5"],
            &[V::LostInSilence],
            s(
                "last-reading-not-recorded",
                "the target activates one last reading, the source cleans up by another",
                Budget { crashes: 1, scales: 1, ..CALM },
            )
            .unfenced()
            .without(M::LastReadingNotRecorded),
        ),
        finds(
            &["H8"],
            &[V::TwoOwners],
            s(
                "witness-raised-late",
                "a store from before the commit acts, since the witness knew nothing of it",
                Budget { parent_restores: 1, ..CALM },
            )
            .without(M::WitnessRaisedLate),
        ),
        finds(
            &["R2"],
            &[V::NoProgress, V::QuietWithoutOwner],
            s(
                "outcome-dropped",
                "the record of the next move replaces the one that answers MoveComplete",
                Budget { unpivots: 1, losses: 1, crashes: 1, ..CALM },
            )
            .without(M::OutcomeDropped),
        ),
        finds(
            &["A2"],
            &[V::NoProgress],
            s(
                "ack-not-recorded",
                "nobody can say any more how the move ended",
                Budget { losses: 1, crashes: 1, ..CALM },
            )
            .without(M::AckNotRecorded),
        ),
    ]
}

/// What one side makes of what the other says.
fn claims() -> Vec<Exploration> {
    let s = Scenario::new;
    vec![
        finds(
            &["H10"],
            &[V::TwoOwners],
            s(
                "takeover-without-proof",
                "a takeover while the source works",
                Budget { takeovers: 1, timeouts: 1, ..CALM },
            )
            .without(M::TakeoverWithoutProof),
        ),
        finds(
            &["R3"],
            &[V::LastCopyDeleted],
            s(
                "no-record-means-abort",
                "the parent lost its store, and the child removes the last copies",
                Budget { amnesias: 1, ..CALM },
            )
            .without(M::NoRecordMeansAbort),
        ),
        finds(
            &["R2"],
            &[V::NoProgress, V::QuietWithoutOwner],
            s(
                "finished-source-is-silent",
                "a restored target asks, and nobody answers",
                Budget { child_restores: 1, ..CALM },
            )
            .without(M::FinishedSourceIsSilent),
        ),
        finds(
            &["H7"],
            &[V::QuietWithoutOwner],
            Scenario {
                both_own: true,
                ..s(
                    "both-pause",
                    "two owners of one epoch meet, and both give in",
                    Budget { pivots: 0, ..CALM },
                )
            }
            .without(M::BothPause),
        ),
    ]
}

/// What comes before what.
fn orders() -> Vec<Exploration> {
    let s = Scenario::new;
    let late_write = Budget { scales: 1, ..CALM };
    vec![
        finds(
            &["C1"],
            &[V::LostInSilence],
            s("clean-up-reads-afresh", "a late write is deleted with what it changed", late_write)
                .unfenced()
                .without(M::CleanUpReadsAfresh),
        ),
        finds(
            &["I7"],
            &[V::DuplicateMachine, V::MachineForgotten],
            s("deleting-is-gone", "a Machine that is being deleted is not carried", Budget { deletes: 1, ..CALM })
                .unfenced()
                .without(M::DeletingIsGone),
        ),
        finds(
            &["H5"],
            &[V::LostInSilence, V::DuplicateMachine],
            s("no-recount", "what is activated was never counted", late_write).unfenced().without(M::NoRecount),
        ),
        finds(
            &["O4", "C1"],
            &[V::DeletionReachesInfrastructure, V::TwoOwners],
            s("pause-holder-first", "the Cluster goes first, and its objects count as unpaused", CALM)
                .without(M::PauseHolderFirst),
        ),
        finds(
            &["Q2", "H5"],
            &[V::ActedUnowned],
            s("pause-late", "the pause comes just before MoveComplete, and nothing is read after it", late_write)
                .without(M::PauseLate),
        ),
        finds(
            &["H5"],
            &[],
            s(
                "no-last-reading",
                "nothing breaks: late writes are then reported instead of carried, which another check must see",
                late_write,
            )
            .unfenced()
            .without(M::NoLastReading),
        ),
    ]
}

/// The end of a move, and of a hold.
fn ends() -> Vec<Exploration> {
    let s = Scenario::new;
    vec![
        finds(
            &["H7"],
            &[V::TwoOwners, V::DuplicateMachine],
            s(
                "resume-without-proof",
                "an operator lets a restored parent go on while the child works",
                Budget { parent_restores: 1, resumes: 1, ..CALM },
            )
            .without(M::ResumeWithoutProof),
        ),
        finds(
            &["I3"],
            &[V::BookkeepingLeft, V::NoProgress],
            s("never-released", "the target is not told that it is released", CALM)
                .without(M::NeverReleased),
        ),
        finds(
            &["H6"],
            &[V::LostInSilence],
            s(
                "vanished-is-deleted",
                "a Machine that a user deleted after the last reading lives on unsaid",
                Budget { vanishes: 1, ..CALM },
            )
            .unfenced()
            .without(M::VanishedIsDeleted),
        ),
    ]
}
