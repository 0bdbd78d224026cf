//! The kernel's BPF machine, as far as a translated filter goes: it runs the code, and panics at whatever
//! the verifier would refuse on the way that is taken.
//!
//! Source: Linux, Documentation/bpf/standardization/instruction-set.rst. It must never know what the
//! program is for.
#![expect(
    clippy::cast_possible_truncation,
    reason = "registers hold numbers of fewer bits, and the rest is cut off"
)]

use iftop_user::packet_filter::Context;

/// Where things are in its memory: below 4 GiB, as the context has frame pointers of 32 bits.
const CONTEXT: u64 = 0x1000;
const FRAME: u64 = 0x10_0000;
const STACK_END: u64 = 0x20_0000;
const STACK_BYTES: usize = 512;
const ETHERNET_BYTES: usize = 14;
/// In a register that a call has destroyed.
const DESTROYED: u64 = 0xdead_dead_dead_dead;

/// A VLAN tag that stands beside the frame.
#[derive(Clone, Copy, Debug)]
pub struct Tag {
    /// 802.1Q or another.
    pub protocol: u16,
    /// Priority and id.
    pub control: u16,
}

impl Tag {
    /// As it stands in a frame.
    pub fn bytes(self) -> [u8; 4] {
        let ([a, b], [c, d]) = (self.protocol.to_be_bytes(), self.control.to_be_bytes());
        [a, b, c, d]
    }
}

/// A run of a program.
pub struct Machine<'a> {
    code: Vec<Instruction>,
    context: Context,
    frame: &'a [u8],
    /// So many bytes of it are linear.
    linear: usize,
    tag: Option<Tag>,
    programs: i32,
    registers: [u64; 11],
    /// `None`: not written yet.
    stack: [Option<u8>; STACK_BYTES],
}

#[derive(Clone, Copy)]
struct Instruction {
    code: u8,
    target: usize,
    source: usize,
    offset: i16,
    number: i32,
}

impl<'a> Machine<'a> {
    /// Ready to run for a frame.
    pub fn new(
        code: &[u8],
        context: Context,
        frame: &'a [u8],
        linear: usize,
        tag: Option<Tag>,
        programs: i32,
    ) -> Self {
        let (instructions, []) = code.as_chunks::<8>() else {
            panic!("an instruction has 8 bytes")
        };
        let code = instructions.iter().map(|&[code, registers, a, b, c, d, e, f]| Instruction {
            code,
            target: usize::from(registers & 0xf),
            source: usize::from(registers >> 4),
            offset: i16::from_ne_bytes([a, b]),
            number: i32::from_ne_bytes([c, d, e, f]),
        });
        let mut registers = [DESTROYED; 11];
        (registers[1], registers[10]) = (CONTEXT, STACK_END);
        let stack = [None; STACK_BYTES];
        Self { code: code.collect(), context, frame, linear, tag, programs, registers, stack }
    }

    /// The index of the program that it jumps to.
    pub fn run(mut self) -> u64 {
        let mut place = 0;
        // There are only jumps forwards, so that it ends.
        loop {
            let instruction = self.code[place];
            place += 1;
            let Instruction { code, target, source, offset, number } = instruction;
            let operand = if code & 0x08 == 0 {
                i64::from(number).cast_unsigned()
            } else {
                self.registers[source]
            };
            match code {
                0x18 => {
                    assert_eq!((source, number), (1, self.programs), "a map by its descriptor");
                    self.registers[target] = self.descriptor();
                    place += 1;
                }
                0xdc => self.turn(target, number),
                0x85 if number == TAIL_CALL => {
                    assert_eq!(self.registers[1..3], [CONTEXT, self.descriptor()]);
                    return self.registers[3];
                }
                0x85 => self.call(number),
                0x05 => place = forwards(place, offset),
                _ if code & 0x07 == 0x04 => {
                    let result = compute(self.registers[target], operand, code & 0xf0, 32);
                    self.registers[target] = result & 0xffff_ffff;
                }
                _ if code & 0x07 == 0x07 => {
                    self.registers[target] =
                        compute(self.registers[target], operand, code & 0xf0, 64);
                }
                _ if matches!(code & 0x07, 0x05 | 0x06) => {
                    let mask = if code & 0x07 == 0x06 { 0xffff_ffff } else { u64::MAX };
                    if holds(self.registers[target] & mask, operand & mask, code & 0xf0) {
                        place = forwards(place, offset);
                    }
                }
                _ if code & 0x07 == 0x01 => {
                    let at = self.registers[source].wrapping_add_signed(offset.into());
                    self.registers[target] = self.load(at, size(code));
                }
                _ if matches!(code & 0x07, 0x02 | 0x03) => {
                    let value = if code & 0x07 == 0x02 {
                        i64::from(number).cast_unsigned()
                    } else {
                        self.registers[source]
                    };
                    let at = self.registers[target].wrapping_add_signed(offset.into());
                    self.store(at, &value.to_le_bytes()[..size(code)]);
                }
                _ => panic!("an instruction that is not used: {code:#x}"),
            }
        }
    }

    /// What of the frame is in front of where `data` points.
    fn front(&self) -> usize {
        if self.context == Context::BareSkb { ETHERNET_BYTES } else { 0 }
    }

    fn descriptor(&self) -> u64 {
        0xffff_0000_0000_0000 | i64::from(self.programs).cast_unsigned()
    }

    fn turn(&mut self, target: usize, bits: i32) {
        let value = self.registers[target];
        self.registers[target] = match bits {
            16 => u64::from((value as u16).to_be()),
            32 => u64::from((value as u32).to_be()),
            _ => panic!("so many bits are not turned: {bits}"),
        };
    }

    fn call(&mut self, function: i32) {
        const GET_BUFF_LEN: i32 = 188;
        const LOAD_BYTES_RELATIVE: i32 = 68;
        const HDR_START_MAC: u64 = 0;
        assert_eq!(self.registers[1], CONTEXT);
        self.registers[0] = match (function, self.context) {
            (GET_BUFF_LEN, Context::Xdp { .. }) => self.frame.len() as u64,
            (26, Context::Skb | Context::BareSkb) | (189, Context::Xdp { frags: true }) => {
                self.load_bytes(&self.frame[self.front()..])
            }
            (LOAD_BYTES_RELATIVE, Context::BareSkb) => {
                assert_eq!(self.registers[5], HDR_START_MAC);
                self.load_bytes(&self.frame[..self.linear])
            }
            _ => panic!("{function} is not there"),
        };
        self.registers[1..=5].fill(DESTROYED);
    }

    /// 0, or an error where the frame does not have them.
    fn load_bytes(&mut self, of: &[u8]) -> u64 {
        let [at, to, bytes] = [2, 3, 4].map(|register| self.registers[register]);
        assert!(i32::try_from(at).is_ok(), "the verifier sees an offset of 32 bits");
        let (start, count) = (at as usize, bytes as usize);
        let Some(part) = of.get(start..start + count) else {
            return (-14_i64).cast_unsigned();
        };
        let part = part.to_vec();
        self.store(to, &part);
        0
    }

    fn load(&self, at: u64, bytes: usize) -> u64 {
        let found = match at {
            CONTEXT..FRAME => return self.field(at - CONTEXT, bytes),
            FRAME..0x1f_0000 => {
                let start = (at - FRAME) as usize;
                self.frame[self.front()..self.linear][start..start + bytes].to_vec()
            }
            _ => {
                let part = &self.stack[Self::place(at)..][..bytes];
                part.iter().map(|byte| byte.expect("it was written")).collect()
            }
        };
        found.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// Of `struct __sk_buff` or `struct xdp_md`.
    fn field(&self, offset: u64, bytes: usize) -> u64 {
        assert_eq!(bytes, 4, "fields have 32 bits");
        let end = FRAME + (self.linear - self.front()) as u64;
        let is_skb = matches!(self.context, Context::Skb | Context::BareSkb);
        match (is_skb, offset) {
            (true, 0) => (self.frame.len() - self.front()) as u64,
            (true, 20) => self.tag.is_some().into(),
            (true, 24) => self.tag.map_or(0, |tag| tag.control.into()),
            (true, 28) => self.tag.map_or(0, |tag| tag.protocol.to_be().into()),
            (true, 76) | (false, 0) => FRAME,
            (true, 80) | (false, 4) => end,
            _ => panic!("there is no field at {offset}"),
        }
    }

    fn store(&mut self, at: u64, bytes: &[u8]) {
        let place = Self::place(at);
        for (cell, byte) in self.stack[place..][..bytes.len()].iter_mut().zip(bytes) {
            *cell = Some(*byte);
        }
    }

    fn place(at: u64) -> usize {
        let below = STACK_END.checked_sub(at).expect("on the stack") as usize;
        STACK_BYTES.checked_sub(below).expect("on the stack")
    }
}

const TAIL_CALL: i32 = 12;

fn forwards(place: usize, offset: i16) -> usize {
    place + usize::try_from(offset).expect("forwards")
}

fn size(code: u8) -> usize {
    match code & 0x18 {
        0x10 => 1,
        0x08 => 2,
        0x00 => 4,
        _ => 8,
    }
}

fn compute(left: u64, right: u64, operation: u8, bits: u32) -> u64 {
    let mask = u64::MAX >> (64 - bits);
    let (left, right) = (left & mask, right & mask);
    let shift = || u32::try_from(right).ok().filter(|&by| by < bits).expect("it is not undefined");
    match operation {
        0x00 => left.wrapping_add(right),
        0x10 => left.wrapping_sub(right),
        0x20 => left.wrapping_mul(right),
        0x30 => left.checked_div(right).expect("it was asked for"),
        0x40 => left | right,
        0x50 => left & right,
        0x60 => left << shift(),
        0x70 => left >> shift(),
        0x80 => left.wrapping_neg(),
        0x90 => left.checked_rem(right).expect("it was asked for"),
        0xa0 => left ^ right,
        0xb0 => right,
        _ => panic!("an operation that is not used: {operation:#x}"),
    }
}

fn holds(left: u64, right: u64, condition: u8) -> bool {
    match condition {
        0x10 => left == right,
        0x20 => left > right,
        0x30 => left >= right,
        0x40 => left & right != 0,
        0x50 => left != right,
        0xa0 => left < right,
        _ => panic!("a condition that is not used: {condition:#x}"),
    }
}
