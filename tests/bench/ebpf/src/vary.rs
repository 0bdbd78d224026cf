//! Turning a packet into one of another flow, in place.
//!
//! What to do stands at the end of the packet itself, and so does the state of the random numbers:
//! test runs repeat with one packet, so each runner has a state of its own without any map.

use aya_ebpf::helpers::bpf_ktime_get_ns;

/// Where the instructions stand; no header that is measured reaches so far.
const OFFSET: usize = 96;

/// The instructions, as `tests/bench/packet.rs` writes them, in the machine's byte order.
#[repr(C)]
#[derive(Clone, Copy)]
struct Instructions {
    /// Of the random numbers, or how many packets there were.
    state: u64,
    /// Where the number of the flow goes: the last four bytes of an address.
    place: u8,
    /// A second such place, 0 for none.
    second_place: u8,
    /// There are 2 to the power of this many flows; at most 32.
    bits: u8,
    /// See the constants.
    mode: u8,
    /// From one packet to the next, where that is paced: nanoseconds, 0 for none.
    gap: u32,
}

/// All flows are equally likely.
const UNIFORM: u8 = 0;
/// The logarithm of the flow's number is uniform: flow n is as likely as 1/n.
const SKEWED: u8 = 1;
// Anything else: one flow after the other.

/// Of a linear congruential generator (Knuth, MMIX).
const MULTIPLIER: u64 = 6_364_136_223_846_793_005;
const INCREMENT: u64 = 1_442_695_040_888_963_407;

/// Overwrites the places in the packet; the state of the random numbers stays in it. Leaves a packet
/// without instructions alone.
///
/// A function of its own, so that what stands before is compiled as it is without this.
#[inline(never)]
pub fn vary(data: usize, data_end: usize) {
    let Some(instructions) = instructions(data, data_end) else { return };
    // SAFETY: inside the packet, as was checked; the target takes addresses of any alignment.
    let read = unsafe { instructions.read_volatile() };
    let (next, flow) = pick(&read, read.state);
    // SAFETY: as above.
    unsafe { (&raw mut (*instructions).state).write_volatile(next) };
    write(data, data_end, read.place, flow);
    if read.second_place != 0 {
        write(data, data_end, read.second_place, flow);
    }
}

/// The same with a state that outlives the packet: live frames come in pages that are used again, each
/// with what was last written to it.
#[inline(always)]
pub fn vary_by(data: usize, data_end: usize, state: &mut u64, due: &mut u64) {
    let Some(instructions) = instructions(data, data_end) else { return };
    // SAFETY: as above.
    let read = unsafe { instructions.read_volatile() };
    let (next, flow) = pick(&read, *state);
    *state = next;
    write(data, data_end, read.place, flow);
    if read.gap != 0 {
        wait_until(*due);
        *due = (*due).max(now().saturating_sub(MOST_BEHIND)) + u64::from(read.gap);
    }
}

/// What was not sent for so many nanoseconds is not made up for.
const MOST_BEHIND: u64 = 10_000_000;
/// Looks at the clock at most, each of some 20 ns: more than the longest gap takes.
const LOOKS: u32 = 4096;

/// Keeps the CPU, which has nothing else to do: there is no sleep here.
#[inline(always)]
fn wait_until(due: u64) {
    for _ in 0..LOOKS {
        if now() >= due {
            break;
        }
    }
}

#[inline(always)]
fn now() -> u64 {
    // SAFETY: takes nothing.
    unsafe { bpf_ktime_get_ns() }
}

#[inline(always)]
fn instructions(data: usize, data_end: usize) -> Option<*mut Instructions> {
    let start = data + OFFSET;
    (start + size_of::<Instructions>() <= data_end).then_some(start as *mut Instructions)
}

/// The next state, and the number of a flow.
#[inline(always)]
fn pick(instructions: &Instructions, state: u64) -> (u64, u32) {
    let bits = u64::from(instructions.bits & 63);
    let (next, flow) = match instructions.mode {
        UNIFORM => {
            let next = advance(state);
            (next, (next >> 32) >> (32 - bits))
        }
        SKEWED => {
            let next = advance(state);
            let bits = ((next >> 48) * (bits + 1)) >> 16;
            (next, ((next >> 16) & 0xffff_ffff) >> (32 - bits))
        }
        _ => (state + 1, state & ((1 << bits) - 1)),
    };
    (next, flow as u32)
}

#[inline(always)]
fn advance(state: u64) -> u64 {
    state.wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT)
}

#[inline(always)]
fn write(data: usize, data_end: usize, place: u8, flow: u32) {
    let place = data + usize::from(place & 63);
    if place + 4 <= data_end {
        // In 10.0.0.0/8 as long as there are no more than 2^24.
        let address = 0x0a00_0000 ^ flow;
        // SAFETY: inside the packet, as just checked. Volatile, so that the parser behind reads the
        // packet as it would any other.
        unsafe { (place as *mut [u8; 4]).write_volatile(address.to_be_bytes()) };
    }
}
