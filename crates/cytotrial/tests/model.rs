//! The grown model against the reference equations' own numbers, and what must hold in any patient.

#![allow(clippy::float_cmp, reason = "exact zeros and copied times are part of the claim")]

mod common;

use common::world;
use cytotrial::conduct::world::{World, settings};
use cytotrial::protocol::Unknowns;
use solve::{Next, Program, Settings, SingleCell, Start, Stop, SymbolId, run};
use stats::stream::{Purpose, stream};

/// States that count cells: tumour, then products.
const TUMOUR: [&str; 7] = ["T1", "T2", "T3", "T4", "T5", "T6", "TP"];
const PRODUCTS: [&str; 11] = ["Nb", "Np", "Nm", "Nx", "Cb", "Cm", "Cr", "Cb2", "Cm2", "Cr2", "Ta"];
/// One cell.
const CELL: f64 = 1e-9;

fn text(name: &str) -> String {
    let path = format!("{}/../../{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn model() -> model::Model {
    model::antimony::read(&text("models/rrmm-cells.ant")).expect("the model text has no problem")
}

fn program() -> Program {
    solve::compile(&model()).expect("it compiles")
}

fn symbol(program: &Program, name: &str) -> SymbolId {
    program.symbol(name).unwrap_or_else(|| panic!("no `{name}` in the model"))
}

fn symbols(program: &Program, names: &[&str]) -> Vec<SymbolId> {
    names.iter().map(|name| symbol(program, name)).collect()
}

fn cells(program: &Program) -> Vec<SymbolId> {
    let mut cells = symbols(program, &TUMOUR);
    cells.extend(symbols(program, &PRODUCTS));
    cells
}

/// The accuracy of the reference table's own tests.
fn exact(program: &Program) -> Settings {
    let states = cells(program);
    let small = ["Rh", "Dld", "MAC"].map(|name| (symbol(program, name), 1e-9));
    Settings {
        relative: 1e-6,
        absolute: 1e-4,
        absolute_of: states.iter().map(|&state| (state, 1e-12)).chain(small).collect(),
        single_cell: SingleCell::Deterministic { states, cell: CELL },
        ..Settings::default()
    }
}

/// The accuracy of simulated trials.
fn of_trials(program: &Program) -> Settings {
    Settings { single_cell: exact(program).single_cell, ..settings(&model()) }
}

fn stochastic(program: &Program) -> Settings {
    let states = cells(program);
    let turnover_per_day =
        (0..states.len()).map(|i| if i < TUMOUR.len() { 0.02 } else { 0.1 }).collect();
    let single_cell =
        SingleCell::Stochastic { states, cell: CELL, turnover_per_day, below_cells: 1000.0 };
    Settings { single_cell, ..exact(program) }
}

/// A dose: day, port, amount.
type Dose = (f64, &'static str, f64);

/// Follows one start per patient to `end`, giving doses through the ports, looking on `days` just
/// after what is given then. A patient whom the solver gives up fails the test.
fn follow(
    program: &Program,
    starts: &[Start],
    settings: &Settings,
    doses: &[Dose],
    days: &[f64],
    mut look: impl FnMut(usize, &Stop<'_>),
) {
    let doses: Vec<(f64, SymbolId, f64)> =
        doses.iter().map(|&(day, port, amount)| (day, symbol(program, port), amount)).collect();
    let mut given = vec![f64::NEG_INFINITY; starts.len()];
    let results = run(program, starts, settings, |patient, stop| {
        let now = stop.time();
        if given[patient] < now {
            given[patient] = now;
            let mut due = false;
            for &(_, port, amount) in doses.iter().filter(|dose| dose.0 == now) {
                stop.set(port, amount);
                due = true;
            }
            if due {
                return Some(Next::Stop(now)); // again, after the events
            }
        }
        if days.contains(&now) {
            look(patient, stop);
        }
        let dose = doses.iter().map(|dose| dose.0).filter(|&day| day > now).reduce(f64::min);
        let day = days.iter().copied().filter(|&day| day > now).reduce(f64::min);
        match (dose, day) {
            (Some(dose), Some(day)) if day < dose => Some(Next::Look(day)),
            (Some(dose), _) => Some(Next::Stop(dose)),
            (None, day) => day.map(Next::Look),
        }
    });
    for result in results {
        assert!(result.is_ok(), "{result:?}");
    }
}

/// One arm of the reference table.
struct Arm {
    name: &'static str,
    overrides: &'static [(&'static str, f64)],
    doses: &'static [Dose],
}

/// The eight arms by their recipe: lymphodepletion on days -5 to -3; three times 1e9 NK cells as
/// counted before thaw and infusion, of which `FvN` are infused; CAR-T once; tocilizumab on day 6;
/// a second antigen by its weights.
fn arms() -> [Arm; 8] {
    const A: Dose = (-5.0, "depletion", 0.5);
    const B: Dose = (-4.0, "depletion", 0.5);
    const C: Dose = (-3.0, "depletion", 0.5);
    const NK: &[Dose] =
        &[A, B, C, (0.0, "dose_nk", 1.0), (7.0, "dose_nk", 1.0), (14.0, "dose_nk", 1.0)];
    const T: Dose = (0.0, "dose_cart", 0.45);
    const TOCILIZUMAB: Dose = (6.0, "dose_tocilizumab", 16.0);
    let arm = |name, overrides, doses| Arm { name, overrides, doses };
    [
        arm("no_treatment", &[], &[]),
        arm("car_nk_3x1e9_unarmoured", &[], NK),
        arm("car_nk_3x1e9_armoured", &[("a15", 0.6)], NK),
        arm("bcma_car_t_450e6", &[], &[A, B, C, T]),
        arm("bcma_car_t_50e6", &[], &[A, B, C, (0.0, "dose_cart", 0.05)]),
        arm("bcma_car_t_450e6_toci_t6", &[], &[A, B, C, T, TOCILIZUMAB]),
        arm("bcma_cs1_car_t_450e6", &[("k2", 1.0), ("cB2", 0.8), ("cP2", 0.8)], &[A, B, C, T]),
        arm("bcma_cd19_car_t_450e6", &[("k2", 1.0), ("cB2", 0.02), ("cP2", 0.9)], &[A, B, C, T]),
    ]
}

/// The rows of one arm of the reference table: days, and the states' values in the table's order.
fn reference(arm: &str) -> (Vec<String>, Vec<f64>, Vec<Vec<f64>>) {
    let text = text("golden/solve/reference_trajectories.csv");
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
    assert_eq!((header[0], header[1], header[2], header[26]), ("arm", "t_day", "T1", "DEX"));
    let names = header[2..27].iter().map(|name| (*name).to_owned()).collect();
    let (mut days, mut rows) = (Vec::new(), Vec::new());
    for cells in lines.map(|line| line.split(',').collect::<Vec<_>>()).filter(|c| c[0] == arm) {
        let number = |cell: &str| cell.parse::<f64>().expect("a number");
        days.push(number(cells[1]));
        rows.push(cells[2..27].iter().map(|cell| number(cell)).collect());
    }
    (names, days, rows)
}

/// The largest deviation from the reference table, in units of 1e-3 relative and `absolute`.
fn deviation(settings: &Settings, absolute: impl Fn(&str) -> f64) -> (f64, String) {
    let program = program();
    let mut largest = (0.0, String::new());
    for arm in arms() {
        let (names, days, want) = reference(arm.name);
        assert_eq!((names.len(), days.len()), (25, 24), "{}", arm.name);
        let outputs: Vec<SymbolId> = names.iter().map(|name| symbol(&program, name)).collect();
        let overrides =
            arm.overrides.iter().map(|&(name, value)| (symbol(&program, name), value)).collect();
        let start = Start { time: days[0], overrides, stream: None };
        let mut got: Vec<Vec<f64>> = Vec::new();
        follow(&program, &[start], settings, arm.doses, &days, |_, stop| {
            got.push(outputs.iter().map(|&output| stop.value(output)).collect());
        });
        assert_eq!(got.len(), 24, "{}", arm.name);
        for ((day, got), want) in days.iter().zip(&got).zip(&want) {
            for ((name, got), want) in names.iter().zip(got).zip(want) {
                let deviation = (got - want).abs() / (1e-3 * want.abs() + absolute(name));
                if deviation > largest.0 {
                    let place = format!("{} {name} on day {day}: {got}, not {want}", arm.name);
                    largest = (deviation, place);
                }
            }
        }
    }
    largest
}

/// The tolerance is 1e-3 relative and 1e-8 absolute, as for the reference equations themselves; the
/// table's five digits take up to 0.05 of it. Largest deviation seen: 0.28 of the tolerance, in what
/// is left of tocilizumab half a year after its dose.
#[test]
fn the_grown_model_agrees_with_the_reference_table_in_every_arm() {
    let (largest, place) = deviation(&exact(&program()), |_| 1e-8);
    assert!(largest <= 1.0, "{largest} of the tolerance: {place}");
}

/// Simulated trials are as accurate on cells; amounts of anything else need not be right below
/// 1e-5 of their unit.
#[test]
fn the_accuracy_of_trials_agrees_with_the_reference_table_in_every_arm() {
    let cells: Vec<&str> = TUMOUR.iter().chain(&PRODUCTS).copied().collect();
    let absolute = |name: &str| if cells.contains(&name) { 1e-8 } else { 1e-5 };
    let (largest, place) = deviation(&of_trials(&program()), absolute);
    assert!(largest <= 1.0, "{largest} of the tolerance: {place}");
}

/// Weekly for eight weeks, then every four weeks for five years.
fn five_years() -> Vec<f64> {
    let weeks = (0..8).map(|week| 7.0 * f64::from(week));
    weeks.chain((2..=65).map(|month| 28.0 * f64::from(month))).collect()
}

#[test]
fn a_product_not_given_stays_exactly_zero_and_no_state_is_negative_for_five_years() {
    let program = program();
    let products = symbols(&program, &PRODUCTS);
    let tumour = symbols(&program, &TUMOUR);
    let burden = symbol(&program, "T0");
    // a full tumour; a small one; half a cell; none
    let burdens = [400.0, 1e-6, 0.5 * CELL, 0.0];
    for settings in [exact(&program), stochastic(&program)] {
        let starts: Vec<Start> = (0..)
            .zip(burdens)
            .map(|(patient, value)| Start {
                time: 0.0,
                overrides: vec![(burden, value)],
                stream: Some(stream(11, 0, patient, Purpose::Demography)),
            })
            .collect();
        let mut looks = 0;
        follow(&program, &starts, &settings, &[], &five_years(), |patient, stop| {
            looks += 1;
            for &state in &products {
                assert_eq!(stop.value(state), 0.0, "{} at {}", program.name(state), stop.time());
            }
            if patient >= 2 {
                for &state in &tumour {
                    let (name, now) = (program.name(state), stop.time());
                    assert_eq!(stop.value(state), 0.0, "patient {patient}: {name} at {now}");
                }
            }
            sound(&program, stop, "untreated");
        });
        assert_eq!(looks, 4 * five_years().len());
    }
}

/// No state is negative or no number.
fn sound(program: &Program, stop: &Stop<'_>, what: &str) {
    for &state in program.states() {
        let value = stop.value(state);
        let name = program.name(state);
        // A state that is not made of cells may fall below nothing by the solver's own tolerance.
        let least = if is_cells(name) { 0.0 } else { -1e-6 };
        assert!(
            value >= least && value.is_finite(),
            "{what}: {name} is {value} at {}",
            stop.time()
        );
    }
}

fn is_cells(name: &str) -> bool {
    TUMOUR.contains(&name) || PRODUCTS.contains(&name)
}

/// The starts of drawn patients of an arm: those of the first replicates, with their parameters.
fn drawn(world: &World, arm: usize, replicates: u32, patients: u32) -> Vec<Start> {
    let seed = world.experiment.seed;
    let mut starts = Vec::new();
    for replicate in 0..replicates {
        let typical = &world.draws(replicate).typical[arm];
        for number in 0..patients {
            let patient = world.population.draw(seed, replicate, number);
            let values = world.parameters.patient_parameters(
                typical,
                &world.population,
                &patient,
                seed,
                replicate,
                number,
            );
            starts.push(Start {
                time: -7.0,
                overrides: world.parameter_ids.iter().copied().zip(values).collect(),
                stream: Some(stream(seed, replicate, number, Purpose::Demography)),
            });
        }
    }
    starts
}

/// 200 drawn patients of an arm for a year, on the trial's own settings.
fn drawn_patients_stay_sound(arm: &str, doses: &[Dose]) {
    let world = world(&[arm], 18, |_| {});
    let starts = drawn(&world, 0, 10, 20);
    let days: Vec<f64> = (0..16).chain([21, 28, 56, 84, 182, 364]).map(f64::from).collect();
    let products = symbols(world.program(0), &PRODUCTS);
    let (mut looks, mut peak) = (0, 0.0_f64);
    follow(world.program(0), &starts, &world.settings, doses, &days, |patient, stop| {
        looks += 1;
        sound(world.program(0), stop, &format!("{arm}, patient {patient}"));
        let seen: f64 = products.iter().map(|&state| stop.value(state)).sum();
        peak = peak.max(seen);
    });
    assert_eq!(looks, 200 * days.len());
    assert_eq!(peak > 0.0, !doses.is_empty(), "{arm}: {peak}");
}

#[test]
fn drawn_patients_without_treatment_stay_sound() {
    drawn_patients_stay_sound("no-treatment", &[]);
}

const DEPLETION: [Dose; 3] =
    [(-5.0, "depletion", 0.5), (-4.0, "depletion", 0.5), (-3.0, "depletion", 0.5)];

#[test]
fn drawn_patients_given_nk_cells_stay_sound() {
    let nk = [(0.0, "dose_nk", 1.2), (7.0, "dose_nk", 1.2), (14.0, "dose_nk", 1.2)];
    drawn_patients_stay_sound("car-nk", &[&DEPLETION[..], &nk].concat());
}

#[test]
fn drawn_patients_given_two_products_and_rescue_stay_sound() {
    let given = [
        (0.0, "dose_cart", 0.45),
        (0.0, "dose_cart2", 0.1),
        (6.0, "dose_tocilizumab", 16.0),
        (6.0, "dose_dexamethasone", 10.0),
        (7.0, "dose_dexamethasone", 10.0),
    ];
    drawn_patients_stay_sound("bcma-cd19", &[&DEPLETION[..], &given].concat());
}

/// Section 6 of the reference model's description: 448 to 690 by day 28, doubling 46 days at that
/// burden, M-protein 17 to 22.5 g/L by day 28.
#[test]
fn the_typical_untreated_patient_progresses_as_described() {
    let program = program();
    let [tumour, protein] = ["T_tot", "Mp"].map(|name| symbol(&program, name));
    let start = Start { time: -7.0, ..Start::default() };
    let mut seen = Vec::new();
    let days = [0.0, 28.0, 45.0, 47.0];
    follow(&program, &[start], &exact(&program), &[], &days, |_, stop| {
        seen.push((stop.value(tumour), stop.value(protein)));
    });
    let [(t0, m0), (t28, m28), (t45, _), (t47, _)] = seen[..] else { panic!("{seen:?}") };
    assert!((t0 - 448.0).abs() < 1.0 && (t28 - 690.0).abs() < 1.0, "{t0} {t28}");
    assert!(t45 < 2.0 * t0 && t47 > 2.0 * t0, "doubling on day 46: {t0} {t45} {t47}");
    assert!((m0 - 17.0).abs() < 0.3 && (m28 - 22.5).abs() < 0.3, "{m0} {m28}");
}

/// Leukemia 2024;38:2554, n = 248: median 13.8 months, 95 % interval 10.8 to 17.0, without effective
/// therapy. Of each virtual patient who meets the limits the probability to be alive is followed, so
/// that no draw of a death blurs the median.
#[test]
fn untreated_patients_survive_as_long_as_published() {
    let world = world(&["no-treatment"], 18, |experiment| {
        experiment.unknowns = Unknowns::NONE;
    });
    let seed = world.experiment.seed;
    let mut starts = drawn(&world, 0, 1, 300);
    let mut number = 0;
    starts.retain(|_| {
        let patient = world.population.draw(seed, 0, number);
        number += 1;
        world.eligibility.first_failure(&world.population, &patient).is_none()
    });
    assert!(starts.len() >= 50, "{}", starts.len());
    let months: Vec<f64> = (0..=36).map(|month| -7.0 + 30.4375 * f64::from(month)).collect();
    let hazards = ["HzM", "HzO"].map(|name| symbol(world.program(0), name));
    let mut alive = vec![0.0; months.len()];
    let mut place = vec![0; starts.len()];
    follow(world.program(0), &starts, &world.settings, &[], &months, |patient, stop| {
        let hazard: f64 = hazards.iter().map(|&hazard| stop.value(hazard)).sum();
        alive[place[patient]] += stats::math::exp(-hazard) / starts.len() as f64;
        place[patient] += 1;
    });
    let after = alive.iter().position(|&share| share < 0.5).expect("half have died in three years");
    let share = (alive[after - 1] - 0.5) / (alive[after - 1] - alive[after]);
    let median = (after - 1) as f64 + share;
    assert!((10.8..=17.0).contains(&median), "median {median} months of {} patients", starts.len());
}
