//! Large numbers follow the equations, small ones live and die one by one, each with the other.
//!
//! A piecewise-deterministic process (Davis, J R Stat Soc B 1984;46:353-388): the reactions that
//! change a small number happen when their accumulated rate reaches an exponential draw, the others
//! flow, by the pair of orders 5 and 4 of Dormand and Prince (J Comput Appl Math 1980;6:19-26).

use super::course::Course;
use super::direct;
use crate::failure::{Failure, Reason};
use crate::math::pow;

/// A small number flows again from this many times the threshold on.
const RELEASE: f64 = 2.0;
/// The absolute tolerance of the accumulated rate.
const HAZARD_TOLERANCE: f64 = 1e-6;
/// How closely the place of a change within a step is found, as a share of the step.
const PLACE: f64 = 1e-12;

const NODES: [f64; 6] = [0.2, 0.3, 0.8, 8.0 / 9.0, 1.0, 1.0];
const WEIGHTS: [&[f64]; 6] = [
    &[0.2],
    &[3.0 / 40.0, 9.0 / 40.0],
    &[44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0],
    &[19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0],
    &[9017.0 / 3168.0, -355.0 / 33.0, 46732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18656.0],
    &[35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0],
];
const ERRORS: [f64; 7] = [
    71.0 / 57600.0,
    0.0,
    -71.0 / 16695.0,
    71.0 / 1920.0,
    -17253.0 / 339_200.0,
    22.0 / 525.0,
    -1.0 / 40.0,
];

/// The threshold and the tolerances.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) below: f64,
    pub(crate) relative: f64,
    pub(crate) absolute: f64,
}

/// What a run keeps between times: which numbers are small, and how near the next jump is.
pub(crate) struct Hybrid {
    limits: Limits,
    is_small: Vec<bool>,
    /// Which reactions change a small number.
    jumps: Vec<bool>,
    /// The accumulated rate at which the next of them happens, and what is accumulated.
    due: f64,
    gathered: f64,
    step: f64,
}

/// A step just tried.
struct Step {
    length: f64,
    /// Molecules, ruled states, accumulated rate.
    before: Vec<f64>,
    after: Vec<f64>,
    slope_before: Vec<f64>,
    slope_after: Vec<f64>,
}

/// What ends a step early.
#[derive(Clone, Copy)]
enum Change {
    Jump,
    Small(usize),
}

impl Hybrid {
    pub(crate) fn new(course: &mut Course<'_>, limits: Limits) -> Self {
        let due = course.exponential();
        let is_small = vec![false; course.counts.len()];
        let jumps = vec![false; course.rates.len()];
        Self { limits, is_small, jumps, due, gathered: 0.0, step: f64::INFINITY }
    }

    /// Whether a species is small at present, so that it is counted.
    pub(crate) fn is_counted(&self, position: usize) -> bool {
        self.is_small[position]
    }

    /// On to a time.
    pub(crate) fn pass(&mut self, course: &mut Course<'_>, until: f64) -> Result<(), Failure> {
        self.sort(course, None);
        course.compute_rates();
        while course.time < until {
            let flows = self.is_small.contains(&false) || !course.network.ruled.is_empty();
            if !flows && course.network.timed.is_none() {
                course.refresh()?;
                direct::pass(course, until, 1)?;
            } else {
                self.flow(course, until)?;
            }
            self.sort(course, None);
        }
        Ok(())
    }

    /// Decides anew which numbers are small. `sinks` has just come down to the threshold.
    fn sort(&mut self, course: &mut Course<'_>, sinks: Option<usize>) {
        for position in 0..course.counts.len() {
            let count = course.counts[position];
            let was_small = self.is_small[position];
            let limit = if was_small { RELEASE } else { 1.0 } * self.limits.below;
            self.is_small[position] = count < limit || sinks == Some(position);
            if self.is_small[position] && !was_small {
                course.make_whole(position);
            }
        }
        for (jump, reaction) in course.network.jumps.iter().enumerate() {
            self.jumps[jump] = reaction.changes.iter().any(|&(place, _)| self.is_small[place]);
        }
    }

    /// One step, and what happens at its end.
    fn flow(&mut self, course: &mut Course<'_>, until: f64) -> Result<(), Failure> {
        course.count()?;
        course.statistics.steps += 1;
        let left = until - course.time;
        let start = course.time;
        let mut length = self.step.min(left);
        let step = loop {
            let (step, error) = self.attempt(course, start, length)?;
            let factor = if error > 0.0 { 0.9 * pow(error, -0.2) } else { 5.0 };
            if error <= 1.0 {
                self.step = length * factor.clamp(0.2, 5.0);
                break step;
            }
            length *= if error.is_finite() { factor.clamp(0.1, 0.9) } else { 0.1 };
            if start + length <= start {
                return Err(course.failure(self.name(course), Reason::StepTooSmall));
            }
            course.count()?;
        };
        let Some((share, change)) = self.first_change(&step) else {
            let end = if length >= left { until } else { start + length };
            self.place(course, end, &step.after);
            return self.check(course);
        };
        let (partial, _) = self.attempt(course, start, share * length)?;
        self.place(course, start + share * length, &partial.after);
        self.check(course)?;
        match change {
            Change::Small(position) => self.sort(course, Some(position)),
            Change::Jump => self.jump(course)?,
        }
        course.compute_rates();
        self.check(course)
    }

    /// A reaction that changes a small number happens.
    fn jump(&mut self, course: &mut Course<'_>) -> Result<(), Failure> {
        self.due = course.exponential();
        self.gathered = 0.0;
        let jumps = &self.jumps;
        let rates = course.rates.iter().zip(jumps).filter(|(_, is_jump)| **is_jump);
        let total = rates.map(|(rate, _)| rate).sum();
        let Some(jump) = course.choose(total, |jump| jumps[jump]) else { return Ok(()) };
        course.happen(jump)
    }

    /// Rates of jumps must not be negative where a step ends.
    fn check(&self, course: &Course<'_>) -> Result<(), Failure> {
        let jumps = self.jumps.iter().enumerate().filter(|(_, is_jump)| **is_jump);
        jumps.map(|(jump, _)| jump).try_for_each(|jump| course.check(jump))
    }

    /// The first reaction that flows, or else the first of all.
    fn name<'a>(&self, course: &Course<'a>) -> &'a str {
        let flow = self.jumps.iter().position(|is_jump| !is_jump).unwrap_or(0);
        &course.network.jumps[flow].name
    }

    /// Everything that flows.
    fn unknowns(&self, course: &Course<'_>) -> Vec<f64> {
        let ruled = course.network.ruled.iter().map(|(symbol, _)| course.plain_value(*symbol));
        course.counts.iter().copied().chain(ruled).chain([self.gathered]).collect()
    }

    fn place(&mut self, course: &mut Course<'_>, time: f64, unknowns: &[f64]) {
        let species = course.counts.len();
        course.set_time(time);
        for (position, &count) in unknowns[..species].iter().enumerate() {
            if !self.is_small[position] {
                course.set_count(position, count.max(0.0));
            }
        }
        for (&(symbol, _), &value) in course.network.ruled.iter().zip(&unknowns[species..]) {
            course.set_value(symbol, value);
        }
        self.gathered = unknowns[unknowns.len() - 1];
        course.compute_rates();
    }

    /// The slopes of everything that flows, at the place where the course is.
    fn slopes(&self, course: &Course<'_>) -> Vec<f64> {
        let species = course.counts.len();
        let mut slopes = vec![0.0; species + course.network.ruled.len() + 1];
        let last = slopes.len() - 1;
        for (jump, &rate) in course.rates.iter().enumerate() {
            if self.jumps[jump] {
                slopes[last] += rate;
                continue;
            }
            for &(position, change) in &course.network.jumps[jump].changes {
                slopes[position] += change * rate;
            }
        }
        for (slope, &(_, rate)) in slopes[species..].iter_mut().zip(&course.network.ruled) {
            *slope = course.term(rate);
        }
        slopes
    }

    /// A step from the present place, and its error in units of the tolerance. The course is left
    /// where it was.
    fn attempt(
        &mut self,
        course: &mut Course<'_>,
        start: f64,
        length: f64,
    ) -> Result<(Step, f64), Failure> {
        let before = self.unknowns(course);
        let mut slopes = vec![self.slopes(course)];
        if slopes[0].iter().any(|slope| !slope.is_finite()) {
            return Err(course.failure(self.name(course), Reason::NotFinite));
        }
        let mut after = before.clone();
        for (node, weights) in NODES.iter().zip(WEIGHTS) {
            for (i, value) in after.iter_mut().enumerate() {
                let change: f64 = weights.iter().zip(&slopes).map(|(w, slope)| w * slope[i]).sum();
                *value = before[i] + length * change;
            }
            self.place(course, start + node * length, &after);
            slopes.push(self.slopes(course));
        }
        let mut error = 0.0_f64;
        for i in 0..before.len() {
            let difference: f64 = ERRORS.iter().zip(&slopes).map(|(e, slope)| e * slope[i]).sum();
            let absolute =
                if i + 1 == before.len() { HAZARD_TOLERANCE } else { self.limits.absolute };
            let size = before[i].abs().max(after[i].abs());
            let share = (length * difference).abs() / (absolute + self.limits.relative * size);
            error = if share <= error { error } else { share };
        }
        if error.is_nan() {
            error = f64::INFINITY;
        }
        self.place(course, start, &before);
        let slope_after = slopes.pop().unwrap_or_default();
        let slope_before = slopes.swap_remove(0);
        Ok((Step { length, before, after, slope_before, slope_after }, error))
    }

    /// Where in the step something changes first.
    fn first_change(&self, step: &Step) -> Option<(f64, Change)> {
        let last = step.after.len() - 1;
        let mut first: Option<(f64, Change)> = None;
        if step.after[last] >= self.due {
            first = Some((step.place(last, |gathered| gathered >= self.due), Change::Jump));
        }
        for (position, is_small) in self.is_small.iter().enumerate() {
            let below = self.limits.below;
            if *is_small || step.after[position] >= below {
                continue;
            }
            let share = step.place(position, |count| count < below);
            if first.is_none_or(|(earliest, _)| share < earliest) {
                first = Some((share, Change::Small(position)));
            }
        }
        first
    }
}

impl Step {
    /// The first place found, as a share of the step, where a condition that holds at its end holds.
    fn place(&self, i: usize, holds: impl Fn(f64) -> bool) -> f64 {
        let (mut low, mut high) = (0.0, 1.0);
        while high - low > PLACE {
            let middle = 0.5 * (low + high);
            if holds(self.inside(i, middle)) {
                high = middle;
            } else {
                low = middle;
            }
        }
        high
    }

    /// A value inside the step: the cubic through both ends and their slopes.
    fn inside(&self, i: usize, share: f64) -> f64 {
        let (a, b) = (self.before[i], self.after[i]);
        let rest = 1.0 - share;
        let from = a + share * (self.length * self.slope_before[i] - (b - a)) * rest;
        let bend = (2.0 * (b - a) - self.length * (self.slope_before[i] + self.slope_after[i]))
            * share
            * share
            * rest;
        from + share * (b - a) + bend
    }
}
