//! Records of the older form, XML, as the present one says them.

use roxmltree::{Document, Node, ParsingOptions};
use serde_json::{Map, Value, json};

use super::words;

mod results;

/// Most elements of a document, and how deep they may be nested.
const MAX_NODES: u32 = 3_000_000;
const DEEPEST: usize = 200;

/// Reads a document.
pub(crate) fn read(bytes: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned())?;
    let text = text.trim_start_matches('\u{feff}');
    check_depth(text)?;
    let options = ParsingOptions { nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| match error {
        roxmltree::Error::DtdDetected => "a document type with its entities is not read".to_owned(),
        roxmltree::Error::NodesLimitReached => format!("more than {MAX_NODES} elements"),
        error => format!("not XML: {error}"),
    })?;
    let study = document.root_element();
    if study.tag_name().name() != "clinical_study" {
        return Err(format!(
            "XML, but `{}` where `clinical_study` belongs",
            study.tag_name().name()
        ));
    }
    Ok(record(study))
}

/// Elements nested without end would be followed without end.
fn check_depth(text: &str) -> Result<(), String> {
    let mut depth = 0_usize;
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix("!--") {
            rest = after.find("-->").map_or("", |end| &after[end..]);
        } else if let Some(after) = rest.strip_prefix("![CDATA[") {
            rest = after.find("]]>").map_or("", |end| &after[end..]);
        } else if rest.starts_with('/') {
            depth = depth.saturating_sub(1);
        } else if !rest.starts_with(['?', '!']) {
            let end = rest.find('>').unwrap_or(rest.len());
            depth += usize::from(!rest[..end].ends_with('/'));
        }
        if depth > DEEPEST {
            return Err(format!("elements are nested more than {DEEPEST} deep"));
        }
    }
    Ok(())
}

/// The elements of a name directly below one.
fn all<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |child| child.has_tag_name(name))
}

/// The first element at a path of names.
fn at<'a, 'i>(node: Node<'a, 'i>, path: &str) -> Option<Node<'a, 'i>> {
    path.split('/')
        .try_fold(node, |node, name| node.children().find(|child| child.has_tag_name(name)))
}

/// The text at a path, without blanks around it.
fn text<'a>(node: Node<'a, '_>, path: &str) -> Option<&'a str> {
    at(node, path)?.text().map(str::trim).filter(|text| !text.is_empty())
}

fn said(node: Node, path: &str) -> Value {
    words::text(text(node, path))
}

/// The text at a path on one line.
fn on_one_line(node: Node, path: &str) -> Value {
    let Some(text) = text(node, path) else { return Value::Null };
    json!(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A value of an enumeration at a path.
fn value(node: Node, path: &str, name: &str) -> Value {
    text(node, path).map_or(Value::Null, |text| json!(words::value(name, text)))
}

fn yes_or_no(node: Node, path: &str) -> Value {
    match text(node, path).map(str::to_lowercase).as_deref() {
        Some("yes" | "true" | "accepts healthy volunteers") => json!(true),
        Some("no" | "false") => json!(false),
        _ => Value::Null,
    }
}

fn texts(node: Node, name: &'static str) -> Value {
    all(node, name).filter_map(|child| child.text()).map(|text| json!(text.trim())).collect()
}

/// Lines that were broken and indented joined again: an empty line ends a paragraph, `-  ` begins
/// an item of a list.
fn block(node: Node, path: &str) -> Value {
    let Some(text) = at(node, path).and_then(|node| node.text()) else { return Value::Null };
    let mut paragraphs: Vec<String> = Vec::new();
    let mut paragraph = String::new();
    for line in text.lines().map(str::trim) {
        let item = line.strip_prefix("-  ").map(str::trim_start);
        if (line.is_empty() || item.is_some()) && !paragraph.is_empty() {
            paragraphs.push(std::mem::take(&mut paragraph));
        }
        if !paragraph.is_empty() {
            paragraph.push(' ');
        }
        match item {
            Some(item) => {
                paragraph.push_str("* ");
                paragraph.push_str(item);
            }
            None => paragraph.push_str(line),
        }
    }
    if !paragraph.is_empty() {
        paragraphs.push(paragraph);
    }
    words::text(Some(&paragraphs.join("\n\n")))
}

fn date(node: Node, path: &str) -> Option<String> {
    text(node, path).and_then(words::date)
}

fn full_date(node: Node, path: &str) -> Value {
    date(node, path).map_or(Value::Null, Value::String)
}

/// A date with its type.
fn dated(node: Node, path: &str) -> Value {
    let kind = at(node, path).and_then(|node| node.attribute("type")).map(|kind| match kind {
        "Anticipated" | "Estimate" | "Estimated" => "ESTIMATED".to_owned(),
        other => words::value("DateType", other),
    });
    words::dated(date(node, path), kind)
}

/// An object of keys and values, empty ones left out.
fn object(entries: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let mut map = Map::new();
    for (key, value) in entries {
        words::put(&mut map, key, value);
    }
    Value::Object(map)
}

fn record(study: Node) -> Value {
    let protocol = object([
        ("identificationModule", identification(study)),
        ("statusModule", status(study)),
        ("sponsorCollaboratorsModule", sponsors(study)),
        ("oversightModule", oversight(study)),
        (
            "descriptionModule",
            object([
                ("briefSummary", block(study, "brief_summary/textblock")),
                ("detailedDescription", block(study, "detailed_description/textblock")),
            ]),
        ),
        (
            "conditionsModule",
            object([
                ("conditions", texts(study, "condition")),
                ("keywords", texts(study, "keyword")),
            ]),
        ),
        ("designModule", design(study)),
        ("armsInterventionsModule", arms(study)),
        (
            "outcomesModule",
            object([
                ("primaryOutcomes", outcomes(study, "primary_outcome")),
                ("secondaryOutcomes", outcomes(study, "secondary_outcome")),
                ("otherOutcomes", outcomes(study, "other_outcome")),
            ]),
        ),
        ("eligibilityModule", eligibility(study)),
        ("contactsLocationsModule", object([("locations", locations(study))])),
        ("referencesModule", references(study)),
        ("ipdSharingStatementModule", sharing(study)),
    ]);
    let results = at(study, "clinical_results");
    let terms = |path| -> Vec<&str> {
        let browse = at(study, path).into_iter();
        browse
            .flat_map(|browse| all(browse, "mesh_term"))
            .filter_map(|term| term.text())
            .map(str::trim)
            .collect()
    };
    let derived = object([
        ("conditionBrowseModule", words::headings(&terms("condition_browse"))),
        ("interventionBrowseModule", words::headings(&terms("intervention_browse"))),
    ]);
    let mut record = object([
        ("protocolSection", protocol),
        ("resultsSection", results.map_or(Value::Null, results::section)),
        ("derivedSection", derived),
    ]);
    record["hasResults"] = json!(results.is_some());
    record
}

fn identification(study: Node) -> Value {
    let info = at(study, "id_info");
    let ids = |name: &'static str| -> Vec<&str> {
        let found = info.into_iter().flat_map(|info| all(info, name));
        found.filter_map(|id| id.text()).map(str::trim).collect()
    };
    let first = |name| words::text(ids(name).first().copied());
    let aliases = ids("nct_alias").into_iter().map(|id| json!(id)).collect();
    let others = ids("secondary_id").into_iter().map(|id| json!({ "id": id })).collect();
    object([
        ("nctId", first("nct_id")),
        ("nctIdAliases", aliases),
        ("orgStudyIdInfo", object([("id", first("org_study_id"))])),
        ("secondaryIdInfos", others),
        ("organization", object([("fullName", said(study, "source"))])),
        ("briefTitle", said(study, "brief_title")),
        ("officialTitle", said(study, "official_title")),
        ("acronym", said(study, "acronym")),
    ])
}

fn status(study: Node) -> Value {
    let access = object([("hasExpandedAccess", yes_or_no(study, "has_expanded_access"))]);
    object([
        ("statusVerifiedDate", full_date(study, "verification_date")),
        ("overallStatus", value(study, "overall_status", "Status")),
        ("lastKnownStatus", value(study, "last_known_status", "Status")),
        ("whyStopped", said(study, "why_stopped")),
        ("expandedAccessInfo", access),
        ("startDateStruct", dated(study, "start_date")),
        ("primaryCompletionDateStruct", dated(study, "primary_completion_date")),
        ("completionDateStruct", dated(study, "completion_date")),
        ("studyFirstSubmitDate", full_date(study, "study_first_submitted")),
        ("studyFirstSubmitQcDate", full_date(study, "study_first_submitted_qc")),
        ("studyFirstPostDateStruct", dated(study, "study_first_posted")),
        ("resultsFirstSubmitDate", full_date(study, "results_first_submitted")),
        ("resultsFirstSubmitQcDate", full_date(study, "results_first_submitted_qc")),
        ("resultsFirstPostDateStruct", dated(study, "results_first_posted")),
        ("dispFirstSubmitDate", full_date(study, "disposition_first_submitted")),
        ("dispFirstSubmitQcDate", full_date(study, "disposition_first_submitted_qc")),
        ("dispFirstPostDateStruct", dated(study, "disposition_first_posted")),
        ("lastUpdateSubmitDate", full_date(study, "last_update_submitted")),
        ("lastUpdatePostDateStruct", dated(study, "last_update_posted")),
    ])
}

fn sponsors(study: Node) -> Value {
    let sponsor = |node: Node| {
        object([
            ("name", said(node, "agency")),
            ("class", value(node, "agency_class", "AgencyClass")),
        ])
    };
    let group = at(study, "sponsors");
    let lead = group.and_then(|group| at(group, "lead_sponsor"));
    let others = group.into_iter().flat_map(|group| all(group, "collaborator"));
    let party = at(study, "responsible_party").map_or(Value::Null, |party| {
        object([
            ("type", value(party, "responsible_party_type", "ResponsiblePartyType")),
            ("investigatorAffiliation", said(party, "investigator_affiliation")),
            ("oldOrganization", said(party, "organization")),
        ])
    });
    object([
        ("responsibleParty", party),
        ("leadSponsor", lead.map_or(Value::Null, sponsor)),
        ("collaborators", others.map(sponsor).collect()),
    ])
}

fn oversight(study: Node) -> Value {
    let at = |name: &str| yes_or_no(study, &format!("oversight_info/{name}"));
    object([
        ("oversightHasDmc", at("has_dmc")),
        ("isFdaRegulatedDrug", at("is_fda_regulated_drug")),
        ("isFdaRegulatedDevice", at("is_fda_regulated_device")),
        ("isUnapprovedDevice", at("is_unapproved_device")),
        ("isPpsd", at("is_ppsd")),
        ("isUsExport", at("is_us_export")),
    ])
}

fn design(study: Node) -> Value {
    let kind = text(study, "study_type").unwrap_or("");
    let info = at(study, "study_design_info");
    let of = |name: &str, values: &str| info.map_or(Value::Null, |info| value(info, name, values));
    let words_of = |name: &str| info.map_or(Value::Null, |info| said(info, name));
    let mut masking =
        info.and_then(|info| text(info, "masking")).map_or(Value::Null, words::masking);
    if let (Value::Object(masking), described @ Value::String(_)) =
        (&mut masking, words_of("masking_description"))
    {
        words::put(masking, "maskingDescription", described);
    }
    let design = object([
        ("allocation", of("allocation", "DesignAllocation")),
        ("interventionModel", of("intervention_model", "InterventionalAssignment")),
        ("interventionModelDescription", words_of("intervention_model_description")),
        ("primaryPurpose", of("primary_purpose", "PrimaryPurpose")),
        ("observationalModel", of("observational_model", "ObservationalModel")),
        ("timePerspective", of("time_perspective", "DesignTimePerspective")),
        ("maskingInfo", masking),
    ]);
    let count =
        text(study, "enrollment").and_then(crate::values::number).map(|count| json!(count.low));
    let count_type = at(study, "enrollment").and_then(|node| node.attribute("type"));
    let count_type = count_type.map(|kind| match kind {
        "Anticipated" => "ESTIMATED".to_owned(),
        other => words::value("EnrollmentType", other),
    });
    let is_registry = kind.contains("[Patient Registry]");
    let plain = kind.split('[').next().unwrap_or("");
    object([
        (
            "studyType",
            if plain.is_empty() { Value::Null } else { json!(words::value("StudyType", plain)) },
        ),
        ("patientRegistry", if is_registry { json!(true) } else { Value::Null }),
        ("targetDuration", said(study, "target_duration")),
        ("phases", Value::Array(words::phases(text(study, "phase").unwrap_or("")))),
        ("designInfo", design),
        (
            "bioSpec",
            object([
                ("retention", value(study, "biospec_retention", "BioSpecRetention")),
                ("description", block(study, "biospec_descr/textblock")),
            ]),
        ),
        (
            "enrollmentInfo",
            object([
                ("count", count.unwrap_or_default()),
                ("type", count_type.map_or(Value::Null, Value::String)),
            ]),
        ),
    ])
}

fn arms(study: Node) -> Value {
    let named = |node: Node| {
        let kind = words::value("InterventionType", text(node, "intervention_type").unwrap_or(""));
        let shown = crate::enums::shown("InterventionType", &kind);
        json!(format!("{shown}: {}", text(node, "intervention_name").unwrap_or("")))
    };
    let groups = all(study, "arm_group").map(|group| {
        let label = text(group, "arm_group_label");
        let belongs = |node: &Node| {
            all(*node, "arm_group_label").any(|own| own.text().map(str::trim) == label)
        };
        let names: Value = all(study, "intervention").filter(belongs).map(named).collect();
        object([
            ("label", words::text(label)),
            ("type", value(group, "arm_group_type", "ArmGroupType")),
            ("description", said(group, "description")),
            ("interventionNames", names),
        ])
    });
    let interventions = all(study, "intervention").map(|node| {
        object([
            ("type", value(node, "intervention_type", "InterventionType")),
            ("name", said(node, "intervention_name")),
            ("description", said(node, "description")),
            ("armGroupLabels", texts(node, "arm_group_label")),
            ("otherNames", texts(node, "other_name")),
        ])
    });
    object([("armGroups", groups.collect()), ("interventions", interventions.collect())])
}

fn outcomes(study: Node, name: &'static str) -> Value {
    let one = |node: Node| {
        object([
            ("measure", said(node, "measure")),
            ("description", said(node, "description")),
            ("timeFrame", said(node, "time_frame")),
        ])
    };
    all(study, name).map(one).collect()
}

fn eligibility(study: Node) -> Value {
    let Some(node) = at(study, "eligibility") else { return Value::Null };
    let age = |path| text(node, path).filter(|age| !age.eq_ignore_ascii_case("N/A"));
    let (low, high) = (age("minimum_age"), age("maximum_age"));
    object([
        ("eligibilityCriteria", block(node, "criteria/textblock")),
        ("healthyVolunteers", yes_or_no(node, "healthy_volunteers")),
        ("sex", value(node, "gender", "Sex")),
        ("genderBased", yes_or_no(node, "gender_based")),
        ("genderDescription", said(node, "gender_description")),
        ("minimumAge", words::text(low)),
        ("maximumAge", words::text(high)),
        ("stdAges", Value::Array(words::standard_ages(low, high))),
        ("studyPopulation", block(node, "study_pop/textblock")),
        ("samplingMethod", value(node, "sampling_method", "SamplingMethod")),
    ])
}

fn locations(study: Node) -> Value {
    let one = |node: Node| {
        object([
            ("facility", said(node, "facility/name")),
            ("status", value(node, "status", "RecruitmentStatus")),
            ("city", said(node, "facility/address/city")),
            ("state", said(node, "facility/address/state")),
            ("zip", said(node, "facility/address/zip")),
            ("country", said(node, "facility/address/country")),
        ])
    };
    all(study, "location").map(one).collect()
}

fn references(study: Node) -> Value {
    let kinds = [("reference", "BACKGROUND"), ("results_reference", "RESULT")];
    let references = kinds.iter().flat_map(|(name, kind)| {
        all(study, name).map(move |node| {
            object([
                ("pmid", said(node, "PMID")),
                ("type", json!(kind)),
                ("citation", said(node, "citation")),
            ])
        })
    });
    let links = all(study, "link")
        .map(|node| object([("label", said(node, "description")), ("url", said(node, "url"))]));
    object([("references", references.collect()), ("seeAlsoLinks", links.collect())])
}

fn sharing(study: Node) -> Value {
    let Some(node) = at(study, "patient_data") else { return Value::Null };
    let kinds = all(node, "ipd_info_type").filter_map(|kind| kind.text());
    let kinds = kinds.map(|kind| {
        json!(words::value("IpdSharingInfoType", kind.split('(').next().unwrap_or(kind)))
    });
    object([
        ("ipdSharing", value(node, "sharing_ipd", "IpdSharing")),
        ("description", said(node, "ipd_description")),
        ("infoTypes", kinds.collect()),
        ("timeFrame", said(node, "ipd_time_frame")),
        ("accessCriteria", said(node, "ipd_access_criteria")),
        ("url", said(node, "ipd_url")),
    ])
}
