//! Expressions of the registry's query language, read from text.
//!
//! From strongest to weakest: a term, a phrase in quotes, `RANGE[..]`, `MISSING`, `ALL`,
//! `DISTANCE[..]` or an expression in brackets; then `NOT` and the operators with a bracket
//! (`AREA[..]`, `SEARCH[..]`, `EXPANSION[..]`, `COVERAGE[..]`, `TILT[..]`); then `AND`; then `OR`.
//! What stands side by side without an operator is joined by `AND`.

/// What a term may also be found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expansion {
    /// Just so, letter by letter.
    None,
    /// Plurals, possessives, spellings, hyphens.
    Term,
    /// Also synonyms.
    Concept,
    /// Also its words apart.
    Relaxation,
    /// Also some of its words.
    Lossy,
}

/// How much of a value a term covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// The whole value.
    FullMatch,
    /// Its beginning.
    StartsWith,
    /// Its end.
    EndsWith,
    /// Any part.
    Contains,
}

/// An operator that changes how the expression at its right is read.
#[derive(Debug, Clone, PartialEq)]
pub enum Operator {
    /// An area or a piece that is searched, with `:size` behind it for the length of a list.
    Area(String),
    /// A part whose tests hold together, `Location` or `Study`.
    Search(String),
    /// What terms may also be found by.
    Expansion(Expansion),
    /// How much of a value terms cover.
    Coverage(Coverage),
    /// A date whose older values count less.
    Tilt(String),
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// Every record.
    All,
    /// No value.
    Missing,
    /// A run of words, or a phrase in quotes.
    Term {
        /// The words.
        text: String,
        /// Whether it stood in quotes.
        is_phrase: bool,
    },
    /// Values from one to another, both included; `None` where it is open.
    Range {
        /// The lowest.
        low: Option<String>,
        /// The highest.
        high: Option<String>,
    },
    /// Places no farther than that from a point.
    Distance {
        /// Degrees north.
        north: f64,
        /// Degrees east.
        east: f64,
        /// How far, in kilometres.
        kilometres: f64,
    },
    /// What does not hold.
    Not(Box<Expression>),
    /// What holds together.
    And(Vec<Expression>),
    /// What holds either way.
    Or(Vec<Expression>),
    /// An operator and what it is applied to.
    Scoped(Operator, Box<Expression>),
}

/// Why a text is no expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}, at letter {at} of `{text}`")]
pub struct ExpressionError {
    /// Which letter of the text, from 1.
    pub at: usize,
    /// What is wrong there.
    pub what: String,
    /// The text, cut where it is long.
    pub text: String,
}

/// Deepest nesting, and longest text in bytes.
const DEEPEST: usize = 64;
const LONGEST: usize = 20_000;

/// Kilometres of a mile.
const MILE: f64 = 1.609_344;

/// Largest distance, in kilometres.
const FARTHEST: f64 = 805.0;

impl Expression {
    /// Reads an expression; a text without words means every record.
    pub fn read(text: &str) -> Result<Self, ExpressionError> {
        let letters: Vec<char> = text.chars().collect();
        let mut reader = Reader { letters: &letters, at: 0, depth: 0 };
        let read = if text.len() > LONGEST {
            Err(format!("an expression has at most {LONGEST} bytes"))
        } else {
            reader.whole()
        };
        read.map_err(|what| {
            let mut shown: String = text.chars().take(120).collect();
            if shown.len() < text.len() {
                shown.push_str("...");
            }
            ExpressionError { at: reader.at + 1, what, text: shown }
        })
    }

    /// The text of just these words, whatever they mean in the language.
    pub fn words(text: &str) -> Self {
        Self::Term { text: text.to_owned(), is_phrase: false }
    }

    /// An expression searched in an area or a piece.
    #[must_use]
    pub fn within(self, area: &str) -> Self {
        Self::Scoped(Operator::Area(area.to_owned()), Box::new(self))
    }
}

struct Reader<'a> {
    letters: &'a [char],
    at: usize,
    depth: usize,
}

type Parsed = Result<Expression, String>;

impl Reader<'_> {
    fn whole(&mut self) -> Parsed {
        self.blanks();
        if self.at == self.letters.len() {
            return Ok(Expression::All);
        }
        let expression = self.either()?;
        self.blanks();
        match self.letters.get(self.at) {
            None => Ok(expression),
            Some(')') => Err("`)` without `(`".to_owned()),
            Some(other) => Err(format!("`{other}` does not belong here")),
        }
    }

    fn blanks(&mut self) {
        while self.letters.get(self.at).is_some_and(|letter| letter.is_whitespace()) {
            self.at += 1;
        }
    }

    /// Whether this word in capitals stands here by itself.
    fn is_word(&self, word: &str) -> bool {
        let end = self.at + word.len();
        let here = self.letters.get(self.at..end);
        let is_it = here.is_some_and(|here| here.iter().copied().eq(word.chars()));
        let ends = |letter: &char| letter.is_whitespace() || matches!(letter, '(' | ')' | '"');
        is_it && self.letters.get(end).is_none_or(ends)
    }

    fn take_word(&mut self, word: &str) -> bool {
        self.blanks();
        let is_it = self.is_word(word);
        if is_it {
            self.at += word.len();
        }
        is_it
    }

    fn either(&mut self) -> Parsed {
        let mut parts = vec![self.both()?];
        while self.take_word("OR") {
            parts.push(self.both()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::Or(parts) })
    }

    fn both(&mut self) -> Parsed {
        let mut parts = vec![self.single()?];
        loop {
            let is_told = self.take_word("AND");
            self.blanks();
            let ends = self.letters.get(self.at).is_none_or(|letter| *letter == ')');
            if !is_told && (ends || self.is_word("OR")) {
                break;
            }
            parts.push(self.single()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::And(parts) })
    }

    fn single(&mut self) -> Parsed {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("brackets and operators are nested at most {DEEPEST} deep"));
        }
        let read = self.operators();
        self.depth -= 1;
        read
    }

    fn operators(&mut self) -> Parsed {
        if self.take_word("NOT") {
            return Ok(Expression::Not(Box::new(self.single()?)));
        }
        if let Some((name, inside)) = self.bracketed()? {
            if name == "RANGE" {
                return range(&inside);
            }
            if name == "DISTANCE" {
                return distance(&inside);
            }
            let operator = operator(name, inside.trim())?;
            return Ok(Expression::Scoped(operator, Box::new(self.single()?)));
        }
        self.source()
    }

    /// The name of an operator that stands here, if any does.
    fn operator_here(&self) -> Option<&'static str> {
        let names = ["AREA", "SEARCH", "EXPANSION", "COVERAGE", "TILT", "RANGE", "DISTANCE"];
        names.into_iter().find(|name| {
            let here = self.letters.get(self.at..=self.at + name.len());
            here.is_some_and(|here| here.iter().copied().eq(name.chars().chain(['['])))
        })
    }

    /// An operator with its bracket, and what stands in it.
    fn bracketed(&mut self) -> Result<Option<(&'static str, String)>, String> {
        self.blanks();
        let Some(name) = self.operator_here() else { return Ok(None) };
        let start = self.at + name.len() + 1;
        let length = self.letters[start..].iter().position(|letter| *letter == ']');
        let length = length.ok_or_else(|| format!("`{name}[` is not closed by `]`"))?;
        self.at = start + length + 1;
        Ok(Some((name, self.letters[start..start + length].iter().collect())))
    }

    fn source(&mut self) -> Parsed {
        self.blanks();
        match self.letters.get(self.at) {
            None => Err("something to search is missing".to_owned()),
            Some('(') => {
                self.at += 1;
                let inner = self.either()?;
                self.blanks();
                if self.letters.get(self.at) != Some(&')') {
                    return Err("`(` is not closed by `)`".to_owned());
                }
                self.at += 1;
                Ok(inner)
            }
            Some(')') => Err("something to search is missing before `)`".to_owned()),
            Some('"') => self.phrase(),
            Some(_) if self.is_word("AND") || self.is_word("OR") => {
                Err("something to search is missing before `AND` or `OR`".to_owned())
            }
            Some(_) => Ok(self.term()),
        }
    }

    fn phrase(&mut self) -> Parsed {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        while let Some(letter) = self.letters.get(self.at) {
            self.at += 1;
            match letter {
                '"' => return Ok(Expression::Term { text, is_phrase: true }),
                '\\' if self.at < self.letters.len() => {
                    text.push(self.letters[self.at]);
                    self.at += 1;
                }
                letter => text.push(*letter),
            }
        }
        self.at = start;
        Err("a quote is not closed".to_owned())
    }

    /// A run of words up to the next operator, bracket or quote.
    fn term(&mut self) -> Expression {
        let mut text = String::new();
        let mut is_escaped = false;
        loop {
            self.blanks();
            let Some(letter) = self.letters.get(self.at) else { break };
            let is_operator = ["AND", "OR", "NOT"].iter().any(|word| self.is_word(word));
            if matches!(letter, '(' | ')' | '"') || is_operator || self.operator_here().is_some() {
                break;
            }
            if !text.is_empty() {
                text.push(' ');
            }
            while let Some(letter) = self.letters.get(self.at) {
                if letter.is_whitespace() || matches!(letter, '(' | ')' | '"') {
                    break;
                }
                self.at += 1;
                if *letter == '\\' {
                    is_escaped = true;
                    if let Some(next) = self.letters.get(self.at) {
                        text.push(*next);
                        self.at += 1;
                    }
                } else {
                    text.push(*letter);
                }
            }
        }
        match text.as_str() {
            "MISSING" if !is_escaped => Expression::Missing,
            "ALL" if !is_escaped => Expression::All,
            _ => Expression::Term { text, is_phrase: false },
        }
    }
}

fn operator(name: &str, inside: &str) -> Result<Operator, String> {
    let plain = inside.to_lowercase();
    match name {
        "AREA" => Ok(Operator::Area(inside.to_owned())),
        "SEARCH" => Ok(Operator::Search(inside.to_owned())),
        "TILT" => Ok(Operator::Tilt(inside.to_owned())),
        "EXPANSION" => Ok(Operator::Expansion(match plain.as_str() {
            "none" => Expansion::None,
            "term" => Expansion::Term,
            "concept" => Expansion::Concept,
            "relaxation" => Expansion::Relaxation,
            "lossy" => Expansion::Lossy,
            _ => {
                let known = "None, Term, Concept, Relaxation or Lossy";
                return Err(format!("`EXPANSION[{inside}]`: it is one of {known}"));
            }
        })),
        _ => Ok(Operator::Coverage(match plain.as_str() {
            "fullmatch" => Coverage::FullMatch,
            "startswith" => Coverage::StartsWith,
            "endswith" => Coverage::EndsWith,
            "contains" => Coverage::Contains,
            _ => {
                let known = "FullMatch, StartsWith, EndsWith or Contains";
                return Err(format!("`COVERAGE[{inside}]`: it is one of {known}"));
            }
        })),
    }
}

fn range(inside: &str) -> Parsed {
    let told = || format!("`RANGE[{inside}]`: it has two ends with a comma between");
    let (low, high) = inside.split_once(',').ok_or_else(told)?;
    let end = |text: &str, open: &str| {
        let text = text.trim();
        if text.is_empty() {
            return Err(told());
        }
        Ok((text != open).then(|| text.to_owned()))
    };
    Ok(Expression::Range { low: end(low, "MIN")?, high: end(high, "MAX")? })
}

/// A point and a radius, `north,east,12km` or `north,east,12mi`.
pub(crate) fn distance(inside: &str) -> Parsed {
    let told = || {
        format!(
            "`DISTANCE[{inside}]`: it is degrees north, degrees east, and how far in `km` or `mi`"
        )
    };
    let parts: Vec<&str> = inside.split(',').map(str::trim).collect();
    let [north, east, radius] = parts[..] else { return Err(told()) };
    let degrees = |text: &str, most: f64| {
        text.parse::<f64>().ok().filter(|degrees| degrees.abs() <= most).ok_or_else(told)
    };
    let unit = radius.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let factor = match &radius[unit.len()..] {
        "km" => 1.0,
        "mi" => MILE,
        _ => return Err(told()),
    };
    let radius: f64 = unit.trim().parse().map_err(|_| told())?;
    let kilometres = radius * factor;
    if !(0.0..=FARTHEST).contains(&kilometres) {
        return Err(format!("`DISTANCE[{inside}]`: the radius is at most 500 mi, {FARTHEST} km"));
    }
    Ok(Expression::Distance {
        north: degrees(north, 90.0)?,
        east: degrees(east, 180.0)?,
        kilometres,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(text: &str) -> Expression {
        Expression::words(text)
    }

    fn read(text: &str) -> Expression {
        Expression::read(text).unwrap()
    }

    #[test]
    fn operators_bind_as_they_should() {
        assert_eq!(
            read("a b AND c OR NOT d"),
            Expression::Or(vec![
                Expression::And(vec![term("a b"), term("c")]),
                Expression::Not(Box::new(term("d")))
            ])
        );
        let phase = read("AREA[Phase](PHASE1 OR PHASE2) AND x");
        let Expression::And(parts) = phase else { panic!("{phase:?}") };
        assert!(
            matches!(&parts[0], Expression::Scoped(Operator::Area(area), _) if area == "Phase")
        );
        assert_eq!(read("AREA[Phase]MISSING"), Expression::Missing.within("Phase"));
        assert_eq!(read("  "), Expression::All);
        assert_eq!(read("ALL patients"), term("ALL patients"));
        assert_eq!(read("\\AND \\OR"), term("AND OR"));
        assert_eq!(
            read("\"a \\\" b\" c"),
            Expression::And(vec![
                Expression::Term { text: "a \" b".to_owned(), is_phrase: true },
                term("c")
            ])
        );
    }

    #[test]
    fn ranges_and_distances_are_read() {
        let open = Expression::Range { low: Some("2020-01-01".to_owned()), high: None };
        assert_eq!(read("AREA[StartDate]RANGE[2020-01-01, MAX]"), open.within("StartDate"));
        let Expression::Distance { kilometres, .. } = read("DISTANCE[42.3,-71.1,10mi]") else {
            panic!()
        };
        assert!((kilometres - 16.093_44).abs() < 1e-12);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, at) in [
            ("(a", 3),
            ("a)", 2),
            ("\"a", 1),
            ("AND a", 1),
            ("a OR", 5),
            ("AREA[x", 1),
            ("AREA[x]", 8),
            ("RANGE[1]", 9),
            ("DISTANCE[1,2,3]", 16),
            ("COVERAGE[x]a", 12),
            ("EXPANSION[]a", 12),
            ("DISTANCE[1,2,900km]", 20),
            ("NOT", 4),
        ] {
            let error = Expression::read(text).unwrap_err();
            assert_eq!(error.at, at, "{text}: {error}");
        }
        assert!(Expression::read(&"(".repeat(5000)).is_err());
        assert!(Expression::read(&"NOT ".repeat(4000)).is_err());
        assert!(Expression::read(&"a ".repeat(20_000)).is_err());
    }
}
