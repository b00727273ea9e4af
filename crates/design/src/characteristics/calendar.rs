//! Characteristics in calendar time: patients arrive, DLTs come late, windows are open at decisions.

use stats::math::{exp, ln, pow};
use stats::{Purpose, stream};

use crate::characteristics::{Characteristics, Plan, PlanError, Tally, check};
use crate::counts::{DoseCounts, Known, Patient};
use crate::decision::{Action, Reason};
use crate::design::{Design, Outcomes};
use crate::truth::{DoseTruth, Truth};

/// How patients arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accrual {
    /// The time between two is uniform from 0 to twice its mean.
    Uniform,
    /// The time between two is exponential.
    Poisson,
}

/// What happens to who comes when nobody can be enrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// The patient is treated elsewhere.
    TurnedAway,
    /// The patient waits until a decision is possible.
    Queued,
}

/// The course of time in a trial, in any one unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calendar {
    /// The DLT window.
    pub window: f64,
    /// The time after which a response is scored.
    pub response_window: f64,
    /// The mean time between two arrivals.
    pub between_arrivals: f64,
    /// How patients arrive.
    pub accrual: Accrual,
    /// What happens to who comes when nobody can be enrolled.
    pub waiting: Waiting,
    /// The least time between two patients of a cohort.
    pub stagger: f64,
    /// The share of DLTs in the first half of the window; times follow a Weibull law.
    pub early: f64,
}

impl Calendar {
    /// Uniform arrivals, half of the DLTs early, no staggering, nobody waits.
    pub const fn new(window: f64, between_arrivals: f64) -> Self {
        Self {
            window,
            response_window: window,
            between_arrivals,
            accrual: Accrual::Uniform,
            waiting: Waiting::TurnedAway,
            stagger: 0.0,
            early: 0.5,
        }
    }
}

/// Characteristics with those of time.
#[derive(Debug, Clone, PartialEq)]
pub struct InTime {
    /// Recommendations and patients.
    pub characteristics: Characteristics,
    /// The mean time from the first patient to the last outcome.
    pub duration: f64,
    /// Its standard error.
    pub duration_error: f64,
    /// Mean patients turned away, or made to wait.
    pub not_at_once: f64,
    /// Mean patients treated by backfilling.
    pub backfilled: f64,
}

/// One enrolled patient.
#[derive(Debug, Clone, Copy)]
struct Enrolled {
    level: usize,
    start: f64,
    dlt: Option<f64>,
    has_response: bool,
    is_deep: bool,
}

/// The characteristics of a design under a truth in calendar time.
pub fn in_time(
    design: &dyn Design,
    truth: &Truth,
    plan: Plan,
    calendar: &Calendar,
    (seed, trials): (u64, u32),
) -> Result<InTime, PlanError> {
    check(design, truth, plan)?;
    let mut tally = Tally::new(truth.doses.len());
    let (mut sum, mut squares, mut away, mut backfilled) = (0.0, 0.0, 0_u64, 0_u64);
    for trial in 0..trials {
        let mut run = Run::new(design, truth, plan, calendar, (seed, trial));
        let (end, duration) = run.finish();
        let known = run.known(duration);
        let recommended = match end {
            Action::StopForSafety | Action::StopForFutility => None,
            _ => design.recommend(&known.doses),
        };
        tally.add(&known.doses, end, recommended);
        sum += duration;
        squares += duration * duration;
        away += u64::from(run.not_at_once);
        backfilled += u64::from(run.backfilled);
    }
    let count = f64::from(trials.max(1));
    let duration = sum / count;
    let variance = (squares / count - duration * duration).max(0.0);
    Ok(InTime {
        characteristics: tally.characteristics(),
        duration,
        duration_error: (variance / (count - 1.0).max(1.0)).sqrt(),
        not_at_once: away as f64 / count,
        backfilled: backfilled as f64 / count,
    })
}

/// One trial under way.
struct Run<'a> {
    design: &'a dyn Design,
    truth: &'a Truth,
    plan: Plan,
    calendar: &'a Calendar,
    address: (u64, u32),
    enrolled: Vec<Enrolled>,
    /// The patients of the cohort that was treated last.
    cohort: Vec<usize>,
    arrivals: u32,
    not_at_once: u32,
    backfilled: u32,
}

impl<'a> Run<'a> {
    fn new(
        design: &'a dyn Design,
        truth: &'a Truth,
        plan: Plan,
        calendar: &'a Calendar,
        address: (u64, u32),
    ) -> Self {
        Self {
            design,
            truth,
            plan,
            calendar,
            address,
            enrolled: Vec::new(),
            cohort: Vec::new(),
            arrivals: 0,
            not_at_once: 0,
            backfilled: 0,
        }
    }

    /// The time to the next arrival.
    fn gap(&mut self) -> f64 {
        let (seed, trial) = self.address;
        let uniform = stream(seed, trial, self.arrivals, Purpose::Calendar).uniform(0);
        self.arrivals += 1;
        match self.calendar.accrual {
            Accrual::Uniform => 2.0 * self.calendar.between_arrivals * uniform,
            Accrual::Poisson => -self.calendar.between_arrivals * ln(uniform),
        }
    }

    /// Treats a patient; the outcome depends on the trial and the place in it alone.
    fn enrol(&mut self, level: usize, start: f64) {
        let (seed, trial) = self.address;
        let place = self.enrolled.len() as u32;
        let (first, second) = stream(seed, trial, place, Purpose::Events).pair(0);
        let dose = self.truth.doses[level];
        let (has_dlt, has_response, is_deep) = dose.outcomes(first, second);
        let dlt = has_dlt.then(|| start + self.dlt_time(dose, first));
        self.enrolled.push(Enrolled { level, start, dlt, has_response, is_deep });
    }

    /// When the DLT comes, by the place of the draw below the rate.
    fn dlt_time(&self, dose: DoseTruth, draw: f64) -> f64 {
        let Calendar { window, early, .. } = *self.calendar;
        let rate = dose.toxicity.min(1.0 - 1e-9);
        let hazard = |share: f64| -stats::math::ln_1p(-share);
        // The Weibull law with the rate at the end of the window and its early share at the middle.
        let shape = ln(hazard(rate) / hazard(rate * early)) / std::f64::consts::LN_2;
        (window * pow(hazard(draw) / hazard(rate), 1.0 / shape)).min(window)
    }

    /// When the outcome of a patient is settled.
    fn settled(&self, one: &Enrolled) -> f64 {
        let by_window = one.start + self.calendar.window;
        match self.design.outcomes() {
            Outcomes::Toxicity | Outcomes::ToxicityInTime => one.dlt.unwrap_or(by_window),
            Outcomes::Response | Outcomes::NestedResponse => {
                one.start + self.calendar.response_window
            }
            Outcomes::ToxicityAndResponse => {
                by_window.max(one.start + self.calendar.response_window)
            }
        }
    }

    /// What is known at a time.
    fn known(&self, now: f64) -> Known {
        let level = self.cohort.last().map_or(self.plan.start, |&one| self.enrolled[one].level);
        let mut known =
            Known::of_counts(level, &vec![DoseCounts::default(); self.truth.doses.len()]);
        let mut last = DoseCounts::default();
        for (place, one) in self.enrolled.iter().enumerate() {
            let at = &mut known.doses[one.level];
            let is_settled = self.settled(one) <= now;
            let dlt = one.dlt.filter(|&time| time <= now);
            let responded = one.has_response && one.start + self.calendar.response_window <= now;
            if is_settled {
                let mut alone = DoseCounts::default();
                alone.add(dlt.is_some(), responded);
                alone.deep_responses = u32::from(responded && one.is_deep);
                *at = at.with(alone);
                if self.cohort.contains(&place) {
                    last = last.with(alone);
                }
            } else {
                at.pending += 1;
            }
            let share = |time: f64| ((time - one.start) / self.calendar.window).clamp(0.0, 1.0);
            let follow_up = if is_settled { 1.0 } else { share(now).min(1.0 - 1e-9) };
            known.patients.push(Patient { level: one.level, follow_up, dlt: dlt.map(share) });
        }
        known.last_cohort = Some(last);
        known
    }

    /// Runs until the design or the plan ends the trial: why, and when the last cohort is settled.
    fn finish(&mut self) -> (Action, f64) {
        let mut clock: f64 = 0.0;
        let mut left = 0;
        let mut level = self.plan.start;
        let mut treated = 0;
        loop {
            if left == 0 {
                let known = self.known(clock);
                let step = self.design.step(&known, &mut Reason::silent());
                match (step.action, step.next_level) {
                    (Action::Suspend, _)
                    | (Action::Escalate | Action::Stay | Action::DeEscalate, None) => {
                        clock = self.wait(&known, clock);
                        continue;
                    }
                    (action, None) => return (action, self.end()),
                    (_, Some(next)) => {
                        level = next;
                        let wanted = step.patients.unwrap_or(self.plan.cohort).max(1);
                        left = wanted.min(self.plan.max_patients - treated);
                        self.cohort.clear();
                    }
                }
            }
            self.cohort.push(self.enrolled.len());
            self.enrol(level, clock);
            left -= 1;
            treated += 1;
            if treated >= self.plan.max_patients {
                return (Action::Finish, self.end());
            }
            let stagger = if left > 0 { self.calendar.stagger } else { 0.0 };
            clock += self.gap().max(stagger);
        }
    }

    /// Nobody can join a cohort: the patient is backfilled, waits, or is turned away. The time at
    /// which the design is asked again.
    fn wait(&mut self, known: &Known, clock: f64) -> f64 {
        let mut assigned = vec![0; self.truth.doses.len()];
        for one in &self.enrolled {
            assigned[one.level] += 1;
        }
        if let Some(level) = self.design.backfill(known, &assigned) {
            self.enrol(level, clock);
            self.backfilled += 1;
            return clock + self.gap();
        }
        self.not_at_once += 1;
        match self.calendar.waiting {
            Waiting::TurnedAway => clock + self.gap(),
            Waiting::Queued => {
                // Until the next outcome, or a twenty-eighth of the window.
                let next = self.enrolled.iter().map(|one| self.settled(one)).filter(|&t| t > clock);
                next.fold(clock + self.calendar.window / 28.0, f64::min)
            }
        }
    }

    /// When the outcomes of the last cohort are settled.
    fn end(&self) -> f64 {
        let last = self.cohort.iter().map(|&one| self.settled(&self.enrolled[one]));
        last.fold(0.0, f64::max)
    }
}

/// The share of DLTs up to a share of the window, for a rate at the end and an early share.
pub fn dlt_share(rate: f64, early: f64, share: f64) -> f64 {
    let hazard = |share: f64| -stats::math::ln_1p(-share);
    let shape = ln(hazard(rate) / hazard(rate * early)) / std::f64::consts::LN_2;
    1.0 - exp(-hazard(rate) * pow(share, shape))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::characteristics::{exact, simulate};
    use crate::design::ALL;

    fn design(name: &str, settings: &str) -> Box<dyn Design> {
        let entry = ALL.iter().find(|entry| entry.name == name).unwrap();
        (entry.from_toml)(settings).unwrap()
    }

    #[test]
    fn dlts_come_by_the_weibull_law() {
        assert!((dlt_share(0.4, 0.5, 1.0) - 0.4).abs() < 1e-12);
        assert!((dlt_share(0.4, 0.3, 0.5) - 0.12).abs() < 1e-12);
        let truth = Truth::of_toxicity(&[0.4]).unwrap();
        let calendar = Calendar { early: 0.3, ..Calendar::new(28.0, 1.0) };
        let boin = design("boin", "target = 0.3");
        let run = Run::new(boin.as_ref(), &truth, Plan::new(3, 9), &calendar, (1, 0));
        // The draw at the early share of the rate is the middle of the window.
        assert!((run.dlt_time(truth.doses[0], 0.12) - 14.0).abs() < 1e-9);
        assert!((run.dlt_time(truth.doses[0], 0.4) - 28.0).abs() < 1e-9);
    }

    #[test]
    fn a_design_that_waits_has_the_characteristics_without_time() {
        let truth = Truth::of_toxicity(&[0.1, 0.3, 0.5]).unwrap();
        let boin = design("boin", "target = 0.3");
        for waiting in [Waiting::TurnedAway, Waiting::Queued] {
            let calendar = Calendar { waiting, ..Calendar::new(28.0, 4.0) };
            let plan = Plan::new(3, 12);
            let timed = in_time(boin.as_ref(), &truth, plan, &calendar, (3, 500)).unwrap();
            let plain = simulate(boin.as_ref(), &truth, plan, 3, 500).unwrap();
            // The same patients in the same order: the same trials.
            assert_eq!(timed.characteristics, plain);
            assert!(timed.duration > 4.0 * 28.0 && timed.not_at_once > 1.0);
        }
    }

    #[test]
    fn a_design_in_time_is_faster_and_nearly_as_good() {
        let truth = Truth::of_toxicity(&[0.1, 0.3, 0.5]).unwrap();
        let plan = Plan::new(3, 21);
        let calendar = Calendar { waiting: Waiting::Queued, ..Calendar::new(90.0, 10.0) };
        let of = |design: &dyn Design| in_time(design, &truth, plan, &calendar, (3, 400)).unwrap();
        let slow = of(design("boin", "target = 0.3").as_ref());
        for (name, settings) in [
            ("tite-boin", "target = 0.3"),
            ("tite-crm", "target = 0.3\nhalf-width = 0.06\nprior-mtd = 2\nlevels = 3"),
        ] {
            let fast = of(design(name, settings).as_ref());
            assert!(fast.duration < 0.7 * slow.duration, "{name}: {}", fast.duration);
            let gap = (fast.characteristics.selected[1] - slow.characteristics.selected[1]).abs();
            assert!(gap < 0.15, "{name}: {gap}");
        }
    }

    #[test]
    fn rolling_six_with_quick_outcomes_is_close_to_its_slow_self() {
        let truth = Truth::of_toxicity(&[0.1, 0.3, 0.5]).unwrap();
        let rule = design("rolling-six", "");
        let of = |between| {
            let calendar = Calendar::new(28.0, between);
            in_time(rule.as_ref(), &truth, Plan::new(1, 18), &calendar, (5, 600)).unwrap()
        };
        // Outcomes nearly always known before the next patient comes.
        let (slow, fast) = (of(1_000.0), of(5.0));
        assert!(slow.not_at_once < fast.not_at_once);
        assert!(fast.duration < slow.duration);
        let exact = exact(rule.as_ref(), &truth, Plan::new(1, 18)).unwrap();
        for dose in 0..3 {
            let (got, want) = (slow.characteristics.selected[dose], exact.selected[dose]);
            assert!((got - want).abs() < 0.08, "{dose}: {got} for {want}");
        }
    }
}
