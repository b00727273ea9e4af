//! Writes a page with every block and every figure, from made-up data, to the path given.

use std::process::ExitCode;

#[path = "sample.rs"]
mod sample;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(path), None) = (arguments.next(), arguments.next()) else {
        report("give the path of the page to write, such as gallery.html");
        return ExitCode::from(2);
    };
    let document = sample::document();
    for fault in cytotrial_report::check::document(&document) {
        report(&fault.to_string());
    }
    match std::fs::write(&path, cytotrial_report::html::render(&document)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            report(&format!("{}: {problem}", path.to_string_lossy()));
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "an example talks to its user")]
fn report(line: &str) {
    eprintln!("{line}");
}
