//! Stacked or grouped bars, lying, with intervals where they stand side by side.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Axis, Reference, drawn, lines, tip, upright_lines};
use crate::data::DataTable;
use crate::palette::{Colours, Palette, ink};

/// What follows the name of a group that shows the low end of a range over trials.
pub const LOW_END: &str = ", low end";
/// What follows the name of a group that shows the high end.
pub const HIGH_END: &str = ", high end";

/// Bars.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bar {
    /// What the groups are, such as `Arm`.
    pub group_title: String,
    /// The axis of values.
    pub values: Axis,
    /// Stacked or side by side.
    pub mode: BarMode,
    /// What the colours mean.
    pub colours: Colours,
    /// One bar, or one set of bars, per group.
    pub groups: Vec<String>,
    /// The parts of each bar, or the bars of each set, in order.
    pub series: Vec<BarSeries>,
    /// Values to compare with.
    pub references: Vec<Reference>,
}

/// How the bars of a group stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BarMode {
    /// One bar made of parts.
    Stacked,
    /// One bar beside the other.
    Grouped,
}

/// One series: a value for each group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BarSeries {
    /// The name in the legend.
    pub name: String,
    /// The values, in the order of the groups.
    pub values: Vec<BarGroup>,
}

/// The value of one series in one group.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BarGroup {
    /// The length of the bar.
    pub value: f64,
    /// Its interval; drawn when grouped.
    pub interval: Option<(f64, f64)>,
    /// What the tooltip and the table say, such as `3/18 (17%)`; from the value if empty.
    pub shown: String,
}

impl From<f64> for BarGroup {
    fn from(value: f64) -> Self {
        Self { value, ..Self::default() }
    }
}

impl Bar {
    pub(super) fn specification(&self, palette: &Palette) -> Value {
        let names: Vec<String> = self.series.iter().map(|series| series.name.clone()).collect();
        let is_grouped = self.mode == BarMode::Grouped;
        let thick = if is_grouped { 18.0 * names.len().max(1) as f64 + 14.0 } else { 36.0 };
        let thick = lines::row_height(&self.groups).max(thick);
        let mut axis = lines::row_axis(&self.groups);
        axis["domain"] = false.into();
        let y = json!({
            "field": "group", "type": "nominal", "sort": null, "title": null,
            "scale": { "domain": self.groups, "paddingInner": 0.25, "paddingOuter": 0.2 },
            "axis": axis
        });
        let mut layers = self.layers(palette, &names);
        let offset = json!({
            "field": "series", "type": "nominal", "sort": null, "scale": { "domain": names }
        });
        for layer in layers.iter_mut().filter(|_| is_grouped) {
            layer["encoding"]["yOffset"] = offset.clone();
        }
        layers.extend(upright_lines(&self.references, &self.values));
        json!({
            "height": (self.groups.len().max(1) as f64 * thick).max(48.0),
            "data": { "values": self.rows(palette, &names) },
            "encoding": { "y": y },
            "layer": layers
        })
    }

    /// The bars, and the numbers inside them or the intervals on them.
    fn layers(&self, palette: &Palette, names: &[String]) -> Vec<Value> {
        let colour = json!({
            "field": "series", "type": "nominal", "sort": null, "scale": palette.scale(names, self.colours),
            "legend": { "symbolType": "square", "symbolStrokeWidth": 0.6, "symbolSize": 140 }
        });
        let mut values = self.values.channel("from");
        if self.values.from.is_none() {
            values["scale"]["domainMin"] = json!(0);
        }
        let tips = [
            tip("group", &self.group_title),
            tip("series", "part"),
            tip("shown", &self.values.title),
        ];
        let mut layers = vec![json!({
            "mark": { "type": "bar", "stroke": "#6b6b6b", "strokeWidth": 0.6 },
            "encoding": { "x": values, "x2": { "field": "to" }, "color": colour, "tooltip": tips }
        })];
        let mut bars = self.series.iter().flat_map(|series| &series.values);
        if self.mode == BarMode::Stacked {
            let inside = json!({
                "condition": { "test": "datum.share * width > 30", "field": "inside" }, "value": ""
            });
            layers.push(json!({
                "mark": { "type": "text", "fontSize": 11, "tooltip": null },
                "encoding": {
                    "x": self.values.channel("middle"), "text": inside,
                    "color": { "field": "ink", "type": "nominal", "scale": null }
                }
            }));
        } else if bars.any(|bar| bar.interval.is_some()) {
            layers.push(json!({
                "mark": { "type": "rule", "color": "#222222", "strokeWidth": 1.4 },
                "encoding": { "x": self.values.channel("low"), "x2": { "field": "high" } }
            }));
        }
        layers
    }

    fn rows(&self, palette: &Palette, names: &[String]) -> Vec<Value> {
        let inks: Vec<&str> = palette.colours(names, self.colours).into_iter().map(ink).collect();
        let longest =
            self.values.to.unwrap_or_else(|| self.totals().into_iter().fold(0.0, f64::max));
        let mut rows = Vec::new();
        for (at, group) in self.groups.iter().enumerate() {
            let mut start = 0.0;
            for (series, ink) in self.series.iter().zip(&inks) {
                let Some(value) = series.values.get(at) else { continue };
                if !value.value.is_finite() {
                    continue;
                }
                let from = if self.mode == BarMode::Stacked { start } else { 0.0 };
                let to = from + value.value;
                start = to;
                let mut row = json!({
                    "group": group, "series": series.name, "from": self.values.draw(from), "to": self.values.draw(to),
                    "middle": self.values.draw(f64::midpoint(from, to)), "inside": self.values.show(value.value), "ink": ink,
                    "share": drawn(value.value / longest),
                    "shown": self.shown(value),
                });
                if let Some((low, high)) = value.interval {
                    row["low"] = self.values.draw(low);
                    row["high"] = self.values.draw(high);
                }
                rows.push(row);
            }
        }
        rows
    }

    fn totals(&self) -> Vec<f64> {
        (0..self.groups.len())
            .map(|at| {
                let values = self.series.iter().filter_map(|series| series.values.get(at));
                values.map(|value| value.value).filter(|value| value.is_finite()).sum()
            })
            .collect()
    }

    fn shown(&self, value: &BarGroup) -> String {
        if value.shown.is_empty() { self.values.show(value.value) } else { value.shown.clone() }
    }

    pub(super) fn data(&self) -> Vec<DataTable> {
        let mut table = DataTable::new(
            "bars",
            &[&self.group_title, "part", &self.values.title, "low", "high", "in words"],
        );
        for (at, group) in self.groups.iter().enumerate() {
            for series in &self.series {
                let Some(value) = series.values.get(at) else { continue };
                let interval = value.interval.unzip();
                table.rows.push(vec![
                    group.into(),
                    (&series.name).into(),
                    value.value.into(),
                    interval.0.into(),
                    interval.1.into(),
                    self.shown(value).as_str().into(),
                ]);
            }
        }
        vec![table]
    }
}
