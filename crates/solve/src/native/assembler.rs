//! The few AVX-512 instructions that compiled models need, as bytes.
//!
//! Encoding: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, section 2.7 (EVEX).

/// Eight numbers, and one of those that stand for all eight, in bytes.
pub(super) const MEMORY_SIZE: u32 = 64;
pub(super) const CONSTANT_SIZE: u32 = 8;
/// The arguments point behind the first so many.
pub(super) const MIDDLE: u32 = 128;
/// General registers, by number, that point to the middle of one reach of short distances after another:
/// the first argument, and those that a function may use as it likes.
const BASES: [u8; 8] = [7, 2, 1, 0, 8, 9, 10, 11];
/// That of the second argument.
const CONSTANTS: u8 = 6;

/// One of the 32 vector registers of eight numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Vector(pub(super) u8);

/// A register of one bit for each number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mask(pub(super) u8);

/// Where an instruction's last operand comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Vector(Vector),
    /// Eight numbers at this distance from the first register.
    Memory(u32),
    /// One number for all eight, at this distance from the first constant.
    Constant(u32),
}

/// What numbers outside a mask become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outside {
    Kept,
    Zero,
}

/// How two numbers compare. Where one is not a number, those with `Not` hold and the others do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Comparison {
    Equal = 0x00,
    NotEqual = 0x04,
    Less = 0x11,
    LessOrEqual = 0x12,
    NotLess = 0x15,
    NotGreaterOrEqual = 0x19,
    GreaterOrEqual = 0x1D,
    Greater = 0x1E,
}

/// An instruction of the form out = left op right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    map: u8,
    code: u8,
}

const fn form(map: u8, code: u8) -> Form {
    Form { map, code }
}

pub(super) const ADD: Form = form(1, 0x58);
pub(super) const MULTIPLY: Form = form(1, 0x59);
pub(super) const SUBTRACT: Form = form(1, 0x5C);
/// left where left < right, else right
pub(super) const MINIMUM: Form = form(1, 0x5D);
pub(super) const DIVIDE: Form = form(1, 0x5E);
/// left where left > right, else right
pub(super) const MAXIMUM: Form = form(1, 0x5F);
pub(super) const AND: Form = form(1, 0x54);
pub(super) const XOR: Form = form(1, 0x57);
/// out = left * right + out
pub(super) const ADD_PRODUCT: Form = form(2, 0xB8);
/// out = left * right - out
pub(super) const PRODUCT_LESS: Form = form(2, 0xBA);
/// out = out - left * right
pub(super) const LESS_PRODUCT: Form = form(2, 0xBC);
/// out = left * out + right
pub(super) const TIMES_PLUS: Form = form(2, 0xA8);
/// left outside the mask, right inside
pub(super) const BLEND: Form = form(2, 0x65);
/// Whole numbers of 64 bits.
pub(super) const ADD_WHOLE: Form = form(1, 0xD4);
pub(super) const SUBTRACT_WHOLE: Form = form(1, 0xFB);
pub(super) const OR_WHOLE: Form = form(1, 0xEB);

const SQUARE_ROOT: Form = form(1, 0x51);
const LOAD: Form = form(1, 0x28);
const STORE: Form = form(1, 0x29);
const BROADCAST: Form = form(2, 0x19);
const COMPARE: Form = form(1, 0xC2);
const SHIFT: Form = form(1, 0x73);

/// The end of a jump whose target is still open.
#[derive(Debug, Clone, Copy)]
pub(super) struct Jump(usize);

/// A place in the code.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place(usize);

/// Machine code that grows.
#[derive(Debug, Default)]
pub(super) struct Assembler {
    bytes: Vec<u8>,
    /// How many bases are used.
    bases: usize,
}

/// What the prefix says besides the registers.
#[derive(Clone, Copy)]
struct Mode {
    mask: u8,
    zeroes: bool,
}

const ALL: Mode = Mode { mask: 0, zeroes: false };

impl Assembler {
    /// out = left op right
    pub(super) fn apply(&mut self, form: Form, out: Vector, left: Vector, right: Source) {
        self.encode(form, ALL, out.0, left.0, right);
    }

    /// As [`Self::apply`] inside the mask; `out` keeps its numbers outside it.
    pub(super) fn apply_inside(
        &mut self,
        form: Form,
        mask: Mask,
        out: Vector,
        (left, right): (Vector, Source),
    ) {
        let mode = Mode { mask: mask.0, zeroes: false };
        self.encode(form, mode, out.0, left.0, right);
    }

    pub(super) fn square_root(&mut self, out: Vector, source: Source) {
        self.encode(SQUARE_ROOT, ALL, out.0, 0, source);
    }

    /// Copies numbers into a register.
    pub(super) fn load(&mut self, out: Vector, source: Source) {
        let form = if matches!(source, Source::Constant(_)) { BROADCAST } else { LOAD };
        self.encode(form, ALL, out.0, 0, source);
    }

    /// Copies numbers into those places of a register that are inside the mask.
    pub(super) fn load_inside(
        &mut self,
        mask: Mask,
        outside: Outside,
        out: Vector,
        source: Source,
    ) {
        let form = if matches!(source, Source::Constant(_)) { BROADCAST } else { LOAD };
        let mode = Mode { mask: mask.0, zeroes: outside == Outside::Zero };
        self.encode(form, mode, out.0, 0, source);
    }

    /// Writes a register to memory at a distance from the first register.
    pub(super) fn store(&mut self, distance: u32, source: Vector) {
        self.encode(STORE, ALL, source.0, 0, Source::Memory(distance));
    }

    /// out = left ? right, and 0 outside `within` where that is given.
    pub(super) fn compare(
        &mut self,
        comparison: Comparison,
        out: Mask,
        within: Option<Mask>,
        (left, right): (Vector, Source),
    ) {
        let mode = Mode { mask: within.map_or(0, |mask| mask.0), zeroes: false };
        self.encode(COMPARE, mode, out.0, left.0, right);
        self.bytes.push(comparison as u8);
    }

    pub(super) fn shift_left(&mut self, out: Vector, source: Vector, bits: u8) {
        self.encode(SHIFT, ALL, 6, out.0, Source::Vector(source));
        self.bytes.push(bits);
    }

    pub(super) fn shift_right(&mut self, out: Vector, source: Vector, bits: u8) {
        self.encode(SHIFT, ALL, 2, out.0, Source::Vector(source));
        self.bytes.push(bits);
    }

    /// Goes on elsewhere unless all eight bits of the mask are set. Returns the jump, for
    /// [`Assembler::lands`].
    pub(super) fn jump_unless_all(&mut self, mask: Mask) -> Jump {
        let both = 0xC0 | (mask.0 << 3) | mask.0;
        self.bytes.extend([0xC5, 0xF9, 0x98, both, 0x0F, 0x83]); // kortestb; jae
        self.open()
    }

    pub(super) fn jump(&mut self) -> Jump {
        self.bytes.push(0xE9);
        self.open()
    }

    /// Runs a function and comes back.
    pub(super) fn call(&mut self) -> Jump {
        self.bytes.push(0xE8);
        self.open()
    }

    fn open(&mut self) -> Jump {
        self.bytes.extend([0; 4]);
        Jump(self.bytes.len())
    }

    /// Where the next instruction will stand.
    pub(super) fn here(&self) -> Place {
        Place(self.bytes.len())
    }

    /// Sets where a jump lands.
    pub(super) fn lands(&mut self, Jump(after): Jump, Place(target): Place) {
        // backwards in the complement of two, as the processor adds it
        let distance = (target as u32).wrapping_sub(after as u32);
        self.bytes[after - 4..after].copy_from_slice(&distance.to_le_bytes());
    }

    /// Goes back to where a function was called.
    pub(super) fn end_function(&mut self) {
        self.bytes.push(0xC3);
    }

    /// Goes back to the caller, with the upper parts of the registers clean.
    pub(super) fn finish(&mut self) {
        self.bytes.extend([0xC5, 0xF8, 0x77, 0xC3]); // vzeroupper; ret
    }

    /// The code, which begins by pointing the bases.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        let mut code = Vec::with_capacity(self.bytes.len() + 7 * BASES.len());
        for (position, base) in BASES.into_iter().enumerate().take(self.bases).skip(1) {
            let reach = 2 * MIDDLE * MEMORY_SIZE * position as u32;
            let [first, ..] = BASES;
            code.extend([0x48 | ((base >> 3) << 2), 0x8D, 0x80 | ((base & 7) << 3) | first]); // lea
            code.extend(reach.to_le_bytes());
        }
        code.extend(self.bytes);
        code
    }

    /// The general register from which that many bytes are least far, and the distance from there.
    fn base(&mut self, distance: u32) -> (u8, i32) {
        let reach = 2 * MIDDLE * MEMORY_SIZE;
        let position = ((distance / reach) as usize).min(BASES.len() - 1);
        self.bases = self.bases.max(position + 1);
        let from = reach * position as u32 + MIDDLE * MEMORY_SIZE;
        (BASES[position], distance.wrapping_sub(from).cast_signed())
    }

    /// Prefix, code, operands: `first` is the register of the operand field, `second` that of the
    /// prefix, `last` a register or memory.
    fn encode(&mut self, form: Form, mode: Mode, first: u8, second: u8, last: Source) {
        let (low, from_base, size, broadcasts) = match last {
            Source::Vector(vector) => (vector.0, None, 1, false),
            Source::Memory(distance) => {
                let (base, from_base) = self.base(distance);
                (base, Some(from_base), MEMORY_SIZE, false)
            }
            Source::Constant(distance) => {
                let from_base = distance.wrapping_sub(MIDDLE * CONSTANT_SIZE).cast_signed();
                (CONSTANTS, Some(from_base), CONSTANT_SIZE, form != BROADCAST)
            }
        };
        let inverted = |value: u8, bit: u8, place: u8| (1 - ((value >> bit) & 1)) << place;
        let extension = if from_base.is_none() { inverted(low, 4, 6) } else { 0x40 };
        let p0 = inverted(first, 3, 7)
            | extension
            | inverted(low, 3, 5)
            | inverted(first, 4, 4)
            | form.map;
        let p1 = 0x80 | ((!second & 0x0F) << 3) | 0x04 | 0x01;
        let p2 = (u8::from(mode.zeroes) << 7)
            | 0x40
            | (u8::from(broadcasts) << 4)
            | inverted(second, 4, 3)
            | mode.mask;
        let operands = ((first & 7) << 3) | (low & 7);
        self.bytes.extend([0x62, p0, p1, p2, form.code]);
        let Some(from_base) = from_base else {
            self.bytes.push(0xC0 | operands);
            return;
        };
        // Short distances are counted in units of what is read.
        let (units, rest) = (from_base / size.cast_signed(), from_base % size.cast_signed());
        if let (Ok(units), 0) = (i8::try_from(units), rest) {
            self.bytes.push(0x40 | operands);
            self.bytes.extend(units.to_le_bytes());
        } else {
            self.bytes.push(0x80 | operands);
            self.bytes.extend(from_base.to_le_bytes());
        }
    }
}
