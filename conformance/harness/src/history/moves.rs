//! Finds the hand-overs in a history by what every mover must do: pause the source, create copies
//! on the target, unpause the target, delete at the source. No program is known by its name.

use super::change::Change;
use super::facts::Area;
use super::objects::{Objects, Step, Track};
use super::{Actor, Key, Side, Write};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The hand-over of one Cluster from the source to the target.
#[derive(Debug)]
pub struct Move<'h> {
    /// The Cluster.
    pub cluster: Key,
    /// What was created on the target, the Cluster included.
    pub copies: BTreeMap<Key, Copied<'h>>,
    /// The write that paused the source's Cluster for this move; it may be inferred.
    pub source_pause: Option<&'h Write>,
    /// The mover's writes that paused single objects of the source by annotation, before the rest.
    pub early_pauses: Vec<&'h Write>,
    /// The write that unpaused the target's Cluster: from here on the target owns. It may be
    /// inferred.
    pub target_unpause: Option<&'h Write>,
    /// Whether the target's Cluster was created unpaused, so that it owned from then on.
    pub born_unpaused: bool,
    /// The writes with which moved objects went from the source.
    pub removals: Vec<&'h Write>,
    /// Who created copies, paused, unpaused or deleted for the move, by side.
    pub movers: BTreeSet<(Side, Actor)>,
}

/// One copy.
#[derive(Clone, Debug)]
pub struct Copied<'h> {
    /// The write that created it.
    pub created: &'h Write,
    /// The UID at the source, where a log tells.
    pub source_uid: Option<String>,
    /// The UID at the target, where its log tells.
    pub target_uid: Option<String>,
}

impl<'h> Move<'h> {
    /// Whether this actor is a mover at this side.
    #[must_use]
    pub fn is_mover(&self, side: Side, actor: &Actor) -> bool {
        self.movers.iter().any(|(at, mover)| *at == side && mover.is_same(actor))
    }

    /// The first copy.
    #[must_use]
    pub fn first_copy(&self) -> Option<&'h Write> {
        self.copies.values().map(|copy| copy.created).min_by_key(|write| write.received)
    }

    /// The last copy.
    #[must_use]
    pub fn last_copy(&self) -> Option<&'h Write> {
        self.copies.values().map(|copy| copy.created).max_by_key(|write| write.received)
    }

    /// When the move began: its first write on either side.
    #[must_use]
    pub fn began(&self) -> Option<Timestamp> {
        let pause = self.source_pause.into_iter();
        pause.chain(self.first_copy()).map(|write| write.received).min()
    }

    /// When the target owned and every copy was there; by the target's clock.
    #[must_use]
    pub fn taken_over(&self) -> Option<Timestamp> {
        let unpause = self.target_unpause?.completed;
        let last = self.last_copy().filter(|_| self.born_unpaused).map(|copy| copy.completed);
        Some(last.map_or(unpause, |last| last.max(unpause)))
    }
}

/// Every move of a Cluster from source to target.
///
/// A Cluster counts as moved when it is created on the target while the source has it, when its
/// create names a UID of another server, or when it is created paused.
#[must_use]
pub fn recognise<'h>(objects: &Objects<'h>) -> Vec<Move<'h>> {
    if of_one_server(objects).is_some() {
        return Vec::new();
    }
    let clusters = objects.of_side(Side::Target).filter(|track| track.key.is_cluster());
    let other = clusters.filter(|track| has_one_uid(objects, track) != Some(true));
    let mut moves: Vec<Move<'h>> = other.filter_map(|track| begin(objects, track)).collect();
    let candidates = Candidates::of(objects);
    let sole = moves.len() == 1;
    for one in &mut moves {
        add_copies(objects, one, &candidates, sole);
        add_removals(objects, one);
        add_early_pauses(objects, one);
    }
    moves
}

/// A Cluster that has one UID in both logs: they are of one and the same API server. Two servers
/// may share a Cluster, too, when one was restored from a backup of the other; that they are two
/// shows in another Cluster, which has its own UID at each.
pub(crate) fn of_one_server<'o>(objects: &'o Objects<'_>) -> Option<&'o Key> {
    let mut shared = None;
    for track in objects.of_side(Side::Target).filter(|track| track.key.is_cluster()) {
        match has_one_uid(objects, track) {
            Some(true) => shared = shared.or(Some(&track.key)),
            Some(false) => return None,
            None => {}
        }
    }
    shared
}

/// Whether both logs know a Cluster by the same UID; nothing where one of them knows none.
fn has_one_uid(objects: &Objects<'_>, target: &Track<'_>) -> Option<bool> {
    let here: BTreeSet<&str> = target.uids().collect();
    let there: BTreeSet<&str> = objects.track(Side::Source, &target.key)?.uids().collect();
    let known = !here.is_empty() && !there.is_empty();
    known.then(|| !here.is_disjoint(&there))
}

/// What can be a copy on the target, by the Cluster that it belongs to.
struct Candidates<'t, 'h> {
    of_cluster: BTreeMap<&'t Key, Vec<&'t Track<'h>>>,
    others: Vec<&'t Track<'h>>,
}

impl<'t, 'h> Candidates<'t, 'h> {
    fn of(objects: &'t Objects<'h>) -> Self {
        let mut found = Self { of_cluster: BTreeMap::new(), others: Vec::new() };
        let counts = |key: &Key| key.is_cluster_api() || key.is_data();
        for track in objects.of_side(Side::Target).filter(|track| counts(&track.key)) {
            match objects.cluster_of(Side::Target, &track.key) {
                Some(cluster) => found.of_cluster.entry(cluster).or_default().push(track),
                None => found.others.push(track),
            }
        }
        found
    }
}

/// Whether a Cluster of the target was copied to the source: the logs may be exchanged.
pub(crate) fn goes_back(objects: &Objects<'_>) -> bool {
    let mut clusters = objects.of_side(Side::Source).filter(|track| track.key.is_cluster());
    clusters.any(|track| track.births().any(|birth| is_copy(objects, Side::Target, track, birth)))
}

fn begin<'h>(objects: &Objects<'h>, track: &Track<'h>) -> Option<Move<'h>> {
    let births: Vec<&Step<'h>> =
        track.births().filter(|birth| is_copy(objects, Side::Source, track, birth)).collect();
    // Of several attempts the one that came to own, else the last.
    let owned = births.iter().find(|birth| unpause_after(track, birth).is_some());
    let birth = owned.or(births.last())?;
    let target_unpause = unpause_after(track, birth);
    let source = objects.track(Side::Source, &track.key);
    let source_pause = source.and_then(|source| pause_for(source, target_unpause));
    let mut movers = BTreeSet::from([(Side::Target, birth.write.actor.clone())]);
    let turns = [(Side::Target, target_unpause), (Side::Source, source_pause)];
    let done = turns.into_iter().filter_map(|(side, write)| Some((side, write?)));
    let seen = done.filter(|(_, write)| is_act(write));
    movers.extend(seen.map(|(side, write)| (side, write.actor.clone())));
    Some(Move {
        cluster: track.key.clone(),
        copies: BTreeMap::new(),
        source_pause,
        early_pauses: Vec::new(),
        target_unpause,
        born_unpaused: target_unpause.is_some_and(|write| std::ptr::eq(write, birth.write)),
        removals: Vec::new(),
        movers,
    })
}

/// Whether somebody is seen to pause or unpause with this write: it does not merely show what a
/// write did that the log has lost.
fn is_act(write: &Write) -> bool {
    !write.inferred && (write.creates() || write.told.touches(Area::Pause))
}

/// Whether a creation names the UID that another server gave.
pub(crate) fn carries_foreign_uid(write: &Write) -> bool {
    write.named_uid.is_some() && write.named_uid != write.uid
}

/// Whether a creation of the Cluster on the target made a copy: the source had it, or the request
/// names another server's UID, or it came into the world paused. (The clocks may be wrong, so that
/// the source seems to have it later only.)
fn is_copy(objects: &Objects<'_>, from: Side, track: &Track<'_>, birth: &Step<'_>) -> bool {
    let write = birth.write;
    let foreign = carries_foreign_uid(write);
    let paused = birth.state.facts.spec_paused == Some(true);
    match objects.track(from, &track.key) {
        Some(original) => foreign || paused || original.existed_before(write.completed),
        None if objects.history().has(from) => foreign,
        None => foreign || paused,
    }
}

/// The write that ended the pause of a copy of the Cluster, or its birth when it was born
/// without one.
fn unpause_after<'h>(track: &Track<'h>, birth: &Step<'h>) -> Option<&'h Write> {
    let life = track.steps.iter().skip_while(|step| !std::ptr::eq(step.write, birth.write));
    let mut life = life.take_while(|step| step.exists);
    let unpaused = |step: &&Step<'h>| step.state.facts.spec_paused == Some(false);
    life.find(unpaused).map(|step| step.write)
}

/// The pause that the unpause of the target rests on: the last one before it, or, when the source
/// was paused too late, the first one after it.
fn pause_for<'h>(source: &Track<'h>, unpause: Option<&Write>) -> Option<&'h Write> {
    let mut paused = None;
    // Each pause, and whether it was taken back before the target came to own.
    let mut pauses: Vec<(&'h Write, bool)> = Vec::new();
    for step in &source.steps {
        let now = step.state.facts.spec_paused;
        let told = &step.write.told;
        let sets = told.spec_paused == Some(true) && told.touches(Area::Pause);
        if sets && paused != Some(true) && step.change != Change::Birth {
            pauses.push((step.write, false));
        }
        let early = unpause.is_some_and(|end| step.write.completed < end.received);
        if let Some(last) = pauses.last_mut().filter(|_| early && now == Some(false)) {
            last.1 = true;
        }
        paused = now;
    }
    let end = unpause.map(|write| write.completed);
    let before = |write: &&&'h Write| end.is_none_or(|end| write.received <= end);
    let standing: Vec<&'h Write> =
        pauses.into_iter().filter(|(_, ended)| !ended).map(|(write, _)| write).collect();
    standing.iter().rev().find(before).or(standing.first()).copied()
}

fn add_copies<'h>(
    objects: &Objects<'h>,
    one: &mut Move<'h>,
    candidates: &Candidates<'_, 'h>,
    sole: bool,
) {
    let ours = candidates.of_cluster.get(&one.cluster);
    // Of the library only a sole move is known to have copied it.
    let others = Some(&candidates.others).filter(|_| sole);
    // In the order of their keys: who makes one copy is known as a mover when the next is asked.
    let mut tracks: Vec<&Track<'h>> =
        [ours, others].into_iter().flatten().flatten().copied().collect();
    tracks.sort_by(|one, other| one.key.cmp(&other.key));
    for track in tracks {
        if let Some(birth) = copy_of(objects, one, track) {
            one.movers.insert((Side::Target, birth.write.actor.clone()));
            one.copies.insert(track.key.clone(), copied(objects, track, birth));
        }
    }
}

/// The write that created a copy: by a mover, or of an object that the source has, before the
/// target owned. Others create objects of their own in both clusters; those do not count.
fn copy_of<'t, 'h>(
    objects: &Objects<'h>,
    one: &Move<'h>,
    track: &'t Track<'h>,
) -> Option<&'t Step<'h>> {
    // When an unpause that was lost came is known too badly to tell copies by it.
    let end = one.target_unpause.filter(|unpause| !one.born_unpaused && !unpause.inferred);
    let before = |step: &&Step<'h>| end.is_none_or(|end| step.write.received <= end.received);
    let birth = track.births().filter(before).last()?;
    let write = birth.write;
    let source = objects.track(Side::Source, &track.key);
    let at_source = source.is_some_and(|source| source.existed_before(write.completed));
    let by_mover = one.is_mover(Side::Target, &write.actor);
    let moves = if track.key.is_cluster_api() {
        by_mover || (at_source && !write.actor.is_controller())
    } else {
        by_mover && (at_source || objects.cluster_of(Side::Target, &track.key).is_some())
    };
    moves.then_some(birth)
}

fn copied<'h>(objects: &Objects<'h>, track: &Track<'h>, birth: &Step<'h>) -> Copied<'h> {
    let write = birth.write;
    let source = objects.track(Side::Source, &track.key);
    let seen = source.and_then(|source| source.uids().last().map(str::to_owned));
    let sent = write.named_uid.clone().filter(|uid| Some(uid) != write.uid.as_ref());
    let answered = birth.write.uid.clone();
    let later = || track.uids().last().map(str::to_owned);
    Copied { created: write, source_uid: seen.or(sent), target_uid: answered.or_else(later) }
}

/// Adds with which writes the originals went, and who asked for it. Whoever deletes what moved is a
/// mover, under whatever name: but for controllers, which finish what others asked for and delete
/// what their owner no longer wants.
fn add_removals<'h>(objects: &Objects<'h>, one: &mut Move<'h>) {
    // By the source's own clock, where the pause tells.
    let pause = one.source_pause.map(|pause| pause.received);
    let Some(began) = pause.or(one.began()) else {
        return;
    };
    for key in one.copies.keys() {
        let Some(track) = objects.track(Side::Source, key) else {
            continue;
        };
        let later = track.steps.iter().filter(|step| step.write.received >= began);
        let asked = |step: &&Step<'h>| step.change == Change::DeletionAsked;
        let Some(death) = later.clone().find(|step| step.change == Change::Death) else {
            continue;
        };
        one.removals.push(death.write);
        let life = later.take_while(|step| !std::ptr::eq(step.write, death.write));
        let asks = life.filter(asked).last();
        let removers = [asks, Some(death)].into_iter().flatten().map(|step| &step.write.actor);
        let removers = removers.filter(|actor| !actor.is_controller());
        one.movers.extend(removers.map(|actor| (Side::Source, actor.clone())));
    }
    one.movers.retain(|(_, actor)| !actor.is_kubernetes());
    one.removals.sort_by_key(|write| write.received);
}

fn add_early_pauses<'h>(objects: &Objects<'h>, one: &mut Move<'h>) {
    let Some(pause) = one.source_pause else {
        return;
    };
    let early = |write: &&Write| {
        write.told.paused_annotation == Some(true)
            && write.told.touches(Area::Annotations)
            && write.received < pause.received
            && one.is_mover(Side::Source, &write.actor)
    };
    let tracks = one.copies.keys().filter_map(|key| objects.track(Side::Source, key));
    let mut found: Vec<&'h Write> =
        tracks.filter_map(|track| track.steps.iter().map(|step| step.write).find(early)).collect();
    found.sort_by_key(|write| write.received);
    one.early_pauses = found;
}
