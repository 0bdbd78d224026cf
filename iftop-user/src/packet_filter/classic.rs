//! Classic BPF as libpcap compiles it: the instructions, and what they say of a frame.
//!
//! It owns the meaning of a program: the translation for the kernel must say the same of every frame.
//! Source: "The BSD Packet Filter" (USENIX, winter 1993), and libpcap's `bpf_filter.c`.

use anyhow::{Error, Result, ensure};
use serde::{Deserialize, Serialize};

/// Words of memory that a program has.
pub const MEMORY_WORDS: usize = 16;

/// One instruction. Offsets are of the frame in bytes, distances in instructions from the next one on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Instruction {
    /// Into the accumulator, or into the index register: a number.
    Load(Register, Operand),
    /// Into the accumulator: that many bytes of the frame, in network order. Beyond its end the program
    /// rejects the frame.
    LoadFrame {
        /// 1, 2 or 4.
        bytes: u8,
        /// Where they begin.
        at: u32,
        /// Counted from the index register on.
        indexed: bool,
    },
    /// Into the index register: the length of the IPv4 header that begins there.
    LoadHeaderLength {
        /// Where it begins.
        at: u32,
    },
    /// From a register into memory.
    Store(Register, u8),
    /// On the accumulator.
    Compute(Arithmetic, Operand),
    /// The accumulator's two's complement.
    Negate,
    /// Skips instructions.
    Jump(u32),
    /// Skips instructions, by the accumulator: so many when it is true, and so many otherwise.
    JumpIf {
        /// What is asked.
        test: Test,
        /// The accumulator is compared with this.
        operand: Operand,
        /// Skipped when it holds.
        then: u8,
        /// Skipped when it does not.
        otherwise: u8,
    },
    /// Ends: the frame is accepted unless this is 0.
    Return(Operand),
}

/// The accumulator and the index register, 32 bits each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Register {
    /// What is computed with.
    A,
    /// What offsets are relative to.
    X,
}

/// Where a number comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operand {
    /// From the instruction.
    Constant(u32),
    /// From a register.
    Of(Register),
    /// From memory.
    Memory(u8),
    /// The length of the frame.
    Length,
}

/// Of 32 bits, without signs. Dividing by zero rejects the frame; shifting by more than 31 gives 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is what it is called")]
pub enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
}

/// Of 32 bits, without signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Test {
    /// They are equal.
    Equal,
    /// The accumulator is greater.
    Greater,
    /// The accumulator is not less.
    AtLeast,
    /// They have a bit in common.
    AnyBit,
}

/// A program of which every jump stays inside, and no way leads past the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Instruction>")]
pub struct Program(Vec<Instruction>);

impl TryFrom<Vec<Instruction>> for Program {
    type Error = Error;

    fn try_from(instructions: Vec<Instruction>) -> Result<Self> {
        Self::new(instructions)
    }
}

impl Program {
    /// Checks the instructions.
    ///
    /// # Errors
    /// Name the first one that leads outside.
    pub fn new(instructions: Vec<Instruction>) -> Result<Self> {
        for (place, instruction) in instructions.iter().enumerate() {
            for next in successors(place, *instruction) {
                ensure!(next < instructions.len(), "instruction {place} leads outside the program");
            }
        }
        ensure!(!instructions.is_empty(), "the program is empty");
        Ok(Self(instructions))
    }

    /// All of it.
    pub fn instructions(&self) -> &[Instruction] {
        &self.0
    }

    /// Which instructions can be reached at all.
    pub fn reachable(&self) -> Vec<bool> {
        let mut reachable = vec![false; self.0.len()];
        reachable[0] = true;
        // There are only jumps forwards.
        for (place, instruction) in self.0.iter().enumerate() {
            if reachable[place] {
                successors(place, *instruction).for_each(|next| reachable[next] = true);
            }
        }
        reachable
    }

    /// Whether a frame is accepted. `load` gives so many bytes at an offset, as far as there are any.
    pub fn accepts(&self, frame_bytes: u32, load: impl Fn(u64, u8) -> Option<u32>) -> bool {
        self.run(frame_bytes, load).is_some_and(|result| result != 0)
    }

    /// `None` where something is read that is not there, or divided by zero.
    fn run(&self, length: u32, load: impl Fn(u64, u8) -> Option<u32>) -> Option<u32> {
        let (mut a, mut x, mut memory) = (0_u32, 0_u32, [0_u32; MEMORY_WORDS]);
        let mut place = 0;
        loop {
            let value = |operand| match operand {
                Operand::Constant(constant) => constant,
                Operand::Of(Register::A) => a,
                Operand::Of(Register::X) => x,
                Operand::Memory(word) => memory[usize::from(word)],
                Operand::Length => length,
            };
            let instruction = *self.0.get(place)?;
            place += 1;
            match instruction {
                Instruction::Load(Register::A, operand) => a = value(operand),
                Instruction::Load(Register::X, operand) => x = value(operand),
                Instruction::LoadFrame { bytes, at, indexed } => {
                    let index = if indexed { x } else { 0 };
                    a = load(u64::from(at) + u64::from(index), bytes)?;
                }
                Instruction::LoadHeaderLength { at } => x = 4 * (load(at.into(), 1)? & 0xf),
                Instruction::Store(Register::A, word) => memory[usize::from(word)] = a,
                Instruction::Store(Register::X, word) => memory[usize::from(word)] = x,
                Instruction::Compute(arithmetic, operand) => {
                    a = arithmetic.of(a, value(operand))?;
                }
                Instruction::Negate => a = a.wrapping_neg(),
                Instruction::Jump(distance) => place += distance as usize,
                Instruction::JumpIf { test, operand, then, otherwise } => {
                    let holds = test.holds(a, value(operand));
                    place += usize::from(if holds { then } else { otherwise });
                }
                Instruction::Return(operand) => return Some(value(operand)),
            }
        }
    }
}

impl Arithmetic {
    fn of(self, a: u32, b: u32) -> Option<u32> {
        Some(match self {
            Self::Add => a.wrapping_add(b),
            Self::Subtract => a.wrapping_sub(b),
            Self::Multiply => a.wrapping_mul(b),
            Self::Divide => a.checked_div(b)?,
            Self::Modulo => a.checked_rem(b)?,
            Self::And => a & b,
            Self::Or => a | b,
            Self::Xor => a ^ b,
            Self::ShiftLeft => a.checked_shl(b).unwrap_or(0),
            Self::ShiftRight => a.checked_shr(b).unwrap_or(0),
        })
    }
}

impl Test {
    fn holds(self, a: u32, b: u32) -> bool {
        match self {
            Self::Equal => a == b,
            Self::Greater => a > b,
            Self::AtLeast => a >= b,
            Self::AnyBit => a & b != 0,
        }
    }
}

/// Where a program can go on from an instruction.
pub(super) fn successors(place: usize, instruction: Instruction) -> impl Iterator<Item = usize> {
    let (first, second) = match instruction {
        Instruction::Return(_)
        | Instruction::Compute(Arithmetic::Divide | Arithmetic::Modulo, Operand::Constant(0)) => {
            (None, None)
        }
        Instruction::Jump(distance) => (Some(distance as usize), None),
        Instruction::JumpIf { then, otherwise, .. } => (Some(then.into()), Some(otherwise.into())),
        _ => (Some(0), None),
    };
    first.into_iter().chain(second).map(move |distance: usize| place + 1 + distance)
}
