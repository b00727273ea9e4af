//! Golden tables say where their numbers come from and how close is close enough.

use super::files::texts_ending;

#[test]
fn every_golden_table_has_a_source_and_a_tolerance() {
    let mut faults = Vec::new();
    let mut count = 0;
    for (name, text) in texts_ending(".csv") {
        if !name.starts_with("golden/") {
            continue;
        }
        count += 1;
        let header: Vec<&str> = text.lines().take_while(|line| line.starts_with('#')).collect();
        for key in ["# source: ", "# tolerance: "] {
            let line = header.iter().find_map(|line| line.strip_prefix(key));
            if line.is_none_or(|told| told.trim().is_empty()) {
                faults.push(format!("{name}: no line `{}` before the table", key.trim()));
            }
        }
        if text.lines().count() < header.len() + 2 {
            faults.push(format!("{name}: a table has a row of names and at least one of values"));
        }
    }
    assert!(count > 0, "no golden table was found");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
