//! `cytotrial completions`: what a shell needs to complete the command line.

use clap_complete::Shell;

use crate::Exit;
use crate::terminal::say;

/// Print completions for a shell
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut crate::command(), "cytotrial", &mut script);
    say(&String::from_utf8_lossy(&script));
    Exit::Fine
}
