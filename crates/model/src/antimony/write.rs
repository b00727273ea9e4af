//! A model to Antimony text that reads back as the same model.

use std::borrow::Cow;
use std::fmt::Write;

use crate::antimony::resolve::RESERVED;
use crate::identifier::identifier;
use crate::ir::{
    Amount, Binary, Event, Expression, ExpressionId, Kind, Model, Participant, Reaction, Role,
    Symbol, SymbolId, Unary,
};
use crate::units::{self, number};

/// How tightly what was written holds together; as in reading.
const LOGICAL: u8 = 1;
const COMPARISON: u8 = 3;
const SIGN: u8 = 6;
const POWER: u8 = 7;
const OPERAND: u8 = 8;

/// Words that begin statements or stand inside them.
const WORDS: [&str; 20] = [
    "model",
    "module",
    "function",
    "end",
    "unit",
    "at",
    "after",
    "const",
    "var",
    "species",
    "compartment",
    "substanceOnly",
    "reaction",
    "delete",
    "gene",
    "event",
    "DNA",
    "operator",
    "import",
    "in",
];

/// Units that SBML itself names.
const SBML_UNITS: [&str; 14] = [
    "ampere",
    "candela",
    "dimensionless",
    "gram",
    "item",
    "joule",
    "katal",
    "kilogram",
    "litre",
    "metre",
    "mole",
    "newton",
    "pascal",
    "second",
];

/// The text of a model. Reading it gives the same model, but for the places.
///
/// Functions stay in place and units stand in base units: what was only notation is gone. A name that
/// is a word of the language gets a `_` at its end.
pub fn write(model: &Model) -> String {
    let model = &renamed(model);
    let name_of = |id: SymbolId| model.symbols[id.0 as usize].name.as_str();
    let ports: Vec<&str> = model.ports.iter().map(|id| name_of(*id)).collect();
    let mut text = format!("model *{}({})\n", identifier(&model.name), ports.join(", "));
    for (name, unit) in model.units.iter().filter(|(name, _)| !is_everywhere(model, name)) {
        line(&mut text, format_args!("unit {name} = {unit}"));
    }
    for symbol in &model.symbols {
        line(&mut text, format_args!("{}", declaration(model, symbol)));
        if let Some(unit) = &symbol.unit {
            line(&mut text, format_args!("{} has {unit}", symbol.name));
        }
        if let Some(title) = &symbol.title {
            line(&mut text, format_args!("{} is \"{title}\"", symbol.name));
        }
    }
    for (_, statement) in statements(model) {
        line(&mut text, format_args!("{statement}"));
    }
    text.push_str("end\n");
    text
}

/// The model without symbols that are called like words of the language.
fn renamed(model: &Model) -> Cow<'_, Model> {
    let is_word = |name: &str| WORDS.contains(&name) || RESERVED.contains(&name);
    if !model.symbols.iter().any(|symbol| is_word(&symbol.name)) {
        return Cow::Borrowed(model);
    }
    let mut renamed = model.clone();
    for index in 0..renamed.symbols.len() {
        let mut name = renamed.symbols[index].name.clone();
        while is_word(&name) || name != model.symbols[index].name && renamed.symbol(&name).is_some()
        {
            name.push('_');
        }
        renamed.symbols[index].name = name;
    }
    Cow::Owned(renamed)
}

/// What a symbol is.
fn declaration(model: &Model, symbol: &Symbol) -> String {
    let word = if symbol.role == Role::Constant { "const" } else { "var" };
    let name = &symbol.name;
    match symbol.kind {
        Kind::Parameter | Kind::Stoichiometry => format!("{word} {name}"),
        Kind::Compartment => format!("{word} compartment {name}"),
        Kind::Reaction => format!("reaction {name}"),
        Kind::Species(species) => {
            let amount = if species.is_amount { "substanceOnly " } else { "" };
            let sign = if species.is_boundary { "$" } else { "" };
            let room = species.compartment.map(|id| &model.symbols[id.0 as usize].name);
            let room = room.map_or_else(String::new, |room| format!(" in {room}"));
            format!("{word} {amount}species {sign}{name}{room}")
        }
    }
}

/// Whether every reader knows the unit, so that using it is enough.
fn is_everywhere(model: &Model, name: &str) -> bool {
    let is_used = || model.symbols.iter().any(|symbol| symbol.unit.as_deref() == Some(name));
    let is_unchanged = || units::parse(name).is_ok_and(|unit| unit == model.units[name]);
    SBML_UNITS.contains(&name) && is_used() && is_unchanged()
}

fn line(text: &mut String, statement: std::fmt::Arguments<'_>) {
    writeln!(text, "  {statement}").expect("a text takes any number of lines");
}

/// Values, rules and events in the order in which they were read.
fn statements(model: &Model) -> Vec<(ExpressionId, String)> {
    let mut statements = Vec::new();
    // Reactions keep their order, those without a rate too.
    let mut last = ExpressionId(0);
    for reaction in &model.reactions {
        if let Role::Assigned(rate) = model.symbols[reaction.symbol.0 as usize].role {
            last = last.max(rate);
        }
        statements.push((last, reaction_text(model, reaction)));
    }
    for symbol in model.symbols.iter().filter(|symbol| symbol.kind != Kind::Reaction) {
        let name = &symbol.name;
        if let Some(id) = symbol.initial {
            statements.push((id, format!("{name} = {}", formula(model, id))));
        }
        match symbol.role {
            Role::State(id) => statements.push((id, format!("{name}' = {}", formula(model, id)))),
            Role::Assigned(id) => {
                statements.push((id, format!("{name} := {}", formula(model, id))));
            }
            Role::Constant | Role::Variable => {}
        }
    }
    for event in &model.events {
        statements.push((event.trigger, event_text(model, event)));
    }
    statements.sort_by_key(|(id, _)| *id);
    statements
}

fn reaction_text(model: &Model, reaction: &Reaction) -> String {
    let name_of = |id: SymbolId| model.symbols[id.0 as usize].name.as_str();
    // the language knows no negative amounts: what is used up minus twice is made twice
    let side = |own: &[Participant], other: &[Participant]| {
        let negative =
            |p: &&Participant| matches!(p.amount, Amount::Number(amount) if amount < 0.0);
        let own = own.iter().filter(|participant| !negative(participant));
        let parts = own.chain(other.iter().filter(negative)).map(|participant| {
            let species = &model.symbols[participant.species.0 as usize];
            // Other readers look for the sign of a boundary here and not where the species is declared.
            let is_boundary = matches!(species.kind, Kind::Species(of) if of.is_boundary);
            let sign = if is_boundary { "$" } else { "" };
            let name = &species.name;
            match participant.amount {
                Amount::Number(-1.0 | 1.0) => format!("{sign}{name}"),
                Amount::Number(amount) => format!("{} {sign}{name}", number(amount.abs())),
                Amount::Symbol(symbol) => format!("{} {sign}{name}", name_of(symbol)),
            }
        });
        parts.collect::<Vec<_>>().join(" + ")
    };
    let arrow = if reaction.is_reversible { "->" } else { "=>" };
    let left = side(&reaction.reactants, &reaction.products);
    let right = side(&reaction.products, &reaction.reactants);
    let equation = format!("{}: {left} {arrow} {right};", name_of(reaction.symbol));
    match model.symbols[reaction.symbol.0 as usize].role {
        Role::Assigned(rate) => format!("{equation} {}", formula(model, rate)),
        _ => equation,
    }
}

fn event_text(model: &Model, event: &Event) -> String {
    let assignments: Vec<String> = event
        .assignments
        .iter()
        .map(|(id, value)| {
            format!("{} = {}", model.symbols[id.0 as usize].name, formula(model, *value))
        })
        .collect();
    let delay = event.delay.map(|delay| format!("({}) after ", formula(model, delay)));
    let priority = event.priority.map(|value| format!(", priority = {}", formula(model, value)));
    format!(
        "{}: at {}({}){}, t0={}, persistent={}, fromTrigger={}: {}",
        event.name,
        delay.unwrap_or_default(),
        formula(model, event.trigger),
        priority.unwrap_or_default(),
        event.initially_true,
        event.is_persistent,
        event.from_trigger,
        assignments.join(", ")
    )
}

/// The text of one expression.
pub fn formula(model: &Model, id: ExpressionId) -> String {
    written(model, id).0
}

/// The text and how tightly it holds together.
fn written(model: &Model, id: ExpressionId) -> (String, u8) {
    let text = |id: &ExpressionId| formula(model, *id);
    match &model.expressions[id.0 as usize] {
        Expression::Number(value) => (number(*value), OPERAND),
        Expression::Symbol(id) => (model.symbols[id.0 as usize].name.clone(), OPERAND),
        Expression::Time => ("time".into(), OPERAND),
        Expression::RateOf(id) => call("rateOf", &[model.symbols[id.0 as usize].name.clone()]),
        Expression::Unary(operation, inner) => match function(*operation) {
            Ok(name) => (format!("{name}({})", text(inner)), OPERAND),
            Err(sign) => (format!("{sign}{}", enclosed(model, *inner, POWER)), SIGN),
        },
        Expression::Binary(operation, left, right) => {
            let (sign, strength) = match operation {
                Binary::Minimum => return call("min", &[text(left), text(right)]),
                Binary::Maximum => return call("max", &[text(left), text(right)]),
                Binary::Xor => return call("xor", &[text(left), text(right)]),
                Binary::Quotient => return call("quotient", &[text(left), text(right)]),
                Binary::Remainder => return call("rem", &[text(left), text(right)]),
                Binary::Or => (" || ", LOGICAL),
                Binary::And => (" && ", LOGICAL),
                Binary::Less => (" < ", COMPARISON),
                Binary::LessOrEqual => (" <= ", COMPARISON),
                Binary::Greater => (" > ", COMPARISON),
                Binary::GreaterOrEqual => (" >= ", COMPARISON),
                Binary::Equal => (" == ", COMPARISON),
                Binary::NotEqual => (" != ", COMPARISON),
                Binary::Add => (" + ", 4),
                Binary::Subtract => (" - ", 4),
                Binary::Multiply => ("*", 5),
                Binary::Divide => ("/", 5),
                Binary::Power => ("^", POWER),
            };
            // Powers group to the right, logic and comparisons do not chain, the rest to the left.
            let groups_left = ![LOGICAL, COMPARISON, POWER].contains(&strength);
            let left = enclosed(model, *left, strength + u8::from(!groups_left));
            let right = enclosed(model, *right, strength + u8::from(strength != POWER));
            (format!("{left}{sign}{right}"), strength)
        }
        Expression::Piecewise { cases, otherwise } => {
            let mut arguments: Vec<String> = cases
                .iter()
                .flat_map(|(value, condition)| [text(value), text(condition)])
                .collect();
            arguments.push(text(otherwise));
            call("piecewise", &arguments)
        }
    }
}

fn call(name: &str, arguments: &[String]) -> (String, u8) {
    (format!("{name}({})", arguments.join(", ")), OPERAND)
}

/// The text, in parentheses unless it holds together at least so tightly.
fn enclosed(model: &Model, id: ExpressionId, at_least: u8) -> String {
    let (text, strength) = written(model, id);
    if strength >= at_least { text } else { format!("({text})") }
}

/// The name of a function, or the sign that stands for it.
fn function(operation: Unary) -> Result<&'static str, &'static str> {
    Ok(match operation {
        Unary::Negate => return Err("-"),
        Unary::Not => return Err("!"),
        Unary::Abs => "abs",
        Unary::Exp => "exp",
        Unary::Ln => "ln",
        Unary::Log10 => "log10",
        Unary::Sqrt => "sqrt",
        Unary::Floor => "floor",
        Unary::Ceiling => "ceil",
        Unary::Sin => "sin",
        Unary::Cos => "cos",
        Unary::Tan => "tan",
        Unary::Tanh => "tanh",
        Unary::Sinh => "sinh",
        Unary::Cosh => "cosh",
        Unary::Arcsin => "arcsin",
        Unary::Arccos => "arccos",
        Unary::Arctan => "arctan",
        Unary::Arcsinh => "arcsinh",
        Unary::Arccosh => "arccosh",
        Unary::Arctanh => "arctanh",
        Unary::Factorial => "factorial",
    })
}
