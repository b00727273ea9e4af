//! Kaplan-Meier and cumulative incidence: steps, bands, censor ticks, and the numbers at risk under the axis.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Axis, Reference, Side, distinct, level_lines, line_colours, tip};
use crate::data::DataTable;
use crate::palette::Palette;

/// Steps over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The axis of time.
    pub horizontal: Axis,
    /// The axis of shares.
    pub vertical: Axis,
    /// What the band is, such as `95% CI`; empty without bands.
    pub band: String,
    /// The arms.
    pub arms: Vec<StepArm>,
    /// Levels to compare with, such as one half.
    pub references: Vec<Reference>,
}

/// The steps of one arm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepArm {
    /// The arm.
    pub arm: String,
    /// The steps in order, from the one at time zero.
    pub points: Vec<StepPoint>,
    /// When subjects were censored.
    pub censored: Vec<f64>,
    /// The numbers under the axis.
    pub at_risk: Vec<AtRisk>,
}

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepPoint {
    /// When the step is.
    pub time: f64,
    /// The share from then on; nothing where only its interval may be shown.
    pub share: Option<f64>,
    /// Its interval.
    pub interval: Option<(f64, f64)>,
}

/// The numbers under the axis at one time.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AtRisk {
    /// The time.
    pub time: f64,
    /// Subjects at risk just before it.
    pub at_risk: f64,
    /// Events until then.
    pub events: f64,
    /// Subjects censored until then.
    pub censored: f64,
    /// Events of another kind until then, where there are any that end the time at risk.
    pub other: Option<f64>,
}

const HEIGHT: f64 = 280.0;
const ROW: f64 = 16.0;
/// Pixels of the name of an arm under the axis, at most.
const NAME: usize = 130;
/// Pixels of one of its letters.
const LETTER: usize = 7;
type Count = fn(&AtRisk) -> Option<f64>;
/// From the axis to the first line under it: labels and title of the axis.
const UNDER_AXIS: f64 = 62.0;
/// Every line of that title after the first.
const TITLE_LINE: f64 = 14.0;

impl Step {
    pub(super) fn specification(&self, palette: &Palette) -> Value {
        let names = distinct(self.arms.iter().map(|arm| &arm.arm));
        let (stroke, dash, fill) = line_colours("arm", &names, palette);
        let is_clipped = self.horizontal.is_bounded() || self.vertical.is_bounded();
        let y = self.vertical.channel("share");
        let rows = self.rows(palette, &names);
        let mut layers = Vec::new();
        if self.arms.iter().any(|arm| arm.points.iter().any(|point| point.interval.is_some())) {
            let low = self.vertical.channel("low");
            layers.push(json!({
                "mark": { "type": "area", "opacity": 0.09, "interpolate": "step-after", "tooltip": null, "clip": is_clipped },
                "encoding": { "y": low, "y2": { "field": "high" }, "fill": fill }
            }));
        }
        // where only the range may be shown, its two ends are lines
        let edges: Vec<Value> = rows
            .iter()
            .filter(|row| row["share"].is_null() && row["low"].is_number())
            .cloned()
            .collect();
        for end in ["low", "high"].iter().filter(|_| !edges.is_empty()) {
            layers.push(json!({
                "data": { "values": edges },
                "mark": { "type": "line", "interpolate": "step-after", "strokeWidth": 1.1, "clip": is_clipped, "tooltip": null },
                "encoding": { "y": self.vertical.channel(end), "stroke": stroke, "strokeDash": dash }
            }));
        }
        layers.push(json!({
            "mark": { "type": "line", "interpolate": "step-after", "clip": is_clipped },
            "encoding": { "y": y, "stroke": stroke, "strokeDash": dash }
        }));
        let mut tips = vec![
            tip("arm", "arm"),
            tip("time", &self.horizontal.title),
            tip("shown", &self.vertical.title),
        ];
        if !self.band.is_empty() {
            tips.push(tip("band", &self.band));
        }
        layers.push(json!({
            "mark": { "type": "circle", "size": 60, "opacity": 0, "clip": is_clipped },
            "encoding": { "y": y, "fill": fill, "tooltip": tips }
        }));
        let ticks = self.tick_rows(palette, &names);
        if !ticks.is_empty() {
            layers.push(json!({
                "data": { "values": ticks },
                "mark": { "type": "tick", "orient": "vertical", "size": 9, "thickness": 1.5, "clip": is_clipped },
                "encoding": { "y": y, "fill": fill, "tooltip": [tip("arm", "arm"), tip("time", "censored at")] }
            }));
        }
        layers.extend(level_lines(&self.references, &self.vertical, Side::End));
        layers.extend(self.under_axis(palette, &names, &fill));
        json!({
            "height": HEIGHT,
            "data": { "values": rows },
            "encoding": { "x": self.horizontal.channel("time") },
            "layer": layers
        })
    }

    fn rows(&self, palette: &Palette, names: &[String]) -> Vec<Value> {
        let mut rows = Vec::new();
        for arm in &self.arms {
            let colour = palette.colour(names, &arm.arm);
            let mut points = arm.points.clone();
            let followed = arm
                .censored
                .iter()
                .copied()
                .filter(|time| time.is_finite())
                .fold(f64::MIN, f64::max);
            if let Some(last) = points.last().copied().filter(|last| followed > last.time) {
                points.push(StepPoint { time: followed, ..last });
            }
            for point in points {
                let mut row = json!({
                    "arm": arm.arm, "colour": colour, "time": self.horizontal.draw(point.time),
                    "share": self.vertical.draw(point.share),
                    "shown": point.share.map(|share| self.vertical.show(share)),
                });
                if let Some((low, high)) = point.interval {
                    row["low"] = self.vertical.draw(low);
                    row["high"] = self.vertical.draw(high);
                    row["band"] =
                        format!("{} to {}", self.vertical.show(low), self.vertical.show(high))
                            .into();
                }
                rows.push(row);
            }
        }
        rows
    }

    fn tick_rows(&self, palette: &Palette, names: &[String]) -> Vec<Value> {
        let mut rows = Vec::new();
        for arm in &self.arms {
            let colour = palette.colour(names, &arm.arm);
            for &time in &arm.censored {
                if let Some(share) = arm.share_at(time) {
                    rows.push(json!({
                        "arm": arm.arm, "colour": colour, "time": self.horizontal.draw(time), "share": self.vertical.draw(share),
                    }));
                }
            }
        }
        rows
    }

    /// Pixels of the names beside the tables below the axis.
    pub(super) fn names_width(&self) -> usize {
        let told = self.arms.iter().filter(|arm| !arm.at_risk.is_empty());
        told.map(|arm| (LETTER * arm.arm.chars().count()).min(NAME)).max().unwrap_or(0)
    }

    /// Small tables below the axis, on the same time scale.
    fn under_axis(&self, palette: &Palette, names: &[String], fill: &Value) -> Vec<Value> {
        if self.arms.iter().all(|arm| arm.at_risk.is_empty()) {
            return Vec::new();
        }
        let mut parts: Vec<(&str, Count)> = vec![
            ("Number at risk", |row| Some(row.at_risk)),
            ("Events so far", |row| Some(row.events)),
            ("Other events so far", |row| row.other),
            ("Censored so far", |row| Some(row.censored)),
        ];
        let rows = || self.arms.iter().flat_map(|arm| &arm.at_risk);
        parts.retain(|(_, count)| rows().any(|row| count(row).is_some()));
        let (mut heads, mut labels, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
        let title_lines = self.horizontal.title_lines().len().max(1);
        let mut y = HEIGHT + UNDER_AXIS + TITLE_LINE * (title_lines - 1) as f64;
        for (head, count) in parts {
            heads.push(json!({ "text": head, "y": y }));
            for name in names {
                y += ROW;
                labels.push(json!({ "arm": name, "colour": palette.colour(names, name), "y": y }));
                for row in
                    self.arms.iter().filter(|arm| arm.arm == *name).flat_map(|arm| &arm.at_risk)
                {
                    let Some(count) = count(row) else { continue };
                    numbers.push(json!({
                        "arm": name, "time": self.horizontal.draw(row.time), "y": y,
                        "count": crate::format::mean_count(count),
                    }));
                }
            }
            y += ROW + 6.0;
        }
        let place = json!({ "field": "y", "type": "quantitative", "scale": null });
        vec![
            json!({
                "data": { "values": heads },
                "mark": { "type": "text", "align": "left", "fontWeight": "bold", "fontSize": 11 },
                "encoding": { "x": { "value": 0 }, "y": place, "text": { "field": "text" } }
            }),
            json!({
                "data": { "values": labels },
                "mark": { "type": "text", "align": "right", "dx": -22, "fontSize": 11, "limit": NAME },
                "encoding": { "x": { "value": 0 }, "y": place, "text": { "field": "arm" }, "fill": fill }
            }),
            json!({
                "data": { "values": numbers },
                "mark": { "type": "text", "fontSize": 11 },
                "encoding": { "y": place, "text": { "field": "count" } }
            }),
        ]
    }

    pub(super) fn data(&self) -> Vec<DataTable> {
        let mut steps = DataTable::new(
            "steps",
            &["arm", &self.horizontal.title, &self.vertical.title, "low", "high"],
        );
        let mut risk = DataTable::new(
            "numbers at risk",
            &[
                "arm",
                &self.horizontal.title,
                "at risk",
                "events so far",
                "other events so far",
                "censored so far",
            ],
        );
        let mut ticks = DataTable::new("censored", &["arm", &self.horizontal.title]);
        for arm in &self.arms {
            let name = &arm.arm;
            for point in &arm.points {
                let interval = point.interval.unzip();
                steps.rows.push(vec![
                    name.into(),
                    point.time.into(),
                    point.share.into(),
                    interval.0.into(),
                    interval.1.into(),
                ]);
            }
            for row in &arm.at_risk {
                risk.rows.push(vec![
                    name.into(),
                    row.time.into(),
                    row.at_risk.into(),
                    row.events.into(),
                    row.other.into(),
                    row.censored.into(),
                ]);
            }
            ticks.rows.extend(arm.censored.iter().map(|&time| vec![name.into(), time.into()]));
        }
        let mut tables = vec![risk, steps];
        if !ticks.rows.is_empty() {
            tables.push(ticks);
        }
        tables
    }
}

impl StepArm {
    /// The share at a time: that of the last step not after it.
    fn share_at(&self, time: f64) -> Option<f64> {
        self.points.iter().rev().find(|point| point.time <= time).and_then(|point| point.share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_missing_is_not_written_under_the_axis() {
        let row = AtRisk { time: 0.0, at_risk: 0.004, events: 2.0, censored: 3.0, other: None };
        let other = AtRisk { time: 7.0, other: Some(1.0), ..row };
        let arm = |at_risk| StepArm { arm: "a".into(), points: vec![], censored: vec![], at_risk };
        let step = Step {
            horizontal: Axis::linear("days"),
            vertical: Axis::percent("share"),
            band: String::new(),
            arms: vec![arm(vec![row, other])],
            references: vec![],
        };
        let text = step.specification(&Palette::default())["layer"].to_string();
        assert_eq!(text.matches("\"count\":\"").count(), 7);
        assert_eq!(text.matches("\"count\":\"<0.01\"").count(), 2);
        assert!(!text.contains("\"count\":null"));
    }

    #[test]
    fn a_censor_tick_stands_on_its_step() {
        let point = |time, share| StepPoint { time, share: Some(share), interval: None };
        let arm = StepArm {
            arm: "a".into(),
            points: vec![point(0.0, 1.0), point(10.0, 0.5)],
            censored: vec![],
            at_risk: vec![],
        };
        assert_eq!(arm.share_at(9.0), Some(1.0));
        assert_eq!(arm.share_at(10.0), Some(0.5));
        assert_eq!(arm.share_at(-1.0), None);
    }
}
