//! Why an assessment has its level: the rule, the values it rests on, and what would have changed it.

use super::level::{self, Lowest};
use super::options::ImwgOptions;
use super::visit::{self, Baseline, Visit};
use crate::index::SubjectRecords;
use crate::outcome::{Measurable, Response};
use records::Analyte;

/// One assessment with its level and the grounds of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// Values of the assessment.
    pub visit: Visit,
    /// Its level, before confirmation.
    pub level: Response,
    /// The rule that gave it.
    pub rule: String,
    /// What would have made it better.
    pub better: String,
    /// From which values on it would have been progression.
    pub progression: String,
}

/// The course of a subject: its baseline, and each assessment with its grounds.
pub fn explain(subject: &SubjectRecords<'_>, options: &ImwgOptions) -> (Baseline, Vec<Reason>) {
    let baseline = visit::baseline(subject, options);
    let visits = visit::after_baseline(subject, options);
    let levels = level::levels(&baseline, &visits, options);
    let mut known = Nadirs::from(&baseline);
    let mut marrow = None;
    let reasons = visits
        .iter()
        .zip(&levels)
        .map(|(visit, found)| {
            marrow = visit.marrow.or(marrow);
            let markers = known.markers(&baseline, visit, options);
            let reason = Reason {
                visit: *visit,
                level: found.level,
                rule: rule(&baseline, visit, found.level, &markers),
                better: if found.level == Response::Progression {
                    no_progression(visit, &markers)
                } else {
                    better(&baseline, visit, found.level, marrow)
                },
                progression: limits(&markers),
            };
            known.note(&baseline, visit);
            reason
        })
        .collect();
    (baseline, reasons)
}

const DIFFERENCE: &str = "light chain difference";

/// The value of a marker from which it shows progression, and why.
struct Marker {
    name: &'static str,
    unit: &'static str,
    value: Option<f64>,
    limit: f64,
    nadir: f64,
    /// The limit itself is no progression.
    is_strict: bool,
}

impl Marker {
    /// Whether the value shows progression.
    fn is_reached(&self) -> bool {
        self.value.is_some_and(|value| {
            let is_there = value > 0.0 || self.limit < 0.0;
            let allowed = if self.is_strict { 1e-9 } else { -1e-9 };
            is_there && value >= self.limit + allowed
        })
    }
}

struct Nadirs {
    serum: Lowest,
    urine: Lowest,
    chain: Lowest,
    marrow: Lowest,
    size: Lowest,
}

impl Nadirs {
    fn from(baseline: &Baseline) -> Self {
        let lowest = |analyte: Analyte| {
            Lowest::from(baseline.values.nadir_value(analyte, baseline.involved))
        };
        Self {
            serum: lowest(Analyte::SerumMProtein),
            urine: lowest(Analyte::UrineMProtein),
            chain: lowest(Analyte::KappaFreeLightChain),
            marrow: lowest(Analyte::MarrowPlasmaCells),
            size: lowest(Analyte::PlasmacytomaSize),
        }
    }

    fn note(&mut self, baseline: &Baseline, visit: &Visit) {
        let value = |analyte: Analyte| visit.nadir_value(analyte, baseline.involved);
        self.serum.note(value(Analyte::SerumMProtein));
        self.urine.note(value(Analyte::UrineMProtein));
        self.chain.note(value(Analyte::KappaFreeLightChain));
        self.marrow.note(value(Analyte::MarrowPlasmaCells));
        self.size.note(value(Analyte::PlasmacytomaSize));
    }

    /// The markers that can show progression in this subject.
    fn markers(&self, baseline: &Baseline, visit: &Visit, options: &ImwgOptions) -> Vec<Marker> {
        let mut found = Vec::new();
        let mut add = |name, unit, value, lowest: &Lowest, limit: &dyn Fn(f64) -> f64| {
            if let Some(nadir) = lowest.get(options.nadir) {
                let limit = limit(nadir);
                // More than 100 mg/L, and 25 % or more.
                let is_strict = name == DIFFERENCE && limit <= nadir + 100.0;
                found.push(Marker { name, unit, value, limit, nadir, is_strict });
            }
        };
        let rise = |least: f64| move |nadir: f64| (nadir + least).max(1.25 * nadir);
        add("serum M-protein", "g/L", visit.serum, &self.serum, &|nadir| {
            let usual = (nadir + 5.0).max(1.25 * nadir);
            if nadir >= 50.0 { usual.min(nadir + 10.0) } else { usual }
        });
        add("urine M-protein", "mg/24 h", visit.urine, &self.urine, &rise(200.0));
        let has_protein = matches!(
            baseline.measurable,
            Measurable::Serum | Measurable::Urine | Measurable::SerumAndUrine
        );
        if !has_protein {
            let chain = visit.light_chain_difference(baseline.involved);
            add(DIFFERENCE, "mg/L", chain, &self.chain, &rise(100.0));
        }
        if !has_protein && baseline.measurable != Measurable::FreeLightChain {
            add("marrow plasma cells", "%", visit.marrow, &self.marrow, &rise(10.0));
        }
        add("plasmacytomas", "mm2", visit.plasmacytoma, &self.size, &|nadir| 1.5 * nadir);
        found
    }
}

/// Two decimals at most, without zeros at the end.
fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn limits(markers: &[Marker]) -> String {
    let each: Vec<String> = markers
        .iter()
        .filter(|marker| marker.limit != 0.0)
        .map(|Marker { name, unit, limit, nadir, is_strict, .. }| {
            let from = if *is_strict { "above" } else { "from" };
            format!("{name} {from} {} {unit} (nadir {})", short(*limit), short(*nadir))
        })
        .collect();
    each.join("; ")
}

/// What would have been no progression.
fn no_progression(visit: &Visit, markers: &[Marker]) -> String {
    let each: Vec<String> = markers
        .iter()
        .filter(|marker| marker.is_reached())
        .map(|Marker { name, unit, limit, is_strict, .. }| {
            let below = if *is_strict { "at most" } else { "below" };
            format!("{name} {below} {} {unit}", short(*limit))
        })
        .chain(visit.new_lesion.then(|| "no new lesion".to_owned()))
        .collect();
    format!("no progression: {}", each.join(", "))
}

/// The falls of the followed markers from baseline, in words.
fn falls(baseline: &Baseline, visit: &Visit) -> String {
    let before = &baseline.values;
    let chain = |visit: &Visit| visit.light_chain_difference(baseline.involved);
    let all = match baseline.measurable {
        Measurable::Serum => vec![("serum M-protein", before.serum, visit.serum)],
        Measurable::Urine => vec![("urine M-protein", before.urine, visit.urine)],
        Measurable::SerumAndUrine => vec![
            ("serum M-protein", before.serum, visit.serum),
            ("urine M-protein", before.urine, visit.urine),
        ],
        Measurable::FreeLightChain => {
            vec![("light chain difference", chain(before), chain(visit))]
        }
        Measurable::Marrow => vec![("marrow plasma cells", before.marrow, visit.marrow)],
        Measurable::Nothing => Vec::new(),
    };
    let said: Vec<String> = all
        .into_iter()
        .map(|(name, before, now)| match before.zip(now) {
            Some((before, now)) if before > 0.0 => {
                let change = 100.0 * (now - before) / before;
                let way = if change > 0.0 { "+" } else { "" };
                format!("{name} {way}{}% of baseline", short(change))
            }
            _ => format!("{name} not done"),
        })
        .collect();
    if said.is_empty() { "nothing measurable at baseline".to_owned() } else { said.join(", ") }
}

fn rule(baseline: &Baseline, visit: &Visit, level: Response, markers: &[Marker]) -> String {
    match level {
        Response::Progression => {
            let mut grounds: Vec<String> = markers
                .iter()
                .filter(|marker| marker.is_reached())
                .map(|Marker { name, unit, value, limit, nadir, is_strict }| {
                    let least = if *is_strict { "above" } else { "at least" };
                    format!(
                        "{name} {} {unit}, {least} {} (nadir {})",
                        short(value.unwrap_or(0.0)),
                        short(*limit),
                        short(*nadir)
                    )
                })
                .collect();
            if visit.new_lesion {
                grounds.push("a new bone lesion or plasmacytoma".into());
            }
            if grounds.is_empty() {
                grounds.push("growth of a lesion or of circulating plasma cells".into());
            }
            grounds.join("; ")
        }
        Response::StringentComplete | Response::Complete if visit.serum_band == Some(false) => {
            complete_rule(baseline, level)
        }
        _ => format!("{}: {}", falls(baseline, visit), asked(baseline.measurable, level)),
    }
}

/// What a complete response rests on.
fn complete_rule(baseline: &Baseline, level: Response) -> String {
    let mut pieces = vec!["immunofixation negative in serum and urine", "marrow below 5%"];
    if level == Response::StringentComplete {
        pieces.push("marrow not clonal");
    }
    if baseline.values.plasmacytoma.is_some_and(|size| size > 0.0) {
        pieces.push("no plasmacytoma");
    }
    let is_stringent = level == Response::StringentComplete;
    if is_stringent || baseline.measurable == Measurable::FreeLightChain {
        pieces.push("light chain ratio normal");
    }
    pieces.join(", ")
}

/// What a level asks of the markers that are followed.
fn asked(measurable: Measurable, level: Response) -> &'static str {
    use Measurable::{FreeLightChain, Marrow, Serum, SerumAndUrine, Urine};
    match (level, measurable) {
        (Response::VeryGoodPartial, Serum | SerumAndUrine) => {
            "serum 90% or more with urine below 100 mg/24 h, or none left"
        }
        (Response::VeryGoodPartial, Urine) => "urine below 100 mg/24 h, none in serum",
        (Response::Partial, Serum | FreeLightChain | Marrow) => "50% or more",
        (Response::Partial, Urine) => "90% or more, or below 200 mg/24 h",
        (Response::Partial, SerumAndUrine) => {
            "serum 50% or more, and urine 90% or more or below 200 mg/24 h"
        }
        (Response::Partial, Measurable::Nothing) => "plasmacytomas 50% or more",
        (Response::Minimal, Serum) => "25 to 49%",
        (Response::Minimal, Urine) => "50 to 89%",
        (Response::Minimal, _) => "serum 25 to 49%, urine 50 to 89%, the lower level counts",
        (Response::NotEvaluable, _) => "nothing to judge by",
        (Response::Stable | Response::Progression, _) => "no better level has all its pieces",
        // of light chains and of marrow
        _ => "90% or more",
    }
}

/// What the next better levels lack.
fn better(baseline: &Baseline, visit: &Visit, level: Response, marrow: Option<f64>) -> String {
    let before = &baseline.values;
    let mut lacking: Vec<String> = Vec::new();
    let mut complete = || {
        for (what, band) in
            [("serum", visit.serum_band), ("urine", visit.urine_band)]
        {
            match band {
                None => lacking.push(format!("{what} immunofixation not done")),
                Some(true) => lacking.push(format!("{what} immunofixation positive")),
                Some(false) => {}
            }
        }
        match marrow {
            None => lacking.push("no marrow since baseline".into()),
            Some(share) if share >= 5.0 - 1e-9 => {
                lacking.push(format!("marrow {}%, not below 5%", short(share)));
            }
            Some(_) => {}
        }
    };
    match level {
        Response::StringentComplete => return String::new(),
        Response::Complete => {
            match visit.ratio_is_normal() {
                None => lacking.push("light chains not done".into()),
                Some(false) => lacking.push("light chain ratio not normal".into()),
                Some(true) => lacking.push("marrow clonal, or clonality not known".into()),
            }
            return format!("sCR: {}", lacking.join(", "));
        }
        Response::VeryGoodPartial => {
            complete();
            return format!("CR: {}", lacking.join(", "));
        }
        _ => {}
    }
    let target = |share: f64, name: &str, before: Option<f64>, unit: &str| {
        before.filter(|&value| value > 0.0).map(|value| {
            format!("{name} at most {} {unit}", short((1.0 - share) * value))
        })
    };
    let (code, serum, urine) = match level {
        Response::Partial => ("VGPR", 0.9, "urine below 100 mg/24 h"),
        Response::Minimal => ("PR", 0.5, "urine -90% or below 200 mg/24 h"),
        _ => ("MR", 0.25, "urine -50%"),
    };
    let chain = before.light_chain_difference(baseline.involved);
    let share = if level == Response::Partial { 0.9 } else { 0.5 };
    let mut needs: Vec<String> = match baseline.measurable {
        Measurable::Serum => target(serum, "serum", before.serum, "g/L").into_iter().collect(),
        Measurable::Urine => vec![urine.to_owned()],
        Measurable::SerumAndUrine => target(serum, "serum", before.serum, "g/L")
            .into_iter()
            .chain([urine.to_owned()])
            .collect(),
        Measurable::FreeLightChain => {
            target(share, "difference", chain, "mg/L").into_iter().collect()
        }
        Measurable::Marrow => target(0.5, "marrow", before.marrow, "%").into_iter().collect(),
        Measurable::Nothing => Vec::new(),
    };
    if code == "VGPR" && baseline.measurable == Measurable::Serum {
        needs.push(match visit.urine {
            None => "urine, not done".into(),
            Some(_) => urine.into(),
        });
    }
    if before.plasmacytoma.is_some_and(|size| size > 0.0) && level < Response::Partial {
        needs.extend(target(0.5, "plasmacytomas", before.plasmacytoma, "mm2"));
    }
    let code = match (baseline.measurable, level) {
        (Measurable::FreeLightChain | Measurable::Marrow, Response::Stable) => "PR",
        (Measurable::Marrow, Response::Partial) => return String::new(),
        _ => code,
    };
    if needs.is_empty() { String::new() } else { format!("{code}: {}", needs.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::Index;
    use records::{Analyte, Study};

    fn reasons(serum: &[f64]) -> Vec<Reason> {
        let mut study = Study::default();
        study.push_subject("S-1", "A");
        for (at, &value) in serum.iter().enumerate() {
            study.findings.push(0, Analyte::SerumMProtein, 28.0 * at as f64, value, false);
        }
        let index = Index::new(&study);
        explain(&index.subject(&study, 0), &ImwgOptions::default()).1
    }

    #[test]
    fn a_level_says_what_it_rests_on_and_what_would_change_it() {
        let found = reasons(&[30.0, 10.0, 16.0]);
        assert!(found[0].rule.starts_with("serum M-protein -66.67% of baseline"), "{found:?}");
        assert_eq!(found[0].better, "VGPR: serum at most 3 g/L, urine, not done");
        assert_eq!(found[0].progression, "serum M-protein from 37.5 g/L (nadir 30)");
        assert_eq!(found[1].level, Response::Progression);
        assert_eq!(found[1].rule, "serum M-protein 16 g/L, at least 15 (nadir 10)");
        assert_eq!(found[1].better, "no progression: serum M-protein below 15 g/L");
    }

    /// Kappa and lambda chains, every 28 days.
    fn of_chains(chains: &[[f64; 2]]) -> Vec<Reason> {
        let mut study = Study::default();
        study.push_subject("S-1", "A");
        for (at, &[kappa, lambda]) in chains.iter().enumerate() {
            let day = 28.0 * at as f64;
            study.findings.push(0, Analyte::KappaFreeLightChain, day, kappa, false);
            study.findings.push(0, Analyte::LambdaFreeLightChain, day, lambda, false);
        }
        let index = Index::new(&study);
        explain(&index.subject(&study, 0), &ImwgOptions::default()).1
    }

    #[test]
    fn a_rule_speaks_of_the_markers_that_are_followed() {
        let found = of_chains(&[[510.0, 10.0], [160.0, 10.0]]);
        assert_eq!(found[0].rule, "light chain difference -70% of baseline: 50% or more");
    }

    #[test]
    fn a_rise_of_light_chains_must_be_more_than_100() {
        let found = of_chains(&[[510.0, 10.0], [160.0, 10.0], [260.0, 10.0], [260.1, 10.0]]);
        let limit = "light chain difference above 250 mg/L (nadir 150)";
        assert_eq!(found[1].progression, limit);
        assert_ne!(found[1].level, Response::Progression);
        assert_eq!(found[2].rule, "light chain difference 250.1 mg/L, above 250 (nadir 150)");
        assert_eq!(found[2].better, "no progression: light chain difference at most 250 mg/L");
        // from 400 on it is the quarter that counts, and that is enough
        let found = of_chains(&[[810.0, 10.0], [810.0, 10.0], [1010.0, 10.0]]);
        assert_eq!(found[1].rule, "light chain difference 1000 mg/L, at least 1000 (nadir 800)");
        // the other chain may have been the larger one
        let found = of_chains(&[[510.0, 10.0], [10.0, 111.0], [10.0, 10.5]]);
        assert_eq!(found[1].rule, "light chain difference -0.5 mg/L, above -1 (nadir -101)");
    }

    #[test]
    fn the_limits_that_are_told_are_those_that_decide() {
        for nadir in [4.0, 20.0, 45.0, 50.0, 80.0] {
            let told = reasons(&[nadir, nadir])[0].progression.clone();
            let limit: f64 = told.split(' ').nth(3).unwrap().parse().unwrap();
            let level = |value: f64| reasons(&[nadir, value])[0].level;
            assert_eq!(level(limit), Response::Progression, "{told}");
            assert_ne!(level(limit - 0.05), Response::Progression, "{told}");
        }
    }
}
