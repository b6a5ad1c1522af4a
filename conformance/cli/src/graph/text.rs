//! The plan in words: levels with the order of import and the owners, then what stays and why.

use super::Direction;
use super::plan::{Names, full_name, objects};
use fulcrum_harness::tell::WIDTH;
use fulcrum_harness::tell::layout::wrap;
use fulcrum_reference::graph::{ClusterPlan, GraphReport, Left, LeftOwners, PlannedObject};
use std::collections::BTreeMap;

/// Clusters one after the other, then what none of them selects.
pub(super) fn render(report: &GraphReport, order: Direction) -> String {
    let mut lines = Vec::new();
    for plan in &report.clusters {
        cluster(plan, order, &mut lines);
        left_owners(plan, &mut lines);
    }
    refused(&report.refused, &mut lines);
    unselected(&report.unselected, &mut lines);
    for note in &report.notes {
        lines.extend(wrap(&format!("Note: {note}"), WIDTH));
    }
    if !report.notes.is_empty() {
        lines.push(String::new());
    }
    // Names come from files that anybody may have written, and a terminal obeys control characters.
    lines.join("\n").replace(|letter: char| letter.is_control() && letter != '\n', "")
}

fn cluster(plan: &ClusterPlan, order: Direction, lines: &mut Vec<String>) {
    let words = match order {
        Direction::Import => "in the order of import",
        Direction::Deletion => "in the order of deletion, numbered by the order of import",
    };
    lines.push(format!(
        "Cluster {}: {} objects in {} levels, {words}",
        plan.cluster,
        objects(plan).count(),
        plan.levels.len()
    ));
    let table = Table::of(plan);
    lines.push(table.row("", "KIND", "NAME", "OWNED BY"));
    for (index, level) in plan.levels.iter().enumerate() {
        let level_number = match order {
            Direction::Import => index + 1,
            Direction::Deletion => plan.levels.len() - index,
        };
        lines.push(format!("level {level_number}"));
        lines.extend(level.iter().map(|object| table.object(object, order)));
    }
    lines.push(String::new());
}

/// The columns of one Cluster's objects.
struct Table<'a> {
    names: Names<'a>,
    kind: usize,
    name: usize,
}

impl<'a> Table<'a> {
    fn of(plan: &'a ClusterPlan) -> Self {
        let kind = objects(plan).map(|object| object.kind.chars().count());
        let name = objects(plan).map(|object| full_name(object).chars().count());
        Self {
            names: Names::of(plan),
            kind: kind.max().unwrap_or_default(),
            name: name.max().unwrap_or_default(),
        }
    }

    fn row(&self, position: &str, kind: &str, name: &str, owners: &str) -> String {
        let (kind_width, name_width) = (self.kind, self.name);
        let row = format!("{position:>5}  {kind:<kind_width$}  {name:<name_width$}  {owners}");
        row.trim_end().to_owned()
    }

    fn object(&self, object: &PlannedObject, order: Direction) -> String {
        let owners: Vec<String> = object.owners.iter().map(|owner| self.owner(owner)).collect();
        let mut last = match owners.as_slice() {
            [] => format!("({})", object.selected_by),
            owners => owners.join(", "),
        };
        if object.library {
            last.push_str(match order {
                Direction::Import => " (library: copied, never paused)",
                Direction::Deletion => " (library: stays)",
            });
        }
        let position = object.position.to_string();
        self.row(&position, &object.kind, &full_name(object), &last)
    }

    /// An owner by its number and kind; by its whole name when it is no object of this plan.
    fn owner(&self, owner: &str) -> String {
        match self.names.find(owner) {
            Some(object) => format!("{} {}", object.position, object.kind),
            None => owner.to_owned(),
        }
    }
}

fn left_owners(plan: &ClusterPlan, lines: &mut Vec<String>) {
    if plan.left_owners.is_empty() {
        return;
    }
    lines.push("Owners that do not move, and are left off the copy:".to_owned());
    for left in &plan.left_owners {
        let owner = if left.count == 1 { "owner" } else { "owners" };
        let words = format!("{}, {owner} of {}: {}", named(left), left.object, left.reason);
        lines.extend(indented(&words));
    }
    lines.push(String::new());
}

/// The owners that are named, and how many more there are.
fn named(left: &LeftOwners) -> String {
    let names = left.owners.join(", ");
    match left.count.saturating_sub(left.owners.len()) {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}

/// Clusters without a plan; what is wrong with them is an error.
fn refused(clusters: &[String], lines: &mut Vec<String>) {
    for cluster in clusters {
        lines.push(format!("Cluster {cluster}: no plan, since objects of it cannot be placed"));
    }
    if !clusters.is_empty() {
        lines.push(String::new());
    }
}

/// What stays, by reason.
fn unselected(left: &[Left], lines: &mut Vec<String>) {
    if left.is_empty() {
        return;
    }
    let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for left in left {
        by_reason.entry(&left.reason).or_default().push(&left.object);
    }
    lines.push(format!("Left where they are ({}):", left.len()));
    for (reason, objects) in by_reason {
        lines.extend(indented(reason));
        lines.extend(objects.iter().map(|object| format!("      {object}")));
    }
    lines.push(String::new());
}

fn indented(words: &str) -> Vec<String> {
    let lines = wrap(words, WIDTH - 4);
    let start = |index: usize| if index == 0 { "  " } else { "    " };
    let lines = lines.iter().enumerate();
    lines.map(|(index, line)| format!("{}{line}", start(index))).collect()
}
