//! Events: what fires at a stop, and where inside a step a condition turns true.

use crate::compile::Program;
use crate::failure::Reason;
use crate::patient::Patient;

/// How often events may set each other off at one time.
const ROUNDS: u32 = 100;

/// Whether a trigger's value counts as true.
pub(crate) fn holds(value: f64) -> bool {
    value.abs() > 0.0
}

/// Fires every event whose condition turned from false to true, in the order of the text, until
/// none does. Each event's assignments are computed from the values at its firing.
/// Returns how many fired; the error names one that fires without end.
pub(crate) fn settle(program: &Program, patient: &mut Patient) -> Result<u32, (Reason, usize)> {
    if program.events.is_empty() {
        return Ok(0);
    }
    let mut fired = 0;
    let mut risen = Vec::new();
    let mut values = Vec::new();
    for _ in 0..ROUNDS {
        risen.clear();
        for (i, event) in program.events.iter().enumerate() {
            let now = holds(patient.slice(program, &event.trigger));
            if now && !patient.held[i] {
                risen.push(i);
            }
            patient.held[i] = now;
        }
        if risen.is_empty() {
            return Ok(fired);
        }
        for &i in &risen {
            let event = &program.events[i];
            values.clear();
            values.extend(event.assignments.iter().map(|(_, s)| patient.slice(program, s)));
            for ((symbol, _), &value) in event.assignments.iter().zip(&values) {
                patient.set(program, *symbol, value);
            }
            fired += 1;
        }
    }
    Err((Reason::EventsDoNotSettle { limit: ROUNDS }, risen[0]))
}

/// The two ends of a step of one patient: times, states, rates.
pub(crate) struct Ends<'a> {
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) start: &'a [f64],
    pub(crate) start_rates: &'a [f64],
    pub(crate) end: &'a [f64],
    pub(crate) end_rates: &'a [f64],
}

impl Ends<'_> {
    /// Moves the patient to a time within the step, on the cubic through both ends.
    fn place(&self, program: &Program, patient: &mut Patient, time: f64) {
        let step = self.to - self.from;
        let x = (time - self.from) / step;
        let (square, cube) = (x * x, x * x * x);
        let weights = [
            2.0f64.mul_add(cube, (-3.0f64).mul_add(square, 1.0)),
            step * (cube - 2.0 * square + x),
            3.0f64.mul_add(square, -2.0 * cube),
            step * (cube - square),
        ];
        for (i, state) in program.states.iter().enumerate() {
            let value = weights[0] * self.start[i] + weights[2] * self.end[i];
            let value = weights[1].mul_add(self.start_rates[i], value);
            patient.values[state.0 as usize] = weights[3].mul_add(self.end_rates[i], value);
        }
        patient.time = time;
        patient.forget_moving();
    }
}

/// The earliest time found, within `tolerance`, at which one of the events that rose over a step
/// holds. The time returned is on the side where it holds; the step's end if none is earlier.
///
/// A condition that turns true and false again within one step is not seen.
pub(crate) fn locate(
    program: &Program,
    patient: &mut Patient,
    ends: &Ends<'_>,
    rising: &[usize],
    tolerance: f64,
) -> f64 {
    let mut first = ends.to;
    for &i in rising {
        let trigger = &program.events[i].trigger;
        let mut holds_at = |time: f64| {
            ends.place(program, patient, time);
            holds(patient.slice(program, trigger))
        };
        if first < ends.to && !holds_at(first) {
            continue;
        }
        let (mut low, mut high) = (ends.from, first);
        while high - low > tolerance {
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high {
                break;
            }
            if holds_at(middle) {
                high = middle;
            } else {
                low = middle;
            }
        }
        first = high;
    }
    first
}
