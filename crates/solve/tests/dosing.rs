//! Dose records against the closed forms of one, two and three compartments.

#![allow(clippy::unwrap_used, reason = "a test ends where its premise fails")]
#![allow(clippy::float_cmp, reason = "numbers are compared with copies of themselves")]
#![allow(clippy::disallowed_methods, reason = "closed forms owe nothing to the solver")]

use cytotrial_solve::{
    DoseError, DoseRecord, Infusion, Method, Program, Settings, Start, Steady, compile, run,
    schedule,
};

const ONE: &str = "A' = inflow - 0.4*A; A = 0; inflow = 0; var inflow";
const TWO: &str = "A' = inflow - (0.4 + 0.3)*A + 0.1*B; B' = 0.3*A - 0.1*B; \
                   A = 0; B = 0; inflow = 0; var inflow";
const THREE: &str = "A' = inflow - (0.4 + 0.3 + 0.2)*A + 0.1*B + 0.02*C; B' = 0.3*A - 0.1*B; \
                     C' = 0.2*A - 0.02*C; A = 0; B = 0; C = 0; inflow = 0; var inflow";
/// Out of the central compartment, to and from the others; per unit of time.
const RATES: (f64, [(f64, f64); 2]) = (0.4, [(0.3, 0.1), (0.2, 0.02)]);

/// Shares and rates of the exponentials that a unit dose follows in the central compartment
/// (Gibaldi and Perrier, Pharmacokinetics, 1982, appendix B).
fn exponentials(compartments: usize) -> Vec<(f64, f64)> {
    let others = &RATES.1[..compartments - 1];
    let out: f64 = RATES.0 + others.iter().map(|(to, _)| to).sum::<f64>();
    // each rate is a root of this, and one lies between any two of its poles
    let balance = |rate: f64| {
        let back: f64 = others.iter().map(|(to, from)| to * from / (from - rate)).sum();
        out - rate - back
    };
    let mut poles: Vec<f64> = others.iter().map(|(_, from)| *from).collect();
    poles.sort_by(f64::total_cmp);
    let mut edges = vec![0.0];
    edges.extend(poles);
    edges.push(10.0);
    let root = |edge: &[f64]| {
        let (mut low, mut high) = (edge[0] * (1.0 + 1e-15), edge[1] * (1.0 - 1e-15));
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if balance(middle) > 0.0 { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    };
    let rates: Vec<f64> = edges.windows(2).map(root).collect();
    let share = |&rate: &f64| {
        let above: f64 = others.iter().map(|(_, from)| from - rate).product();
        let below: f64 = rates.iter().filter(|&&other| other != rate).map(|o| o - rate).product();
        above / below
    };
    rates.iter().map(|rate| (share(rate), *rate)).collect()
}

/// Amount in the central compartment, so long after a dose over `length`.
fn one_dose(compartments: usize, amount: f64, length: f64, since: f64) -> f64 {
    let part = |(share, rate): (f64, f64)| {
        if since < 0.0 {
            0.0
        } else if length == 0.0 {
            amount * share * (-rate * since).exp()
        } else {
            let given = since.min(length);
            let gain = -(-rate * given).exp_m1();
            amount / length * share / rate * gain * (-rate * (since - given)).exp()
        }
    };
    exponentials(compartments).into_iter().map(part).sum()
}

/// The same for a dose and all those before it, for ever, at an interval.
fn endless(compartments: usize, amount: f64, length: f64, interval: f64, since: f64) -> f64 {
    let mut total = 0.0;
    let mut ago = 0.0;
    // doses that are still running, one by one
    while ago < length {
        total += one_dose(compartments, amount, length, since + ago);
        ago += interval;
    }
    let part = |(share, rate): (f64, f64)| {
        let first = if length == 0.0 {
            amount * share
        } else {
            amount / length * share / rate * (rate * length).exp_m1()
        };
        first * (-rate * (since + ago)).exp() / -(-rate * interval).exp_m1()
    };
    total + exponentials(compartments).into_iter().map(part).sum::<f64>()
}

fn record(program: &Program, time: f64, amount: f64, infusion: Infusion) -> DoseRecord {
    DoseRecord {
        time,
        amount,
        state: program.symbol("A").unwrap(),
        inflow: program.symbol("inflow"),
        infusion,
        interval: 0.0,
        additional: 0,
        steady: Steady::No,
        lag: 0.0,
        bioavailability: 1.0,
    }
}

fn settings() -> Settings {
    Settings { relative: 1e-12, absolute: 1e-13, ..Settings::default() }
}

/// The amount in A at the times, read before what is given there; by both methods.
fn follow(program: &Program, records: &[DoseRecord], times: &[f64]) -> Vec<f64> {
    let explicit = follow_by(Method::Explicit, program, records, times);
    let stiff = follow_by(Method::Stiff, program, records, times);
    assert_close("the stiff method", &stiff, &explicit);
    explicit
}

fn follow_by(method: Method, program: &Program, records: &[DoseRecord], times: &[f64]) -> Vec<f64> {
    let states = program.states();
    let settings = Settings { method, ..settings() };
    let schedule = schedule(program, &Start::default(), &settings, states, records).unwrap();
    let a = program.symbol("A").unwrap();
    let mut got = Vec::new();
    let results = run(program, &[Start::default()], &settings, |_, stop| {
        let now = stop.time();
        if times.get(got.len()).is_some_and(|time| *time <= now) {
            got.push(stop.value(a));
        }
        schedule.give(stop);
        let look = times.get(got.len()).copied()?;
        Some(schedule.next_after(now).map_or(look, |dose| dose.min(look)))
    });
    assert!(results[0].is_ok(), "{results:?}");
    got
}

fn assert_close(name: &str, got: &[f64], want: &[f64]) {
    for (got, want) in got.iter().zip(want) {
        let error = (got - want).abs() / want.abs().max(1e-3);
        assert!(error < 1e-9, "{name}: {got} for {want}, off by {error:e}");
    }
    assert_eq!(got.len(), want.len());
}

const TIMES: [f64; 6] = [1.5, 3.0, 5.0, 12.0, 30.0, 60.0];

#[test]
fn doses_follow_the_closed_forms_of_one_to_three_compartments() {
    for (n, text) in [ONE, TWO, THREE].into_iter().enumerate() {
        let program = compile(&model::antimony::read(text).unwrap()).unwrap();
        for (infusion, length) in
            [(Infusion::Bolus, 0.0), (Infusion::Rate(50.0), 2.0), (Infusion::Duration(7.0), 7.0)]
        {
            let first = record(&program, 1.0, 100.0, infusion);
            let want = TIMES.map(|time| one_dose(n + 1, 100.0, length, time - 1.0));
            let got = follow(&program, std::slice::from_ref(&first), &TIMES);
            assert_close(&format!("{} compartments, {infusion:?}", n + 1), &got, &want);
            // infusions of 7 overlap
            let many = DoseRecord { interval: 6.0, additional: 4, ..first };
            let want = TIMES.map(|time| {
                let since = |k: u32| time - 1.0 - 6.0 * f64::from(k);
                (0..5).map(|k| one_dose(n + 1, 100.0, length, since(k))).sum()
            });
            let got = follow(&program, &[many], &TIMES);
            assert_close(&format!("{} compartments, five, {infusion:?}", n + 1), &got, &want);
        }
    }
}

#[test]
fn steady_state_follows_the_closed_forms_of_one_to_three_compartments() {
    for (n, text) in [ONE, TWO, THREE].into_iter().enumerate() {
        let program = compile(&model::antimony::read(text).unwrap()).unwrap();
        for (infusion, length) in
            [(Infusion::Bolus, 0.0), (Infusion::Rate(50.0), 2.0), (Infusion::Duration(15.0), 15.0)]
        {
            let first = record(&program, 1.0, 100.0, infusion);
            let steady = DoseRecord { interval: 6.0, steady: Steady::Instead, ..first };
            let got = follow(&program, &[steady], &TIMES);
            let want = TIMES.map(|time| endless(n + 1, 100.0, length, 6.0, time - 1.0));
            assert_close(&format!("{} compartments, {infusion:?}", n + 1), &got, &want);
        }
    }
}

/// Infusions that end within the interval, at its end, and after several of them.
const ENTRIES: [(Infusion, f64); 5] = [
    (Infusion::Bolus, 0.0),
    (Infusion::Rate(40.0), 2.0),
    (Infusion::Duration(5.0), 5.0),
    (Infusion::Duration(6.0), 6.0),
    (Infusion::Duration(15.0), 15.0),
];

#[test]
fn doses_enter_later_and_in_part_as_their_closed_forms_say() {
    for (n, text) in [ONE, TWO, THREE].into_iter().enumerate() {
        let program = compile(&model::antimony::read(text).unwrap()).unwrap();
        for (infusion, length) in ENTRIES {
            let name = format!("{} compartments, {infusion:?}", n + 1);
            let first = DoseRecord {
                lag: 0.7,
                bioavailability: 0.8,
                interval: 6.0,
                additional: 2,
                ..record(&program, 1.0, 100.0, infusion)
            };
            let got = follow(&program, &[first], &TIMES);
            let want = TIMES.map(|time| {
                let since = |k: u32| time - 1.7 - 6.0 * f64::from(k);
                (0..3).map(|k| one_dose(n + 1, 80.0, length, since(k))).sum()
            });
            assert_close(&name, &got, &want);
        }
    }
}

#[test]
fn steady_state_of_doses_that_enter_later_follows_the_closed_forms() {
    let times = [1.25, 2.0, 5.0, 8.0, 12.0, 18.0, 30.0];
    for (n, text) in [ONE, TWO, THREE].into_iter().enumerate() {
        let program = compile(&model::antimony::read(text).unwrap()).unwrap();
        for (infusion, length) in ENTRIES {
            for lag in [0.0, 0.7, 4.3, 6.0, 10.3] {
                let steady = DoseRecord {
                    lag,
                    interval: 6.0,
                    steady: Steady::Instead,
                    bioavailability: 0.8,
                    ..record(&program, 1.0, 100.0, infusion)
                };
                let got = follow(&program, &[steady], &times);
                let want = times.map(|time| {
                    let mut since = time - 1.0 - lag;
                    while since < 0.0 {
                        since += 6.0;
                    }
                    endless(n + 1, 80.0, length, 6.0, since)
                });
                assert_close(&format!("{} compartments, {infusion:?}, {lag}", n + 1), &got, &want);
            }
        }
    }
}

#[test]
fn a_series_ends_what_was_given_before_or_comes_besides() {
    for (n, text) in [ONE, TWO, THREE].into_iter().enumerate() {
        let program = compile(&model::antimony::read(text).unwrap()).unwrap();
        let before = DoseRecord {
            interval: 4.0,
            additional: 5,
            ..record(&program, 0.5, 30.0, Infusion::Duration(3.0))
        };
        for (steady, stays) in [(Steady::Instead, 0.0), (Steady::Besides, 1.0)] {
            let series = DoseRecord {
                interval: 6.0,
                steady,
                ..record(&program, 2.0, 100.0, Infusion::Duration(2.0))
            };
            let got = follow(&program, &[series, before.clone()], &TIMES);
            let want = TIMES.map(|time| {
                let since = |k: u32| time - 0.5 - 4.0 * f64::from(k);
                let earlier: f64 = (0..6).map(|k| one_dose(n + 1, 30.0, 3.0, since(k))).sum();
                if time < 2.0 {
                    earlier
                } else {
                    stays * earlier + endless(n + 1, 100.0, 2.0, 6.0, time - 2.0)
                }
            });
            assert_close(&format!("{} compartments, {steady:?}", n + 1), &got, &want);
        }
    }
}

#[test]
fn nothing_flows_when_the_last_infusion_has_ended() {
    let program = compile(&model::antimony::read(ONE).unwrap()).unwrap();
    let records: Vec<DoseRecord> = (0..3)
        .map(|i| record(&program, 0.1 * f64::from(i), 0.3, Infusion::Duration(0.7)))
        .collect();
    let plan = schedule(&program, &Start::default(), &settings(), &[], &records).unwrap();
    let &(time, symbol, change) = plan.changes().last().unwrap();
    assert!(time > 0.8 && symbol == program.symbol("inflow").unwrap());
    assert_eq!(change, cytotrial_solve::Change::Set(0.0));
}

#[test]
fn what_is_wrong_with_a_record_is_said() {
    let program = compile(&model::antimony::read(&format!("{ONE}; y := A")).unwrap()).unwrap();
    let refused = |record: DoseRecord| {
        let states = program.states();
        schedule(&program, &Start::default(), &settings(), states, &[record]).unwrap_err()
    };
    let good = record(&program, 0.0, 1.0, Infusion::Duration(1.0));
    let amount = refused(DoseRecord { amount: -1.0, ..good.clone() });
    assert_eq!(amount, DoseError::Amount { record: 1, time: 0.0, amount: -1.0 });
    let entry = refused(DoseRecord { lag: -1.0, ..good.clone() });
    assert_eq!(entry, DoseError::Entry { record: 1, lag: -1.0, bioavailability: 1.0 });
    let length = refused(DoseRecord { infusion: Infusion::Rate(0.0), ..good.clone() });
    assert_eq!(length, DoseError::Length { record: 1 });
    let inflow = refused(DoseRecord { inflow: None, ..good.clone() });
    assert_eq!(inflow, DoseError::NoInflow { record: 1 });
    let interval = refused(DoseRecord { additional: 1, ..good.clone() });
    assert_eq!(interval, DoseError::Interval { record: 1 });
    let rule = refused(DoseRecord { state: program.symbol("y").unwrap(), ..good.clone() });
    assert_eq!(rule, DoseError::NotSettable { record: 1, symbol: "y".into() });
    let stays = compile(&model::antimony::read("A' = inflow; A = 0; inflow = 0").unwrap()).unwrap();
    let bolus = record(&stays, 0.0, 1.0, Infusion::Bolus);
    let steady = DoseRecord { interval: 1.0, steady: Steady::Instead, ..bolus };
    let none = schedule(&stays, &Start::default(), &settings(), stays.states(), &[steady]);
    assert_eq!(none.unwrap_err(), DoseError::NoSteadyState { record: 1 });
}
