//! What tables and columns are called: a site's own words, SDTM and `ADaM`.

use crate::terms::Analyte;
use serde::{Deserialize, Serialize};

/// What a table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// One row per subject.
    Subjects,
    /// One measured value per row.
    Results,
    /// One visit per row, one column per analyte.
    Visits,
    /// One administration per row.
    Doses,
    /// One adverse event per row.
    Events,
    /// One response per row that the site adjudicated.
    Responses,
    /// Known, and of no use for endpoints.
    Unused,
}

impl Kind {
    /// The word for it in a mapping.
    pub fn word(self) -> &'static str {
        match self {
            Self::Subjects => "subjects",
            Self::Results => "results",
            Self::Visits => "visits",
            Self::Doses => "doses",
            Self::Events => "events",
            Self::Responses => "responses",
            Self::Unused => "unused",
        }
    }
}

type Roles = &'static [(&'static str, &'static [&'static str])];

const SUBJECT: &[&str] = &[
    "usubjid",
    "subject",
    "subject_id",
    "subjectid",
    "subjid",
    "patient",
    "patient_id",
    "patientid",
    "case",
    "id",
];

const SUBJECTS: Roles = &[
    ("subject", SUBJECT),
    ("study", &["studyid", "study", "study_id"]),
    ("arm", &["actarm", "trt01a", "arm", "trt01p", "treatment_arm", "cohort", "group"]),
    ("dose_level", &["doselvl", "dose_level", "doselevel", "level"]),
    ("disposition", &["dispcd", "disposition"]),
    ("birth_date", &["brthdtc", "brthdt", "birth_date", "date_of_birth", "dob"]),
    ("birth_year", &["birth_year", "year_of_birth", "yob"]),
    ("age", &["age", "age_years"]),
    ("sex", &["sex", "gender"]),
    ("weight", &["weightbl", "weight_kg", "weight", "bodyweight_kg"]),
    ("ecog", &["ecogbl", "ecog"]),
    ("prior_lines", &["priorln", "prior_lines", "lines_of_therapy"]),
    ("isotype", &["isotype", "m_protein_isotype"]),
    ("light_chain", &["ltchain", "involved_light_chain", "light_chain", "involved_chain"]),
    (
        "infusion_date",
        &["infusion_date", "first_infusion_date", "date_of_infusion", "infdt", "rfxstdtc"],
    ),
    ("reference_date", &["rfstdtc", "trtsdt", "trtsdtm", "reference_date"]),
    ("enrolment_date", &["enrldt", "enrolment_date", "enrollment_date", "rficdtc", "randdt"]),
    ("enrolment_day", &["enrlel", "enrolment_day", "enrollment_day"]),
    ("screening_calendar", &["scrncal"]),
    ("infusion_calendar", &["infcal"]),
    ("new_therapy_date", &["nactdt", "new_therapy_date", "newthdt"]),
    ("new_therapy_day", &["newthel", "new_therapy_day"]),
    ("death_date", &["dthdtc", "dthdt", "death_date", "date_of_death"]),
    ("death_day", &["dthel", "death_day"]),
    ("death_cause", &["dthcaus", "death_cause", "cause_of_death"]),
    (
        "last_alive_date",
        &["lstalvdt", "last_alive_date", "last_known_alive_date", "last_contact_date"],
    ),
    ("last_alive_day", &["lstalvel", "last_alive_day", "last_known_alive_day"]),
    ("dose_fraction", &["dosefrac", "dose_fraction"]),
];

const DAY: &[&str] = &["elday", "day", "elapsed_day", "elapsed_days", "days_from_infusion"];

const DAYS: [(&str, &[&str]); 2] = [
    ("day", DAY),
    (
        "study_day",
        &["ady", "lbdy", "vsdy", "pcdy", "trdy", "midy", "cpdy", "exstdy", "exdy", "study_day"],
    ),
];

const DATES: &[&str] = &[
    "lbdtc",
    "vsdtc",
    "pcdtc",
    "trdtc",
    "midtc",
    "cpdtc",
    "exstdtc",
    "astdtm",
    "astdt",
    "adtm",
    "adt",
    "date",
    "sample_date",
    "visit_date",
    "collection_date",
    "infusion_date",
];

const RESULTS: Roles = &[
    ("subject", SUBJECT),
    ("order", &["aseq"]),
    (
        "test",
        &[
            "paramcd",
            "lbtestcd",
            "vstestcd",
            "pctestcd",
            "trtestcd",
            "mitestcd",
            "cptestcd",
            "test",
            "analyte",
            "parameter",
            "test_code",
            "lab_test",
        ],
    ),
    ("name", &["param", "lbtest", "vstest", "pctest", "trtest", "mitest", "cptest", "test_name"]),
    ("specimen", &["lbspec", "pcspec", "mispec", "cpspec", "specimen", "sample"]),
    (
        "value",
        &[
            "aval", "lbstresn", "vsstresn", "pcstresn", "trstresn", "mistresn", "cpstresn",
            "value", "result", "lborres", "vsorres", "pcorres", "trorres", "miorres", "cporres",
        ],
    ),
    (
        "words",
        &[
            "avalc",
            "lbstresc",
            "vsstresc",
            "pcstresc",
            "trstresc",
            "mistresc",
            "cpstresc",
            "value_text",
            "result_text",
        ],
    ),
    (
        "unit",
        &[
            "avalu", "lbstresu", "vsstresu", "pcstresu", "trstresu", "mistresu", "cpstresu",
            "unit", "units", "lborresu", "vsorresu", "pcorresu", "trorresu",
        ],
    ),
    ("limit", &["lblloq", "pclloq", "alloq", "lloq", "limit_of_quantification"]),
    ("lower", LOWER),
    ("upper", UPPER),
    ("spurious", SPURIOUS),
    ("assessment", &["newasmfl"]),
    ("visit_number", VISIT_NUMBER),
    ("status", &["lbstat", "vsstat", "pcstat", "trstat", "status"]),
    DAYS[0],
    DAYS[1],
    ("date", DATES),
];

/// Limits of normal, as the laboratory gives them with a value.
const LOWER: &[&str] =
    &["anrlo", "lbstnrlo", "lln", "lower_limit_of_normal", "normal_low", "ref_low", "lbornrlo"];
const UPPER: &[&str] =
    &["anrhi", "lbstnrhi", "uln", "upper_limit_of_normal", "normal_high", "ref_high", "lbornrhi"];

/// The investigator judges the value spurious.
const SPURIOUS: &[&str] = &["spurfl", "spurious", "judged_spurious"];

const VISITS: Roles = &[
    ("subject", SUBJECT),
    DAYS[0],
    DAYS[1],
    ("date", DATES),
    ("spurious", SPURIOUS),
    ("response", RESPONSE),
    ("visit_number", VISIT_NUMBER),
];

/// The number of a planned visit.
const VISIT_NUMBER: &[&str] = &["visitnum", "avisitn", "visit_number", "visit_no"];

/// A response that the site adjudicated.
const RESPONSE: &[&str] = &[
    "response",
    "overall_response",
    "investigator_response",
    "response_investigator",
    "imwg_response",
];

const RESPONSES: Roles = &[
    ("subject", SUBJECT),
    ("test", &["paramcd", "rstestcd", "test", "test_code", "parameter"]),
    (
        "response",
        &["avalc", "rsstresc", "rsorres", "response", "overall_response", "result", "value"],
    ),
    ("evaluator", &["rseval", "aeval", "evaluator", "assessor", "reviewer"]),
    ("status", &["rsstat", "status"]),
    ("day", DAY),
    ("study_day", &["ady", "rsdy", "study_day"]),
    ("date", &["rsdtc", "adtm", "adt", "date", "assessment_date", "visit_date", "response_date"]),
];

const DOSES: Roles = &[
    ("subject", SUBJECT),
    ("order", &["aseq"]),
    ("treatment", &["extrtcd", "extrt", "treatment", "drug", "product", "trta"]),
    ("amount", &["exdose", "dose", "amount", "dose_given"]),
    ("planned", &["expldose", "planned_dose", "dose_planned", "assigned_dose"]),
    ("unit", &["exdosu", "dose_unit", "unit"]),
    DAYS[0],
    DAYS[1],
    ("date", DATES),
];

const EVENTS: Roles = &[
    ("subject", SUBJECT),
    ("order", &["aseq"]),
    ("term", &["aecd", "aedecod", "aeterm", "event", "term", "adverse_event"]),
    ("class", &["aebodsys", "aesoc", "system_organ_class", "class"]),
    ("grade", &["atoxgr", "aetoxgr", "grade", "ctcae_grade"]),
    ("related", &["arel", "aerel", "related", "relationship"]),
    ("start_day", &["elstart", "start_day", "onset_day"]),
    ("start_study_day", &["astdy", "aestdy", "start_study_day"]),
    ("start_date", &["aestdtc", "astdtm", "astdt", "start_date", "onset_date"]),
    ("end_day", &["elend", "end_day"]),
    ("end_study_day", &["aendy", "aeendy", "end_study_day"]),
    ("end_date", &["aeendtc", "aendtm", "aendt", "end_date", "resolved_date"]),
];

/// The roles of a kind of table, each with the names a column may have, the likeliest first.
pub fn of(kind: Kind) -> Roles {
    match kind {
        Kind::Subjects => SUBJECTS,
        Kind::Results => RESULTS,
        Kind::Visits => VISITS,
        Kind::Doses => DOSES,
        Kind::Events => EVENTS,
        Kind::Responses => RESPONSES,
        Kind::Unused => &[],
    }
}

/// A name in lower case with `_` for everything that is neither letter nor digit, `%` as `pct`.
pub fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for letter in name.trim().chars() {
        if letter.is_alphanumeric() {
            let letter = if matches!(letter, 'µ' | 'μ') { 'u' } else { letter };
            plain.extend(letter.to_lowercase());
        } else if letter == '%' {
            plain.push_str("_pct");
        } else if !plain.ends_with('_') && !plain.is_empty() {
            plain.push('_');
        }
    }
    while plain.ends_with('_') {
        plain.pop();
    }
    plain.replace("__", "_")
}

/// Tables of the standards by their names.
const STANDARD: &[(&str, Kind)] = &[
    ("dm", Kind::Subjects),
    ("adsl", Kind::Subjects),
    ("lb", Kind::Results),
    ("vs", Kind::Results),
    ("pc", Kind::Results),
    ("tr", Kind::Results),
    ("mi", Kind::Results),
    ("cp", Kind::Results),
    ("adlb", Kind::Results),
    ("advs", Kind::Results),
    ("adpc", Kind::Results),
    ("adtr", Kind::Results),
    ("ex", Kind::Doses),
    ("adex", Kind::Doses),
    ("ae", Kind::Events),
    ("adae", Kind::Events),
    ("rs", Kind::Responses),
    ("adrs", Kind::Responses),
];

/// Tables of the standards that carry nothing the endpoints are judged from: plans, results of others,
/// and what is told again elsewhere.
const UNUSED: &[&str] = &[
    "adtte", "pp", "adpp", "ta", "te", "tv", "ti", "ts", "sv", "se", "sc", "su", "mh", "ie", "dv",
    "tu", "cm", "pr", "ds", "ce", "gf", "fa", "relrec",
];

/// Parts of a file's name that say what is in it.
const WORDS: &[(&str, Kind)] = &[
    ("subject", Kind::Subjects),
    ("patient", Kind::Subjects),
    ("demograph", Kind::Subjects),
    ("visit", Kind::Visits),
    ("lab", Kind::Results),
    ("result", Kind::Results),
    ("finding", Kind::Results),
    ("dose", Kind::Doses),
    ("exposure", Kind::Doses),
    ("infusion", Kind::Doses),
    ("event", Kind::Events),
    ("toxicit", Kind::Events),
    ("response", Kind::Responses),
];

/// What a table holds by its name, or else by its columns; `None` when neither says.
pub fn kind_of(table: &str, columns: &[String]) -> Option<Kind> {
    if let Some((_, kind)) = STANDARD.iter().find(|(name, _)| *name == table) {
        return Some(*kind);
    }
    if UNUSED.contains(&table) || table.starts_with("supp") {
        return Some(Kind::Unused);
    }
    let has = |kind: Kind, role: &str| {
        let aliases = of(kind).iter().find(|(name, _)| *name == role).map_or(&[][..], |r| r.1);
        columns.iter().any(|name| aliases.contains(&name.as_str()))
    };
    let by_name = || WORDS.iter().find(|(word, _)| table.contains(word)).map(|(_, kind)| *kind);
    if !has(Kind::Subjects, "subject") {
        return by_name();
    }
    let analytes = columns.iter().filter(|name| analyte_column(name).is_some()).count();
    let by_columns = if has(Kind::Results, "test") && has(Kind::Results, "value") {
        Some(Kind::Results)
    } else if has(Kind::Events, "term") && has(Kind::Events, "grade") {
        Some(Kind::Events)
    } else if has(Kind::Doses, "treatment") && has(Kind::Doses, "amount") {
        Some(Kind::Doses)
    } else if analytes > 0 && ["day", "study_day", "date"].iter().any(|r| has(Kind::Visits, r)) {
        Some(Kind::Visits)
    } else {
        None
    };
    by_columns.or_else(by_name)
}

/// Names of analytes in columns of a visit table and in a test column, beside their codes; the
/// test codes of SDTM and the titles are known too.
const ANALYTES: &[(&str, Analyte)] = &[
    ("spep", Analyte::SerumMProtein),
    ("serum_m_protein", Analyte::SerumMProtein),
    ("m_protein", Analyte::SerumMProtein),
    ("mprotein", Analyte::SerumMProtein),
    ("m_spike", Analyte::SerumMProtein),
    ("mcprot", Analyte::SerumMProtein),
    ("upep", Analyte::UrineMProtein),
    ("urine_m_protein", Analyte::UrineMProtein),
    ("sife", Analyte::SerumImmunofixation),
    ("serum_immunofixation", Analyte::SerumImmunofixation),
    ("uife", Analyte::UrineImmunofixation),
    ("urine_immunofixation", Analyte::UrineImmunofixation),
    ("kappa", Analyte::KappaFreeLightChain),
    ("flc_kappa", Analyte::KappaFreeLightChain),
    ("kappa_flc", Analyte::KappaFreeLightChain),
    ("klcfr", Analyte::KappaFreeLightChain),
    ("lambda", Analyte::LambdaFreeLightChain),
    ("flc_lambda", Analyte::LambdaFreeLightChain),
    ("lambda_flc", Analyte::LambdaFreeLightChain),
    ("llcfr", Analyte::LambdaFreeLightChain),
    ("bmpc", Analyte::MarrowPlasmaCells),
    ("marrow_plasma_cells", Analyte::MarrowPlasmaCells),
    ("bm_clonal", Analyte::MarrowClonality),
    ("marrow_clonality", Analyte::MarrowClonality),
    ("mrd", Analyte::MinimalResidualDisease),
    ("mrd_sensitivity", Analyte::MrdSensitivity),
    ("plasmacytoma_spd", Analyte::PlasmacytomaSize),
    ("plasmacytoma", Analyte::PlasmacytomaSize),
    ("new_lesion", Analyte::NewLesion),
    ("car_cells", Analyte::InfusedCells),
    ("infused_cells", Analyte::InfusedCells),
    ("transgene", Analyte::TransgeneCopies),
    ("transgene_copies", Analyte::TransgeneCopies),
    ("vcn", Analyte::TransgeneCopies),
    ("il_6", Analyte::Interleukin6),
    ("intlk6", Analyte::Interleukin6),
    ("temperature", Analyte::Temperature),
    ("systolic", Analyte::SystolicPressure),
    ("oxysat", Analyte::OxygenSaturation),
    ("oxygen_device", Analyte::OxygenDevice),
    ("oxygen_flow", Analyte::OxygenFlow),
    ("n_vasopressors", Analyte::Vasopressors),
    ("vasopressors", Analyte::Vasopressors),
    ("vasopressin", Analyte::Vasopressin),
    ("ice_score", Analyte::IceScore),
    ("consciousness", Analyte::Consciousness),
    ("deep_motor_weakness", Analyte::DeepMotorWeakness),
    ("oedema", Analyte::CerebralOedema),
    ("neutrophils", Analyte::Neutrophils),
    ("anc", Analyte::Neutrophils),
    ("lymphocytes", Analyte::Lymphocytes),
    ("leukocytes", Analyte::WhiteCells),
    ("leucocytes", Analyte::WhiteCells),
    ("platelets", Analyte::Platelets),
    ("plt", Analyte::Platelets),
    ("haemoglobin", Analyte::Haemoglobin),
    ("hemoglobin", Analyte::Haemoglobin),
    ("hb", Analyte::Haemoglobin),
    ("bilirubin", Analyte::Bilirubin),
    ("creatinine", Analyte::Creatinine),
    ("ca", Analyte::Calcium),
    ("albumin", Analyte::Albumin),
];

/// The analyte of a test's name or code, as a file writes it.
pub fn analyte(name: &str) -> Option<Analyte> {
    let name = plain(name);
    let by_code = || Analyte::ALL.iter().copied().find(|a| a.code().to_lowercase() == name);
    let by_title = || Analyte::ALL.iter().copied().find(|a| plain(a.title()) == name);
    let by_name = || ANALYTES.iter().find(|(known, _)| *known == name).map(|(_, a)| *a);
    by_code().or_else(by_name).or_else(by_title)
}

/// The analyte of a column of a visit table, and its unit when the name says one:
/// `spep_g_dl`, `SPEP (g/dL)`.
pub fn analyte_column(plain_name: &str) -> Option<(Analyte, Option<String>)> {
    if let Some(analyte) = analyte(plain_name) {
        return Some((analyte, None));
    }
    let cuts = plain_name.char_indices().filter(|(_, letter)| *letter == '_').map(|(at, _)| at);
    let cuts: Vec<usize> = cuts.collect();
    // the longest name first
    for at in cuts.into_iter().rev() {
        let (name, unit) = (&plain_name[..at], &plain_name[at + 1..]);
        if let Some(analyte) = analyte(name) {
            return super::units::conversion(analyte, unit)
                .map(|_| (analyte, Some(unit.to_owned())));
        }
    }
    None
}

/// The unit that ends a column's name, when the analyte can have it.
pub fn unit_of(plain_name: &str, analyte: Analyte) -> Option<String> {
    let cuts = plain_name.char_indices().filter(|(_, letter)| *letter == '_');
    let mut units = cuts.map(|(at, _)| &plain_name[at + 1..]);
    units.find(|unit| super::units::conversion(analyte, unit).is_some()).map(str::to_owned)
}

/// Every name that a column of a visit table may begin with.
pub fn analyte_names() -> Vec<String> {
    let codes = Analyte::ALL.iter().map(|analyte| analyte.code().to_lowercase());
    let mut names: Vec<String> =
        codes.chain(ANALYTES.iter().map(|(name, _)| (*name).to_owned())).collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_say_their_analyte_and_unit() {
        let of = |name: &str| analyte_column(&plain(name));
        let unit = |text: &str| Some(text.to_owned());
        assert_eq!(of("spep_g_dl"), Some((Analyte::SerumMProtein, unit("g_dl"))));
        assert_eq!(of("SPEP (g/L)"), Some((Analyte::SerumMProtein, unit("g_l"))));
        assert_eq!(of("upep_mg_24h"), Some((Analyte::UrineMProtein, unit("mg_24h"))));
        assert_eq!(of("bmpc_pct"), Some((Analyte::MarrowPlasmaCells, unit("pct"))));
        assert_eq!(of("Marrow plasma cells [%]"), Some((Analyte::MarrowPlasmaCells, unit("pct"))));
        assert_eq!(of("plasmacytoma_spd_mm2"), Some((Analyte::PlasmacytomaSize, unit("mm2"))));
        assert_eq!(analyte("Leukocytes"), Some(Analyte::WhiteCells));
        assert_eq!(of("oxygen_l_min"), None);
        assert_eq!(of("title"), None);
    }

    #[test]
    fn tables_are_known_by_name_or_by_columns() {
        let columns = |names: &[&str]| names.iter().map(|name| plain(name)).collect::<Vec<_>>();
        assert_eq!(kind_of("dm", &[]), Some(Kind::Subjects));
        assert_eq!(kind_of("suppae", &[]), Some(Kind::Unused));
        let wide = columns(&["case", "day", "spep_g_dl"]);
        assert_eq!(kind_of("imwg_visits", &wide), Some(Kind::Visits));
        let long = columns(&["Patient", "Date", "Test", "Result", "Unit"]);
        assert_eq!(kind_of("x", &long), Some(Kind::Results));
        assert_eq!(kind_of("x", &columns(&["subject", "colour"])), None);
    }

    #[test]
    fn every_role_has_a_name_and_no_name_has_two_roles() {
        for kind in [
            Kind::Subjects,
            Kind::Results,
            Kind::Visits,
            Kind::Doses,
            Kind::Events,
            Kind::Responses,
        ] {
            let mut seen = std::collections::BTreeSet::new();
            for (role, aliases) in of(kind) {
                assert!(!aliases.is_empty(), "{role}");
                for alias in *aliases {
                    assert!(seen.insert(*alias), "{kind:?}: `{alias}` has two roles");
                    assert_eq!(plain(alias), *alias);
                }
            }
        }
    }
}
