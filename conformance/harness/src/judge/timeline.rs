//! What happened, in plain words and few rows.

use crate::checker::{Scene, count, line};
use crate::history::change::Change;
use crate::history::facts::Area;
use crate::history::moves::Move;
use crate::history::objects::{Step, Track};
use crate::history::{InfrastructureAction, InfrastructureVerb, Key, Side, Write};
use crate::verdict::Line;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// How many rows a timeline has at most.
const ROWS: usize = 25;

/// The timeline of all moves in a scene.
pub(super) fn of(scene: &Scene<'_>) -> Vec<Line> {
    let mut rows = Vec::new();
    for one in &scene.moves {
        rows.extend(hand_over(scene, one));
    }
    let room = ROWS.saturating_sub(rows.len() + 1);
    let mut others = around(scene);
    others.extend(infrastructure(scene));
    others.sort_by_key(|row| row.at);
    others.dedup();
    let left_out = others.split_off(room.min(others.len()));
    rows.extend(others);
    rows.sort_by_key(|row| row.at);
    rows.truncate(ROWS - 1);
    rows.extend(
        left_out
            .into_iter()
            .next()
            .map(|row| Line { what: "more followed, which is left out here".into(), ..row }),
    );
    rows
}

/// The steps of the hand-over itself.
fn hand_over(scene: &Scene<'_>, one: &Move<'_>) -> Vec<Line> {
    let name = scene.objects.name(&one.cluster);
    let mut rows = Vec::new();
    let mut row = |write: Option<&Write>, what: String| {
        rows.extend(write.map(|write| line(write, what)));
    };
    row(one.source_pause, format!("paused the source's {name}"));
    let (first, last) = (one.first_copy(), one.last_copy());
    let of = |write: Option<&Write>| write.map(|write| scene.objects.name(&write.object));
    row(first, format!("began to create copies on the target: {}", of(first).unwrap_or_default()));
    row(
        last.filter(|_| one.copies.len() > 1),
        format!(
            "created the last of {}: {}",
            count(one.copies.len(), "object"),
            of(last).unwrap_or_default()
        ),
    );
    row(one.target_unpause, format!("unpaused the target's {name}: the target owns"));
    let removals = (one.removals.first().copied(), one.removals.last().copied());
    row(
        removals.0,
        format!("began to delete at the source: {}", of(removals.0).unwrap_or_default()),
    );
    row(
        removals.1.filter(|_| one.removals.len() > 1),
        format!(
            "deleted the last of {} at the source: {}",
            count(one.removals.len(), "object"),
            of(removals.1).unwrap_or_default()
        ),
    );
    rows.extend(one.early_pauses.iter().map(|write| {
        let name = scene.objects.name(&write.object);
        line(write, format!("paused the source's {name} early, by annotation"))
    }));
    rows.extend(shown(scene, one, Side::Source, true, one.source_pause));
    rows.extend(shown(scene, one, Side::Target, true, one.first_copy()));
    rows.extend(shown(scene, one, Side::Target, false, one.target_unpause));
    rows
}

/// When the last object of a side showed the condition `Paused` with this status.
fn shown(
    scene: &Scene<'_>,
    one: &Move<'_>,
    side: Side,
    paused: bool,
    since: Option<&Write>,
) -> Option<Line> {
    let since = since?.received;
    let end = one.target_unpause.filter(|_| paused).map(|unpause| unpause.received);
    let first = |track: &Track<'_>| {
        let shows = |step: &&Step<'_>| {
            let at = step.write.received;
            let within = at >= since && end.is_none_or(|end| at < end);
            within && step.write.told.paused_condition == Some(paused)
        };
        track.steps.iter().find(shows).map(|step| step.write.received)
    };
    let tracks: Vec<&Track<'_>> =
        one.copies.keys().filter_map(|key| scene.objects.track(side, key)).collect();
    let times: Vec<Timestamp> = tracks.iter().filter_map(|track| first(track)).collect();
    let what = if paused { "Paused=True" } else { "Paused=False" };
    times.iter().max().map(|last| Line {
        at: *last,
        cluster: side.to_string(),
        actor: "controllers".into(),
        what: format!("had shown {what} on {}", count(times.len(), "object")),
    })
}

/// What else happened to the objects of a cluster from the beginning of its move on.
fn around(scene: &Scene<'_>) -> Vec<Line> {
    let mut moves: BTreeMap<&Key, (&Move<'_>, Timestamp)> = BTreeMap::new();
    for one in &scene.moves {
        moves.extend(one.began().map(|began| (&one.cluster, (one, began))));
    }
    let mut rows = Vec::new();
    for side in Side::BOTH {
        for track in scene.objects.of_side(side) {
            let cluster = scene.objects.cluster_of(side, &track.key);
            let Some((one, began)) = cluster.and_then(|cluster| moves.get(cluster)) else {
                continue;
            };
            let later = track.steps.iter().filter(|step| step.write.received >= *began);
            let others = later.filter(|step| !one.is_mover(side, &step.write.actor));
            rows.extend(others.filter_map(|step| tell(scene, &track.key, step)));
        }
    }
    rows
}

/// Steps that are worth a row: Machines that come and go, and what somebody asks for.
fn tell(scene: &Scene<'_>, key: &Key, step: &Step<'_>) -> Option<Line> {
    let actor = &step.write.actor;
    let machine = key.group == "cluster.x-k8s.io" && key.resource == "machines";
    let ends = matches!(step.change, Change::Death | Change::DeletionAsked);
    let whole = key.is_cluster() && ends;
    let collected = actor.is_kubernetes() && ends && key.is_cluster_api();
    if (machine && (ends || step.change == Change::Birth)) || whole || collected {
        return Some(scene.line(step));
    }
    let asked = !actor.is_controller() && !actor.is_kubernetes();
    match (&step.change, step.write.told.replicas) {
        (Change::Content(areas), Some(replicas)) if asked && areas.contains(&Area::Spec) => {
            let what = format!(
                "asked for {replicas} {} of {}",
                if replicas == 1 { "replica" } else { "replicas" },
                scene.objects.name(key)
            );
            Some(line(step.write, what))
        }
        (Change::Content(_) | Change::Pause, _) if asked => Some(scene.line(step)),
        _ => None,
    }
}

/// Machines made, removed and killed from the beginning of the first move to the end of the logs.
fn infrastructure(scene: &Scene<'_>) -> Vec<Line> {
    let began = scene.moves.iter().filter_map(Move::began).min();
    let end = scene.history().span(Side::Target).map(|(_, end)| end);
    let counts = |action: &&InfrastructureAction| {
        let told = !matches!(action.action, InfrastructureVerb::Start | InfrastructureVerb::Stop);
        let within = began.is_some() && began <= Some(action.at) && Some(action.at) <= end;
        action.kind == "machine" && told && within
    };
    scene.history().infrastructure().filter(counts).map(crate::checker::line_of_action).collect()
}
