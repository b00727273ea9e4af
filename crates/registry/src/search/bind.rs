//! Expressions bound to pieces: every name looked up, every test made fit for the values it meets.

use super::terms::Terms;
use super::{Query, QueryError};
use crate::areas;
use crate::enums;
use crate::expression::{Coverage, Expansion, Expression, Operator};
use crate::fields::{self, Field, Kind};
use crate::headings;
use crate::segment::write::nodes;
use crate::values::{self, Interval};
use crate::walk::is_in_location;

/// A bound expression.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    All,
    Nothing,
    Leaf(Box<Leaf>),
    Not(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
    /// All inside holds in one location.
    Location(Box<Node>),
    /// Older values of a date count less: the node of the date, and its newest day.
    Tilt(usize, i64, Box<Node>),
}

/// A test of some pieces.
#[derive(Debug, Clone)]
pub(crate) struct Leaf {
    /// The pieces.
    pub(crate) targets: Vec<Target>,
    pub(crate) test: Test,
}

/// A piece that is tested.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    /// Its node, or one of derived headings.
    pub(crate) node: usize,
    /// The piece that it stands for.
    pub(crate) field: &'static Field,
    pub(crate) weight: f32,
    pub(crate) has_synonyms: bool,
}

/// What is tested.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    Words(Terms),
    /// Values within it, per kind of value.
    Range(Interval),
    Missing,
    /// A list as long as this.
    Size(u32),
    /// Places so near: degrees north, degrees east, kilometres.
    Distance(f64, f64, f64),
}

/// What stands around an expression.
#[derive(Clone)]
struct Around<'a> {
    area: Area,
    expansion: Expansion,
    coverage: Coverage,
    query: &'a Query,
}

#[derive(Clone)]
enum Area {
    Weighted(&'static areas::Area),
    Piece(&'static Field),
    Size(&'static Field),
}

/// Binds a query.
pub(crate) fn bind(query: &Query) -> Result<Node, QueryError> {
    let basic = areas::by_name("BasicSearch").expect("the table has this area");
    let around = Around {
        area: Area::Weighted(basic),
        expansion: Expansion::Relaxation,
        coverage: Coverage::Contains,
        query,
    };
    let bound = query.expressions.iter().map(|expression| around.bind(expression));
    let mut bound: Vec<Node> = bound.collect::<Result<_, _>>()?;
    bound.retain(|node| !matches!(node, Node::All));
    Ok(match bound.len() {
        0 => Node::All,
        1 => bound.remove(0),
        _ => Node::And(bound),
    })
}

impl Around<'_> {
    fn bind(&self, expression: &Expression) -> Result<Node, QueryError> {
        let each = |parts: &[Expression]| -> Result<Vec<Node>, QueryError> {
            parts.iter().map(|part| self.bind(part)).collect()
        };
        match expression {
            // In `AREA[Sex]ALL` the word is one of the piece's values.
            Expression::All if self.has_value("ALL") => self.term("ALL", false),
            Expression::All => Ok(Node::All),
            Expression::Not(inner) => Ok(Node::Not(Box::new(self.bind(inner)?))),
            Expression::And(parts) => Ok(Node::And(each(parts)?)),
            Expression::Or(parts) => Ok(Node::Or(each(parts)?)),
            Expression::Scoped(operator, inner) => self.scoped(operator, inner),
            Expression::Missing => Ok(leaf(self.targets(|_| true), Test::Missing)),
            Expression::Term { text, is_phrase } => self.term(text, *is_phrase),
            Expression::Range { low, high } => self.range(low.as_deref(), high.as_deref()),
            Expression::Distance { north, east, kilometres } => {
                let places = fields::by_piece("LocationGeoPoint").expect("the model has places");
                Ok(leaf(
                    vec![target(places, 1.0, false)],
                    Test::Distance(*north, *east, *kilometres),
                ))
            }
        }
    }

    fn scoped(&self, operator: &Operator, inner: &Expression) -> Result<Node, QueryError> {
        let mut around = self.clone();
        match operator {
            Operator::Area(name) => around.area = area(name)?,
            Operator::Expansion(expansion) => around.expansion = *expansion,
            Operator::Coverage(coverage) => around.coverage = *coverage,
            Operator::Search(part) if part.eq_ignore_ascii_case("Location") => {
                around.area = area("LocationSearch")?;
                let inner = around.bind(inner)?;
                check_in_location(&inner)?;
                return Ok(Node::Location(Box::new(inner)));
            }
            Operator::Search(part) if part.eq_ignore_ascii_case("Study") => {}
            Operator::Search(part) => {
                let what = format!("`SEARCH[{part}]`: it is `Location` or `Study`");
                return Err(QueryError::Test(what));
            }
            Operator::Tilt(piece) => {
                let date = fields::by_piece(piece).filter(|field| field.kind == Kind::Date);
                let what = || {
                    QueryError::Test(format!(
                        "`TILT[{piece}]`: it names a date, such as `StartDate`"
                    ))
                };
                let date = date.ok_or_else(what)?;
                return Ok(Node::Tilt(date.index, i64::MIN, Box::new(self.bind(inner)?)));
            }
        }
        around.bind(inner)
    }

    /// The pieces of the area that pass.
    fn targets(&self, passes: impl Fn(&Field) -> bool) -> Vec<Target> {
        match &self.area {
            Area::Piece(field) | Area::Size(field) if field.kind == Kind::Struct => {
                let start = format!("{}.", field.path);
                let below = fields::all().iter().filter(|below| below.path.starts_with(&start));
                let below = below.filter(|below| below.kind != Kind::Struct && passes(below));
                below.map(|below| target(below, 1.0, below.has_synonyms)).collect()
            }
            Area::Piece(field) | Area::Size(field) => {
                let own = Some(*field).filter(|field| passes(field));
                own.map(|field| target(field, 1.0, field.has_synonyms)).into_iter().collect()
            }
            Area::Weighted(area) => {
                let parts = area.parts.iter().filter(|part| passes(part.field));
                let is_own = |field: &Field| !headings::DERIVED.contains(&field.piece);
                let parts = parts.filter(|part| !self.query.own_words_only || is_own(part.field));
                let mut targets = Vec::new();
                for part in parts {
                    let one = target(part.field, part.weight as f32, part.has_synonyms);
                    targets.push(one);
                    if let Some(node) = headings::node_for(part.field.piece) {
                        targets.push(Target { node, ..one });
                    }
                }
                targets
            }
        }
    }

    /// Whether the area is an enumeration with that value.
    fn has_value(&self, value: &str) -> bool {
        let Area::Piece(field) = &self.area else { return false };
        let name = field.type_name.trim_end_matches("[]");
        field.kind == Kind::Enum && enums::values(name).contains(&value)
    }

    fn term(&self, text: &str, is_phrase: bool) -> Result<Node, QueryError> {
        match &self.area {
            Area::Size(field) => {
                let size = text.trim().parse().map_err(|_| {
                    let what = format!(
                        "`AREA[{}:size]` is compared with a number, not with `{text}`",
                        field.piece
                    );
                    QueryError::Test(what)
                })?;
                Ok(leaf(vec![target(field, 1.0, false)], Test::Size(size)))
            }
            Area::Piece(field) => match field.kind {
                Kind::Enum => {
                    let name = field.type_name.trim_end_matches("[]");
                    // A value that the model does not know may still stand in a record.
                    let value = enums::meant(name, text).unwrap_or(text.trim());
                    Ok(leaf(self.targets(|_| true), Test::Words(Terms::whole(text, value))))
                }
                Kind::Boolean => {
                    let value = match text.trim().to_lowercase().as_str() {
                        "true" | "yes" | "y" | "1" => "true",
                        "false" | "no" | "n" | "0" => "false",
                        _ => return Ok(Node::Nothing),
                    };
                    Ok(leaf(self.targets(|_| true), Test::Words(Terms::whole(text, value))))
                }
                Kind::Date | Kind::Time | Kind::Number => {
                    let value = value_of(field, text);
                    let found = value.map(|value| leaf(self.targets(|_| true), Test::Range(value)));
                    Ok(found.unwrap_or(Node::Nothing))
                }
                Kind::Struct | Kind::Text | Kind::Markup | Kind::Place => {
                    Ok(self.words(text, is_phrase))
                }
            },
            Area::Weighted(_) => Ok(self.words(text, is_phrase)),
        }
    }

    fn words(&self, text: &str, is_phrase: bool) -> Node {
        let targets = self.targets(|_| true);
        let has_synonyms = targets.iter().any(|target| target.has_synonyms);
        let text = crate::record::nct_id(text.trim()).unwrap_or_else(|| text.to_owned());
        let finds = has_synonyms && !self.query.without_synonyms;
        let terms = Terms::new(&text, is_phrase, self.expansion, self.coverage, finds);
        if terms.ways.is_empty() { Node::Nothing } else { leaf(targets, Test::Words(terms)) }
    }

    fn range(&self, low: Option<&str>, high: Option<&str>) -> Result<Node, QueryError> {
        if let Area::Size(field) = &self.area {
            return Self::range_of_sizes(field, low, high);
        }
        let is_comparable =
            |field: &Field| matches!(field.kind, Kind::Date | Kind::Time | Kind::Number);
        let targets = self.targets(is_comparable);
        let mut alternatives = Vec::new();
        for one in targets {
            let end = |text: Option<&str>, open: i64, pick: fn(Interval) -> i64| match text {
                None => Ok(open),
                Some(text) => value_of(one.field, text).map(pick).ok_or_else(|| {
                    let kind = match one.field.kind {
                        Kind::Date => "a date such as 2024-04-18",
                        Kind::Time => "an age such as `18 years`",
                        _ => "a whole number",
                    };
                    QueryError::Test(format!(
                        "`{text}` is no end for `{}`: it has to be {kind}",
                        one.field.piece
                    ))
                }),
            };
            let interval = Interval {
                low: end(low, i64::MIN, |value| value.low)?,
                high: end(high, i64::MAX, |value| value.high)?,
            };
            alternatives.push(leaf(vec![one], Test::Range(interval)));
        }
        match alternatives.len() {
            0 => Err(QueryError::Test(
                "`RANGE` needs a piece with dates, ages or numbers".to_owned(),
            )),
            1 => Ok(alternatives.remove(0)),
            _ => Ok(Node::Or(alternatives)),
        }
    }

    fn range_of_sizes(
        field: &'static Field,
        low: Option<&str>,
        high: Option<&str>,
    ) -> Result<Node, QueryError> {
        let end = |text: Option<&str>, open: u32| match text {
            None => Ok(open),
            Some(text) => text
                .parse::<u32>()
                .map_err(|_| QueryError::Test(format!("`{text}` is no length of a list"))),
        };
        let (low, high) = (end(low, 0)?, end(high, 1000)?.min(1000));
        let sizes =
            (low..=high).map(|size| leaf(vec![target(field, 1.0, false)], Test::Size(size)));
        Ok(Node::Or(sizes.collect()))
    }
}

fn value_of(field: &Field, text: &str) -> Option<Interval> {
    match field.kind {
        Kind::Date => values::date(text),
        Kind::Time => values::age(text),
        Kind::Number => values::number(text),
        _ => None,
    }
}

fn target(field: &'static Field, weight: f32, has_synonyms: bool) -> Target {
    Target { node: field.index, field, weight, has_synonyms }
}

fn leaf(targets: Vec<Target>, test: Test) -> Node {
    Node::Leaf(Box::new(Leaf { targets, test }))
}

/// An area or a piece by its name, with `:size` behind it or not.
fn area(name: &str) -> Result<Area, QueryError> {
    let (plain, is_size) = match name.rsplit_once(':') {
        Some((plain, size)) if size.eq_ignore_ascii_case("size") => (plain.trim(), true),
        _ => (name.trim(), false),
    };
    match (fields::by_piece(plain), areas::by_name(plain)) {
        (Some(field), _) if is_size => Ok(Area::Size(field)),
        (Some(field), None) => Ok(Area::Piece(field)),
        // `AREA[Condition]` is the piece, `AREA[ConditionSearch]` the area.
        (Some(field), Some(area)) if !area.name.eq_ignore_ascii_case(plain) => {
            Ok(Area::Piece(field))
        }
        (_, Some(area)) if !is_size => Ok(Area::Weighted(area)),
        _ => Err(QueryError::Area { name: name.to_owned(), near: nearest(plain) }),
    }
}

/// The name of an area or a piece that begins most like this one.
fn nearest(name: &str) -> String {
    let plain = name.to_lowercase();
    let known = areas::all().iter().map(|area| area.name);
    let known = known.chain(fields::all().iter().map(|field| field.piece));
    let alike = |other: &str| {
        let other = other.to_lowercase();
        let front = plain.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
        let back = plain.chars().rev().zip(other.chars().rev()).take_while(|(a, b)| a == b).count();
        (front + back).saturating_sub(plain.len().abs_diff(other.len()))
    };
    let best = known.max_by_key(|other| (alike(other), std::cmp::Reverse(other.len())));
    best.filter(|other| alike(other) * 2 > plain.len()).map_or(String::new(), str::to_owned)
}

/// Inside `SEARCH[Location]` only pieces of a location make sense.
fn check_in_location(node: &Node) -> Result<(), QueryError> {
    match node {
        Node::All | Node::Nothing => Ok(()),
        Node::Not(inner) | Node::Tilt(_, _, inner) | Node::Location(inner) => {
            check_in_location(inner)
        }
        Node::And(parts) | Node::Or(parts) => parts.iter().try_for_each(check_in_location),
        Node::Leaf(leaf) => {
            match leaf.targets.iter().find(|target| !is_in_location(target.field)) {
                None => Ok(()),
                Some(target) => Err(QueryError::Test(format!(
                    "`{}` is no piece of a location and cannot stand inside `SEARCH[Location]`",
                    target.field.piece
                ))),
            }
        }
    }
}

/// The weight of every node in a leaf; 0 for those that it does not test.
pub(crate) fn weights(leaf: &Leaf) -> (Vec<f32>, Vec<bool>) {
    let mut weights = vec![0.0; nodes()];
    let mut synonyms = vec![false; nodes()];
    for target in &leaf.targets {
        weights[target.node] = target.weight.max(weights[target.node]);
        synonyms[target.node] |= target.has_synonyms;
    }
    (weights, synonyms)
}
