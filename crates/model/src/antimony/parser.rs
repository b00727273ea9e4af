//! Tokens to statements; after a problem it goes on at the next statement.

use crate::antimony::ReadProblem;
use crate::antimony::lexer::{Kind, Token, tokens};
use crate::antimony::syntax::{
    Declared, EventText, FunctionText, Named, Node, NodeKind, Statement, Text,
};
use crate::ir::{Span, Unary};

/// Words of the language that start statements which are not read here.
const NOT_READ: [&str; 8] =
    ["import", "delete", "reaction", "gene", "event", "DNA", "operator", "substanceOnly"];

/// Reads tokens one after another.
pub(crate) struct Parser {
    tokens: Vec<Token>,
    pub(crate) at: usize,
    pub(crate) nesting: usize,
    text: Text,
    problems: Vec<ReadProblem>,
    inside: Inside,
}

/// Where the next statement stands.
#[derive(PartialEq)]
enum Inside {
    /// No model has begun.
    Before,
    /// Inside `model ... end`.
    Model(Span),
    /// A model has ended.
    After,
}

/// The statements of a text, and what could not be read.
pub(crate) fn parse(text: &str) -> (Text, Vec<ReadProblem>) {
    let mut parser = Parser {
        tokens: tokens(text),
        at: 0,
        nesting: 0,
        text: Text::default(),
        problems: Vec::new(),
        inside: Inside::Before,
    };
    parser.statements();
    (parser.text, parser.problems)
}

impl Parser {
    pub(crate) fn token(&self) -> &Token {
        &self.tokens[self.at]
    }

    fn ahead(&self, count: usize) -> &Kind {
        &self.tokens[(self.at + count).min(self.tokens.len() - 1)].kind
    }

    fn word_ahead(&self, count: usize, word: &str) -> bool {
        let token = &self.tokens[(self.at + count).min(self.tokens.len() - 1)];
        token.kind == Kind::Name && token.text == word
    }

    pub(crate) fn take(&mut self, sign: &str) -> bool {
        let found = matches!(self.token().kind, Kind::Sign(s) if s == sign);
        self.at += usize::from(found);
        found
    }

    pub(crate) fn expect(&mut self, sign: &str, reason: &str) -> Result<(), ReadProblem> {
        if self.take(sign) { Ok(()) } else { Err(self.expected(&format!("`{sign}`"), reason)) }
    }

    pub(crate) fn problem_here(&self, message: String, help: &str) -> ReadProblem {
        ReadProblem { span: self.token().span, message, help: help.into() }
    }

    /// What stands here is not what should.
    pub(crate) fn expected(&self, what: &str, reason: &str) -> ReadProblem {
        let token = self.token();
        let found = match &token.kind {
            Kind::LineEnd => "the end of the line".to_owned(),
            Kind::End => "the end of the text".to_owned(),
            Kind::Broken(why) => {
                return self.problem_here(format!("`{}`: {why}", token.text), what);
            }
            _ => format!("`{}`", token.text),
        };
        let space = if reason.is_empty() { "" } else { " " };
        let help = match token.kind {
            Kind::LineEnd => "a statement ends where its line ends".to_owned(),
            Kind::Sign("=") => "`==` compares; `=` sets a value at the start".to_owned(),
            Kind::Sign("=>") => "at least is `>=`".to_owned(),
            Kind::Sign("&") => "and is `&&`".to_owned(),
            Kind::Sign("|") => "or is `||`".to_owned(),
            Kind::Sign("%") => "a remainder is not read; a comment starts with `//`".to_owned(),
            _ => format!("write {what} here"),
        };
        self.problem_here(format!("expected {what}{space}{reason}, found {found}"), &help)
    }

    fn name(&mut self, what: &str) -> Result<Named, ReadProblem> {
        if self.token().kind != Kind::Name {
            return Err(self.expected(what, ""));
        }
        let named = Named::from_token(self.token());
        self.at += 1;
        Ok(named)
    }

    fn at_statement_end(&self) -> bool {
        matches!(self.token().kind, Kind::LineEnd | Kind::End | Kind::Sign(";"))
    }

    fn skip_statement(&mut self) {
        while !self.at_statement_end() {
            self.at += 1;
        }
    }

    fn statements(&mut self) {
        loop {
            match self.token().kind {
                Kind::End => break,
                Kind::LineEnd | Kind::Sign(";") => self.at += 1,
                _ => self.one_statement(),
            }
        }
        if let Inside::Model(span) = self.inside {
            let message = "this model has no `end`".to_owned();
            let help = "close it with a line `end`".to_owned();
            self.problems.push(ReadProblem { span, message, help });
        }
    }

    fn one_statement(&mut self) {
        let start = self.at;
        self.nesting = 0;
        let result = self.statement().and_then(|()| {
            if self.at_statement_end() {
                return Ok(());
            }
            Err(self.expected("`;` or the end of the line", "after the statement"))
        });
        if let Err(problem) = result {
            self.problems.push(problem);
            if self.tokens[start].kind == Kind::Name {
                let names = self.tokens[start..=self.at].iter().filter(|t| t.kind == Kind::Name);
                self.text.unreadable.extend(names.map(|token| token.text.clone()));
            }
            if self.tokens[start].text == "function" {
                self.skip_function();
            }
            self.skip_statement();
        }
    }

    /// Goes on behind the `end` of a function that could not be read, if it has one.
    fn skip_function(&mut self) {
        let rest = self.tokens[self.at..].iter();
        let found = rest.enumerate().find_map(|(ahead, token)| match token.kind {
            Kind::Name if token.text == "end" => Some(Some(ahead + 1)),
            Kind::Sign("=" | ":=" | "'") | Kind::End => Some(None),
            _ => None,
        });
        if let Some(Some(ahead)) = found {
            self.at += ahead;
        }
    }

    fn statement(&mut self) -> Result<(), ReadProblem> {
        if self.token().kind != Kind::Name {
            return Err(self.expected("a statement", ""));
        }
        let named = Named::from_token(self.token());
        let is_word = matches!(self.ahead(1), Kind::Name | Kind::Text(_) | Kind::Sign("*"));
        match named.name.as_str() {
            "model" | "module" if is_word => self.model(),
            "function" if is_word => self.function(),
            "end" => self.end(),
            _ if self.inside == Inside::After => Err(self.problem_here(
                format!("`{}` stands after the end of the model", named.name),
                "move it before `end`; a text holds one model",
            )),
            word if NOT_READ.contains(&word) && is_word => {
                Err(self.problem_here(format!("`{word}` is not read yet"), "remove the statement"))
            }
            "unit" if is_word => self.unit(),
            "const" | "var" | "species" | "compartment" if is_word => self.declaration(),
            "at" if !matches!(self.ahead(1), Kind::Sign("=" | ":=" | "'")) => self.event(None),
            _ => self.named_statement(named),
        }
    }

    /// `model *name(exports)`
    fn model(&mut self) -> Result<(), ReadProblem> {
        if matches!(self.inside, Inside::Model(_)) {
            return Err(self.problem_here(
                "a model begins inside a model".into(),
                "close the model above with `end`; a text holds one model",
            ));
        }
        if self.inside == Inside::After || !self.text.statements.is_empty() {
            let what = if self.inside == Inside::After { "another model" } else { "statements" };
            let problem = self.problem_here(
                format!("{what} came before this model"),
                "a text holds one model: write everything between `model ...` and `end`",
            );
            // Its statements are still read, for their own problems.
            self.problems.push(problem);
        }
        self.inside = Inside::Model(self.token().span);
        self.at += 1;
        self.take("*");
        self.text.name = Some(self.name("the name of the model")?);
        if self.take("(") {
            self.text.exports = self.names()?;
        }
        Ok(())
    }

    /// Names between commas up to and with the closing parenthesis.
    fn names(&mut self) -> Result<Vec<Named>, ReadProblem> {
        let mut names = Vec::new();
        if self.take(")") {
            return Ok(names);
        }
        loop {
            names.push(self.name("a name or `)`")?);
            if self.take(")") {
                return Ok(names);
            }
            self.expect(",", "between names")?;
        }
    }

    fn end(&mut self) -> Result<(), ReadProblem> {
        if !matches!(self.inside, Inside::Model(_)) {
            return Err(self.problem_here(
                "`end` without a model to end".into(),
                "begin with `model name()` or remove this line",
            ));
        }
        self.inside = Inside::After;
        self.at += 1;
        Ok(())
    }

    /// `function name(arguments) formula end`, over several lines if need be.
    fn function(&mut self) -> Result<(), ReadProblem> {
        self.at += 1;
        let name = self.name("the name of the function")?;
        self.expect("(", "after the name of the function")?;
        let arguments = self.names()?;
        self.skip_ends();
        let body = self.formula()?;
        self.skip_ends();
        if !self.word_ahead(0, "end") {
            return Err(self.expected("`end`", "after the formula of the function"));
        }
        self.at += 1;
        self.text.functions.push(FunctionText { name, arguments, body });
        Ok(())
    }

    fn skip_ends(&mut self) {
        while matches!(self.token().kind, Kind::LineEnd | Kind::Sign(";")) {
            self.at += 1;
        }
    }

    /// `unit name = formula`
    fn unit(&mut self) -> Result<(), ReadProblem> {
        self.at += 1;
        let name = self.name("the name of the unit")?;
        self.expect("=", "after the name of the unit")?;
        let start = self.at;
        self.skip_statement();
        if start == self.at {
            return Err(self.expected("a unit such as `1e9 cells`", ""));
        }
        let tokens = self.tokens[start..self.at].to_vec();
        self.text.statements.push(Statement::Unit(name, tokens));
        Ok(())
    }

    /// `const k = 3, j;` and its like
    fn declaration(&mut self) -> Result<(), ReadProblem> {
        let mut words = Vec::new();
        while matches!(self.ahead(1), Kind::Name) {
            words.push(match self.token().text.as_str() {
                "const" => Declared::Const,
                "var" => Declared::Var,
                "species" => Declared::Species,
                "compartment" => Declared::Compartment,
                _ => break,
            });
            self.at += 1;
        }
        loop {
            let name = self.name("a name to declare")?;
            if self.word_ahead(0, "in") {
                return Err(self.problem_here(
                    "species in compartments are not read yet".into(),
                    "write amounts or concentrations without `in`",
                ));
            }
            self.text.statements.push(Statement::Declaration(words.clone(), name.clone()));
            if self.take("=") {
                self.value(name)?;
            }
            if !self.take(",") {
                return Ok(());
            }
        }
    }

    /// A statement that starts with a name of the model.
    fn named_statement(&mut self, name: Named) -> Result<(), ReadProblem> {
        self.refuse_reaction()?;
        self.at += 1;
        match self.token().kind {
            Kind::Sign("=") => {
                self.at += 1;
                return self.value(name);
            }
            Kind::Sign(":=") => {
                self.at += 1;
                let formula = self.formula()?;
                self.text.statements.push(Statement::Assignment(name, formula));
                return Ok(());
            }
            Kind::Sign("'") => {
                self.at += 1;
                self.expect("=", "after `'`")?;
                let formula = self.formula()?;
                self.text.statements.push(Statement::Rate(name, formula));
                return Ok(());
            }
            Kind::Sign(":") if self.word_ahead(1, "at") => {
                self.at += 1;
                return self.event(Some(name));
            }
            Kind::Name => {}
            _ => return Err(self.expected("`=`, `:=` or `'`", &format!("after `{}`", name.name))),
        }
        match self.token().text.as_str() {
            "has" => {
                self.at += 1;
                let unit = self.name("the name of a unit")?;
                self.text.statements.push(Statement::HasUnit(name, unit));
            }
            "is" => {
                self.at += 1;
                let Kind::Text(title) = self.token().kind.clone() else {
                    return Err(self.expected("a title between double quotes", "after `is`"));
                };
                self.at += 1;
                self.text.statements.push(Statement::Title(name, title));
            }
            "in" => {
                return Err(self.problem_here(
                    "species in compartments are not read yet".into(),
                    "write amounts or concentrations without `in`",
                ));
            }
            _ => return Err(self.expected("`=`, `:=` or `'`", &format!("after `{}`", name.name))),
        }
        Ok(())
    }

    /// A reaction gives one clear problem, and its rate none.
    fn refuse_reaction(&mut self) -> Result<(), ReadProblem> {
        let mut at = self.at;
        loop {
            match self.tokens[at].kind {
                Kind::Sign("->" | "=>") => break,
                Kind::Sign("=" | ":=" | "'" | ";") | Kind::LineEnd | Kind::End => {
                    return Ok(());
                }
                _ => at += 1,
            }
        }
        let problem = ReadProblem {
            span: self.tokens[at].span,
            message: "reactions are not read yet".into(),
            help: "write the rate of each species: `A' = -k*A`".into(),
        };
        self.skip_statement();
        let has_rate = self.token().kind == Kind::Sign(";");
        let mut ahead = self.at + usize::from(has_rate);
        while !matches!(
            self.tokens[ahead].kind,
            Kind::LineEnd | Kind::End | Kind::Sign(";" | "=" | ":=" | "'" | ":" | "->" | "=>")
        ) {
            ahead += 1;
        }
        if has_rate
            && matches!(self.tokens[ahead].kind, Kind::LineEnd | Kind::End | Kind::Sign(";"))
        {
            self.at = ahead;
        }
        Err(problem)
    }

    /// The value of `name = ...`; a number may carry a unit.
    fn value(&mut self, name: Named) -> Result<(), ReadProblem> {
        let formula = self.formula()?;
        if self.token().kind == Kind::Name && is_number(&formula) {
            let unit = self.name("the name of a unit")?;
            self.text.statements.push(Statement::HasUnit(name.clone(), unit));
        }
        self.text.statements.push(Statement::Value(name, formula));
        Ok(())
    }

    /// `name: at condition, options: assignments`, from the word `at`.
    fn event(&mut self, name: Option<Named>) -> Result<(), ReadProblem> {
        let span = name.as_ref().map_or(self.token().span, |named| named.span);
        self.at += 1;
        let trigger = self.formula()?;
        if self.word_ahead(0, "after") {
            return Err(ReadProblem {
                span: trigger.span,
                message: "an event with a delay (`after`) is not supported yet".into(),
                help: "put the delay into the condition: `at (time > start + delay)`".into(),
            });
        }
        let mut initially_true = true;
        while self.take(",") {
            if let Some(value) = self.event_option()? {
                initially_true = value;
            }
        }
        self.expect(":", "after the condition of the event")?;
        let mut assignments = Vec::new();
        loop {
            let target = self.name("a name to set")?;
            self.expect("=", "after the name that the event sets")?;
            assignments.push((target, self.formula()?));
            if !self.take(",") {
                break;
            }
        }
        let event = EventText { name, trigger, initially_true, assignments, span };
        self.text.statements.push(Statement::Event(event));
        Ok(())
    }

    /// One option of an event; the value of `t0` if it is that.
    fn event_option(&mut self) -> Result<Option<bool>, ReadProblem> {
        let option = self.name("an option of the event")?;
        self.expect("=", "after the option of the event")?;
        let not_yet = |message: String, help: &str| ReadProblem {
            span: option.span,
            message,
            help: help.into(),
        };
        if option.name == "priority" {
            return Err(not_yet(
                "an event with a priority is not supported yet".into(),
                "events at one moment run in the order of the text; remove `priority`",
            ));
        }
        if !["t0", "persistent", "fromTrigger"].contains(&option.name.as_str()) {
            return Err(not_yet(
                format!("`{}` is not an option of an event", option.name),
                "options are `t0`, `persistent` and `fromTrigger`",
            ));
        }
        let value = match (&self.token().kind, self.token().text.as_str()) {
            (Kind::Name, "true") => true,
            (Kind::Name, "false") => false,
            _ => return Err(self.expected("`true` or `false`", &format!("for `{}`", option.name))),
        };
        self.at += 1;
        if option.name == "t0" {
            return Ok(Some(value));
        }
        if value {
            return Ok(None);
        }
        Err(not_yet(
            format!("`{} = false` is not supported yet", option.name),
            "an event that has triggered runs at once, with the values of that moment",
        ))
    }
}

/// Whether a formula is a number as written, perhaps with a minus sign.
fn is_number(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Number(_) => true,
        NodeKind::Unary(Unary::Negate, inner) => matches!(inner.kind, NodeKind::Number(_)),
        _ => false,
    }
}
