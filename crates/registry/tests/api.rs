//! The interface over a store: pages, single studies, errors, tables, and paths that are refused.

#![allow(clippy::unwrap_used, reason = "helpers of tests, outside of them")]

use std::fmt::Write as _;

use cytotrial_registry::api::{Answer, answer};
use cytotrial_registry::{Form, Origin, Record, Store};
use serde_json::{Value, json};

fn store() -> Store {
    let record = |number: u32| {
        let status = if number.is_multiple_of(2) { "RECRUITING" } else { "COMPLETED" };
        let json = json!({"protocolSection": {
            "identificationModule": {"nctId": format!("NCT{number:08}"), "briefTitle": "CAR-NK cells in myeloma",
                "nctIdAliases": [format!("NCT{:08}", number + 1000)]},
            "statusModule": {"overallStatus": status, "startDateStruct": {"date": format!("20{:02}-01", number)}},
            "conditionsModule": {"conditions": ["Multiple Myeloma"]},
            "designModule": {"phases": ["PHASE1"], "enrollmentInfo": {"count": number}},
            "contactsLocationsModule": {"locations": [{"city": "Boston", "state": "Massachusetts",
                "geoPoint": {"lat": 42.36, "lon": -71.06}}]}},
            "hasResults": false});
        Record::from_json(json).unwrap()
    };
    let records: Vec<Record> = (1..=25).map(record).collect();
    let origin = Origin {
        source: "made up".to_owned(),
        form: Form::Json,
        imported: String::new(),
        import: 1,
    };
    Store::in_memory(&records, &origin).unwrap()
}

fn get(store: &Store, target: &str) -> Answer {
    answer(store, "GET", target)
}

fn json_of(store: &Store, target: &str) -> Value {
    let answer = get(store, target);
    assert_eq!(answer.status, 200, "{target}: {}", String::from_utf8_lossy(&answer.body));
    serde_json::from_slice(&answer.body).unwrap()
}

fn ids(page: &Value) -> Vec<String> {
    let studies = page["studies"].as_array().unwrap().iter();
    studies
        .map(|study| {
            study["protocolSection"]["identificationModule"]["nctId"].as_str().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn pages_cover_everything_once() {
    let store = store();
    for query in [
        "query.cond=multiple+myeloma",
        "filter.overallStatus=RECRUITING,COMPLETED",
        "sort=StartDate:asc",
        "",
    ] {
        let mut found = Vec::new();
        let mut token = String::new();
        for page in 0..10 {
            let mut target = format!("/api/v2/studies?{query}&pageSize=7&countTotal=true");
            if !token.is_empty() {
                let _ = write!(target, "&pageToken={token}");
            }
            let answer = json_of(&store, &target);
            assert_eq!(answer["totalCount"].as_u64(), (page == 0).then_some(25));
            found.extend(ids(&answer));
            match answer["nextPageToken"].as_str() {
                Some(next) => token = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(found.len(), 25, "{query}");
        found.sort();
        found.dedup();
        assert_eq!(found.len(), 25, "{query}");
    }
    assert_eq!(json_of(&store, "/studies")["studies"].as_array().map(Vec::len), Some(10));
    let other = get(&store, "/api/v2/studies?query.cond=x&pageToken=7-0");
    assert_eq!(other.status, 400);
}

#[test]
fn filters_and_fields_do_what_they_say() {
    let store = store();
    let total = |query: &str| {
        json_of(&store, &format!("/api/v2/studies?countTotal=true&{query}"))["totalCount"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(total("filter.overallStatus=RECRUITING"), 12);
    assert_eq!(total("filter.advanced=AREA%5BEnrollmentCount%5DRANGE%5B1,5%5D"), 5);
    assert_eq!(total("postFilter.advanced=AREA[StartDate]RANGE[2010-01-01,2012-12-31]"), 3);
    assert_eq!(total("aggFilters=results:with"), 0);
    assert_eq!(total("aggFilters=status:rec,phase:1"), 12);
    assert_eq!(total("filter.geo=distance(42.3,-71.1,20km)"), 25);
    assert_eq!(total("filter.geo=distance(48.1,11.6,20mi)"), 0);
    assert_eq!(total("query.term=plasma+cell+myeloma"), 25, "by a synonym");
    assert_eq!(total("filter.ids=NCT00000003|NCT4,nct00000005"), 3);
    assert_eq!(
        total("query.term=NCT00000003,NCT00000004&filter.overallStatus=COMPLETED"),
        2,
        "ids alone pass filters"
    );
    let page = json_of(
        &store,
        "/api/v2/studies?fields=NCTId,EnrollmentCount&pageSize=1&sort=EnrollmentCount:desc",
    );
    let expected = json!({"protocolSection": {
        "identificationModule": {"nctId": "NCT00000025"}, "designModule": {"enrollmentInfo": {"count": 25}}}});
    assert_eq!(page["studies"][0], expected);
}

#[test]
fn single_studies_are_found_by_every_spelling() {
    let store = store();
    for id in ["NCT00000003", "nct3", "NCT000000003"] {
        assert_eq!(json_of(&store, &format!("/api/v2/studies/{id}"))["hasResults"], false);
    }
    let moved = get(&store, "/api/v2/studies/NCT00001003");
    assert_eq!(
        (moved.status, moved.headers),
        (301, vec![("location", "/api/v2/studies/NCT00000003".to_owned())])
    );
    assert_eq!(get(&store, "/api/v2/studies/NCT00099999").status, 404);
    assert_eq!(get(&store, "/api/v2/studies/NCTabc").status, 400);
    assert!(
        String::from_utf8(get(&store, "/api/v2/studies/nct3?format=ris").body)
            .unwrap()
            .contains("TI  - CAR-NK")
    );
    assert_eq!(get(&store, "/api/v2/studies/nct3?format=fhir.json").status, 400);
}

#[test]
fn tables_have_a_header_once_and_their_totals_beside_them() {
    let store = store();
    let first = get(&store, "/api/v2/studies?format=csv&pageSize=20&countTotal=true");
    assert_eq!(first.content_type, "text/csv; charset=utf-8");
    let text = String::from_utf8(first.body).unwrap();
    assert_eq!(text.lines().count(), 21);
    let header = |name: &str| {
        first.headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone())
    };
    assert_eq!(header("x-total-count").as_deref(), Some("25"));
    let token = header("x-next-page-token").unwrap();
    let second = get(&store, &format!("/api/v2/studies?format=csv&pageSize=20&pageToken={token}"));
    assert_eq!(String::from_utf8(second.body).unwrap().lines().count(), 5);
    let some = get(&store, "/api/v2/studies?format=csv&pageSize=1&fields=NCT+Number,Phases");
    assert_eq!(String::from_utf8(some.body).unwrap(), "NCT Number,Phases\nNCT00000001,PHASE1\n");
}

#[test]
fn the_model_and_the_counts_are_served() {
    let store = store();
    assert_eq!(json_of(&store, "/api/v2/studies/enums").as_array().map(Vec::len), Some(41));
    assert_eq!(
        json_of(&store, "/api/v2/studies/search-areas")[0]["areas"].as_array().map(Vec::len),
        Some(19)
    );
    assert!(json_of(&store, "/api/v2/studies/metadata").is_array());
    assert_eq!(json_of(&store, "/api/v2/stats/size")["totalStudies"], 25);
    let values = json_of(&store, "/api/v2/stats/field/values?fields=OverallStatus");
    assert_eq!(values[0]["topValues"][0], json!({"value": "COMPLETED", "studiesCount": 13}));
    assert_eq!(values, json_of(&store, "/api/v2/stats/fieldValues/OverallStatus"));
    let sizes = json_of(&store, "/api/v2/stats/field/sizes?fields=Phase");
    assert_eq!(sizes[0]["topSizes"][0], json!({"size": 1, "studiesCount": 25}));
    assert!(json_of(&store, "/api/v2/version")["apiVersion"].is_string());
}

#[test]
fn what_is_wrong_is_refused_in_plain_text() {
    let store = store();
    for (target, status) in [
        ("/api/v2/studies?filter.phase=PHASE1", 400),
        ("/api/v2/studies?query.recrs=a", 400),
        ("/api/v2/studies?filter.advanced=AREA[Nothing]x", 400),
        ("/api/v2/studies?filter.advanced=(", 400),
        ("/api/v2/studies?pageSize=-1", 400),
        ("/api/v2/studies?sort=BriefTitle", 400),
        ("/api/v2/studies?sort=a,b,c", 400),
        ("/api/v2/studies?fields=Nothing", 400),
        ("/api/v2/studies?format=xml", 400),
        ("/api/v2/studies?filter.overallStatus=OPEN", 400),
        ("/api/v2/studies?query.term=%ff", 400),
        ("/api/v2/../../etc/passwd", 404),
        ("/api/v2/%2e%2e/%2e%2e/etc/passwd", 404),
        ("//etc/passwd", 404),
        ("/api/v2/studies/..%2f..%2fsecret", 404),
        ("", 404),
        ("/", 404),
        ("studies", 404),
        ("/api/v2/stats/field/values?fields=Nothing", 400),
    ] {
        let answer = get(&store, target);
        assert_eq!(answer.status, status, "{target}: {}", String::from_utf8_lossy(&answer.body));
        assert!(answer.content_type.starts_with("text/plain") && !answer.body.is_empty());
    }
    assert_eq!(
        get(&store, "/api/v2/studies?filter.advanced=AREA[Nothing]x").body,
        b"Unknown area name `Nothing`"
    );
    assert_eq!(get(&store, &format!("/{}", "a".repeat(20_000))).status, 414);
    for method in ["POST", "PUT", "DELETE", "get", ""] {
        assert_eq!(answer(&store, method, "/api/v2/version").status, 405);
    }
}

#[test]
fn hostile_addresses_do_no_harm() {
    let store = store();
    let parts = [
        "AREA[",
        "RANGE[",
        "]",
        "(",
        ")",
        "\"",
        "AND ",
        "OR ",
        "NOT ",
        "MISSING",
        "Phase",
        "PHASE1",
        "\\",
        "%",
        "%zz",
        "SEARCH[Location]",
        "StartDate",
        "MIN,MAX",
        "é",
        "DISTANCE[1,2,3km]",
        "EXPANSION[None]",
        "COVERAGE[FullMatch]",
        "TILT[StartDate]",
        ":size",
        "myeloma",
        ",",
        "&",
        "=",
        "1",
        "-",
        "EXPANSION[Lossy]",
        "LocationCity",
        "boston",
    ];
    let mut seed = 3_u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((seed >> 33) as usize) % below
    };
    let mut fine = 0;
    for _ in 0..3000 {
        let length = 1 + next(9);
        let text: String = (0..length).map(|_| parts[next(parts.len())]).collect();
        let name = ["filter.advanced", "query.term", "query.locn", "aggFilters", "sort", "fields"]
            [next(6)];
        let answer = get(&store, &format!("/api/v2/studies?{name}={text}"));
        assert!(matches!(answer.status, 200 | 400), "{text}");
        fine += u32::from(answer.status == 200);
    }
    assert!(fine > 300, "{fine}");
}
