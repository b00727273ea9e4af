//! `cytotrial new`: a trial folder from a registry record.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::{fs, io};

use cytotrial::operation::new::{Answer, From, Request, run as make};
use cytotrial::problem::Problem;

use crate::terminal::{refuse, say, say_json, tell};
use crate::{Exit, Options, show, write};

/// Make a trial folder from a registry record, every value with its source
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The folder to make
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// A bundled record (NCT06379451), a record as a JSON file, or - for one on stdin
    #[arg(long, value_name = "NCT|FILE.json")]
    from: String,
    /// Write into a folder that is not empty, over files of the same name
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(arguments: &Arguments, options: Options) -> Exit {
    let Arguments { folder, from, force } = arguments;
    let shown = folder.display();
    if folder.is_file() {
        return refuse(Exit::Usage, &format!("`{shown}` is a file"), "name a folder to make");
    }
    let occupied = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if occupied && !force {
        let help = "choose another folder, or `--force` to write over files of the same name";
        return refuse(Exit::Usage, &format!("`{shown}` is not empty"), help);
    }
    let answer = source(from).and_then(|from| make(&Request { from }));
    let answer = match answer {
        Ok(answer) => answer,
        Err(problems) => {
            show::problems(&problems, None, options);
            show::json(&problems, options);
            return Exit::Input;
        }
    };
    if let Err(error) = written(folder, &answer) {
        let message = format!("`{shown}` cannot be written: {error}");
        return refuse(Exit::Failed, &message, "choose a folder that you may write to");
    }
    let names: Vec<&String> = answer.files.keys().collect();
    if options.json {
        say_json(&serde_json::json!({
            "trial": answer.trial, "folder": folder, "files": names, "notes": answer.notes,
        }));
        return Exit::Fine;
    }
    for note in &answer.notes {
        tell(&format!("note: {note}"));
    }
    if !options.quiet {
        for name in names {
            say(&format!("{}\n", folder.join(name).display()));
        }
        tell(&format!("`cytotrial check {shown}` says what is stated, assumed and missing"));
    }
    Exit::Fine
}

fn source(from: &str) -> Result<From, Vec<Problem>> {
    let unreadable = |error: io::Error| {
        let message = format!("`{from}` cannot be read: {error}");
        let help = "name a bundled record or a record as a JSON file";
        vec![Problem::error("F102", "", "", message, help)]
    };
    if from == "-" {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map_err(unreadable)?;
        return Ok(From::Record { text, file: "stdin".to_owned() });
    }
    let is_path = Path::new(from).exists() || from.contains(['/', '\\', '.']);
    if is_path {
        let text = fs::read_to_string(from).map_err(unreadable)?;
        return Ok(From::Record { text, file: from.to_owned() });
    }
    Ok(From::Bundled(from.to_owned()))
}

fn written(folder: &Path, answer: &Answer) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (name, text) in &answer.files {
        write::whole(&folder.join(name), text.as_bytes())?;
    }
    Ok(())
}
