//! Events: what fires at a stop, and where inside a step a condition turns true.

use crate::compile::{Program, Slice};
use crate::failure::Reason;
use crate::graph::Node;
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
    /// Positions among the watched events, then comparisons, of those that may have changed and changed back.
    pub(crate) turning: Vec<usize>,
}

impl Changes {
    /// Whether no condition can have turned true.
    pub(crate) fn are_none(&self) -> bool {
        self.rising.is_empty() && self.compared.is_empty() && self.turning.is_empty()
    }
}

/// How often a turn is looked for: its time is known to a millionth of the step.
const TURN_GUESSES: u32 = 30;

/// The earliest time found at which a condition turns true, or turns false before it turns true again;
/// `None` if no condition does. It is on the side after the change; a condition over time alone turns
/// where its text says, to the last bit.
///
/// A comparison that changes more than twice within one step, or twice where a parabola through the step's ends and
/// its middle gives no sign of it, is not seen.
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
            found = Some(finder.change(trigger, true, from, limit).after);
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

/// Where a condition changes: the last time known before the change, and the first after it.
#[derive(Debug, Clone, Copy)]
struct Found {
    before: f64,
    after: f64,
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

    /// By how much the first side of a comparison was above the second when it was last computed; 0 for
    /// other conditions.
    fn difference(&self, slice: &Slice) -> f64 {
        match self.program.graph.nodes[slice.root as usize] {
            Node::Apply(operation, [first, second, _]) if operation.orders() => {
                self.patient.term(first) - self.patient.term(second)
            }
            _ => 0.0,
        }
    }

    /// When a condition turns to `after`, which it is at `high` and not at `low`.
    fn change(&mut self, slice: &Slice, after: bool, low: f64, high: f64) -> Found {
        let mut ends = [low, high];
        let mut differences = ends.map(|time| {
            self.holds_at(slice, time);
            self.difference(slice)
        });
        let mut guesses = Guesses::new(low, high, nearness(self.to));
        while ends[1] - ends[0] > nearness(self.to) {
            let Some(time) = guesses.next(ends, differences) else { break };
            let side = usize::from(self.holds_at(slice, time) == after);
            ends[side] = time;
            differences[side] = self.difference(slice);
        }
        self.change_by_time(slice, after, ends)
    }

    /// As [`Self::change`], with the states as they are: the last bits of a time that the text names. Where
    /// the states decide, it is `high`, a little on the side after the change.
    fn change_by_time(&mut self, slice: &Slice, after: bool, [low, high]: [f64; 2]) -> Found {
        let mut found = Found { before: low, after: high };
        let inside = self.block.inside(self.lane, high);
        let mut holds_at = |time: f64| {
            let states = slice.states.iter().map(|&state| (state, inside.state(state)));
            self.patient.place_some(self.program, time, states);
            holds(self.patient.slice(self.program, slice))
        };
        if holds_at(low) == after {
            return found;
        }
        loop {
            let middle = 0.5 * (found.before + found.after);
            if middle <= found.before || middle >= found.after {
                return found;
            }
            let end = if holds_at(middle) == after { &mut found.after } else { &mut found.before };
            *end = middle;
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
        for &position in &changes.turning {
            let slice = match position.checked_sub(program.watched.len()) {
                Some(comparison) => &program.comparisons[comparison],
                None => &program.events[program.watched[position]].trigger,
            };
            times.extend(self.there_and_back(slice).into_iter().flatten());
        }
        times.sort_by(|a, b| a.after.total_cmp(&b.after));
        let mut first: Option<f64> = None;
        let mut seen = Vec::new();
        for (position, &event) in program.watched.iter().enumerate() {
            let trigger = &program.events[event].trigger;
            let mut before = changes.held.contains(&position);
            let mut fell = None;
            let mut earlier = self.from;
            for &time in &times {
                let now = self.holds_at(trigger, time.after);
                if now && !before {
                    let stop = fell.unwrap_or_else(|| self.turns(trigger, earlier, time));
                    first = Some(first.map_or(stop, |other| other.min(stop)));
                    seen.push(position);
                    break;
                }
                if before && !now {
                    fell = fell.or(Some(time.after));
                }
                (before, earlier) = (now, time.after);
            }
        }
        (first, seen)
    }

    /// Where a comparison changes and changes back.
    fn there_and_back(&mut self, slice: &Slice) -> Option<[Found; 2]> {
        let outside = self.holds_at(slice, self.to);
        let turn = self.turn(slice, outside)?;
        let there = self.change(slice, !outside, self.from, turn);
        Some([there, self.change(slice, outside, turn, self.to)])
    }

    /// A time at which a comparison is not what it is at both ends: by the golden section, towards where its sides
    /// are nearest to each other.
    fn turn(&mut self, slice: &Slice, outside: bool) -> Option<f64> {
        const GOLDEN: f64 = 0.618_033_988_749_894_8;
        let (mut low, mut high) = (self.from, self.to);
        if self.holds_at(slice, low) != outside {
            return None;
        }
        let mut distance = |time: f64| {
            let is_inside = self.holds_at(slice, time) != outside;
            (is_inside, self.difference(slice).abs())
        };
        let mut times = [GOLDEN.mul_add(low - high, high), GOLDEN.mul_add(high - low, low)];
        let mut found = times.map(&mut distance);
        for _ in 0..TURN_GUESSES {
            if let Some(at) = found.iter().position(|(is_inside, _)| *is_inside) {
                return Some(times[at]);
            }
            if found[0].1 < found[1].1 {
                high = times[1];
                let time = GOLDEN.mul_add(low - high, high);
                (times, found) = ([time, times[0]], [distance(time), found[0]]);
            } else {
                low = times[0];
                let time = GOLDEN.mul_add(high - low, low);
                (times, found) = ([times[1], time], [found[1], distance(time)]);
            }
        }
        None
    }

    /// When a condition turns true that holds after a comparison changed and did not at `earlier`: with
    /// the comparison, or before it for a reason of its own.
    fn turns(&mut self, trigger: &Slice, earlier: f64, time: Found) -> f64 {
        if time.before > earlier && self.holds_at(trigger, time.before) {
            self.change(trigger, true, earlier, time.before).after
        } else {
            time.after
        }
    }
}

/// Guesses at where a function changes its sign: between the secant and the middle, so that the ends
/// come together nearly as fast as by the secant and at most one guess later than by halves.
///
/// Oliveira, Takahashi, ACM Trans Math Softw 2020;47:5 (ITP), with their values of the constants.
struct Guesses {
    /// How strongly a guess is moved from the secant to the middle.
    pull: f64,
    /// How far apart the ends may be after the next guess.
    reach: f64,
}

impl Guesses {
    /// For a change between two times that is wanted to within `length`.
    fn new(low: f64, high: f64, length: f64) -> Self {
        let mut reach = length;
        while reach < high - low {
            reach *= 2.0;
        }
        Self { pull: 0.2 / (high - low), reach }
    }

    /// The next guess; `None` where there is no number between the ends. The differences are of
    /// opposite signs, or the guess is the middle.
    fn next(&mut self, [low, high]: [f64; 2], [at_low, at_high]: [f64; 2]) -> Option<f64> {
        let middle = 0.5 * (low + high);
        let room = self.reach - 0.5 * (high - low);
        self.reach *= 0.5;
        let secant = (at_high * low - at_low * high) / (at_high - at_low);
        let mut guess = middle;
        if secant > low && secant < high {
            let pull = self.pull * (high - low) * (high - low);
            let (way, side) = ((middle - secant).abs(), (middle - secant).signum());
            let pulled = if pull <= way { secant + side * pull } else { middle };
            let far = (pulled - middle).abs() > room;
            guess = if far { middle - side * room } else { pulled };
        }
        let guess = if guess > low && guess < high { guess } else { middle };
        (guess > low && guess < high).then_some(guess)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math;

    /// The ends at last, and how many guesses that took.
    fn search(difference: impl Fn(f64) -> f64, ends: [f64; 2], length: f64) -> ([f64; 2], u32) {
        let (mut ends, mut differences) = (ends, ends.map(&difference));
        let mut guesses = Guesses::new(ends[0], ends[1], length);
        let mut count = 0;
        while ends[1] - ends[0] > length {
            let Some(time) = guesses.next(ends, differences) else { break };
            let side = usize::from((difference(time) > 0.0) == (differences[1] > 0.0));
            ends[side] = time;
            differences[side] = difference(time);
            count += 1;
        }
        (ends, count)
    }

    #[test]
    fn guesses_close_in_on_a_change_of_sign() {
        let root = 2.0_f64.sqrt();
        let check = |name: &str, difference: &dyn Fn(f64) -> f64, most: u32| {
            let ([low, high], count) = search(difference, [0.0, 3.0], 1e-12);
            assert!(low <= root && root <= high && high - low <= 1e-12, "{name}: {low} {high}");
            assert!(count <= most, "{name}: {count} guesses");
        };
        // by halves it takes 42 guesses; rounding may add one to the one that these may add
        check("smooth", &|x| x * x - 2.0, 12);
        check("steep", &|x| math::exp(40.0 * (x - root)) - 1.0, 44);
        check("flat", &|x| (x - root).powi(9), 44);
        check("jump", &|x| if x < root { -1e-3 } else { 1e300 }, 44);
        check("endless", &|x| if x < root { f64::NEG_INFINITY } else { 1.0 }, 44);
    }

    #[test]
    fn guesses_end_where_no_number_is_between() {
        let ([low, high], _) = search(|x| x - 0.7, [0.0, 1.0], 1e-300);
        assert!(low < 0.7 + f64::EPSILON && high >= 0.7 && high - low <= f64::EPSILON);
    }
}
