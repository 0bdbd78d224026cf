//! Instructions of the kernel's own BPF, with labels to jump to.
//!
//! It owns the encoding (Linux, Documentation/bpf/standardization/instruction-set.rst). It must never
//! know what a program is for.

use anyhow::{Context as _, Result};

/// What an instruction takes, in bytes.
const INSTRUCTION_BYTES: usize = 8;

/// The registers: result, the arguments that a call destroys, four that it keeps, the frame pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Register {
    R0,
    R1,
    R2,
    R3,
    R4,
    R5,
    R6,
    R7,
    R8,
    R9,
    R10,
}

/// What is done with two numbers: the high half of the instruction's code.
pub mod operation {
    pub const ADD: u8 = 0x00;
    pub const SUBTRACT: u8 = 0x10;
    pub const MULTIPLY: u8 = 0x20;
    pub const DIVIDE: u8 = 0x30;
    pub const OR: u8 = 0x40;
    pub const AND: u8 = 0x50;
    pub const SHIFT_LEFT: u8 = 0x60;
    pub const SHIFT_RIGHT: u8 = 0x70;
    pub const NEGATE: u8 = 0x80;
    pub const MODULO: u8 = 0x90;
    pub const XOR: u8 = 0xa0;
    pub const MOVE: u8 = 0xb0;
}

/// When to jump, numbers being without signs: the high half of the instruction's code.
pub mod condition {
    pub const EQUAL: u8 = 0x10;
    pub const GREATER: u8 = 0x20;
    pub const AT_LEAST: u8 = 0x30;
    pub const ANY_BIT: u8 = 0x40;
    pub const NOT_EQUAL: u8 = 0x50;
    pub const LESS: u8 = 0xa0;
}

/// How wide numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// 32 bits; a result fills the register with zeroes.
    Word,
    /// 64 bits.
    Double,
}

/// A number in the instruction, or in a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Extended by its sign where numbers have 64 bits.
    Number(i32),
    /// A register.
    From(Register),
}

/// A place that can be jumped to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label(usize);

/// A program on its way.
#[derive(Debug, Default)]
pub struct Assembler {
    code: Vec<[u8; INSTRUCTION_BYTES]>,
    /// By label: where it is, once that is known.
    labels: Vec<Option<usize>>,
    /// Jumps that lead to a label.
    jumps: Vec<(usize, Label)>,
}

impl Assembler {
    /// A label that is nowhere yet.
    pub fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() - 1)
    }

    /// Puts a label here.
    pub fn bind(&mut self, label: Label) {
        self.labels[label.0] = Some(self.code.len());
    }

    /// Whether anything leads to a label: the verifier refuses what nothing leads to.
    pub fn is_used(&self, label: Label) -> bool {
        self.jumps.iter().any(|&(_, to)| to == label)
    }

    /// `target = target operation source`.
    pub fn compute(&mut self, width: Width, operation: u8, target: Register, source: Source) {
        let class = if width == Width::Word { 0x04 } else { 0x07 };
        let (mode, source, number) = parts(source);
        self.push(class | mode | operation, target, source, 0, number);
    }

    /// `target = source`.
    pub fn copy(&mut self, width: Width, target: Register, source: Source) {
        self.compute(width, operation::MOVE, target, source);
    }

    /// Turns so many bytes from the network's order into the machine's.
    pub fn turn_to_machine_order(&mut self, target: Register, bytes: u8) {
        if bytes > 1 {
            self.push(0xdc, target, Register::R0, 0, 8 * i32::from(bytes));
        }
    }

    /// `target = *(base + offset)`, of so many bytes.
    pub fn load(&mut self, bytes: u8, target: Register, base: Register, offset: i16) {
        self.push(0x61 | size(bytes), target, base, offset, 0);
    }

    /// `*(base + offset) = source`, of so many bytes.
    pub fn store(&mut self, bytes: u8, base: Register, offset: i16, source: Source) {
        let (mode, source, number) = parts(source);
        let class = if mode == 0 { 0x62 } else { 0x63 };
        self.push(class | size(bytes), base, source, offset, number);
    }

    /// Jumps when `left condition right`.
    pub fn jump_if(
        &mut self,
        width: Width,
        condition: u8,
        left: Register,
        right: Source,
        label: Label,
    ) {
        let class = if width == Width::Word { 0x06 } else { 0x05 };
        let (mode, right, number) = parts(right);
        self.jumps.push((self.code.len(), label));
        self.push(class | mode | condition, left, right, 0, number);
    }

    /// Jumps.
    pub fn jump(&mut self, label: Label) {
        self.jumps.push((self.code.len(), label));
        self.push(0x05, Register::R0, Register::R0, 0, 0);
    }

    /// Calls a function of the kernel by its number.
    pub fn call(&mut self, function: i32) {
        self.push(0x85, Register::R0, Register::R0, 0, function);
    }

    /// `target = ` the map with this descriptor.
    pub fn load_map(&mut self, target: Register, descriptor: i32) {
        const PSEUDO_MAP_FD: Register = Register::R1;
        self.push(0x18, target, PSEUDO_MAP_FD, 0, descriptor);
        self.push(0x00, Register::R0, Register::R0, 0, 0);
    }

    /// Ends the program; register 0 is its result.
    pub fn exit(&mut self) {
        self.push(0x95, Register::R0, Register::R0, 0, 0);
    }

    /// The program as the kernel takes it.
    ///
    /// # Errors
    /// A jump leads further than the kernel can jump, 32,767 instructions, or to nowhere.
    pub fn finish(mut self) -> Result<Vec<u8>> {
        for (place, label) in self.jumps {
            let target = self.labels[label.0].context("a jump leads to nowhere")?;
            let distance = i16::try_from(target.cast_signed() - place.cast_signed() - 1);
            let distance = distance.ok().context("the filter is too long for the kernel")?;
            self.code[place][2..4].copy_from_slice(&distance.to_ne_bytes());
        }
        Ok(self.code.into_flattened())
    }

    fn push(&mut self, code: u8, target: Register, source: Register, offset: i16, number: i32) {
        let [offset_0, offset_1] = offset.to_ne_bytes();
        let [a, b, c, d] = number.to_ne_bytes();
        let registers = target as u8 | (source as u8) << 4;
        self.code.push([code, registers, offset_0, offset_1, a, b, c, d]);
    }
}

/// Mode, register, number.
fn parts(source: Source) -> (u8, Register, i32) {
    match source {
        Source::Number(number) => (0x00, Register::R0, number),
        Source::From(register) => (0x08, register, 0),
    }
}

fn size(bytes: u8) -> u8 {
    match bytes {
        1 => 0x10,
        2 => 0x08,
        4 => 0x00,
        _ => 0x18,
    }
}
