//! Numbers in few bytes, and a reader of bytes that never runs past their end.

/// Appends a number, seven bits to a byte, the lowest first.
pub(crate) fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number as u8 & 0x7f) | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Folds a signed number so that small ones stay small.
pub(crate) fn fold(number: i64) -> u64 {
    (number.cast_unsigned() << 1) ^ (number >> 63).cast_unsigned()
}

/// The signed number of a folded one.
pub(crate) fn unfold(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

/// Reads bytes from front to back; past the end there are zeros and nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// How many bytes are behind it.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// The next number.
    #[inline]
    pub(crate) fn number(&mut self) -> u64 {
        let Some(first) = self.bytes.get(self.at) else { return 0 };
        self.at += 1;
        if *first < 0x80 {
            return u64::from(*first);
        }
        self.long_number(u64::from(first & 0x7f))
    }

    /// Passes over a number; the answer is its first byte.
    #[inline]
    pub(crate) fn skip(&mut self) -> u8 {
        let first = self.byte();
        let mut last = first;
        while last >= 0x80 && !self.is_over() {
            last = self.byte();
        }
        first
    }

    #[inline]
    fn long_number(&mut self, mut number: u64) -> u64 {
        let mut shift = 7;
        while let Some(byte) = self.bytes.get(self.at) {
            self.at += 1;
            if shift < 64 {
                number |= u64::from(byte & 0x7f) << shift;
            }
            if *byte < 0x80 {
                break;
            }
            shift += 7;
        }
        number
    }

    #[inline]
    pub(crate) fn byte(&mut self) -> u8 {
        let byte = self.bytes.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        byte
    }

    /// The next bytes, as many as there are of those wanted.
    pub(crate) fn take(&mut self, length: usize) -> &'a [u8] {
        let start = self.at.min(self.bytes.len());
        let end = start.saturating_add(length).min(self.bytes.len());
        self.at = end;
        &self.bytes[start..end]
    }
}

/// The number at a place in a row of four-byte numbers; 0 past the end.
#[inline]
pub(crate) fn at_u32(bytes: &[u8], index: usize) -> u32 {
    let start = index.saturating_mul(4);
    match bytes.get(start..start.saturating_add(4)) {
        Some(&[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_and_the_end_is_the_end() {
        let mut out = Vec::new();
        let numbers = [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX];
        for number in numbers {
            put(&mut out, number);
        }
        let mut cursor = Cursor::new(&out);
        for number in numbers {
            assert_eq!(cursor.number(), number);
        }
        assert!(cursor.is_over());
        assert_eq!((cursor.number(), cursor.byte(), cursor.take(3).len()), (0, 0, 0));
        let mut skipping = Cursor::new(&out);
        for number in numbers {
            assert_eq!(u64::from(skipping.skip() & 0x7f), number & 0x7f);
        }
        assert!(skipping.is_over());
        for number in [0, -1, 1, i64::MIN, i64::MAX] {
            assert_eq!(unfold(fold(number)), number);
        }
        let mut damaged = Cursor::new(&[0xff; 40]);
        damaged.number();
        assert!(damaged.is_over());
    }
}
