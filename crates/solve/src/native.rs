//! Compiled models as machine code, where the processor has AVX-512: the operations of the register
//! machine on the same operands, so the same bits.

#![allow(unsafe_code, reason = "calls machine code that was made here from checked instructions")]

mod assembler;
mod constants;
mod emit;
mod functions;
mod pairs;
#[cfg(test)]
mod tests;

use memmap2::{Mmap, MmapMut};

use crate::lanes::{LANES, Lanes};
use crate::script::Script;

/// How many lanes one call computes.
const WIDTH: usize = 8;
/// Code and registers may take up this many bytes each, so that every distance has 32 bits.
const LIMIT: usize = 1 << 30;
/// A number in bytes.
const NUMBER: usize = size_of::<f64>();
const MIDDLE: usize = assembler::MIDDLE as usize;
const MEMORY_SIZE: usize = assembler::MEMORY_SIZE as usize;
const CONSTANT_SIZE: usize = assembler::CONSTANT_SIZE as usize;

/// The form of the machine code: eight lanes of every register, and the numbers beside the code.
#[cfg(target_arch = "x86_64")]
type Function = extern "sysv64" fn(*mut f64, *const u64);
/// Other processors never have AVX-512, so nothing of this form is called there.
#[cfg(not(target_arch = "x86_64"))]
type Function = extern "C" fn(*mut f64, *const u64);

/// The machine code of one script.
#[derive(Debug)]
pub(crate) struct Native {
    code: Mmap,
    constants: Vec<u64>,
    registers: usize,
}

impl Native {
    /// `None` where an operation has no machine code here, or the system gives no memory for it.
    pub(crate) fn new(script: &Script, first_free: u32) -> Option<Self> {
        let emitted = emit::emit(&pairs::side_by_side(script), first_free)?;
        if emitted.code.len().max(emitted.registers * MEMORY_SIZE) > LIMIT {
            return None;
        }
        let mut memory = MmapMut::map_anon(emitted.code.len()).ok()?;
        memory.copy_from_slice(&emitted.code);
        let code = memory.make_exec().ok()?;
        Some(Self { code, constants: emitted.constants, registers: emitted.registers })
    }

    /// How many registers it needs.
    pub(crate) fn registers(&self) -> usize {
        self.registers
    }

    /// Runs the code on every lane. The processor must have AVX-512 F and DQ.
    pub(crate) fn run(&self, registers: &mut [Lanes]) {
        assert!(registers.len() >= self.registers, "made for this code");
        // SAFETY: the memory holds a whole function of this form, made by `emit`; it is never empty.
        let function: Function = unsafe { std::mem::transmute(self.code.as_ptr()) };
        let first = registers.as_mut_ptr().cast::<f64>();
        for part in 0..LANES / WIDTH {
            // The function reads and writes `WIDTH` numbers of registers below `self.registers`, which
            // there are, and reads the constants it was made with. It counts from the middle.
            let lanes = first.wrapping_add(part * WIDTH + MIDDLE * MEMORY_SIZE / NUMBER);
            let constants = self.constants.as_ptr().wrapping_add(MIDDLE * CONSTANT_SIZE / NUMBER);
            function(lanes, constants);
        }
    }
}
