//! Bytes of the frame as it is in memory: directly where they are linear, by a call of the kernel elsewhere.
//!
//! It must never know of tags: offsets are those of what memory holds, behind an Ethernet header that may
//! stand in front of it.

use super::{BUFFER, CONTEXT, Frame, LINK_BYTES};
use crate::packet_filter::{
    assembler::{
        Assembler, Label,
        Register::{R0, R1, R2, R3, R4, R5, R10},
        Source::{From, Number},
        Width::{Double, Word},
        condition, operation,
    },
    hook::Context,
};

/// Most that an offset may be for the direct way: the verifier has a bound (`MAX_PACKET_OFF`).
const MAX_DIRECT: i32 = 0x7fff;

impl Frame {
    /// Of the frame as it is in memory.
    pub(super) fn load_there(&self, code: &mut Assembler, bytes: u8, at: u32, absent: Label) {
        let at = match self.hook.context {
            Context::BareSkb if at < LINK_BYTES => {
                code.copy(Word, R1, Number(at.cast_signed()));
                Self::load_from_link(code, bytes, absent);
                return code.turn_to_machine_order(R0, bytes);
            }
            Context::BareSkb => at - LINK_BYTES,
            _ => at,
        };
        let end = u64::from(at) + u64::from(bytes);
        let Ok(offset) = i16::try_from(at) else {
            code.copy(Word, R1, Number(at.cast_signed()));
            return self.load_from_memory(code, bytes, absent);
        };
        let (slow, done) = (code.label(), code.label());
        let (data, data_end) = self.hook.bounds();
        code.load(4, R2, CONTEXT, data);
        code.load(4, R3, CONTEXT, data_end);
        code.copy(Double, R4, From(R2));
        code.compute(Double, operation::ADD, R4, Number(i32::try_from(end).unwrap_or(i32::MAX)));
        code.jump_if(Double, condition::GREATER, R4, From(R3), slow);
        code.load(bytes, R0, R2, offset);
        code.jump(done);
        code.bind(slow);
        code.copy(Word, R1, Number(at.cast_signed()));
        self.load_by_helper(code, bytes, absent);
        code.bind(done);
        code.turn_to_machine_order(R0, bytes);
    }

    /// The same; the offset is in register 1, of 64 bits.
    pub(super) fn load_by_register(&self, code: &mut Assembler, bytes: u8, absent: Label) {
        if self.hook.context != Context::BareSkb {
            return self.load_from_memory(code, bytes, absent);
        }
        let link_bytes = LINK_BYTES.cast_signed();
        let (behind, done) = (code.label(), code.label());
        code.jump_if(Double, condition::AT_LEAST, R1, Number(link_bytes), behind);
        Self::load_from_link(code, bytes, absent);
        code.turn_to_machine_order(R0, bytes);
        code.jump(done);
        code.bind(behind);
        code.compute(Double, operation::SUBTRACT, R1, Number(link_bytes));
        self.load_from_memory(code, bytes, absent);
        code.bind(done);
    }

    /// From where memory begins, which is the IP header where the Ethernet header stands in front.
    fn load_from_memory(&self, code: &mut Assembler, bytes: u8, absent: Label) {
        let (slow, done) = (code.label(), code.label());
        let (data, data_end) = self.hook.bounds();
        code.jump_if(Double, condition::GREATER, R1, Number(MAX_DIRECT), slow);
        code.load(4, R2, CONTEXT, data);
        code.load(4, R3, CONTEXT, data_end);
        code.compute(Double, operation::ADD, R2, From(R1));
        code.copy(Double, R4, From(R2));
        code.compute(Double, operation::ADD, R4, Number(bytes.into()));
        code.jump_if(Double, condition::GREATER, R4, From(R3), slow);
        code.load(bytes, R0, R2, 0);
        code.jump(done);
        code.bind(slow);
        self.load_by_helper(code, bytes, absent);
        code.bind(done);
        code.turn_to_machine_order(R0, bytes);
    }

    /// From the Ethernet header on, where that stands in front. The offset is in register 1, of 64 bits.
    fn load_from_link(code: &mut Assembler, bytes: u8, absent: Label) {
        const SKB_LOAD_BYTES_RELATIVE: i32 = 68;
        const HDR_START_MAC: i32 = 0;
        code.store(8, R10, BUFFER, Number(0));
        code.copy(Double, R2, From(R1));
        code.copy(Double, R1, From(CONTEXT));
        code.copy(Double, R3, From(R10));
        code.compute(Double, operation::ADD, R3, Number(BUFFER.into()));
        code.copy(Double, R4, Number(bytes.into()));
        code.copy(Double, R5, Number(HDR_START_MAC));
        code.call(SKB_LOAD_BYTES_RELATIVE);
        code.jump_if(Double, condition::NOT_EQUAL, R0, Number(0), absent);
        code.load(bytes, R0, R10, BUFFER);
    }

    /// Whatever is not linear; it says so where there is nothing.
    fn load_by_helper(&self, code: &mut Assembler, bytes: u8, absent: Label) {
        const SKB_LOAD_BYTES: i32 = 26;
        const XDP_LOAD_BYTES: i32 = 189;
        let helper = match self.hook.context {
            Context::Skb | Context::BareSkb => SKB_LOAD_BYTES,
            Context::Xdp { frags: true } => XDP_LOAD_BYTES,
            Context::Xdp { frags: false } => return code.jump(absent),
        };
        // The helpers take 32 bits.
        code.jump_if(Double, condition::GREATER, R1, Number(i32::MAX), absent);
        code.store(8, R10, BUFFER, Number(0));
        code.copy(Double, R2, From(R1));
        code.copy(Double, R1, From(CONTEXT));
        code.copy(Double, R3, From(R10));
        code.compute(Double, operation::ADD, R3, Number(BUFFER.into()));
        code.copy(Double, R4, Number(bytes.into()));
        code.call(helper);
        code.jump_if(Double, condition::NOT_EQUAL, R0, Number(0), absent);
        code.load(bytes, R0, R10, BUFFER);
    }
}
