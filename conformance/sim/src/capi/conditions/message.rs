//! The texts of merged conditions.

use std::collections::{BTreeMap, BTreeSet};

use super::Status;
use super::merge::{Owned, Weight};

/// How many objects or messages are named before the rest is counted.
const NAMED: usize = 3;

/// One line for each condition that matters.
pub(super) fn summary_messages(conditions: &[Owned], status: Status) -> Vec<String> {
    let mut lines = Vec::new();
    for one in conditions {
        let condition = &one.condition;
        let is_quiet = status != Status::True || condition.message.is_empty();
        if one.weight == Weight::Info && is_quiet {
            continue;
        }
        let text = if condition.message.is_empty() {
            format!(" {}", condition.reason)
        } else {
            indent(&condition.message)
        };
        lines.push(format!("* {}:{text}", condition.kind));
    }
    lines
}

/// What several objects say in the same words.
struct Group {
    names: Vec<String>,
    weight: Weight,
    first: bool,
}

/// One line for each message, naming who says it; the worst come first.
pub(super) fn aggregate_messages(conditions: &[Owned], worst: Weight) -> Vec<String> {
    let relevant = conditions.iter().filter(|one| match worst {
        Weight::Info => !one.condition.message.is_empty(),
        Weight::Issue | Weight::Unknown => one.weight != Weight::Info,
    });
    let mut kinds: BTreeMap<&str, BTreeMap<&str, Group>> = BTreeMap::new();
    let mut control_plane = BTreeSet::new();
    let mut ordered: Vec<&Owned> = relevant.collect();
    ordered.sort_by_key(|one| one.weight);
    for one in ordered {
        let messages = kinds.entry(&one.kind).or_default();
        let group = messages.entry(&one.condition.message).or_insert_with(|| Group {
            names: Vec::new(),
            weight: one.weight,
            first: false,
        });
        group.names.push(one.name.clone());
        group.weight = group.weight.min(one.weight);
        group.first |= one.control_plane;
        if one.control_plane {
            control_plane.insert(one.name.clone());
        }
    }
    let mut left = NAMED;
    let mut lines = Vec::new();
    for (kind, messages) in kinds {
        of_kind(kind, messages, &control_plane, &mut left, &mut lines);
    }
    lines
}

fn of_kind(
    kind: &str,
    messages: BTreeMap<&str, Group>,
    control_plane: &BTreeSet<String>,
    left: &mut usize,
    lines: &mut Vec<String>,
) {
    let mut groups: Vec<(&str, Group)> = messages.into_iter().collect();
    groups.sort_by_key(|(_, group)| {
        let many = usize::MAX - group.names.len();
        (!group.first, group.weight, many, group.names.join(","))
    });
    let mut others: BTreeMap<Weight, usize> = BTreeMap::new();
    for (message, mut group) in groups {
        if *left == 0 {
            *others.entry(group.weight).or_default() += group.names.len();
            continue;
        }
        *left -= 1;
        group.names.sort_by_key(|name| (!control_plane.contains(name), name.clone()));
        let noun = if group.names.len() == 1 { kind.to_owned() } else { format!("{kind}s") };
        lines.push(format!("* {noun} {}:{}", listed(&group.names), indent(message)));
    }
    for (weight, count) in others {
        let what = match weight {
            Weight::Issue => "with other issues",
            Weight::Unknown => "with status unknown",
            Weight::Info => "with additional info",
        };
        let plural = if count == 1 { "" } else { "s" };
        lines.push(format!("And {count} {kind}{plural} {what}"));
    }
}

/// Names, the first three of them.
pub(crate) fn listed(names: &[String]) -> String {
    if names.len() <= NAMED {
        return names.join(", ");
    }
    format!("{}, ... ({} more)", names[..NAMED].join(", "), names.len() - NAMED)
}

fn is_bullet(line: &str) -> bool {
    line.match_indices('*').any(|(at, _)| line[at + 1..].starts_with(char::is_whitespace))
}

/// A message behind a colon: on the same line, or below it and further in.
fn indent(message: &str) -> String {
    if !message.contains('\n') && !is_bullet(message) {
        return format!(" {message}");
    }
    let lines: Vec<&str> = message.split('\n').collect();
    let mixed = lines.iter().any(|line| !is_bullet(line));
    let indented: Vec<String> = lines
        .iter()
        .map(|line| match (mixed, is_bullet(line)) {
            (true, false) => format!("  * {line}"),
            (true, true) => format!("    {line}"),
            (false, _) => format!("  {line}"),
        })
        .collect();
    format!("\n{}", indented.join("\n"))
}
