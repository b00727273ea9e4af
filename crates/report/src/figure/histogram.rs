//! How often each value occurs, one outline per group.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Axis, Reference, distinct, line_colours, tip, upright_lines};
use crate::data::DataTable;
use crate::palette::Palette;

/// How often each value occurs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Histogram {
    /// The axis of values.
    pub horizontal: Axis,
    /// What is counted, such as `replicates`.
    pub counted: String,
    /// One outline per group.
    pub groups: Vec<HistogramGroup>,
    /// Values to compare with, such as the observed one.
    pub references: Vec<Reference>,
}

/// The counts of one group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistogramGroup {
    /// The name in the legend, such as an arm.
    pub name: String,
    /// The bins, in order and without gaps.
    pub bins: Vec<Bin>,
}

/// One bin: from its lower edge, included, to its upper edge.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bin {
    /// The lower edge.
    pub from: f64,
    /// The upper edge.
    pub to: f64,
    /// How many values fall into it, or which share.
    pub count: f64,
}

/// Counts `values` between ascending `edges`; the last bin includes its upper edge. Values outside are left out.
pub fn histogram_group(name: impl Into<String>, values: &[f64], edges: &[f64]) -> HistogramGroup {
    let last = edges.len().saturating_sub(2);
    let bins = edges
        .windows(2)
        .enumerate()
        .map(|(at, ends)| {
            let is_inside = |value: &&f64| {
                **value >= ends[0] && (**value < ends[1] || (at == last && **value <= ends[1]))
            };
            Bin {
                from: ends[0],
                to: ends[1],
                count: values.iter().filter(is_inside).count() as f64,
            }
        })
        .collect();
    HistogramGroup { name: name.into(), bins }
}

impl Histogram {
    pub(super) fn specification(&self, palette: &Palette) -> Value {
        let names = distinct(self.groups.iter().map(|group| &group.name));
        let counts = Axis::linear(&self.counted);
        let mut rows = Vec::new();
        for group in &self.groups {
            let colour = palette.colour(&names, &group.name);
            for bin in &group.bins {
                rows.push(json!({
                    "group": group.name, "colour": colour, "from": self.horizontal.draw(bin.from), "to": self.horizontal.draw(bin.to),
                    "count": counts.draw(bin.count), "zero": 0,
                    "range": format!("{} to {}", self.horizontal.show(bin.from), self.horizontal.show(bin.to)),
                }));
            }
        }
        let (stroke, dash, fill) = line_colours("group", &names, palette);
        let mut y = counts.channel("count");
        y["scale"]["zero"] = json!(true);
        let tips = [
            tip("group", "group"),
            tip("range", &self.horizontal.title),
            tip("count", &self.counted),
        ];
        let mut layers = vec![
            json!({
                "mark": { "type": "bar", "opacity": if names.len() > 1 { 0.22 } else { 0.7 } },
                "encoding": { "x": self.horizontal.channel("from"), "x2": { "field": "to" }, "y": y,
                              "y2": { "field": "zero" }, "fill": fill, "tooltip": tips }
            }),
            json!({
                "data": { "values": self.outline(&counts) },
                "mark": { "type": "line", "interpolate": "step-after", "strokeWidth": 1.8, "tooltip": null },
                "encoding": { "x": self.horizontal.channel("at"), "y": y, "stroke": stroke, "strokeDash": dash }
            }),
        ];
        layers.extend(upright_lines(&self.references, &self.horizontal));
        json!({ "height": 220, "data": { "values": rows }, "layer": layers })
    }

    /// The upper edges of the bars as one line, down to zero at the end.
    fn outline(&self, counts: &Axis) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut push = |group: &str, at: f64, count: f64| {
            rows.push(json!({ "group": group, "at": self.horizontal.draw(at), "count": counts.draw(count) }));
        };
        for group in &self.groups {
            if let Some(first) = group.bins.first() {
                push(&group.name, first.from, 0.0);
            }
            for bin in &group.bins {
                push(&group.name, bin.from, bin.count);
            }
            if let Some(last) = group.bins.last() {
                push(&group.name, last.to, last.count);
                push(&group.name, last.to, 0.0);
            }
        }
        rows
    }

    pub(super) fn data(&self) -> Vec<DataTable> {
        let mut table =
            DataTable::new(&self.horizontal.title, &["group", "from", "to", &self.counted]);
        for group in &self.groups {
            for bin in &group.bins {
                table.rows.push(vec![
                    (&group.name).into(),
                    bin.from.into(),
                    bin.to.into(),
                    bin.count.into(),
                ]);
            }
        }
        vec![table]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_inside_the_edges_is_counted_once() {
        let values = [0.0, 0.1, 0.25, 0.5, 0.99, 1.0, 1.5, f64::NAN];
        let group = histogram_group("a", &values, &[0.0, 0.25, 0.5, 1.0]);
        let counts: Vec<f64> = group.bins.iter().map(|bin| bin.count).collect();
        assert_eq!(counts, [2.0, 1.0, 3.0]);
        assert!(histogram_group("a", &values, &[]).bins.is_empty());
    }
}
