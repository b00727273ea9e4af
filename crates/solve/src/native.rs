//! Compiled models as machine code, where the processor has AVX-512: the same operations in the same
//! order as the register machine, so the same bits.

#![allow(unsafe_code, reason = "calls machine code that was made here from checked instructions")]

mod assembler;
mod constants;
mod emit;
mod functions;
#[cfg(test)]
mod tests;

use memmap2::{Mmap, MmapMut};

use crate::execute::{Code, Registers};
use crate::lanes::LANES;

/// How many lanes one call computes.
const WIDTH: usize = 8;

/// The form of the machine code: eight lanes of every register, and the numbers beside the code.
#[cfg(target_arch = "x86_64")]
type Function = extern "sysv64" fn(*mut f64, *const u64);
/// Other processors never have AVX-512, so nothing of this form is called there.
#[cfg(not(target_arch = "x86_64"))]
type Function = extern "C" fn(*mut f64, *const u64);

/// The machine code of one list of instructions.
#[derive(Debug)]
pub(crate) struct Native {
    code: Mmap,
    constants: Vec<u64>,
}

impl Native {
    /// `None` where an operation has no machine code here, or the system gives no memory for it.
    pub(crate) fn new(code: &Code) -> Option<Self> {
        let emitted = emit::emit(code)?;
        let mut memory = MmapMut::map_anon(emitted.code.len()).ok()?;
        memory.copy_from_slice(&emitted.code);
        Some(Self { code: memory.make_exec().ok()?, constants: emitted.constants })
    }

    /// Runs the code on every lane. The processor must have AVX-512 F and DQ.
    pub(crate) fn run(&self, registers: &mut Registers) {
        // SAFETY: the memory holds a whole function of this form, made by `emit`; it is never empty.
        let function: Function = unsafe { std::mem::transmute(self.code.as_ptr()) };
        let first = registers.as_mut_ptr().cast::<f64>();
        for part in 0..LANES / WIDTH {
            // SAFETY: registers have `LANES` numbers each, of which the function touches `WIDTH`.
            let lanes = unsafe { first.add(part * WIDTH) };
            // The function reads and writes registers below `REGISTERS`, which `schedule` checked,
            // and reads the constants it was made with.
            function(lanes, self.constants.as_ptr());
        }
    }
}
