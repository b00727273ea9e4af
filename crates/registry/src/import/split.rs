//! JSON cut into records as it streams by: lines, an array, a page with a list, or one object.

use std::io::{self, BufRead, Read};

use crate::lines::LONGEST;

/// Keys whose list holds the records of a page.
const LISTS: &[&str] = &["studies", "FullStudies"];

/// Longest part of a key that is looked at.
const KEY: usize = 64;

/// What is cut off.
pub(crate) enum Piece {
    /// The bytes of a value, and which one it is, from 1.
    Value(Vec<u8>, u64),
    /// Why a value could not be cut out, and which one it is.
    Damaged(u64, String),
}

/// Cuts a JSON text into values. `see` answers whether to go on.
///
/// A list under `studies` or `FullStudies`, and a list that is the whole text, give their
/// elements; anything else is a value by itself.
pub(crate) fn values(
    mut reader: impl BufRead,
    mut see: impl FnMut(Piece) -> bool,
) -> io::Result<()> {
    let mut cutter = Cutter::default();
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            break;
        }
        let length = buffer.len();
        for byte in buffer {
            if let Some(piece) = cutter.take(*byte)
                && !see(piece)
            {
                return Ok(());
            }
        }
        reader.consume(length);
    }
    if let Some(piece) = cutter.finish() {
        see(piece);
    }
    Ok(())
}

#[derive(Default)]
#[allow(clippy::struct_excessive_bools, reason = "the state of a small machine")]
struct Cutter {
    /// The opening brackets that are open.
    depth: Vec<u8>,
    /// Brackets around the elements that are cut out: 0, 1 for an array, more for a page.
    base: usize,
    in_text: bool,
    is_escaped: bool,
    /// The text that was read last outside the elements, and whether a colon followed.
    key: Vec<u8>,
    value: Vec<u8>,
    is_too_long: bool,
    /// Whether the value around a list is passed over.
    is_around: bool,
    number: u64,
}

impl Cutter {
    fn take(&mut self, byte: u8) -> Option<Piece> {
        if self.in_text {
            self.push(byte);
            self.text(byte);
            return None;
        }
        match byte {
            b'"' => {
                self.push(byte);
                self.in_text = true;
                self.key.clear();
                None
            }
            b'{' | b'[' => {
                self.open(byte);
                None
            }
            b'}' | b']' => self.close(byte),
            b',' if self.depth.len() == self.base && self.base > 0 => {
                // Between elements; what stands there and is no object is told.
                if self.value.is_empty() { None } else { Some(self.end()) }
            }
            byte if byte.is_ascii_whitespace() && self.depth.len() == self.base => None,
            byte => {
                self.push(byte);
                None
            }
        }
    }

    fn push(&mut self, byte: u8) {
        if self.is_around && self.base == 0 || self.is_too_long {
            return;
        }
        if self.value.len() as u64 >= LONGEST {
            self.is_too_long = true;
            self.value = Vec::new();
            return;
        }
        self.value.push(byte);
    }

    fn text(&mut self, byte: u8) {
        if self.is_escaped {
            self.is_escaped = false;
        } else if byte == b'\\' {
            self.is_escaped = true;
        } else if byte == b'"' {
            self.in_text = false;
            return;
        }
        if self.key.len() < KEY {
            self.key.push(byte);
        }
    }

    fn open(&mut self, byte: u8) {
        let is_whole = byte == b'[' && self.depth.is_empty() && self.base == 0;
        let is_listed = byte == b'['
            && self.base == 0
            && !self.is_around
            && (1..=2).contains(&self.depth.len())
            && LISTS.iter().any(|list| list.as_bytes() == self.key);
        if is_whole || is_listed {
            self.depth.push(byte);
            self.base = self.depth.len();
            self.is_around = true;
            self.value.clear();
            self.is_too_long = false;
        } else {
            self.push(byte);
            self.depth.push(byte);
        }
    }

    fn close(&mut self, byte: u8) -> Option<Piece> {
        if self.base > 0 && self.depth.len() == self.base {
            // The end of the list; what is left of the page is passed over.
            let last = if self.value.is_empty() { None } else { Some(self.end()) };
            self.base = 0;
            self.depth.pop();
            self.is_around = !self.depth.is_empty();
            return last;
        }
        self.push(byte);
        self.depth.pop();
        if self.depth.len() > self.base {
            return None;
        }
        if self.base == 0 && self.is_around {
            self.is_around = false;
            self.value.clear();
            return None;
        }
        (self.depth.len() == self.base).then(|| self.end())
    }

    fn end(&mut self) -> Piece {
        self.number += 1;
        let value = std::mem::take(&mut self.value);
        if std::mem::take(&mut self.is_too_long) {
            let what = format!("longer than {} MiB", LONGEST >> 20);
            return Piece::Damaged(self.number, what);
        }
        Piece::Value(value, self.number)
    }

    fn finish(mut self) -> Option<Piece> {
        let is_cut = !self.depth.is_empty() || self.in_text;
        if is_cut {
            return Some(Piece::Damaged(self.number + 1, "the text ends in the middle".to_owned()));
        }
        if self.value.is_empty() && !self.is_too_long { None } else { Some(self.end()) }
    }
}

/// The first line, when a whole object stands on it; what was read is put in front again.
pub(crate) fn first_line(reader: &mut impl BufRead) -> io::Result<(Vec<u8>, bool)> {
    let mut line = Vec::new();
    while line.iter().all(u8::is_ascii_whitespace) {
        let read = reader.by_ref().take(LONGEST).read_until(b'\n', &mut line)?;
        if read == 0 {
            break;
        }
    }
    let start = line.iter().find(|byte| !byte.is_ascii_whitespace());
    let is_object = start == Some(&b'{') && line.len() as u64 <= LONGEST;
    let mut cutter = Cutter::default();
    let mut is_whole = false;
    if is_object {
        for byte in &line {
            // A page with one element is cut to less than the line.
            if let Some(Piece::Value(value, _)) = cutter.take(*byte) {
                is_whole = value == line.trim_ascii();
            }
        }
    }
    let is_record = line.windows(17).any(|part| part == b"\"protocolSection\"");
    Ok((line, is_whole && is_record))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        // One byte at a time, so that every cut is met.
        values(io::BufReader::with_capacity(1, text.as_bytes()), |piece| {
            found.push(match piece {
                Piece::Value(bytes, _) => String::from_utf8(bytes).unwrap(),
                Piece::Damaged(number, what) => format!("{number}: {what}"),
            });
            true
        })
        .unwrap();
        found
    }

    #[test]
    fn lists_pages_and_objects_are_cut() {
        assert_eq!(cut("{\"a\": [1, 2]}"), ["{\"a\": [1, 2]}"]);
        assert_eq!(cut("[{\"a\":1},\n {\"b\":\"]}\\\"\"}]"), ["{\"a\":1}", "{\"b\":\"]}\\\"\"}"]);
        let page =
            "{\"totalCount\": 2, \"studies\": [{\"a\":[{}]}, {\"b\":2}], \"next\": {\"x\": [1]}}";
        assert_eq!(cut(page), ["{\"a\":[{}]}", "{\"b\":2}"]);
        let old = "{\"FullStudiesResponse\":{\"N\":1,\"FullStudies\":[{\"Study\":{}}]}}";
        assert_eq!(cut(old), ["{\"Study\":{}}"]);
        assert_eq!(cut("{\"a\":1}\n{\"b\":2}"), ["{\"a\":1}", "{\"b\":2}"]);
        assert_eq!(cut("{\"studies\": []}"), Vec::<String>::new());
    }

    #[test]
    fn what_is_cut_off_is_told() {
        assert_eq!(cut("[{\"a\":1},{\"b\":"), ["{\"a\":1}", "2: the text ends in the middle"]);
        assert_eq!(cut("[{\"a\":1}, 3]"), ["{\"a\":1}", "3"]);
        assert!(cut("").is_empty());
        for text in ["]]]", "{]}", "[[[", "\"", "}{", "[,]"] {
            cut(text);
        }
    }
}
