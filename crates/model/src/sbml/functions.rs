//! Function definitions: arguments and a formula, put in place where they are called.

use roxmltree::Node;

use super::reader::{Named, Reader, child, elements};

/// A function of the text.
#[derive(Clone)]
pub(super) struct Function<'a> {
    pub(super) arguments: Vec<&'a str>,
    /// The formula; a Level 3 function may lack one until it is called.
    pub(super) body: Option<Node<'a, 'a>>,
}

impl<'a> Reader<'a> {
    /// `functionDefinition`
    pub(super) fn function(&mut self, node: Node<'a, 'a>) {
        if node.tag_name().name() != "functionDefinition" {
            return;
        }
        let Some(id) = self.required(node, "id") else { return };
        self.name(id, self.source.attribute(node, "id"), Named::Function);
        let mut lambda = child(node, "math").and_then(|math| elements(math).next());
        if lambda.is_some_and(|inner| inner.tag_name().name() == "semantics") {
            lambda = lambda.and_then(|semantics| elements(semantics).next());
        }
        let mut function = Function { arguments: Vec::new(), body: None };
        if let Some(lambda) = lambda {
            if lambda.tag_name().name() != "lambda" {
                let message = format!("the function `{id}` is not a `lambda`");
                let help = "write `<lambda><bvar><ci>x</ci></bvar> ... </lambda>`";
                self.problem(self.source.span(lambda), message, help);
            }
            self.arguments(lambda, id, &mut function);
        }
        self.functions.insert(id, function);
    }

    fn arguments(&mut self, lambda: Node<'a, 'a>, id: &str, function: &mut Function<'a>) {
        for part in elements(lambda) {
            if part.tag_name().name() != "bvar" {
                function.body = Some(part);
                continue;
            }
            let name = child(part, "ci").and_then(|ci| ci.text()).unwrap_or_default().trim();
            if name.is_empty() || function.arguments.contains(&name) {
                let message = format!("`{name}` cannot be an argument of `{id}`");
                let help = "give each argument its own new name";
                self.problem(self.source.span(part), message, help);
            }
            function.arguments.push(name);
        }
    }
}
