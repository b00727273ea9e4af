//! A reader of packed bytes that refuses what unpacks to far more than any record does.

use std::io::{self, Read};

/// How many times as many bytes a file may unpack to.
const RATIO: u64 = 300;

/// Bytes that may be unpacked whatever the ratio.
const FREE: u64 = 32 << 20;

/// Counts what goes in.
pub(crate) struct Counted<R> {
    inner: R,
    count: std::rc::Rc<std::cell::Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.set(self.count.get() + read as u64);
        Ok(read)
    }
}

/// Counts what comes out, and compares.
pub(crate) struct Guarded<R> {
    inner: R,
    packed: std::rc::Rc<std::cell::Cell<u64>>,
    unpacked: u64,
}

/// Guards an unpacker that is made around a counted reader.
pub(crate) fn guarded<P: Read, U: Read>(
    packed: P,
    unpacker: impl FnOnce(Counted<P>) -> U,
) -> Guarded<U> {
    let count = std::rc::Rc::new(std::cell::Cell::new(0));
    let inner = unpacker(Counted { inner: packed, count: count.clone() });
    Guarded { inner, packed: count, unpacked: 0 }
}

impl<R: Read> Read for Guarded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.unpacked += read as u64;
        if self.unpacked > FREE + self.packed.get() * RATIO {
            let what = format!("it unpacks to more than {RATIO} times its size");
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn what_unpacks_to_too_much_is_refused_after_a_little() {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        for _ in 0..200 {
            encoder.write_all(&vec![b' '; 1 << 20]).unwrap();
        }
        let packed = encoder.finish().unwrap();
        let mut guarded = guarded(packed.as_slice(), flate2::read::MultiGzDecoder::new);
        let read = io::copy(&mut guarded, &mut io::sink());
        assert!(read.unwrap_err().to_string().contains("300 times"));
        assert!(guarded.unpacked < 150 << 20);
    }
}
