//! The change of every subject over time.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Axis, Reference, level_lines, quiet_side, tip};
use crate::data::DataTable;
use crate::palette::{Colours, Palette};

/// The change of every subject over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spider {
    /// The axis of time.
    pub horizontal: Axis,
    /// The axis of change.
    pub vertical: Axis,
    /// The categories in the legend, in order, such as best responses.
    pub categories: Vec<String>,
    /// What the colours of the categories mean.
    pub colours: Colours,
    /// One line per subject.
    pub lines: Vec<SpiderLine>,
    /// Levels to compare with.
    pub references: Vec<Reference>,
}

/// One subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpiderLine {
    /// The subject.
    pub subject: String,
    /// One of the categories.
    pub category: String,
    /// Time and change, in order.
    pub points: Vec<(f64, f64)>,
}

impl Spider {
    pub(super) fn specification(&self, palette: &Palette) -> Value {
        let mut rows = Vec::new();
        for line in &self.lines {
            for &(time, change) in &line.points {
                rows.push(json!({
                    "subject": line.subject, "category": line.category, "time": self.horizontal.draw(time),
                    "change": self.vertical.draw(change), "shown": self.vertical.show(change),
                }));
            }
        }
        let mut scale = palette.scale(&self.categories, self.colours);
        if self.colours != Colours::Arms {
            // the palest of an ordered list cannot be seen as a thin line
            if let Some(first) = scale["range"].get_mut(0) {
                *first = json!("#b9b9b9");
            }
        }
        let colour =
            json!({ "field": "category", "type": "nominal", "sort": null, "scale": scale });
        let shape = json!({
            "field": "category", "type": "nominal", "sort": null,
            "scale": Palette::default().shapes(&self.categories)
        });
        let y = self.vertical.channel("change");
        let tips = [
            tip("subject", "subject"),
            tip("category", "category"),
            tip("time", &self.horizontal.title),
            tip("shown", &self.vertical.title),
        ];
        let mut layers = vec![
            json!({
                "mark": { "type": "line", "strokeWidth": 1.4, "clip": true },
                "encoding": { "y": y, "color": colour, "detail": { "field": "subject" } }
            }),
            json!({
                "mark": { "type": "point", "filled": true, "size": 34, "opacity": 1 },
                "encoding": { "y": y, "color": colour, "shape": shape, "tooltip": tips }
            }),
        ];
        let ends = self.lines.iter().filter_map(|line| {
            line.points.first().zip(line.points.last()).map(|(first, last)| (first.1, last.1))
        });
        let side = quiet_side(&self.references, &self.vertical, &ends.collect::<Vec<_>>());
        layers.extend(level_lines(&self.references, &self.vertical, side));
        json!({
            "height": 320,
            "data": { "values": rows },
            "encoding": { "x": self.horizontal.channel("time") },
            "layer": layers
        })
    }

    pub(super) fn data(&self) -> Vec<DataTable> {
        let columns = ["subject", "category", &self.horizontal.title, &self.vertical.title];
        let mut table = DataTable::new("points", &columns);
        for line in &self.lines {
            for &(time, change) in &line.points {
                table.rows.push(vec![
                    (&line.subject).into(),
                    (&line.category).into(),
                    time.into(),
                    change.into(),
                ]);
            }
        }
        vec![table]
    }
}
