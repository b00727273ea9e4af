//! As much of HTTP/1.1 as a reading server needs: a thread per connection, limits on everything.

use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use cytotrial::operation::trial_store::api::{self, Answer};
use cytotrial::operation::trial_store::{Store, open};

use crate::interrupt::Interrupt;

/// Connections at a time; more wait in the queue of the system.
const CONNECTIONS: usize = 256;

/// How long a request may take to arrive, and a connection may be silent.
const PATIENCE: Duration = Duration::from_secs(15);

/// How often a server without work looks whether it should stop.
const PAUSE: Duration = Duration::from_millis(20);

/// Bytes of the first line and of all headers.
const LINE: u64 = (api::LONGEST + 64) as u64;
const HEADERS: usize = 32 << 10;

/// A store that is read anew when its folder changes.
struct Shelf {
    store: RwLock<(Arc<Store>, Instant)>,
    folder: std::path::PathBuf,
}

impl Shelf {
    fn store(&self) -> Arc<Store> {
        let (store, looked) = {
            let held = self.store.read().unwrap_or_else(std::sync::PoisonError::into_inner);
            (held.0.clone(), held.1)
        };
        if looked.elapsed() < Duration::from_secs(1) {
            return store;
        }
        let fresh = if store.is_outdated() { open(&self.folder).ok().map(Arc::new) } else { None };
        let mut held = self.store.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        held.1 = Instant::now();
        if let Some(fresh) = fresh {
            held.0 = fresh;
        }
        held.0.clone()
    }
}

/// Answers connections until it is asked to stop.
pub(super) fn serve(
    listener: &TcpListener,
    store: Store,
    folder: &Path,
    interrupt: &Interrupt,
) -> io::Result<()> {
    let shelf = Arc::new(Shelf {
        store: RwLock::new((Arc::new(store), Instant::now())),
        folder: folder.to_owned(),
    });
    let open = Arc::new(AtomicUsize::new(0));
    listener.set_nonblocking(true)?;
    while !interrupt.is_asked() {
        if open.load(Ordering::Acquire) >= CONNECTIONS {
            std::thread::sleep(PAUSE);
            continue;
        }
        match listener.accept() {
            Ok((stream, _)) => {
                open.fetch_add(1, Ordering::AcqRel);
                let (shelf, open, interrupt) = (shelf.clone(), open.clone(), interrupt.clone());
                std::thread::spawn(move || {
                    // A connection that breaks off is the other side's affair.
                    let _ = converse(&stream, &shelf, &interrupt);
                    open.fetch_sub(1, Ordering::AcqRel);
                });
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(PAUSE),
            // A connection that ended before it was taken.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// A request as far as it matters here.
struct Request {
    method: String,
    target: String,
    stays: bool,
}

/// What came instead of a request.
enum NoRequest {
    /// The other side has ended.
    Ended,
    /// A status and what is wrong.
    Wrong(u16, &'static str),
}

impl From<io::Error> for NoRequest {
    fn from(_: io::Error) -> Self {
        Self::Ended
    }
}

/// Answers the requests of one connection, one after the other.
fn converse(stream: &TcpStream, shelf: &Shelf, interrupt: &Interrupt) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream);
    while !interrupt.is_asked() {
        match request(&mut reader) {
            Err(NoRequest::Ended) => return Ok(()),
            Err(NoRequest::Wrong(status, what)) => {
                send(stream, &Answer::refusal(status, what), false, false)?;
                return Ok(());
            }
            Ok(request) => {
                let answer = api::answer(&shelf.store(), &request.method, &request.target);
                send(stream, &answer, request.method == "HEAD", request.stays)?;
                if !request.stays {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

/// A line without its end, if it is not too long.
fn line(reader: &mut impl BufRead, longest: u64, status: u16) -> Result<String, NoRequest> {
    let mut bytes = Vec::new();
    reader.take(longest).read_until(b'\n', &mut bytes)?;
    match bytes.pop() {
        Some(b'\n') => {
            if bytes.last() == Some(&b'\r') {
                bytes.pop();
            }
            String::from_utf8(bytes).map_err(|_| NoRequest::Wrong(400, "not UTF-8"))
        }
        Some(_) if bytes.len() as u64 + 1 >= longest => Err(NoRequest::Wrong(status, "too long")),
        None | Some(_) => Err(NoRequest::Ended),
    }
}

fn request(reader: &mut impl BufRead) -> Result<Request, NoRequest> {
    let first = line(reader, LINE, 414)?;
    let parts: Vec<&str> = first.split(' ').collect();
    let [method, target, version] = parts[..] else {
        return Err(NoRequest::Wrong(400, "not a request of HTTP"));
    };
    let is_known = matches!(version, "HTTP/1.1" | "HTTP/1.0");
    if !is_known || method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(NoRequest::Wrong(400, "not a request of HTTP/1.1"));
    }
    let mut stays = version == "HTTP/1.1";
    let mut size = 0;
    loop {
        let header = line(reader, HEADERS as u64, 431)?;
        size += header.len() + 2;
        if size > HEADERS {
            return Err(NoRequest::Wrong(431, "the headers are too long"));
        }
        if header.is_empty() {
            break;
        }
        let (name, value) =
            header.split_once(':').ok_or(NoRequest::Wrong(400, "a header without `:`"))?;
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "connection" if value.eq_ignore_ascii_case("close") => stays = false,
            "connection" if value.eq_ignore_ascii_case("keep-alive") => stays = true,
            "content-length" if value != "0" => {
                return Err(NoRequest::Wrong(413, "a request has no body here"));
            }
            "transfer-encoding" => return Err(NoRequest::Wrong(413, "a request has no body here")),
            _ => {}
        }
    }
    // An absolute address is one for a proxy, which this is not; its path is meant.
    let target = target
        .strip_prefix("http://")
        .map_or(target, |rest| rest.find('/').map_or("/", |at| &rest[at..]));
    Ok(Request { method: method.to_owned(), target: target.to_owned(), stays })
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        301 => "Moved Permanently",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        431 => "Request Header Fields Too Large",
        _ => "Internal Server Error",
    }
}

fn send(mut stream: &TcpStream, answer: &Answer, is_head: bool, stays: bool) -> io::Result<()> {
    let mut head = format!(
        "HTTP/1.1 {} {}\r\ncontent-type: {}\r\ncontent-length: {}\r\nx-content-type-options: nosniff\r\nconnection: {}\r\n",
        answer.status,
        reason(answer.status),
        answer.content_type,
        answer.body.len(),
        if stays { "keep-alive" } else { "close" },
    );
    for (name, value) in &answer.headers {
        let plain: String = value.chars().filter(|letter| !letter.is_control()).collect();
        let _ = write!(head, "{name}: {plain}\r\n");
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    if !is_head {
        bytes.extend_from_slice(&answer.body);
    }
    stream.write_all(&bytes)?;
    stream.flush()
}
