//! The plan for Graphviz: a cluster for each Cluster, a rank for each level.

use super::plan::{Names, Relation, edges, full_name};
use fulcrum_reference::graph::{ClusterPlan, GraphReport, PlannedObject};

const OPENING: &str = "\
digraph move {
  newrank=true;
  node [shape=box, fontname=\"sans-serif\", fontsize=11];
";

/// Owner edges are solid and decide the rank; references are dashed and do not.
pub(super) fn render(report: &GraphReport) -> String {
    let mut lines = Vec::new();
    for (index, plan) in report.clusters.iter().enumerate() {
        cluster(index, plan, &mut lines);
    }
    lines.push("}\n".to_owned());
    format!("{OPENING}{}", lines.join("\n"))
}

fn cluster(index: usize, plan: &ClusterPlan, lines: &mut Vec<String>) {
    lines.push(format!("  subgraph cluster_{index} {{"));
    lines.push(format!("    label={};", quoted(&plan.cluster)));
    for level in &plan.levels {
        lines.push("    {".to_owned());
        lines.push("      rank=same;".to_owned());
        lines.extend(level.iter().map(|object| node(index, object)));
        lines.push("    }".to_owned());
    }
    for edge in edges(plan, &Names::of(plan)) {
        let attributes = match edge.relation {
            Relation::Owns => "",
            Relation::IsReferredToBy => " [style=dashed, color=gray60, constraint=false]",
        };
        lines.push(format!("    {} -> {}{attributes};", id(index, edge.from), id(index, edge.to)));
    }
    lines.push("  }".to_owned());
}

fn node(cluster: usize, object: &PlannedObject) -> String {
    let label = format!("{} {}\n{}", object.position, object.kind, full_name(object));
    format!("      {} [label={}];", id(cluster, object), quoted(&label))
}

fn id(cluster: usize, object: &PlannedObject) -> String {
    format!("o{cluster}_{}", object.position)
}

/// A quoted string of the DOT language.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", escaped.replace('\n', "\\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_backslashes_and_line_breaks_are_escaped() {
        assert_eq!(quoted("a \"b\" \\ c\nd"), r#""a \"b\" \\ c\nd""#);
    }
}
