//! Time to event: pooled curves with the scatter of single trials, medians, rates.

use report::figure::{AtRisk, Drawing, Step, StepArm, StepPoint};
use report::{Axis, Block, paragraph, reference, section};

use super::Material;
use super::incidence::{ENDS, Shown, counts_at, drawn};
use super::parts::{Words, estimates, figure, marked, set_beforehand};
use super::words;
use crate::summary::measure::measure;
use crate::summary::survival::{Curve, GRID};

/// Grid steps (weeks) between two columns of numbers under the axis.
const QUARTER: usize = 13;

/// Progression, with which death competes.
const PROGRESSION: Shown = Shown {
    id: "incidence-of-progression",
    title: "Cumulative incidence of relapse or progression",
    event: "relapse or progression",
    caption: "Share of patients with relapse or progression; who dies first can have neither any \
              more, and is no censoring.",
    cause: 0,
    time: ("weeks since the first infusion", 7.0),
    stride: QUARTER,
};

/// Death without progression.
const DEATH: Shown = Shown {
    id: "incidence-of-death",
    title: "Cumulative incidence of death without relapse or progression",
    event: "death without relapse or progression",
    caption: "Share of patients who died before any relapse or progression, for whatever reason.",
    cause: 1,
    ..PROGRESSION
};

/// The section.
pub fn blocks(material: &Material<'_>) -> Vec<Block> {
    let kinds = [
        ("progression-free-survival", "Progression-free survival", "pfs-6-month"),
        ("overall-survival", "Overall survival", "os-12-month"),
    ];
    let mut blocks = vec![
        section("Time to event"),
        paragraph(
            "Times count from the first infusion; in an arm without a product from the day of \
             enrolment. Patients who were never infused are not in these curves: the section \
             \"From screening to evaluable\" counts them.",
        ),
        set_beforehand(),
    ];
    for (at, (id, title, code)) in kinds.into_iter().enumerate() {
        match curve(material, at, (id, title, code)) {
            Some(figure) => blocks.push(figure),
            None => blocks.push(paragraph(format!("{title}: nobody was followed."))),
        }
    }
    let kinds = [&PROGRESSION, &DEATH];
    blocks.extend(kinds.into_iter().filter_map(|kind| drawn(material, kind, |arm| &arm.progression)));
    blocks.push(estimates(
        material,
        ("survival", "Time to event in each arm"),
        &[
            "pfs-median",
            "pfs-6-month",
            "os-median",
            "os-6-month",
            "os-12-month",
            "relapse-after-cr",
        ],
        vec![
            "Kaplan and Meier in each trial. A median that a trial did not reach within follow-up \
             counts as longer than any that was."
                .into(),
            "Progression is only seen at response visits; the last one lies before 12 months, so \
             no share without progression is given for 12 months."
                .into(),
        ],
    ));
    blocks
}

fn curve(
    material: &Material<'_>,
    which: usize,
    (id, title, code): (&str, &str, &str),
) -> Option<Block> {
    let summary = &material.simulation.summary;
    let rate = measure(code)?;
    let longest = summary.arms.iter().map(|arm| arm.curves[which].points.len()).max()?;
    let mut arms = Vec::new();
    let mut said = Vec::new();
    let mut counted = Vec::new();
    for arm in &summary.arms {
        let curve = &arm.curves[which];
        if curve.patients == 0 {
            continue;
        }
        arms.push(steps(&arm.name, curve, arm.is_range_only(), longest));
        said.push(format!("{} {}", arm.name, marked(material, arm, rate)));
        counted.push(format!("{} {}", arm.name, curve.patients));
    }
    if arms.is_empty() {
        return None;
    }
    let words = Words {
        id: id.into(),
        title: title.into(),
        caption: format!(
            "Line: Kaplan-Meier curve of the patients of all trials, read once a week; arms without \
             published efficacy data show the band only. Band: 5th to 95th percentile of the curves \
             of single trials. {ENDS} Under the axis: mean numbers per trial."
        ),
        alternative: format!("Step curves. Share {}: {}.", rate.title, said.join("; ")),
        denominators: format!(
            "{} Patients infused (or observed), over all trials: {}.",
            words::trials(summary),
            words::list(&counted)
        ),
    };
    let ticks: Vec<f64> = (0..longest).step_by(QUARTER).map(weeks).collect();
    let drawing = Drawing::Step(Step {
        horizontal: Axis::linear("weeks since the first infusion").at(&ticks),
        vertical: Axis::percent(title.to_lowercase()).between(0.0, 1.0),
        band: "5th to 95th percentile of single trials".into(),
        arms,
        references: vec![reference(0.5, "one half")],
    });
    Some(figure(words, drawing))
}

/// Weeks until a grid point.
fn weeks(at: usize) -> f64 {
    at as f64 * GRID / 7.0
}

/// The curve of one arm; all arms have numbers under the axis for `longest` grid points.
fn steps(arm: &str, curve: &Curve, range_only: bool, longest: usize) -> StepArm {
    let points = curve.drawn().iter().filter(|point| point.band.iter().all(|end| end.is_finite()));
    let counts: Vec<[f64; 3]> = curve.points.iter().map(|point| point.counts).collect();
    StepArm {
        arm: arm.to_owned(),
        points: points
            .map(|point| StepPoint {
                time: point.day / 7.0,
                share: (!range_only).then_some(point.survival),
                interval: Some((point.band[0], point.band[1])),
            })
            .collect(),
        censored: Vec::new(),
        at_risk: (0..longest)
            .step_by(QUARTER)
            .map(|at| {
                let [at_risk, events, censored] = counts_at(&counts, at);
                AtRisk { time: weeks(at), at_risk, events, censored, other: None }
            })
            .collect(),
    }
}
