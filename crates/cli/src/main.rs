//! The `cytotrial` command.

mod check;
mod claims;
mod completions;
mod design;
mod doctor;
mod evaluate;
mod explain;
mod export;
mod folder;
mod interrupt;
mod model;
mod new;
mod overview;
mod progress;
mod registry;
mod report;
mod run;
mod show;
mod simulate;
mod terminal;
mod trials;
mod verify;
mod write;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A simulation asks for very many small pieces of memory from all threads at once; this allocator
/// makes it a fourteenth quicker than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Plan, simulate and evaluate early-phase trials of engineered cell therapies.
///
/// For planning and research; not a medical device. The committee decides.
#[derive(Debug, Parser)]
#[command(name = "cytotrial", version, propagate_version = true, max_term_width = 100)]
struct Arguments {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    verb: Verb,
}

/// What every verb understands.
#[derive(Debug, Clone, Copy, clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Options {
    /// Print one JSON document on stdout
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print problems and results only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Print more
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// Print without colours, as the environment variable `NO_COLOR` does
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    New(new::Arguments),
    Check(check::Arguments),
    Simulate(simulate::Arguments),
    Claims(claims::Arguments),
    Evaluate(evaluate::Arguments),
    Design(Box<design::Arguments>),
    Report(report::Arguments),
    Registry(Box<registry::Arguments>),
    Export(export::Arguments),
    Model(Box<model::Arguments>),
    Verify(verify::Arguments),
    Doctor(doctor::Arguments),
    Explain(explain::Arguments),
    Completions(completions::Arguments),
}

/// How a command ended; the numbers are part of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Fine.
    Fine = 0,
    /// Problems in the input.
    Input = 1,
    /// Wrong usage.
    Usage = 2,
    /// A failed computation, or a fault of ours.
    Failed = 3,
    /// No advice is possible yet.
    Refused = 4,
    /// A run, or the numbers of this machine, are not as they should be.
    NotReproduced = 5,
    /// Stopped by a signal; what was finished is kept.
    Stopped = 130,
}

fn main() -> ExitCode {
    quiet_readers();
    let Arguments { options, verb } = Arguments::parse();
    let exit = match verb {
        Verb::New(arguments) => new::run(&arguments, options),
        Verb::Check(arguments) => check::run(&arguments, options),
        Verb::Simulate(arguments) => simulate::run(&arguments, options),
        Verb::Claims(arguments) => claims::run(&arguments, options),
        Verb::Evaluate(arguments) => evaluate::run(&arguments, options),
        Verb::Design(arguments) => design::run(&arguments, options),
        Verb::Export(arguments) => export::run(&arguments, options),
        Verb::Report(arguments) => report::run(&arguments, options),
        Verb::Registry(arguments) => registry::run(&arguments, options),
        Verb::Model(arguments) => model::run(&arguments, options),
        Verb::Verify(arguments) => verify::run(&arguments, options),
        Verb::Doctor(arguments) => doctor::run(&arguments, options),
        Verb::Explain(arguments) => explain::run(&arguments, options),
        Verb::Completions(arguments) => completions::run(&arguments),
    };
    ExitCode::from(exit as u8)
}

/// A reader that trips over a damaged file says nothing by itself: the file's problem is told.
fn quiet_readers() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let thread = std::thread::current();
        if thread.name() != Some(cytotrial::operation::evaluate::READER_THREAD) {
            default(panic);
        }
    }));
}

/// The whole command line, for completions.
pub(crate) fn command() -> clap::Command {
    <Arguments as clap::CommandFactory>::command()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_sound() {
        super::command().debug_assert();
    }
}
