//! The explicit pair of orders 5 and 4, with a step size of its own on every lane.
//!
//! Coefficients: Tsitouras, Comput Math Appl 2011;62:770-775. Step control: Gustafsson, ACM Trans
//! Math Softw 1991;17:533-554 (PI). First step: Hairer, Norsett, Wanner, Solving Ordinary
//! Differential Equations I, section II.4.

#![allow(clippy::needless_bitwise_bool, reason = "lanes are computed without branches")]

mod coefficients;

use coefficients::{A2, A3, A4, A5, A6, A7, ERROR, NODES};

use crate::compile::Program;
use crate::event::holds;
use crate::execute::{REGISTERS, Registers, execute};
use crate::lanes::{LANES, Lanes, Work};
use crate::math;

/// The method's name in failures.
pub(crate) const NAME: &str = "explicit 5(4)";

const SAFETY: f64 = 0.9;
const SHRINK_LIMIT: f64 = 0.2;
const GROW_LIMIT: f64 = 5.0;

/// A block of patients in mid-flight. One lane is one patient.
pub(crate) struct Block {
    registers: Box<Registers>,
    relative: f64,
    absolute: Vec<f64>,
    /// States that read as 0 inside the rates below a value.
    floored: Vec<(usize, f64)>,
    max_steps: f64,
    // per state
    y: Vec<Lanes>,
    new: Vec<Lanes>,
    rates: [Vec<Lanes>; 7],
    // per watched event: whether it held at the start, and holds at the end of the step
    held: Vec<Lanes>,
    holding: Vec<Lanes>,
    // per lane
    time: Lanes,
    stop: Lanes,
    /// Where to look for an event; infinite when none is near.
    event: Lanes,
    step: Lanes,
    tried: Lanes,
    next_time: Lanes,
    next_step: Lanes,
    next_log_error: Lanes,
    /// Logarithm of the last error that the controller believed.
    log_error: Lanes,
    accepted: Lanes,
    was_rejected: Lanes,
    active: Lanes,
    fire: Lanes,
    steps: Lanes,
    rejections: Lanes,
}

/// What an advance stopped for.
pub(crate) enum Signal {
    /// On some lane an event rose over the step just tried. Look, then [`Block::commit`].
    Rose,
    /// Some lanes are at a stop or an event, or cannot go on; [`Block::arrival`] says which.
    Attention,
}

/// Why a lane needs attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    Stop,
    Event,
    TooManySteps,
    StepTooSmall,
}

/// Steps until a lane needs attention.
pub(crate) struct Advance<'a> {
    pub(crate) block: &'a mut Block,
    pub(crate) program: &'a Program,
    /// Finish a step that was tried already.
    pub(crate) resume: bool,
}

impl Work for Advance<'_> {
    type Output = Signal;

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn run(self) -> Signal {
        let Self { block, program, resume } = self;
        let mut resume = resume;
        loop {
            if !resume {
                block.attempt(program);
                if !program.watched.is_empty() && block.watch(program) {
                    return Signal::Rose;
                }
            }
            resume = false;
            if block.commit() {
                return Signal::Attention;
            }
        }
    }
}

/// y plus the tried step times the weighted rates. Unrolled by hand over the rates, because the
/// compiler makes poor vectors of a loop here.
macro_rules! combine {
    ($weights:ident, [$($rates:ident $position:literal),*], $y:expr, $tried:expr, $out:expr) => {{
        let (y, tried, out) = (&$y[..], *$tried, &mut $out[..]);
        let n = y.len();
        $(let $rates = &$rates[..n];)*
        let out = &mut out[..n];
        for i in 0..n {
            let mut sum = Lanes::ZERO;
            $(
                let rate = $rates[i];
                for lane in 0..LANES {
                    sum.0[lane] = $weights[$position].mul_add(rate.0[lane], sum.0[lane]);
                }
            )*
            let start = y[i];
            for lane in 0..LANES {
                sum.0[lane] = tried.0[lane].mul_add(sum.0[lane], start.0[lane]);
            }
            out[i] = sum;
        }
    }};
}

impl Block {
    pub(crate) fn new(
        program: &Program,
        relative: f64,
        absolute: Vec<f64>,
        floored: Vec<(usize, f64)>,
        max_steps: u32,
    ) -> Self {
        let registers: Box<[Lanes]> = vec![Lanes::ZERO; REGISTERS].into_boxed_slice();
        let registers: Box<Registers> =
            registers.try_into().expect("made with this many registers");
        let states = program.states.len();
        let column = || vec![Lanes::ZERO; states];
        Self {
            registers,
            relative,
            absolute,
            floored,
            max_steps: f64::from(max_steps),
            y: column(),
            new: column(),
            rates: std::array::from_fn(|_| column()),
            held: vec![Lanes::ZERO; program.watched.len()],
            holding: vec![Lanes::ZERO; program.watched.len()],
            time: Lanes::ZERO,
            stop: Lanes::all(f64::INFINITY),
            event: Lanes::all(f64::INFINITY),
            step: Lanes::ZERO,
            tried: Lanes::ZERO,
            next_time: Lanes::ZERO,
            next_step: Lanes::ZERO,
            next_log_error: Lanes::ZERO,
            log_error: Lanes::ZERO,
            accepted: Lanes::ZERO,
            was_rejected: Lanes::ZERO,
            active: Lanes::ZERO,
            fire: Lanes::ZERO,
            steps: Lanes::ZERO,
            rejections: Lanes::ZERO,
        }
    }

    /// Tries one step on every lane.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn attempt(&mut self, program: &Program) {
        for lane in 0..LANES {
            let (time, step) = (self.time.0[lane], self.step.0[lane]);
            let (stop, event) = (self.stop.0[lane], self.event.0[lane]);
            let target = if event < stop { event } else { stop };
            let remaining = target - time;
            let ends = step >= remaining;
            let shorter = if 2.0 * step > remaining { 0.5 * remaining } else { step };
            let tried = if ends { remaining } else { shorter };
            self.tried.0[lane] = tried;
            self.next_time.0[lane] = if ends { target } else { time + tried };
        }
        for stage in 0..6 {
            self.place(stage, program);
            execute(&program.rates, &mut self.registers);
            for (rate, &output) in self.rates[stage + 1].iter_mut().zip(&program.rates.outputs) {
                *rate = self.registers[usize::from(output) % REGISTERS];
            }
        }
        let error = self.error();
        self.control(&error);
    }

    /// Puts the states and the time of a stage where the rates read them.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn place(&mut self, stage: usize, program: &Program) {
        let Self { registers, y, new, rates, tried, time, floored, .. } = self;
        let [k1, k2, k3, k4, k5, k6, _] = rates;
        let n = y.len();
        let out = &mut registers[..n];
        match stage {
            0 => combine!(A2, [k1 0], y, tried, out),
            1 => combine!(A3, [k1 0, k2 1], y, tried, out),
            2 => combine!(A4, [k1 0, k2 1, k3 2], y, tried, out),
            3 => combine!(A5, [k1 0, k2 1, k3 2, k4 3], y, tried, out),
            4 => combine!(A6, [k1 0, k2 1, k3 2, k4 3, k5 4], y, tried, out),
            _ => {
                combine!(A7, [k1 0, k2 1, k3 2, k4 3, k5 4, k6 5], y, tried, new);
                out.copy_from_slice(new);
            }
        }
        for &(state, floor) in &*floored {
            let value = &mut registers[state % REGISTERS];
            for lane in 0..LANES {
                value.0[lane] = if value.0[lane] < floor { 0.0 } else { value.0[lane] };
            }
        }
        let now = match NODES.get(stage) {
            Some(&node) => Lanes::each(|lane| tried.0[lane].mul_add(node, time.0[lane])),
            None => self.next_time,
        };
        registers[usize::from(program.time_register) % REGISTERS] = now;
    }

    /// The error of the step just tried, in units of the tolerance: root mean square over states.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn error(&self) -> Lanes {
        let Self { y, new, rates, tried, absolute, relative, .. } = self;
        let n = y.len();
        let [k1, k2, k3, k4, k5, k6, k7] = rates;
        let mut total = Lanes::ZERO;
        macro_rules! add {
            ($($k:ident $position:literal),*) => {
                let (new, absolute) = (&new[..n], &absolute[..n]);
                $(let $k = &$k[..n];)*
                for i in 0..n {
                    let mut sum = Lanes::ZERO;
                    $(
                        let rate = $k[i];
                        for lane in 0..LANES {
                            sum.0[lane] = ERROR[$position].mul_add(rate.0[lane], sum.0[lane]);
                        }
                    )*
                    let (y, new, absolute) = (y[i], new[i], absolute[i]);
                    for lane in 0..LANES {
                        let (before, after) = (y.0[lane].abs(), new.0[lane].abs());
                        let size = if after > before { after } else { before };
                        let scale = relative.mul_add(size, absolute);
                        let ratio = sum.0[lane] * tried.0[lane] / scale;
                        total.0[lane] = ratio.mul_add(ratio, total.0[lane]);
                    }
                }
            };
        }
        add!(k1 0, k2 1, k3 2, k4 3, k5 4, k6 5, k7 6);
        let share = 1.0 / (n.max(1) as f64);
        Lanes::each(|lane| (total.0[lane] * share).sqrt())
    }

    /// Decides which lanes accept their step, and the steps to try next.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn control(&mut self, error: &Lanes) {
        for lane in 0..LANES {
            let (error, tried, step) = (error.0[lane], self.tried.0[lane], self.step.0[lane]);
            let accepted = error <= 1.0;
            let log = math::ln(error);
            let growth = 0.08f64.mul_add(self.log_error.0[lane], -0.14 * log);
            let shrinkage = -0.2 * log;
            let factor = SAFETY * math::exp(if accepted { growth } else { shrinkage });
            let limit = if self.was_rejected.0[lane] > 0.0 { 1.0 } else { GROW_LIMIT };
            let factor = if factor < limit { factor } else { limit };
            // written so that an error that is not a number shrinks the step
            let factor = if factor > SHRINK_LIMIT { factor } else { SHRINK_LIMIT };
            let factor = if error < f64::INFINITY { factor } else { SHRINK_LIMIT };
            let next = tried * factor;
            // A step cut short by a stop says nothing against the step planned.
            let cut = (tried < step) & accepted & (factor >= 1.0);
            let kept = if cut & (step > next) { step } else { next };
            self.next_step.0[lane] = kept;
            self.accepted.0[lane] = if accepted { 1.0 } else { 0.0 };
            let believed = accepted & (tried >= step);
            let floor = -9.210_340_371_976_182; // ln(1e-4)
            let log = if log > floor { log } else { floor };
            self.next_log_error.0[lane] = if believed { log } else { self.log_error.0[lane] };
        }
    }

    /// Computes the watched events at the end of the step; whether one rose on an accepted lane.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn watch(&mut self, program: &Program) -> bool {
        execute(&program.triggers, &mut self.registers);
        let mut rose = false;
        for (position, &output) in program.triggers.outputs.iter().enumerate() {
            let value = self.registers[usize::from(output) % REGISTERS];
            for lane in 0..LANES {
                let now = holds(value.0[lane]);
                self.holding[position].0[lane] = if now { 1.0 } else { 0.0 };
                let before = self.held[position].0[lane] > 0.0;
                let open = (self.accepted.0[lane] > 0.0) & (self.active.0[lane] > 0.0);
                rose |= now & !before & open;
            }
        }
        rose
    }

    /// Moves the accepted lanes; whether a lane needs attention.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn commit(&mut self) -> bool {
        let accepted = self.accepted;
        let choose = |new: &Lanes, old: &mut Lanes| {
            for lane in 0..LANES {
                old.0[lane] = if accepted.0[lane] > 0.0 { new.0[lane] } else { old.0[lane] };
            }
        };
        for (y, new) in self.y.iter_mut().zip(&self.new) {
            choose(new, y);
        }
        let [k1, .., k7] = &mut self.rates;
        for (first, last) in k1.iter_mut().zip(k7.iter()) {
            choose(last, first);
        }
        for (held, holding) in self.held.iter_mut().zip(&self.holding) {
            choose(holding, held);
        }
        choose(&self.next_time, &mut self.time);
        self.step = self.next_step;
        self.log_error = self.next_log_error;
        let mut attention = 0.0;
        for lane in 0..LANES {
            let (active, accepted) = (self.active.0[lane], accepted.0[lane]);
            self.steps.0[lane] += active;
            self.rejections.0[lane] += active * (1.0 - accepted);
            self.was_rejected.0[lane] = 1.0 - accepted;
            let time = self.time.0[lane];
            let passed = time >= self.event.0[lane];
            self.event.0[lane] = if passed { f64::INFINITY } else { self.event.0[lane] };
            let needs = (time >= self.stop.0[lane])
                | (self.fire.0[lane] > 0.0)
                | (self.steps.0[lane] >= self.max_steps)
                | self.is_stuck(lane);
            attention += if needs { active } else { 0.0 };
        }
        attention > 0.0
    }

    /// Whether the next step would not move time.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn is_stuck(&self, lane: usize) -> bool {
        let time = self.time.0[lane].abs();
        let size = if time > 1.0 { time } else { 1.0 };
        self.step.0[lane].is_nan() | (self.step.0[lane] <= 1e-14 * size)
    }
}

/// What happens between steps, one lane at a time.
impl Block {
    /// Why the lane needs attention, if it does.
    pub(crate) fn arrival(&self, lane: usize) -> Option<Arrival> {
        if self.active.0[lane] == 0.0 {
            None
        } else if self.time.0[lane] >= self.stop.0[lane] {
            Some(Arrival::Stop)
        } else if self.fire.0[lane] > 0.0 {
            Some(Arrival::Event)
        } else if self.steps.0[lane] >= self.max_steps {
            Some(Arrival::TooManySteps)
        } else if self.is_stuck(lane) {
            Some(Arrival::StepTooSmall)
        } else {
            None
        }
    }

    pub(crate) fn any_active(&self) -> bool {
        self.active.0.iter().any(|&active| active > 0.0)
    }

    pub(crate) fn time(&self, lane: usize) -> f64 {
        self.time.0[lane]
    }

    /// Steps taken and rejected since the lane was filled.
    pub(crate) fn steps(&self, lane: usize) -> (u32, u32) {
        (self.steps.0[lane] as u32, self.rejections.0[lane] as u32)
    }

    pub(crate) fn stop(&self, lane: usize) -> f64 {
        self.stop.0[lane]
    }

    /// Whether the last step tried on the lane ended in finite values and rates.
    pub(crate) fn is_finite(&self, lane: usize) -> bool {
        let columns = [&self.new].into_iter().chain(&self.rates);
        columns.flatten().all(|column| column.0[lane].is_finite())
    }

    pub(crate) fn state(&self, state: usize, lane: usize) -> f64 {
        self.y[state].0[lane]
    }

    /// Puts a patient on a lane.
    pub(crate) fn occupy(&mut self, lane: usize, time: f64) {
        self.time.0[lane] = time;
        self.active.0[lane] = 1.0;
        self.event.0[lane] = f64::INFINITY;
        for per_lane in [
            &mut self.steps,
            &mut self.rejections,
            &mut self.was_rejected,
            &mut self.fire,
            &mut self.step,
        ] {
            per_lane.0[lane] = 0.0;
        }
    }

    /// Leaves a lane empty.
    pub(crate) fn vacate(&mut self, lane: usize) {
        self.active.0[lane] = 0.0;
        self.step.0[lane] = 0.0;
        self.fire.0[lane] = 0.0;
        self.stop.0[lane] = f64::INFINITY;
        self.event.0[lane] = f64::INFINITY;
    }

    pub(crate) fn set_stop(&mut self, lane: usize, stop: f64) {
        self.stop.0[lane] = stop;
        self.fire.0[lane] = 0.0;
        self.event.0[lane] = f64::INFINITY;
    }

    pub(crate) fn set_register(&mut self, register: u16, lane: usize, value: f64) {
        self.registers[usize::from(register) % REGISTERS].0[lane] = value;
    }

    pub(crate) fn set_state(&mut self, state: usize, lane: usize, value: f64, rate: f64) {
        self.y[state].0[lane] = value;
        self.rates[0][state].0[lane] = rate;
    }

    pub(crate) fn rate(&self, state: usize, lane: usize) -> f64 {
        self.rates[0][state].0[lane]
    }

    /// The step to try next, forgetting what the controller knew.
    pub(crate) fn restart(&mut self, lane: usize, step: f64) {
        self.step.0[lane] = step;
        self.log_error.0[lane] = -9.210_340_371_976_182; // ln(1e-4)
        self.was_rejected.0[lane] = 0.0;
    }

    pub(crate) fn has_step(&self, lane: usize) -> bool {
        self.step.0[lane] > 0.0
    }

    pub(crate) fn set_held(&mut self, position: usize, lane: usize, held: bool) {
        self.held[position].0[lane] = if held { 1.0 } else { 0.0 };
    }

    pub(crate) fn held(&self, position: usize, lane: usize) -> bool {
        self.held[position].0[lane] > 0.0
    }

    /// Positions among the watched events of those that rose on a lane whose step was accepted.
    pub(crate) fn rose(&self, lane: usize) -> Vec<usize> {
        let open = self.accepted.0[lane] * self.active.0[lane] > 0.0;
        let rose = |&p: &usize| open && self.holding[p].0[lane] > self.held[p].0[lane];
        (0..self.held.len()).filter(rose).collect()
    }

    /// The ends of the step just tried on a lane: time, states and rates, first and last.
    pub(crate) fn ends(&self, lane: usize) -> (f64, f64, [Vec<f64>; 4]) {
        let pick = |columns: &[Lanes]| columns.iter().map(|c| c.0[lane]).collect::<Vec<f64>>();
        let [k1, .., k7] = &self.rates;
        let columns = [pick(&self.y), pick(k1), pick(&self.new), pick(k7)];
        (self.time.0[lane], self.next_time.0[lane], columns)
    }

    /// Takes the step just tried again, only as far as `time`.
    pub(crate) fn retake(&mut self, lane: usize, time: f64) {
        self.accepted.0[lane] = 0.0;
        self.next_step.0[lane] = self.step.0[lane];
        self.next_log_error.0[lane] = self.log_error.0[lane];
        self.event.0[lane] = time;
        self.rejections.0[lane] -= 1.0;
    }

    /// Whether events fire at the lane's present time.
    pub(crate) fn fires(&self, lane: usize) -> bool {
        self.fire.0[lane] > 0.0
    }

    /// Lets events fire at the end of the step just tried.
    pub(crate) fn fire(&mut self, lane: usize) {
        self.fire.0[lane] = 1.0;
    }

    /// The first step from here, given the states' values and rates, and a way to compute rates.
    pub(crate) fn first_step(
        &self,
        values: &[f64],
        rates: &[f64],
        rates_after: impl FnOnce(f64, &[f64]) -> Vec<f64>,
    ) -> f64 {
        let norm = |v: &dyn Fn(usize) -> f64| {
            let sum: f64 = (0..values.len())
                .map(|i| v(i) / self.relative.mul_add(values[i].abs(), self.absolute[i]))
                .map(|ratio| ratio * ratio)
                .sum();
            (sum / values.len().max(1) as f64).sqrt()
        };
        let (size, slope) = (norm(&|i| values[i]), norm(&|i| rates[i]));
        let short = if size < 1e-5 || slope < 1e-5 { 1e-6 } else { 0.01 * size / slope };
        let after: Vec<f64> =
            (0..values.len()).map(|i| short.mul_add(rates[i], values[i])).collect();
        let later = rates_after(short, &after);
        let bend = norm(&|i| later[i] - rates[i]) / short;
        let larger = if bend > slope { bend } else { slope };
        let step = if larger <= 1e-15 {
            if short * 1e-3 > 1e-6 { short * 1e-3 } else { 1e-6 }
        } else {
            math::pow(0.01 / larger, 0.2)
        };
        if step < 100.0 * short { step } else { 100.0 * short }
    }

    /// The state with the largest error in the last step tried on a lane.
    pub(crate) fn worst_state(&self, lane: usize) -> usize {
        let mut worst = (0, -1.0);
        for i in 0..self.y.len() {
            let sum: f64 = ERROR.iter().zip(&self.rates).map(|(w, k)| w * k[i].0[lane]).sum();
            let size = self.y[i].0[lane].abs();
            let ratio =
                (sum * self.tried.0[lane]).abs() / self.relative.mul_add(size, self.absolute[i]);
            if !ratio.is_finite() {
                return i;
            }
            if ratio > worst.1 {
                worst = (i, ratio);
            }
        }
        worst.0
    }
}
