//! Events: what fires at a stop, and where inside a step a condition turns true.

use crate::compile::{Program, Slice};
use crate::failure::Reason;
use crate::patient::Patient;

/// How often one event may happen at one time.
const REPEATS: u32 = 100;

/// An event that was triggered and has not happened yet.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    event: usize,
    pub(crate) time: f64,
    /// What it will set, if that was decided when it was triggered.
    values: Option<Vec<f64>>,
}

/// Whether a trigger's value counts as true.
pub(crate) fn holds(value: f64) -> bool {
    value.abs() > 0.0
}

/// Lets every event happen whose condition turned from false to true and whose delay is over, one
/// after another, until none is due: the highest priority first, then the order in which they were
/// triggered. Returns how many happened; the error names one that happens without end.
pub(crate) fn settle(program: &Program, patient: &mut Patient) -> Result<u32, (Reason, usize)> {
    if program.events.is_empty() {
        return Ok(0);
    }
    let mut fired = 0;
    let mut counts: Vec<u32> = Vec::new();
    loop {
        trigger(program, patient)?;
        let Some(pending) = next_due(program, patient) else { return Ok(fired) };
        counts.resize(program.events.len(), 0);
        counts[pending.event] += 1;
        if counts[pending.event] > REPEATS {
            return Err((Reason::EventsDoNotSettle { limit: REPEATS }, pending.event));
        }
        let event = &program.events[pending.event];
        let values = pending.values.unwrap_or_else(|| assigned(program, patient, pending.event));
        for ((symbol, _), &value) in event.assignments.iter().zip(&values) {
            patient.set(program, *symbol, value);
        }
        fired += 1;
    }
}

/// Notes which conditions turned true, and forgets what a condition that turned false takes back.
fn trigger(program: &Program, patient: &mut Patient) -> Result<(), (Reason, usize)> {
    for (i, event) in program.events.iter().enumerate() {
        let now = holds(patient.slice(program, &event.trigger));
        let rises = now && !patient.held[i];
        if !event.is_persistent && (rises || !now) {
            patient.pending.retain(|pending| pending.event != i);
        }
        patient.held[i] = now;
        if !rises {
            continue;
        }
        let delay = event.delay.as_ref().map_or(0.0, |slice| patient.slice(program, slice));
        if !(0.0..f64::INFINITY).contains(&delay) {
            return Err((Reason::DelayNotAhead { delay }, i));
        }
        let values = event.from_trigger.then(|| assigned(program, patient, i));
        patient.pending.push(Pending { event: i, time: patient.time + delay, values });
    }
    Ok(())
}

/// Takes the event that happens next at the present time, if one does.
fn next_due(program: &Program, patient: &mut Patient) -> Option<Pending> {
    let mut first: Option<(usize, Option<f64>)> = None;
    for (position, pending) in patient.pending.iter().enumerate() {
        if pending.time > patient.time {
            continue;
        }
        let slice = program.events[pending.event].priority.as_ref();
        let priority = slice.map(|slice| patient.slice(program, slice));
        if first.is_none_or(|(_, highest)| priority > highest) {
            first = Some((position, priority));
        }
    }
    first.map(|(position, _)| patient.pending.remove(position))
}

/// What an event would set now.
fn assigned(program: &Program, patient: &Patient, event: usize) -> Vec<f64> {
    let assignments = program.events[event].assignments.iter();
    assignments.map(|(_, slice)| patient.slice(program, slice)).collect()
}

/// A step of one patient: times and states at its ends, and what lies between.
pub(crate) struct Ends {
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) start: Vec<f64>,
    pub(crate) end: Vec<f64>,
    pub(crate) shape: Shape,
}

/// How the states go from one end of a step to the other.
pub(crate) enum Shape {
    /// On the cubic with these rates at both ends.
    Cubic([Vec<f64>; 2]),
    /// By the dense output of the stiff method.
    Rodas([Vec<f64>; 3]),
}

impl Ends {
    /// Moves the patient to a time within the step.
    fn place(&self, program: &Program, patient: &mut Patient, time: f64) {
        let step = self.to - self.from;
        let x = (time - self.from) / step;
        for (i, state) in program.states.iter().enumerate() {
            let (start, end) = (self.start[i], self.end[i]);
            patient.values[state.0 as usize] = match &self.shape {
                Shape::Cubic([first, last]) => {
                    let (square, cube) = (x * x, x * x * x);
                    let value = 2.0f64.mul_add(cube, (-3.0f64).mul_add(square, 1.0)) * start
                        + 3.0f64.mul_add(square, -2.0 * cube) * end;
                    let value = (step * (cube - 2.0 * square + x)).mul_add(first[i], value);
                    (step * (cube - square)).mul_add(last[i], value)
                }
                Shape::Rodas([a, b, c]) => {
                    let inner = x.mul_add(x.mul_add(c[i], b[i]), a[i]);
                    let bend = (1.0 - x).mul_add(inner, end);
                    (1.0 - x).mul_add(start, x * bend)
                }
            };
        }
        patient.time = time;
        patient.forget_moving();
    }
}

/// What changed over a step.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Positions among the watched events of those whose condition held before.
    pub(crate) held: Vec<usize>,
    /// Positions among the watched events of those that hold at the end but not before.
    pub(crate) rising: Vec<usize>,
    /// Positions among the watched comparisons of those that changed.
    pub(crate) compared: Vec<usize>,
}

/// The earliest time found, within `tolerance`, at which a condition turns true, or turns false
/// before it turns true again; `None` if no condition does. The time is on the side after the change.
///
/// A comparison that changes twice within one step is not seen.
pub(crate) fn locate(
    program: &Program,
    patient: &mut Patient,
    ends: &Ends,
    changes: &Changes,
    tolerance: f64,
) -> Option<f64> {
    let mut finder = Finder { program, patient, ends, tolerance };
    let (mut found, seen) = finder.between_comparisons(changes);
    for &position in changes.rising.iter().filter(|position| !seen.contains(position)) {
        let trigger = &program.events[program.watched[position]].trigger;
        let limit = found.unwrap_or(ends.to);
        if found.is_none() || finder.holds_at(trigger, limit) {
            found = Some(finder.change(trigger, true, limit));
        }
    }
    found
}

struct Finder<'a> {
    program: &'a Program,
    patient: &'a mut Patient,
    ends: &'a Ends,
    tolerance: f64,
}

impl Finder<'_> {
    fn holds_at(&mut self, slice: &Slice, time: f64) -> bool {
        self.ends.place(self.program, self.patient, time);
        holds(self.patient.slice(self.program, slice))
    }

    /// When a condition turns to `after`, which it is at `limit`.
    fn change(&mut self, slice: &Slice, after: bool, limit: f64) -> f64 {
        let (mut low, mut high) = (self.ends.from, limit);
        while high - low > self.tolerance {
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high {
                break;
            }
            if self.holds_at(slice, middle) == after {
                high = middle;
            } else {
                low = middle;
            }
        }
        high
    }

    /// Follows the conditions from one change of a comparison to the next: the first time to stop at,
    /// and the conditions that were seen to turn true.
    fn between_comparisons(&mut self, changes: &Changes) -> (Option<f64>, Vec<usize>) {
        let program = self.program;
        let mut times = Vec::new();
        for &position in &changes.compared {
            let comparison = &program.comparisons[position];
            let after = self.holds_at(comparison, self.ends.to);
            times.push(self.change(comparison, after, self.ends.to));
        }
        times.sort_by(f64::total_cmp);
        let mut first: Option<f64> = None;
        let mut seen = Vec::new();
        for (position, &event) in program.watched.iter().enumerate() {
            let mut before = changes.held.contains(&position);
            let mut fell = None;
            for &time in &times {
                let now = self.holds_at(&program.events[event].trigger, time);
                if now && !before {
                    let stop = fell.unwrap_or(time);
                    first = Some(first.map_or(stop, |other| other.min(stop)));
                    seen.push(position);
                    break;
                }
                if before && !now {
                    fell = fell.or(Some(time));
                }
                before = now;
            }
        }
        (first, seen)
    }
}
