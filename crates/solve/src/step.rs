//! Steps of a block of patients, each lane with a size of its own: the explicit pair of orders 5 and 4.
//!
//! Coefficients: Tsitouras, Comput Math Appl 2011;62:770-775. Step control: Gustafsson, ACM Trans
//! Math Softw 1991;17:533-554 (PI). Detection of stiffness: Hairer, Wanner, Solving Ordinary
//! Differential Equations II, section IV.2.

#![allow(clippy::needless_bitwise_bool, reason = "lanes are computed without branches")]

mod factor;
mod inside;
mod plan;
mod rodas;
mod steering;
mod stiff;
mod tsitouras;

use tsitouras::{A2, A3, A4, A5, A6, A7, ERROR, NODES};

use crate::compile::Codes;
use crate::event::holds;
use crate::execute::{REGISTERS, Registers, execute};
use crate::lanes::{LANES, Lanes, Work};
use crate::math;

pub(crate) use plan::Plan;
use stiff::Stiff;

/// Beyond this product of step and eigenvalue the pair is unstable: there |R(z)| passes 1 on the
/// negative real axis at 3.5, and detection begins a little before.
const STABILITY_LIMIT: f64 = 3.0;
/// Steps held back by stability after which a patient is handed to the stiff method.
const STIFF_STEPS: f64 = 250.0;

/// How strongly the next step answers to the error of this one and to that of the one before: the
/// explicit pair is damped, because stability often decides the size of its steps.
const EXPLICIT_CONTROL: [f64; 2] = [0.14, 0.08];
const STIFF_CONTROL: [f64; 2] = [0.2, 0.0];
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
    /// Whether machine code may be used.
    native: bool,
    // per state
    y: Vec<Lanes>,
    new: Vec<Lanes>,
    rates: [Vec<Lanes>; 7],
    // per watched event and comparison: whether it held at the start, and holds at the end of the step
    held: Vec<Lanes>,
    holding: Vec<Lanes>,
    // per lane
    time: Lanes,
    stop: Lanes,
    /// Where the caller looks at the values within a step; infinite when that is not asked.
    look: Lanes,
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
    /// Lanes that do not go to the end of the step just tried although its error was small.
    kept: Lanes,
    /// Lanes whose step just tried was counted before its end.
    counted: Lanes,
    active: Lanes,
    fire: Lanes,
    steps: Lanes,
    rejections: Lanes,
    /// Steps that stability held back, if they are counted.
    held_back: Lanes,
    counts_stiffness: bool,
    /// The states of the stage before the last, if steps are counted.
    sixth: Vec<Lanes>,
    /// What the stiff method needs, if it is the one in use.
    stiff: Option<Box<Stiff>>,
}

/// What an advance stopped for.
pub(crate) enum Signal {
    /// On some lane a look is due within the step just tried, or an event `rose` over it. Then
    /// [`Block::commit`].
    Within { rose: bool },
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
    /// Stability, not accuracy, decides the size of steps.
    Stiff,
}

/// Steps until a lane needs attention.
pub(crate) struct Advance<'a> {
    pub(crate) block: &'a mut Block,
    pub(crate) codes: &'a Codes,
    /// How many of the watched conditions are events; comparisons follow.
    pub(crate) events: usize,
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
        let Self { block, codes, events, resume } = self;
        let mut resume = resume;
        loop {
            if !resume {
                block.aim();
                match block.stiff.take() {
                    None => block.attempt(codes),
                    Some(mut stiff) => {
                        block.attempt_stiff(&mut stiff, codes);
                        block.stiff = Some(stiff);
                    }
                }
                let rose = events > 0 && block.watch(codes, events);
                if rose | block.reaches_looks() {
                    return Signal::Within { rose };
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
    /// An empty block for a program's codes; with a plan it takes steps of the stiff method.
    pub(crate) fn new(
        codes: &Codes,
        relative: f64,
        absolute: Vec<f64>,
        floored: Vec<(usize, f64)>,
        max_steps: u32,
    ) -> Self {
        let registers: Box<[Lanes]> = vec![Lanes::ZERO; REGISTERS].into_boxed_slice();
        let registers: Box<Registers> =
            registers.try_into().expect("made with this many registers");
        let column = || vec![Lanes::ZERO; absolute.len()];
        Self {
            registers,
            relative,
            floored,
            max_steps: f64::from(max_steps),
            native: false,
            y: column(),
            new: column(),
            rates: std::array::from_fn(|_| column()),
            held: vec![Lanes::ZERO; codes.triggers.outputs.len()],
            holding: vec![Lanes::ZERO; codes.triggers.outputs.len()],
            time: Lanes::ZERO,
            stop: Lanes::all(f64::INFINITY),
            look: Lanes::all(f64::INFINITY),
            event: Lanes::all(f64::INFINITY),
            step: Lanes::ZERO,
            tried: Lanes::ZERO,
            next_time: Lanes::ZERO,
            next_step: Lanes::ZERO,
            next_log_error: Lanes::ZERO,
            log_error: Lanes::ZERO,
            accepted: Lanes::ZERO,
            was_rejected: Lanes::ZERO,
            kept: Lanes::ZERO,
            counted: Lanes::ZERO,
            active: Lanes::ZERO,
            fire: Lanes::ZERO,
            steps: Lanes::ZERO,
            rejections: Lanes::ZERO,
            held_back: Lanes::ZERO,
            counts_stiffness: false,
            sixth: column(),
            stiff: None,
            absolute,
        }
    }

    /// Decides how far each lane tries to go.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn aim(&mut self) {
        for lane in 0..LANES {
            let (time, step) = (self.time.0[lane], self.step.0[lane]);
            let (stop, event) = (self.stop.0[lane], self.event.0[lane]);
            let target = if event < stop { event } else { stop };
            // What lies past a look need not be computable, so a step that failed ends there.
            let look = self.look.0[lane];
            let near = (self.was_rejected.0[lane] > 0.0) & (look < target) & (look > time);
            let target = if near { look } else { target };
            let remaining = target - time;
            let ends = step >= remaining;
            let shorter = if 2.0 * step > remaining { 0.5 * remaining } else { step };
            let tried = if ends { remaining } else { shorter };
            self.tried.0[lane] = tried;
            self.next_time.0[lane] = if ends { target } else { time + tried };
        }
    }

    /// Tries one step on every lane.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn attempt(&mut self, codes: &Codes) {
        for stage in 0..6 {
            self.place(stage, codes);
            execute(&codes.rates, &mut self.registers, self.native);
            for (rate, &output) in self.rates[stage + 1].iter_mut().zip(&codes.rates.outputs) {
                *rate = self.registers[usize::from(output) % REGISTERS];
            }
        }
        let error = self.error();
        self.control(&error, EXPLICIT_CONTROL);
        if self.counts_stiffness {
            self.count_stiffness();
        }
    }

    /// Counts the accepted steps near the end of the stability region: the last two stages are at
    /// one time, and their difference shows the largest eigenvalue.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn count_stiffness(&mut self) {
        let (mut above, mut below) = (Lanes::ZERO, Lanes::ZERO);
        let columns =
            self.rates[5].iter().zip(&self.rates[6]).zip(self.sixth.iter().zip(&self.new));
        for (((k6, k7), (y6, y7)), absolute) in columns.zip(&self.absolute) {
            for lane in 0..LANES {
                let scale = self.relative.mul_add(y7.0[lane].abs(), *absolute);
                let (rate, value) = (k7.0[lane] - k6.0[lane], y7.0[lane] - y6.0[lane]);
                above.0[lane] += (rate / scale) * (rate / scale);
                below.0[lane] += (value / scale) * (value / scale);
            }
        }
        for lane in 0..LANES {
            let product = self.tried.0[lane] * (above.0[lane] / below.0[lane]).sqrt();
            let counts = (product > STABILITY_LIMIT) & (self.accepted.0[lane] > 0.0);
            self.held_back.0[lane] += if counts { 1.0 } else { 0.0 };
        }
    }

    /// Puts the states and the time of a stage where the rates read them.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn place(&mut self, stage: usize, codes: &Codes) {
        let Self {
            registers, y, new, rates, tried, time, floored, sixth, counts_stiffness, ..
        } = self;
        let [k1, k2, k3, k4, k5, k6, _] = rates;
        let n = y.len();
        let out = &mut registers[..n];
        match stage {
            0 => combine!(A2, [k1 0], y, tried, out),
            1 => combine!(A3, [k1 0, k2 1], y, tried, out),
            2 => combine!(A4, [k1 0, k2 1, k3 2], y, tried, out),
            3 => combine!(A5, [k1 0, k2 1, k3 2, k4 3], y, tried, out),
            4 => {
                combine!(A6, [k1 0, k2 1, k3 2, k4 3, k5 4], y, tried, out);
                if *counts_stiffness {
                    sixth.copy_from_slice(out);
                }
            }
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
        registers[usize::from(codes.time_register) % REGISTERS] = now;
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
    fn control(&mut self, error: &Lanes, [answer, memory]: [f64; 2]) {
        for lane in 0..LANES {
            let (error, tried, step) = (error.0[lane], self.tried.0[lane], self.step.0[lane]);
            let accepted = error <= 1.0;
            let log = math::ln(error);
            let growth = memory.mul_add(self.log_error.0[lane], -answer * log);
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

    /// Computes the watched events at the end of the step; whether one rose, or a comparison changed, on
    /// an accepted lane.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn watch(&mut self, codes: &Codes, events: usize) -> bool {
        execute(&codes.triggers, &mut self.registers, self.native);
        let mut rose = false;
        for (position, &output) in codes.triggers.outputs.iter().enumerate() {
            let value = self.registers[usize::from(output) % REGISTERS];
            for lane in 0..LANES {
                let now = holds(value.0[lane]);
                self.holding[position].0[lane] = if now { 1.0 } else { 0.0 };
                let before = self.held[position].0[lane] > 0.0;
                let open = (self.accepted.0[lane] > 0.0) & (self.active.0[lane] > 0.0);
                let counts = now | (position >= events);
                rose |= (now != before) & counts & open;
            }
        }
        rose
    }

    /// Whether a look is due within the step just tried on some lane.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn reaches_looks(&self) -> bool {
        let mut reaches = false;
        for lane in 0..LANES {
            reaches |= self.reaches_look(lane);
        }
        reaches
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
            // an accepted step that is not gone to its end is no rejection
            let rejected = 1.0 - accepted.0[lane] - self.kept.0[lane];
            let active = self.active.0[lane];
            self.steps.0[lane] += active * (1.0 - self.counted.0[lane]);
            self.counted.0[lane] = 0.0;
            self.rejections.0[lane] += active * rejected;
            self.was_rejected.0[lane] = rejected;
            self.kept.0[lane] = 0.0;
            let time = self.time.0[lane];
            let passed = time >= self.event.0[lane];
            self.event.0[lane] = if passed { f64::INFINITY } else { self.event.0[lane] };
            let needs = (time >= self.stop.0[lane])
                | (self.fire.0[lane] > 0.0)
                | (self.steps.0[lane] >= self.max_steps)
                | (self.held_back.0[lane] >= STIFF_STEPS)
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
