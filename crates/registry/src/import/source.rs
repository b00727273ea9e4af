//! Files and folders opened, told apart by what is in them, and cut into records.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::split::{Piece, first_line, values};
use super::{Content, Item, Origins, Read, csv, guard, is_hidden, told, zip};
use crate::lines::{LONGEST, LineError, Lines};

/// Endings of files that are read in a folder; a file that is named itself may have any.
const ENDINGS: &[&str] = &["json", "jsonl", "ndjson", "xml", "csv", "gz", "zip"];

/// Folders in folders that are gone into.
const DEEPEST: usize = 16;

/// Whether a file in a folder is taken for one with records.
pub fn supported(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str())) && !is_hidden(path)
}

/// Reads files and hands on what is cut from them.
pub(crate) struct Reader<'a> {
    /// Takes an item and its size; answers whether to go on.
    pub(crate) keep: &'a mut dyn FnMut(Item, usize) -> bool,
    pub(crate) read: &'a mut Read,
}

impl Reader<'_> {
    /// Reads a file, a folder, or stdin for `-`; false to stop.
    pub(crate) fn path(&mut self, path: &Path) -> bool {
        if path == Path::new("-") {
            return self.stream("stdin", BufReader::new(io::stdin().lock()), true);
        }
        if path.is_dir() { self.folder(path, 0) } else { self.file(path) }
    }

    fn folder(&mut self, folder: &Path, depth: usize) -> bool {
        let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => return self.damage(&folder.display().to_string(), told(&error)),
        };
        let mut paths: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
        paths.sort();
        for path in paths {
            // A link to a folder may lead back to this one.
            let is_folder = path.symlink_metadata().is_ok_and(|data| data.is_dir());
            let goes_on = if is_folder && depth < DEEPEST && !is_hidden(&path) {
                self.folder(&path, depth + 1)
            } else if !is_folder && supported(&path) {
                self.file(&path)
            } else {
                true
            };
            if !goes_on {
                return false;
            }
        }
        true
    }

    fn file(&mut self, path: &Path) -> bool {
        let name = path.display().to_string();
        let opened = File::open(path).and_then(|file| {
            let mut reader = BufReader::with_capacity(1 << 18, file);
            let is_zip = reader.fill_buf()?.starts_with(b"PK\x03\x04");
            Ok((reader, is_zip))
        });
        match opened {
            Err(error) => self.damage(&name, told(&error)),
            Ok((reader, true)) => self.archive(&name, reader),
            Ok((reader, false)) => self.stream(&name, reader, true),
        }
    }

    fn damage(&mut self, place: &str, what: String) -> bool {
        self.read.damage(place.to_owned(), what);
        true
    }

    fn archive(&mut self, name: &str, file: BufReader<File>) -> bool {
        let mut goes_on = true;
        let read = zip::entries(file, |entry, bytes| {
            let place = format!("{name}: {entry}");
            goes_on = match bytes {
                Err(error) => self.damage(&place, told(&error)),
                Ok(_) if !supported(Path::new(entry)) => true,
                Ok(bytes) => self.stream(&place, BufReader::new(bytes), false),
            };
            goes_on
        });
        if let Err(error) = read {
            self.damage(name, told(&error));
        }
        goes_on
    }

    /// Reads bytes, unpacked where they are packed and that is still to be done.
    pub(crate) fn stream(
        &mut self,
        name: &str,
        mut reader: impl BufRead,
        may_unpack: bool,
    ) -> bool {
        let start = match reader.fill_buf() {
            Ok(start) => start,
            Err(error) => return self.damage(name, told(&error)),
        };
        if start.starts_with(&[0x1f, 0x8b]) {
            if !may_unpack {
                return self.damage(name, "it is packed twice".to_owned());
            }
            let unpacked = guard::guarded(reader, MultiGzDecoder::new);
            let plain = name.strip_suffix(".gz").unwrap_or(name);
            return self.plain(name, plain, BufReader::with_capacity(1 << 18, unpacked));
        }
        if start.starts_with(b"PK\x03\x04") {
            let what =
                "an archive is read from a file of its own only, not from stdin or another archive";
            return self.damage(name, what.to_owned());
        }
        self.plain(name, name, reader)
    }

    fn plain(&mut self, place: &str, name: &str, mut reader: impl BufRead) -> bool {
        let first = match first_letter(&mut reader) {
            Ok(first) => first,
            Err(error) => return self.damage(place, told(&error)),
        };
        match first {
            None => self.damage(place, "it is empty".to_owned()),
            Some(b'{' | b'[') => self.json(place, name, reader),
            Some(b'<') => self.xml(place, reader),
            Some(_) => self.table(place, reader),
        }
    }

    fn json(&mut self, place: &str, name: &str, mut reader: impl BufRead) -> bool {
        let (first, is_record) = match first_line(&mut reader) {
            Ok(first) => first,
            Err(error) => return self.damage(place, told(&error)),
        };
        let ending = name.rsplit('.').next().unwrap_or("").to_lowercase();
        let is_lines = is_record || matches!(ending.as_str(), "jsonl" | "ndjson");
        let reader = io::Cursor::new(first).chain(reader);
        if is_lines { self.lines(place, reader) } else { self.values(place, reader) }
    }

    fn lines(&mut self, place: &str, reader: impl BufRead) -> bool {
        let mut lines = Lines::new(reader);
        while let Some(line) = lines.next_line() {
            let goes_on = match line {
                Ok((number, bytes)) => self.item(place, format!("line {number}"), bytes),
                Err(LineError::Unreadable { line, source }) => {
                    self.damage(&format!("{place}, line {line}"), told(&source))
                }
                Err(error) => {
                    let what = error.to_string();
                    let (line, what) = what.split_once(": ").unwrap_or(("", &what));
                    self.damage(&format!("{place}, {line}"), what.to_owned())
                }
            };
            if !goes_on {
                return false;
            }
        }
        true
    }

    fn values(&mut self, place: &str, reader: impl BufRead) -> bool {
        let mut goes_on = true;
        let read = values(reader, |piece| {
            goes_on = match piece {
                Piece::Value(bytes, number) => self.item(place, format!("record {number}"), bytes),
                Piece::Damaged(number, what) => {
                    self.damage(&format!("{place}, record {number}"), what)
                }
            };
            goes_on
        });
        if let Err(error) = read {
            self.damage(place, told(&error));
        }
        goes_on
    }

    fn item(&mut self, source: &str, part: String, bytes: Vec<u8>) -> bool {
        let size = bytes.len();
        let place = Origins { source: source.to_owned(), part };
        (self.keep)(Item { place, content: Content::Json(bytes) }, size)
    }

    fn xml(&mut self, place: &str, reader: impl BufRead) -> bool {
        let mut bytes = Vec::new();
        match reader.take(LONGEST + 1).read_to_end(&mut bytes) {
            Err(error) => self.damage(place, told(&error)),
            Ok(_) if bytes.len() as u64 > LONGEST => {
                self.damage(place, format!("longer than {} MiB", LONGEST >> 20))
            }
            Ok(size) => {
                let place = Origins { source: place.to_owned(), part: String::new() };
                (self.keep)(Item { place, content: Content::Xml(bytes) }, size)
            }
        }
    }

    fn table(&mut self, place: &str, reader: impl BufRead) -> bool {
        let mut goes_on = true;
        let read = csv::rows(reader, |line, row| {
            let part = format!("line {line}");
            goes_on = match row {
                Ok((json, size)) => {
                    let place = Origins { source: place.to_owned(), part };
                    (self.keep)(Item { place, content: Content::Row(Box::new(json)) }, size)
                }
                Err(what) => self.damage(&format!("{place}, {part}"), what),
            };
            goes_on
        });
        if let Err(what) = read {
            self.damage(place, what);
        }
        goes_on
    }
}

/// The first letter that is no blank; the mark of the byte order is taken away, blanks too.
fn first_letter(reader: &mut impl BufRead) -> io::Result<Option<u8>> {
    if reader.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
        reader.consume(3);
    }
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(None);
        }
        let blanks = buffer.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let first = buffer.get(blanks).copied();
        if first.is_some() {
            // Blanks stay: lines are counted from the first of all.
            return Ok(first);
        }
        reader.consume(blanks);
    }
}
