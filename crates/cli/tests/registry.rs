//! Trial records as a person uses them: imported, searched, exported, compared, and served to clients.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

struct Run {
    code: i32,
    out: String,
    err: String,
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cytotrial"));
    command.args(arguments).current_dir(folder).env("NO_COLOR", "1");
    command
}

fn cytotrial(folder: &Path, arguments: &[&str]) -> Run {
    let Output { status, stdout, stderr } =
        command(folder, arguments).output().expect("the command starts");
    Run {
        code: status.code().expect("it ends by itself"),
        out: String::from_utf8(stdout).expect("text"),
        err: String::from_utf8(stderr).expect("text"),
    }
}

fn record(number: u32, status: &str) -> Value {
    json!({"protocolSection": {
        "identificationModule": {"nctId": format!("NCT{number:08}"), "briefTitle": format!("CAR-NK cells in relapsed myeloma, part {number}")},
        "statusModule": {"overallStatus": status},
        "conditionsModule": {"conditions": ["Multiple Myeloma"]},
        "designModule": {"phases": ["EARLY_PHASE1"], "enrollmentInfo": {"count": number}}},
        "hasResults": false})
}

fn lines(status: &str) -> String {
    let lines: Vec<String> = (1..=40).map(|number| record(number, status).to_string()).collect();
    lines.join("\n") + "\n"
}

#[test]
fn records_are_imported_searched_exported_and_compared() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::write(at.join("a.jsonl"), lines("RECRUITING")).expect("a file");
    fs::write(at.join("b.jsonl"), format!("{}broken\n", lines("COMPLETED"))).expect("a file");
    let none = cytotrial(at, &["registry", "search", "myeloma"]);
    assert_eq!(none.code, 1);
    assert!(none.err.contains("R301"), "{}", none.err);
    let run = cytotrial(at, &["registry", "import", "a.jsonl"]);
    assert_eq!(
        (run.code, run.out.as_str()),
        (0, "40 added, 0 changed, 0 unchanged; 40 records in `registry`\n")
    );
    let run = cytotrial(at, &["registry", "import", "b.jsonl"]);
    assert!(run.code == 0 && run.out.starts_with("0 added, 40 changed"), "{}", run.out);
    assert!(run.err.contains("R307") && run.err.contains("line 41"), "{}", run.err);
    let run = cytotrial(
        at,
        &[
            "registry",
            "search",
            "plasma cell myeloma",
            "--phase",
            "early 1",
            "--limit",
            "2",
            "--why",
        ],
    );
    assert!(run.out.contains("NCT00000001  Completed; Early Phase 1;"), "{}", run.out);
    assert!(run.out.contains("synonym in Condition"), "{}", run.out);
    assert!(run.err.contains("40 of 40 records fit, 1 to 2 shown"), "{}", run.err);
    let run = cytotrial(at, &["registry", "search", "AREA[EnrollmentCount]RANGE[1,7]", "--count"]);
    assert_eq!(run.out, "7\n");
    let run = cytotrial(at, &["registry", "search", "(myeloma"]);
    assert!(run.code == 1 && run.err.contains("R304"), "{}", run.err);
    let run = cytotrial(at, &["registry", "search", "AREA[Conditon]x"]);
    assert!(run.err.contains("R305") && run.err.contains("`Condition`"), "{}", run.err);
    let run = cytotrial(at, &["registry", "export", "--to", "jsonl"]);
    assert_eq!(run.out, lines("COMPLETED"));
    let run = cytotrial(at, &["registry", "diff", "--json"]);
    let difference: Value = serde_json::from_str(&run.out).expect("a document");
    assert_eq!(difference["changed"].as_array().map(Vec::len), Some(40));
    assert_eq!(difference["changed"][0]["changes"][0]["after"], "COMPLETED");
    let run = cytotrial(at, &["registry", "diff", "a.jsonl", "b.jsonl", "--only", "NCT00000007"]);
    assert!(run.out.contains("status: OverallStatus: RECRUITING -> COMPLETED"), "{}", run.out);
}

/// A server that ends with the test.
struct Server {
    child: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("a.jsonl"), lines("RECRUITING")).expect("a file");
        assert_eq!(cytotrial(folder.path(), &["registry", "import", "a.jsonl"]).code, 0);
        let mut command = command(folder.path(), &["registry", "serve", "--port", "0", "--quiet"]);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        let out = child.stdout.as_mut().expect("it is piped");
        BufReader::new(out).read_line(&mut line).expect("a line with the address");
        let address =
            line.trim().trim_start_matches("http://").trim_end_matches("/api/v2").to_owned();
        assert!(address.starts_with("127.0.0.1:"), "{line}");
        Self { child, address, _folder: folder }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Status and body of the next answer.
fn answer(reader: &mut impl BufRead) -> (u16, Vec<u8>) {
    let mut line = String::new();
    reader.read_line(&mut line).expect("a status");
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line).expect("a header");
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.trim().parse().expect("a length");
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    (status, body)
}

fn once(server: &Server, request: &[u8]) -> u16 {
    let mut stream = TcpStream::connect(&server.address).expect("a connection");
    // The server may refuse before all is sent.
    let _ = stream.write_all(request);
    answer(&mut BufReader::new(&stream)).0
}

#[test]
fn ten_thousand_requests_over_fifty_connections_are_answered() {
    let server = Server::start();
    std::thread::scope(|scope| {
        for connection in 0..50 {
            let address = &server.address;
            scope.spawn(move || {
                let stream = TcpStream::connect(address).expect("a connection");
                let mut reader = BufReader::new(&stream);
                for number in 0..200 {
                    let target = match (connection + number) % 4 {
                        0 => "/api/v2/studies?query.cond=myeloma&pageSize=3&countTotal=true",
                        1 => "/api/v2/studies/NCT00000007?fields=NCTId",
                        2 => "/api/v2/version",
                        _ => "/api/v2/studies?format=csv&query.term=CAR-NK&pageSize=2",
                    };
                    let mut writer = &stream;
                    write!(writer, "GET {target} HTTP/1.1\r\nhost: x\r\n\r\n").expect("it is sent");
                    let (status, body) = answer(&mut reader);
                    assert_eq!(status, 200, "{target}");
                    assert!(!body.is_empty());
                }
            });
        }
    });
}

#[test]
fn requests_that_are_none_are_refused() {
    let server = Server::start();
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(100_000));
    let headers = format!("GET /api/v2/version HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(10_000));
    for (request, status) in [
        ("GET /api/v2/version HTTP/1.1\r\nconnection: close\r\n\r\n", 200),
        ("GET /etc/passwd HTTP/1.1\r\n\r\n", 404),
        ("GET /api/v2/../../etc/passwd HTTP/1.1\r\n\r\n", 404),
        ("GET http://elsewhere.example/api/v2/version HTTP/1.1\r\n\r\n", 200),
        ("POST /api/v2/studies HTTP/1.1\r\n\r\n", 405),
        ("DELETE /api/v2/studies HTTP/1.1\r\n\r\n", 405),
        ("GET /api/v2/studies HTTP/1.1\r\ncontent-length: 5\r\n\r\nhello", 413),
        ("GET /api/v2/studies HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", 413),
        ("hello\r\n\r\n", 400),
        ("GET /api/v2/version HTTP/9\r\n\r\n", 400),
        ("GET /api/v2/version HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (long.as_str(), 414),
        (headers.as_str(), 431),
    ] {
        assert_eq!(
            once(&server, request.as_bytes()),
            status,
            "{}",
            &request[..request.len().min(60)]
        );
    }
    let mut stream = TcpStream::connect(&server.address).expect("a connection");
    stream
        .write_all(b"HEAD /api/v2/version HTTP/1.1\r\nconnection: close\r\n\r\n")
        .expect("it is sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    assert!(text.starts_with("HTTP/1.1 200") && text.ends_with("\r\n\r\n"), "{text}");
    assert_eq!(once(&server, b"GET /api/v2/version HTTP/1.1\r\n\r\n"), 200, "it still answers");
}

/// What a client from the package index asks, with nothing but its base address changed.
const CLIENT: &str = r#"
import sys
from pytrials.client import ClinicalTrials
ClinicalTrials._BASE_URL = sys.argv[1]
client = ClinicalTrials()
assert client.api_info[0].startswith("2."), client.api_info
full = client.get_full_studies("multiple myeloma", max_studies=5, fmt="json")
assert len(full["studies"]) == 5, full
table = client.get_full_studies("CAR-NK", max_studies=7)
assert len(table) == 8 and len(table[0]) == 30, table[0]
rows = client.get_study_fields("myeloma", ["NCT Number", "Conditions", "Study Title"], max_studies=40)
assert len(rows) == 41 and rows[1][1] == "Multiple Myeloma", rows[:2]
names = client.study_fields["json"]
some = client.get_study_fields("myeloma", names, max_studies=2, fmt="json")
assert some["studies"][0]["protocolSection"]["identificationModule"]["nctId"].startswith("NCT"), some
print("answered")
"#;

#[test]
fn a_public_client_works_with_its_base_address_changed() {
    let python = std::env::var("CYTOTRIAL_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has_client = Command::new(&python).args(["-c", "import pytrials"]).output();
    if !has_client.is_ok_and(|output| output.status.success()) {
        eprintln!(
            "skipped: {python} has no pytrials (pip install pytrials; CYTOTRIAL_PYTHON names another Python)"
        );
        return;
    }
    let server = Server::start();
    let base = format!("http://{}/api/v2/", server.address);
    let run = Command::new(&python).args(["-c", CLIENT, &base]).output().expect("Python starts");
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success() && out.contains("answered"), "{out}{err}");
}
