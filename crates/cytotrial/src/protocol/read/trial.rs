//! `trial.toml` to a protocol.

use super::treatment::Treatment;
use super::{conduct, finding, product, treatment, visits};
use crate::document::Value;
use crate::population;
use crate::problem::help_with_nearest;
use crate::protocol::files::Files;
use crate::protocol::product::Product;
use crate::protocol::section::{Field, Section};
use crate::protocol::{ENDPOINTS, PriorPatients, Protocol};

/// The protocol and its treatment, or `None` when a part of it cannot be read.
pub(super) fn protocol(
    top: &Section<'_>,
    files: &Files,
    products: &mut product::Shelf<'_>,
) -> Option<(Protocol, Treatment)> {
    let trial = top.need_section("trial").map(general);
    let population = top.need_section("population").map(|section| population(section, files));
    let product = top.need_section("product").and_then(|section| own_product(section, products));
    let treatment = top.need_section("treatment").map(treatment::treatment);
    let (treatment, rescue) = treatment.map_or((None, None), |(t, rescue)| (t, rescue));
    let finding =
        top.need_section("dose-finding").and_then(|section| finding::dose_finding(&section));
    let visits = top.need_section("visits").and_then(visits::visits);
    let endpoints = top.need_section("endpoints").map(endpoints);
    let response = visits.as_ref().map(|visits| &visits.response);
    let rules = finding::rules(top, finding.as_ref(), response);
    let stopping = top.need_section("stopping").and_then(conduct::rules);
    let conduct = top.need_section("conduct").and_then(conduct::conduct);
    let prior_patients = top.may("evidence").and_then(Field::section).map(evidence);
    fits_a_lot(top, product.as_ref());
    let (trial, population) = (trial?, population?);
    let (primary, secondary, mrd_sensitivity) = endpoints?;
    let visits = visits?;
    let mut treatment = treatment?;
    treatment.product = product;
    let protocol = Protocol {
        file: top.log.file.clone(),
        id: trial.id?,
        title: trial.title?,
        kind: trial.kind?,
        purpose: trial.purpose?,
        design: trial.design?,
        phase: trial.phase?,
        sponsor: trial.sponsor?,
        dates: [trial.start, trial.completion],
        patients: trial.patients?,
        disease: population.disease?,
        include: population.include?,
        exclude: population.exclude?,
        population: population.file?,
        depletion: treatment.depletion.clone(),
        dose_finding: finding?,
        safety: visits.safety,
        kinetics: visits.kinetics,
        response: visits.response,
        marrow: visits.marrow,
        follow_up: visits.follow_up,
        rescue: rescue?,
        conduct: conduct?,
        stopping: stopping?,
        mrd_sensitivity: mrd_sensitivity?,
        rules: rules?,
        prior_patients: prior_patients.flatten(),
        endpoints: [primary?, secondary?],
        sources: std::collections::BTreeMap::new(),
        synopsis: Vec::new(),
    };
    Some((protocol, treatment))
}

fn own_product(section: Section<'_>, products: &mut product::Shelf<'_>) -> Option<Product> {
    let field = section.need("file");
    let product = field.and_then(|field| products.take(field));
    section.done();
    product
}

fn fits_a_lot(top: &Section<'_>, product: Option<&Product>) {
    if let Some(product) = product
        && let Some(field) = top.may("treatment").and_then(|field| field.quiet_below("infusion"))
        && let Some(levels) = field.quiet_below("levels")
    {
        treatment::check_lot(&levels, std::slice::from_ref(product));
    }
}

struct General {
    id: Option<String>,
    title: Option<String>,
    kind: Option<String>,
    purpose: Option<Vec<String>>,
    design: Option<String>,
    phase: Option<String>,
    sponsor: Option<String>,
    start: Option<String>,
    completion: Option<String>,
    patients: Option<u32>,
}

fn general(section: Section<'_>) -> General {
    let general = General {
        id: section.need("id").and_then(Field::text),
        title: section.need("title").and_then(Field::text),
        kind: section.need("type").and_then(Field::text),
        purpose: section.need("purpose").and_then(Field::texts),
        design: section.need("design").and_then(Field::text),
        phase: section.need("phase").and_then(Field::text),
        sponsor: section.need("sponsor").and_then(Field::text),
        start: section.may("start").and_then(Field::date),
        completion: section.may("completion").and_then(Field::date),
        patients: section.need("patients").and_then(|field| field.whole(1, 1000)),
    };
    if let (Some(start), Some(completion)) = (&general.start, &general.completion)
        && completion < start
        && let Some(field) = section.may("completion")
    {
        let _: Option<()> = field.error(
            "V101",
            format!("the trial is completed on {completion}, before its start on {start}"),
            "correct one of the two dates",
        );
    }
    section.done();
    general
}

struct PopulationPart {
    disease: Option<String>,
    include: Option<Vec<String>>,
    exclude: Option<Vec<String>>,
    file: Option<String>,
}

fn population(section: Section<'_>, files: &Files) -> PopulationPart {
    let disease = section.need("disease").and_then(Field::text);
    let setting = section.need("setting").and_then(Field::text);
    let part = PopulationPart {
        disease: disease.zip(setting).map(|(disease, setting)| format!("{setting} {disease}")),
        include: section.need("include").and_then(Field::texts),
        exclude: section.need("exclude").and_then(Field::texts),
        file: section.need("virtual").and_then(|field| existing_file(field, files, "populations/")),
    };
    if let (Some(include), Some(file)) = (&part.include, &part.file) {
        eligible(&section, include, file, files);
    }
    section.done();
    part
}

/// Reads the population and the criteria over its covariates, for what is wrong with them.
fn eligible(section: &Section<'_>, include: &[String], file: &str, files: &Files) {
    let text = files.text(file).unwrap_or_default();
    let path = format!("{}.include", section.path);
    let problems = match population::read(text, file) {
        Ok(population) => {
            population::eligibility::parse(include, &population, &section.log.file, &path).err()
        }
        Err(problems) => Some(problems),
    };
    section.log.problems.borrow_mut().extend(problems.unwrap_or_default());
}

/// The name of a file that exists.
pub(super) fn existing_file(field: Field<'_>, files: &Files, folder: &str) -> Option<String> {
    let here = field.clone();
    let name = field.text()?;
    if files.text(&name).is_some() {
        return Some(name);
    }
    let known = files.names_below(folder);
    let message = format!("`{}`: there is no file `{name}`, here or in the library", here.name());
    here.error("F101", message, help_with_nearest(&name, known))
}

type Endpoints = (Option<Vec<String>>, Option<Vec<String>>, Option<f64>);

fn endpoints(section: Section<'_>) -> Endpoints {
    let names = |field: Field<'_>| {
        field.each(|field| {
            let here = field.clone();
            let name = field.text()?;
            if ENDPOINTS.iter().any(|(known, _)| *known == name) {
                return Some(name);
            }
            let known = ENDPOINTS.iter().map(|(known, _)| *known);
            let message = format!("no endpoint is called `{name}`");
            here.error("N101", message, help_with_nearest(&name, known))
        })
    };
    let endpoints = (
        section.need("primary").and_then(names),
        section.need("secondary").and_then(names),
        section.need("mrd-sensitivity").and_then(|field| field.within(1e-7, 1e-2)),
    );
    section.done();
    endpoints
}

fn evidence(section: Section<'_>) -> Option<PriorPatients> {
    let known = section.may("prior-patients").and_then(Field::section).and_then(|known| {
        let count = |key| known.need(key).and_then(|field: Field<'_>| field.whole(0, 100_000));
        let (patients, adverse_events) = (count("n"), count("adverse-events"));
        let (dlts, crs) = (count("dlt"), count("crs"));
        let prior = patients.zip(adverse_events).zip(dlts.zip(crs));
        let prior = prior.map(|((patients, adverse_events), (dlts, crs))| PriorPatients {
            patients,
            adverse_events,
            dlts,
            crs,
        });
        let too_many = prior.is_some_and(|p| p.adverse_events.max(p.dlts).max(p.crs) > p.patients);
        if too_many && let Some(field) = known.may("n") {
            let patients = field.node.value.show();
            let message = format!("more patients with an event than the {patients} known ones");
            let _: Option<()> = field.error("V101", message, "correct the counts");
        }
        known.done();
        prior.filter(|_| !too_many)
    });
    section.done();
    known
}

/// A table as TOML text, for settings that another crate reads.
pub(super) fn as_toml(value: &Value) -> toml::Value {
    match value {
        Value::Text(text) | Value::Date(text) => toml::Value::String(text.clone()),
        Value::Integer(number) => toml::Value::Integer(*number),
        Value::Number(number) => toml::Value::Float(*number),
        Value::Boolean(truth) => toml::Value::Boolean(*truth),
        Value::List(nodes) => {
            toml::Value::Array(nodes.iter().map(|node| as_toml(&node.value)).collect())
        }
        Value::Table(entries) => toml::Value::Table(
            entries.iter().map(|entry| (entry.key.clone(), as_toml(&entry.node.value))).collect(),
        ),
    }
}
