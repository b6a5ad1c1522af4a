//! What one write changed of its object.

use super::facts::{Area, Facts};
use super::objects::State;
use super::{Verb, Write};
use std::collections::BTreeSet;

/// What one write changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// It brought the object into being.
    Birth,
    /// The object went with it.
    Death,
    /// It asked for the deletion of an object that has finalizers.
    DeletionAsked,
    /// Nothing: the object was so before.
    Nothing,
    /// Only who pauses it: `spec.paused` or the annotation.
    Pause,
    /// Only the condition `Paused`.
    PausedCondition,
    /// Only finalizers.
    Finalizers,
    /// Only other parts of `status`.
    Status,
    /// These parts.
    Content(BTreeSet<Area>),
    /// The log does not hold the body.
    Unknown,
}

impl Change {
    /// What `write` changed between two states.
    #[must_use]
    pub fn of(before: &State, write: &Write, after: &State, exists: bool) -> Self {
        if write.creates() {
            return Self::Birth;
        }
        if !exists {
            return Self::Death;
        }
        if matches!(write.verb, Verb::Delete | Verb::DeleteCollection) {
            return Self::DeletionAsked;
        }
        let version = write.resource_version;
        if version.is_some() && version == before.resource_version {
            return Self::Nothing;
        }
        match &write.told.touched {
            None => Self::Unknown,
            Some(touched) => Self::between(&before.facts, touched, &after.facts),
        }
    }

    fn between(before: &Facts, touched: &BTreeSet<Area>, after: &Facts) -> Self {
        let changed = |area: &Area| touched.contains(area) && !area.is_same(before, after);
        let areas: BTreeSet<Area> = Area::ALL.into_iter().filter(changed).collect();
        let annotated = before.paused_annotation != after.paused_annotation
            && touched.contains(&Area::Annotations);
        let paused = before.paused_condition != after.paused_condition;
        let mut rest: Vec<Area> = areas.iter().copied().collect();
        // Nothing is known of the other conditions as they were: the turn of `Paused` explains it.
        if paused && before.conditions.is_none() {
            rest.retain(|area| *area != Area::Conditions);
        }
        match rest.as_slice() {
            [] if annotated => Self::Pause,
            [] if paused => Self::PausedCondition,
            [] => Self::Nothing,
            [Area::Pause] => Self::Pause,
            [Area::Finalizers] => Self::Finalizers,
            rest if rest.iter().all(|area| matches!(area, Area::Conditions | Area::Status)) => {
                Self::Status
            }
            _ => Self::Content(areas),
        }
    }

    /// In plain words, to be followed by the object: `changed spec and labels of`.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Birth => "created".into(),
            Self::Death => "removed".into(),
            Self::DeletionAsked => "asked to delete".into(),
            Self::Nothing => "sent the same to".into(),
            Self::Pause => "changed the pause of".into(),
            Self::PausedCondition => "wrote the condition Paused of".into(),
            Self::Finalizers => "changed the finalizers of".into(),
            Self::Status => "wrote the status of".into(),
            Self::Content(areas) => {
                let names: Vec<String> = areas.iter().map(Area::to_string).collect();
                format!("changed {} of", names.join(" and "))
            }
            Self::Unknown => "wrote (body not logged) to".into(),
        }
    }
}

impl Area {
    /// Whether both states are known to agree in it.
    fn is_same(self, before: &Facts, after: &Facts) -> bool {
        match self {
            Self::Pause => same(before.spec_paused.as_ref(), after.spec_paused.as_ref()),
            Self::Spec => same(before.spec.as_ref(), after.spec.as_ref()),
            Self::Labels => same(before.labels.as_ref(), after.labels.as_ref()),
            Self::Annotations => same(before.annotations.as_ref(), after.annotations.as_ref()),
            Self::Owners => same(before.owners.as_ref(), after.owners.as_ref()),
            Self::Finalizers => same(before.finalizers.as_ref(), after.finalizers.as_ref()),
            Self::Conditions => same(before.conditions.as_ref(), after.conditions.as_ref()),
            Self::Status => same(before.status.as_ref(), after.status.as_ref()),
        }
    }
}

fn same<T: PartialEq>(before: Option<&T>, after: Option<&T>) -> bool {
    before.is_some() && before == after
}
