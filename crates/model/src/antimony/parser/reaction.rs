//! Reactions and instances of modules in the text.

use super::Parser;
use crate::antimony::ReadProblem;
use crate::antimony::lexer::Kind;
use crate::antimony::syntax::{Coefficient, InstanceText, Named, ReactionText, Statement, Term};

impl Parser<'_> {
    /// Whether an arrow stands in this statement before anything that no reaction has.
    pub(super) fn is_reaction(&self) -> bool {
        if self.word_ahead(0, "at") || self.word_ahead(0, "unit") {
            return false;
        }
        for (ahead, token) in self.tokens[self.at..].iter().enumerate() {
            match token.kind {
                Kind::Sign("->" | "=>") => return true,
                Kind::Name if token.text == "at" && ahead == 2 => return false,
                Kind::Name | Kind::Number(_) | Kind::Sign(":" | "+" | "$" | ".") => {}
                _ => return false,
            }
        }
        false
    }

    /// `name: 2 A + $B -> C; rate`
    pub(super) fn reaction(&mut self) -> Result<(), ReadProblem> {
        let result = self.whole_reaction();
        if result.is_err() {
            // Its rate makes no second problem.
            self.skip_statement();
            self.at += usize::from(self.token().kind == Kind::Sign(";") && self.is_rate_ahead());
        }
        result
    }

    fn whole_reaction(&mut self) -> Result<(), ReadProblem> {
        let start = self.token().span;
        let mut name = None;
        if self.token().kind == Kind::Name && *self.ahead(1) == Kind::Sign(":") {
            name = Some(self.name("the name of the reaction")?);
            self.at += 1;
        }
        let left = self.side()?;
        let is_reversible = self.take("->");
        if !is_reversible {
            self.expect("=>", "in the reaction")?;
        }
        let right = self.side()?;
        let mut rate = None;
        if self.token().kind == Kind::Sign(";") && self.is_rate_ahead() {
            self.at += 1;
            rate = Some(self.formula()?);
        }
        let span = name.as_ref().map_or(start, |name| name.span);
        let reaction =
            ReactionText { name, is_reversible, left, right, rate, conversion: None, span };
        self.push(Statement::Reaction(reaction));
        Ok(())
    }

    /// Whether a formula stands behind the `;` here, and not another statement.
    fn is_rate_ahead(&self) -> bool {
        let mut depth = 0_i32;
        for (ahead, token) in self.tokens[self.at + 1..].iter().enumerate() {
            match token.kind {
                Kind::Sign("(") => depth += 1,
                Kind::Sign(")") => depth -= 1,
                Kind::LineEnd | Kind::End | Kind::Sign(";") => return ahead > 0,
                Kind::Sign("=" | ":=" | "'" | ":" | "->" | "=>") if depth == 0 => return false,
                Kind::Text(_) => return false,
                Kind::Name if ahead == 1 && self.tokens[self.at + 1].kind == Kind::Name => {
                    return false;
                }
                _ => {}
            }
        }
        false
    }

    /// Species with their numbers between `+`; nothing at all is a side too.
    fn side(&mut self) -> Result<Vec<Term>, ReadProblem> {
        let mut terms = Vec::new();
        let ends = |parser: &Self| {
            parser.at_statement_end() || matches!(parser.token().kind, Kind::Sign("->" | "=>"))
        };
        if ends(self) {
            return Ok(terms);
        }
        loop {
            let mut amount = Coefficient::Number(1.0);
            if let Kind::Number(number) = self.token().kind {
                self.at += 1;
                amount = Coefficient::Number(number);
            }
            let mut is_boundary = self.take("$");
            let mut species = self.dotted_name("the name of a species")?;
            let follows = matches!(self.token().kind, Kind::Name | Kind::Sign("$"));
            if follows
                && !is_boundary
                && matches!(amount, Coefficient::Number(n) if n.to_bits() == 1.0_f64.to_bits())
            {
                amount = Coefficient::Name(species);
                is_boundary = self.take("$");
                species = self.dotted_name("the name of a species")?;
            }
            terms.push(Term { amount, is_boundary, species });
            if !self.take("+") {
                break;
            }
        }
        if ends(self) {
            Ok(terms)
        } else {
            Err(self.expected("`+`, `->` or `;`", "in the reaction"))
        }
    }

    /// `name: module(arguments), timeconv = ..., extentconv = ...`, from the name of the module.
    pub(super) fn instance(&mut self, name: Named) -> Result<(), ReadProblem> {
        let module = self.name("the name of a model")?;
        self.expect("(", "after the name of the model")?;
        let mut arguments = Vec::new();
        while !self.take(")") {
            if !arguments.is_empty() {
                self.expect(",", "between names")?;
            }
            arguments.push(self.dotted_name("a name or `)`")?);
        }
        let mut instance = InstanceText { name, module, arguments, time: None, extent: None };
        while self.take(",") {
            let option = self.name("`timeconv` or `extentconv`")?;
            self.expect("=", "after the option of the instance")?;
            let value = Some(self.formula()?);
            match option.name.as_str() {
                "timeconv" => instance.time = value,
                "extentconv" => instance.extent = value,
                _ => {
                    let message = format!("`{}` is not an option of an instance", option.name);
                    let help = "options are `timeconv` and `extentconv`".into();
                    return Err(ReadProblem { span: option.span, message, help });
                }
            }
        }
        self.push(Statement::Instance(instance));
        Ok(())
    }
}
