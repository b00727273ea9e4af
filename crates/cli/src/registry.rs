//! `cytotrial registry`: trial records on one's own disk, imported, searched, served, compared.

use clap::Subcommand;

use crate::{Exit, Options};

mod diff;
mod export;
mod import;
mod list;
mod search;
mod serve;
mod store;

/// Import, search, serve and compare trial records
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Import(import::Arguments),
    List(list::Arguments),
    Search(Box<search::Arguments>),
    Export(Box<export::Arguments>),
    Serve(serve::Arguments),
    Diff(diff::Arguments),
}

pub(crate) fn run(arguments: &Arguments, options: Options) -> Exit {
    match &arguments.verb {
        Verb::Import(arguments) => import::run(arguments, options),
        Verb::List(arguments) => list::run(arguments, options),
        Verb::Search(arguments) => search::run(arguments, options),
        Verb::Export(arguments) => export::run(arguments, options),
        Verb::Serve(arguments) => serve::run(arguments, options),
        Verb::Diff(arguments) => diff::run(arguments, options),
    }
}
