//! Tokens to statements; after a problem it goes on at the next statement.

mod event;
mod reaction;

use crate::antimony::ReadProblem;
use crate::antimony::lexer::{Kind, Token, tokens};
use crate::antimony::syntax::{
    Declared, FunctionText, ModelText, Named, Node, NodeKind, Statement, Text,
};
use crate::ir::{Span, Unary};

/// Words of the language that start statements which are not read here.
const NOT_READ: [&str; 5] = ["delete", "gene", "event", "DNA", "operator"];
/// What is said of a symbol behind a point and does not change the model.
const REMARKS: [&str; 4] = ["sboTerm", "charge", "chemicalFormula", "layout"];
/// Words between a name and texts that say what it is; they do not change the model.
const ANNOTATIONS: [&str; 24] = [
    "identity",
    "biological_entity_is",
    "part",
    "parthood",
    "hasPart",
    "partOf",
    "isPartOf",
    "version",
    "isVersionOf",
    "hasVersion",
    "versionOf",
    "homolog",
    "isHomologTo",
    "description",
    "isDescribedBy",
    "encoder",
    "isEncodedBy",
    "encodes",
    "encodement",
    "hasTaxon",
    "taxon",
    "property",
    "hasProperty",
    "notes",
];

/// Reads tokens one after another.
pub(crate) struct Parser<'a> {
    tokens: Vec<Token>,
    pub(crate) at: usize,
    pub(crate) nesting: usize,
    text: Text,
    problems: Vec<ReadProblem>,
    /// Where the model began that the next statement stands in.
    inside: Option<Span>,
    files: &'a dyn Fn(&str) -> Option<String>,
    /// How many imports lead here.
    imports: usize,
}

/// Longer chains of imports are refused.
const MAX_IMPORTS: usize = 20;

/// The statements of a text, and what could not be read. `files` gives the texts of imports.
pub(crate) fn parse(
    text: &str,
    files: &dyn Fn(&str) -> Option<String>,
    imports: usize,
) -> (Text, Vec<ReadProblem>) {
    let mut parser = Parser {
        tokens: tokens(text),
        at: 0,
        nesting: 0,
        text: Text { models: vec![ModelText::default()], ..Text::default() },
        problems: Vec::new(),
        inside: None,
        files,
        imports,
    };
    parser.statements();
    (parser.text, parser.problems)
}

impl Parser<'_> {
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

    /// A name, or names of instances and a name between points.
    pub(crate) fn dotted_name(&mut self, what: &str) -> Result<Named, ReadProblem> {
        let mut named = self.name(what)?;
        while self.token().kind == Kind::Sign(".") && *self.ahead(1) == Kind::Name {
            self.at += 1;
            let part = self.name(what)?;
            named.name = format!("{}.{}", named.name, part.name);
            named.span.length = part.span.column + part.span.length - named.span.column;
        }
        Ok(named)
    }

    fn push(&mut self, statement: Statement) {
        let place = if self.inside.is_some() {
            self.text.models.last_mut()
        } else {
            self.text.models.first_mut()
        };
        place.expect("what stands outside is always there").statements.push(statement);
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
        if let Some(span) = self.inside {
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
        if self.is_reaction() {
            return self.reaction();
        }
        if self.token().kind != Kind::Name {
            return Err(self.expected("a statement", ""));
        }
        let named = Named::from_token(self.token());
        let is_word = matches!(self.ahead(1), Kind::Name | Kind::Text(_) | Kind::Sign("*"));
        match named.name.as_str() {
            "model" | "module" if is_word => self.model(),
            "function" if is_word => self.function(),
            "end" => self.end(),
            word if NOT_READ.contains(&word) && is_word => {
                Err(self.problem_here(format!("`{word}` is not read yet"), "remove the statement"))
            }
            "unit" if is_word => self.unit(),
            "import" if is_word => self.import(),
            "const" | "var" | "species" | "compartment" | "substanceOnly" | "reaction"
                if is_word || *self.ahead(1) == Kind::Sign("$") =>
            {
                self.declaration()
            }
            "at" if !matches!(self.ahead(1), Kind::Sign("=" | ":=" | "'")) => self.event(None),
            _ => self.named_statement(),
        }
    }

    /// `model *name(exports)`
    fn model(&mut self) -> Result<(), ReadProblem> {
        if self.inside.is_some() {
            return Err(self.problem_here(
                "a model begins inside a model".into(),
                "close the model above with `end`",
            ));
        }
        self.inside = Some(self.token().span);
        self.text.models.push(ModelText::default());
        self.at += 1;
        let is_main = self.take("*");
        let name = self.name("the name of the model")?;
        let exports = if self.take("(") { self.names()? } else { Vec::new() };
        let model = self.text.models.last_mut().expect("it was just added");
        *model = ModelText { name: Some(name), is_main, exports, statements: Vec::new() };
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
        if self.inside.is_none() {
            return Err(self.problem_here(
                "`end` without a model to end".into(),
                "begin with `model name()` or remove this line",
            ));
        }
        self.inside = None;
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
        self.push(Statement::Unit(name, tokens));
        Ok(())
    }

    /// `const k = 3, j;` and its like
    fn declaration(&mut self) -> Result<(), ReadProblem> {
        let mut words = Vec::new();
        while matches!(self.ahead(1), Kind::Name | Kind::Sign("$")) {
            words.push(match self.token().text.as_str() {
                "const" => Declared::Const,
                "var" => Declared::Var,
                "species" => Declared::Species,
                "compartment" => Declared::Compartment,
                "substanceOnly" => Declared::SubstanceOnly,
                "reaction" => Declared::Reaction,
                _ => break,
            });
            self.at += 1;
        }
        loop {
            let is_boundary = self.take("$");
            let name = self.dotted_name("a name to declare")?;
            self.push(Statement::Declaration(words.clone(), name.clone(), is_boundary));
            if self.word_ahead(0, "in") {
                self.at += 1;
                let room = self.dotted_name("the name of a compartment")?;
                self.push(Statement::In(name.clone(), room));
            }
            if self.take("=") {
                self.value(name)?;
            }
            if !self.take(",") {
                return Ok(());
            }
        }
    }

    /// A statement that starts with a name of the model.
    fn named_statement(&mut self) -> Result<(), ReadProblem> {
        let name = self.dotted_name("a statement")?;
        match self.token().kind {
            Kind::Sign("=") => {
                self.at += 1;
                return match name.name.rsplit_once('.') {
                    Some((of, "conversionFactor")) => self.conversion(of, name.span),
                    Some((_, remark)) if REMARKS.contains(&remark) => {
                        self.skip_statement();
                        Ok(())
                    }
                    _ => self.value(name),
                };
            }
            Kind::Sign(":=") => {
                self.at += 1;
                let formula = self.formula()?;
                self.push(Statement::Assignment(name, formula));
                return Ok(());
            }
            Kind::Sign("'") => {
                self.at += 1;
                self.expect("=", "after `'`")?;
                let formula = self.formula()?;
                self.push(Statement::Rate(name, formula));
                return Ok(());
            }
            Kind::Sign(":") if self.word_ahead(1, "at") => {
                self.at += 1;
                return self.event(Some(name));
            }
            Kind::Sign(":")
                if *self.ahead(1) == Kind::Name && *self.ahead(2) == Kind::Sign("(") =>
            {
                self.at += 1;
                return self.instance(name);
            }
            Kind::Name => {}
            _ => return Err(self.expected("`=`, `:=` or `'`", &format!("after `{}`", name.name))),
        }
        self.said_in_words(name)
    }

    /// `x has unit`, `x is "title"`, `x is y`, `x in room`, `x identity "address"`
    fn said_in_words(&mut self, name: Named) -> Result<(), ReadProblem> {
        match self.token().text.as_str() {
            "has" => {
                self.at += 1;
                let unit = self.name("the name of a unit")?;
                self.push(Statement::HasUnit(name, unit));
            }
            "is" => {
                self.at += 1;
                if let Kind::Text(title) = self.token().kind.clone() {
                    self.at += 1;
                    self.push(Statement::Title(name, title));
                } else if self.token().kind == Kind::Name {
                    let other = self.dotted_name("a name")?;
                    self.push(Statement::Same(name, other));
                } else {
                    return Err(self.expected("a title between double quotes", "after `is`"));
                }
            }
            "in" => {
                self.at += 1;
                let room = self.dotted_name("the name of a compartment")?;
                self.push(Statement::In(name, room));
            }
            word if ANNOTATIONS.contains(&word) && matches!(self.ahead(1), Kind::Text(_)) => {
                self.at += 1;
                while matches!(self.token().kind, Kind::Text(_)) {
                    self.at += 1;
                    if !self.take(",") {
                        break;
                    }
                    self.skip_ends();
                }
            }
            _ => return Err(self.expected("`=`, `:=` or `'`", &format!("after `{}`", name.name))),
        }
        Ok(())
    }

    /// `import "file"`: its models, functions and statements come first.
    fn import(&mut self) -> Result<(), ReadProblem> {
        self.at += 1;
        let Kind::Text(file) = self.token().kind.clone() else {
            return Err(self.expected("the name of a file between double quotes", "after `import`"));
        };
        if self.imports >= MAX_IMPORTS {
            let message = format!("more than {MAX_IMPORTS} files import one another");
            return Err(self.problem_here(message, "a file may not import itself"));
        }
        let Some(text) = (self.files)(&file) else {
            let message = format!("there is no file `{file}` to import");
            return Err(self.problem_here(message, "put it beside this file, or correct the name"));
        };
        let span = self.token().span;
        self.at += 1;
        let (text, problems) = parse(&text, self.files, self.imports + 1);
        self.problems.extend(problems.into_iter().map(|problem| ReadProblem {
            span,
            message: format!("in `{file}`: {problem}"),
            help: problem.help,
        }));
        let mut models = text.models.into_iter();
        let outside = models.next().unwrap_or_default();
        self.text.models[0].statements.extend(outside.statements);
        let before =
            if self.inside.is_some() { self.text.models.len() - 1 } else { self.text.models.len() };
        let models = models.map(|model| ModelText { is_main: false, ..model });
        self.text.models.splice(before..before, models);
        self.text.functions.extend(text.functions);
        self.text.unreadable.extend(text.unreadable);
        Ok(())
    }

    /// The constant of `species.conversionFactor = constant`, or of `model.conversionFactor`.
    fn conversion(&mut self, of: &str, span: Span) -> Result<(), ReadProblem> {
        let factor = self.dotted_name("the name of a constant")?;
        let of = (of != "model").then(|| Named { name: of.to_owned(), span });
        self.push(Statement::Conversion(of, factor));
        Ok(())
    }

    /// The value of `name = ...`; a number may carry a unit.
    fn value(&mut self, name: Named) -> Result<(), ReadProblem> {
        let formula = self.formula()?;
        if self.token().kind == Kind::Name && is_number(&formula) {
            let unit = self.name("the name of a unit")?;
            self.push(Statement::HasUnit(name.clone(), unit));
        }
        self.push(Statement::Value(name, formula));
        Ok(())
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
