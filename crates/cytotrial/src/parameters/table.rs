//! The table of parameters, read and checked.

use std::collections::BTreeMap;

use stats::Distribution;

use super::{Parameter, ParameterTable, Role, Spread, patient, survival};
use crate::population::address::address;
use crate::population::quantile::Quantile;
use crate::problem::{Problem, help_with_nearest};

/// The rows of a comma-separated table by column name, each with its line number; quoted fields may
/// hold commas, blank lines and lines that start with `#` are skipped, the first other line names
/// the columns.
pub fn rows(text: &str) -> Vec<(usize, BTreeMap<String, String>)> {
    let mut lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    let header = lines.next().map(|(_, line)| fields(line)).unwrap_or_default();
    lines
        .map(|(number, line)| {
            let row = header.iter().cloned().zip(fields(line)).collect();
            (number + 1, row)
        })
        .collect()
}

/// The fields of one line; a doubled quote inside quotes is one quote.
fn fields(line: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut is_quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        let field = found.last_mut().expect("there is always a field");
        match character {
            '"' if is_quoted && characters.peek() == Some(&'"') => {
                field.push('"');
                characters.next();
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => found.push(String::new()),
            other => field.push(other),
        }
    }
    found
}

impl ParameterTable {
    /// Reads `symbol,name,unit,typical,spread,low,high,source,verification,grade,role`.
    ///
    /// # Errors
    /// Every row that cannot be used, symbols that are there twice, and a table with a tumour burden
    /// that lacks other parameters that follow from covariates.
    pub fn read(text: &str, file: &str) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut table = Self {
            parameters: Vec::new(),
            others: Vec::new(),
            index: BTreeMap::new(),
            addresses: Vec::new(),
            places: None,
            survival: None,
        };
        let mut addresses = BTreeMap::new();
        for (line, row) in rows(text) {
            let path = format!("line.{line}");
            let mut error = |message: String, help: &str| {
                problems.push(Problem::error("C201", file, path.clone(), message, help));
            };
            let parameter = match parameter(&row) {
                Ok(parameter) => parameter,
                Err((message, help)) => {
                    error(message, &help);
                    continue;
                }
            };
            if matches!(parameter.role, Role::Port | Role::Initial) {
                table.others.push(parameter);
                continue;
            }
            let address = address(&parameter.symbol);
            if let Some(other) = addresses.insert(address, parameter.symbol.clone()) {
                let message =
                    format!("`{}` would share its draws with `{other}`", parameter.symbol);
                error(message, "remove the second row, or choose another symbol");
                continue;
            }
            table.index.insert(parameter.symbol.clone(), table.parameters.len());
            table.addresses.push(address);
            table.parameters.push(parameter);
        }
        match patient::Places::find(&table.index) {
            Ok(places) => table.places = places,
            Err(missing) => problems.push(Problem::error(
                "C202",
                file,
                "",
                format!("there is no `{}`", missing.join("`, `")),
                "a table with `T0` has all parameters that follow from covariates",
            )),
        }
        table.survival = survival::UntreatedSurvival::of(&table);
        if problems.is_empty() { Ok(table) } else { Err(problems) }
    }
}

fn parameter(row: &BTreeMap<String, String>) -> Result<Parameter, (String, String)> {
    let text = |column: &str| row.get(column).map(|field| field.trim()).unwrap_or_default();
    let symbol = text("symbol");
    if symbol.is_empty() {
        return Err(("a row without a symbol".into(), "name the parameter".into()));
    }
    let number = |column: &str| match text(column) {
        "" => Ok(None),
        field => {
            field.parse::<f64>().ok().filter(|number| number.is_finite()).map(Some).ok_or_else(
                || {
                    let message =
                        format!("`{field}` in column `{column}` of `{symbol}` is no number");
                    (message, "write numbers like `0.018` or `1e-7`".to_owned())
                },
            )
        }
    };
    let typical = number("typical")?
        .ok_or_else(|| (format!("`{symbol}` has no typical value"), String::new()))?;
    let range = match (number("low")?, number("high")?) {
        (Some(low), Some(high)) if low <= typical && typical <= high => Some([low, high]),
        (None, None) => None,
        _ => {
            let message = format!("`{symbol}` is {typical}, outside its range from low to high");
            return Err((message, "widen the range, or leave both empty".into()));
        }
    };
    Ok(Parameter {
        symbol: symbol.to_owned(),
        name: text("name").to_owned(),
        unit: text("unit").to_owned(),
        typical,
        spread: spread(symbol, text("spread"))?,
        spread_text: text("spread").to_owned(),
        range,
        source: text("source").to_owned(),
        verification: text("verification").to_owned(),
        grade: text("grade").to_owned(),
        role: role(symbol, text("role"))?,
    })
}

fn spread(symbol: &str, text: &str) -> Result<Spread, (String, String)> {
    match text {
        "fixed" => return Ok(Spread::Fixed),
        "covariate" => return Ok(Spread::Covariate),
        "product" => return Ok(Spread::Product),
        "derived" => return Ok(Spread::Derived),
        _ => {}
    }
    let help = "write `fixed`, `covariate`, `product`, `derived`, or a normal, lognormal or beta";
    match Distribution::parse(text) {
        Ok(
            law @ (Distribution::Normal { .. }
            | Distribution::LogNormal { .. }
            | Distribution::Beta { .. }),
        ) => Ok(Spread::Between(Quantile::new(law))),
        Ok(_) => Err((format!("`{symbol}` cannot spread by `{text}`"), help.into())),
        Err(error) => Err((format!("spread of `{symbol}`: {error}"), help.into())),
    }
}

fn role(symbol: &str, text: &str) -> Result<Role, (String, String)> {
    const ROLES: [(&str, Role); 7] = [
        ("patient", Role::Patient),
        ("physiology", Role::Physiology),
        ("covariate", Role::Covariate),
        ("product", Role::Product),
        ("numeric", Role::Numeric),
        ("port", Role::Port),
        ("initial", Role::Initial),
    ];
    ROLES.iter().find(|(word, _)| *word == text).map(|(_, role)| *role).ok_or_else(|| {
        let message = format!("`{text}` is not a role (`{symbol}`)");
        (message, help_with_nearest(text, ROLES.map(|(word, _)| word)))
    })
}
