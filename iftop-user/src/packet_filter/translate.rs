//! Classic BPF to the kernel's own, to be run before a packet is counted.
//!
//! Each load is checked against the frame's end, as in the classic machine: beyond it the frame is
//! rejected. (`LD_ABS` of the kernel would end the program with a verdict of its own instead, for all
//! programs behind it.) A verdict is never the filter's: it jumps on, and where even that fails, lets pass.

use anyhow::Result;

use super::{
    assembler::{
        Assembler, Label, Register,
        Register::{R0, R1, R2, R3, R6, R7, R8, R10},
        Source,
        Source::{From, Number},
        Width::{Double, Word},
        condition, operation,
    },
    classic::{Arithmetic, Instruction, MEMORY_WORDS, Operand, Program, Register as Classic, Test},
    frame::Frame,
    hook::Hook,
};

/// The classic registers; calls keep them.
const A: Register = R7;
const X: Register = R8;
/// Slots of memory, below the frame pointer.
const MEMORY: i16 = -64;
const _: () = assert!(MEMORY_WORDS == 16);

/// Translates a program that then jumps into the array of programs with this descriptor: to
/// [`COUNT`](iftop_common::gate::COUNT) or to [`REJECT`](iftop_common::gate::REJECT).
///
/// # Errors
/// The program is longer than the kernel can jump.
pub fn translate(program: &Program, hook: Hook, programs: i32) -> Result<Vec<u8>> {
    let mut code = Assembler::default();
    let (accept, reject) = (code.label(), code.label());
    let frame = Frame::new(&mut code, hook, reject);
    for register in [A, X] {
        code.copy(Word, register, Number(0));
    }
    for word in used_words(program) {
        code.store(4, R10, slot(word), Number(0));
    }
    let places: Vec<_> = program.instructions().iter().map(|_| code.label()).collect();
    let reachable = program.reachable();
    for (place, instruction) in program.instructions().iter().enumerate() {
        if !reachable[place] {
            continue;
        }
        code.bind(places[place]);
        let after = |distance: u32| places[place + 1 + distance as usize];
        match *instruction {
            Instruction::Load(register, operand) => {
                let target = register_of(register);
                load(&mut code, &frame, target, operand);
            }
            Instruction::LoadFrame { bytes, at, indexed: false } => {
                frame.load(&mut code, bytes, at);
                code.copy(Word, A, From(R0));
            }
            Instruction::LoadFrame { bytes, at, indexed: true } => {
                // As a sum of 64 bits: the classic one does not wrap either.
                code.copy(Word, R1, Number(at.cast_signed()));
                code.compute(Double, operation::ADD, R1, From(X));
                frame.load_indexed(&mut code, bytes);
                code.copy(Word, A, From(R0));
            }
            Instruction::LoadHeaderLength { at } => {
                frame.load(&mut code, 1, at);
                code.copy(Word, X, From(R0));
                code.compute(Word, operation::AND, X, Number(0xf));
                code.compute(Word, operation::SHIFT_LEFT, X, Number(2));
            }
            Instruction::Store(register, word) => {
                code.store(4, R10, slot(word), From(register_of(register)));
            }
            Instruction::Compute(arithmetic, operand) => {
                compute(&mut code, &frame, arithmetic, operand, reject);
            }
            Instruction::Negate => code.compute(Word, operation::NEGATE, A, Number(0)),
            Instruction::Jump(distance) => code.jump(after(distance)),
            Instruction::JumpIf { test, operand, then, otherwise } => {
                let condition = match test {
                    Test::Equal => condition::EQUAL,
                    Test::Greater => condition::GREATER,
                    Test::AtLeast => condition::AT_LEAST,
                    Test::AnyBit => condition::ANY_BIT,
                };
                let right = source(&mut code, &frame, operand);
                code.jump_if(Word, condition, A, right, after(then.into()));
                code.jump(after(otherwise.into()));
            }
            Instruction::Return(Operand::Constant(0)) => code.jump(reject),
            Instruction::Return(Operand::Constant(_)) => code.jump(accept),
            Instruction::Return(operand) => {
                load(&mut code, &frame, R0, operand);
                code.jump_if(Word, condition::NOT_EQUAL, R0, Number(0), accept);
                code.jump(reject);
            }
        }
    }
    for (label, index) in
        [(accept, iftop_common::gate::COUNT), (reject, iftop_common::gate::REJECT)]
    {
        if code.is_used(label) {
            code.bind(label);
            jump_on(&mut code, hook, programs, index);
        }
    }
    code.finish()
}

/// Ends this program with another of the array.
fn jump_on(code: &mut Assembler, hook: Hook, programs: i32, index: u32) {
    const TAIL_CALL: i32 = 12;
    code.copy(Double, R1, From(R6));
    code.load_map(R2, programs);
    code.copy(Double, R3, Number(index.cast_signed()));
    code.call(TAIL_CALL);
    code.copy(Double, R0, Number(hook.let_pass()));
    code.exit();
}

fn load(code: &mut Assembler, frame: &Frame, target: Register, operand: Operand) {
    let source = source(code, frame, operand);
    code.copy(Word, target, source);
}

/// A number, or the register that has it.
fn source(code: &mut Assembler, frame: &Frame, operand: Operand) -> Source {
    match operand {
        Operand::Constant(constant) => return Number(constant.cast_signed()),
        Operand::Of(register) => return From(register_of(register)),
        Operand::Memory(word) => code.load(4, R1, R10, slot(word)),
        Operand::Length => frame.load_length(code, R1),
    }
    From(R1)
}

fn compute(
    code: &mut Assembler,
    frame: &Frame,
    arithmetic: Arithmetic,
    operand: Operand,
    reject: Label,
) {
    let right = source(code, frame, operand);
    let operation = match arithmetic {
        Arithmetic::Add => operation::ADD,
        Arithmetic::Subtract => operation::SUBTRACT,
        Arithmetic::Multiply => operation::MULTIPLY,
        Arithmetic::Divide => operation::DIVIDE,
        Arithmetic::Modulo => operation::MODULO,
        Arithmetic::And => operation::AND,
        Arithmetic::Or => operation::OR,
        Arithmetic::Xor => operation::XOR,
        Arithmetic::ShiftLeft => operation::SHIFT_LEFT,
        Arithmetic::ShiftRight => operation::SHIFT_RIGHT,
    };
    match (arithmetic, right) {
        (Arithmetic::Divide | Arithmetic::Modulo, Number(0)) => return code.jump(reject),
        (Arithmetic::Divide | Arithmetic::Modulo, From(register)) => {
            code.jump_if(Word, condition::EQUAL, register, Number(0), reject);
        }
        (Arithmetic::ShiftLeft | Arithmetic::ShiftRight, Number(bits))
            if !(0..32).contains(&bits) =>
        {
            return code.copy(Word, A, Number(0));
        }
        (Arithmetic::ShiftLeft | Arithmetic::ShiftRight, From(register)) => {
            let (zero, done) = (code.label(), code.label());
            code.jump_if(Word, condition::GREATER, register, Number(31), zero);
            code.compute(Word, operation, A, right);
            code.jump(done);
            code.bind(zero);
            code.copy(Word, A, Number(0));
            return code.bind(done);
        }
        _ => {}
    }
    code.compute(Word, operation, A, right);
}

const fn register_of(register: Classic) -> Register {
    match register {
        Classic::A => A,
        Classic::X => X,
    }
}

fn slot(word: u8) -> i16 {
    MEMORY + 4 * i16::from(word)
}

/// Words that are written or read.
fn used_words(program: &Program) -> impl Iterator<Item = u8> {
    let mut used = [false; MEMORY_WORDS];
    for instruction in program.instructions() {
        let (Instruction::Store(_, word)
        | Instruction::Load(_, Operand::Memory(word))
        | Instruction::Compute(_, Operand::Memory(word))
        | Instruction::JumpIf { operand: Operand::Memory(word), .. }
        | Instruction::Return(Operand::Memory(word))) = *instruction
        else {
            continue;
        };
        used[usize::from(word)] = true;
    }
    (0..).zip(used).filter(|(_, used)| *used).map(|(word, _)| word)
}
