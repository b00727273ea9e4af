//! A study written to tables and read back is the same study, in every format.

use cytotrial_records::{
    Analyte, Column, DeathCause, Disposition, EventTerm, Isotype, LightChain, Sex, Study, Table,
    Treatment, adam, csv, parquet,
};

/// A study with a row of everything: every analyte, treatment, event and term, odd numbers
/// included. The numbers mean nothing.
fn study() -> Study {
    let mut study = Study { name: "NCT00000000".into(), ..Study::default() };
    for row in 0..9_usize {
        let at =
            study.push_subject(&format!("S-{row:02}"), if row % 2 == 0 { "A, one" } else { "B" });
        let about = &mut study.subjects;
        let at = at as usize;
        let day = row as f64 / 3.0;
        about.dose_level[at] = (row > 0).then_some(row as u8);
        about.disposition[at] = Disposition::ALL[row % Disposition::ALL.len()];
        about.screened_calendar[at] = 7.0 * day;
        about.infused_calendar[at] = (row > 1).then_some(30.0 + day);
        about.enrolled_day[at] = -30.0 + 0.1 * day;
        about.age[at] = 61.0 + day;
        about.sex[at] = Sex::ALL[row % 2];
        about.weight[at] = 70.0 + 0.1 * day;
        about.ecog[at] = (row % 3) as u8;
        about.prior_lines[at] = row as u8;
        about.isotype[at] = Isotype::ALL[row % Isotype::ALL.len()];
        about.light_chain[at] = LightChain::ALL[row % 2];
        about.new_therapy_day[at] = (row == 3).then_some(100.0 * day);
        about.death_day[at] = (row > 5).then_some(200.0 + day);
        about.death_cause[at] = (row > 6).then_some(DeathCause::ALL[row % DeathCause::ALL.len()]);
        about.last_known_alive_day[at] = 200.0 + day;
        about.dose_fraction[at] = 1.0 / (1.0 + day);
    }
    for (row, &analyte) in Analyte::ALL.iter().rev().enumerate() {
        let subject = (row % 9) as u32;
        let codes = analyte.codes().len();
        let value = if codes > 0 { (row % codes) as f64 } else { 0.1 + row as f64 / 7.0 };
        study.findings.push(subject, analyte, row as f64 / 11.0 - 2.0, value, false);
        if codes == 0 {
            study.findings.push(subject, analyte, 3.0e-7 + row as f64, 0.05, true);
        }
    }
    for (row, &treatment) in Treatment::ALL.iter().enumerate() {
        study.exposures.push((row % 9) as u32, treatment, row as f64 - 5.0, 1.26e9 / 3.0, 4.2e8);
    }
    for (row, &term) in EventTerm::ALL.iter().enumerate() {
        let end = (row % 2 == 0).then_some(row as f64 + 2.5);
        study.events.push(
            (row % 9) as u32,
            term,
            row as f64 / 3.0,
            end,
            1 + (row % 5) as u8,
            row % 2 == 1,
        );
    }
    study
}

#[test]
fn a_study_comes_back_from_its_tables() {
    assert_eq!(adam::study_of(&adam::tables(&study())), Ok(study()));
}

#[test]
fn a_study_comes_back_from_csv() {
    let tables: Vec<Table> = adam::tables(&study())
        .iter()
        .map(|table| csv::read(&table.name, &csv::write(table).unwrap()).unwrap())
        .collect();
    assert_eq!(adam::study_of(&tables), Ok(study()));
}

#[test]
fn a_study_comes_back_from_parquet() {
    let written = adam::tables(&study());
    let read: Vec<Table> = written
        .iter()
        .map(|table| parquet::read(&table.name, &parquet::write(table).unwrap()).unwrap())
        .collect();
    assert_eq!(read, written);
    assert_eq!(adam::study_of(&read), Ok(study()));
}

#[test]
fn names_are_short_enough_and_study_days_skip_zero() {
    for table in adam::tables(&study()) {
        for field in &table.columns {
            assert!(field.name.len() <= 8 && !field.label.is_empty(), "{}", field.name);
            assert!(field.label.len() <= 40, "{}", field.label);
        }
        if let Some(Column::Integer(days)) = table.column("ADY") {
            assert!(days.iter().all(|day| day.is_some_and(|day| day != 0)), "{}", table.name);
        }
    }
}

#[test]
fn study_days_stand_in_where_elapsed_days_are_missing() {
    let adsl = b"USUBJID,ARM,DISPCD,SEX,LTCHAIN,LSTALVEL\nS-1,A,INFUSED,F,kappa,60\n";
    let adlb =
        b"USUBJID,PARAMCD,AVAL,AVALC,AVALU,ADY\nS-1,SPEP,31.5,,g/L,-1\nS-1,SIFE,,POSITIVE,,1\n";
    let tables = [csv::read("adsl", adsl).unwrap(), csv::read("adlb", adlb).unwrap()];
    let study = adam::study_of(&tables).unwrap();
    assert_eq!(study.findings.day, [-1.0, 0.0]);
    assert_eq!(study.findings.value, [31.5, 1.0]);
}

#[test]
fn every_unreadable_cell_is_reported_with_its_row_and_column() {
    let adsl = b"USUBJID,ARM,DISPCD,SEX,LTCHAIN,LSTALVEL\nS-1,A,INFUSED,X,kappa,sixty\n";
    let adlb =
        b"USUBJID,PARAMCD,AVAL,AVALU,ADY\nS-1,SPEP,3.1,g/dL,1\nS-2,SPEP,3,g/L,0\nS-1,XYZ,1,,1\n";
    let tables = [csv::read("adsl", adsl).unwrap(), csv::read("adlb", adlb).unwrap()];
    let found: Vec<String> =
        adam::study_of(&tables).unwrap_err().iter().map(ToString::to_string).collect();
    let want = [
        "adsl, row 1, SEX: `X` is none of F, M",
        "adsl, row 1, LSTALVEL: `sixty` is not a number",
        "adlb, row 1, AVALU: the unit is `g/dL`, expected `g/L`",
        "adlb, row 2, USUBJID: subject `S-2` is not in adsl",
        "adlb, row 2, ADY: there is no study day 0",
        "adlb, row 3, PARAMCD: `XYZ` is no known parameter",
    ];
    assert_eq!(found, want);
}
