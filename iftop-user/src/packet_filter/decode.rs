//! Classic BPF as it is encoded.
//!
//! It must never take what the translation for the kernel would mean otherwise.

use anyhow::{Result, bail};

use super::classic::{Arithmetic, Instruction, MEMORY_WORDS, Operand, Register, Test};

/// Reads an instruction as it is encoded: `struct bpf_insn` of pcap/bpf.h.
///
/// # Errors
/// Say which one is not classic BPF, or asks for what only a socket of the kernel could tell.
pub fn decode(code: u16, jt: u8, jf: u8, k: u32) -> Result<Instruction> {
    use Instruction::{Compute, Jump, JumpIf, Load, LoadFrame, LoadHeaderLength, Return, Store};
    let operand = if code & 0x08 == 0 { Operand::Constant(k) } else { Operand::Of(Register::X) };
    let bytes = match code & 0x18 {
        0x00 => 4,
        0x08 => 2,
        _ => 1,
    };
    let word = || match u8::try_from(k) {
        Ok(word) if usize::from(word) < MEMORY_WORDS => Ok(word),
        _ => bail!("the filter has no word {k} of memory"),
    };
    // By class, then mode.
    Ok(match (code & 0x07, code & 0xe0) {
        (0, 0x00) => Load(Register::A, Operand::Constant(k)),
        // Above stands what Linux knows beside the frame (`SKF_AD_OFF`, linux/filter.h).
        (0, 0x20 | 0x40) if k >= 0xffff_f000 => bail!(
            "the filter asks what the frame does not say, such as which way it went: both ways are shown \
             side by side"
        ),
        (0, 0x20) => LoadFrame { bytes, at: k, indexed: false },
        (0, 0x40) => LoadFrame { bytes, at: k, indexed: true },
        (0, 0x60) => Load(Register::A, Operand::Memory(word()?)),
        (0, 0x80) => Load(Register::A, Operand::Length),
        (1, 0x00) => Load(Register::X, Operand::Constant(k)),
        (1, 0x60) => Load(Register::X, Operand::Memory(word()?)),
        (1, 0x80) => Load(Register::X, Operand::Length),
        (1, 0xa0) => LoadHeaderLength { at: k },
        (2, _) => Store(Register::A, word()?),
        (3, _) => Store(Register::X, word()?),
        (4, _) => match code & 0xf0 {
            0x00 => Compute(Arithmetic::Add, operand),
            0x10 => Compute(Arithmetic::Subtract, operand),
            0x20 => Compute(Arithmetic::Multiply, operand),
            0x30 => Compute(Arithmetic::Divide, operand),
            0x40 => Compute(Arithmetic::Or, operand),
            0x50 => Compute(Arithmetic::And, operand),
            0x60 => Compute(Arithmetic::ShiftLeft, operand),
            0x70 => Compute(Arithmetic::ShiftRight, operand),
            0x80 => Instruction::Negate,
            0x90 => Compute(Arithmetic::Modulo, operand),
            0xa0 => Compute(Arithmetic::Xor, operand),
            _ => bail!("the filter has an instruction that is not classic BPF: {code:#x}"),
        },
        (5, _) => {
            let test = match code & 0xf0 {
                0x00 if k > i32::MAX as u32 => {
                    bail!("it follows headers in a loop (protochain), which iftop does not run")
                }
                0x00 => return Ok(Jump(k)),
                0x10 => Test::Equal,
                0x20 => Test::Greater,
                0x30 => Test::AtLeast,
                0x40 => Test::AnyBit,
                _ => bail!("the filter has a jump that is not classic BPF: {code:#x}"),
            };
            JumpIf { test, operand, then: jt, otherwise: jf }
        }
        // Here the accumulator has a bit of its own.
        (6, _) if code & 0x18 == 0x10 => Return(Operand::Of(Register::A)),
        (6, _) => Return(operand),
        (7, _) if code & 0x80 == 0 => Load(Register::X, Operand::Of(Register::A)),
        (7, _) => Load(Register::A, Operand::Of(Register::X)),
        _ => bail!("the filter has an instruction that is not classic BPF: {code:#x}"),
    })
}
