//! The plan for a program.

use crate::failure::Failure;
use fulcrum_reference::graph::GraphReport;

/// The report as it is, indented.
pub(super) fn render(report: &GraphReport) -> Result<String, Failure> {
    let mut text = serde_json::to_string_pretty(report).map_err(Failure::own_fault)?;
    text.push('\n');
    Ok(text)
}
