//! How far into a frame a program may read, whatever the frame.
//!
//! It owns bounds: of each register, before each instruction, the greatest value that it may have. It must
//! never say too little.

use super::classic::{
    Arithmetic, Instruction, MEMORY_WORDS, Operand, Program, Register, successors,
};

/// Everything that a program computes with, each at most.
#[derive(Clone, Copy)]
struct Bounds {
    a: u32,
    x: u32,
    memory: [u32; MEMORY_WORDS],
}

/// Of a header of IPv4, in bytes.
const LONGEST_HEADER: u32 = 60;

/// The number of bytes, from a frame's start, of which none behind is read.
pub(super) fn reach(program: &Program) -> u64 {
    let instructions = program.instructions();
    let mut before: Vec<Option<Bounds>> = vec![None; instructions.len()];
    before[0] = Some(Bounds { a: 0, x: 0, memory: [0; MEMORY_WORDS] });
    let mut reach = 0;
    // There are only jumps forwards.
    for (place, instruction) in instructions.iter().enumerate() {
        let Some(mut bounds) = before[place] else { continue };
        reach = reach.max(match *instruction {
            Instruction::LoadFrame { bytes, at, indexed } => {
                let index = if indexed { bounds.x } else { 0 };
                u64::from(at) + u64::from(index) + u64::from(bytes)
            }
            Instruction::LoadHeaderLength { at } => u64::from(at) + 1,
            _ => 0,
        });
        bounds.follow(*instruction);
        for next in successors(place, *instruction) {
            before[next] = Some(before[next].map_or(bounds, |known| known.or(&bounds)));
        }
    }
    reach
}

impl Bounds {
    fn follow(&mut self, instruction: Instruction) {
        match instruction {
            Instruction::Load(Register::A, operand) => self.a = self.of(operand),
            Instruction::Load(Register::X, operand) => self.x = self.of(operand),
            Instruction::LoadFrame { bytes, .. } => self.a = u32::MAX >> (32 - 8 * bytes),
            Instruction::LoadHeaderLength { .. } => self.x = LONGEST_HEADER,
            Instruction::Store(Register::A, word) => self.memory[usize::from(word)] = self.a,
            Instruction::Store(Register::X, word) => self.memory[usize::from(word)] = self.x,
            Instruction::Compute(arithmetic, operand) => {
                let exact = match operand {
                    Operand::Constant(constant) => Some(constant),
                    _ => None,
                };
                self.a = computed(arithmetic, self.a, self.of(operand), exact);
            }
            Instruction::Negate => self.a = u32::MAX,
            Instruction::Jump(_) | Instruction::JumpIf { .. } | Instruction::Return(_) => {}
        }
    }

    fn of(&self, operand: Operand) -> u32 {
        match operand {
            Operand::Constant(constant) => constant,
            Operand::Of(Register::A) => self.a,
            Operand::Of(Register::X) => self.x,
            Operand::Memory(word) => self.memory[usize::from(word)],
            Operand::Length => u32::MAX,
        }
    }

    /// Where two ways meet.
    fn or(&self, other: &Self) -> Self {
        let mut memory = self.memory;
        for (word, other) in memory.iter_mut().zip(other.memory) {
            *word = (*word).max(other);
        }
        Self { a: self.a.max(other.a), x: self.x.max(other.x), memory }
    }
}

/// What comes of two numbers that are so great at most. What wraps around may be anything.
fn computed(arithmetic: Arithmetic, a: u32, b: u32, exact: Option<u32>) -> u32 {
    match (arithmetic, exact) {
        (Arithmetic::Add, _) => a.saturating_add(b),
        (Arithmetic::Multiply, _) => a.saturating_mul(b),
        (Arithmetic::Divide, Some(by @ 1..)) => a / by,
        (Arithmetic::Modulo, Some(by @ 1..)) => a.min(by - 1),
        // Or by less than it may be.
        (Arithmetic::Divide | Arithmetic::Modulo | Arithmetic::ShiftRight, None) => a,
        (Arithmetic::And, _) => a.min(b),
        // All bits below the highest that either may have.
        (Arithmetic::Or | Arithmetic::Xor, _) => {
            u32::MAX.checked_shr((a | b).leading_zeros()).unwrap_or(0)
        }
        (Arithmetic::ShiftLeft, Some(by)) if by <= a.leading_zeros() => {
            a.checked_shl(by).unwrap_or(0)
        }
        (Arithmetic::ShiftRight, Some(by)) => a.checked_shr(by).unwrap_or(0),
        _ => u32::MAX,
    }
}
