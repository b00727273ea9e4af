//! Cumulative incidence of competing events as figures: steps, bands, and the numbers under the axis.

use report::figure::{AtRisk, Drawing, Step, StepArm, StepPoint};
use report::{Axis, Block};

use super::parts::{Words, figure};
use super::{Material, words};
use crate::summary::ArmSummary;
use crate::summary::incidence::{Incidence, Point};

/// Where the curves of time to event end, for their captions.
pub(super) const ENDS: &str = "A curve ends where fewer than one in ten of those without an event \
                               so far are still under observation.";

/// One figure: an event that others compete with.
pub(super) struct Shown {
    /// What links and files call it.
    pub(super) id: &'static str,
    /// The title.
    pub(super) title: &'static str,
    /// What is counted, for the axis and the alternative text.
    pub(super) event: &'static str,
    /// What happens and what stands in its way, in words.
    pub(super) caption: &'static str,
    /// Which cause.
    pub(super) cause: usize,
    /// The axis of time and how many days one of its units has.
    pub(super) time: (&'static str, f64),
    /// Grid steps between two columns of numbers under the axis.
    pub(super) stride: usize,
}

/// The figure; nothing when nobody was followed.
pub(super) fn drawn(
    material: &Material<'_>,
    shown: &Shown,
    of: fn(&ArmSummary) -> &Incidence,
) -> Option<Block> {
    let summary = &material.simulation.summary;
    let arms: Vec<(&ArmSummary, &Incidence)> =
        summary.arms.iter().map(|arm| (arm, of(arm))).filter(|(_, it)| it.patients > 0).collect();
    let longest = arms.iter().map(|(_, it)| it.points.len()).max()?;
    let said: Vec<String> = arms
        .iter()
        .filter_map(|(arm, incidence)| {
            let last = incidence.drawn().last()?;
            let [low, high] = last.band[shown.cause];
            let day = last.day / shown.time.1;
            Some(format!(
                "{} {} at {}",
                arm.name,
                report::format::percent_range(low, high, words::FINE),
                report::format::whole(day)
            ))
        })
        .collect();
    let counted: Vec<String> =
        arms.iter().map(|(arm, it)| format!("{} {}", arm.name, it.patients)).collect();
    let words = Words {
        id: shown.id.into(),
        title: shown.title.into(),
        caption: format!(
            "{} Line: Aalen-Johansen curve of the patients of all trials; arms without published \
             efficacy data show the band only. Band: 5th to 95th percentile of the curves of single \
             trials. {ENDS} Under the axis: mean numbers per trial.",
            shown.caption
        ),
        alternative: format!(
            "Rising step curves. Share with {} in single trials, 5th to 95th percentile, where the \
             curve ends, in {}: {}.",
            shown.event,
            shown.time.0,
            said.join("; ")
        ),
        denominators: format!(
            "{} Patients infused (or observed), over all trials: {}.",
            words::trials(summary),
            words::list(&counted)
        ),
    };
    let grid = arms.iter().find_map(|(_, it)| Some(it.points.get(1)?.day)).unwrap_or(1.0);
    let ticks: Vec<f64> =
        (0..longest).step_by(shown.stride).map(|at| at as f64 * grid / shown.time.1).collect();
    let drawing = Drawing::Step(Step {
        horizontal: Axis::linear(shown.time.0).at(&ticks),
        vertical: Axis::percent("cumulative incidence").between(0.0, 1.0),
        band: "5th to 95th percentile of single trials".into(),
        arms: arms.iter().map(|(arm, it)| steps(arm, it, shown, (longest, grid))).collect(),
        references: Vec::new(),
    });
    Some(figure(words, drawing))
}

/// The curve of one arm; all arms have numbers under the axis for `longest` points, `grid` days apart.
fn steps(
    arm: &ArmSummary,
    incidence: &Incidence,
    shown: &Shown,
    (longest, grid): (usize, f64),
) -> StepArm {
    let counts: Vec<[f64; 4]> = incidence.points.iter().map(|point| point.counts).collect();
    let unit = shown.time.1;
    let share = |point: &Point| (!arm.is_range_only()).then_some(point.share[shown.cause]);
    StepArm {
        arm: arm.name.clone(),
        points: incidence
            .drawn()
            .iter()
            .map(|point| StepPoint {
                time: point.day / unit,
                share: share(point),
                interval: Some(point.band[shown.cause].into()),
            })
            .collect(),
        censored: Vec::new(),
        at_risk: (0..longest)
            .step_by(shown.stride)
            .map(|at| {
                let [at_risk, first, second, censored] = counts_at(&counts, at);
                let events = [first, second];
                AtRisk {
                    time: at as f64 * grid / unit,
                    at_risk,
                    events: events[shown.cause],
                    other: Some(events[1 - shown.cause]),
                    censored,
                }
            })
            .collect(),
    }
}

/// The numbers under the axis at a grid point. After an arm's last one nobody is at risk (the first
/// number) any more, and nothing more happens.
pub(super) fn counts_at<const N: usize>(counts: &[[f64; N]], at: usize) -> [f64; N] {
    let over = || {
        let mut last = counts.last().copied().unwrap_or([0.0; N]);
        last[0] = 0.0;
        last
    };
    counts.get(at).copied().unwrap_or_else(over).map(report::format::round_count)
}

#[cfg(test)]
mod tests {
    use super::counts_at;

    #[test]
    fn after_the_end_nobody_is_at_risk_and_nothing_happens() {
        let counts = [[17.052, 0.0, 0.0], [1.449, 15.6, 0.0484]];
        let shown = |at| counts_at(&counts, at).map(report::format::exact);
        assert_eq!(shown(0), ["17", "0", "0"]);
        assert_eq!(shown(1), ["1.4", "16", "0.048"]);
        assert_eq!(shown(9), ["0", "16", "0.048"]);
        assert_eq!(counts_at::<2>(&[], 0).map(report::format::exact), ["0", "0"]);
    }
}
