//! Programs that no expression makes.

use fastrand::Rng;

use super::super::{
    Dlt, PacketFilter, Tags,
    classic::{Arithmetic, Instruction, Operand, Program, Register, Test},
};

impl PacketFilter {
    /// A program as it is.
    pub(crate) fn of_program(program: Program, tags: Tags) -> Self {
        let expression = "a program".to_owned();
        Self { expression, dlt: Dlt::ETHERNET, program, tags: Some(tags) }
    }

    /// Any program.
    pub(crate) fn random(random: &mut Rng, tags: Tags) -> Self {
        let length = random.u8(3..40);
        let mut program: Vec<_> =
            (1..length).map(|place| instruction(random, length - 1 - place)).collect();
        let operand = if random.bool() { Operand::Of(Register::A) } else { Operand::Constant(1) };
        program.push(Instruction::Return(operand));
        Self::of_program(Program::new(program).expect("it stays inside"), tags)
    }
}

/// More loads than a jump of the kernel can lead over.
#[cfg(target_os = "linux")]
pub(crate) fn too_long() -> Program {
    let load = Instruction::LoadFrame { bytes: 1, at: 1, indexed: false };
    let mut program = vec![load; 4000];
    program.push(Instruction::Return(Operand::Constant(1)));
    Program::new(program).expect("it stays inside")
}

/// One after which so many are skipped at most.
fn instruction(random: &mut Rng, most_skipped: u8) -> Instruction {
    match random.u8(..16) {
        0..5 => Instruction::LoadFrame {
            bytes: [1, 2, 4][random.usize(..3)],
            at: offset(random),
            indexed: random.u8(..3) == 0,
        },
        5 => Instruction::LoadHeaderLength { at: offset(random) },
        6 | 7 => Instruction::Load(register(random), operand(random)),
        8 => Instruction::Store(register(random), random.u8(..16)),
        9..12 => Instruction::Compute(arithmetic(random), operand(random)),
        12 => Instruction::Negate,
        13 => Instruction::Jump(random.u8(..=most_skipped.min(3)).into()),
        _ => Instruction::JumpIf {
            test: [Test::Equal, Test::Greater, Test::AtLeast, Test::AnyBit][random.usize(..4)],
            operand: operand(random),
            then: random.u8(..=most_skipped),
            otherwise: random.u8(..=most_skipped.min(2)),
        },
    }
}

/// Mostly where the header and the tag are.
fn offset(random: &mut Rng) -> u32 {
    match random.u8(..12) {
        0 => random.u32(..100),
        1 => [0x7ffe, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, u32::MAX][random.usize(..6)],
        _ => random.u32(..24),
    }
}

fn register(random: &mut Rng) -> Register {
    if random.bool() { Register::A } else { Register::X }
}

fn operand(random: &mut Rng) -> Operand {
    match random.u8(..8) {
        0 => Operand::Constant(random.u32(..)),
        1 => Operand::Constant([0, 1, 31, 32, u32::MAX, 0x8000_0000][random.usize(..6)]),
        2 => Operand::Memory(random.u8(..16)),
        3 => Operand::Length,
        4 | 5 => Operand::Of(register(random)),
        _ => Operand::Constant(random.u32(..40)),
    }
}

fn arithmetic(random: &mut Rng) -> Arithmetic {
    use Arithmetic::{
        Add, And, Divide, Modulo, Multiply, Or, ShiftLeft, ShiftRight, Subtract, Xor,
    };
    [Add, Subtract, Multiply, Divide, Modulo, And, Or, Xor, ShiftLeft, ShiftRight]
        [random.usize(..10)]
}
