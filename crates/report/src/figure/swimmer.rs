//! One lane per subject: what went on, what happened, who is still followed.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Axis, distinct, tip};
use crate::data::DataTable;
use crate::palette::{Colours, Palette};

/// One lane per subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Swimmer {
    /// The axis of time.
    pub horizontal: Axis,
    /// The states in the legend, in order.
    pub states: Vec<String>,
    /// What the colours of the states mean.
    pub colours: Colours,
    /// The lanes, from top to bottom.
    pub lanes: Vec<Lane>,
}

/// One subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lane {
    /// The subject.
    pub subject: String,
    /// What went on, in order.
    pub segments: Vec<Segment>,
    /// What happened.
    pub events: Vec<SwimmerEvent>,
    /// True when the subject is still followed at the end of the lane.
    pub is_ongoing: bool,
}

/// A stretch of time in one state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// Its start.
    pub from: f64,
    /// Its end.
    pub to: f64,
    /// One of the states.
    pub state: String,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SwimmerEvent {
    /// When.
    pub at: f64,
    /// What; events of one name share a shape.
    pub name: String,
}

const STILL_FOLLOWED: &str = "still followed";
const EVENT_SHAPES: [&str; 6] =
    ["diamond", "circle", "square", "cross", "triangle-up", "triangle-down"];
const EVENT_COLOURS: [&str; 6] = ["#111111", "#ffffff", "#d55e00", "#111111", "#f0c000", "#8c1d2c"];

impl Swimmer {
    pub(super) fn specification(&self, palette: &Palette) -> Value {
        let subjects: Vec<&String> = self.lanes.iter().map(|lane| &lane.subject).collect();
        let mut names =
            distinct(self.lanes.iter().flat_map(|lane| &lane.events).map(|event| &event.name));
        let cycle = |list: &[&'static str]| -> Vec<&'static str> {
            (0..names.len()).map(|at| list[at % list.len()]).collect()
        };
        let (mut shapes, mut fills) = (cycle(&EVENT_SHAPES), cycle(&EVENT_COLOURS));
        if self.lanes.iter().any(|lane| lane.is_ongoing) {
            names.push(STILL_FOLLOWED.into());
            shapes.push("triangle-right");
            fills.push("#ffffff");
        }
        let y = json!({
            "field": "subject", "type": "nominal", "sort": null, "title": null,
            "scale": { "domain": subjects }, "axis": { "ticks": false, "domain": false, "labelPadding": 12 }
        });
        let state_tips = [
            tip("subject", "subject"),
            tip("state", "state"),
            tip("from", "from"),
            tip("to", "to"),
        ];
        let event_tips =
            [tip("subject", "subject"), tip("event", "event"), tip("at", &self.horizontal.title)];
        json!({
            "height": (20.0 * subjects.len() as f64).max(60.0),
            "encoding": { "y": y },
            "layer": [
                {
                    "data": { "values": self.segment_rows() },
                    "mark": { "type": "bar", "height": 12, "stroke": "#8a8a8a", "strokeWidth": 0.5 },
                    "encoding": {
                        "x": self.horizontal.channel("from"), "x2": { "field": "to" },
                        "color": { "field": "state", "type": "nominal", "sort": null,
                                   "scale": palette.scale(&self.states, self.colours),
                                   "legend": { "symbolType": "square", "symbolStrokeWidth": 0.6, "symbolSize": 140 } },
                        "tooltip": state_tips
                    }
                },
                {
                    "data": { "values": self.event_rows() },
                    "mark": { "type": "point", "filled": true, "opacity": 1, "size": 70, "stroke": "#111111",
                              "strokeWidth": 1 },
                    "encoding": {
                        "x": self.horizontal.channel("at"),
                        "shape": { "field": "event", "type": "nominal", "sort": null,
                                   "scale": { "domain": names, "range": shapes } },
                        "fill": { "field": "event", "type": "nominal", "sort": null,
                                  "scale": { "domain": names, "range": fills } },
                        "tooltip": event_tips
                    }
                }
            ],
            "resolve": { "scale": { "color": "independent" } }
        })
    }

    fn segment_rows(&self) -> Vec<Value> {
        let mut rows = Vec::new();
        for lane in &self.lanes {
            for part in &lane.segments {
                rows.push(json!({
                    "subject": lane.subject, "state": part.state, "from": self.horizontal.draw(part.from),
                    "to": self.horizontal.draw(part.to),
                }));
            }
        }
        rows
    }

    fn event_rows(&self) -> Vec<Value> {
        let mut rows = Vec::new();
        for lane in &self.lanes {
            for event in &lane.events {
                rows.push(json!({
                    "subject": lane.subject, "event": event.name, "at": self.horizontal.draw(event.at),
                }));
            }
            let end = lane
                .segments
                .iter()
                .map(|part| part.to)
                .filter(|to| to.is_finite())
                .fold(f64::MIN, f64::max);
            if lane.is_ongoing && end > f64::MIN {
                rows.push(json!({
                    "subject": lane.subject, "event": STILL_FOLLOWED, "at": self.horizontal.draw(end),
                }));
            }
        }
        rows
    }

    pub(super) fn data(&self) -> Vec<DataTable> {
        let mut states =
            DataTable::new("states", &["subject", "state", "from", "to", "still followed"]);
        let mut events = DataTable::new("events", &["subject", "event", &self.horizontal.title]);
        for lane in &self.lanes {
            let ongoing = if lane.is_ongoing { "yes" } else { "no" };
            for part in &lane.segments {
                states.rows.push(vec![
                    (&lane.subject).into(),
                    (&part.state).into(),
                    part.from.into(),
                    part.to.into(),
                    ongoing.into(),
                ]);
            }
            for event in &lane.events {
                events.rows.push(vec![
                    (&lane.subject).into(),
                    (&event.name).into(),
                    event.at.into(),
                ]);
            }
        }
        vec![states, events]
    }
}
