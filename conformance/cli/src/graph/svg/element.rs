//! The elements of the picture.

use super::layout::{BOX_HEIGHT, BOX_WIDTH, Band, MARGIN, Spot};
use crate::graph::plan::Relation;
use fulcrum_reference::graph::PlannedObject;

/// How many letters of a name a box holds.
const NAME: usize = 31;

/// How far a curve swings between two boxes of one row.
const SWING: usize = 26;

/// Text of that size, its baseline at `y`.
pub(super) fn caption(x: usize, y: usize, size: usize, words: &str) -> String {
    format!(
        "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" fill=\"#334155\">{}</text>",
        escaped(words)
    )
}

/// The ground of a level, with its number.
pub(super) fn band(band: &Band) -> String {
    let Band { level, top, width, height } = *band;
    format!(
        "<rect y=\"{top}\" width=\"{width}\" height=\"{height}\" fill=\"#f8fafc\"/>\n{}",
        caption(MARGIN, top + 17, 11, &format!("level {level}"))
    )
}

/// An object: its position and kind, below them its name. `tooltip` is escaped already.
pub(super) fn object_box(spot: &Spot, object: &PlannedObject, name: &str, tooltip: &str) -> String {
    let Spot { x, y } = *spot;
    let (fill, stroke) = colours(&object.group);
    let dashes = if object.library { " stroke-dasharray=\"5 3\"" } else { "" };
    let head = format!("{} {}", object.position, object.kind);
    format!(
        "<g><title>{tooltip}</title><rect x=\"{x}\" y=\"{y}\" width=\"{BOX_WIDTH}\" \
         height=\"{BOX_HEIGHT}\" rx=\"5\" fill=\"{fill}\" stroke=\"{stroke}\"{dashes}/>\
         <text x=\"{left}\" y=\"{upper}\" font-size=\"12\" font-weight=\"600\" \
         fill=\"#0f172a\">{head}</text>\
         <text x=\"{left}\" y=\"{lower}\" font-size=\"11\" fill=\"#334155\">{name}</text></g>",
        left = x + 8,
        upper = y + 17,
        lower = y + 32,
        head = escaped(&shortened(&head, NAME)),
        name = escaped(&shortened(name, NAME)),
    )
}

/// A curve from one box to another: down, up, or below a row when both stand in it.
pub(super) fn curve(from: &Spot, to: &Spot, relation: Relation) -> String {
    let (start, end) = (from.x + BOX_WIDTH / 2, to.x + BOX_WIDTH / 2);
    let leave = from.y + if from.y <= to.y { BOX_HEIGHT } else { 0 };
    let arrive = to.y + if from.y < to.y { 0 } else { BOX_HEIGHT };
    let (bend, meet) = if from.y == to.y {
        (leave + SWING, arrive + SWING)
    } else {
        let middle = usize::midpoint(leave, arrive);
        (middle, middle)
    };
    let style = match relation {
        Relation::Owns => "stroke=\"#475569\" stroke-opacity=\"0.55\"",
        Relation::IsReferredToBy => {
            "stroke=\"#94a3b8\" stroke-opacity=\"0.6\" stroke-dasharray=\"4 4\""
        }
    };
    format!(
        "<path d=\"M{start} {leave}C{start} {bend} {end} {meet} {end} {arrive}\" \
         fill=\"none\" {style}/>"
    )
}

/// The fill and the stroke of a box: one hue for each family of API groups.
fn colours(group: &str) -> (&'static str, &'static str) {
    match group.split('.').next().unwrap_or_default() {
        "" => ("#f1f5f9", "#64748b"),
        "cluster" => ("#dbeafe", "#2563eb"),
        "controlplane" => ("#ede9fe", "#7c3aed"),
        "bootstrap" => ("#fef3c7", "#d97706"),
        "infrastructure" => ("#dcfce7", "#16a34a"),
        _ => ("#fce7f3", "#db2777"),
    }
}

/// The beginning and the end of a name that is too long: generated names differ at the end.
fn shortened(name: &str, most: usize) -> String {
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= most {
        return name.to_owned();
    }
    let tail = most / 2;
    let head = most - tail - 1;
    let mut short: String = letters[..head].iter().collect();
    short.push('…');
    short.extend(&letters[letters.len() - tail..]);
    short
}

/// Text for XML; control characters, which it cannot hold, are dropped.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars().filter(|letter| !letter.is_control()) {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_keeps_both_ends() {
        assert_eq!(shortened("short", 9), "short");
        assert_eq!(shortened("dev-md-0-abcde-xyz12", 9), "dev-…yz12");
    }

    #[test]
    fn what_xml_cannot_hold_is_escaped_or_dropped() {
        assert_eq!(escaped("<a & \"b\">\x07"), "&lt;a &amp; &quot;b&quot;&gt;");
    }

    #[test]
    fn a_curve_leaves_the_nearer_side_of_a_box() {
        let spots = [Spot { x: 0, y: 0 }, Spot { x: 0, y: 100 }];
        let down = curve(&spots[0], &spots[1], Relation::Owns);
        let up = curve(&spots[1], &spots[0], Relation::Owns);
        assert!(down.contains("M102 40C102 70 102 70 102 100"), "{down}");
        assert!(up.contains("M102 100C102 70 102 70 102 40"), "{up}");
    }
}
