//! A rehearsal in words: what speaks against the move, how it went, and what became of each object.

use fulcrum_harness::tell::WIDTH;
use fulcrum_harness::tell::layout::wrap;
use fulcrum_reference::graph::Left;
use fulcrum_reference::rehearse::{ClusterRehearsal, Ending, Finding, Mapped, Rehearsal};

/// Clusters one after the other, then what would be left.
pub(super) fn render(rehearsal: &Rehearsal) -> String {
    let mut lines = Vec::new();
    for cluster in &rehearsal.clusters {
        tell(cluster, &mut lines);
    }
    for cluster in &rehearsal.refused {
        lines.push(format!("Cluster {cluster}: not rehearsed, for it has no plan (D5)"));
    }
    lines.extend(rehearsal.problems.iter().map(|problem| format!("  {problem}")));
    left(&rehearsal.left, &mut lines);
    for note in &rehearsal.notes {
        lines.extend(wrap(&format!("Note: {note}"), WIDTH));
    }
    lines.extend(wrap(
        "Controllers are stand-ins here: they see a pause and show the status that was dumped. What \
         would scale, heal or fail after the move is not rehearsed.",
        WIDTH,
    ));
    lines.push(String::new());
    // Names come from files that anybody may have written, and a terminal obeys control characters.
    lines.join("\n").replace(|letter: char| letter.is_control() && letter != '\n', "")
}

fn tell(cluster: &ClusterRehearsal, lines: &mut Vec<String>) {
    let count = cluster.objects.len();
    let levels = cluster.plan.levels.len();
    lines.push(format!("Cluster {}: {count} object(s), {levels} level(s)", cluster.plan.cluster));
    findings(&cluster.findings, lines);
    ending(&cluster.ending, lines);
    differences(&cluster.objects, &cluster.ending, lines);
    if cluster.ending.is_moved() {
        for object in &cluster.behind {
            lines.push(format!("  still on the parent: {object}"));
        }
        table(cluster, lines);
    }
    lines.push(String::new());
}

fn findings(findings: &[Finding], lines: &mut Vec<String>) {
    if findings.is_empty() {
        lines.push("  Preflight: nothing speaks against it".to_owned());
        return;
    }
    lines.push("  Preflight:".to_owned());
    for finding in findings {
        let weight = if finding.refuses { "refuses" } else { "note" };
        let Finding { rule, object, fault, .. } = finding;
        lines.push(format!("    {rule:<3} {weight:<8} {object}: {fault}"));
    }
}

fn ending(ending: &Ending, lines: &mut Vec<String>) {
    let said = match ending {
        Ending::Moved { seconds } => {
            lines.push(format!("  Moved in {seconds} s of simulated time"));
            return;
        }
        Ending::Refused { said } => {
            lines.push(
                "  Refused: the parent still owns it, and nothing was left behind".to_owned(),
            );
            said
        }
        Ending::Open { parent, child, said } => {
            lines.push("  Not ended within two simulated hours".to_owned());
            lines.push(format!("    the parent: {parent}; the child: {child}"));
            said
        }
    };
    lines.extend(said.iter().map(|words| format!("    {words}")));
}

fn differences(objects: &[Mapped], ending: &Ending, lines: &mut Vec<String>) {
    if !ending.is_moved() {
        return;
    }
    let differing: Vec<&Mapped> = objects.iter().filter(|object| !object.same).collect();
    if differing.is_empty() {
        lines.push("  Digests: the same on both sides for every object".to_owned());
    }
    for object in differing {
        let what = if object.target_uid.is_empty() { "is not on the child" } else { "differs" };
        lines.push(format!("  Digests: {} {what}", object.object));
    }
}

/// The UIDs of both sides, level by level.
fn table(cluster: &ClusterRehearsal, lines: &mut Vec<String>) {
    let mut objects = cluster.objects.iter();
    for (index, level) in cluster.plan.levels.iter().enumerate() {
        lines.push(format!("  level {}", index + 1));
        for (planned, object) in level.iter().zip(&mut objects) {
            lines.push(format!("  {:>4}  {}", planned.position, object.object));
            lines.push(format!("        {} -> {}", object.source_uid, object.target_uid));
        }
    }
}

fn left(left: &[Left], lines: &mut Vec<String>) {
    if left.is_empty() {
        return;
    }
    lines.push("Left where they are".to_owned());
    for Left { object, reason } in left {
        lines.extend(wrap(&format!("  {object}: {reason}"), WIDTH));
    }
    lines.push(String::new());
}
