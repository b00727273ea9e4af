//! A study written to tables and read back is the same study, in every format.

use cytotrial_records::{
    Analyte, Column, DeathCause, Disposition, EventTerm, Isotype, LightChain, Problem, Remark, Sex,
    Study, Table, Treatment, adam, csv, parquet,
};

use cytotrial_records::import::{self, Mapping, Sheet};

/// The study in tables of any format, and what is told of it.
fn study_of(tables: Vec<Table>) -> Result<Study, Vec<Problem>> {
    let sheets: Vec<Sheet> =
        tables.into_iter().map(|table| Sheet::of_table(&table.name.clone(), table)).collect();
    import::study_of(&sheets, &Mapping::default()).map(|imported| imported.study)
}

fn sheet(file: &str, text: &str) -> Sheet {
    let csv::Lined { mut table, lines, header } =
        csv::read(file, text.as_bytes()).expect("a table");
    table.name = file.trim_end_matches(".csv").into();
    Sheet { file: file.into(), table, lines, header }
}

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
        let scale = if analyte.unit() == "1" { 1e-3 } else { 1.0 };
        let value = if codes > 0 { (row % codes) as f64 } else { scale * (0.1 + row as f64 / 7.0) };
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
    let said = [
        Remark { lower: Some(1.5), upper: Some(7.0), ..Remark::default() },
        Remark { upper: Some(90.0), spurious: true, ..Remark::default() },
        Remark { begins_assessment: true, ..Remark::default() },
    ];
    // the first value is coded: nobody has limits of normal for words
    for (row, remark) in (1..).zip(said) {
        let all = &study.findings;
        study.remarks.push(all.subject[row], all.analyte[row], all.day[row], remark);
    }
    study.remarks.sort();
    study
}

#[test]
fn a_study_comes_back_from_its_tables() {
    assert_eq!(study_of(adam::tables(&study())), Ok(study()));
}

#[test]
fn a_study_comes_back_from_csv() {
    let tables: Vec<Table> = adam::tables(&study())
        .iter()
        .map(|table| csv::read(&table.name, &csv::write(table).unwrap()).unwrap().table)
        .collect();
    assert_eq!(study_of(tables), Ok(study()));
}

#[test]
fn a_study_comes_back_from_parquet() {
    let written = adam::tables(&study());
    let read: Vec<Table> = written
        .iter()
        .map(|table| parquet::read(&table.name, &parquet::write(table).unwrap()).unwrap())
        .collect();
    assert_eq!(read, written);
    assert_eq!(study_of(read), Ok(study()));
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
    let sheets = [
        sheet("adsl.csv", "USUBJID,ARM,DISPCD,SEX,LTCHAIN,LSTALVEL\nS-1,A,INFUSED,F,kappa,60\n"),
        sheet(
            "adlb.csv",
            "USUBJID,PARAMCD,AVAL,AVALC,AVALU,ADY\nS-1,SPEP,31.5,,g/L,-1\nS-1,SIFE,,POSITIVE,,1\n",
        ),
    ];
    let study = import::study_of(&sheets, &Mapping::default()).unwrap().study;
    assert_eq!(study.findings.day, [-1.0, 0.0]);
    assert_eq!(study.findings.value, [31.5, 1.0]);
}

#[test]
fn every_unreadable_cell_is_reported_with_its_line_and_column() {
    let sheets = [
        sheet("adsl.csv", "USUBJID,ARM,DISPCD,SEX,LTCHAIN,LSTALVEL\nS-1,A,INFUSED,X,kappa,sixty\n"),
        sheet(
            "adlb.csv",
            "USUBJID,PARAMCD,AVAL,AVALU,ADY\nS-1,SPEP,3.1,stone,1\nS-2,SPEP,3,g/L,1\nS-1,SPEP,3,g/L,0\n\
             S-1,SPEP,3.5e400,g/L,2\nS-1,PLAT,-4,10^9/L,2\n",
        ),
    ];
    let found: Vec<String> = import::study_of(&sheets, &Mapping::default())
        .unwrap_err()
        .iter()
        .map(ToString::to_string)
        .collect();
    let want = [
        "adsl.csv, line 2, SEX, subject S-1: `X` is none of F, M",
        "adsl.csv, line 2, LSTALVEL, subject S-1: `sixty` is not a number",
        "adlb.csv, line 2, AVALU, subject S-1: the unit of serum M-protein is `stone`, which is not known",
        "adlb.csv, line 3, USUBJID, subject S-2: subject `S-2` is not among the 1 subjects",
        "adlb.csv, line 4, ADY, subject S-1: there is no study day 0",
        "adlb.csv, line 5, AVAL, subject S-1: serum M-protein: `3.5e400` is not a number",
        "adlb.csv, line 6, AVAL, subject S-1: platelets is -4 10^9/L, below 0",
    ];
    assert_eq!(found, want);
}
