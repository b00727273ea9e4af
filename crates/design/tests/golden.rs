//! The designs against the R package BOIN and exact enumerations; see `golden/design`.

use std::collections::BTreeMap;

use cytotrial_design::design::boin::{Boin, Settings};
use cytotrial_design::design::three_plus_three::{ThreePlusThree, Variant};
use cytotrial_design::{Action, Design, DoseCounts};

/// A golden file: rows by column name.
struct Row(BTreeMap<String, String>);

impl Row {
    fn text(&self, column: &str) -> &str {
        self.0.get(column).unwrap_or_else(|| panic!("column {column}"))
    }

    fn number(&self, column: &str) -> f64 {
        number(self.text(column))
    }

    fn count(&self, column: &str) -> u32 {
        self.number(column) as u32
    }

    fn list(&self, column: &str) -> Vec<f64> {
        self.text(column).split(' ').map(number).collect()
    }
}

fn number(cell: &str) -> f64 {
    cell.parse().unwrap_or_else(|_| panic!("`{cell}` is a number"))
}

fn rows(name: &str) -> Vec<Row> {
    let path = format!("{}/../../golden/design/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("the golden file is in the repository");
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let row = |line: &str| {
        let cells = line.split(',').map(str::to_owned);
        Row(header.iter().map(|name| (*name).to_owned()).zip(cells).collect())
    };
    let rows: Vec<Row> = lines.map(row).collect();
    assert!(rows.len() > 10, "{name} has rows");
    rows
}

fn doses(row: &Row) -> Vec<DoseCounts> {
    let (patients, dlts) = (row.list("n"), row.list("tox"));
    patients.iter().zip(dlts).map(|(&n, y)| DoseCounts::of(n as u32, y as u32)).collect()
}

fn boin(row: &Row) -> Settings {
    let mut settings = Settings::new(row.number("target"));
    settings.elimination = row.number("cutoff_eli");
    settings
}

#[test]
fn boundaries_are_those_of_the_package() {
    for row in rows("boin_boundaries.csv") {
        let mut settings = boin(&row);
        settings.underdosing = Some(row.number("p_saf"));
        settings.overdosing = Some(row.number("p_tox"));
        let design = Boin::new(settings).unwrap();
        assert!((design.lambda_e() - row.number("lambda_e")).abs() < 1e-12);
        assert!((design.lambda_d() - row.number("lambda_d")).abs() < 1e-12);
        let got = design.boundaries(row.count("n"));
        let eliminate = got.eliminate_at_least.map_or(String::new(), |dlts| dlts.to_string());
        assert_eq!(
            (got.escalate_at_most, got.de_escalate_at_least, eliminate.as_str()),
            (
                row.count("escalate_if_le"),
                row.count("deescalate_if_ge"),
                row.text("eliminate_if_ge")
            ),
            "{:?}",
            row.0
        );
    }
}

#[test]
fn the_recommended_dose_is_that_of_the_package() {
    for row in rows("boin_select_mtd.csv") {
        let mut settings = boin(&row);
        settings.extra_safe = row.text("extrasafe") == "1";
        settings.offset = row.number("offset");
        settings.bound_mtd = row.text("bound_mtd") == "1";
        let design = Boin::new(settings).unwrap();
        let doses = doses(&row);
        let got = design.recommend(&doses).map_or(0, |level| level + 1);
        assert_eq!(got, row.count("mtd") as usize, "{:?}", row.0);
        let eliminated: Vec<&str> =
            design.eliminated(&doses).iter().map(|&out| if out { "1" } else { "0" }).collect();
        assert_eq!(eliminated.join(" "), row.text("eliminated"), "{:?}", row.0);
        let wanted = row.text("iso_phat_admissible").split(' ');
        for (got, wanted) in design.estimates(&doses).into_iter().zip(wanted) {
            match got {
                None => assert_eq!(wanted, "NA", "{:?}", row.0),
                Some(rate) => assert!((rate - number(wanted)).abs() < 1e-8, "{:?}", row.0),
            }
        }
    }
}

/// Operating characteristics by enumeration of every path.
struct Characteristics {
    selected: Vec<f64>,
    none: f64,
    patients: Vec<f64>,
    dlts: Vec<f64>,
}

/// Every path of a trial with cohorts of a fixed size, each weighed by its probability.
fn enumerate(design: &dyn Design, truth: &[f64], cohorts: u32, size: u32) -> Characteristics {
    let count = truth.len();
    let mut result = Characteristics {
        selected: vec![0.0; count],
        none: 0.0,
        patients: vec![0.0; count],
        dlts: vec![0.0; count],
    };
    let mut end = |doses: &[DoseCounts], probability: f64, is_stopped: bool| {
        match design.recommend(doses).filter(|_| !is_stopped) {
            Some(level) => result.selected[level] += probability,
            None => result.none += probability,
        }
        for (level, dose) in doses.iter().enumerate() {
            result.patients[level] += probability * f64::from(dose.evaluable);
            result.dlts[level] += probability * f64::from(dose.dlts);
        }
    };
    let mut states = BTreeMap::from([((0, vec![DoseCounts::default(); count]), 1.0)]);
    for cohort in 1..=cohorts {
        let mut next: BTreeMap<(usize, Vec<DoseCounts>), f64> = BTreeMap::new();
        for ((level, doses), probability) in states {
            for (dlts, share) in outcomes(size, truth[level]).into_iter().enumerate() {
                let mut doses = doses.clone();
                doses[level].evaluable += size;
                doses[level].dlts += dlts as u32;
                let probability = probability * share;
                if cohort == cohorts {
                    end(&doses, probability, false);
                    continue;
                }
                let decision = design.decide(level, &doses);
                match (decision.action, decision.next_level) {
                    (Action::StopForSafety, _) => end(&doses, probability, true),
                    (Action::Finish, _) => end(&doses, probability, false),
                    (_, level) => {
                        let level = level.expect("complete data never suspend a trial");
                        *next.entry((level, doses)).or_default() += probability;
                    }
                }
            }
        }
        states = next;
    }
    assert!(states.is_empty() || cohorts == 0);
    result
}

/// The binomial probabilities of 0 to `size` DLTs.
fn outcomes(size: u32, rate: f64) -> Vec<f64> {
    let mut ways = 1.0;
    let mut outcomes = Vec::new();
    for dlts in 0..=size {
        let rest = (size - dlts).cast_signed();
        outcomes.push(ways * rate.powi(dlts.cast_signed()) * (1.0 - rate).powi(rest));
        ways *= f64::from(size - dlts) / f64::from(dlts + 1);
    }
    outcomes
}

fn assert_characteristics(row: &Row, got: &Characteristics) {
    let close = |got: &[f64], column: &str| {
        for (got, want) in got.iter().zip(row.list(column)) {
            assert!((got - want).abs() < 1e-9, "{column}: {got} for {want}: {}", row.text("case"));
        }
    };
    close(&got.selected, "sel_prob");
    close(&[got.none], "none_prob");
    close(&got.patients, "mean_n");
    close(&got.dlts, "mean_tox");
}

fn check_boin(row: &Row) {
    let mut settings = boin(row);
    settings.early_stop = Some(row.count("n_earlystop"));
    settings.extra_safe = row.text("extrasafe") == "1";
    settings.offset = row.number("offset");
    settings.bound_mtd = row.text("bound_mtd") == "1";
    let design = Boin::new(settings).expect("the settings of the file are sound");
    let (cohorts, size) = (row.count("ncohort"), row.count("cohortsize"));
    assert_characteristics(row, &enumerate(&design, &row.list("p_true"), cohorts, size));
}

#[test]
fn boin_has_its_exact_characteristics() {
    rows("boin_oc_exact.csv").iter().for_each(check_boin);
}

#[test]
#[ignore = "takes over two seconds"]
fn boin_has_its_exact_characteristics_on_six_doses() {
    rows("boin_oc_exact_6dose.csv").iter().for_each(check_boin);
}

#[test]
fn three_plus_three_has_its_exact_characteristics() {
    for row in rows("three_plus_three_exact.csv") {
        let variant = match row.text("variant") {
            "stop_at_toxic" => Variant::StopAtToxic,
            "confirm_below_to_6" => Variant::ConfirmBelowTo6,
            other => panic!("no variant {other}"),
        };
        let design = ThreePlusThree { variant, six_at_top: false };
        let truth = row.list("p_true");
        // Never more than six patients at a dose, so this many cohorts end every trial.
        let cohorts = 2 * truth.len() as u32 + 1;
        assert_characteristics(&row, &enumerate(&design, &truth, cohorts, 3));
    }
}
