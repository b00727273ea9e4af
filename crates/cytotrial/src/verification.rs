//! What the tests compare the program with: tables of reference values and of clinical cases.

type Row = (&'static str, usize, &'static str, &'static str);

const ROWS: &[Row] = include!(concat!(env!("OUT_DIR"), "/verification.rs"));

/// One table that a test of this version compares the program with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference {
    /// Its file in the repository.
    pub file: &'static str,
    /// Rows that are compared or that comparisons start from.
    pub rows: usize,
    /// Where its values come from, or the guideline that its cases are written from.
    pub source: &'static str,
    /// How near the program must come; empty where it must agree exactly.
    pub tolerance: &'static str,
}

/// Every such table, by file.
pub fn references() -> impl Iterator<Item = Reference> {
    ROWS.iter().map(|&(file, rows, source, tolerance)| Reference { file, rows, source, tolerance })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_of_reference_values_says_where_it_is_from_and_how_near() {
        let all: Vec<Reference> = references().collect();
        assert!(all.iter().any(|it| it.file == "golden/stats/km_curve.csv" && it.rows > 100));
        assert!(all.iter().any(|it| it.file == "spec/imwg.md" && it.rows > 20));
        for reference in all {
            assert!(reference.rows > 0, "{}", reference.file);
            assert!(!reference.source.is_empty(), "{}", reference.file);
        }
    }
}
