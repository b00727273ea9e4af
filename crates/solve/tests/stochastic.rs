//! Reactions by chance: moments against closed forms, exact distributions, refusals and failures.
//!
//! Scores are those of the stochastic suite of SBML (Evans and others, Bioinformatics
//! 2008;24:285-286): Z of the mean and Y of the variance.

#![allow(clippy::unwrap_used, reason = "a test ends where its premise fails")]
#![allow(clippy::disallowed_methods, reason = "closed forms owe nothing to the solver")]

use cytotrial_solve::{
    Network, NetworkError, Reason, Start, StochasticMethod, StochasticRuns, StochasticSettings,
    stochastic,
};
use stats::{Purpose, stream};

const QUICK: u32 = 2_000;
const FULL: u32 = 10_000;

const BIRTH_DEATH: &str =
    "B: X => 2 X; birth*X; D: X => ; death*X; X = 100; birth = 0.1; death = 0.11";
const IMMIGRATION: &str = "I: => X; inflow; D: X => ; death*X; X = 0; inflow = 1; death = 0.1";
const DIMERS: &str =
    "F: 2 P => P2; k1*P*(P - 1)/2; R: P2 => 2 P; k2*P2; P = 100; P2 = 0; k1 = 0.001; k2 = 0.01";
const HYBRID: StochasticMethod =
    StochasticMethod::Hybrid { below: 100.0, relative: 1e-6, absolute: 1e-6 };

fn network(text: &str) -> Network {
    Network::new(&model::antimony::read(text).unwrap_or_else(|p| panic!("{p:?}"))).unwrap()
}

fn starts(network: &Network, runs: u32, overrides: &[(&str, f64)]) -> Vec<Start> {
    let overrides: Vec<_> =
        overrides.iter().map(|(name, value)| (network.symbol(name).unwrap(), *value)).collect();
    (0..runs)
        .map(|run| Start {
            time: 0.0,
            overrides: overrides.clone(),
            stream: Some(stream(11, 0, run, Purpose::Reactions)),
        })
        .collect()
}

fn simulate(
    text: &str,
    runs: u32,
    method: StochasticMethod,
    overrides: &[(&str, f64)],
    (times, output): (&[f64], &str),
) -> StochasticRuns {
    let network = network(text);
    let settings = StochasticSettings { method, ..StochasticSettings::default() };
    let starts = starts(&network, runs, overrides);
    let output = network.symbol(output).unwrap();
    stochastic(&network, &starts, &settings, times, &[output]).unwrap()
}

#[expect(clippy::print_stdout, reason = "scores, for those who ask with --nocapture")]
/// The two scores must lie within their bounds: Z within 4 (one of many comparisons), Y within 5.
fn assert_moments(name: &str, runs: &StochasticRuns, time: usize, (mean, variance): (f64, f64)) {
    let n = runs.runs as f64;
    let z = n.sqrt() * (runs.mean(0, time) - mean) / variance.sqrt();
    let y = (n / 2.0).sqrt() * (runs.variance(0, time) / variance - 1.0);
    println!("{name}: Z {z:.2}, Y {y:.2}");
    assert!(z.abs() < 4.0, "{name}: mean {} for {mean}: Z = {z}", runs.mean(0, time));
    assert!(y.abs() < 5.0, "{name}: variance {} for {variance}: Y = {y}", runs.variance(0, time));
}

/// Mean and variance of birth and death from `first` (Bailey, Elements of Stochastic Processes, 1964).
fn birth_death(first: f64, birth: f64, death: f64, time: f64) -> (f64, f64) {
    let net = birth - death;
    let gain = (net * time).exp();
    (first * gain, first * (birth + death) / net * gain * (gain - 1.0))
}

/// Mean and variance of immigration and death from `first`: a binomial and a Poisson number.
fn immigration_death(first: f64, inflow: f64, death: f64, time: f64) -> (f64, f64) {
    let stays = (-death * time).exp();
    let arrived = inflow / death * (1.0 - stays);
    (first * stays + arrived, first * stays * (1.0 - stays) + arrived)
}

/// Mean and variance of P of [`DIMERS`] from the master equation, by uniformisation.
fn dimers(time: f64) -> (f64, f64) {
    let (k1, k2) = (0.001, 0.01);
    let form = |pairs: usize| {
        let p = 100.0 - 2.0 * pairs as f64;
        k1 * p * (p - 1.0) / 2.0
    };
    let fastest = 6.0;
    let mut now = vec![0.0; 51];
    now[0] = 1.0;
    let mut total = vec![0.0; 51];
    let mut weight = (-fastest * time).exp();
    for k in 0..2000 {
        for (sum, share) in total.iter_mut().zip(&now) {
            *sum += weight * share;
        }
        let mut next = vec![0.0; 51];
        for pairs in 0..51 {
            let (up, down) = (form(pairs) / fastest, k2 * pairs as f64 / fastest);
            next[pairs] += now[pairs] * (1.0 - up - down);
            if pairs < 50 {
                next[pairs + 1] += now[pairs] * up;
            }
            if pairs > 0 {
                next[pairs - 1] += now[pairs] * down;
            }
        }
        now = next;
        weight *= fastest * time / f64::from(k + 1);
    }
    assert!((total.iter().sum::<f64>() - 1.0).abs() < 1e-10);
    let value = |pairs: usize| 100.0 - 2.0 * pairs as f64;
    let mean: f64 = (0..51).map(|pairs| value(pairs) * total[pairs]).sum();
    (mean, (0..51).map(|pairs| (value(pairs) - mean).powi(2) * total[pairs]).sum())
}

fn assert_exact_moments(runs: u32, method: StochasticMethod) {
    let times = [1.0, 5.0, 20.0, 50.0];
    for (birth, death) in [(0.1, 0.11), (0.12, 0.05), (0.0, 0.3)] {
        let overrides = [("birth", birth), ("death", death)];
        let got = simulate(BIRTH_DEATH, runs, method, &overrides, (&times[..3], "X"));
        for (t, &time) in times[..3].iter().enumerate() {
            let name = format!("birth {birth}, death {death}, at {time}");
            assert_moments(&name, &got, t, birth_death(100.0, birth, death, time));
        }
    }
    for (first, inflow) in [(0.0, 1.0), (30.0, 0.2)] {
        let overrides = [("X", first), ("inflow", inflow)];
        let got = simulate(IMMIGRATION, runs, method, &overrides, (&times, "X"));
        for (t, &time) in times.iter().enumerate() {
            let name = format!("immigration {inflow} from {first}, at {time}");
            assert_moments(&name, &got, t, immigration_death(first, inflow, 0.1, time));
        }
    }
    let got = simulate(DIMERS, runs, method, &[], (&times, "P"));
    for (t, &time) in times.iter().enumerate() {
        assert_moments(&format!("dimers at {time}"), &got, t, dimers(time));
    }
}

#[test]
fn single_reactions_have_the_exact_means_and_variances() {
    assert_exact_moments(QUICK, StochasticMethod::Direct);
}

#[test]
#[ignore = "ten thousand runs"]
fn single_reactions_have_the_exact_means_and_variances_in_many_runs() {
    assert_exact_moments(FULL, StochasticMethod::Direct);
}

fn leap(error: f64) -> StochasticMethod {
    StochasticMethod::Leap { error, critical_below: 10.0 }
}

#[test]
fn reactions_happen_one_by_one_where_leaps_do_not_pay() {
    assert_exact_moments(QUICK, leap(0.001));
}

fn assert_leaps(runs: u32) {
    let overrides = [("inflow", 1000.0)];
    let times = [5.0, 20.0];
    let got = simulate(IMMIGRATION, runs, leap(0.001), &overrides, (&times, "X"));
    for (t, &time) in times.iter().enumerate() {
        let want = immigration_death(0.0, 1000.0, 0.1, time);
        assert_moments(&format!("leaps at {time}"), &got, t, want);
    }
    let statistics = got.results.iter().map(|result| result.as_ref().unwrap());
    assert!(statistics.clone().all(|s| s.leaps > 0 && s.moves < s.jumps / 2));
}

#[test]
fn small_leaps_have_the_moments_of_single_reactions() {
    assert_leaps(QUICK);
}

#[test]
#[ignore = "ten thousand runs"]
fn small_leaps_have_the_moments_of_single_reactions_in_many_runs() {
    assert_leaps(FULL);
}

#[test]
fn the_error_of_leaps_is_of_the_order_asked_for() {
    let times = [10.0];
    for error in [0.03, 0.01] {
        let got = simulate(IMMIGRATION, 400, leap(error), &[("inflow", 1e5)], (&times, "X"));
        let (mean, _) = immigration_death(0.0, 1e5, 0.1, 10.0);
        let off = (got.mean(0, 0) / mean - 1.0).abs();
        assert!(off < error, "asked for {error}, got {off}");
        let moves = got.results[0].as_ref().unwrap().moves;
        assert!(moves < 20_000, "{moves} moves for {mean} reactions");
    }
}

#[test]
fn small_numbers_among_the_equations_have_the_exact_moments() {
    // all of it below the threshold: every reaction happens one by one
    let overrides = [("X", 20.0), ("birth", 0.1), ("death", 0.15)];
    let times = [2.0, 10.0];
    let got = simulate(BIRTH_DEATH, QUICK, HYBRID, &overrides, (&times, "X"));
    for (t, &time) in times.iter().enumerate() {
        assert_moments(&format!("at {time}"), &got, t, birth_death(20.0, 0.1, 0.15, time));
    }
}

/// Few cells that are fed by many: Poisson, with a mean that the equations give.
fn assert_fed(runs: u32) {
    let text = "L: Y => ; loss*Y; F: => X; feed*Y; D: X => ; death*X; \
                Y = 1e6; X = 0; loss = 0.3; feed = 2e-5; death = 0.8";
    let times = [0.5, 3.0, 8.0];
    let got = simulate(text, runs, HYBRID, &[], (&times, "X"));
    for (t, &time) in times.iter().enumerate() {
        let (loss, death) = (0.3_f64, 0.8_f64);
        let mean = 20.0 * ((-loss * time).exp() - (-death * time).exp()) / (death - loss);
        assert_moments(&format!("fed at {time}"), &got, t, (mean, mean));
    }
}

#[test]
fn few_that_are_fed_by_many_are_poisson() {
    assert_fed(QUICK);
}

#[test]
#[ignore = "ten thousand runs"]
fn few_that_are_fed_by_many_are_poisson_in_many_runs() {
    assert_fed(FULL);
}

#[test]
fn many_die_out_as_the_master_equation_says() {
    // each of 10,000 dies at rate 1: all are gone with probability (1 - exp(-t))^10000
    let overrides = [("X", 1e4), ("birth", 0.0), ("death", 1.0)];
    let times = [2.0, 8.0, 9.0, 10.0, 12.0];
    let got = simulate(BIRTH_DEATH, QUICK, HYBRID, &overrides, (&times, "X"));
    assert!((got.mean(0, 0) - 1e4 * (-2.0_f64).exp()).abs() < 1e-2, "no chance while many");
    assert!(got.variance(0, 0) < 1e-9);
    for (t, &time) in times.iter().enumerate().skip(1) {
        let none = got.values_at(0, t).iter().filter(|count| **count == 0.0).count() as f64;
        let want = (1.0 - (-time).exp()).powf(1e4);
        let z = (none / f64::from(QUICK) - want) / (want * (1.0 - want) / f64::from(QUICK)).sqrt();
        assert!(z.abs() < 4.0, "at {time}: {} for {want}", none / f64::from(QUICK));
    }
}

#[test]
fn rate_rules_and_time_flow_beside_the_jumps() {
    let text = "drug' = -drug; drug = 1; I: => X; 5*drug + time; D: X => ; 0.5*X; X = 0";
    let got = simulate(text, QUICK, HYBRID, &[], (&[3.0], "X"));
    // integral of (5 exp(-s) + s) exp(-(3 - s)/2) over s from 0 to 3
    let e = (-1.5_f64).exp();
    let mean = 10.0 * (e - (-3.0_f64).exp()) + (2.0 * 3.0 - 4.0 + 4.0 * e);
    assert_moments("with a rate rule", &got, 0, (mean, mean));
}

#[test]
fn bytes_are_the_same_on_any_number_of_threads_and_among_any_others() {
    let network = network(DIMERS);
    let outputs = [network.symbol("P").unwrap(), network.symbol("P2").unwrap()];
    for method in [StochasticMethod::Direct, leap(0.03), HYBRID] {
        let settings = StochasticSettings { method, ..StochasticSettings::default() };
        let all = starts(&network, 50, &[("P", 300.0)]);
        let times = [0.0, 1.0, 7.5];
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| stochastic(&network, &all, &settings, &times, &outputs).unwrap())
        };
        let bits = |runs: &StochasticRuns| -> Vec<u64> {
            runs.values.iter().map(|value| value.to_bits()).collect()
        };
        let one = run(1);
        assert_eq!(bits(&one), bits(&run(3)), "{method:?}");
        let alone = stochastic(&network, &all[17..18], &settings, &times, &outputs).unwrap();
        for time in 0..3 {
            let pair = (alone.value(0, time, 0), one.value(0, time, 17));
            assert_eq!(pair.0.to_bits(), pair.1.to_bits(), "{method:?}");
        }
        assert!(all.len() == 50 && one.values.iter().all(|value| *value >= 0.0));
    }
}

#[test]
fn units_and_compartments_are_counted_in_molecules() {
    // one molecule is 0.001 of amount; the concentration is amount over 2
    let text = "compartment c = 2; species X in c = 0.01; D: X => ; c*0.7*X";
    let network = network(text);
    let x = network.symbol("X").unwrap();
    let settings = StochasticSettings { molecule: 0.001, ..StochasticSettings::default() };
    let all = starts(&network, QUICK, &[]);
    let runs = stochastic(&network, &all, &settings, &[0.0, 1.0], &[x]).unwrap();
    assert!(runs.values_at(0, 0).iter().all(|value| (value - 0.01).abs() < 1e-15));
    let stays = (-0.7_f64).exp();
    let want = (0.01 * stays, 20.0 * stays * (1.0 - stays) * 0.0005 * 0.0005);
    assert_moments("concentration", &runs, 1, want);
}

#[test]
fn what_cannot_be_followed_is_refused_by_name() {
    let refused = |text: &str| Network::new(&model::antimony::read(text).unwrap()).unwrap_err();
    let event = refused("A -> ; A; A = 1; e: at (sin(time) > 0.5): A = 2");
    assert_eq!(event, NetworkError::EventTime { event: "e".into() });
    assert_eq!(refused("x' = -x; x = 1"), NetworkError::NoReactions);
    let fraction = refused("R: 0.5 A -> ; A; A = 1");
    assert_eq!(fraction, NetworkError::NotWhole { reaction: "R".into(), species: "A".into() });
    let size = refused("compartment c; c' = 1; c = 1; species A in c = 1; R: A -> ; A");
    assert_eq!(size, NetworkError::SizeChanges { species: "A".into() });
    assert_eq!(refused("R: A -> ; A = 1"), NetworkError::NoRate { reaction: "R".into() });
    let run = |text: &str| {
        let network = network(text);
        stochastic(&network, &[], &StochasticSettings::default(), &[], &[]).unwrap_err()
    };
    let rule = run("y' = -y; y = 1; A -> ; A; A = 1");
    assert_eq!(rule, NetworkError::RateRule { symbol: "y".into() });
    let timed = run("R: A -> ; A*time; A = 1");
    assert_eq!(timed, NetworkError::TimeInRate { reaction: "R".into() });
}

#[test]
fn what_goes_wrong_in_a_run_is_data() {
    let reason = |text: &str, method: StochasticMethod, limit: u64| {
        let network = network(text);
        let settings =
            StochasticSettings { method, max_moves: limit, ..StochasticSettings::default() };
        let x = network.symbol("X").unwrap();
        let all = starts(&network, 1, &[]);
        let runs = stochastic(&network, &all, &settings, &[1e3], &[x]).unwrap();
        assert!(runs.value(0, 0, 0).is_nan());
        runs.results[0].clone().unwrap_err().reason
    };
    for method in [StochasticMethod::Direct, leap(0.03), HYBRID] {
        let below = reason("R: X => ; 5; X = 3", method, 1_000_000);
        assert_eq!(below, Reason::BelowZero, "{method:?}");
        let negative = reason("R: X => ; 1 - X; X = 3", method, 1_000_000);
        assert_eq!(negative, Reason::NegativeRate { rate: -2.0 }, "{method:?}");
        let infinite = reason("R: X => ; 1/(X - 3); X = 3", method, 1_000_000);
        assert_eq!(infinite, Reason::NotFinite, "{method:?}");
        let many = reason("R: => X; 5*X; X = 30", method, 500);
        assert_eq!(many, Reason::TooManyMoves { limit: 500 }, "{method:?}");
    }
    let network = network(IMMIGRATION);
    let settings = StochasticSettings::default();
    let runs = stochastic(&network, &[Start::default()], &settings, &[1.0], &[]).unwrap();
    assert_eq!(runs.results[0].as_ref().unwrap_err().reason, Reason::NoStream);
}
