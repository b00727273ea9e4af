//! Figures of single subjects, from made-up data.

use cytotrial_report::figure::{
    DoseOutcome, EscalationHistory, EscalationPatient, Lane, Segment, Spider, SpiderLine, Swimmer,
    SwimmerEvent, Tree, TreeNode, Waterfall, WaterfallBar,
};
use cytotrial_report::{Axis, Colours, Drawing, Figure, reference};

use super::figure;

const RESPONSES: [&str; 4] = ["PD", "SD", "PR", "VGPR or better"];

fn response(change: f64) -> String {
    let at = match change {
        change if change > 25.0 => 0,
        change if change > -50.0 => 1,
        change if change > -90.0 => 2,
        _ => 3,
    };
    RESPONSES[at].into()
}

pub(super) fn waterfall() -> Figure {
    let changes = [
        140.0, 62.0, 30.0, 18.0, 4.0, -8.0, -12.0, -25.0, -30.0, -41.0, -52.0, -55.0, -63.0, -78.0,
        -91.0, -95.0, -99.0, -100.0,
    ];
    let bars = changes
        .iter()
        .enumerate()
        .map(|(at, &change)| WaterfallBar {
            subject: format!("1-{:03}", (at * 7) % 18 + 1),
            change,
            category: response(change),
        })
        .collect();
    let drawing = Drawing::Waterfall(Waterfall {
        vertical: Axis::linear("Best change of M-protein, %").between(-100.0, 100.0),
        categories: RESPONSES.map(str::to_owned).into(),
        colours: Colours::Benefit,
        bars,
        references: vec![reference(-50.0, "PR"), reference(-90.0, "VGPR")],
    });
    figure(
        "waterfall",
        "Best change of M-protein",
        "One bar per subject, cut at +100%.",
        "Waterfall: 8 of 18 subjects fall by half or more.",
        drawing,
    )
}

pub(super) fn spider() -> Figure {
    let lines = (0..9)
        .map(|at| {
            let slope = -30.0 + 9.0 * f64::from(at);
            let points = (0..5).map(|visit| {
                let time = f64::from(visit) * 28.0;
                (time, (slope * f64::from(visit)).clamp(-100.0, 150.0))
            });
            SpiderLine {
                subject: format!("1-{:03}", at + 1),
                category: response(slope * 4.0),
                points: points.collect(),
            }
        })
        .collect();
    let drawing = Drawing::Spider(Spider {
        horizontal: Axis::linear("Days since the first infusion")
            .at(&[0.0, 28.0, 56.0, 84.0, 112.0]),
        vertical: Axis::linear("Change of M-protein, %").between(-100.0, 150.0),
        categories: RESPONSES.map(str::to_owned).into(),
        colours: Colours::Benefit,
        lines,
        references: vec![reference(0.0, "baseline")],
    });
    figure(
        "spider",
        "Change of M-protein over time",
        "One line per subject.",
        "Spider plot: lines spread from the baseline, most of them downwards.",
        drawing,
    )
}

pub(super) fn swimmer() -> Figure {
    let lane = |at: u32, response_at: f64, end: f64, is_ongoing: bool| Lane {
        subject: format!("1-{at:03}"),
        segments: vec![
            Segment { from: 0.0, to: response_at, state: "no response".into() },
            Segment { from: response_at, to: end, state: "PR or better".into() },
        ],
        events: vec![
            SwimmerEvent { at: 0.0, name: "infusion".into() },
            SwimmerEvent { at: 7.0, name: "infusion".into() },
            SwimmerEvent {
                at: if is_ongoing { 14.0 } else { end },
                name: if is_ongoing { "CRS grade 2".into() } else { "progression".into() },
            },
        ],
        is_ongoing,
    };
    let drawing = Drawing::Swimmer(Swimmer {
        horizontal: Axis::linear("Days since the first infusion"),
        states: vec!["no response".into(), "PR or better".into()],
        events: ["infusion", "CRS grade 2", "progression"].map(str::to_owned).into(),
        colours: Colours::Benefit,
        lanes: vec![
            lane(1, 28.0, 330.0, true),
            lane(2, 28.0, 260.0, false),
            lane(3, 56.0, 210.0, false),
            lane(4, 56.0, 190.0, true),
            lane(5, 84.0, 120.0, false),
        ],
    });
    figure(
        "swimmer",
        "Time on study",
        "One lane per subject.",
        "Swimmer plot of five subjects, two of them still followed.",
        drawing,
    )
}

pub(super) fn escalation() -> Figure {
    let outcome = |at: usize| match at {
        5 | 11 => DoseOutcome::Dlt,
        13 | 14 => DoseOutcome::Pending,
        8 => DoseOutcome::NotEvaluable,
        _ => DoseOutcome::NoDlt,
    };
    let patients = (0..15)
        .map(|at| EscalationPatient {
            subject: format!("1-{:03}", at + 1),
            cohort: u32::try_from(at / 3).unwrap_or(0) + 1,
            level: [0, 1, 1, 2, 2][at / 3],
            outcome: outcome(at),
            day: Some(14.0 * at as f64),
            remark: if outcome(at) == DoseOutcome::Dlt {
                "CRS grade 3".into()
            } else {
                String::new()
            },
        })
        .collect();
    let drawing = Drawing::EscalationHistory(EscalationHistory {
        levels: vec![
            "5e8 cells".into(),
            "1e9 cells".into(),
            "2e9 cells".into(),
            "4e9 cells".into(),
        ],
        patients,
    });
    figure(
        "escalation",
        "Dose escalation of one replicate",
        "Patients in order of infusion.",
        "Fifteen patients: one DLT at 1e9 and one at 2e9 cells, two windows open.",
        drawing,
    )
}

pub(super) fn tree() -> Figure {
    let node = |from, seen: &str, decision: &str, next: &str| TreeNode {
        from,
        seen: seen.into(),
        decision: decision.into(),
        next: next.into(),
    };
    let drawing = Drawing::Tree(Tree {
        stages: ["now", "after cohort 1", "after cohort 2"].map(str::to_owned).into(),
        decisions: ["escalate", "stay", "de-escalate", "stop for safety"].map(str::to_owned).into(),
        nodes: vec![
            node(None, "", "stay", "level 1"),
            node(Some(0), "0/3", "escalate", "level 2"),
            node(Some(0), "1/3", "stay", "level 1"),
            node(Some(0), "2/3", "stop for safety", ""),
            node(Some(1), "0/3", "escalate", "level 3"),
            node(Some(1), "2/3", "de-escalate", "level 1"),
        ],
    });
    figure(
        "tree",
        "Decisions after the first cohorts",
        "Outcomes and the level that follows.",
        "Tree of five outcomes: escalation after none of three, safety stop after two of three.",
        drawing,
    )
}
