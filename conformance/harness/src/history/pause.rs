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
    let mut spans = vec![Span { standing: stands.standing(), since: None, until: None }];
    for (step, is_own) in turns(own, cluster) {
        stands.turn(step, is_own);
        extend(&mut spans, stands.standing(), step.write);
    }
    spans
}

/// The steps of an object and of its Cluster in one order, and whether each is the object's own.
fn turns<'t, 'h>(own: &'t Track<'h>, cluster: Option<&'t Track<'h>>) -> Vec<(&'t Step<'h>, bool)> {
    let mut own = own.steps.iter().peekable();
    let others = cluster.map(|cluster| cluster.steps.as_slice()).unwrap_or_default();
    let mut others = others.iter().peekable();
    let mut turns = Vec::new();
    loop {
        let is_own = match (own.peek(), others.peek()) {
            (Some(step), Some(other)) => !other.write.is_earlier(step.write),
            (step, _) => step.is_some(),
        };
        let step = if is_own { own.next() } else { others.next() };
        match step {
            Some(step) => turns.push((step, is_own)),
            None => return turns,
        }
    }
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
    /// Whether it bears the annotation; unknown where no body shows it.
    annotated: Option<bool>,
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
            annotated: annotated_before(own),
            held: holder.map(Track::older_than_log),
            paused: holder.and_then(paused_before),
        }
    }

    fn turn(&mut self, step: &Step<'_>, is_own: bool) {
        if is_own {
            self.exists = step.exists;
            self.annotated = step.state.facts.paused_annotation;
        }
        if is_own == self.is_cluster {
            self.held = Some(step.exists);
            self.paused = step.state.facts.spec_paused;
        }
    }

    fn standing(self) -> Standing {
        let by_cluster = match (self.held, self.paused) {
            (Some(true), paused) => paused,
            (held, _) => held,
        };
        match (self.exists, self.annotated, by_cluster) {
            (false, ..) => Standing::Absent,
            (true, Some(true), _) | (true, _, Some(true)) => Standing::Paused,
            (true, Some(false), Some(false)) => Standing::Unpaused,
            (true, None, _) | (true, _, None) => Standing::Unknown,
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

/// Whether an object bore the annotation before the log: known when the first write to it does not
/// touch its annotations but its answer shows them.
fn annotated_before(own: &Track<'_>) -> Option<bool> {
    let first = own.steps.first()?;
    let before = first.change != Change::Birth && !first.write.told.touches(Area::Annotations);
    first.state.facts.paused_annotation.filter(|_| before)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::build::{MOVER, Story, key, pivot};

    /// How the source's Machine stands at the end when its Cluster goes before it.
    fn left_behind(story: Story) -> Standing {
        let story = story
            .without(|write| write.side == Side::Source && write.told.gone)
            .at(5_000)
            .delete(Side::Source, MOVER, "Cluster c1");
        let history = story.history();
        let objects = Objects::of(&history);
        let spans = spans(&objects, Side::Source, &key("Machine m1"));
        spans.last().expect("there is one at least").standing
    }

    #[test]
    fn what_no_cluster_holds_is_unpaused_when_it_bears_no_annotation() {
        assert_eq!(left_behind(pivot()), Standing::Unpaused);
    }

    #[test]
    fn an_annotation_that_no_body_shows_is_unknown() {
        let bare = |write: &Write| write.side == Side::Source && write.object == key("Machine m1");
        let story = pivot().changed(bare, |write| {
            write.told.touched = None;
            write.told.paused_annotation = None;
        });
        assert_eq!(left_behind(story), Standing::Unknown);
    }
}
