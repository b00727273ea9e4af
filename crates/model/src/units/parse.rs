//! Text to units and quantities: `pg/mL/day per 1e9 cells`, `2e6 cells/kg`, `14..21 day`.
//!
//! A number binds to the unit after it (`mg/24h` is mg over 24 h), then `^`, then `*` and `/` from
//! left to right, and `per` divides by all that follows up to the next `per`.

use std::collections::BTreeMap;

use super::UnitProblem;
use super::table::{help_for, named};
use crate::ir::Unit;

/// Deeper parentheses than this are refused, so that no text can exhaust the stack.
const MAX_NESTING: usize = 50;

/// Reads a unit such as `g/L/day per 1e9 cells`.
pub fn parse(text: &str) -> Result<Unit, UnitProblem> {
    parse_with(text, &BTreeMap::new())
}

/// Reads a unit that may use defined ones.
pub fn parse_with(text: &str, defined: &BTreeMap<String, Unit>) -> Result<Unit, UnitProblem> {
    let mut reader = Reader::new(text, defined);
    let unit = reader.fraction()?;
    reader.end()?;
    Ok(unit)
}

/// Reads a number and its unit, such as `2e6 cells/kg`; without a unit it is dimensionless.
pub fn quantity(text: &str) -> Result<(f64, Unit), UnitProblem> {
    let none = BTreeMap::new();
    let mut reader = Reader::new(text, &none);
    let value = reader.value()?;
    Ok((value, reader.rest_as_unit()?))
}

/// Reads two numbers and their unit, such as `14..21 day`; the first is not above the second.
pub fn range(text: &str) -> Result<(f64, f64, Unit), UnitProblem> {
    let none = BTreeMap::new();
    let mut reader = Reader::new(text, &none);
    let low = reader.value()?;
    reader.skip_blank();
    if !(reader.take('.') && reader.take('.')) {
        return Err(reader.expected("`..` between the two numbers of a range"));
    }
    reader.skip_blank();
    let position = reader.at;
    let high = reader.value()?;
    if low > high {
        let message = format!("the range {low}..{high} ends before it begins");
        let length = reader.at - position;
        let help = "write the smaller number first".into();
        return Err(UnitProblem { position, length, message, help });
    }
    Ok((low, high, reader.rest_as_unit()?))
}

/// Reads a quantity and gives its number in `unit`: `in_unit("2 week", "day")` is 14.
pub fn in_unit(text: &str, unit: &str) -> Result<f64, UnitProblem> {
    let (value, from) = quantity(text)?;
    let to = parse(unit)?;
    let Some(factor) = from.factor_to(&to) else {
        return Err(UnitProblem {
            position: 0,
            length: text.chars().count().max(1),
            message: format!("`{}` is {}, not {}", text.trim(), from.dimension(), to.dimension()),
            help: format!("write it in `{unit}`"),
        });
    };
    Ok(value * factor)
}

struct Reader<'a> {
    characters: Vec<char>,
    at: usize,
    nesting: usize,
    defined: &'a BTreeMap<String, Unit>,
}

fn dimensionless(factor: f64) -> Unit {
    Unit { factor, exponents: [0; 8] }
}

impl<'a> Reader<'a> {
    fn new(text: &str, defined: &'a BTreeMap<String, Unit>) -> Self {
        Self { characters: text.chars().collect(), at: 0, nesting: 0, defined }
    }

    fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn skip_blank(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn expected(&self, what: &str) -> UnitProblem {
        let rest = self.characters.get(self.at..).unwrap_or_default();
        let word: String = rest.iter().take_while(|c| !c.is_whitespace()).take(20).collect();
        let found = if rest.is_empty() { "the end".to_owned() } else { format!("`{word}`") };
        let message = format!("expected {what}, found {found}");
        let help = "units look like `g/L`, `1/day`, `1e9 cells` or `mg/m^2`".into();
        UnitProblem { position: self.at, length: word.chars().count().max(1), message, help }
    }

    fn end(&mut self) -> Result<(), UnitProblem> {
        self.skip_blank();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.expected("`*`, `/`, `per` or the end of the unit")),
        }
    }

    /// A number with a sign, and with a power if it has one.
    fn value(&mut self) -> Result<f64, UnitProblem> {
        self.skip_blank();
        let is_negative = self.take('-');
        if !is_negative {
            self.take('+');
        }
        let position = self.at;
        let size = self.number()?.ok_or_else(|| self.expected("a number"))?;
        let unit = self.powered(dimensionless(size), position)?;
        Ok(if is_negative { -unit.factor } else { unit.factor })
    }

    fn rest_as_unit(&mut self) -> Result<Unit, UnitProblem> {
        self.skip_blank();
        let unit = match self.peek() {
            None => return Ok(dimensionless(1.0)),
            Some('/' | '*') => self.quotient(dimensionless(1.0))?,
            Some(_) if self.at_word("per") => dimensionless(1.0),
            Some(_) => {
                let first = self.factor()?;
                self.quotient(first)?
            }
        };
        let unit = self.per(unit)?;
        self.end()?;
        Ok(unit)
    }

    /// `a per b per c`
    fn fraction(&mut self) -> Result<Unit, UnitProblem> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(self.expected("fewer parentheses inside each other"));
        }
        self.skip_blank();
        let mut unit = dimensionless(1.0);
        if !self.at_word("per") {
            unit = self.factor()?;
            unit = self.quotient(unit)?;
        }
        unit = self.per(unit)?;
        self.nesting -= 1;
        Ok(unit)
    }

    fn per(&mut self, mut unit: Unit) -> Result<Unit, UnitProblem> {
        loop {
            self.skip_blank();
            if !self.at_word("per") {
                return Ok(unit);
            }
            let position = self.at;
            self.at += 3;
            let below = self.factor()?;
            let below = self.quotient(below)?;
            unit = times(&unit, &below, -1, position)?;
        }
    }

    fn at_word(&self, word: &str) -> bool {
        let length = word.chars().count();
        let rest = self.characters.get(self.at..).unwrap_or_default();
        rest.len() >= length
            && word.chars().eq(rest[..length].iter().copied())
            && !rest.get(length).is_some_and(|c| c.is_alphanumeric() || *c == '_')
    }

    /// `a * b / c` after its first factor.
    fn quotient(&mut self, mut unit: Unit) -> Result<Unit, UnitProblem> {
        loop {
            self.skip_blank();
            let position = self.at;
            let power = match self.peek() {
                Some('*' | '\u{b7}') => 1,
                Some('/') => -1,
                _ => return Ok(unit),
            };
            self.at += 1;
            let factor = self.factor()?;
            unit = times(&unit, &factor, power, position)?;
        }
    }

    /// A number with the unit after it, or either alone.
    fn factor(&mut self) -> Result<Unit, UnitProblem> {
        self.skip_blank();
        let position = self.at;
        if let Some(size) = self.number()? {
            let number = self.powered(dimensionless(size), position)?;
            // 0 and 1e-999 are no units.
            let number = raised(&number, 1, position)?;
            self.skip_blank();
            let follows = self.peek().is_some_and(starts_name) || self.peek() == Some('(');
            if !follows || self.at_word("per") {
                return Ok(number);
            }
            let unit = self.atom()?;
            return times(&number, &unit, 1, position);
        }
        self.atom()
    }

    /// A name or a parenthesis, with a power if it has one.
    fn atom(&mut self) -> Result<Unit, UnitProblem> {
        let position = self.at;
        if self.take('(') {
            let inner = self.fraction()?;
            self.skip_blank();
            if !self.take(')') {
                return Err(self.expected("`)`"));
            }
            return self.powered(inner, position);
        }
        if !self.peek().is_some_and(starts_name) {
            return Err(self.expected("a unit"));
        }
        if !self.take('%') {
            while self.peek().is_some_and(|c| c.is_alphanumeric() || c == '_') {
                self.at += 1;
            }
        }
        let name: String = self.characters[position..self.at].iter().collect();
        let unit = self.known(&name, position)?;
        self.powered(unit, position)
    }

    /// A unit by name; digits at its end are a power (`mm2`).
    fn known(&self, name: &str, position: usize) -> Result<Unit, UnitProblem> {
        if let Some(unit) = self.defined.get(name).cloned().or_else(|| named(name)) {
            return Ok(unit);
        }
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
        if let (Some(unit), Ok(power)) = (named(stem), name[stem.len()..].parse::<i32>()) {
            return raised(&unit, power, position);
        }
        Err(UnitProblem {
            position,
            length: name.chars().count().max(1),
            message: format!("no unit is called `{name}`"),
            help: help_for(name, self.defined.keys().map(String::as_str)),
        })
    }

    /// What is written, raised to the power written after it.
    fn powered(&mut self, unit: Unit, position: usize) -> Result<Unit, UnitProblem> {
        if !self.take('^') {
            return Ok(unit);
        }
        let start = self.at;
        if !self.take('-') {
            self.take('+');
        }
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        let digits: String = self.characters[start..self.at].iter().collect();
        let Ok(power) = digits.parse::<i32>() else {
            self.at = start;
            return Err(self.expected("a whole number after `^`"));
        };
        raised(&unit, power, position)
    }

    /// A number without sign, if one stands here.
    fn number(&mut self) -> Result<Option<f64>, UnitProblem> {
        let start = self.at;
        let digit = |c: Option<&char>| c.is_some_and(char::is_ascii_digit);
        while digit(self.characters.get(self.at)) {
            self.at += 1;
        }
        // `14..21` is a range, not `14.` and `.21`.
        if self.peek() == Some('.') && digit(self.characters.get(self.at + 1)) {
            self.at += 1;
            while digit(self.characters.get(self.at)) {
                self.at += 1;
            }
        }
        if self.at == start {
            return Ok(None);
        }
        let sign = usize::from(matches!(self.characters.get(self.at + 1), Some('+' | '-')));
        if matches!(self.peek(), Some('e' | 'E')) && digit(self.characters.get(self.at + 1 + sign))
        {
            self.at += 1 + sign;
            while digit(self.characters.get(self.at)) {
                self.at += 1;
            }
        }
        let digits: String = self.characters[start..self.at].iter().collect();
        match digits.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Some(value)),
            _ => {
                self.at = start;
                Err(self.expected("a number below 1.8e308"))
            }
        }
    }
}

/// `unit^power`, if it can be held.
fn raised(unit: &Unit, power: i32, position: usize) -> Result<Unit, UnitProblem> {
    times(&Unit::ONE, unit, power, position)
}
/// `left * right^power`, if it can be held.
fn times(left: &Unit, right: &Unit, power: i32, position: usize) -> Result<Unit, UnitProblem> {
    let too_large = || UnitProblem {
        position,
        length: 1,
        message: "this unit is too large or too small to compute with".into(),
        help: "check its numbers and powers".into(),
    };
    let mut exponents = left.exponents;
    for (exponent, more) in exponents.iter_mut().zip(right.exponents) {
        let sum =
            i32::from(more).checked_mul(power).map(|more| i64::from(*exponent) + i64::from(more));
        *exponent = sum.and_then(|sum| i8::try_from(sum).ok()).ok_or_else(too_large)?;
    }
    let factor = match power {
        // The shortest division keeps round factors round: 1/1e9 is not 1 * 1e-9.
        -1 => left.factor / right.factor,
        _ => left.factor * whole_power(right.factor, power),
    };
    if !factor.is_normal() {
        return Err(too_large());
    }
    Ok(Unit { factor, exponents })
}

fn starts_name(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == '%'
}

/// x^power by repeated multiplication, so that 10^9 is exactly 1e9.
fn whole_power(x: f64, power: i32) -> f64 {
    let mut result = 1.0;
    let mut square = x;
    let mut left = power.unsigned_abs();
    while left > 0 {
        if left % 2 == 1 {
            result *= square;
        }
        square *= square;
        left /= 2;
    }
    if power < 0 { 1.0 / result } else { result }
}
