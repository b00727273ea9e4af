//! SBML to a model and back: Level 2 Version 4 to Level 3 Version 2, core.
//!
//! Hucka et al., SBML Level 3 Version 2 Core, 2019; SBML Level 2 Version 4, 2008. Refused by name are
//! algebraic rules, fast reactions, delayed values (`delay`) and packages that change what a model
//! means. Functions are put in place where they are called, local parameters become parameters, and
//! conversion factors become part of the stoichiometry; a value that is not given is not a number.

mod document;
mod events;
mod functions;
mod math;
mod operations;
mod reactions;
mod reader;
mod symbols;
mod units;
mod write;

use crate::ir::Model;
use crate::problem::ReadProblem;

pub use write::write;

/// Reads a model from SBML. All problems are found in one pass, in the order of the text.
///
/// Texts with entities, with more than 64 MiB, or with elements nested beyond reason are refused.
pub fn read(text: &str) -> Result<Model, Vec<ReadProblem>> {
    let tree = document::parse(text).map_err(|problem| vec![problem])?;
    reader::read(&document::Source::new(text), &tree)
}
