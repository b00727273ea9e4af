//! The best change of every subject, sorted.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Axis, Reference, Side, level_lines, tip};
use crate::data::DataTable;
use crate::palette::{Colours, Palette};

/// The best change of every subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waterfall {
    /// The axis of change.
    pub vertical: Axis,
    /// The categories in the legend, in order, such as responses.
    pub categories: Vec<String>,
    /// What the colours of the categories mean.
    pub colours: Colours,
    /// The bars; drawn from the largest to the smallest value.
    pub bars: Vec<WaterfallBar>,
    /// Levels to compare with, such as a fall by one half.
    pub references: Vec<Reference>,
}

/// One subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaterfallBar {
    /// The subject.
    pub subject: String,
    /// The best change.
    pub change: f64,
    /// One of the categories.
    pub category: String,
}

/// With more subjects than this the axis names none.
const MANY: usize = 40;

impl Waterfall {
    pub(super) fn specification(&self, palette: &Palette) -> Value {
        let bars = self.sorted();
        let subjects: Vec<&String> = bars.iter().map(|bar| &bar.subject).collect();
        let rows: Vec<Value> = bars
            .iter()
            .map(|bar| {
                json!({
                    "subject": bar.subject, "change": self.vertical.draw(self.clipped(bar.change)), "zero": 0,
                    "category": bar.category, "shown": self.vertical.show(bar.change),
                })
            })
            .collect();
        let x = json!({
            "field": "subject", "type": "nominal", "sort": null, "title": "subjects, sorted",
            "scale": { "domain": subjects, "paddingInner": 0.15 },
            "axis": { "labels": subjects.len() <= MANY, "ticks": false, "labelAngle": -90, "labelLimit": 90,
                      "labelOverlap": true, "domain": false }
        });
        let colour = json!({
            "field": "category", "type": "nominal", "sort": null,
            "scale": palette.scale(&self.categories, self.colours),
            "legend": { "symbolType": "square", "symbolStrokeWidth": 0.6, "symbolSize": 140 }
        });
        let tips = [
            tip("subject", "subject"),
            tip("category", "category"),
            tip("shown", &self.vertical.title),
        ];
        let mut layers = vec![json!({
            "mark": { "type": "bar", "stroke": "#6b6b6b", "strokeWidth": 0.5 },
            "encoding": { "x": x, "y": self.vertical.channel("change"), "y2": { "field": "zero" },
                          "color": colour, "tooltip": tips }
        })];
        layers.extend(level_lines(&self.references, &self.vertical, Side::Start));
        json!({ "height": 300, "data": { "values": rows }, "layer": layers })
    }

    fn sorted(&self) -> Vec<&WaterfallBar> {
        let mut bars: Vec<&WaterfallBar> =
            self.bars.iter().filter(|bar| bar.change.is_finite()).collect();
        bars.sort_by(|one, other| other.change.total_cmp(&one.change));
        bars
    }

    fn clipped(&self, change: f64) -> f64 {
        let low = self.vertical.from.unwrap_or(f64::MIN);
        change.max(low).min(self.vertical.to.unwrap_or(f64::MAX))
    }

    pub(super) fn data(&self) -> Vec<DataTable> {
        let mut table = DataTable::new("subjects", &["subject", &self.vertical.title, "category"]);
        for bar in self.sorted() {
            table.rows.push(vec![(&bar.subject).into(), bar.change.into(), (&bar.category).into()]);
        }
        vec![table]
    }
}
