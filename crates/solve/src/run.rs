//! Many patients from start to end: lanes are filled, stopped, steered, and filled again.

mod looks;

use std::collections::VecDeque;
use std::ops::Range;

use crate::compile::Program;
use crate::event::{holds, locate, nearness, settle};
use crate::failure::{Failure, Reason};
use crate::lanes::{LANES, VectorSet, Vectors};
use crate::look::{Looked, Stop, Table};
use crate::patient::Patient;
use crate::request::{Method, Next, Settings, Start, Statistics};
use crate::steer::{Closure, Steer};
use crate::step::{Advance, Arrival, Block, Kind, Prepare, See, Shape, Signal};

/// How often a stop may be repeated at one time.
const REPEATS: u32 = 1000;

/// So many patients may wait for the stiff method before they are followed to their ends, and others begun after.
const ASIDE: usize = 64;

/// Runs every patient to the end. `steer` is called with the patient's position among `starts`, at
/// the start and at each stop; it returns the next stop or look, the present time to be called
/// again after events were handled, or `None` to end. A time alone is a stop.
///
/// Patients do not influence each other: the answers are the same, bit for bit, whatever else is
/// in `starts`.
pub fn run<N: Into<Next>, F: FnMut(usize, &mut Stop<'_>) -> Option<N>>(
    program: &Program,
    starts: &[Start],
    settings: &Settings,
    steer: F,
) -> Vec<Result<Statistics, Failure>> {
    run_on(VectorSet(Vectors::detect()), program, starts, settings, steer)
}

/// As [`run`], with one set of vector instructions of this processor.
pub fn run_on<N: Into<Next>, F: FnMut(usize, &mut Stop<'_>) -> Option<N>>(
    set: VectorSet,
    program: &Program,
    starts: &[Start],
    settings: &Settings,
    steer: F,
) -> Vec<Result<Statistics, Failure>> {
    let mut steer = Closure::new(starts.len(), steer);
    run_with(set.0, program, starts, settings, &mut steer);
    steer.results
}

/// As [`run`] for the patients that `steer` asks for, with the given vector instructions.
pub(crate) fn run_with<S: Steer>(
    vectors: Vectors,
    program: &Program,
    starts: &[Start],
    settings: &Settings,
    steer: &mut S,
) {
    let states = program.states.len();
    let mut absolute = vec![settings.absolute; states];
    for &(symbol, tolerance) in &settings.absolute_of {
        if let Some(state) = program.state_of.get(symbol.0 as usize).copied().flatten() {
            absolute[state as usize] = tolerance;
        }
    }
    let floors = settings.single_cell.floors(program);
    let block = |kind: Kind| {
        let shape = Shape {
            kind,
            counts_stiffness: !kind.is_stiff() && settings.method == Method::Automatic,
            floored: floors.iter().map(|(state, _)| *state).collect(),
        };
        let values: Vec<f64> = floors.iter().map(|(_, value)| *value).collect();
        let tolerances = (settings.relative, absolute.clone());
        Block::new(program.plan(&shape), tolerances, &values, settings.max_steps, vectors)
    };
    let mut runner = Runner {
        program,
        settings,
        starts,
        steer,
        vectors,
        block: block(settings.method.kind()),
        patients: (0..LANES).map(|_| Patient::new(program)).collect(),
        looks: None,
        waiting: 0..0,
        stiff: VecDeque::new(),
        values: vec![0.0; states],
        rates: vec![0.0; states],
        scratch: Vec::new(),
    };
    runner.follow_all();
    while !runner.stiff.is_empty() {
        let begun = std::mem::replace(&mut runner.block, block(Kind::Stiff));
        runner.follow_all();
        runner.block = begun;
        runner.follow_all();
    }
}

/// The patients of one call.
struct Runner<'a, S> {
    program: &'a Program,
    settings: &'a Settings,
    starts: &'a [Start],
    steer: &'a mut S,
    vectors: Vectors,
    block: Block,
    patients: Vec<Patient>,
    /// Made when a caller first looks at a patient within a step.
    looks: Option<Table>,
    /// Those of `starts` that were given out and are on no lane yet.
    waiting: Range<usize>,
    /// Patients who wait for the stiff method, in the midst of their time.
    stiff: VecDeque<Patient>,
    values: Vec<f64>,
    rates: Vec<f64>,
    scratch: Vec<f64>,
}

impl<S: Steer> Runner<'_, S> {
    /// Follows patients until none is left.
    fn follow_all(&mut self) {
        for lane in 0..LANES {
            self.fill(lane);
        }
        let events = self.program.watched.len();
        let mut resume = false;
        while self.block.any_active() {
            match self.vectors.run(Advance { block: &mut self.block, events, resume }) {
                Signal::Within { rose } => {
                    if rose {
                        self.vectors.run(Prepare(&mut self.block));
                        self.look_for_events();
                    }
                    while self.block.reaches_looks() {
                        self.vectors.run(See(&mut self.block));
                        self.looks.iter_mut().for_each(Table::forget);
                        let due: [bool; LANES] =
                            std::array::from_fn(|lane| self.block.reaches_look(lane));
                        for lane in (0..LANES).filter(|&lane| due[lane]) {
                            self.look(lane);
                        }
                    }
                    resume = true;
                }
                Signal::Attention => {
                    resume = false;
                    for lane in 0..LANES {
                        if let Some(arrival) = self.block.arrival(lane) {
                            self.arrive(lane, arrival);
                        }
                    }
                }
            }
        }
    }

    /// Puts waiting patients on the lane until one has a step to take.
    fn fill(&mut self, lane: usize) {
        self.looks.iter_mut().for_each(|looks| looks.forget_lane(lane));
        if self.block.kind().is_stiff() && self.settings.method == Method::Automatic {
            while let Some(patient) = self.stiff.pop_front() {
                let (time, statistics) = (patient.time(), patient.statistics);
                self.patients[lane] = patient;
                self.block.occupy(lane, time);
                self.block.set_steps(lane, statistics.steps, statistics.rejections);
                if self.go_on(lane, None) {
                    return;
                }
            }
            self.block.vacate(lane);
            return;
        }
        while let Some(index) = self.next_waiting() {
            self.begin(lane, index);
            if self.visit(lane) {
                return;
            }
        }
        self.block.vacate(lane);
    }

    /// The next patient to begin.
    fn next_waiting(&mut self) -> Option<usize> {
        if self.waiting.is_empty() && self.stiff.len() < ASIDE {
            self.waiting = self.steer.more();
        }
        self.waiting.next()
    }

    /// Computes a patient's values at the start.
    fn begin(&mut self, lane: usize, index: usize) {
        let (program, start) = (self.program, &self.starts[index]);
        let patient = &mut self.patients[lane];
        patient.index = index;
        patient.stream = start.stream;
        patient.mistake = start
            .overrides
            .iter()
            .find(|(symbol, _)| !program.is_settable(*symbol))
            .map(|&(symbol, _)| (Reason::NotSettable, symbol));
        let scratch = &mut self.scratch;
        patient.start(program, start.time, |values| {
            program.initial.values(start.time, &start.overrides, values, scratch);
        });
        for (held, event) in patient.held.iter_mut().zip(&program.events) {
            *held = event.initially_true;
        }
        patient.pending.clear();
        patient.fixed_changed = true;
        patient.state_changed = true;
        patient.statistics = Statistics::default();
        self.settings.single_cell.begin(program, patient);
        self.block.occupy(lane, start.time);
    }

    /// At a stop: single cells, events, the caller, events again; then on. False when the patient
    /// has ended, with the result noted.
    fn visit(&mut self, lane: usize) -> bool {
        self.attend(lane, false).is_some_and(|next| self.go_on(lane, Some(next)))
    }

    /// Lets the caller see the patient, with single cells and events before and after; where to go
    /// from here. `None` when the patient has ended, with the result noted. At a look, the table of
    /// looks is good for the lane.
    fn attend(&mut self, lane: usize, at_look: bool) -> Option<Next> {
        let program = self.program;
        let seen = self.patients[lane].revision();
        for _ in 0..REPEATS {
            if !self.settle(lane) {
                return None;
            }
            let patient = &mut self.patients[lane];
            patient.statistics.stops += 1;
            let revision = patient.revision();
            let table = self.looks.as_ref().filter(|_| at_look);
            let looked = table.map(|table| Looked { table, lane, revision: seen });
            let next = self.steer.stop(patient.index, &mut Stop { program, patient, looked });
            if let Some((reason, symbol)) = patient.mistake {
                self.fail(lane, reason, program.name(symbol).to_owned());
                return None;
            }
            let Some(next) = next else {
                self.finish(lane);
                return None;
            };
            let (time, ahead) = (patient.time(), next.time());
            if ahead > time && ahead < f64::INFINITY {
                let is_settled = patient.revision() == revision || self.settle(lane);
                return is_settled.then_some(next);
            }
            if !(ahead >= time && ahead < f64::INFINITY) {
                self.fail(lane, Reason::StopNotAhead { next: ahead }, String::new());
                return None;
            }
        }
        let next = self.patients[lane].time();
        self.fail(lane, Reason::StopNotAhead { next }, String::new());
        None
    }

    /// Lets single cells and events happen. False when the patient has ended.
    fn settle(&mut self, lane: usize) -> bool {
        let patient = &mut self.patients[lane];
        self.settings.single_cell.pass_interval(self.program, patient);
        match settle(self.program, patient) {
            Ok(fired) => {
                patient.statistics.events += fired;
                self.settings.single_cell.round_down(self.program, patient);
                true
            }
            Err((reason, event)) => {
                self.fail(lane, reason, self.program.events[event].name.clone());
                false
            }
        }
    }

    /// Sends the patient on its way from the present values, to `next` or to where it was going.
    /// False when it cannot go, with the result noted.
    fn go_on(&mut self, lane: usize, next: Option<Next>) -> bool {
        let program = self.program;
        let patient = &mut self.patients[lane];
        if patient.fixed_changed {
            let fixed = &program.parts(self.block.kind().is_stiff()).fixed;
            fixed.compute(self.vectors, patient.values(), &mut self.scratch);
            self.block.set_fixed(lane, fixed.read(&self.scratch));
        }
        if (patient.fixed_changed || patient.state_changed) && !self.put(lane) {
            return false;
        }
        let patient = &mut self.patients[lane];
        patient.fixed_changed = false;
        patient.state_changed = false;
        patient.disturbed = false;
        for (position, &event) in program.watched.iter().enumerate() {
            self.block.set_held(position, lane, patient.held[event]);
        }
        for (position, comparison) in program.comparisons.iter().enumerate() {
            let position = program.watched.len() + position;
            self.block.set_held(position, lane, holds(patient.slice(program, comparison)));
        }
        patient.next = next.unwrap_or(patient.next);
        let (stop, look) = patient.ahead(program);
        self.block.set_stop(lane, stop, look);
        true
    }

    /// Puts the patient's states on the lane, and chooses a step where the planned one may be too long.
    /// False when they are not finite, with the result noted.
    fn put(&mut self, lane: usize) -> bool {
        let program = self.program;
        let patient = &self.patients[lane];
        let is_new = patient.disturbed || !self.block.has_step(lane);
        // a step of the stiff method computes the rates at its start itself
        let needs_rates = is_new || !self.block.kind().is_stiff();
        if needs_rates {
            patient.rates(program, &mut self.rates);
        }
        let mut rates_moved = !self.block.has_step(lane);
        for (i, state) in program.states.iter().enumerate() {
            let value = patient.values()[state.0 as usize];
            let rate = if needs_rates { self.rates[i] } else { f64::NAN };
            if !value.is_finite() || (needs_rates && !rate.is_finite()) {
                self.fail(lane, Reason::NotFinite, program.name(*state).to_owned());
                return false;
            }
            rates_moved |= self.block.rate(i, lane).to_bits() != rate.to_bits();
            self.block.set_state(i, lane, value, rate);
            self.values[i] = value;
        }
        if is_new && rates_moved {
            self.restart(lane);
        }
        true
    }

    /// Chooses a first step from `values` and `rates`.
    fn restart(&mut self, lane: usize) {
        let program = self.program;
        let patient = &mut self.patients[lane];
        let time = patient.time();
        let step = self.block.first_step(&self.values, &self.rates, |short, after| {
            patient.place(program, time + short, after.iter().copied());
            let mut later = vec![0.0; after.len()];
            patient.rates(program, &mut later);
            later
        });
        patient.place(program, time, self.values.iter().copied());
        self.block.restart(lane, step);
    }

    /// A lane came to a stop or an event, or cannot go on.
    fn arrive(&mut self, lane: usize, arrival: Arrival) {
        let program = self.program;
        let patient = &mut self.patients[lane];
        let block = &self.block;
        let states = (0..program.states.len()).map(|state| block.state(state, lane));
        patient.place(program, block.time(lane), states);
        if !self.block.fires(lane) {
            for (position, &event) in program.watched.iter().enumerate() {
                patient.held[event] = self.block.held(position, lane);
            }
        }
        if arrival == Arrival::Stiff {
            self.hand_over(lane);
            self.fill(lane);
            return;
        }
        let goes_on = match arrival {
            Arrival::Stop if patient.time() >= patient.next.time() => self.visit(lane),
            Arrival::Stop | Arrival::Event => self.settle(lane) && self.go_on(lane, None),
            Arrival::TooManySteps | Arrival::StepTooSmall | Arrival::Stiff => {
                let worst = program.states.get(self.block.worst_state(lane));
                let reason = match arrival {
                    Arrival::TooManySteps => {
                        Reason::TooManySteps { limit: self.settings.max_steps }
                    }
                    _ if self.block.is_finite(lane) => Reason::StepTooSmall,
                    _ => Reason::NotFinite,
                };
                let state = worst.map_or("", |state| program.name(*state)).to_owned();
                self.fail(lane, reason, state);
                false
            }
        };
        if !goes_on {
            self.fill(lane);
        }
    }

    /// Where an event rose over the step just tried, finds the time: the step is taken again up to
    /// there, or, if that is its end, the event fires.
    fn look_for_events(&mut self) {
        let program = self.program;
        for lane in 0..LANES {
            let changes = self.block.changes(lane, program.watched.len());
            if changes.are_none() {
                continue;
            }
            let to = self.block.end(lane);
            let patient = &mut self.patients[lane];
            let Some(time) = locate(program, patient, (&self.block, lane), &changes) else {
                continue;
            };
            if to - time <= 2.0 * nearness(to) {
                for (position, &event) in program.watched.iter().enumerate() {
                    patient.held[event] = self.block.held(position, lane);
                }
                self.block.fire(lane);
            } else {
                self.block.retake(lane, time);
            }
        }
    }

    /// Sets a patient aside for the stiff method.
    fn hand_over(&mut self, lane: usize) {
        self.note_steps(lane);
        let next = Patient::new(self.program);
        let mut patient = std::mem::replace(&mut self.patients[lane], next);
        patient.fixed_changed = true;
        patient.state_changed = true;
        self.stiff.push_back(patient);
    }

    fn note_steps(&mut self, lane: usize) {
        let (steps, rejections) = self.block.steps(lane);
        let statistics = &mut self.patients[lane].statistics;
        if self.block.kind().is_stiff() {
            statistics.stiff_steps += steps - statistics.steps;
        }
        statistics.steps = steps;
        statistics.rejections = rejections;
    }

    fn finish(&mut self, lane: usize) {
        self.note_steps(lane);
        let patient = &self.patients[lane];
        self.steer.ended(patient.index, Ok(patient.statistics));
    }

    fn fail(&mut self, lane: usize, reason: Reason, state: String) {
        let patient = &self.patients[lane];
        let failure =
            Failure { time: patient.time(), state, method: self.block.kind().name(), reason };
        self.steer.ended(patient.index, Err(failure));
    }
}

#[cfg(test)]
mod tests {
    use model::SymbolId;

    use super::*;
    use crate::SingleCell;
    use crate::compile::compile;

    /// Every value of every state and assigned symbol at every stop and look, by patient.
    fn bits(
        vectors: Vectors,
        method: Method,
        program: &Program,
        starts: &[Start],
    ) -> Vec<Vec<u64>> {
        let mut seen = vec![Vec::new(); starts.len()];
        let cells = program.states[..1].to_vec();
        let settings = Settings {
            method,
            single_cell: SingleCell::Deterministic { states: cells.clone(), cell: 1e-9 },
            ..Settings::default()
        };
        let set = VectorSet(vectors);
        let results = run_on(set, program, starts, &settings, |patient, stop| {
            for &state in &program.states {
                seen[patient].push(stop.value(state).to_bits());
            }
            let all = (0..program.value_count() as u32).map(SymbolId);
            for symbol in all.filter(|symbol| program.assigned[symbol.0 as usize].is_some()) {
                seen[patient].push(stop.value(symbol).to_bits());
            }
            let next = stop.time() + 1.7;
            // Something of the patient's own, wherever the patient stands.
            let kind = (starts[patient].overrides[0].1 * 1000.0) as usize;
            // What is set at a look is not what was computed for it.
            if kind % 5 == 4 && next > 30.0 {
                stop.set(cells[0], 0.5 * stop.value(cells[0]));
                let all = (0..program.value_count() as u32).map(SymbolId);
                seen[patient].extend(all.map(|symbol| stop.value(symbol).to_bits()));
            }
            let next = if kind % 3 == 2 { Next::Stop(next) } else { Next::Look(next) };
            (next.time() < 60.0).then_some(next)
        });
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        let stiff = results.iter().flatten().filter(|found| found.stiff_steps > 0).count();
        assert_eq!(stiff > 0, method != Method::Explicit, "{stiff} patients");
        seen
    }

    fn problem(name: &str, varied: &str) -> (Program, Vec<Start>) {
        let path = format!("{}/../../models/{name}.ant", env!("CARGO_MANIFEST_DIR"));
        let model = model::antimony::read(&std::fs::read_to_string(path).unwrap()).unwrap();
        let program = compile(&model).unwrap();
        let varied = program.symbol(varied).unwrap();
        let start = |i: u32| Start {
            overrides: vec![(varied, 0.3 + 0.037 * f64::from(i))],
            ..Start::default()
        };
        (program, (0..21).map(start).collect())
    }

    const CASES: [(&str, &str, Method); 4] = [
        ("p1", "rE", Method::Explicit),
        ("reference-model", "eNK", Method::Explicit),
        ("p2", "rn", Method::Stiff),
        ("p2", "rn", Method::Automatic),
    ];

    #[test]
    fn a_patient_does_not_depend_on_neighbours() {
        for (name, varied, method) in CASES {
            let (program, starts) = problem(name, varied);
            let together = bits(Vectors::detect(), method, &program, &starts);
            for (start, want) in starts.iter().zip(&together) {
                let alone = bits(Vectors::detect(), method, &program, std::slice::from_ref(start));
                assert_eq!(&alone[0], want, "{name}");
            }
        }
    }

    #[test]
    fn all_vector_instructions_give_the_same_bits() {
        for (name, varied, method) in CASES {
            let (program, starts) = problem(name, varied);
            let plain = bits(Vectors::Plain, method, &program, &starts);
            for &vectors in Vectors::available() {
                assert_eq!(bits(vectors, method, &program, &starts), plain, "{name} {vectors:?}");
            }
        }
    }
}
