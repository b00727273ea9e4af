//! A model's text and the table beside it say the same, and every port of the text resets itself.

use super::files::{texts, texts_ending};

/// Ports that are rates: they last until the protocol changes them.
const LASTING: &[&str] = &["salvage"];

/// The fields of a line of CSV; quoted fields may hold commas.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut is_quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(String::new()),
            other => fields.last_mut().expect("there is always a field").push(other),
        }
    }
    fields
}

/// The statements of a model text, comments left out.
fn statements(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or(line));
    lines.flat_map(|line| line.split(';')).map(str::trim)
}

/// The number that the text gives a symbol; `None` for a formula.
fn number(text: &str, symbol: &str) -> Option<f64> {
    statements(text).find_map(|statement| {
        let (name, value) = statement.split_once('=')?;
        let name = name.trim().trim_start_matches("const ").trim_start_matches("var ");
        (name == symbol).then(|| value.trim().parse().ok()).flatten()
    })
}

#[test]
fn the_table_of_parameters_gives_the_values_of_the_text() {
    let texts = texts();
    let mut compared = 0;
    let mut faults = Vec::new();
    for (name, table) in texts.iter().filter(|(name, _)| name.ends_with(".parameters.csv")) {
        let Some(text) = texts.get(&name.replace(".parameters.csv", ".ant")) else { continue };
        let mut lines = table.lines().filter(|line| !line.starts_with('#'));
        let columns = fields(lines.next().expect("a table has names of columns"));
        let place = |wanted: &str| columns.iter().position(|column| column == wanted);
        let symbol = place("symbol").expect("a column of symbols");
        let typical = place("typical").expect("a column of typical values");
        for row in lines.map(fields) {
            // The start of a state is a formula over the other symbols.
            let Some(said) = number(text, &row[symbol]) else { continue };
            let told: f64 = row[typical].parse().unwrap_or(f64::NAN);
            if said.to_bits() != told.to_bits() {
                faults.push(format!("{name}: `{}` is {told}, in the text {said}", row[symbol]));
            }
            compared += 1;
        }
    }
    assert!(compared > 150, "only {compared} values were compared");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_port_rests_at_zero_and_resets_itself() {
    let mut count = 0;
    for (name, text) in texts_ending(".ant") {
        let Some((_, rest)) = text.split_once("model *rrmm_cells(") else { continue };
        let ports = rest.split(')').next().expect("a header has an end");
        for port in ports.split(',').map(str::trim) {
            assert_eq!(number(&text, port), Some(0.0), "{name}: `{port}` at rest");
            let reset = format!("{port} = 0");
            let mut events = statements(&text).filter(|statement| statement.contains(": at ("));
            let is_reset = events.any(|event| {
                let (trigger, assignments) = event.rsplit_once(": ").unwrap_or((event, ""));
                trigger.contains(port)
                    && (assignments.ends_with(&reset) || assignments.contains(&format!("{reset},")))
            });
            assert!(is_reset || LASTING.contains(&port), "{name}: `{port}` is never reset");
            count += 1;
        }
    }
    assert!(count > 5, "{count} ports were found");
}

#[test]
fn fields_in_quotes_may_hold_commas() {
    assert_eq!(fields("a,\"b, c\",,d"), ["a", "b, c", "", "d"]);
    let text = "var x; x = 0; // x = 1;\nconst k = 2e-3; y = 2*k;";
    assert_eq!(number(text, "x"), Some(0.0));
    assert_eq!(number(text, "k"), Some(2e-3));
    assert_eq!(number(text, "y"), None);
}
