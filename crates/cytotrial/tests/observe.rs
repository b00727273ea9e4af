//! What is written down: signs at their thresholds, grades from them, limits of assays.

#![allow(clippy::float_cmp, reason = "limits and codes are copied, not computed")]

use cytotrial::observe::marrow::{Disease, aspirate, blood_and_urine};
use cytotrial::observe::signs::{Cytokines, SignThresholds, Signs, Tolerance, signs, write};
use cytotrial::observe::{Assays, Observer};
use cytotrial::parameters::ParameterTable;
use evaluate::{NeuroSigns, Rules, crs_grade_now, icans_grade_now};
use records::{Analyte, Findings, Isotype, LightChain, Study, Treatment};
use stats::stream::{Purpose, Stream, stream};

/// The bundled thresholds.
struct Table(ParameterTable);

impl Table {
    fn bundled() -> Self {
        let name = "models/rrmm-signs.parameters.csv";
        let text = cytotrial::library::text(name).expect("bundled");
        Self(ParameterTable::read(text, name).expect("no problem"))
    }

    fn value(&self, symbol: &str) -> f64 {
        let position = self.0.position(symbol).unwrap_or_else(|| panic!("no `{symbol}`"));
        self.0.parameters[position].typical
    }

    /// Thresholds of patients who all feel the same.
    fn thresholds(&self) -> SignThresholds {
        SignThresholds::from_values(|symbol| {
            if symbol.ends_with("tolerance_sigma") { 0.0 } else { self.value(symbol) }
        })
    }
}

fn draws(patient: u32) -> Stream {
    stream(5, 0, patient, Purpose::Signs)
}

fn felt(il6: f64) -> Cytokines {
    Cytokines { il6_felt: il6, il1: 0.0, interferon: 10.0 }
}

/// The grade that the published rules give these signs.
fn crs_grade(now: &Signs) -> u8 {
    crs_grade_now(&evaluate::Signs {
        temperature: Some(now.temperature),
        fever_treated: false,
        hypotension: now.systolic < Rules::default().crs.hypotension_below || now.vasopressors > 0,
        vasopressors: now.vasopressors,
        vasopressin: false,
        oxygen_device: now.device,
        oxygen_flow: (now.device > 0).then_some(now.flow),
    })
}

fn icans_grade(now: &Signs) -> u8 {
    icans_grade_now(&NeuroSigns {
        ice_score: Some(now.ice),
        consciousness: now.consciousness,
        ..NeuroSigns::default()
    })
}

#[test]
fn fever_begins_exactly_at_its_threshold() {
    let table = Table::bundled();
    let thresholds = table.thresholds();
    let tolerance = Tolerance::draw(&thresholds, draws(0));
    let fever = table.value("crs_fever_il6");
    let at = |il6| signs(&thresholds, tolerance, felt(il6)).temperature;
    assert_eq!(at(0.0), table.value("temperature_normal"));
    assert_eq!(at(fever), 38.0);
    assert!(at(fever * (1.0 - 1e-12)) < 37.8, "{}", at(fever * (1.0 - 1e-12)));
    let degree = table.value("fever_degree_per_log10");
    assert!((at(10.0 * fever) - 38.0 - degree).abs() < 1e-12);
    assert_eq!(at(1e9), 41.5);
}

#[test]
fn each_threshold_of_cytokine_release_gives_its_grade_and_not_sooner() {
    let table = Table::bundled();
    let thresholds = table.thresholds();
    let tolerance = Tolerance::draw(&thresholds, draws(0));
    let grade = |il6| crs_grade(&signs(&thresholds, tolerance, felt(il6)));
    // Rising signal: the grade below each threshold and from it on.
    let steps = [
        ("crs_fever_il6", 0, 1),
        ("crs_hypotension_il6", 1, 2),
        ("crs_hypoxia_il6", 2, 2),
        ("crs_vasopressor_il6", 2, 3),
        ("crs_high_flow_il6", 3, 3),
        ("crs_multiple_vasopressor_il6", 3, 4),
        ("crs_ventilation_il6", 4, 4),
    ];
    let mut before = 0.0;
    for (symbol, below, from) in steps {
        let il6 = table.value(symbol);
        assert!(il6 > before, "thresholds rise");
        before = il6;
        assert_eq!((grade(il6 * (1.0 - 1e-9)), grade(il6)), (below, from), "{symbol}");
    }
    let mut last = 0;
    for step in 0..2000 {
        let now = grade(stats::math::exp(f64::from(step) * 0.005));
        assert!(now >= last, "grades rise with IL-6");
        last = now;
    }
    assert_eq!(last, 4);
    // Hypoxia alone, in a patient whose lungs are the weak part.
    let lungs = SignThresholds::from_values(|symbol| match symbol {
        "crs_hypotension_il6" | "crs_vasopressor_il6" | "crs_multiple_vasopressor_il6" => 1e9,
        symbol if symbol.ends_with("tolerance_sigma") => 0.0,
        symbol => table.value(symbol),
    });
    for (symbol, below, from) in
        [("crs_hypoxia_il6", 1, 2), ("crs_high_flow_il6", 2, 3), ("crs_ventilation_il6", 3, 4)]
    {
        let il6 = table.value(symbol);
        let grade = |il6| crs_grade(&signs(&lungs, tolerance, felt(il6)));
        assert_eq!((grade(il6 * (1.0 - 1e-9)), grade(il6)), (below, from), "{symbol}");
    }
}

#[test]
fn tolerance_scatters_between_patients_as_its_sigma_says() {
    let table = Table::bundled();
    let thresholds = SignThresholds::from_values(|symbol| table.value(symbol));
    let fever = table.value("crs_fever_il6");
    let feverish = |factor: f64| {
        let has = |patient: &u32| {
            let tolerance = Tolerance::draw(&thresholds, draws(*patient));
            crs_grade(&signs(&thresholds, tolerance, felt(fever * factor))) > 0
        };
        (0..4000_u32).filter(has).count() as f64 / 4000.0
    };
    // Half at the median, 84.1 % one sigma above it.
    let sigma = table.value("crs_tolerance_sigma");
    assert!((feverish(1.0) - 0.5).abs() < 0.03);
    assert!((feverish(stats::math::exp(sigma)) - 0.841).abs() < 0.02);
}

#[test]
fn neurotoxicity_follows_its_logistic_and_its_steps() {
    let table = Table::bundled();
    let thresholds = table.thresholds();
    let stream = draws(0);
    let tolerance = Tolerance::draw(&thresholds, stream);
    let uniform = stream.uniform(2);
    let brain = stats::math::ln(uniform / (1.0 - uniform));
    // With interferon at 1 pg/mL the drive is the intercept and the term of IL-1.
    let il1_for = |drive: f64| {
        let power = (drive - table.value("icans_intercept")) / table.value("icans_il1");
        stats::math::pow(10.0, power)
    };
    let grade = |il1| {
        let now = Cytokines { il6_felt: 0.0, il1, interferon: 1.0 };
        icans_grade(&signs(&thresholds, tolerance, now))
    };
    for (excess, below, from) in [
        (0.0, 0, 1),
        (table.value("icans_grade2"), 1, 2),
        (table.value("icans_grade3"), 2, 3),
        (table.value("icans_grade4"), 3, 4),
    ] {
        let il1 = il1_for(brain + excess);
        assert_eq!(
            (grade(il1 * (1.0 - 1e-6)), grade(il1 * (1.0 + 1e-6))),
            (below, from),
            "{excess}"
        );
    }
    let mut last = 0;
    for step in 0..400 {
        let now = grade(il1_for(brain + f64::from(step) * 0.025 - 3.0));
        assert!(now >= last, "grades rise with IL-1");
        last = now;
    }
    // Over patients: logistic in the drive.
    let share = |drive: f64| {
        let now = Cytokines { il6_felt: 0.0, il1: il1_for(drive), interferon: 1.0 };
        let ill = |patient: &u32| {
            let tolerance = Tolerance::draw(&thresholds, draws(*patient));
            icans_grade(&signs(&thresholds, tolerance, now)) > 0
        };
        (0..4000_u32).filter(ill).count() as f64 / 4000.0
    };
    assert!((share(0.0) - 0.5).abs() < 0.03, "{}", share(0.0));
    assert!((share(-1.5) - 0.1824).abs() < 0.02, "{}", share(-1.5));
}

/// An assay of some precision and limit for every analyte used here.
fn assays(variation: f64) -> Assays {
    let rows = [
        ("SPEP", "0.5", "g/L"),
        ("UPEP", "20", "mg/24h"),
        ("SIFE", "0.3", "g/L"),
        ("UIFE", "10", "mg/24h"),
        ("KAPPA", "0.6", "mg/L"),
        ("LAMBDA", "1.3", "mg/L"),
        ("BMCLONAL", "0.0001", "1"),
        ("MRD", "0.00001", "1"),
        ("CARCELL", "0.05", "cells/uL"),
    ];
    let mut text = vec!["analyte,cv,lloq,unit,source,grade".to_owned()];
    for (code, limit, unit) in rows {
        text.push(format!("{code},{variation},{limit},{unit},assumed,D"));
    }
    Assays::read(&text.join("\n"), "assays.csv").expect("a table")
}

/// The rows that `write` leaves: analyte, value, below its limit.
fn observed(
    assays: &Assays,
    slot: u32,
    write: impl FnOnce(&mut Observer<'_>),
) -> Vec<(Analyte, f64, bool)> {
    let mut findings = Findings::default();
    let noise = stream(5, 0, 0, Purpose::Assay);
    write(&mut Observer::new(assays, &mut findings, noise, (slot, 28.0)));
    assert!(findings.day.iter().all(|&day| day == 28.0));
    (0..findings.len())
        .map(|row| (findings.analyte[row], findings.value[row], findings.below_limit[row]))
        .collect()
}

fn disease(tumour: f64, m_protein: f64) -> Disease {
    Disease {
        m_protein,
        light_chains: [50.0, 10.0],
        urine: 0.0,
        tumour,
        marrow_other: 1000.0,
        normal_plasma_cells: 1.0,
        plasmacytoma: None,
    }
}

fn of(rows: &[(Analyte, f64, bool)], analyte: Analyte) -> (f64, bool) {
    let row = rows.iter().find(|row| row.0 == analyte);
    row.map_or_else(|| panic!("no {analyte:?} in {rows:?}"), |row| (row.1, row.2))
}

#[test]
fn below_its_limit_a_result_is_the_limit_and_says_so() {
    let assays = assays(0.0);
    let measured = |truth| {
        let rows = observed(&assays, 1, |observer| observer.measure(Analyte::InfusedCells, truth));
        of(&rows, Analyte::InfusedCells)
    };
    assert_eq!(measured(0.0), (0.05, true));
    assert_eq!(measured(0.049), (0.05, true));
    assert_eq!(measured(0.05), (0.05, false));
    assert_eq!(measured(7.0), (7.0, false));
    assert_eq!(measured(-1e-12), (0.05, true));
}

#[test]
fn noise_has_the_assay_s_variation_and_keeps_the_mean() {
    let assays = assays(0.2);
    let values: Vec<f64> = (0..20_000)
        .map(|slot| {
            let write = |observer: &mut Observer<'_>| observer.measure(Analyte::InfusedCells, 7.0);
            observed(&assays, slot, write)[0].1
        })
        .collect();
    let mean = stats::summary::mean(&values).expect("values");
    let spread = stats::summary::standard_deviation(&values).expect("values") / mean;
    assert!((mean - 7.0).abs() < 0.04, "{mean}");
    // sqrt(exp(0.2^2) - 1)
    assert!((spread - 0.202).abs() < 0.005, "{spread}");
}

#[test]
fn residual_disease_is_negative_below_the_sensitivity() {
    let assays = assays(0.0);
    let sampled = |fraction: f64| {
        let tumour = 1000.0 * fraction / (1.0 - fraction);
        let rows = observed(&assays, 1, |observer| aspirate(observer, &disease(tumour, 0.0), 1e-5));
        let (residual, negative) = of(&rows, Analyte::MinimalResidualDisease);
        assert_eq!(of(&rows, Analyte::MrdSensitivity), (1e-5, false));
        (residual, negative, of(&rows, Analyte::MarrowClonality).0)
    };
    assert_eq!(sampled(0.0), (1e-5, true, 0.0));
    assert_eq!(sampled(0.99e-5), (1e-5, true, 0.0));
    let (residual, negative, clonal) = sampled(1.01e-5);
    assert!((residual / 1.01e-5 - 1.0).abs() < 1e-9 && !negative && clonal == 0.0);
    assert_eq!((sampled(0.99e-4).2, sampled(1.01e-4).2), (0.0, 1.0));
    // A share stays one, even of a marrow full of myeloma and with noise.
    for slot in 0..200 {
        let rows = observed(&self::assays(0.3), slot, |observer| {
            aspirate(observer, &disease(9000.0, 0.0), 1e-5);
        });
        let (residual, _) = of(&rows, Analyte::MinimalResidualDisease);
        let (percent, _) = of(&rows, Analyte::MarrowPlasmaCells);
        assert!(residual <= 1.0 && percent <= 100.0, "{residual} {percent}");
    }
}

#[test]
fn the_clone_decides_where_its_protein_is_seen() {
    let assays = assays(0.0);
    let seen = |m_protein, isotype, chain| {
        observed(&assays, 1, |observer| {
            blood_and_urine(observer, &disease(1.0, m_protein), isotype, chain);
        })
    };
    let (igg, kappa) = (Isotype::IgG, LightChain::Kappa);
    let rows = seen(0.31, igg, kappa);
    assert_eq!(of(&rows, Analyte::SerumImmunofixation).0, 1.0);
    assert_eq!(of(&rows, Analyte::SerumMProtein), (0.5, true), "seen, but too little to measure");
    assert_eq!(of(&seen(0.29, igg, kappa), Analyte::SerumImmunofixation).0, 0.0);
    assert_eq!(of(&rows, Analyte::KappaFreeLightChain).0, 50.0);
    let rows = seen(20.0, igg, LightChain::Lambda);
    assert_eq!(of(&rows, Analyte::LambdaFreeLightChain).0, 50.0);
    assert_eq!(of(&rows, Analyte::SerumMProtein), (20.0, false));
    // A clone of light chains only has no band, whatever the model's number says.
    let rows = seen(20.0, Isotype::LightChainOnly, kappa);
    assert_eq!(of(&rows, Analyte::SerumMProtein), (0.5, true));
    assert_eq!(of(&rows, Analyte::SerumImmunofixation).0, 0.0, "50 mg/L leaves none either");
}

/// Through the tables: signs written each day give the grade of the worst day, and its onset.
#[test]
fn grades_come_back_from_the_written_signs() {
    let table = Table::bundled();
    let thresholds = table.thresholds();
    let tolerance = Tolerance::draw(&thresholds, draws(0));
    let exact = assays(0.0);
    // Well beyond a threshold, so that the noise of a thermometer and a cuff does not decide.
    let fever = 4.0 * table.value("crs_fever_il6");
    let peaks = [
        (0.0, 0),
        (fever, 1),
        (1.2 * table.value("crs_hypotension_il6"), 2),
        (1.05 * table.value("crs_vasopressor_il6"), 3),
        (1.05 * table.value("crs_multiple_vasopressor_il6"), 4),
    ];
    for (peak, grade) in peaks {
        let mut study = Study::default();
        study.push_subject("S-1", "A");
        study.exposures.push(0, Treatment::CellProduct, 0.0, 1e8, 1e8);
        let noise = stream(5, 0, 0, Purpose::Assay);
        for (slot, il6) in (0..).zip([0.0, 0.0, peak.min(fever), peak, peak.min(fever), 0.0, 0.0]) {
            let day = f64::from(slot);
            let findings = &mut study.findings;
            let mut observer = Observer::new(&exact, findings, noise, (slot, day));
            write(&mut observer, &signs(&thresholds, tolerance, felt(il6)));
        }
        let outcome = &evaluate::evaluate(&study, &Rules::default()).subjects[0];
        let found = outcome.crs.map_or((0, None), |episode| (episode.grade, Some(episode.onset)));
        assert_eq!(found, (grade, (grade > 0).then_some(2.0)), "peak {peak}");
        assert_eq!(outcome.icans, None);
    }
}

#[test]
fn errors_drawn_ahead_are_those_drawn_one_by_one() {
    let text = cytotrial::library::text("models/assays.csv").expect("bundled");
    let assays = Assays::read(text, "models/assays.csv").expect("a table");
    for slot in 0..200 {
        let measured = |ahead: &[Analyte]| {
            observed(&assays, slot, |observer| {
                observer.draw_ahead(ahead);
                for &analyte in Analyte::ALL {
                    observer.measure(analyte, 1e6);
                }
            })
        };
        let one_by_one = measured(&[]);
        assert_eq!(measured(Analyte::ALL), one_by_one);
        assert_eq!(measured(&Analyte::ALL[3..14]), one_by_one);
    }
}
