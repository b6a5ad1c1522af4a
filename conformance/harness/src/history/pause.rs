//! Effective pause: an object is paused by `spec.paused` of its Cluster or by its own annotation.
//! An object whose Cluster is gone counts as unpaused, unless it carries the annotation.

use super::change::Change;
use super::facts::Area;
use super::objects::{Objects, Step, Track};
use super::{Key, Side, Write};
use jiff::Timestamp;
use std::collections::HashMap;

/// How an object stands at one side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It is not there.
    Absent,
    /// It is there and paused.
    Paused,
    /// It is there and not paused.
    Unpaused,
    /// It is there; the log does not tell whether it is paused.
    Unknown,
}

/// A time in which the standing stayed the same. It changes somewhere inside of the write that
/// begins or ends it.
#[derive(Clone, Copy, Debug)]
pub struct Span<'h> {
    /// The standing.
    pub standing: Standing,
    /// The write that began it; nothing when it is older than the log.
    pub since: Option<&'h Write>,
    /// The write that ended it; nothing when it outlasts the log.
    pub until: Option<&'h Write>,
}

impl Span<'_> {
    /// From when to when it certainly lasted, open where the log does not bound it.
    #[must_use]
    pub fn certain(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        (self.since.map(|write| write.completed), self.until.map(|write| write.received))
    }

    /// From when to when it can have lasted at most.
    #[must_use]
    pub fn possible(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        (self.since.map(|write| write.received), self.until.map(|write| write.completed))
    }
}

/// How an object stood at a side, over the whole log of it.
#[must_use]
pub fn spans<'h>(objects: &Objects<'h>, side: Side, key: &Key) -> Vec<Span<'h>> {
    let Some(own) = objects.track(side, key) else {
        return unseen(objects, side, key);
    };
    let cluster = objects.cluster_of(side, key).filter(|cluster| *cluster != key);
    let cluster = cluster.and_then(|cluster| objects.track(side, cluster));
    let mut stands = Stands::before(own, cluster, key.is_cluster());
    let mut turns: Vec<(&Step<'h>, bool)> = own.steps.iter().map(|step| (step, true)).collect();
    turns.extend(cluster.into_iter().flat_map(|track| &track.steps).map(|step| (step, false)));
    turns.sort_by_key(|(step, _)| step.write.received);
    let mut spans = vec![Span { standing: stands.standing(), since: None, until: None }];
    for (step, is_own) in turns {
        stands.turn(step, is_own);
        extend(&mut spans, stands.standing(), step.write);
    }
    spans
}

/// An object that nothing was written to in the log of its side: it may be there, and then stands
/// as its Cluster does, as far as that is known.
fn unseen<'h>(objects: &Objects<'h>, side: Side, key: &Key) -> Vec<Span<'h>> {
    let untold = Span { standing: Standing::Unknown, since: None, until: None };
    let cluster = objects.cluster_of(side, key).filter(|cluster| *cluster != key);
    match cluster.filter(|cluster| objects.track(side, cluster).is_some()) {
        None => vec![untold],
        Some(cluster) => spans(objects, side, cluster)
            .into_iter()
            .map(|span| match span.standing {
                Standing::Paused => span,
                _ => Span { standing: Standing::Unknown, ..span },
            })
            .collect(),
    }
}

fn extend<'h>(spans: &mut Vec<Span<'h>>, standing: Standing, write: &'h Write) {
    let Some(last) = spans.last_mut() else {
        return;
    };
    if last.standing != standing {
        last.until = Some(write);
        spans.push(Span { standing, since: Some(write), until: None });
    }
}

/// What decides the standing of one object.
#[derive(Clone, Copy, Debug)]
struct Stands {
    is_cluster: bool,
    exists: bool,
    annotated: bool,
    /// Whether its Cluster is there; unknown when nothing was written to it.
    held: Option<bool>,
    /// `spec.paused` of its Cluster.
    paused: Option<bool>,
}

impl Stands {
    fn before(own: &Track<'_>, cluster: Option<&Track<'_>>, is_cluster: bool) -> Self {
        let holder = if is_cluster { Some(own) } else { cluster };
        Self {
            is_cluster,
            exists: own.older_than_log(),
            annotated: false,
            held: holder.map(Track::older_than_log),
            paused: holder.and_then(paused_before),
        }
    }

    fn turn(&mut self, step: &Step<'_>, is_own: bool) {
        if is_own {
            self.exists = step.exists;
            self.annotated = step.state.facts.paused_annotation.unwrap_or(self.annotated);
        }
        if is_own == self.is_cluster {
            self.held = Some(step.exists);
            self.paused = step.state.facts.spec_paused;
        }
    }

    fn standing(self) -> Standing {
        match (self.exists, self.annotated, self.held, self.paused) {
            (false, ..) => Standing::Absent,
            (true, true, ..) | (true, _, Some(true), Some(true)) => Standing::Paused,
            (true, _, Some(false), _) | (true, _, Some(true), Some(false)) => Standing::Unpaused,
            (true, _, None, _) | (true, _, _, None) => Standing::Unknown,
        }
    }
}

/// Whether a Cluster was paused before the log: known when the first write to it does not touch
/// the pause but its answer shows it.
fn paused_before(cluster: &Track<'_>) -> Option<bool> {
    let first = cluster.steps.first()?;
    let before = first.change != Change::Birth && !first.write.told.touches(Area::Pause);
    first.state.facts.spec_paused.filter(|_| before)
}

/// The effective pause of an object after each write to it.
#[derive(Debug)]
pub(crate) struct Effective {
    after: HashMap<*const Write, bool>,
}

impl Effective {
    pub(crate) fn new(objects: &Objects<'_>) -> Self {
        let mut after = HashMap::new();
        for side in Side::BOTH {
            for track in objects.of_side(side) {
                let spans = spans(objects, side, &track.key);
                for step in &track.steps {
                    let paused = standing_at(&spans, step.write);
                    if let Some(paused) = paused.filter(|_| step.exists) {
                        after.insert(std::ptr::from_ref(step.write), paused);
                    }
                }
            }
        }
        Self { after }
    }

    pub(crate) fn after(&mut self, write: &Write) -> Option<bool> {
        self.after.remove(&std::ptr::from_ref(write))
    }
}

fn standing_at(spans: &[Span<'_>], write: &Write) -> Option<bool> {
    let begun = |span: &&Span<'_>| span.since.is_none_or(|since| since.received <= write.received);
    match spans.iter().rev().find(begun)?.standing {
        Standing::Paused => Some(true),
        Standing::Unpaused => Some(false),
        Standing::Absent | Standing::Unknown => None,
    }
}
