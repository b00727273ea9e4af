//! Events: what fires at a stop, and where inside a step a condition turns true.

use crate::compile::{Program, Slice};
use crate::failure::Reason;
use crate::patient::Patient;
use crate::step::Block;

/// How often one event may happen at one time.
pub(crate) const REPEATS: u32 = 100;

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
        let sizes: Vec<Option<f64>> = event
            .assignments
            .iter()
            .map(|(_, _, size)| size.as_ref().map(|size| patient.slice(program, size)))
            .collect();
        for (((symbol, ..), value), size) in event.assignments.iter().zip(values).zip(sizes) {
            patient.set(program, *symbol, size.map_or(value, |size| value * size));
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
        patient.pending.push(Pending { event: i, time: patient.time() + delay, values });
    }
    Ok(())
}

/// Times so near to each other are one moment: events are due together, and priorities decide.
pub(crate) fn nearness(time: f64) -> f64 {
    1e-12 * time.abs().max(1.0)
}

/// Takes the event that happens next at the present time, if one does.
fn next_due(program: &Program, patient: &mut Patient) -> Option<Pending> {
    let mut first: Option<(usize, Option<f64>)> = None;
    for (position, pending) in patient.pending.iter().enumerate() {
        if pending.time > patient.time() + nearness(patient.time()) {
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
    assignments.map(|(_, slice, _)| patient.slice(program, slice)).collect()
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

/// The earliest time found at which a condition turns true, or turns false before it turns true again;
/// `None` if no condition does. It is on the side after the change; a condition over time alone turns
/// where its text says, to the last bit.
///
/// A comparison that changes twice within one step is not seen.
pub(crate) fn locate(
    program: &Program,
    patient: &mut Patient,
    (block, lane): (&Block, usize),
    changes: &Changes,
) -> Option<f64> {
    let (from, to) = (block.time(lane), block.end(lane));
    let mut finder = Finder { program, patient, block, lane, from, to };
    let (mut found, seen) = finder.between_comparisons(changes);
    for &position in changes.rising.iter().filter(|position| !seen.contains(position)) {
        let trigger = &program.events[program.watched[position]].trigger;
        let limit = found.unwrap_or(to);
        if found.is_none() || finder.holds_at(trigger, limit) {
            found = Some(finder.change(trigger, true, from, limit));
        }
    }
    found
}

struct Finder<'a> {
    program: &'a Program,
    patient: &'a mut Patient,
    block: &'a Block,
    lane: usize,
    /// The ends of the step.
    from: f64,
    to: f64,
}

impl Finder<'_> {
    fn holds_at(&mut self, slice: &Slice, time: f64) -> bool {
        if slice.states.is_empty() {
            self.patient.place_some(self.program, time, std::iter::empty());
        } else {
            let inside = self.block.inside(self.lane, time);
            let states = slice.states.iter().map(|&state| (state, inside.state(state)));
            self.patient.place_some(self.program, time, states);
        }
        holds(self.patient.slice(self.program, slice))
    }

    /// When a condition turns to `after`, which it is at `high` and not at `low`.
    fn change(&mut self, slice: &Slice, after: bool, mut low: f64, mut high: f64) -> f64 {
        while high - low > nearness(self.to) {
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
        self.change_by_time(slice, after, low, high)
    }

    /// As [`Self::change`], with the states as they are: the last bits of a time that the text names. Where
    /// the states decide, it is `high`, a little on the side after the change.
    fn change_by_time(&mut self, slice: &Slice, after: bool, mut low: f64, mut high: f64) -> f64 {
        let inside = self.block.inside(self.lane, high);
        let mut holds_at = |time: f64| {
            let states = slice.states.iter().map(|&state| (state, inside.state(state)));
            self.patient.place_some(self.program, time, states);
            holds(self.patient.slice(self.program, slice))
        };
        if holds_at(low) == after {
            return high;
        }
        loop {
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high {
                return high;
            }
            if holds_at(middle) == after {
                high = middle;
            } else {
                low = middle;
            }
        }
    }

    /// Follows the conditions from one change of a comparison to the next: the first time to stop at,
    /// and the conditions that were seen to turn true.
    fn between_comparisons(&mut self, changes: &Changes) -> (Option<f64>, Vec<usize>) {
        let program = self.program;
        let mut times = Vec::new();
        for &position in &changes.compared {
            let comparison = &program.comparisons[position];
            let after = self.holds_at(comparison, self.to);
            times.push(self.change(comparison, after, self.from, self.to));
        }
        times.sort_by(f64::total_cmp);
        let mut first: Option<f64> = None;
        let mut seen = Vec::new();
        for (position, &event) in program.watched.iter().enumerate() {
            let mut before = changes.held.contains(&position);
            let mut fell = None;
            let mut earlier = self.from;
            for &time in &times {
                let now = self.holds_at(&program.events[event].trigger, time);
                if now && !before {
                    // It may have turned before this comparison did, for a reason of its own.
                    let trigger = &program.events[event].trigger;
                    let stop = fell.unwrap_or_else(|| self.change(trigger, true, earlier, time));
                    first = Some(first.map_or(stop, |other| other.min(stop)));
                    seen.push(position);
                    break;
                }
                if before && !now {
                    fell = fell.or(Some(time));
                }
                (before, earlier) = (now, time);
            }
        }
        (first, seen)
    }
}
