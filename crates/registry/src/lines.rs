//! Records from JSON lines, compressed or not, one at a time.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use crate::record::{NoRecord, Record};

/// Longest line, in bytes; a longer one is no record.
pub const LONGEST: u64 = 64 << 20;

/// A line that is no record.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// The bytes cannot be read.
    #[error("line {line}: {source}")]
    Unreadable {
        /// Its number, from 1.
        line: usize,
        /// Why.
        source: io::Error,
    },
    /// A line longer than any record.
    #[error("line {line}: longer than {} MiB", LONGEST >> 20)]
    TooLong {
        /// Its number, from 1.
        line: usize,
    },
    /// A line that is no record.
    #[error("line {line}: {source}")]
    NoRecord {
        /// Its number, from 1.
        line: usize,
        /// Why.
        source: NoRecord,
    },
}

/// The records of a text with one JSON object per line; empty lines are passed over.
pub struct Lines<R> {
    reader: R,
    line: usize,
    is_over: bool,
}

/// Records from plain or gzip bytes, told apart by how they begin.
pub fn records<'a>(bytes: impl BufRead + 'a) -> io::Result<Lines<Box<dyn BufRead + 'a>>> {
    Ok(Lines::new(unpacked(bytes)?))
}

/// The bytes, unpacked where they are gzip.
pub fn unpacked<'a>(mut bytes: impl BufRead + 'a) -> io::Result<Box<dyn BufRead + 'a>> {
    let is_gzip = bytes.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    Ok(if is_gzip {
        Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(bytes)))
    } else {
        Box::new(bytes)
    })
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self { reader, line: 0, is_over: false }
    }

    /// The next line that is not empty, with its number, without its end.
    pub(crate) fn next_line(&mut self) -> Option<Result<(usize, Vec<u8>), LineError>> {
        while !self.is_over {
            self.line += 1;
            let line = self.line;
            let mut bytes = Vec::new();
            match self.reader.by_ref().take(LONGEST + 1).read_until(b'\n', &mut bytes) {
                Err(source) => {
                    self.is_over = true;
                    return Some(Err(LineError::Unreadable { line, source }));
                }
                Ok(0) => self.is_over = true,
                Ok(_) if bytes.len() as u64 > LONGEST => {
                    self.skip_line();
                    return Some(Err(LineError::TooLong { line }));
                }
                Ok(_) => {
                    if bytes.iter().any(|byte| !byte.is_ascii_whitespace()) {
                        return Some(Ok((line, bytes)));
                    }
                }
            }
        }
        None
    }

    /// Passes over the rest of a line without keeping it.
    fn skip_line(&mut self) {
        loop {
            let Ok(buffer) = self.reader.fill_buf() else {
                self.is_over = true;
                return;
            };
            if buffer.is_empty() {
                self.is_over = true;
                return;
            }
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let used = end.map_or(buffer.len(), |end| end + 1);
            self.reader.consume(used);
            if end.is_some() {
                return;
            }
        }
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Result<Record, LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (line, bytes) = match self.next_line()? {
            Ok(found) => found,
            Err(error) => return Some(Err(error)),
        };
        let read = serde_json::from_slice(&bytes)
            .map_err(|error| NoRecord::Json(error.to_string()))
            .and_then(Record::from_json);
        Some(read.map_err(|source| LineError::NoRecord { line, source }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const TEXT: &str = "{\"protocolSection\":{\"identificationModule\":{\"nctId\":\"NCT00000102\"}}}\n\n{\n\
        {\"protocolSection\":{\"identificationModule\":{\"nctId\":\"NCT00000104\"}}}";

    #[test]
    fn damaged_lines_are_told_with_their_number_and_the_others_read() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(TEXT.as_bytes()).unwrap();
        for bytes in [TEXT.as_bytes().to_vec(), packed.finish().unwrap()] {
            let read: Vec<_> = records(bytes.as_slice()).unwrap().collect();
            assert_eq!(read.len(), 3);
            assert!(read[0].is_ok() && read[2].is_ok());
            let told = read[1].as_ref().unwrap_err().to_string();
            assert!(told.starts_with("line 3: not JSON"), "{told}");
        }
    }
}
