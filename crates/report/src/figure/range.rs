//! Estimates with their intervals, one row each, and the observed value beside: forest and tornado plots.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Axis, Reference, distinct, lines, not_estimable, tip, upright_lines};
use crate::data::DataTable;
use crate::palette::{Colours, Palette};

/// Estimates with intervals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The axis of values.
    pub values: Axis,
    /// What point and line are, such as `simulated: median and 90% interval`.
    pub estimate_name: String,
    /// What the diamond is, such as `reported`; empty where nothing is observed.
    pub observed_name: String,
    /// The rows, from top to bottom.
    pub rows: Vec<RangeRow>,
    /// Values to compare with, such as no difference.
    pub references: Vec<Reference>,
}

/// One estimate.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RangeRow {
    /// What is estimated; rows with the same label stand together.
    pub label: String,
    /// The arm or another group that gives the colour; may be empty.
    pub group: String,
    /// The estimate, if there is one beside the interval.
    pub estimate: Option<f64>,
    /// The interval.
    pub interval: Option<(f64, f64)>,
    /// What was observed.
    pub observed: Option<f64>,
    /// What the tooltip and the table say, such as `3/18 (17%, 95% CI 4 to 41%)`; may be empty.
    pub shown: String,
}

impl Range {
    pub(super) fn specification(&self, palette: &Palette) -> Value {
        let labels = distinct(self.rows.iter().map(|row| &row.label));
        let groups = distinct(self.rows.iter().map(|row| &row.group));
        let is_grouped = groups.len() > 1;
        let is_shared = labels.iter().any(|label| self.groups_of(label) > 1);
        let mut axis = lines::row_axis(&labels);
        axis["grid"] = true.into();
        let y = json!({
            "field": "label", "type": "nominal", "sort": null, "title": null,
            "scale": { "domain": labels }, "axis": axis
        });
        let colour = if is_grouped {
            let scale = palette.scale(&groups, Colours::Arms);
            json!({ "field": "group", "type": "nominal", "sort": null, "scale": scale })
        } else {
            let is_known = groups.iter().any(|group| !group.is_empty());
            let palette = if is_known { palette } else { &Palette::default() };
            json!({ "value": palette.colours(&groups, Colours::Arms).first() })
        };
        let mut drawn = self.layers(&colour, is_grouped);
        for layer in drawn.iter_mut().filter(|_| is_shared) {
            layer["encoding"]["yOffset"] = json!({
                "field": "group", "type": "nominal", "sort": null,
                "scale": { "domain": groups, "paddingOuter": 0.4 }
            });
        }
        let mut layers = upright_lines(&self.references, &self.values);
        layers.extend(drawn);
        let per_label = if is_shared { 14.0 * groups.len() as f64 + 12.0 } else { 28.0 };
        let per_label = per_label.max(lines::row_height(&labels));
        json!({
            "height": (per_label * labels.len().max(1) as f64).max(60.0),
            "encoding": { "y": y },
            "layer": layers
        })
    }

    /// How many groups have a row of that label.
    fn groups_of(&self, label: &str) -> usize {
        let rows = self.rows.iter().filter(|row| row.label == label);
        distinct(rows.map(|row| &row.group)).len()
    }

    /// Intervals, points, and words where there is neither.
    fn layers(&self, colour: &Value, is_grouped: bool) -> Vec<Value> {
        let (intervals, points) = (self.interval_rows(), self.point_rows());
        let tips = [tip("label", "row"), tip("group", "group"), tip("shown", &self.values.title)];
        let thick = match (is_grouped, points.is_empty()) {
            (true, _) => 2.5,
            (false, false) => 3.5,
            (false, true) => 11.0,
        };
        let mut layers = Vec::new();
        if !intervals.is_empty() {
            layers.push(json!({
                "data": { "values": intervals },
                "mark": { "type": "rule", "strokeWidth": thick, "strokeCap": "butt" },
                "encoding": {
                    "x": self.values.channel("low"), "x2": { "field": "high" }, "color": colour, "tooltip": tips
                }
            }));
        }
        if !points.is_empty() {
            let kinds = distinct([&self.estimate_name, &self.observed_name]);
            let kinds: Vec<&String> = kinds.iter().filter(|kind| !kind.is_empty()).collect();
            let shape = json!({
                "field": "kind", "type": "nominal", "sort": null,
                "scale": { "domain": kinds, "range": ["circle", "diamond"] },
                "legend": {
                    "symbolFillColor": "#555555", "symbolStrokeColor": "#222222", "symbolStrokeWidth": 1
                }
            });
            layers.push(json!({
                "data": { "values": points },
                "mark": { "type": "point", "filled": true, "opacity": 1, "size": 80, "stroke": "#222222",
                          "strokeWidth": 0.8 },
                "encoding": {
                    "x": self.values.channel("value"), "shape": shape, "color": colour, "tooltip": tips
                }
            }));
        }
        let empty = self.rows.iter().filter(|row| row.estimate.is_none() && row.interval.is_none());
        let empty: Vec<_> = empty.map(|row| (row.label.as_str(), row.group.as_str())).collect();
        layers.extend(not_estimable(&empty));
        layers
    }

    fn interval_rows(&self) -> Vec<Value> {
        let with_interval = self.rows.iter().filter_map(|row| row.interval.map(|ends| (row, ends)));
        with_interval
            .map(|(row, (low, high))| {
                json!({
                    "label": row.label, "group": row.group, "low": self.values.draw(low),
                    "high": self.values.draw(high), "shown": self.shown(row),
                })
            })
            .collect()
    }

    fn point_rows(&self) -> Vec<Value> {
        let mut points = Vec::new();
        for row in &self.rows {
            let kinds = [(row.estimate, &self.estimate_name), (row.observed, &self.observed_name)];
            for (value, kind) in kinds {
                let Some(value) = value else { continue };
                let shown = if kind == &self.observed_name {
                    format!("{kind} {}", self.values.show(value))
                } else {
                    self.shown(row)
                };
                points.push(json!({
                    "label": row.label, "group": row.group, "kind": kind,
                    "value": self.values.draw(value), "shown": shown,
                }));
            }
        }
        points
    }

    fn shown(&self, row: &RangeRow) -> String {
        if !row.shown.is_empty() {
            return row.shown.clone();
        }
        let estimate = row.estimate.map(|value| self.values.show(value));
        let interval = row
            .interval
            .map(|(low, high)| format!("{} to {}", self.values.show(low), self.values.show(high)));
        match (estimate, interval) {
            (Some(estimate), Some(interval)) => format!("{estimate} ({interval})"),
            (Some(text), None) | (None, Some(text)) => text,
            (None, None) => crate::format::NOT_ESTIMABLE.into(),
        }
    }

    pub(super) fn data(&self) -> Vec<DataTable> {
        let observed = if self.observed_name.is_empty() { "observed" } else { &self.observed_name };
        let mut table = DataTable::new(
            &self.values.title,
            &["row", "group", "estimate", "low", "high", observed, "in words"],
        );
        for row in &self.rows {
            let interval = row.interval.unzip();
            table.rows.push(vec![
                (&row.label).into(),
                (&row.group).into(),
                row.estimate.into(),
                interval.0.into(),
                interval.1.into(),
                row.observed.into(),
                self.shown(row).as_str().into(),
            ]);
        }
        vec![table]
    }
}
