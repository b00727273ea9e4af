//! The options of `cytotrial design`: settings, patients, truths, and where the answer goes.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use cytotrial::operation::design::scenario::Scenario;
use cytotrial::operation::design::simulate::{Accrual, Calendar, How, Waiting};
use cytotrial::operation::design::{Ask, Data};
use cytotrial::problem::Problem;
use cytotrial::protocol::files::Files;

use super::Stop;
use crate::folder::{Folder, help_for};
use crate::terminal::{refuse, say, tell};
use crate::{Exit, Options, evaluate, write};

/// The texts that problems may be in.
#[derive(Debug, Clone, Default)]
pub(super) struct Texts(BTreeMap<String, String>);

impl Texts {
    /// The texts of a trial folder, by the names that its problems have.
    pub(super) fn of(folder: &Folder) -> Self {
        Self(folder.files.texts.clone())
    }

    /// As a folder, in which problems are shown.
    pub(super) fn folder(self) -> Folder {
        Folder { path: PathBuf::new(), files: Files { texts: self.0, ..Files::default() } }
    }

    /// Reads a file, or stdin for `-`.
    fn read(&mut self, path: &Path) -> Result<(String, String), Stop> {
        let shown = path.display().to_string();
        let found = if shown == "-" {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map(|_| text)
        } else {
            fs::read_to_string(path)
        };
        match found {
            Ok(text) => {
                self.0.insert(shown.clone(), text.clone());
                Ok((shown, text))
            }
            Err(error) => {
                let (code, message, help) = if path.exists() {
                    let message = format!("`{shown}` cannot be read: {error}");
                    ("F102", message, "it must be a text in UTF-8 that you may read".to_owned())
                } else {
                    ("F101", format!("there is no `{shown}`"), help_for(path))
                };
                let problem = Problem::error(code, shown, "", message, help);
                Err(Stop::Problems(vec![problem], self.clone()))
            }
        }
    }
}

fn usage(code: &'static str, message: String, help: &str) -> Stop {
    Stop::Problems(vec![Problem::error(code, "", "", message, help)], Texts::default())
}

/// One design with its settings.
#[derive(Debug, clap::Args)]
pub(super) struct Single {
    /// The design, such as boin; that of the file unless given
    #[arg(value_name = "DESIGN")]
    method: Option<String>,
    #[command(flatten)]
    settings: Settings,
}

impl Single {
    pub(super) fn ask(&self, texts: &mut Texts) -> Result<Ask, Stop> {
        self.settings.ask(self.method.clone(), texts)
    }
}

/// Settings of designs, and the plan around them.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Settings")]
pub(super) struct Settings {
    /// File with a [dose-finding] table: a design.toml, or a trial.toml or its folder
    #[arg(long, visible_alias = "settings", value_name = "FILE")]
    protocol: Option<PathBuf>,
    /// DLT rate aimed at, such as 0.30
    #[arg(long, value_name = "RATE", allow_negative_numbers = true, value_parser = rate)]
    target: Option<f64>,
    /// Highest tolerable DLT rate, for designs that look at responses
    #[arg(long, value_name = "RATE", allow_negative_numbers = true, value_parser = rate)]
    toxicity_limit: Option<f64>,
    /// Lowest acceptable response rate, for designs that look at responses
    #[arg(long, value_name = "RATE", allow_negative_numbers = true, value_parser = rate)]
    response_limit: Option<f64>,
    /// Guesses of the DLT rate at every level, separated by commas
    #[arg(long, value_name = "RATES", allow_hyphen_values = true)]
    skeleton: Option<String>,
    /// A decision table with commas, for the design `custom`
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
    /// Any other setting; `cytotrial design describe DESIGN` lists all of them
    #[arg(long, value_name = "KEY=VALUE", allow_hyphen_values = true)]
    set: Vec<String>,
    /// Number of dose levels
    #[arg(long, value_name = "N")]
    levels: Option<usize>,
    /// Patients per cohort; 3 unless given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    cohort: Option<u32>,
    /// Patients at most; 30 unless given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    max_patients: Option<u32>,
    /// Level of the first cohort, from 1
    #[arg(long, value_name = "LEVEL")]
    start: Option<usize>,
}

impl Settings {
    pub(super) fn ask(&self, method: Option<String>, texts: &mut Texts) -> Result<Ask, Stop> {
        let mut settings = toml::Table::new();
        let rates = [
            ("target", self.target),
            ("toxicity-limit", self.toxicity_limit),
            ("response-limit", self.response_limit),
        ];
        for (key, rate) in rates {
            if let Some(rate) = rate {
                settings.insert(key.to_owned(), toml::Value::Float(rate));
            }
        }
        if let Some(skeleton) = &self.skeleton {
            settings.insert("skeleton".to_owned(), value(&format!("[{skeleton}]")));
        }
        let mut table_file = None;
        if let Some(path) = &self.table {
            let (name, text) = texts.read(path)?;
            settings.insert("table".to_owned(), toml::Value::String(text));
            table_file = Some(name);
        }
        for set in &self.set {
            let Some((key, text)) = set.split_once('=') else {
                let message = format!("`--set {set}` has no `=`");
                return Err(usage("K102", message, "write it like `--set elimination=0.9`"));
            };
            settings.insert(key.trim().to_owned(), value(text.trim()));
        }
        let file = match &self.protocol {
            None => None,
            Some(path) if path.is_dir() => Some(texts.read(&path.join("trial.toml"))?),
            Some(path) => Some(texts.read(path)?),
        };
        Ok(Ask {
            method,
            file,
            settings,
            table_file,
            cohort: self.cohort,
            max_patients: self.max_patients,
            levels: self.levels,
            start: self.start,
        })
    }
}

/// A value as TOML; what is none is taken as text, and numbers with commas as a list.
fn value(text: &str) -> toml::Value {
    let read = |text: &str| toml::from_str::<toml::Table>(&format!("value = {text}")).ok();
    let found = read(text)
        .or_else(|| text.contains(',').then(|| read(&format!("[{text}]"))).flatten())
        .and_then(|mut table| table.remove("value"));
    found.unwrap_or_else(|| toml::Value::String(text.to_owned()))
}

/// What is known of the treated patients.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Patients")]
pub(super) struct Patients {
    /// DLTs/evaluable patients of every level, lowest first, such as 0/3,1/3,0/0
    #[arg(long, value_name = "COUNTS", allow_hyphen_values = true)]
    counts: Option<String>,
    /// Level of the last treated patients, from 1
    #[arg(long, value_name = "LEVEL")]
    level: Option<usize>,
    /// Patients of every level in the DLT window, such as 0,2,0
    #[arg(long, value_name = "COUNTS", allow_hyphen_values = true)]
    pending: Option<String>,
    /// Evaluable patients of every level with a response
    #[arg(long, value_name = "COUNTS", allow_hyphen_values = true)]
    responses: Option<String>,
    /// Evaluable patients of every level with a response and a DLT
    #[arg(long, value_name = "COUNTS", allow_hyphen_values = true)]
    responses_with_dlt: Option<String>,
    /// Evaluable patients of every level with a deep response, such as complete
    #[arg(long, value_name = "COUNTS", allow_hyphen_values = true)]
    deep_responses: Option<String>,
    /// Observed share of the window of every pending patient, such as 2:0.5,2:0.25
    #[arg(long, value_name = "LEVEL:SHARE", allow_hyphen_values = true)]
    follow_up: Option<String>,
    /// DLTs/evaluable patients of the last cohort alone
    #[arg(long, value_name = "COUNT", allow_hyphen_values = true)]
    last_cohort: Option<String>,
    /// Table with commas, one row per level or per patient; or a folder of patient-level data, which
    /// is evaluated by the protocol
    #[arg(long, value_name = "FILE", conflicts_with = "counts")]
    data: Option<PathBuf>,
    /// Day of the data cut of a folder of patient-level data, such as 2024-05-17
    #[arg(long, value_name = "DATE")]
    cutoff: Option<String>,
    /// DLT window in days, for a table that counts days
    #[arg(long, value_name = "DAYS")]
    window_days: Option<f64>,
}

impl Patients {
    /// The counts; `single` names the protocol by which a folder of data is evaluated.
    pub(super) fn data(
        &self,
        single: &Single,
        texts: &mut Texts,
        options: Options,
    ) -> Result<Data, Stop> {
        let table = match self.data.as_deref() {
            None if self.cutoff.is_some() => {
                let message = "`--cutoff` needs a folder of patient-level data".to_owned();
                return Err(usage("K102", message, "name the folder with `--data DIR`"));
            }
            None => None,
            Some(path) if path.is_dir() => {
                Some(evaluated(path, self.cutoff.as_deref(), single, texts, options)?)
            }
            Some(path) if self.cutoff.is_some() => {
                let message =
                    format!("`--cutoff` needs dates, and `{}` is a table", path.display());
                let help = "a data cut is of a folder of patient-level data";
                return Err(usage("K102", message, help));
            }
            Some(path) => Some(texts.read(path)?),
        };
        Ok(Data {
            counts: self.counts.clone(),
            pending: self.pending.clone(),
            responses: self.responses.clone(),
            responses_with_dlt: self.responses_with_dlt.clone(),
            deep_responses: self.deep_responses.clone(),
            follow_up: self.follow_up.clone(),
            last_cohort: self.last_cohort.clone(),
            level: self.level,
            table,
            window_days: self.window_days,
        })
    }
}

/// A table of patients from a folder of data, judged by the protocol.
fn evaluated(
    path: &Path,
    cutoff: Option<&str>,
    single: &Single,
    texts: &mut Texts,
    options: Options,
) -> Result<(String, String), Stop> {
    let Some(protocol) = &single.settings.protocol else {
        let message = format!("`{}` is a folder of data, judged by a protocol", path.display());
        return Err(usage("K102", message, "name the trial with `--protocol FILE`"));
    };
    let found = evaluate::for_doses(path, protocol, cutoff, options).map_err(Stop::Told)?;
    for note in found.left_out {
        tell(&format!("note: {note}"));
    }
    let name = path.display().to_string();
    texts.0.insert(name.clone(), found.text.clone());
    Ok((name, found.text))
}

/// What is taken to be true.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Truth")]
pub(super) struct Truths {
    /// DLT rate of every level, such as 0.05,0.15,0.30; again for another scenario
    #[arg(long, value_name = "RATES", allow_hyphen_values = true)]
    toxicity: Vec<String>,
    /// Response rate of every level; one list per --toxicity, or one for all of them
    #[arg(long, value_name = "RATES", allow_hyphen_values = true)]
    response: Vec<String>,
    /// Rate of deep responses of every level, which are among the responses; lists as for --response
    #[arg(long, value_name = "RATES", allow_hyphen_values = true)]
    deep_response: Vec<String>,
    /// Odds ratio between DLT and response in a patient; 1 is independence
    #[arg(long, value_name = "RATIO", default_value_t = 1.0, allow_negative_numbers = true)]
    odds_ratio: f64,
    /// What a scenario is called; as many as there are --toxicity
    #[arg(long, value_name = "NAME")]
    name: Vec<String>,
}

impl Truths {
    pub(super) fn scenarios(&self) -> Result<Vec<Scenario>, Stop> {
        let truths = self.toxicity.len();
        let lists = [("--response", &self.response), ("--deep-response", &self.deep_response)];
        for (option, lists) in lists {
            if lists.len() > 1 && lists.len() != truths {
                let message = format!("{truths} `--toxicity` and {} `{option}`", lists.len());
                let help = "give every scenario its list, or one list for all of them";
                return Err(usage("D107", message, help));
            }
        }
        if !self.name.is_empty() && self.name.len() != truths {
            let message = format!("{truths} `--toxicity` and {} `--name`", self.name.len());
            return Err(usage("D107", message, "give every scenario a name, or none"));
        }
        let mut scenarios = Vec::new();
        for (at, toxicity) in self.toxicity.iter().enumerate() {
            let of = |(option, lists): (&str, &Vec<String>)| {
                let only = lists.first().filter(|_| lists.len() == 1);
                let text = lists.get(at).or(only);
                text.map_or(Ok(Vec::new()), |text| rates(option, text))
            };
            let (response, deep_response) = (of(lists[0])?, of(lists[1])?);
            let name = self.name.get(at).cloned().unwrap_or_else(|| (at + 1).to_string());
            let toxicity = rates("--toxicity", toxicity)?;
            let typed = Scenario::typed(&name, &toxicity, &response, self.odds_ratio);
            scenarios.push(Scenario { deep_response, ..typed });
        }
        Ok(scenarios)
    }
}

fn rates(option: &str, text: &str) -> Result<Vec<f64>, Stop> {
    if text.trim().is_empty() {
        let help = "write one rate per level, separated by commas, such as 0.05,0.15,0.30";
        return Err(usage("D107", format!("`{option}` is empty"), help));
    }
    let rate = |part: &str| {
        part.trim().parse::<f64>().map_err(|_| {
            let message = format!("`{option}`: `{part}` is not a number");
            let help = if part.contains('%') {
                "a rate lies between 0 and 1: 5 % is written 0.05"
            } else {
                "write one rate per level, separated by commas"
            };
            usage("D107", message, help)
        })
    };
    text.split(',').map(rate).collect()
}

/// A rate as a person types it.
fn rate(text: &str) -> Result<f64, String> {
    text.trim().parse().map_err(|_| {
        let percent =
            text.trim().strip_suffix('%').and_then(|part| part.trim().parse::<f64>().ok());
        match percent {
            Some(percent) => format!("a rate lies between 0 and 1: {}?", percent / 100.0),
            None if text.trim().is_empty() => "it is empty; write a rate such as 0.30".to_owned(),
            None => "it is not a number; write a rate such as 0.30, with a point".to_owned(),
        }
    })
}

/// How characteristics are found.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Simulation")]
pub(super) struct Course {
    /// Enumerate everything that can happen instead of simulating
    #[arg(long, conflicts_with_all = ["trials", "seed", "window", "between_arrivals"])]
    exact: bool,
    /// Simulated trials
    #[arg(long, value_name = "N", default_value_t = 10_000,
          value_parser = clap::value_parser!(u32).range(1..=16_000_000))]
    trials: u32,
    /// Seed of every draw; 1 unless given, that of the folder with --trial
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// Threads; results do not depend on their number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) threads: Option<u16>,
    /// DLT window: simulates calendar time, in any one unit
    #[arg(long, value_name = "TIME", requires = "between_arrivals")]
    window: Option<f64>,
    /// Mean time between two patients who come
    #[arg(long, value_name = "TIME", requires = "window")]
    between_arrivals: Option<f64>,
    /// Time after which a response is scored; the DLT window unless given
    #[arg(long, value_name = "TIME", requires = "window")]
    response_window: Option<f64>,
    /// Least time between two patients of a cohort
    #[arg(long, value_name = "TIME", requires = "window", default_value_t = 0.0)]
    stagger: f64,
    /// Share of the DLTs in the first half of the window
    #[arg(long, value_name = "SHARE", requires = "window", default_value_t = 0.5)]
    early: f64,
    /// Arrivals at exponential times; uniform unless given
    #[arg(long, requires = "window")]
    poisson: bool,
    /// Who cannot be enrolled waits; turned away unless given
    #[arg(long, requires = "window")]
    queue: bool,
}

impl Course {
    pub(super) fn how(&self) -> Result<How, Problem> {
        if self.exact {
            return Ok(How::Exact);
        }
        let times = [self.window, self.between_arrivals, self.response_window];
        let is_positive = |time: &f64| *time > 0.0 && time.is_finite();
        let wrong = times.into_iter().flatten().find(|time| !is_positive(time));
        let stagger = Some(self.stagger).filter(|time| *time < 0.0 || !time.is_finite());
        if let Some(time) = wrong.or(stagger) {
            let message = format!("a time of {time}");
            return Err(Problem::error("D110", "", "", message, "times are above zero"));
        }
        if !(0.0..1.0).contains(&self.early) || self.early <= 0.0 {
            let message = format!("`--early` is {}", self.early);
            let help = "it is a share above 0 and below 1";
            return Err(Problem::error("D110", "", "", message, help));
        }
        let calendar = self.window.zip(self.between_arrivals).map(|(window, between)| Calendar {
            response_window: self.response_window.unwrap_or(window),
            accrual: if self.poisson { Accrual::Poisson } else { Accrual::Uniform },
            waiting: if self.queue { Waiting::Queued } else { Waiting::TurnedAway },
            stagger: self.stagger,
            early: self.early,
            ..Calendar::new(window, between)
        });
        Ok(How::Simulated { seed: self.seed.unwrap_or(1), trials: self.trials, calendar })
    }
}

/// A design in the conduct of a trial.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Conduct of a trial")]
pub(super) struct Conduct {
    /// Trial folder: the model's truth, staggering and open windows instead of a list of rates
    #[arg(long, value_name = "PATH", conflicts_with_all = ["toxicity", "response", "protocol",
          "exact", "trials", "window", "between_arrivals", "levels", "start"])]
    pub(super) trial: Option<PathBuf>,
    /// The arm; the first that escalates unless given
    #[arg(long, value_name = "ARM", requires = "trial")]
    pub(super) arm: Option<String>,
    /// Whole virtual trials
    #[arg(long, value_name = "N", default_value_t = 100,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) replicates: u32,
}

/// The shape of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Shape {
    /// For people.
    Text,
    /// A table with commas.
    Csv,
    /// One document.
    Json,
}

/// Where an answer goes.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Answer")]
pub(super) struct Output {
    /// Shape; by the ending of FILE unless given, otherwise text
    #[arg(long, value_enum, value_name = "SHAPE")]
    format: Option<Shape>,
    /// Write to a file; stdout unless given
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long, requires = "out")]
    force: bool,
}

impl Output {
    /// Prints or writes what `made` makes in the shape that was asked for; it may say that it has no
    /// such shape, and what it is instead.
    pub(super) fn print(
        &self,
        options: Options,
        made: impl Fn(Shape) -> Result<String, &'static str>,
    ) -> Result<(), Stop> {
        let by_ending =
            self.out.as_deref().and_then(Path::extension).and_then(|ending| {
                match ending.to_str()? {
                    "csv" => Some(Shape::Csv),
                    "json" => Some(Shape::Json),
                    _ => None,
                }
            });
        let by_option = if options.json { Some(Shape::Json) } else { None };
        let shape = self.format.or(by_option).or(by_ending).unwrap_or(Shape::Text);
        let text = made(shape).map_err(|what| {
            let message = format!("{what} cannot be written as a table with commas");
            usage("D109", message, "use `--format text` or `--format json`")
        })?;
        let Some(path) = &self.out else {
            say(&text);
            return Ok(());
        };
        if path.exists() && !self.force {
            let message = format!("`{}` is already there", path.display());
            let help = "name another file, or add --force to write over it";
            return Err(Stop::Told(refuse(Exit::Usage, &message, help)));
        }
        write::whole(path, text.as_bytes()).map_err(|error| {
            let message = format!("`{}` cannot be written: {error}", path.display());
            Stop::Told(refuse(Exit::Failed, &message, "name a folder that you may write to"))
        })?;
        if !options.quiet {
            tell(&format!("written: {}", path.display()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_toml_lists_or_text() {
        assert_eq!(value("0.9"), toml::Value::Float(0.9));
        assert_eq!(value("true"), toml::Value::Boolean(true));
        assert_eq!(value("unless-certain"), toml::Value::String("unless-certain".into()));
        assert_eq!(value("1,3,10").as_array().map(Vec::len), Some(3));
        assert_eq!(value("[1, 2]").as_array().map(Vec::len), Some(2));
    }
}
