//! A packet filter's program, any that libpcap could give, and its translation for the kernel: they say
//! the same of a frame, wherever its VLAN tag and its bytes are.

use iftop_common::{gate, parse::ETHERTYPES_VLAN};
use iftop_user::packet_filter::{
    Context, Hook, Tags,
    classic::{Instruction, Operand, Program, Register},
    decode::decode,
    translate,
};

use super::{
    input::Input,
    machine::{Machine, Tag},
};

/// The array of programs that is jumped into.
const PROGRAMS: i32 = 77;
/// An Ethernet header is always there.
const HEADER_BYTES: usize = 14;
const TAG_AT: usize = 12;
const TAG_BYTES: usize = 4;

/// See [`CHECKS`](super::CHECKS).
pub fn check(data: &[u8]) {
    let mut input = Input(data);
    let hook = Hook {
        context: input.choice(&[
            Context::Skb,
            Context::Xdp { frags: true },
            Context::Xdp { frags: false },
            Context::BareSkb,
        ]),
        tags: input.choice(&[None, Some(Tags::Skipped), Some(Tags::Seen)]),
    };
    let tag = Tag { protocol: input.choice(&ETHERTYPES_VLAN), control: input.number() };
    let is_skb = matches!(hook.context, Context::Skb | Context::BareSkb);
    let beside = input.byte() % 2 == 1 && is_skb && hook.tags.is_some();
    let linear = usize::from(input.byte());
    let length = usize::from(input.byte());
    let mut frame = input.bytes(length).to_vec();
    if hook.tags.is_some() || hook.context == Context::BareSkb {
        frame.resize(frame.len().max(HEADER_BYTES), 0);
    }
    let tag = beside.then_some(tag);
    let Some(program) = program(&mut input) else { return };
    // Some programs are too long for the kernel.
    let Ok(code) = translate(&program, hook, PROGRAMS) else { return };

    let expected = accepts(&program, &seen(&frame, hook, tag));
    let linear = match hook.context {
        // In front of both an XDP program of the kernel's wanted it so.
        Context::Xdp { frags: false } | Context::BareSkb => frame.len(),
        _ => linear.min(frame.len()),
    };
    let jumped_to = Machine::new(&code, hook.context, &frame, linear, tag, PROGRAMS).run();
    let index = if expected { gate::COUNT } else { gate::REJECT };
    assert_eq!(jumped_to, u64::from(index), "{hook:?} {tag:?} {frame:02x?} {program:?}");
}

/// Instructions as they are encoded, with distances that stay inside.
fn program(input: &mut Input<'_>) -> Option<Program> {
    let mut instructions = Vec::new();
    while !input.0.is_empty() && instructions.len() < 200 {
        let (code, then, otherwise) = (input.number(), input.byte(), input.byte());
        let k = u32::from(input.number()) | u32::from(input.number()) << 16;
        // What is above is no code, and would be most of them.
        instructions.extend(decode(code & 0xff, then, otherwise, k));
    }
    instructions.push(Instruction::Return(Operand::Of(Register::A)));
    let last = instructions.len() - 1;
    for (place, instruction) in instructions.iter_mut().enumerate().take(last) {
        let left = last - place;
        let inside = |distance: u8| u8::try_from(usize::from(distance) % left).unwrap_or(0);
        match instruction {
            Instruction::Jump(distance) => *distance %= u32::try_from(left).unwrap_or(1),
            Instruction::JumpIf { then, otherwise, .. } => {
                (*then, *otherwise) = (inside(*then), inside(*otherwise));
            }
            _ => {}
        }
    }
    Program::new(instructions).ok()
}

/// The frame as the filter is to see it.
fn seen(frame: &[u8], hook: Hook, beside: Option<Tag>) -> Vec<u8> {
    let mut seen = frame.to_vec();
    match (hook.tags, beside) {
        (Some(Tags::Seen), Some(tag)) => {
            seen.splice(TAG_AT..TAG_AT, tag.bytes());
        }
        (Some(Tags::Skipped), None) => {
            let ethertype = u16::from_be_bytes([frame[TAG_AT], frame[TAG_AT + 1]]);
            if ETHERTYPES_VLAN.contains(&ethertype) {
                seen.drain(TAG_AT..(TAG_AT + TAG_BYTES).min(frame.len()));
                // What is not there of the tag is not there of the frame behind it either.
                seen.truncate(frame.len().saturating_sub(TAG_BYTES));
            }
        }
        _ => {}
    }
    seen
}

fn accepts(program: &Program, frame: &[u8]) -> bool {
    let length = u32::try_from(frame.len()).expect("it is short");
    program.accepts(length, |at, bytes| {
        let start = usize::try_from(at).ok()?;
        let part = frame.get(start..start.checked_add(bytes.into())?)?;
        Some(part.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    })
}
