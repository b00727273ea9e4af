//! The same table in every format has the same cells: CDISC's published examples, and our own.

use std::fs;
use std::path::Path;

use cytotrial_records::dataset_json::{self, Layout, Wrapper};
use cytotrial_records::format::{read, write};
use cytotrial_records::{Analyte, Cell, Column, Format, Study, Table, adam, xpt};

fn golden(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/records").join(name);
    fs::read(path).expect("a golden file")
}

/// Cells that differ; whole numbers are numbers, and trailing blanks of text are nothing.
fn differences(a: &Table, b: &Table) -> Vec<String> {
    let plain = |cell: Cell<'_>| match cell {
        Cell::Missing => String::new(),
        Cell::Text(text) => text.trim_end().to_owned(),
        Cell::Number(number) => format!("{number:?}"),
        Cell::Integer(number) => format!("{:?}", number as f64),
    };
    let mut found = Vec::new();
    let names = |table: &Table| -> Vec<String> {
        table.columns.iter().map(|field| field.name.clone()).collect()
    };
    if names(a) != names(b) || a.rows() != b.rows() {
        found.push(format!("{} rows, {} rows", a.rows(), b.rows()));
    }
    for (mine, theirs) in a.columns.iter().zip(&b.columns) {
        for row in 0..a.rows() {
            let (left, right) = (plain(mine.column.cell(row)), plain(theirs.column.cell(row)));
            if left != right {
                found.push(format!("{} row {}: {left:?} {right:?}", mine.name, row + 1));
            }
        }
    }
    found
}

#[test]
fn the_published_examples_have_the_same_cells_in_four_formats() {
    for (name, rows, columns) in [("ta", 8, 10), ("adtte", 254, 26)] {
        let tables: Vec<Table> = ["json", "ndjson", "dsjc", "xpt"]
            .map(|ending| {
                let file = format!("{name}.{ending}");
                read(&file, &golden(&file)).expect("a table").table
            })
            .into();
        assert_eq!((tables[0].rows(), tables[0].columns.len()), (rows, columns), "{name}");
        for other in &tables[1..] {
            assert_eq!(differences(&tables[0], other), Vec::<String>::new(), "{name}");
        }
    }
}

#[test]
fn a_published_example_says_what_is_printed_in_it() {
    let table = read("adtte.xpt", &golden("adtte.xpt")).expect("a table").table;
    let cell = |column: &str, row: usize| table.column(column).map(|column| column.cell(row));
    assert_eq!(cell("USUBJID", 0), Some(Cell::Text("01-701-1015")));
    assert_eq!(cell("AGE", 0), Some(Cell::Number(63.0)));
    assert_eq!(cell("TRTSDT", 0), Some(Cell::Text("2014-01-02")));
    assert_eq!(cell("SRCSEQ", 3), Some(Cell::Missing));
    assert_eq!(table.columns[0].label, "Study Identifier");
}

#[test]
fn both_wrappers_of_compressed_lines_are_read() {
    let lines = golden("adtte.ndjson");
    let want = dataset_json::read("a", &lines, Layout::Lines).expect("a table");
    for wrapper in [Wrapper::Zlib, Wrapper::Gzip] {
        let packed = dataset_json::pack(&lines, wrapper);
        assert_eq!(dataset_json::unpack("a", &packed).expect("lines"), lines);
        assert_eq!(read("adtte.dsjc", &packed).expect("a table").table.columns, want.columns);
    }
}

/// A study's tables and one of odd cells.
fn tables() -> Vec<Table> {
    let mut study = Study { name: "NCT00000000".into(), ..Study::default() };
    for id in ["S-1", "S-2"] {
        let row = study.push_subject(id, "A, \"one\"");
        study.findings.push(row, Analyte::SerumMProtein, -0.125, 31.5, false);
        study.findings.push(row, Analyte::TransgeneCopies, 7.0, 1e-7 / 3.0, true);
    }
    let mut tables = adam::tables(&study);
    let words = ["x", "", "é µ", "=cmd", "two\nlines", "-"].map(String::from).to_vec();
    let numbers = vec![Some(0.1 + 0.2), None, Some(-1e-70), Some(1e75), Some(0.0), Some(7.0)];
    let whole = vec![Some(1), Some(2), None, Some(1 << 53), Some(0), Some(7)];
    tables.push(
        Table::new("odd")
            .labelled("odd cells")
            .text("W", "words", words)
            .number("N", "numbers", numbers)
            .integer("I", "whole numbers", whole),
    );
    tables
}

#[test]
fn what_is_written_in_any_format_reads_back_the_same() {
    for table in tables() {
        for format in Format::ALL {
            let bytes = write(&table, format, "2024-05-17T00:00:00").expect("a file");
            let file = format!("{}.{}", table.name, format.ending());
            let mut back = read(&file, &bytes).expect("the file").table;
            if format == Format::Csv {
                // a text format does not tell numbers from text
                for field in &mut back.columns {
                    let kind = table.column(&field.name).expect("the same column");
                    if !matches!(kind, Column::Text(_) | Column::Coded { .. }) {
                        let number = |cell: Cell<'_>| match cell {
                            Cell::Text(text) => Some(text.parse::<f64>().expect("a number")),
                            _ => None,
                        };
                        field.column = Column::Number(field.column.cells().map(number).collect());
                    }
                }
            }
            assert_eq!(differences(&table, &back), Vec::<String>::new(), "{file}");
            let again = write(&table, format, "2024-05-17T00:00:00").expect("a file");
            assert_eq!(bytes, again, "{file}: the same bytes each time");
        }
    }
}

#[test]
fn what_a_transport_file_cannot_hold_is_refused() {
    let long = Table::new("t").text("NAMETOOLONG", "x", vec![String::new()]);
    assert!(xpt::write(&long).is_err());
    let wide = Table::new("t").text("A", "x", vec!["y".repeat(201)]);
    assert!(xpt::write(&wide).unwrap_err().to_string().contains("201 bytes, at most 200"));
    let large = Table::new("t").number("A", "x", vec![Some(1e80)]);
    assert!(xpt::write(&large).is_err());
}

#[test]
fn a_bomb_is_not_unpacked() {
    let bomb = dataset_json::pack(&vec![b' '; 64 << 20], Wrapper::Zlib);
    let problem = dataset_json::unpack("bomb.dsjc", &bomb).unwrap_err();
    assert_eq!(problem.code, "E116");
}
