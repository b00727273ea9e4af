//! Product files, each read once however many arms name it.

use std::collections::BTreeMap;

use super::Reading;
use super::sources::{self, Sourced};
use super::trial::existing_file;
use crate::document::Document;
use crate::parameters::{ParameterTable, Role};
use crate::problem::{Problem, help_with_nearest};
use crate::protocol::files::Files;
use crate::protocol::product::{Companion, Product};
use crate::protocol::section::{Field, Log, Section};

/// The table of the model's parameters, in the library.
pub const PARAMETERS: &str = "models/rrmm-cells.parameters.csv";

/// The product files that were named so far.
pub(crate) struct Shelf<'a> {
    files: &'a Files,
    read: BTreeMap<String, Option<Product>>,
    problems: Vec<Problem>,
    values: Vec<Sourced>,
    /// Names that a product or an arm may set; empty when the model's table cannot be read, which
    /// is told elsewhere.
    pub(super) settable: Vec<String>,
    /// Ports of the model that receive cells.
    ports: Vec<String>,
}

impl<'a> Shelf<'a> {
    pub(crate) fn new(files: &'a Files) -> Self {
        let text = files.text(PARAMETERS);
        let table = text.and_then(|text| ParameterTable::read(text, PARAMETERS).ok());
        let settable = table.iter().flat_map(ParameterTable::settable).map(str::to_owned).collect();
        let is_cell_port = |symbol: &&str| ["dose_nk", "dose_cart", "dose_cart2"].contains(symbol);
        let ports = table
            .iter()
            .flat_map(|table| &table.others)
            .filter(|parameter| parameter.role == Role::Port)
            .map(|parameter| parameter.symbol.as_str())
            .filter(is_cell_port)
            .map(str::to_owned)
            .collect();
        let (problems, values) = (Vec::new(), Vec::new());
        Self { files, read: BTreeMap::new(), problems, values, settable, ports }
    }

    /// The product that a value names by its file.
    pub(crate) fn take(&mut self, field: Field<'_>) -> Option<Product> {
        let name = existing_file(field, self.files, "products/")?;
        if let Some(product) = self.read.get(&name) {
            return product.clone();
        }
        let text = self.files.text(&name).unwrap_or_default();
        let (product, problems, values) = product(text, &name, &self.settable, &self.ports);
        self.problems.extend(problems);
        self.values.extend(values);
        self.read.insert(name, product.clone());
        product
    }

    /// Hands over what was found in the files.
    pub(crate) fn finish(self, reading: &mut Reading) {
        reading.problems.extend(self.problems);
        reading.values.extend(self.values);
    }
}

type ProductRead = (Option<Product>, Vec<Problem>, Vec<Sourced>);

/// Reads one product file.
fn product(text: &str, file: &str, settable: &[String], ports: &[String]) -> ProductRead {
    let document = match Document::parse(text, file) {
        Ok(document) => document,
        Err(problems) => return (None, problems, Vec::new()),
    };
    let log = Log::new(file);
    let top = Section::top(&log, &document.root);
    super::schema(&top);
    let product = whole(&top, settable, ports);
    let values = sources::account(&top, &document);
    top.done();
    let sources = values
        .iter()
        .filter_map(|value| Some((value.path.clone(), value.source.clone()?)))
        .collect();
    let product = product.map(|product| Product { sources, ..product });
    (product, log.problems.into_inner(), values)
}

fn whole(top: &Section<'_>, settable: &[String], ports: &[String]) -> Option<Product> {
    let product = top.need_section("product").map(|section| identity(section, ports));
    let companion = match top.may("anti-cd38") {
        Some(field) => Some(field.section().and_then(companion)?),
        None => None,
    };
    let made = top.need_section("manufacture").and_then(manufacture);
    let parameters =
        top.need_section("parameters").and_then(|section| parameters(&section, settable));
    let (identity, made) = (product?, made?);
    Some(Product {
        name: identity.name?,
        cell: identity.cell?,
        origin: identity.origin?,
        donor: identity.donor?,
        targets: identity.targets?,
        killing: identity.killing?,
        port: identity.port?,
        published: identity.published?,
        anti_cd38: companion,
        parameters: parameters?,
        sources: BTreeMap::new(),
        ..made
    })
}

struct Identity {
    name: Option<String>,
    cell: Option<String>,
    origin: Option<String>,
    donor: Option<String>,
    targets: Option<Vec<String>>,
    killing: Option<Vec<String>>,
    port: Option<String>,
    published: Option<bool>,
}

fn identity(section: Section<'_>, ports: &[String]) -> Identity {
    let one_of = |key, known: &[&str]| {
        let field: Field<'_> = section.need(key)?;
        let here = field.clone();
        let text = field.text()?;
        if known.contains(&text.as_str()) {
            return Some(text);
        }
        let message = format!("`{}` is `{text}`", here.name());
        here.error("N101", message, help_with_nearest(&text, known.iter().copied()))
    };
    let identity = Identity {
        name: section.need("name").and_then(Field::text),
        cell: one_of("cell", &["NK", "T"]),
        origin: one_of("origin", &["allogeneic", "autologous"]),
        donor: section.need("donor").and_then(Field::text),
        targets: section.need("targets").and_then(Field::texts),
        killing: section.need("killing").and_then(Field::texts),
        port: section.need("port").and_then(|field| port(field, ports)),
        published: one_of("evidence", &["none", "published"]).map(|found| found == "published"),
    };
    section.done();
    identity
}

fn manufacture(section: Section<'_>) -> Option<Product> {
    let made_to_order = section.need("ready-from").and_then(|field| {
        let here = field.clone();
        match field.text()?.as_str() {
            "stock" => Some(false),
            "manufacture" => Some(true),
            other => here.error(
                "N101",
                format!("`ready-from` is `{other}`"),
                help_with_nearest(other, ["stock", "manufacture"]),
            ),
        }
    });
    let wait = section.need("wait").and_then(|field| field.law("day"));
    let release_failure = section.need("release-failure").and_then(Field::chance);
    let max_per_lot = section.need("max-per-lot").and_then(|field| field.amount("cells"));
    let lot_yield = section.need("lot-yield").and_then(|field| field.law("cells"));
    let waiting_hazard = section.need("waiting-hazard").and_then(|field| field.amount("1/week"));
    section.done();
    Some(Product {
        name: String::new(),
        cell: String::new(),
        origin: String::new(),
        donor: String::new(),
        targets: Vec::new(),
        killing: Vec::new(),
        port: String::new(),
        published: false,
        made_to_order: made_to_order?,
        wait: wait?,
        release_failure: release_failure?,
        max_per_lot: max_per_lot?,
        lot_yield: lot_yield?,
        waiting_hazard_per_week: waiting_hazard?,
        anti_cd38: None,
        parameters: BTreeMap::new(),
        sources: BTreeMap::new(),
    })
}

/// The model's port that receives the cells; the model's text cannot hold a hyphen in a name.
fn port(field: Field<'_>, known: &[String]) -> Option<String> {
    let here = field.clone();
    let written = field.text()?;
    let port = written.replace('-', "_");
    if known.is_empty() || known.contains(&port) {
        return Some(port);
    }
    let hyphenated: Vec<String> = known.iter().map(|name| name.replace('_', "-")).collect();
    let message = format!("the model has no port `{written}` for cells");
    here.error("N101", message, help_with_nearest(&written, hyphenated.iter().map(String::as_str)))
}

/// An antibody that is given with the cells.
fn companion(section: Section<'_>) -> Option<Companion> {
    let per_kilogram = section.need("dose").and_then(|field| field.amount("mg/kg"));
    let days = section.need("days").and_then(|field| field.each(Field::number));
    section.done();
    Some(Companion { per_kilogram: per_kilogram?, days: days? })
}

/// Parameters of the model that make the product what it is.
fn parameters(section: &Section<'_>, known: &[String]) -> Option<BTreeMap<String, f64>> {
    let mut values = BTreeMap::new();
    let mut sound = true;
    for (name, field) in section.each() {
        if !known.is_empty() && !known.iter().any(|known| known == name) {
            let message = format!("the model has no parameter `{name}`");
            let help = help_with_nearest(name, known.iter().map(String::as_str));
            section.log.error("N101", &format!("{}!key", field.path), message, help);
            sound = false;
            continue;
        }
        match field.number() {
            Some(value) => {
                values.insert(name.to_owned(), value);
            }
            None => sound = false,
        }
    }
    sound.then_some(values)
}
