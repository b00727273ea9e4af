//! Drawn patients against published cohorts and the rules of the population file.

use super::eligibility::parse;
use super::expression::Reading;
use super::*;
use crate::parameters::rows;
use crate::problem::Problem;

const FILES: [&str; 2] = ["rrmm-2024", "rrmm-trials"];
const GOLDEN: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../golden/cytotrial/baseline.csv"));

fn text(name: &str) -> &'static str {
    crate::library::text(&format!("populations/{name}.toml")).expect("it is bundled")
}

pub(crate) fn population(name: &str) -> Population {
    read(text(name), name).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn patients(population: &Population, n: u32) -> Vec<Patient> {
    (0..n).map(|k| population.draw(20_240_418, 0, k)).collect()
}

fn problems(text: &str) -> Vec<Problem> {
    read(text, "here.toml").expect_err("it has a problem")
}

/// The bundled text with one piece replaced.
fn changed(from: &str, to: &str) -> String {
    let text = text("rrmm-2024");
    assert!(text.contains(from), "`{from}` is not in the file");
    text.replacen(from, to, 1)
}

#[test]
fn baselines_agree_with_an_independent_draw_from_the_same_tables() {
    let mut compared = 0;
    for name in FILES {
        let population = population(name);
        let drawn = patients(&population, 10_000);
        for (line, row) in rows(GOLDEN).iter().filter(|(_, row)| row["population"] == name) {
            let (of, statistic) = (row["of"].as_str(), row["statistic"].as_str());
            let reading = if statistic == "share" { Reading::Criterion } else { Reading::Formula };
            let of = Expression::parse(of, population.names(), &[], reading).unwrap();
            let values: Vec<f64> = drawn.iter().map(|p| of.value(&p.covariates)).collect();
            let want: f64 = row["value"].parse().unwrap();
            let tolerance: f64 = row["tolerance"].parse().unwrap();
            let (got, allowed) = match statistic.strip_prefix('q') {
                Some(per_cent) => {
                    let p: f64 = per_cent.parse().unwrap();
                    (stats::summary::quantile(&values, p / 100.0).unwrap(), tolerance * want)
                }
                None if statistic == "mean" => {
                    (stats::summary::mean(&values).unwrap(), tolerance * want)
                }
                None => (stats::summary::mean(&values).unwrap(), tolerance),
            };
            assert!((got - want).abs() <= allowed, "line {line}: {row:?}: drawn {got}");
            compared += 1;
        }
    }
    assert!(compared > 90);
}

#[test]
fn marrow_and_soluble_bcma_have_the_measured_correlation_on_the_logarithmic_scale() {
    // Curr Res Transl Med 2023;71:103378: r = 0.613. Standard error at n = 10,000: 0.006.
    let population = population("rrmm-trials");
    let drawn = patients(&population, 10_000);
    let column = |name: &str| -> Vec<f64> {
        let i = population.index(name).unwrap();
        drawn.iter().map(|p| p.covariates[i].ln()).collect()
    };
    let (marrow, bcma) = (column("marrow_plasma_cells"), column("soluble_bcma"));
    let centred = |values: &[f64]| -> Vec<f64> {
        let mean = stats::summary::mean(values).unwrap();
        values.iter().map(|value| value - mean).collect()
    };
    let (x, y) = (centred(&marrow), centred(&bcma));
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let r = dot(&x, &y) / (dot(&x, &x) * dot(&y, &y)).sqrt();
    assert!((r - 0.61).abs() < 0.03, "{r}");
}

#[test]
fn the_rule_for_pairs_not_listed_keeps_the_matrix_positive_definite() {
    // Published with the table of correlations: 22 x 22, smallest eigenvalue 0.11 with the rule.
    let population = population("rrmm-2024");
    let members = &population.correlated;
    assert_eq!(members.len(), 22);
    let mut shifted: Vec<Vec<f64>> = members
        .iter()
        .map(|&a| members.iter().map(|&b| population.correlation(a, b)).collect())
        .collect();
    let mut shift = |by: f64| {
        for (i, row) in shifted.iter_mut().enumerate() {
            row[i] -= by;
        }
        Copula::new(&shifted).is_ok()
    };
    assert!(shift(0.105), "the smallest eigenvalue is above 0.105");
    assert!(!shift(0.01), "and below 0.115");
}

#[test]
fn correlations_that_contradict_each_other_are_refused_by_name() {
    let file = changed(
        "between = [\"marrow_plasma_cells\", \"soluble_bcma\"]\nrho = 0.61",
        "between = [\"marrow_plasma_cells\", \"soluble_bcma\"]\nrho = -0.6",
    );
    let found = problems(&file);
    assert_eq!((found.len(), found[0].code), (1, "C107"));
    assert!(found[0].message.contains("not positive definite"), "{}", found[0].message);
}

#[test]
fn a_draw_does_not_depend_on_what_else_is_drawn() {
    let population = population("rrmm-2024");
    let forwards: Vec<Patient> = (0..50).map(|k| population.draw(1, 3, k)).collect();
    let mut backwards: Vec<Patient> = (0..50).rev().map(|k| population.draw(1, 3, k)).collect();
    backwards.reverse();
    assert_eq!(forwards, backwards);
    assert_ne!(population.draw(1, 4, 0), forwards[0]);
    assert_ne!(population.draw(2, 3, 0), forwards[0]);
}

#[test]
fn a_new_covariate_at_the_top_of_the_file_moves_no_other_draw() {
    let entry = "[[covariate]]\nname = \"smoker\"\ntitle = \"smoker\"\nunit = \"1\"\n\
                 distribution = \"bernoulli(p=0.2)\"\npopulation = \"all\"\nsource = \"none\"\n\
                 verification = \"assumed\"\ngrade = \"D\"\n\n[[covariate]]\nname = \"age\"";
    let longer = read(&changed("[[covariate]]\nname = \"age\"", entry), "longer.toml").unwrap();
    let plain = population("rrmm-2024");
    for k in 0..20 {
        let (a, b) = (plain.draw(5, 0, k), longer.draw(5, 0, k));
        for covariate in &plain.covariates {
            let name = covariate.name.as_str();
            let (a, b) = (plain.value(&a, name), longer.value(&b, name));
            assert_eq!(a.to_bits(), b.to_bits(), "{name}");
        }
    }
}

#[test]
fn covariates_follow_their_conditions_and_formulas() {
    let population = population("rrmm-2024");
    for patient in patients(&population, 2_000) {
        let value = |name: &str| population.value(&patient, name);
        assert!(patient.covariates.iter().all(|value| value.is_finite()));
        let isotype = population.category(&patient, "isotype");
        let has_serum_protein = value("serum_m_protein") > 0.0;
        assert_eq!(has_serum_protein, !matches!(isotype, "LC" | "nonsecretory"));
        if population.category(&patient, "refractory_status") != "other" {
            assert!(value("triple_class_exposed") > 0.5);
        }
        let weight = value("bmi") * (value("height") / 100.0).powi(2);
        assert!((value("body_weight") / weight - 1.0).abs() < 1e-12);
        let ratio = value("flc_ratio");
        let ratio = if value("kappa") > 0.5 { ratio } else { 1.0 / ratio };
        assert!((ratio / value("involved_flc_ratio") - 1.0).abs() < 1e-12);
        assert!((2.0..=13.0).contains(&value("prior_lines")));
    }
}

const CRITERIA: [&str; 7] = [
    "age in 18..70 year",
    "ecog <= 1",
    "prior_lines >= 3",
    "haemoglobin >= 80 g/L",
    "neutrophils >= 1.0e9/L and platelets >= 5e10 /L",
    "creatinine_clearance >= 1.8 L/h",
    "serum_m_protein >= 10 g/L or urine_m_protein >= 200 mg/day \
     or (involved_flc >= 100 mg/L and flc_ratio outside 0.26..1.65)",
];

fn criteria(texts: &[&str], population: &Population) -> Result<Eligibility, Vec<Problem>> {
    let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    parse(&texts, population, "trial.toml", "population.include")
}

#[test]
fn every_eligible_patient_meets_every_criterion() {
    let population = population("rrmm-2024");
    let eligibility = criteria(&CRITERIA, &population).unwrap();
    let mut failed = [0; CRITERIA.len()];
    let mut eligible = 0;
    for patient in patients(&population, 3_000) {
        let value = |name: &str| population.value(&patient, name);
        let ratio = value("involved_flc_ratio");
        let abnormal = if value("kappa") > 0.5 { ratio > 1.65 } else { 1.0 / ratio < 0.26 };
        let meets = [
            value("age") <= 70.0,
            value("ecog") <= 1.0,
            value("prior_lines") >= 3.0,
            value("haemoglobin") >= 80.0,
            value("neutrophils") >= 1.0 && value("platelets") >= 50.0,
            value("creatinine_clearance") >= 30.0,
            value("serum_m_protein") >= 10.0
                || value("urine_m_protein") >= 200.0
                || (value("involved_flc") >= 100.0 && abnormal),
        ];
        let first = meets.iter().position(|meets| !meets);
        assert_eq!(eligibility.first_failure(&population, &patient), first, "{patient:?}");
        match first {
            Some(criterion) => failed[criterion] += 1,
            None => eligible += 1,
        }
    }
    assert!(eligible > 1_000 && failed[0] > 0 && failed[6] > 0, "{eligible} {failed:?}");
}

#[test]
fn most_of_the_chinese_population_passes_the_usual_limits() {
    // Computed with the table: 72 % pass age, ECOG 0-1, haemoglobin >= 80 g/L, measurable disease.
    let population = population("rrmm-2024");
    let limits =
        ["age <= 70 year", "ecog <= 1", "haemoglobin >= 80 g/L", "measurable_type != none"];
    let eligibility = criteria(&limits, &population).unwrap();
    let passed = patients(&population, 5_000)
        .iter()
        .filter(|patient| eligibility.first_failure(&population, patient).is_none())
        .count();
    let share = passed as f64 / 5_000.0;
    assert!((share - 0.72).abs() < 0.025, "{share}");
}

#[test]
fn criteria_are_refused_with_a_reason_and_what_to_do() {
    let population = population("rrmm-2024");
    for (text, code, says) in [
        ("age >= 18 g/L", "C301", "`age` is in year"),
        ("age >= 18", "C301", "`age` is in year"),
        ("ecog <= 2 day", "C301", "`ecog` is a plain number"),
        ("haemoglobine >= 80 g/L", "C302", "did you mean `haemoglobin`?"),
        ("isotype == Ig", "C302", "did you mean `IgG`?"),
        ("age >= ", "C303", "found the end"),
        ("age >= 18 yeer", "C304", "yeer"),
        ("age >= 18 year year", "C303", "`year`"),
        ("serum_m_protein + age > 3 year", "C301", ""),
    ] {
        let found = criteria(&["ecog <= 2", text], &population).expect_err(text);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].code, found[0].path.as_str()),
            (code, "population.include.1"),
            "{text}"
        );
        let all = format!("{} {}", found[0].message, found[0].help);
        assert!(all.contains(says), "{text}: {all}");
    }
}

#[test]
fn a_population_file_with_faults_names_each_of_them() {
    let many = changed("distribution = \"bernoulli(p=0.56)\"", "distribution = \"bernoulli(q=1)\"")
        .replacen("condition = \"isotype=IgA\"", "condition = \"isotype=IgZ\"", 1)
        .replacen("formula = \"involved_flc / uninvolved_flc\"", "formula = \"flc / 2\"", 1);
    let codes: Vec<&str> = problems(&many).iter().map(|problem| problem.code).collect();
    assert_eq!(codes, ["C103", "C104", "C105"]);
    assert_eq!(problems(&changed("grade = \"A\"", "grde = \"A\""))[0].code, "C101");
    let lacking = problems(&changed("name = \"ecog\"", "name = \"egoc\""));
    assert!(lacking.iter().any(|p| p.code == "C108" && p.help.contains("egoc")), "{lacking:?}");
}

#[test]
fn every_number_of_a_population_has_a_source() {
    for name in FILES {
        let population = population(name);
        let named = |evidence: &Evidence| {
            assert!(!evidence.source.is_empty() && !evidence.grade.is_empty(), "{evidence:?}");
        };
        for covariate in &population.covariates {
            match &covariate.rule {
                Rule::Formula(_, _, evidence) => named(evidence),
                Rule::Drawn(laws) => laws.iter().for_each(|law| named(&law.evidence)),
            }
        }
        population.correlations.iter().for_each(|found| named(&found.evidence));
        population.couplings.iter().for_each(|found| named(&found.evidence));
        population.published.iter().for_each(|found| named(&found.evidence));
    }
}

#[test]
fn published_cohorts_stand_beside_what_is_drawn() {
    let population = population("rrmm-trials");
    let eligibility = criteria(&["ecog <= 1"], &population).unwrap();
    let comparison = baseline::compare(&population, &eligibility, 2_000, 1);
    assert_eq!(comparison.rows.len(), population.published.len());
    assert_eq!(comparison.eligible + comparison.failed_first[0], 2_000);
    let row = comparison
        .rows
        .iter()
        .find(|row| row.covariate == "age" && row.cohort == "CARTITUDE-1")
        .unwrap();
    assert_eq!((row.statistic, row.subjects), (baseline::Statistic::Median, Some(97)));
    assert!((row.published - 61.0).abs() < 1e-9 && row.was_seen);
    assert!((row.drawn_eligible.unwrap() - 61.0).abs() < 1.0);
    let recalled =
        comparison.rows.iter().find(|row| row.cohort == "KarMMa" && row.covariate == "age");
    assert!(!recalled.unwrap().was_seen);
}
