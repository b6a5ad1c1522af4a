//! Selections and orders as text that a person can check by hand.

use std::fmt::{self, Write};

use fulcrum_model::graph::{Graph, NodeId};
use fulcrum_model::object::Object;
use fulcrum_model::select::{Inventory, Selected, Selection, Why, cluster_key};

/// What moves with each Cluster of `objects`, level by level in import order, and what stays.
pub(crate) fn rendering(objects: &[Object]) -> String {
    let mut text = String::new();
    inventory(&mut text, objects).expect("a String takes every text");
    text
}

fn inventory(text: &mut String, objects: &[Object]) -> fmt::Result {
    let inventory = Inventory::new(objects);
    if inventory.clusters().next().is_none() {
        let nothing = inventory.select(&cluster_key(Some("default"), "c1"));
        writeln!(text, "{}", nothing.expect_err("there is no Cluster to select"))?;
    }
    for cluster in inventory.clusters() {
        match inventory.select(cluster) {
            Ok(selection) => plan(text, &selection, objects)?,
            Err(error) => writeln!(text, "{error}\n")?,
        }
    }
    let unselected = inventory.unselected();
    if !unselected.is_empty() {
        writeln!(text, "selected by no Cluster")?;
    }
    for (key, reason) in &unselected {
        writeln!(text, "  {key}: {reason}")?;
    }
    Ok(())
}

fn plan(text: &mut String, selection: &Selection, objects: &[Object]) -> fmt::Result {
    let graph = match selection.graph(objects) {
        Ok(graph) => graph,
        Err(error) => return writeln!(text, "{error}\n"),
    };
    writeln!(text, "{}", selection.cluster)?;
    let mut position = 0;
    for (level, nodes) in graph.order().levels().enumerate() {
        writeln!(text, "level {}", level + 1)?;
        for &node in nodes {
            position += 1;
            let selected = &selection.selected[graph.key(node)];
            writeln!(text, "{position:>4} {}", line(&graph, node, selected))?;
        }
    }
    for left in &selection.left_owners {
        writeln!(text, "left off {}: {} ({})", left.object, left.owner, left.reason)?;
    }
    writeln!(text)
}

/// Key, owners, and why it is selected where no owner says so.
fn line(graph: &Graph, node: NodeId, selected: &Selected) -> String {
    let mut line = graph.key(node).to_string();
    for (at, owner) in graph.owners(node).into_iter().enumerate() {
        let separator = if at == 0 { "  <-" } else { "," };
        line += &format!("{separator} {}", graph.key(owner));
    }
    if !matches!(selected.why, Why::Closure { .. }) {
        line += &format!("  [{}]", selected.why);
    }
    if selected.library {
        line += "  library";
    }
    line
}
