//! Expressions to `MathML`.

use super::{identifier, signed_number};
use crate::ir::{Binary, Expression, ExpressionId, Model, Unary};
use crate::sbml::operations::{BINARY, COMPARISONS, JOINED, UNARY};

const SYMBOLS: &str = "http://www.sbml.org/sbml/symbols";

/// One expression.
pub(super) fn mathml(model: &Model, id: ExpressionId) -> String {
    if let Some(value) = signed_number(model, id) {
        return written_number(value);
    }
    let text = |id: &ExpressionId| mathml(model, *id);
    match &model.expressions[id.0 as usize] {
        Expression::Number(value) => written_number(*value),
        Expression::Symbol(id) => ci(&model.symbols[id.0 as usize].name),
        Expression::Time => {
            format!("<csymbol encoding=\"text\" definitionURL=\"{SYMBOLS}/time\">time</csymbol>")
        }
        Expression::RateOf(id) => {
            let name = ci(&model.symbols[id.0 as usize].name);
            format!(
                "<apply><csymbol encoding=\"text\" definitionURL=\"{SYMBOLS}/rateOf\">rateOf</csymbol>\
                 {name}</apply>"
            )
        }
        Expression::Unary(operation, x) => match operation {
            Unary::Negate => applied("minus", &[text(x)]),
            Unary::Sqrt => applied("root", &[text(x)]),
            Unary::Log10 => {
                applied("log", &["<logbase><cn> 10 </cn></logbase>".to_owned(), text(x)])
            }
            operation => {
                let known = UNARY.iter().find(|(_, known)| known == operation);
                applied(known.map_or("abs", |(name, _)| name), &[text(x)])
            }
        },
        Expression::Binary(operation, a, b) => applied(binary(*operation), &[text(a), text(b)]),
        Expression::Piecewise { cases, otherwise } => {
            let piece = |(value, condition): &(ExpressionId, ExpressionId)| {
                format!("<piece>{}{}</piece>", text(value), text(condition))
            };
            let pieces: String = cases.iter().map(piece).collect();
            let otherwise = text(otherwise);
            format!("<piecewise>{pieces}<otherwise>{otherwise}</otherwise></piecewise>")
        }
    }
}

fn ci(name: &str) -> String {
    format!("<ci> {} </ci>", identifier(name))
}

fn applied(name: &str, arguments: &[String]) -> String {
    format!("<apply><{name}/>{}</apply>", arguments.concat())
}

/// The shortest digits that read back as the same number.
fn written_number(value: f64) -> String {
    if value.is_nan() {
        return "<notanumber/>".into();
    }
    if value.is_infinite() {
        let size = "<infinity/>".to_owned();
        return if value > 0.0 { size } else { applied("minus", &[size]) };
    }
    let digits = crate::units::number(value);
    match digits.split_once('e') {
        Some((digits, exponent)) => {
            format!("<cn type=\"e-notation\"> {digits} <sep/> {exponent} </cn>")
        }
        None => format!("<cn> {digits} </cn>"),
    }
}

fn binary(operation: Binary) -> &'static str {
    let joined = JOINED.iter().map(|(name, known, _)| (*name, *known));
    let mut known = BINARY.into_iter().chain(COMPARISONS).chain(joined);
    let found = known.find(|(_, known)| *known == operation);
    found.map_or("minus", |(name, _)| name)
}
