//! The entries of a zip archive, one after the other, from its directory; also of large ones.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use flate2::read::DeflateDecoder;

use super::guard::guarded;

/// Most entries that are read, and most bytes of the directory.
const ENTRIES: u64 = 2_000_000;
const DIRECTORY: u64 = 1 << 30;

fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn number(bytes: &[u8], at: usize, length: usize) -> u64 {
    let part = bytes.get(at..at + length).unwrap_or(&[]);
    part.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// An entry of the directory.
struct Entry {
    name: String,
    method: u64,
    flags: u64,
    packed: u64,
    header: u64,
}

/// Calls `see` with the name of every file in an archive and a reader of its bytes. `see` answers
/// whether to go on.
pub(crate) fn entries(
    mut file: impl Read + Seek,
    mut see: impl FnMut(&str, io::Result<Box<dyn Read + '_>>) -> bool,
) -> io::Result<()> {
    let (count, length, start) = directory(&mut file)?;
    if count > ENTRIES || length > DIRECTORY {
        return Err(wrong("the archive has more entries than any that is known"));
    }
    file.seek(SeekFrom::Start(start))?;
    let mut directory = Vec::new();
    file.by_ref().take(length).read_to_end(&mut directory)?;
    let mut at = 0;
    for _ in 0..count {
        let entry = entry(&directory, &mut at)?;
        if entry.name.ends_with('/') || entry.name.starts_with("__MACOSX/") {
            continue;
        }
        let opened = open(&mut file, &entry);
        if !see(&entry.name, opened) {
            break;
        }
    }
    Ok(())
}

/// Entries, bytes and begin of the directory.
fn directory(file: &mut (impl Read + Seek)) -> io::Result<(u64, u64, u64)> {
    let size = file.seek(SeekFrom::End(0))?;
    let length = size.min(66_000);
    file.seek(SeekFrom::Start(size - length))?;
    let mut tail = Vec::new();
    file.by_ref().take(length).read_to_end(&mut tail)?;
    let end = (0..tail.len().saturating_sub(21)).rev();
    let end = end.into_iter().find(|at| tail[*at..].starts_with(b"PK\x05\x06"));
    let end = end.ok_or_else(|| wrong("the archive has no directory: it is cut off, or none"))?;
    let found =
        (number(&tail, end + 10, 2), number(&tail, end + 12, 4), number(&tail, end + 16, 4));
    let is_large = found.0 == 0xffff || found.1 == 0xffff_ffff || found.2 == 0xffff_ffff;
    if !is_large || end < 20 || !tail[end - 20..].starts_with(b"PK\x06\x07") {
        return Ok(found);
    }
    file.seek(SeekFrom::Start(number(&tail, end - 20 + 8, 8)))?;
    let mut large = [0; 56];
    file.read_exact(&mut large)?;
    if !large.starts_with(b"PK\x06\x06") {
        return Err(wrong("the archive's directory is damaged"));
    }
    Ok((number(&large, 32, 8), number(&large, 40, 8), number(&large, 48, 8)))
}

fn entry(directory: &[u8], at: &mut usize) -> io::Result<Entry> {
    let head = directory.get(*at..).unwrap_or(&[]);
    if !head.starts_with(b"PK\x01\x02") || head.len() < 46 {
        return Err(wrong("the archive's directory is damaged"));
    }
    let name_length = number(head, 28, 2) as usize;
    let extra_length = number(head, 30, 2) as usize;
    let name = head.get(46..46 + name_length).unwrap_or(&[]);
    let mut entry = Entry {
        name: String::from_utf8_lossy(name).into_owned(),
        method: number(head, 10, 2),
        flags: number(head, 8, 2),
        packed: number(head, 20, 4),
        header: number(head, 42, 4),
    };
    let extra = head.get(46 + name_length..46 + name_length + extra_length).unwrap_or(&[]);
    large_numbers(extra, &mut entry, number(head, 24, 4) == 0xffff_ffff);
    *at += 46 + name_length + extra_length + number(head, 32, 2) as usize;
    Ok(entry)
}

/// Sizes that do not fit into four bytes stand in an extra field.
fn large_numbers(extra: &[u8], entry: &mut Entry, is_unpacked_large: bool) {
    let mut at = 0;
    while at + 4 <= extra.len() {
        let length = number(extra, at + 2, 2) as usize;
        if number(extra, at, 2) == 1 {
            let mut inner = at + 4 + if is_unpacked_large { 8 } else { 0 };
            for value in [&mut entry.packed, &mut entry.header] {
                if *value == 0xffff_ffff {
                    *value = number(extra, inner, 8);
                    inner += 8;
                }
            }
        }
        at += 4 + length;
    }
}

fn open<'a>(file: &'a mut (impl Read + Seek), entry: &Entry) -> io::Result<Box<dyn Read + 'a>> {
    if entry.flags & 1 == 1 {
        return Err(wrong("it is encrypted"));
    }
    file.seek(SeekFrom::Start(entry.header))?;
    let mut head = [0; 30];
    file.read_exact(&mut head)?;
    if !head.starts_with(b"PK\x03\x04") {
        return Err(wrong("the archive's directory points to no entry"));
    }
    let skipped = number(&head, 26, 2) + number(&head, 28, 2);
    file.seek(SeekFrom::Current(skipped.cast_signed()))?;
    let packed = BufReader::new(file.take(entry.packed));
    match entry.method {
        0 => Ok(Box::new(packed)),
        8 => Ok(Box::new(guarded(packed, DeflateDecoder::new))),
        other => Err(wrong(&format!("it is packed by method {other}, only 0 and 8 are read"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_archive_says_so() {
        for bytes in
            [&b""[..], b"PK\x05\x06", &[0; 100], b"PK\x03\x04 and nothing behind it at all"]
        {
            assert!(entries(io::Cursor::new(bytes), |_, _| true).is_err());
        }
        // A directory that points outside the file.
        let mut end = b"PK\x05\x06".to_vec();
        end.extend([0, 0, 0, 0, 1, 0, 1, 0, 255, 0, 0, 0, 255, 255, 0, 0, 0, 0]);
        assert!(entries(io::Cursor::new(end), |_, _| true).is_err());
    }
}
