//! Numbers of cells as records write them: `1 x 10^6 CAR-T cells/kg`, `2E6/kg`, `5 million cells`.

use serde::Serialize;

use super::text::{number, starts_word};

/// What a number of cells is counted per.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Per {
    /// A whole dose.
    Dose,
    /// A kilogram of body weight.
    Kilogram,
    /// A square metre of body surface.
    SquareMetre,
}

impl Per {
    /// The unit in words.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Dose => "cells",
            Self::Kilogram => "cells/kg",
            Self::SquareMetre => "cells/m2",
        }
    }
}

/// A number of cells or a range.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Quantity {
    /// The number, or the lower end.
    pub low: f64,
    /// The number, or the upper end.
    pub high: f64,
    /// What it is counted per.
    pub per: Per,
    /// How it was read where the text is not plain; empty otherwise.
    pub remark: String,
}

impl Quantity {
    /// `1e6 cells/kg`, `1e6..1e7 cells`.
    pub fn text(&self) -> String {
        let unit = self.per.unit();
        if self.low < self.high {
            format!("{}..{} {unit}", short(self.low), short(self.high))
        } else {
            format!("{} {unit}", short(self.low))
        }
    }
}

/// `1.5e6`.
pub(crate) fn short(value: f64) -> String {
    format!("{value:e}")
}

/// Every number of cells in a small text, in order.
pub fn quantities(plain: &str) -> Vec<Quantity> {
    let mut found = Vec::new();
    let mut from = 0;
    for (at, letter) in plain.char_indices() {
        if at < from || !letter.is_ascii_digit() || !starts_word(plain, at) {
            continue;
        }
        if let Some((quantity, rest)) = quantity(&plain[at..]) {
            from = plain.len() - rest.len();
            found.push(quantity);
        }
    }
    found
}

fn quantity(text: &str) -> Option<(Quantity, &str)> {
    let (first, rest) = scaled(text)?;
    let (second, rest) = match range(rest) {
        Some((second, rest)) => (Some(second), rest),
        None => (None, rest),
    };
    let (per, after) = unit(rest)?;
    let last = second.unwrap_or(first);
    let scale = last.scale?;
    let low = first.value * first.scale.unwrap_or(scale);
    let high = last.value * scale;
    // Fewer are a count of something else, more do not exist.
    let is_dose = (1e3..=1e13).contains(&low) && low <= high && high <= 1e13;
    let remark = [first.remark, last.remark].into_iter().find(|remark| !remark.is_empty());
    let remark = remark.unwrap_or_default().to_owned();
    is_dose.then_some((Quantity { low, high, per, remark }, after))
}

/// A number with its power of ten, if it has one.
#[derive(Clone, Copy)]
struct Scaled {
    value: f64,
    scale: Option<f64>,
    remark: &'static str,
}

fn scaled(text: &str) -> Option<(Scaled, &str)> {
    let (value, rest) = number(text)?;
    let spaced = rest.trim_start();
    let after_bracket = spaced.strip_prefix(')').map_or(spaced, str::trim_start);
    if let Some(power) = after_bracket.strip_prefix(['x', '*', '·']) {
        let power = power.trim_start();
        if let Some((exponent, remark, rest)) = power_of_ten(power) {
            return Some((Scaled { value, scale: Some(ten_to(exponent)), remark }, rest));
        }
        return None;
    }
    for (word, scale) in [("million", 1e6), ("billion", 1e9)] {
        if let Some(rest) = spaced.strip_prefix(word) {
            return Some((Scaled { value, scale: Some(scale), remark: "" }, rest));
        }
    }
    // `2e6`; but `10e6` may mean 1e6 or 1e7.
    if let Some(power) = rest.strip_prefix('e').filter(|_| value < 10.0)
        && let Some((exponent, rest)) = small(power.trim_start_matches('+'))
    {
        return Some((Scaled { value, scale: Some(ten_to(exponent)), remark: "" }, rest));
    }
    // A plain number of cells is round; `19273-4SCAR` is a name.
    let is_whole = value >= 1e4 && value % 1000.0 == 0.0 && !rest.starts_with('-');
    Some((Scaled { value, scale: is_whole.then_some(1.0), remark: "" }, rest))
}

fn ten_to(exponent: u32) -> f64 {
    (0..exponent).fold(1.0, |value, _| value * 10.0)
}

/// An exponent of one or two digits.
fn small(text: &str) -> Option<(u32, &str)> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    let exponent = text.get(..length).filter(|_| (1..=2).contains(&length))?.parse().ok()?;
    (3..=13).contains(&exponent).then_some((exponent, &text[length..]))
}

/// `10^6`, `10e6`, `10(6)`, `10 6`, `10⁶`, `106` where the superscript was lost, `1000000`.
fn power_of_ten(text: &str) -> Option<(u32, &'static str, &str)> {
    let rest = text.strip_prefix("10")?;
    let zeros = rest.bytes().take_while(|byte| *byte == b'0').count();
    if zeros >= 3 && !rest[zeros..].starts_with(|letter: char| letter.is_alphanumeric()) {
        return Some((zeros as u32 + 1, "", &rest[zeros..]));
    }
    if let Some((exponent, rest)) = superscript(rest) {
        return Some((exponent, "", rest));
    }
    let marked = rest.trim_start();
    for mark in ["^(", "^", "**", "e+", "e", "exp", "(", "["] {
        if let Some(power) = marked.strip_prefix(mark) {
            let (exponent, rest) = small(power.trim_start())?;
            let rest = rest.strip_prefix([')', ']']).unwrap_or(rest);
            let remark = if mark.starts_with('e') { "10e is read as 10^" } else { "" };
            return Some((exponent, remark, rest));
        }
    }
    let (exponent, rest) = small(marked)?;
    Some((exponent, "a lost superscript is read as a power of ten", rest))
}

fn superscript(text: &str) -> Option<(u32, &str)> {
    const DIGITS: &str = "⁰¹²³⁴⁵⁶⁷⁸⁹";
    let mut exponent = 0;
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let Some(digit) = DIGITS.chars().position(|known| known == letter) else { break };
        exponent = exponent * 10 + digit as u32;
        rest = &rest[letter.len_utf8()..];
        if exponent > 13 {
            return None;
        }
    }
    (exponent >= 3).then_some((exponent, rest))
}

/// The upper end of a range.
fn range(text: &str) -> Option<(Scaled, &str)> {
    let text = text.trim_start();
    let rest = ["-", "~", "to "].iter().find_map(|mark| text.strip_prefix(mark))?;
    let rest = rest.trim_start();
    scaled(rest).filter(|(scaled, _)| scaled.scale.is_some())
}

/// Words between a number and its unit are few and say which cells.
fn unit(text: &str) -> Option<(Per, &str)> {
    const FEW: usize = 48;
    let mut rest = text.trim_start();
    // `(+-20%)` stands between.
    if rest.starts_with('(')
        && let Some(end) = rest.find(')').filter(|end| *end < 16)
    {
        rest = rest[end + 1..].trim_start();
    }
    if let Some((per, rest)) = per(rest) {
        return Some((per, rest));
    }
    let end = rest.char_indices().map(|(at, _)| at).nth(FEW).unwrap_or(rest.len());
    let near = &rest[..end];
    let stop = near.find(['.', ';', ':', '\n']).unwrap_or(near.len());
    let at = near[..stop].find("cell")?;
    let between = &near[..at];
    if between.contains("per ") {
        return None;
    }
    if between.contains(|letter: char| letter.is_ascii_digit() && !is_in_name(between, letter)) {
        return None;
    }
    let after = rest[at + 4..].strip_prefix('s').unwrap_or(&rest[at + 4..]);
    // A density or a blood count is no dose.
    let density = ["/mm", "/ul", "/µl", "/ml", "/l", " per ml", " per mm", " per microl", " /ml"];
    if density.iter().any(|unit| after.trim_start_matches(')').starts_with(unit)) {
        return None;
    }
    Some(per(after.trim_start_matches([' ', ')'])).unwrap_or((Per::Dose, after)))
}

/// Digits in names of antigens (`cd19`, `b7-h3`) are no second number.
fn is_in_name(text: &str, digit: char) -> bool {
    let at = text.find(digit).unwrap_or(0);
    text[..at].chars().next_back().is_some_and(|letter| letter.is_alphanumeric() || letter == '-')
}

fn per(text: &str) -> Option<(Per, &str)> {
    const UNITS: &[(&str, Per)] = &[
        ("/kg", Per::Kilogram),
        ("/ kg", Per::Kilogram),
        ("per kg", Per::Kilogram),
        ("per kilogram", Per::Kilogram),
        ("/kilogram", Per::Kilogram),
        ("per m2", Per::SquareMetre),
        ("per meter squared", Per::SquareMetre),
        ("per square meter", Per::SquareMetre),
        ("/m2", Per::SquareMetre),
        ("/m^2", Per::SquareMetre),
        ("/m²", Per::SquareMetre),
    ];
    UNITS.iter().find_map(|(unit, per)| Some((*per, text.strip_prefix(unit)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        quantities(text).iter().map(Quantity::text).collect()
    }

    #[test]
    fn numbers_of_cells_are_read_as_they_are_written() {
        let cases = [
            ("1 x 10^6 car-t cells/kg", "1e6 cells/kg"),
            ("5*10^5 (+-20%) car-t cells/kg", "5e5 cells/kg"),
            ("9 x 106 transduced t cells/kg", "9e6 cells/kg"),
            ("5 x 10e7 cells/kg on day 0", "5e7 cells/kg"),
            ("2 x 1000000 cells/kg", "2e6 cells/kg"),
            ("1x10^6~1x10^7 cells/kg", "1e6..1e7 cells/kg"),
            ("(1-10)*106 epcam-car positive t cells/kg", "1e6..1e7 cells/kg"),
            ("2- 5 x 105 cells/kg", "2e5..5e5 cells/kg"),
            ("4x10^7 cells per person", "4e7 cells"),
            ("1 x 107 cells/m2", "1e7 cells/m2"),
            ("2 × 10⁶/kg".replace('×', "x").leak(), "2e6 cells/kg"),
            ("450 million car-t cells", "4.5e8 cells"),
            ("1.5e8 cells", "1.5e8 cells"),
            ("1000000 cells/kg", "1e6 cells/kg"),
            ("1 x 10 (6) car+t cells/kg", "1e6 cells/kg"),
        ];
        for (text, want) in cases {
            assert_eq!(read(text), [want], "{text}");
        }
    }

    #[test]
    fn counts_and_densities_and_doubtful_powers_are_no_doses() {
        for text in [
            "100 cells/mm3",
            "12 patients with cells",
            "10e6 cells/kg",
            "2 x 10^7 cells/ml",
            "1 x 10^6",
            "phase 1 study of car-t cells",
            "receiving the 19273-4scar t cells",
            "1 x 10^6 per site of t cells",
        ] {
            assert_eq!(read(text), Vec::<String>::new(), "{text}");
        }
    }
}
