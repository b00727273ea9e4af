//! Parameters of virtual patients against hand-written steady states and published ranges.

use std::collections::BTreeMap;

use stats::summary::{median, quantile};

use super::*;
use crate::population::{Patient, Population, read};
use crate::protocol::{Grade, Unknowns};

fn population(name: &str) -> Population {
    let text = crate::library::text(&format!("populations/{name}.toml")).unwrap();
    read(text, name).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn table() -> ParameterTable {
    let name = "models/rrmm-cells.parameters.csv";
    ParameterTable::read(crate::library::text(name).unwrap(), name)
        .unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn set(values: &[(&str, f64)]) -> BTreeMap<String, f64> {
    values.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
}

/// A world of patients with typical values held fixed.
struct Cohort {
    table: ParameterTable,
    population: Population,
    patients: Vec<Patient>,
    values: Vec<Vec<f64>>,
}

impl Cohort {
    fn new(population_name: &str, n: u32, set: &BTreeMap<String, f64>) -> Self {
        let (table, population) = (table(), population(population_name));
        let typical = table.typical(&population, 7, 0, Unknowns::NONE, set, &BTreeMap::new());
        let patients: Vec<Patient> = (0..n).map(|k| population.draw(7, 0, k)).collect();
        let values = patients
            .iter()
            .zip(0..)
            .map(|(patient, k)| table.patient_parameters(&typical, &population, patient, 7, 0, k))
            .collect();
        Self { table, population, patients, values }
    }

    fn column(&self, symbol: &str) -> Vec<f64> {
        let place = self.table.position(symbol).unwrap();
        self.values.iter().map(|values| values[place]).collect()
    }

    /// A column of the patients of one isotype.
    fn of_isotype(&self, symbol: &str, isotype: &str) -> Vec<f64> {
        let is_one = |patient: &Patient| self.population.category(patient, "isotype") == isotype;
        let column = self.column(symbol).into_iter();
        column.zip(&self.patients).filter(|(_, p)| is_one(p)).map(|(value, _)| value).collect()
    }
}

fn assert_spread(values: &[f64], want: [f64; 3], tolerance: f64, what: &str) {
    let got = [0.5, 0.025, 0.975].map(|p| quantile(values, p).unwrap());
    for (got, want) in got.into_iter().zip(want) {
        assert!((got / want - 1.0).abs() < tolerance, "{what}: {got} against {want}");
    }
}

#[test]
fn rates_solved_from_covariates_spread_as_published_with_the_tables() {
    // baseline_covariates.md, "Coupling to the model"; 15 %: 2.5 % quantiles of 4,000 patients, and
    // published values of two digits.
    let cohort = Cohort::new("rrmm-trials", 4_000, &BTreeMap::new());
    assert_spread(&cohort.column("kshed"), [0.70, 0.18, 2.4], 0.15, "kshed");
    assert_spread(&cohort.of_isotype("pM", "IgG"), [0.0027, 0.0007, 0.010], 0.15, "pM, IgG");
    let iga = median(&cohort.of_isotype("pM", "IgA")).unwrap();
    assert!((iga / 0.0049 - 1.0).abs() < 0.12, "pM, IgA: {iga}");
    assert!(cohort.of_isotype("pM", "LC").iter().all(|made| *made == 0.0));
}

#[test]
fn a_patient_starts_at_the_measured_values() {
    let cohort = Cohort::new("rrmm-2024", 500, &BTreeMap::new());
    for (patient, values) in cohort.patients.iter().zip(&cohort.values) {
        let at = |symbol: &str| values[cohort.table.position(symbol).unwrap()];
        let covariate = |name: &str| cohort.population.value(patient, name);
        // The model's own steady states, written out by hand from reference_model.md, section 3.
        let close = |got: f64, want: f64, what: &str| {
            assert!((got - want).abs() <= 1e-9 * want.abs().max(1e-9), "{what}: {got}, not {want}");
        };
        let cells = at("T0") * (1.0 - at("fP"));
        let bcma = at("sBn") + at("kshed") * cells * (1.0 - at("fB0")) / at("ksB");
        close(bcma, covariate("soluble_bcma"), "soluble BCMA");
        let mica = at("sM0") + at("sigM") * cells * (at("fH") + 0.3 * at("fL"));
        close(mica, covariate("soluble_mica"), "soluble MICA");
        let level = covariate("serum_m_protein");
        let lost = at("kM") * (1.0 + at("aM") * level / (level + at("KM"))) * level;
        close(at("pM") * at("T0"), lost, "M-protein");
        close(at("F0") + at("pF") * at("T0") / at("kF"), covariate("involved_flc"), "involved");
        let uninvolved = at("FU0") / (1.0 + at("supF") * at("T0"));
        close(uninvolved, covariate("uninvolved_flc"), "uninvolved");
        let marrow = 100.0 * at("T0") / (at("T0") + at("marrow_other_cells"));
        close(marrow, covariate("marrow_plasma_cells"), "marrow plasma cells");
        close(at("fH") + at("fL") + at("fN"), 1.0, "phenotype");
        close(at("gP") - at("kd"), at("g"), "net growth of progenitors");
        close(at("L0"), 1000.0 * covariate("lymphocytes"), "lymphocytes");
        assert!(values.iter().all(|value| value.is_finite() && *value >= 0.0), "{values:?}");
    }
}

#[test]
fn covariates_decide_access_fitness_and_antigen_loss() {
    let cohort = Cohort::new("rrmm-2024", 3_000, &BTreeMap::new());
    let (access, lost) = (cohort.column("acc"), cohort.column("fB0"));
    let (mut after, mut never) = (Vec::new(), Vec::new());
    for (k, patient) in cohort.patients.iter().enumerate() {
        let has_none = cohort.population.category(patient, "plasmacytoma") == "none";
        assert!((access[k] - if has_none { 1.0 } else { 0.35 }).abs() < 1e-12);
        let group = cohort.population.value(patient, "prior_bcma_therapy") > 0.5;
        if group { &mut after } else { &mut never }.push(lost[k]);
    }
    assert!(median(&after).unwrap() > 30.0 * median(&never).unwrap());
    assert!(lost.iter().all(|share| *share <= 0.3));
    let fit = |days: f64| {
        let cohort = Cohort::new("rrmm-2024", 1_000, &set(&[("culture_days", days)]));
        median(&cohort.column("phi")).unwrap()
    };
    // exp(-0.03 x 10) by reference_parameters.csv.
    assert!((fit(20.0) / fit(10.0) - 0.740_818).abs() < 1e-6);
}

#[test]
fn spread_between_patients_is_that_of_the_table() {
    let cohort = Cohort::new("rrmm-2024", 3_000, &BTreeMap::new());
    // Log-normal: median x exp(+-1.96 sigma); sigma^2 = ln(1 + cv^2).
    for (symbol, typical, cv) in [("g", 0.018, 0.5_f64), ("KT", 80.0, 0.8), ("sBn", 6.0, 0.6)] {
        let sigma = (1.0 + cv * cv).ln().sqrt();
        let want = [typical, typical * (-1.96 * sigma).exp(), typical * (1.96 * sigma).exp()];
        assert_spread(&cohort.column(symbol), want, 0.12, symbol);
    }
    let doubled = Cohort::new("rrmm-2024", 3_000, &set(&[("KT", 160.0), ("FvN", 0.8)]));
    let (plain, twice) = (cohort.column("KT"), doubled.column("KT"));
    assert!(plain.iter().zip(&twice).all(|(a, b)| (b / a - 2.0).abs() < 1e-9));
    let viable = doubled.column("FvN");
    assert!((median(&viable).unwrap() - 0.8).abs() < 0.03);
    assert!(viable.iter().all(|share| (0.0..1.0).contains(share)));
}

#[test]
fn what_is_set_stays_set_for_every_patient() {
    let cohort = Cohort::new("rrmm-2024", 200, &set(&[("phi", 1.0), ("fN", 0.5)]));
    assert!(cohort.column("phi").iter().all(|phi| (phi - 1.0).abs() < 1e-12));
    let (high, low) = (cohort.column("fH"), cohort.column("fL"));
    assert!(high.iter().zip(&low).all(|(high, low)| (high + low - 0.5).abs() < 1e-12));
}

/// One symbol's typical value in many replicates.
fn replicates(symbol: &str, n: u32, set: &BTreeMap<String, f64>) -> Vec<f64> {
    let (table, population) = (table(), population("rrmm-2024"));
    let place = table.position(symbol).unwrap();
    let draw =
        |r| table.typical(&population, 7, r, Unknowns::ALL, set, &BTreeMap::new()).values[place];
    (0..n).map(draw).collect()
}

#[test]
fn what_is_not_known_stays_in_its_range_around_the_typical_value() {
    let (table, population) = (table(), population("rrmm-2024"));
    let mut below = vec![0; table.parameters.len()];
    for r in 0..400 {
        let typical =
            table.typical(&population, 7, r, Unknowns::ALL, &BTreeMap::new(), &BTreeMap::new());
        for ((parameter, value), below) in
            table.parameters.iter().zip(&typical.values).zip(&mut below)
        {
            *below += u32::from(*value < parameter.typical);
            let is_tied = parameter.symbol == "hMM";
            if !parameter.is_unknown() && !is_tied {
                assert_eq!(value.to_bits(), parameter.typical.to_bits(), "{}", parameter.symbol);
            } else if let (Some([low, high]), false) = (parameter.range, is_tied) {
                let range = low * (1.0 - 1e-12)..=high * (1.0 + 1e-12);
                assert!(range.contains(value), "{} is {value}", parameter.symbol);
            }
        }
    }
    for (parameter, below) in table.parameters.iter().zip(below) {
        let Some([low, high]) = parameter.range else { continue };
        if parameter.is_unknown() && low < parameter.typical && parameter.typical < high {
            // Half of 400, within four standard errors.
            assert!((160..=240).contains(&below), "{}: {below} of 400 below", parameter.symbol);
        }
    }
}

#[test]
fn measured_values_vary_a_third_as_far_as_assumed_ones() {
    // g is grade B with 0.006 to 0.05: a third of ln(0.018/0.006) down, of ln(0.05/0.018) up.
    let growth = replicates("g", 2_000, &BTreeMap::new());
    let ends = [quantile(&growth, 0.0).unwrap(), quantile(&growth, 1.0).unwrap()];
    let limits = [0.018 / 3.0_f64.cbrt(), 0.018 * (0.05_f64 / 0.018).cbrt()];
    assert!(limits[0] <= ends[0] && ends[0] < limits[0] * 1.02, "{ends:?}");
    assert!(limits[1] * 0.98 < ends[1] && ends[1] <= limits[1], "{ends:?}");
}

#[test]
fn a_value_that_a_product_sets_keeps_the_ignorance_of_its_typical_value() {
    let plain = replicates("kC", 50, &BTreeMap::new());
    let typical = table().parameters[table().position("kC").unwrap()].typical;
    let less = replicates("kC", 50, &set(&[("kC", typical / 4.0)]));
    let ratios: Vec<f64> = plain.iter().zip(&less).map(|(a, b)| b / a).collect();
    let kept = ratios.iter().filter(|ratio| (*ratio - 0.25).abs() < 1e-9).count();
    // The rest lie below the table's range and stop at the value that was set.
    assert!(kept > 25 && ratios.iter().all(|ratio| *ratio > 0.24), "{kept} {ratios:?}");
    let absent = replicates("k2", 5, &set(&[("k2", 1.0)]));
    assert!(absent.iter().all(|value| (value - 1.0).abs() < 1e-12));
}

#[test]
fn survival_without_treatment_keeps_its_published_median_whatever_the_hazard_s_shape() {
    let (table, population) = (table(), population("rrmm-2024"));
    let typical_of = |symbol: &str| table.parameters[table.position(symbol).unwrap()].typical;
    let (capacity, start, growth) = (typical_of("Kmax"), typical_of("T0"), typical_of("g"));
    let median_days = |scale: f64, steepness: f64| {
        let (mut hazard, mut day) = (0.0, 0.0_f64);
        while hazard < 2.0_f64.ln() {
            let burden = capacity / (1.0 + (capacity / start - 1.0) * (-growth * day).exp());
            hazard += scale * ((steepness * burden).exp() - 1.0);
            day += 1.0;
        }
        day
    };
    let typical = median_days(typical_of("hMM"), typical_of("kHz"));
    for r in 0..100 {
        let drawn =
            table.typical(&population, 7, r, Unknowns::ALL, &BTreeMap::new(), &BTreeMap::new());
        let value = |symbol: &str| drawn.values[table.position(symbol).unwrap()];
        let ratio = median_days(value("hMM"), value("kHz")) / typical;
        // 10.8 and 17.0 months over 13.8, widened by a half for the tails beyond 95 %.
        assert!((0.68..1.42).contains(&ratio), "replicate {r}: {ratio}");
    }
}

#[test]
fn every_arm_meets_the_same_patient_in_any_order() {
    let (table, population) = (table(), population("rrmm-2024"));
    let values = |k: u32, set: &BTreeMap<String, f64>| {
        let typical = table.typical(&population, 3, 9, Unknowns::ALL, set, &BTreeMap::new());
        let patient = population.draw(3, 9, k);
        table.patient_parameters(&typical, &population, &patient, 3, 9, k)
    };
    let nothing = BTreeMap::new();
    let forwards: Vec<Vec<f64>> = (0..10).map(|k| values(k, &nothing)).collect();
    let mut backwards: Vec<Vec<f64>> = (0..10).rev().map(|k| values(k, &nothing)).collect();
    backwards.reverse();
    assert_eq!(forwards, backwards);
    let other_arm = values(4, &set(&[("kCAR", 3.0)]));
    let place = table.position("kCAR").unwrap();
    let differ: Vec<usize> = (0..other_arm.len())
        .filter(|i| other_arm[*i].to_bits() != forwards[4][*i].to_bits())
        .collect();
    assert_eq!(differ, [place]);
}

#[test]
fn bundled_tables_can_be_read_and_bundled_products_set_names_of_theirs() {
    let table = table();
    let signs = crate::library::text("models/rrmm-signs.parameters.csv").unwrap();
    assert!(ParameterTable::read(signs, "signs").is_ok_and(|signs| signs.position("T0").is_none()));
    let mut products = 0;
    for name in crate::library::names().filter(|name| name.starts_with("products/")) {
        let product: toml::Table = toml::from_str(crate::library::text(name).unwrap()).unwrap();
        let empty = toml::Table::new();
        let sets = product.get("parameters").and_then(toml::Value::as_table).unwrap_or(&empty);
        for symbol in sets.keys() {
            assert!(table.may_set(symbol), "{name} sets `{symbol}`");
        }
        products += 1;
    }
    assert!(products > 0);
}

#[test]
fn a_table_with_faults_names_each_of_them() {
    let header = "symbol,name,unit,typical,spread,low,high,source,verification,grade,role\n";
    let faults = [
        ("g,growth,1/day,0.018,lognormal(median=1),0.006,0.05,x,-,B,patient", "needs `sigma`"),
        ("g,growth,1/day,0.18,fixed,0.006,0.05,x,-,B,patient", "outside its range"),
        ("g,growth,1/day,fast,fixed,,,x,-,B,patient", "no number"),
        ("g,growth,1/day,0.018,fixed,,,x,-,B,patiant", "`patiant` is not a role"),
        ("T0,burden,1e9 cells,400,covariate,,,x,-,B,covariate", "there is no `fH`"),
    ];
    for (row, says) in faults {
        let found = ParameterTable::read(&format!("{header}{row}\n"), "table.csv").unwrap_err();
        assert!(found[0].message.contains(says), "{row}: {}", found[0].message);
    }
    let text = format!("# a note\n\n{header}g,\"a, \"\"b\"\"\",1/day,1,fixed,,,x,-,B,patient\n");
    let table = ParameterTable::read(&text, "table.csv").unwrap();
    assert_eq!(table.parameters[0].name, "a, \"b\"");
    assert_eq!(table.counts_by_grade(), BTreeMap::from([("B".to_owned(), 1)]));
    assert!(table.may_set("g") && table.may_set("culture_days") && !table.may_set("kC"));
}

#[test]
fn leaving_a_grade_out_moves_no_other_draw_and_a_held_value_is_not_drawn() {
    let (table, population) = (table(), population("rrmm-2024"));
    let none = BTreeMap::new();
    let held = set(&[("kC", 3.25), ("fN", 0.5), ("culture_days", 14.0)]);
    for replicate in 0..20 {
        let draw =
            |unknowns, held| table.typical(&population, 11, replicate, unknowns, &none, held);
        let all = draw(Unknowns::ALL, &none);
        for left_out in Grade::ALL {
            let fewer = draw(Unknowns::ALL.without(left_out), &none);
            let columns = table.parameters.iter().zip(&all.values).zip(&fewer.values);
            for ((parameter, all), fewer) in columns {
                let tied = parameter.symbol == "hMM";
                let want = match Grade::of(&parameter.grade) {
                    Some(grade) if grade == left_out => parameter.typical,
                    _ => *all,
                };
                assert!(tied || want.to_bits() == fewer.to_bits(), "{}", parameter.symbol);
            }
            for (place, name) in COUPLINGS.iter().enumerate() {
                let coupling = population.couplings.iter().find(|c| c.name == *name).unwrap();
                let is_out = Grade::of(&coupling.evidence.grade) == Some(left_out);
                let want = if is_out { coupling.typical } else { all.couplings[place] };
                assert_eq!(fewer.couplings[place].to_bits(), want.to_bits(), "{name}");
            }
        }
        let with = draw(Unknowns::ALL, &held);
        let differ: Vec<&str> = table
            .symbols()
            .zip(all.values.iter().zip(&with.values))
            .filter(|(_, (all, with))| all.to_bits() != with.to_bits())
            .map(|(symbol, _)| symbol)
            .collect();
        assert_eq!(differ.len(), 2, "{differ:?}");
        assert_eq!(with.values[table.position("kC").unwrap()].to_bits(), 3.25_f64.to_bits());
        let days = COUPLINGS.iter().position(|name| *name == "culture_days").unwrap();
        assert_eq!(with.couplings[days].to_bits(), 14.0_f64.to_bits());
    }
    let typical = table.typical(&population, 11, 3, Unknowns::NONE, &none, &none);
    for (parameter, value) in table.parameters.iter().zip(&typical.values) {
        let difference = (value - parameter.typical).abs();
        assert!(difference <= 1e-12 * parameter.typical.abs(), "{} is {value}", parameter.symbol);
    }
}
