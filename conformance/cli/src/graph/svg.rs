//! The plan as a picture: a band for each level, a box for each object, owners as curves.
//!
//! It needs no Graphviz, no script and no font of its own: any browser shows it.

mod element;
mod layout;

use super::plan::{Edge, Names, edges, full_name, key, objects};
use element::{caption, curve, escaped, object_box};
use fulcrum_reference::graph::{ClusterPlan, GraphReport};
use layout::{Layout, columns, width};

/// The height of the title of a Cluster, with its legend.
const TITLE: usize = 64;

/// The height of the line that says what is left.
const FOOTER: usize = 40;

/// Clusters one below the other.
pub(super) fn render(report: &GraphReport) -> String {
    let columns = columns(report);
    let mut lines = Vec::new();
    let mut bottom = 0;
    for plan in &report.clusters {
        let layout = Layout::of(plan, columns, bottom + TITLE);
        title(plan, bottom, &mut lines);
        cluster(plan, &layout, &mut lines);
        bottom = layout.bottom;
    }
    lines.push(caption(
        layout::MARGIN,
        bottom + FOOTER / 2,
        12,
        &format!("Left where they are: {}.", report.unselected.len()),
    ));
    document(width(columns), bottom + FOOTER, &lines)
}

fn document(width: usize, height: usize, lines: &[String]) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"system-ui, sans-serif\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n{}\n</svg>\n",
        lines.join("\n")
    )
}

fn title(plan: &ClusterPlan, top: usize, lines: &mut Vec<String>) {
    let words = format!(
        "Cluster {}: {} objects in {} levels",
        plan.cluster,
        objects(plan).count(),
        plan.levels.len()
    );
    lines.push(caption(layout::MARGIN, top + 26, 17, &words));
    lines.push(caption(
        layout::MARGIN,
        top + 48,
        12,
        "Numbers are the order of import. A line joins an owner and what it owns; \
         a dashed line, what is referred to and what refers to it.",
    ));
}

/// Bands first, then edges, then boxes, so that no edge runs over a name.
fn cluster(plan: &ClusterPlan, layout: &Layout, lines: &mut Vec<String>) {
    for band in &layout.bands {
        lines.push(element::band(band));
    }
    for edge in edges(plan, &Names::of(plan)) {
        lines.extend(line(&edge, layout));
    }
    for object in objects(plan) {
        if let Some(spot) = layout.spots.get(&object.position) {
            let tooltip = escaped(&tooltip(&key(object), &object.owners));
            lines.push(object_box(spot, object, &full_name(object), &tooltip));
        }
    }
}

fn line(edge: &Edge<'_>, layout: &Layout) -> Option<String> {
    let from = layout.spots.get(&edge.from.position)?;
    let to = layout.spots.get(&edge.to.position)?;
    Some(curve(from, to, edge.relation))
}

fn tooltip(key: &str, owners: &[String]) -> String {
    match owners {
        [] => format!("{key}: no owner"),
        owners => format!("{key}: owned by {}", owners.join(", ")),
    }
}
