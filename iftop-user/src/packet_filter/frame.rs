//! How a filter in the kernel reads the frame, with a VLAN tag that stands beside it as if it stood in it.
//!
//! Offsets are those of the frame as the filter is to see it: see [`Tags`].

use super::{
    Tags,
    assembler::{
        Assembler, Label, Register,
        Register::{R0, R1, R2, R6, R9, R10},
        Source::{From, Number},
        Width::{Double, Word},
        condition, operation,
    },
    hook::{Context, Hook},
};

/// The context; calls keep it.
const CONTEXT: Register = R6;
/// How far the frame in memory is from the one that the filter sees: 0, or the bytes of a tag.
const SHIFT: Register = R9;
const TAG_BYTES: i32 = 4;
/// What an Ethernet header has.
const LINK_BYTES: u32 = 14;
/// Where a tag begins.
const TAG_AT: u32 = 12;

// Below the memory of the classic machine, by the frame pointer.
const BUFFER: i16 = -72;
const OFFSET: i16 = -80;
const COLLECTED: i16 = -88;
/// The tag that stands beside the frame, as four bytes in the machine's order.
const TAG: i16 = -96;

mod memory;

/// See the module's description.
pub(super) struct Frame {
    hook: Hook,
    reject: Label,
}

impl Frame {
    /// Begins a program: keeps the context, and finds out about a tag.
    pub fn new(code: &mut Assembler, hook: Hook, reject: Label) -> Self {
        code.copy(Double, CONTEXT, From(R1));
        let frame = Self { hook, reject };
        match (hook.tags, hook.context) {
            (None, _) | (Some(Tags::Seen), Context::Xdp { .. }) => {}
            (Some(Tags::Seen), Context::Skb | Context::BareSkb) => Self::find_tag_beside(code),
            (Some(Tags::Skipped), _) => frame.find_tag_inside(code),
        }
        frame
    }

    /// Puts bytes at an offset into register 0, in the machine's order.
    pub fn load(&self, code: &mut Assembler, bytes: u8, at: u32) {
        let end = u64::from(at) + u64::from(bytes);
        if !self.may_shift() || end <= u64::from(TAG_AT) {
            return self.load_there(code, bytes, at, self.reject);
        }
        let behind = match self.hook.tags {
            Some(Tags::Skipped) if at >= TAG_AT => at.checked_add(4),
            Some(Tags::Seen) if at >= TAG_AT + 4 => at.checked_sub(4),
            _ => None,
        };
        let (shifted, done) = (code.label(), code.label());
        code.jump_if(Word, condition::NOT_EQUAL, SHIFT, Number(0), shifted);
        self.load_there(code, bytes, at, self.reject);
        code.jump(done);
        code.bind(shifted);
        if let Some(at) = behind {
            self.load_there(code, bytes, at, self.reject);
        } else {
            code.copy(Word, R1, Number(at.cast_signed()));
            self.collect(code, bytes);
        }
        code.bind(done);
    }

    /// The same, the offset being in register 1.
    pub fn load_indexed(&self, code: &mut Assembler, bytes: u8) {
        if !self.may_shift() {
            return self.load_by_register(code, bytes, self.reject);
        }
        let (shifted, done) = (code.label(), code.label());
        code.jump_if(Word, condition::NOT_EQUAL, SHIFT, Number(0), shifted);
        self.load_by_register(code, bytes, self.reject);
        code.jump(done);
        code.bind(shifted);
        self.collect(code, bytes);
        code.bind(done);
    }

    /// Puts the length of the frame into a register.
    pub fn load_length(&self, code: &mut Assembler, target: Register) {
        match self.hook.context {
            Context::Skb => code.load(4, target, CONTEXT, 0),
            Context::BareSkb => {
                code.load(4, target, CONTEXT, 0);
                code.compute(Word, operation::ADD, target, Number(LINK_BYTES.cast_signed()));
            }
            Context::Xdp { frags: true } => {
                const XDP_GET_BUFF_LEN: i32 = 188;
                code.copy(Double, R1, From(CONTEXT));
                code.call(XDP_GET_BUFF_LEN);
                code.copy(Double, target, From(R0));
            }
            Context::Xdp { frags: false } => {
                let (data, data_end) = self.hook.bounds();
                code.load(4, R2, CONTEXT, data);
                code.load(4, target, CONTEXT, data_end);
                code.compute(Double, operation::SUBTRACT, target, From(R2));
            }
        }
        let operation = match self.hook.tags {
            Some(Tags::Seen) => operation::ADD,
            Some(Tags::Skipped) => operation::SUBTRACT,
            None => return,
        };
        if self.may_shift() {
            code.compute(Word, operation, target, From(SHIFT));
        }
    }

    /// Whether there is a tag that the filter sees elsewhere than it is.
    fn may_shift(&self) -> bool {
        match self.hook.tags {
            None => false,
            Some(Tags::Skipped) => true,
            // What the hardware took out before, nobody knows there.
            Some(Tags::Seen) => self.hook.context.is_skb(),
        }
    }

    /// A tag that was taken out stands in the socket buffer's metadata.
    fn find_tag_beside(code: &mut Assembler) {
        const VLAN_PRESENT: i16 = 20;
        const VLAN_TCI: i16 = 24;
        const VLAN_PROTO: i16 = 28;
        let done = code.label();
        code.copy(Word, SHIFT, Number(0));
        code.store(8, R10, TAG, Number(0));
        code.load(4, R0, CONTEXT, VLAN_PRESENT);
        code.jump_if(Word, condition::EQUAL, R0, Number(0), done);
        code.copy(Word, SHIFT, Number(TAG_BYTES));
        code.load(4, R0, CONTEXT, VLAN_PROTO);
        code.turn_to_machine_order(R0, 2);
        code.compute(Word, operation::SHIFT_LEFT, R0, Number(16));
        code.load(4, R1, CONTEXT, VLAN_TCI);
        code.compute(Word, operation::OR, R0, From(R1));
        code.store(8, R10, TAG, From(R0));
        code.bind(done);
    }

    /// The outermost tag stands in the frame, unless it was taken out.
    fn find_tag_inside(&self, code: &mut Assembler) {
        const VLAN_PRESENT: i16 = 20;
        let (tagged, done) = (code.label(), code.label());
        code.copy(Word, SHIFT, Number(0));
        if self.hook.context.is_skb() {
            code.load(4, R0, CONTEXT, VLAN_PRESENT);
            code.jump_if(Word, condition::NOT_EQUAL, R0, Number(0), done);
        }
        self.load_there(code, 2, TAG_AT, done);
        for ethertype in iftop_common::parse::ETHERTYPES_VLAN {
            code.jump_if(Word, condition::EQUAL, R0, Number(ethertype.into()), tagged);
        }
        code.jump(done);
        code.bind(tagged);
        code.copy(Word, SHIFT, Number(TAG_BYTES));
        code.bind(done);
    }

    /// Of a frame with a shift: byte by byte, each from where it is. The offset is in register 1.
    fn collect(&self, code: &mut Assembler, bytes: u8) {
        code.store(8, R10, OFFSET, From(R1));
        code.store(8, R10, COLLECTED, Number(0));
        for _ in 0..bytes {
            code.load(8, R1, R10, OFFSET);
            self.load_shifted_byte(code);
            code.load(8, R1, R10, COLLECTED);
            code.compute(Double, operation::SHIFT_LEFT, R1, Number(8));
            code.compute(Double, operation::OR, R1, From(R0));
            code.store(8, R10, COLLECTED, From(R1));
            code.load(8, R1, R10, OFFSET);
            code.compute(Double, operation::ADD, R1, Number(1));
            code.store(8, R10, OFFSET, From(R1));
        }
        code.load(8, R0, R10, COLLECTED);
    }

    fn load_shifted_byte(&self, code: &mut Assembler) {
        let (here, done) = (code.label(), code.label());
        let tag_at = Number(TAG_AT.cast_signed());
        code.jump_if(Double, condition::LESS, R1, tag_at, here);
        if self.hook.tags == Some(Tags::Skipped) {
            code.compute(Double, operation::ADD, R1, Number(TAG_BYTES));
        } else {
            let behind = code.label();
            let end = TAG_AT.cast_signed() + TAG_BYTES;
            code.jump_if(Double, condition::AT_LEAST, R1, Number(end), behind);
            // A byte of the tag: the first is the highest.
            code.copy(Word, R2, Number(end - 1));
            code.compute(Word, operation::SUBTRACT, R2, From(R1));
            code.compute(Word, operation::SHIFT_LEFT, R2, Number(3));
            code.load(8, R0, R10, TAG);
            code.compute(Double, operation::SHIFT_RIGHT, R0, From(R2));
            code.compute(Double, operation::AND, R0, Number(0xff));
            code.jump(done);
            code.bind(behind);
            code.compute(Double, operation::SUBTRACT, R1, Number(TAG_BYTES));
        }
        code.bind(here);
        self.load_by_register(code, 1, self.reject);
        code.bind(done);
    }
}
