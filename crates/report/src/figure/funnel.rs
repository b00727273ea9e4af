//! Subjects left at each stage, from screening to evaluable, with the days lost on the way.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Axis, distinct, lines, tip};
use crate::data::DataTable;
use crate::palette::{Colours, Palette};

/// Subjects left at each stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Funnel {
    /// The axis of counts, such as `patients, mean over replicates`.
    pub values: Axis,
    /// The arms; each names the same stages in the same order.
    pub arms: Vec<FunnelArm>,
}

/// The stages of one arm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FunnelArm {
    /// The arm.
    pub arm: String,
    /// The stages, from the first to the last.
    pub stages: Vec<FunnelStage>,
}

/// Who is left at one stage.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FunnelStage {
    /// The stage, such as `infused`.
    pub name: String,
    /// How many are left; a mean over replicates may have a fraction; nothing where only the range
    /// may be shown.
    pub count: Option<f64>,
    /// The range of that number over trials.
    pub interval: Option<(f64, f64)>,
    /// Days from the first stage, such as a median.
    pub days: Option<f64>,
    /// Why subjects were lost before this stage; may be empty.
    pub because: String,
}

impl Funnel {
    pub(super) fn specification(&self, palette: &Palette) -> Value {
        let arms = distinct(self.arms.iter().map(|arm| &arm.arm));
        let stages =
            distinct(self.arms.iter().flat_map(|arm| &arm.stages).map(|stage| &stage.name));
        let mut axis = lines::row_axis(&stages);
        axis["domain"] = false.into();
        let mut common = json!({
            "y": { "field": "stage", "type": "nominal", "sort": null, "title": null,
                   "scale": { "domain": stages, "paddingInner": 0.2 },
                   "axis": axis }
        });
        if arms.len() > 1 {
            common["yOffset"] = json!({ "field": "arm", "type": "nominal", "sort": null, "scale": { "domain": arms } });
        }
        // room for the words behind the longest bar
        let ends = self.arms.iter().flat_map(|arm| &arm.stages);
        let ends = ends.flat_map(|stage| [stage.count, stage.interval.map(|ends| ends.1)]);
        let longest = ends.flatten().fold(0.0, f64::max);
        let channel = |field: &str| {
            let mut channel = self.values.channel(field);
            channel["scale"]["zero"] = json!(true);
            if self.values.to.is_none() {
                channel["scale"]["domainMax"] = super::drawn(1.25 * longest);
            }
            channel
        };
        // on a narrow screen there is room for the bars only
        let shown =
            json!({ "condition": { "test": "width > 220", "field": "shown" }, "value": "" });
        let tips = [
            tip("arm", "arm"),
            tip("stage", "stage"),
            tip("shown", &self.values.title),
            tip("days", "days since the first stage"),
            tip("because", "lost before"),
        ];
        let mut layers = vec![json!({
            "mark": { "type": "bar", "strokeWidth": 1.4 },
            "encoding": {
                "x": channel("from"), "x2": { "field": "to" }, "tooltip": tips,
                "color": { "field": "arm", "type": "nominal", "sort": null,
                           "scale": palette.scale(&arms, Colours::Arms) },
                // a range of one value has no width, but its edge is seen
                "stroke": { "field": "colour", "type": "nominal", "scale": null }
            }
        })];
        let mut parts = self.arms.iter().flat_map(|arm| &arm.stages);
        if parts.any(|stage| stage.interval.is_some()) {
            layers.push(json!({
                "mark": { "type": "rule", "color": "#222222", "strokeWidth": 1.2, "tooltip": null },
                "encoding": { "x": channel("low"), "x2": { "field": "high" } }
            }));
        }
        layers.push(json!({
            "mark": { "type": "text", "align": "left", "dx": 4, "fontSize": 11 },
            "encoding": { "x": channel("end"), "text": shown }
        }));
        json!({
            "height": ((18.0 * arms.len().max(1) as f64 + 10.0) * stages.len().max(1) as f64).max(60.0),
            "data": { "values": self.rows(palette, &arms) },
            "encoding": common,
            "layer": layers
        })
    }

    fn rows(&self, palette: &Palette, arms: &[String]) -> Vec<Value> {
        let mut rows = Vec::new();
        for arm in &self.arms {
            let colour = palette.colour(arms, &arm.arm);
            for stage in &arm.stages {
                let days = stage.days.map(crate::format::days);
                // without a count the bar lies on the range
                let (from, to) = match (stage.count, stage.interval) {
                    (None, Some((low, high))) => (low, Some(high)),
                    (count, _) => (0.0, count),
                };
                let interval = stage.interval.unzip();
                rows.push(json!({
                    "arm": arm.arm, "colour": colour, "stage": stage.name, "from": self.values.draw(from), "to": self.values.draw(to),
                    "low": self.values.draw(interval.0), "high": self.values.draw(interval.1),
                    "end": self.values.draw(to.into_iter().chain(interval.1).fold(0.0, f64::max)),
                    "shown": self.shown(stage), "days": days, "because": stage.because,
                }));
            }
        }
        rows
    }

    /// The count, or the range where there is none.
    fn shown(&self, stage: &FunnelStage) -> String {
        match (stage.count, stage.interval) {
            (Some(count), _) => self.values.show(count),
            (None, Some((low, high))) => {
                format!("{} to {}", self.values.show(low), self.values.show(high))
            }
            (None, None) => crate::format::NOT_ESTIMABLE.into(),
        }
    }

    pub(super) fn data(&self) -> Vec<DataTable> {
        let columns = [
            "arm",
            "stage",
            &self.values.title,
            "low",
            "high",
            "days since the first stage",
            "lost before",
        ];
        let mut table = DataTable::new("stages", &columns);
        for arm in &self.arms {
            for stage in &arm.stages {
                table.rows.push(vec![
                    (&arm.arm).into(),
                    (&stage.name).into(),
                    stage.count.into(),
                    stage.interval.map(|ends| ends.0).into(),
                    stage.interval.map(|ends| ends.1).into(),
                    stage.days.into(),
                    stage.because.as_str().into(),
                ]);
            }
        }
        vec![table]
    }
}
