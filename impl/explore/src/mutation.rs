//! Rules taken out, one at a time: the same role machines behind a driver that breaks the rule.
//!
//! No rule is switched off inside the machine. What a rule forbids shows at its boundary: an effect
//! that is performed otherwise than asked for, or an input that is not true.

/// A rule that a driver breaks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Mutation {
    /// H4: the target's barrier is passed without looking.
    NoTargetBarrier,
    /// Q2: an abort takes the conditions as it finds them, and proves nothing.
    AbortTrustsOldCondition,
    /// Q2: a barrier does not mind a leader that has just lost its lease.
    BarrierIgnoresOldLeader,
    /// H2, H3: the fate of a record write is read off the record.
    ReadSettlesRecord,
    /// H2: the fate of a write to an object is read off the object.
    ReadSettlesObject,
    /// Q1: the unpause carries no guard.
    UnguardedUnpause,
    /// H5: the last reading is not recorded; a source that starts again reads afresh.
    LastReadingNotRecorded,
    /// C1: the clean-up deletes whatever it finds at that moment.
    CleanUpReadsAfresh,
    /// Q1: the abort removes every pause.
    UnpauseIgnoresMark,
    /// H10: a takeover is granted though the other side works.
    TakeoverWithoutProof,
    /// I3: the source does not say that it has released the target.
    NeverReleased,
    /// H6: what is missing at the first look of the clean-up is taken for deleted by the mover.
    VanishedIsDeleted,
    /// H7: a hold is ended though the other side works.
    ResumeWithoutProof,
    /// H8: the witness is raised only when the ack is there.
    WitnessRaisedLate,
    /// R3: "no record" is taken for an abort.
    NoRecordMeansAbort,
    /// R2: a source that has finished answers no question any more.
    FinishedSourceIsSilent,
    /// R2: the next move's record drops how the last one ended.
    OutcomeDropped,
    /// I7: an object that is being deleted is taken for gone.
    DeletingIsGone,
    /// H3: an unknown commit is taken for none, and the attempt is aborted.
    AbortOnUnknownCommit,
    /// H5: nothing is counted again after the commit.
    NoRecount,
    /// O4: the clean-up deletes the Cluster first.
    PauseHolderFirst,
    /// The chapter's own order: the pause comes just before MoveComplete, and nothing is read after.
    PauseLate,
    /// H7: of two owners of equal epochs both pause.
    BothPause,
    /// A2: the result of the verification is not recorded.
    AckNotRecorded,
    /// H5: no last reading after the commit; late writes are reported, not carried.
    NoLastReading,
}
