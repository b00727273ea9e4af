//! Lines over time, with bands, reference lines and a linear or log axis.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Axis, Reference, distinct, level_lines, line_colours, quiet_side, tip};
use crate::data::DataTable;
use crate::palette::Palette;

/// Lines over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Curve {
    /// The axis of time or of another ordered quantity.
    pub horizontal: Axis,
    /// The axis of values.
    pub vertical: Axis,
    /// What the band is, such as `5th to 95th percentile`; empty without bands.
    pub band: String,
    /// The lines.
    pub lines: Vec<Line>,
    /// Levels to compare with, such as the lower limit of quantification.
    pub references: Vec<Reference>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// The name in the legend, such as an arm.
    pub name: String,
    /// Its points, in order.
    pub points: Vec<CurvePoint>,
}

/// One point of a line.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CurvePoint {
    /// Where it is.
    pub at: f64,
    /// Its value; a gap if missing.
    pub value: Option<f64>,
    /// The band around it.
    pub band: Option<(f64, f64)>,
}

impl CurvePoint {
    /// A point without a band.
    pub fn new(at: f64, value: f64) -> Self {
        Self { at, value: Some(value), band: None }
    }

    /// A point with a band.
    pub fn with_band(at: f64, value: f64, low: f64, high: f64) -> Self {
        Self { at, value: Some(value), band: Some((low, high)) }
    }
}

/// Lines with more points than this are drawn without marks on them.
const FEW: usize = 16;

impl Curve {
    pub(super) fn specification(&self, palette: &Palette) -> Value {
        let names = distinct(self.lines.iter().map(|line| &line.name));
        let (stroke, dash, fill) = line_colours("line", &names, palette);
        let is_clipped = self.horizontal.is_bounded() || self.vertical.is_bounded();
        let vertical = self.vertical.clone().at(&self.ticks());
        let y = vertical.channel("value");
        let mut layers = Vec::new();
        if self.lines.iter().any(|line| line.points.iter().any(|point| point.band.is_some())) {
            let low = self.vertical.channel("low");
            layers.push(json!({
                "mark": { "type": "area", "opacity": 0.11, "tooltip": null, "clip": is_clipped },
                "encoding": { "y": low, "y2": { "field": "high" }, "fill": fill }
            }));
        }
        layers.push(json!({
            "mark": { "type": "line", "clip": is_clipped },
            "encoding": { "y": y, "stroke": stroke, "strokeDash": dash }
        }));
        let is_short = self.lines.iter().all(|line| line.points.len() <= FEW);
        let mut tips = vec![
            tip("line", "line"),
            tip("at", &self.horizontal.title),
            tip("shown", &self.vertical.title),
        ];
        if !self.band.is_empty() {
            tips.push(tip("band", &self.band));
        }
        layers.push(json!({
            "mark": { "type": "circle", "clip": is_clipped, "size": if is_short { 30 } else { 60 },
                      "opacity": u8::from(is_short) },
            "encoding": { "y": y, "fill": fill, "tooltip": tips }
        }));
        let ends = self.lines.iter().filter_map(|line| {
            let values = || line.points.iter().filter_map(|point| point.value);
            values().next().zip(values().next_back())
        });
        let side = quiet_side(&self.references, &self.vertical, &ends.collect::<Vec<_>>());
        layers.extend(level_lines(&self.references, &self.vertical, side));
        json!({
            "height": 300,
            "data": { "values": self.rows(palette, &names) },
            "encoding": { "x": self.horizontal.channel("at") },
            "layer": layers
        })
    }

    fn rows(&self, palette: &Palette, names: &[String]) -> Vec<Value> {
        let mut rows = Vec::new();
        for line in &self.lines {
            let colour = palette.colour(names, &line.name);
            for point in &line.points {
                let shown = point.value.map(|value| self.vertical.show(value));
                let mut row = json!({
                    "line": line.name, "colour": colour, "at": self.horizontal.draw(point.at),
                    "value": self.vertical.draw(point.value), "shown": shown,
                });
                if let Some((low, high)) = point.band {
                    let band =
                        format!("{} to {}", self.vertical.show(low), self.vertical.show(high));
                    row["low"] = self.low_end(low);
                    row["high"] = self.vertical.draw(high);
                    row["band"] = band.into();
                }
                rows.push(row);
            }
        }
        rows
    }

    /// Powers of ten within the data of a log axis that says nothing about its labels.
    fn ticks(&self) -> Vec<f64> {
        let points = self.lines.iter().flat_map(|line| &line.points);
        let values = points.flat_map(|point| {
            let (low, high) = point.band.unzip();
            [point.value, low, high].into_iter().flatten()
        });
        let values: Vec<f64> = values.filter(|value| *value > 0.0 && value.is_finite()).collect();
        let from = values.iter().copied().fold(f64::INFINITY, f64::min);
        let to = values.iter().copied().fold(0.0, f64::max);
        if self.vertical.ticks.is_empty() && self.vertical.from.is_none() && from < to {
            self.vertical.clone().between(0.1 * from, 10.0 * to).decades()
        } else {
            self.vertical.ticks.clone()
        }
    }

    /// On a log axis that starts somewhere, a band may start below it: it is drawn from there.
    fn low_end(&self, low: f64) -> Value {
        let drawn = self.vertical.draw(low);
        if drawn.is_null() && low.is_finite() {
            self.vertical.draw(self.vertical.from)
        } else {
            drawn
        }
    }

    pub(super) fn data(&self) -> Vec<DataTable> {
        let mut table = DataTable::new(
            "points",
            &["line", &self.horizontal.title, &self.vertical.title, "low", "high"],
        );
        for line in &self.lines {
            for point in &line.points {
                let (low, high) = (point.band.map(|band| band.0), point.band.map(|band| band.1));
                table.rows.push(vec![
                    (&line.name).into(),
                    point.at.into(),
                    point.value.into(),
                    low.into(),
                    high.into(),
                ]);
            }
        }
        vec![table]
    }
}
