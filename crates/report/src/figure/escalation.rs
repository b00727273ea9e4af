//! Patients in order by dose level, marked by DLT, no DLT or pending.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::tip;
use crate::data::DataTable;

/// The history of a dose escalation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EscalationHistory {
    /// The dose levels with their units, from the lowest to the highest, used or not.
    pub levels: Vec<String>,
    /// The patients, in order of infusion.
    pub patients: Vec<EscalationPatient>,
}

/// One patient.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EscalationPatient {
    /// The subject.
    pub subject: String,
    /// Which cohort, counted from 1.
    pub cohort: u32,
    /// Which of the levels, counted from 0.
    pub level: usize,
    /// What is known of the DLT window.
    pub outcome: DoseOutcome,
    /// Calendar day of the infusion, counted from the start of the trial.
    pub day: Option<f64>,
    /// What the table and the tooltip add, such as the DLT or the decision; may be empty.
    pub remark: String,
}

/// What is known of a patient's DLT window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DoseOutcome {
    /// The window is over without a DLT.
    NoDlt,
    /// A DLT.
    Dlt,
    /// The window is open.
    Pending,
    /// The patient left before the end of the window without a DLT.
    NotEvaluable,
}

impl DoseOutcome {
    /// Every outcome, in the order of the legend.
    pub const ALL: [Self; 4] = [Self::NoDlt, Self::Dlt, Self::Pending, Self::NotEvaluable];

    /// The words in the legend.
    pub fn words(self) -> &'static str {
        match self {
            Self::NoDlt => "no DLT",
            Self::Dlt => "DLT",
            Self::Pending => "pending",
            Self::NotEvaluable => "not evaluable",
        }
    }
}

impl EscalationHistory {
    pub(super) fn specification(&self) -> Value {
        let levels: Vec<&String> = self.levels.iter().rev().collect();
        let outcomes = DoseOutcome::ALL.map(DoseOutcome::words);
        let count = self.patients.len();
        let rows: Vec<Value> = self.placed().map(|(order, level, patient)| {
            json!({
                "order": order, "level": level, "outcome": patient.outcome.words(), "subject": patient.subject,
                "cohort": patient.cohort, "day": patient.day.map(crate::format::whole), "remark": patient.remark,
            })
        }).collect();
        let x = json!({
            "field": "order", "type": "quantitative", "title": "patients, in order of infusion",
            "scale": { "domain": [0.4, count as f64 + 0.6], "nice": false },
            "axis": { "tickMinStep": 1, "format": "d", "grid": false, "labelOverlap": "greedy" }
        });
        let tips = [
            tip("subject", "subject"),
            tip("level", "dose level"),
            tip("cohort", "cohort"),
            tip("outcome", "outcome"),
            tip("day", "day of the trial"),
            tip("remark", "remark"),
        ];
        json!({
            "height": (44.0 * self.levels.len() as f64).max(90.0),
            "data": { "values": rows },
            "encoding": {
                "x": x,
                "y": { "field": "level", "type": "ordinal", "sort": null, "title": "dose level",
                       "scale": { "domain": levels }, "axis": { "grid": true, "ticks": false, "labelPadding": 6 } }
            },
            "layer": [
                { "mark": { "type": "line", "interpolate": "step", "color": "#bdbdbd", "strokeWidth": 1.2 },
                  "encoding": { "order": { "field": "order" } } },
                {
                    "mark": { "type": "point", "size": 130, "opacity": 1, "strokeWidth": 1.6 },
                    "encoding": {
                        "shape": { "field": "outcome", "type": "nominal", "sort": null,
                                   "scale": { "domain": outcomes, "range": ["circle", "square", "circle", "triangle-up"] } },
                        "fill": { "field": "outcome", "type": "nominal", "sort": null,
                                  "scale": { "domain": outcomes, "range": ["#0072b2", "#d55e00", "#ffffff", "#e6e6e6"] } },
                        "stroke": { "field": "outcome", "type": "nominal", "sort": null,
                                    "scale": { "domain": outcomes, "range": ["#00456b", "#7a3600", "#0072b2", "#777777"] } },
                        "tooltip": tips
                    }
                }
            ]
        })
    }

    fn placed(&self) -> impl Iterator<Item = (usize, &String, &EscalationPatient)> {
        let known = self.patients.iter().enumerate();
        known.filter_map(|(at, patient)| Some((at + 1, self.levels.get(patient.level)?, patient)))
    }

    pub(super) fn data(&self) -> Vec<DataTable> {
        let columns =
            ["order", "subject", "cohort", "dose level", "outcome", "day of the trial", "remark"];
        let mut table = DataTable::new("patients", &columns);
        for (order, level, patient) in self.placed() {
            table.rows.push(vec![
                (order as f64).into(),
                (&patient.subject).into(),
                patient.cohort.into(),
                level.into(),
                patient.outcome.words().into(),
                patient.day.into(),
                patient.remark.as_str().into(),
            ]);
        }
        vec![table]
    }
}
