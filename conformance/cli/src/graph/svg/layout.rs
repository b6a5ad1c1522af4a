//! Where everything stands, in pixels.

use fulcrum_reference::graph::{ClusterPlan, GraphReport, PlannedObject};
use std::collections::BTreeMap;

/// The width of a box.
pub(super) const BOX_WIDTH: usize = 204;
/// The height of a box.
pub(super) const BOX_HEIGHT: usize = 40;
/// The space at the left, which holds the names of the levels.
pub(super) const MARGIN: usize = 24;

/// A level with more objects goes on in further rows.
const COLUMNS: usize = 8;
const STEP: usize = BOX_WIDTH + 14;
const ROW_GAP: usize = 14;
const BAND_TOP: usize = 26;
const BAND_BOTTOM: usize = 12;
const LEVEL_GAP: usize = 52;

/// The upper left corner of a box.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Spot {
    pub(super) x: usize,
    pub(super) y: usize,
}

/// The ground on which the boxes of a level stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Band {
    /// Counted from one, in the order shown.
    pub(super) level: usize,
    pub(super) top: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

/// The places of one Cluster's objects.
#[derive(Debug)]
pub(super) struct Layout {
    /// By position in the order of import.
    pub(super) spots: BTreeMap<usize, Spot>,
    pub(super) bands: Vec<Band>,
    pub(super) bottom: usize,
}

impl Layout {
    /// Lays the levels out from `top` downwards.
    pub(super) fn of(plan: &ClusterPlan, columns: usize, top: usize) -> Self {
        let mut layout = Self { spots: BTreeMap::new(), bands: Vec::new(), bottom: top };
        for level in &plan.levels {
            layout.level(level, columns);
        }
        layout
    }

    fn level(&mut self, level: &[PlannedObject], columns: usize) {
        let above = if self.bands.is_empty() { 0 } else { LEVEL_GAP };
        let top = self.bottom + above;
        for (row, objects) in level.chunks(columns).enumerate() {
            let y = top + BAND_TOP + row * (BOX_HEIGHT + ROW_GAP);
            let indent = MARGIN + (columns - objects.len()) * STEP / 2;
            for (column, object) in objects.iter().enumerate() {
                let x = indent + column * STEP;
                self.spots.insert(object.position, Spot { x, y });
            }
        }
        let rows = level.len().div_ceil(columns).max(1);
        let height = BAND_TOP + rows * (BOX_HEIGHT + ROW_GAP) - ROW_GAP + BAND_BOTTOM;
        self.bands.push(Band { level: self.bands.len() + 1, top, width: width(columns), height });
        self.bottom = top + height;
    }
}

/// How many boxes stand side by side: as many as the widest level has, up to a page.
pub(super) fn columns(report: &GraphReport) -> usize {
    let levels = report.clusters.iter().flat_map(|plan| &plan.levels);
    levels.map(Vec::len).max().unwrap_or(0).clamp(4, COLUMNS)
}

/// The width of the picture.
pub(super) fn width(columns: usize) -> usize {
    2 * MARGIN + columns * STEP - (STEP - BOX_WIDTH)
}
