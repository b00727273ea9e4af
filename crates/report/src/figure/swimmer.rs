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
    /// The kinds of events that lanes of such figures may have: each keeps its mark and colour, also
    /// where others do not happen. Kinds that are not named here follow in order of appearance.
    #[serde(default)]
    pub events: Vec<String>,
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
const STILL_FOLLOWED_MARK: (&str, &str) = ("triangle-right", "#ffffff");
/// Shape and colour of each kind of event.
const EVENT_MARKS: [(&str, &str); 7] = [
    ("diamond", "#111111"),
    ("triangle-up", "#f0c000"),
    ("triangle-down", "#8c1d2c"),
    ("circle", "#ffffff"),
    ("square", "#d55e00"),
    ("cross", "#111111"),
    ("triangle-left", "#3a9bd6"),
];

impl Swimmer {
    pub(super) fn specification(&self, palette: &Palette) -> Value {
        let subjects: Vec<&String> = self.lanes.iter().map(|lane| &lane.subject).collect();
        let (names, (shapes, fills)): (Vec<String>, (Vec<&str>, Vec<&str>)) =
            self.marks().into_iter().unzip();
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

    /// The kinds of events in the lanes, each with its shape and colour.
    fn marks(&self) -> Vec<(String, (&'static str, &'static str))> {
        let seen = || self.lanes.iter().flat_map(|lane| &lane.events).map(|event| &event.name);
        let mut marks: Vec<_> = distinct(self.events.iter().chain(seen()))
            .into_iter()
            .zip(EVENT_MARKS.into_iter().cycle())
            .filter(|(name, _)| seen().any(|other| other == name))
            .collect();
        if self.lanes.iter().any(|lane| lane.is_ongoing) {
            marks.push((STILL_FOLLOWED.into(), STILL_FOLLOWED_MARK));
        }
        marks
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

#[cfg(test)]
mod tests {
    use super::*;

    fn swimmer(happened: &[&str]) -> Swimmer {
        let events = happened.iter().map(|name| SwimmerEvent { at: 1.0, name: (*name).into() });
        let lane = Lane {
            subject: "1".into(),
            segments: vec![Segment { from: 0.0, to: 9.0, state: "PR".into() }],
            events: events.collect(),
            is_ongoing: true,
        };
        Swimmer {
            horizontal: Axis::linear("days"),
            states: vec!["PR".into()],
            events: ["infusion", "DLT", "death"].map(str::to_owned).into(),
            colours: Colours::Benefit,
            lanes: vec![lane],
        }
    }

    #[test]
    fn a_kind_of_event_keeps_its_mark_where_others_do_not_happen() {
        let all = swimmer(&["infusion", "DLT", "death"]).marks();
        let some = swimmer(&["death", "infusion"]).marks();
        let names: Vec<&str> = some.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["infusion", "death", STILL_FOLLOWED]);
        assert!(some.iter().all(|mark| all.contains(mark)), "{some:?} {all:?}");
    }

    #[test]
    fn a_kind_without_a_place_takes_the_next_mark() {
        let marks = swimmer(&["biopsy", "infusion"]).marks();
        assert_eq!(marks[1], ("biopsy".into(), EVENT_MARKS[3]));
    }
}
