//! The vectors of a store: made once, kept beside it, made anew where they are damaged; and their times.

use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{env, fs};

use cytotrial_registry::Store;
use cytotrial_registry::import::{Request, import};
use cytotrial_registry::related::{Row, Segment, Wanted, of_store, related};

fn imported(store: &Path, source: PathBuf) -> Store {
    let request = Request {
        store: store.to_owned(),
        sources: vec![source],
        now: "2026-01-02".to_owned(),
        threads: 2,
        with_bundled: false,
        segment_bytes: 0,
    };
    import(&request, &|_| true).expect("an import");
    Store::open(store).expect("a store")
}

fn vectors(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.filter(|path| path.extension().is_some_and(|end| end == "vectors")).collect()
}

fn like(store: &Store, id: &str) -> Vec<Row> {
    let bytes = of_store(store).expect("vectors");
    let segment = Segment::open(&bytes).expect("a segment");
    let stored = store.get_by_id(id).expect("it can be read").expect("it is there");
    related(&segment, &stored.record.json, &Wanted::default())
}

#[test]
fn vectors_are_kept_beside_the_store_and_made_anew_where_they_are_damaged() {
    let folder = tempfile::tempdir().expect("a folder");
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/registry");
    let store = imported(folder.path(), golden.join("extract_records.jsonl.gz"));
    let first = like(&store, "NCT06379451");
    let kept = vectors(folder.path());
    assert_eq!((kept.len(), first.len()), (1, 20));
    assert!(first[..5].iter().any(|row| row.key == "NCT02203825"), "{first:?}");
    assert_eq!(like(&store, "NCT06379451"), first);
    fs::write(&kept[0], b"damaged").expect("a file");
    assert_eq!(like(&store, "NCT06379451"), first);
    let store = imported(folder.path(), golden.join("response_rates_records.jsonl.gz"));
    assert!(of_store(&store).is_ok());
    let newer = vectors(folder.path());
    assert!(newer.len() == 1 && newer != kept, "one file, that of the newer state");
    assert!(Store::open(folder.path()).expect("a store").count() > 60, "the store is untouched");
}

#[test]
fn a_corpus_is_asked_within_its_limits() {
    let Some(corpus) = env::var_os("CYTOTRIAL_REGISTRY").map(PathBuf::from) else {
        eprintln!("skipped: CYTOTRIAL_REGISTRY names no folder with studies.jsonl.gz");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let store = imported(folder.path(), corpus.join("studies.jsonl.gz"));
    let start = Instant::now();
    let bytes = of_store(&store).expect("vectors");
    eprintln!(
        "{} records, {} kB, made in {:.2?}",
        store.count(),
        bytes.len() / 1000,
        start.elapsed()
    );
    let start = Instant::now();
    let bytes = of_store(&store).expect("vectors");
    let segment = Segment::open(&bytes).expect("a segment");
    eprintln!("opened in {:.2?}", start.elapsed());
    assert!(bytes.len() < 12_000_000);
    let mut times: Vec<f64> = Vec::new();
    for address in store.sorted().into_iter().step_by(61) {
        let record = store.get(address).expect("a record").record;
        let start = Instant::now();
        let rows = related(&segment, &record.json, &Wanted::default());
        times.push(start.elapsed().as_secs_f64() * 1e3);
        assert!(rows.iter().all(|row| row.key != record.key.id && !row.reasons.is_empty()));
    }
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[(share * (times.len() - 1) as f64) as usize];
    eprintln!("{} queries: median {:.1} ms, p95 {:.1} ms", times.len(), at(0.5), at(0.95));
}
