//! Models nobody would write: plain arithmetic, vector instructions and machine code give the same bits, and
//! assigned symbols are what the text says.

#![allow(clippy::unwrap_used, reason = "a test ends where its premise fails")]

use std::fmt::Write;

use cytotrial_solve::{Method, Next, Program, Settings, Start, VectorSet, compile, run_on};

/// Numbers that look drawn and are the same each time (Marsaglia, J Stat Softw 2003;8(14): xorshift64).
struct Draws(u64);

impl Draws {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 8) % limit
    }

    fn number(&mut self) -> f64 {
        (self.below(4000) as f64 + 1.0) / 1000.0
    }

    /// A formula that is finite wherever its symbols are.
    fn formula(&mut self, symbols: &[String], depth: u32) -> String {
        if depth == 0 || self.below(8) == 0 {
            return match self.below(6) {
                0 => "time".to_owned(),
                1 => format!("{:.3}", self.number()),
                _ => symbols[self.below(symbols.len() as u64) as usize].clone(),
            };
        }
        let mut part = || self.formula(symbols, depth - 1);
        let (a, b, c) = (part(), part(), part());
        match self.below(18) {
            0 | 1 => format!("({a} + {b})"),
            2 | 3 => format!("({a} - {b})"),
            4 | 5 => format!("({a})*({b})"),
            6 => format!("({a})/(1 + ({b})^2)"),
            7 => format!("exp(-({a})^2)"),
            8 => format!("ln(1 + ({a})^2)"),
            9 => format!("sqrt(1 + abs({a}))"),
            10 => format!("min({a}, {b})"),
            11 => format!("max({a}, {b}, {c})"),
            12 => format!("piecewise({a}, {b} < {c}, {b})"),
            13 => format!("(1 + abs({a}))^1.3"),
            14 => format!("({a})^3"),
            15 => format!("sin({a})"),
            16 => format!("tanh({a})"),
            _ => format!("-({a})"),
        }
    }

    /// States that stay near 0, symbols assigned from them, and events with formulas of their own.
    fn model(&mut self) -> String {
        let count = 2 + self.below(5);
        let mut names: Vec<String> = (0..count).map(|i| format!("x{i}")).collect();
        names.push("k".to_owned());
        let mut text = format!("k = {:.3}\n", self.number());
        for i in 0..count {
            let (rate, drive) = (self.number(), self.formula(&names, 3));
            writeln!(text, "x{i}' = -{rate:.3}*x{i} + ({drive})/(1 + abs({drive})); x{i} = {i}/3")
                .unwrap();
        }
        for i in 0..self.below(4) {
            writeln!(text, "y{i} := {}", self.formula(&names, 4)).unwrap();
        }
        for i in 0..self.below(3) {
            let (source, target) = (self.below(count), self.below(count));
            let (limit, formula) = (self.number() / 4.0, self.formula(&names, 4));
            let delay = if self.below(3) == 0 { "0.3 after " } else { "" };
            writeln!(
                text,
                "e{i}: at {delay}(x{source} > {limit:.3}), t0 = false: \
                 x{target} = ({formula})/(2 + abs({formula}))"
            )
            .unwrap();
        }
        text
    }
}

/// The bits of every symbol at looks and stops, with one set of instructions.
fn bits(set: VectorSet, program: &Program, method: Method, count: usize) -> Vec<Vec<u64>> {
    let k = program.symbol("k").unwrap();
    let start = |i: usize| Start { overrides: vec![(k, 0.1 + 0.3 * i as f64)], ..Start::default() };
    let starts: Vec<Start> = (0..count).map(start).collect();
    // what jumps about may need steps too small for any method; that too must be the same
    let settings = Settings { method, relative: 1e-5, max_steps: 3000, ..Settings::default() };
    let mut seen = vec![Vec::new(); count];
    let results = run_on(set, program, &starts, &settings, |patient, stop| {
        for symbol in 0..program.value_count() {
            seen[patient].push(stop.value(cytotrial_solve::SymbolId(symbol as u32)).to_bits());
        }
        let next = stop.time() + 0.37;
        let is_stop = (seen[patient].len() / program.value_count()).is_multiple_of(4);
        (next < 4.0).then_some(if is_stop { Next::Stop(next) } else { Next::Look(next) })
    });
    for (seen, result) in seen.iter_mut().zip(results) {
        seen.push(result.map_or_else(|failure| failure.time.to_bits(), |found| found.steps.into()));
    }
    seen
}

/// Assigned symbols against the plain reading of the text, at the start and wherever it was seen.
fn assert_assigned(text: &str, model: &model::Model, seen: &[Vec<u64>]) -> usize {
    let mut compared = 0;
    for patient in seen {
        for (stop, bits) in patient.chunks_exact(model.symbols.len()).enumerate() {
            let values: Vec<f64> = bits.iter().map(|bits| f64::from_bits(*bits)).collect();
            // the stops and looks of a patient that ends early are fewer
            let time = 0.37 * stop as f64;
            let mut want = values.clone();
            model::evaluate::assign(model, &mut want, time);
            for id in &model.assignment_order {
                let (got, want) = (values[id.0 as usize], want[id.0 as usize]);
                let error = (got - want).abs() / want.abs().max(1e-3);
                assert!(error < 1e-6 || got.to_bits() == want.to_bits(), "{text}{got} {want}");
                compared += 1;
            }
        }
    }
    compared
}

fn try_models(models: u32, seed: u64) {
    let mut draws = Draws(seed);
    let (mut compared, mut moved) = (0, 0);
    for _ in 0..models {
        let text = draws.model();
        let read = model::antimony::read(&text).unwrap_or_else(|why| panic!("{text}{why:?}"));
        let program = compile(&read).unwrap();
        for method in [Method::Explicit, Method::HighOrder, Method::Stiff, Method::Automatic] {
            let sets: Vec<VectorSet> = VectorSet::available().collect();
            let plain = bits(sets[0], &program, method, 9);
            for set in &sets[1..] {
                let other = bits(*set, &program, method, 9);
                assert!(other == plain, "{text}{method:?}: {}", set.name());
            }
            compared += assert_assigned(&text, &read, &plain);
            let mut stops = plain[0].chunks_exact(read.symbols.len());
            moved += usize::from(stops.next() != stops.last());
        }
    }
    assert!(compared > 100 * models as usize && moved > 3 * models as usize, "{compared} {moved}");
}

#[test]
fn random_models_give_the_same_bits_with_any_instructions() {
    try_models(25, 0x5eed);
}

#[test]
#[ignore = "a thousand models"]
fn a_thousand_random_models_give_the_same_bits_with_any_instructions() {
    try_models(1000, 0xfeed);
}
