//! Straight lines to compare with, and their labels.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Axis, Scale};

/// A straight line to compare with, such as the lower limit of quantification.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// Where it stands on the axis of values.
    pub value: f64,
    /// What it is.
    pub label: String,
}

/// A straight line to compare with.
pub fn reference(value: f64, label: impl Into<String>) -> Reference {
    Reference { value, label: label.into() }
}

/// Where the labels of horizontal lines stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// On the left.
    Start,
    /// On the right.
    End,
}

/// How near, as a share of what all lines span, a line comes to a reference to meet its label.
const NEAR: f64 = 0.1;

/// The side on which fewer lines come near the references; `ends` are the first and the last value of
/// each line.
pub(crate) fn quiet_side(references: &[Reference], axis: &Axis, ends: &[(f64, f64)]) -> Side {
    let place = |value: f64| if axis.scale == Scale::Log { value.max(0.0).ln() } else { value };
    let levels = || references.iter().map(|level| place(level.value)).filter(|at| at.is_finite());
    let both = ends.iter().flat_map(|ends| [place(ends.0), place(ends.1)]);
    let all: Vec<f64> = both.filter(|at| at.is_finite()).chain(levels()).collect();
    let (low, high) = (
        all.iter().copied().fold(f64::INFINITY, f64::min),
        all.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    );
    let meeting = |of: fn(&(f64, f64)) -> f64| {
        let is_near = |at: f64| levels().any(|level| (at - level).abs() <= NEAR * (high - low));
        ends.iter().filter(|ends| is_near(place(of(ends)))).count()
    };
    if meeting(|ends| ends.1) > meeting(|ends| ends.0) { Side::Start } else { Side::End }
}

/// Layers for horizontal reference lines with their labels.
pub(crate) fn level_lines(references: &[Reference], axis: &Axis, side: Side) -> Vec<Value> {
    let rows = reference_rows(references, axis);
    if rows.is_empty() {
        return Vec::new();
    }
    let (align, x) = match side {
        Side::Start => ("left", json!({ "value": 4 })),
        Side::End => ("right", json!({ "value": { "expr": "width - 2" } })),
    };
    let label = json!({
        "data": { "values": rows },
        "mark": { "type": "text", "align": align, "baseline": "bottom", "dy": -3, "color": "#333333", "fontSize": 11 },
        "encoding": { "y": axis.channel("at"), "x": x, "text": { "field": "label" } }
    });
    vec![
        json!({
            "data": { "values": rows },
            "mark": { "type": "rule", "strokeDash": [4, 3], "color": "#555555", "strokeWidth": 1.2 },
            "encoding": { "y": axis.channel("at"), "x": { "value": 0 }, "x2": { "value": { "expr": "width" } } }
        }),
        halo(&label),
        label,
    ]
}

/// Pixels of half a letter of a label.
const HALF_LETTER: f64 = 3.4;

/// Layers for vertical reference lines with their labels above the drawing; a label that would
/// leave it on the right is moved to the left.
pub(crate) fn upright_lines(references: &[Reference], axis: &Axis) -> Vec<Value> {
    let rows = reference_rows(references, axis);
    if rows.is_empty() {
        return Vec::new();
    }
    let inwards =
        format!("min(0, width - scale('x', datum.at) - {HALF_LETTER} * length(datum.label))");
    let label = json!({
        "data": { "values": rows },
        "mark": { "type": "text", "align": "center", "baseline": "bottom", "dx": { "expr": inwards }, "dy": -4, "color": "#333333", "fontSize": 11 },
        "encoding": { "x": axis.channel("at"), "y": { "value": 0 }, "text": { "field": "label" } }
    });
    vec![
        json!({
            "data": { "values": rows },
            "mark": { "type": "rule", "strokeDash": [4, 3], "color": "#555555", "strokeWidth": 1.2 },
            "encoding": { "x": axis.channel("at"), "y": { "value": 0 }, "y2": { "value": { "expr": "height" } } }
        }),
        halo(&label),
        label,
    ]
}

/// The same words in thick white, to be drawn under them.
fn halo(label: &Value) -> Value {
    let mut halo = label.clone();
    halo["mark"]["color"] = "#ffffff".into();
    halo["mark"]["stroke"] = "#ffffff".into();
    halo["mark"]["strokeWidth"] = 3.into();
    halo["mark"]["strokeJoin"] = "round".into();
    halo
}

fn reference_rows(references: &[Reference], axis: &Axis) -> Vec<Value> {
    references
        .iter()
        .map(|line| json!({ "at": axis.draw(line.value), "label": line.label }))
        .filter(|row| !row["at"].is_null())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_knows_how_far_it_may_go_to_the_right() {
        let axis = Axis::linear("difference");
        let layers = upright_lines(&[reference(0.0, "no difference")], &axis);
        assert_eq!(layers.len(), 3);
        for label in &layers[1..] {
            let moved = label["mark"]["dx"]["expr"].as_str().unwrap();
            assert!(moved.contains("width") && moved.contains("datum.label"), "{moved}");
        }
        assert!(upright_lines(&[], &axis).is_empty());
        assert!(upright_lines(&[reference(0.0, "never")], &Axis::log("cells")).is_empty());
    }

    #[test]
    fn a_label_stands_where_fewer_lines_are_near() {
        let limit = [reference(50.0, "LLOQ")];
        let side = |ends: &[(f64, f64)]| quiet_side(&limit, &Axis::log("copies"), ends);
        assert_eq!(side(&[(20_000.0, 50.0)]), Side::Start);
        assert_eq!(side(&[(50.0, 20_000.0)]), Side::End);
        assert_eq!(side(&[(50.0, 50.0), (20_000.0, 55.0)]), Side::Start);
        assert_eq!(side(&[(0.0, 20_000.0)]), Side::End);
        assert_eq!(quiet_side(&[], &Axis::linear("x"), &[]), Side::End);
    }
}
