//! Words that sites use for controlled terms.

use crate::import::roles::plain;
use crate::response::Response;
use crate::terms::{
    Analyte, DeathCause, Disposition, EventTerm, Isotype, LightChain, Sex, Treatment,
};

/// The code of a coded analyte that a word means.
pub(super) fn code_of(analyte: Analyte, word: &str) -> Option<f64> {
    let codes = analyte.codes();
    let exact = codes.iter().position(|code| code.eq_ignore_ascii_case(word));
    let found = exact.or_else(|| {
        let name = plain(word);
        let same = codes.iter().position(|code| plain(code) == name);
        same.or_else(|| match (codes.len(), name.as_str()) {
            (2, "p" | "pos" | "positive" | "y" | "yes" | "present" | "1" | "true") => Some(1),
            _ if matches!(codes.first(), Some(&("NO" | "NONE")))
                && matches!(name.as_str(), "none" | "no" | "absent" | "n") =>
            {
                Some(0)
            }
            (2, "n" | "neg" | "negative" | "no" | "none" | "absent" | "0" | "false") => Some(0),
            _ => device(analyte, &name).or_else(|| method(analyte, &name)),
        })
    });
    found.map(|code| code as f64)
}

/// The method of a residual disease assay.
fn method(analyte: Analyte, name: &str) -> Option<usize> {
    if analyte != Analyte::MrdMethod {
        return None;
    }
    Some(match name {
        "ngf" | "mfc" | "flow_cytometry" | "next_generation_flow" | "euroflow" => 1,
        "ngs" | "next_generation_sequencing" | "clonoseq" => 2,
        _ => return None,
    })
}

fn device(analyte: Analyte, name: &str) -> Option<usize> {
    if analyte != Analyte::OxygenDevice {
        return None;
    }
    Some(match name {
        "none" | "no" | "room_air" => 0,
        "nasal_cannula" | "low_flow_nasal_cannula" => 1,
        "high_flow_nasal_cannula" | "high_flow" => 3,
        "mask" => 4,
        "non_rebreather_mask" => 5,
        "cpap" | "bipap" | "intubated" | "ventilator" | "mechanical_ventilation" => 7,
        _ => return None,
    })
}

/// What was given.
pub(super) fn treatment(name: &str, unit: &str) -> Option<Treatment> {
    let name = plain(name);
    let known = Treatment::ALL.iter().copied();
    let by_term =
        known.clone().find(|t| t.code().to_lowercase() == name || plain(t.title()) == name);
    if by_term.is_some() {
        return by_term;
    }
    for (part, treatment) in [
        ("fludarabin", Treatment::Fludarabine),
        ("cyclophosphamid", Treatment::Cyclophosphamide),
        ("tocilizumab", Treatment::Tocilizumab),
        ("dexamethason", Treatment::Dexamethasone),
        ("paracetamol", Treatment::Antipyretic),
        ("acetaminophen", Treatment::Antipyretic),
        ("daratumumab", Treatment::AntiCd38),
        ("isatuximab", Treatment::AntiCd38),
        ("bridging", Treatment::Bridging),
    ] {
        if name.contains(part) {
            return Some(treatment);
        }
    }
    let is_cells = plain(unit).contains("cell")
        || ["car_nk", "car_t", "cart", "carnk", "nk_cells"].iter().any(|part| name.contains(part))
        || name.ends_with("autoleucel")
        || name.ends_with("leucel");
    is_cells.then_some(Treatment::CellProduct)
}

/// Cells of an amount in a unit: `cells`, `10^6 cells`, `1e6 cells`.
pub(super) fn cells(unit: &str) -> Option<f64> {
    let unit = unit.trim().to_lowercase().replace(['×', '*'], "^");
    let unit = unit.trim_start_matches('x').trim();
    let number = unit.strip_suffix("cells").or_else(|| unit.strip_suffix("cell"))?.trim();
    match number {
        "" => Some(1.0),
        "million" => Some(1e6),
        _ => {
            let power = number.strip_prefix("10^").or_else(|| number.strip_prefix("1e"))?;
            let power: i32 = power.parse().ok().filter(|power| (0..=15).contains(power))?;
            Some(10_f64.powi(power))
        }
    }
}

/// Parts of preferred terms that are of one kind, the surest first.
const EVENTS: &[(&str, EventTerm)] = &[
    ("cytokine_release", EventTerm::CytokineReleaseSyndrome),
    ("effector_cell_associated_neurotox", EventTerm::Neurotoxicity),
    ("icans", EventTerm::Neurotoxicity),
    ("neurotoxicity", EventTerm::Neurotoxicity),
    ("graft_versus_host", EventTerm::GraftVersusHost),
    ("graft_vs_host", EventTerm::GraftVersusHost),
    ("gvhd", EventTerm::GraftVersusHost),
    ("febrile_neutropenia", EventTerm::FebrileNeutropenia),
    ("infusion_related_reaction", EventTerm::InfusionReaction),
    ("infusion_reaction", EventTerm::InfusionReaction),
    ("neutropenia", EventTerm::Cytopenia),
    ("thrombocytopenia", EventTerm::Cytopenia),
    ("anaemia", EventTerm::Cytopenia),
    ("anemia", EventTerm::Cytopenia),
    ("leukopenia", EventTerm::Cytopenia),
    ("lymphopenia", EventTerm::Cytopenia),
    ("pancytopenia", EventTerm::Cytopenia),
    ("count_decreased", EventTerm::Cytopenia),
    ("infection", EventTerm::Infection),
    ("sepsis", EventTerm::Infection),
    ("pneumonia", EventTerm::Infection),
];

/// The event that a preferred term and its system organ class mean: none of the known kinds is
/// another non-haematological event, unless its class is of blood or of infections.
pub(super) fn event(term: &str, class: &str) -> Option<EventTerm> {
    let name = plain(term);
    if name.is_empty() {
        return None;
    }
    let by_code = EventTerm::ALL.iter().copied().find(|t| t.code().to_lowercase() == name);
    let by_part = || EVENTS.iter().find(|(part, _)| name.contains(part)).map(|(_, event)| *event);
    let class = plain(class);
    let by_class = || match () {
        () if class.starts_with("infections") => Some(EventTerm::Infection),
        () if class.starts_with("blood") => Some(EventTerm::Cytopenia),
        () => None,
    };
    Some(by_code.or_else(by_part).or_else(by_class).unwrap_or(EventTerm::OtherNonHaematological))
}

/// Whether an event may have been caused by the product; `None` for a word that is not known.
pub(super) fn related(word: &str) -> Option<bool> {
    Some(match plain(word).as_str() {
        "y" | "yes" | "1" | "true" | "related" | "possible" | "possibly" | "possibly_related"
        | "probable" | "probably" | "probably_related" | "definite" | "definitely_related"
        | "certain" => true,
        "n" | "no" | "0" | "false" | "not_related" | "unrelated" | "none" | "unlikely"
        | "unlikely_related" | "doubtful" | "remote" => false,
        _ => return None,
    })
}

/// A response category.
pub(super) fn response(word: &str) -> Option<Response> {
    let name = plain(word);
    let known = Response::ALL.into_iter();
    let by_term =
        known.clone().find(|r| r.code().to_lowercase() == name || plain(r.title()) == name);
    by_term.or(match name.as_str() {
        "no_change" | "nc" | "no_response" => Some(Response::Stable),
        "progression" | "disease_progression" => Some(Response::Progression),
        "not_assessable" | "inevaluable" | "unevaluable" => Some(Response::NotEvaluable),
        _ => None,
    })
}

/// Sex.
pub(super) fn sex(word: &str) -> Option<Sex> {
    Some(match plain(word).as_str() {
        "f" | "female" | "w" | "woman" => Sex::Female,
        "m" | "male" | "man" => Sex::Male,
        _ => return None,
    })
}

/// The involved light chain.
pub(super) fn light_chain(word: &str) -> Option<LightChain> {
    Some(match plain(word).as_str() {
        "kappa" | "k" => LightChain::Kappa,
        "lambda" | "l" => LightChain::Lambda,
        _ => return None,
    })
}

/// Isotype.
pub(super) fn isotype(word: &str) -> Option<Isotype> {
    let name = plain(word);
    let by_code = Isotype::ALL.iter().copied().find(|i| plain(i.code()) == name);
    by_code.or_else(|| Isotype::ALL.iter().copied().find(|i| plain(i.title()) == name)).or(
        match name.as_str() {
            "light_chain" => Some(Isotype::LightChainOnly),
            "non_secretory" => Some(Isotype::NonSecretory),
            _ => None,
        },
    )
}

/// Cause of death.
pub(super) fn death_cause(word: &str) -> Option<DeathCause> {
    let name = plain(word);
    let known = DeathCause::ALL.iter().copied();
    let by_term =
        known.clone().find(|c| c.code().to_lowercase() == name || plain(c.title()) == name);
    by_term.or(match name.as_str() {
        "mm"
        | "multiple_myeloma"
        | "disease_progression"
        | "progressive_disease"
        | "progression" => Some(DeathCause::Myeloma),
        "sepsis" => Some(DeathCause::Infection),
        "" => None,
        _ => Some(DeathCause::Other),
    })
}

/// What became of a subject.
pub(super) fn disposition(word: &str) -> Option<Disposition> {
    let name = plain(word);
    let known = Disposition::ALL.iter().copied();
    let by_term =
        known.clone().find(|d| d.code().to_lowercase() == name || plain(d.title()) == name);
    by_term.or_else(|| (name == "screen_fail").then_some(Disposition::ScreenFailure))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_sites_are_known() {
        assert_eq!(code_of(Analyte::SerumImmunofixation, "P"), Some(1.0));
        assert_eq!(code_of(Analyte::NewLesion, "no"), Some(0.0));
        assert_eq!(code_of(Analyte::OxygenDevice, "high_flow_nasal"), Some(3.0));
        assert_eq!(code_of(Analyte::OxygenDevice, "CPAP"), Some(7.0));
        assert_eq!(code_of(Analyte::SerumImmunofixation, "maybe"), None);
        assert_eq!(treatment("NKG2D CAR-NK cells", ""), Some(Treatment::CellProduct));
        assert_eq!(treatment("XK-17", "10^6 cells"), Some(Treatment::CellProduct));
        assert_eq!(treatment("Fludarabine phosphate", "mg"), Some(Treatment::Fludarabine));
        assert_eq!(treatment("XK-17", "mg"), None);
        assert_eq!(cells("10^6 cells"), Some(1e6));
        assert_eq!(cells("cells"), Some(1.0));
        assert_eq!(cells("mg"), None);
        let other = Some(EventTerm::OtherNonHaematological);
        assert_eq!(event("Headache", "Nervous system disorders"), other);
        assert_eq!(event("Neutrophil count decreased", ""), Some(EventTerm::Cytopenia));
        assert_eq!(
            event("Herpes zoster", "Infections and infestations"),
            Some(EventTerm::Infection)
        );
        assert_eq!(death_cause("MM"), Some(DeathCause::Myeloma));
        assert_eq!(death_cause("stroke"), Some(DeathCause::Other));
    }
}
