//! Reading a packet's bytes where they lie, in the widest pieces that there are, in ways that both the
//! compiler and the verifier go along with.
//!
//! The compiler would read what may be unaligned byte by byte. Every kernel that this program is for
//! reads it at once (`CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS`).

/// Offsets beyond this are not read directly; the longest chain that the parser follows ends far below.
/// The verifier needs a bound before it lets an offset be added to a packet pointer.
const MAX_OFFSET: u64 = 0x7fff;

/// So that the stack can be read in words.
#[repr(align(8))]
pub struct Aligned<T>(pub T);

/// Puts the `N` bytes at `offset` into `bytes`, where they lie between these two packet pointers.
///
/// # Safety
/// All between the pointers can be read.
#[inline(always)]
pub unsafe fn peek<const N: usize>(
    data: usize,
    data_end: usize,
    offset: u64,
    bytes: &mut [u8; N],
) -> bool {
    if offset > MAX_OFFSET {
        return false;
    }
    let start = data + bounded(offset);
    let is_there = end_of::<N>(start) <= data_end;
    if is_there {
        // SAFETY: `start..start + N` lies between the pointers, as just checked.
        *bytes = unsafe { load(start) };
    }
    is_there
}

/// The `N` bytes at an address.
///
/// # Safety
/// They can be read.
#[inline(always)]
pub unsafe fn load<const N: usize>(start: usize) -> [u8; N] {
    let mut bytes = [0; N];
    let mut place = 0;
    // SAFETY: each piece lies inside the `N` bytes that the caller vouches for.
    unsafe {
        while place + 8 <= N {
            bytes[place..place + 8].copy_from_slice(&load8(start + place).to_ne_bytes());
            place += 8;
        }
        if place + 4 <= N {
            bytes[place..place + 4].copy_from_slice(&load4(start + place).to_ne_bytes());
            place += 4;
        }
        if place + 2 <= N {
            bytes[place..place + 2].copy_from_slice(&load2(start + place).to_ne_bytes());
            place += 2;
        }
        if place < N {
            bytes[place] = *((start + place) as *const u8);
        }
    }
    bytes
}

macro_rules! load {
    ($name:ident, $type:ty, $instruction:literal) => {
        /// # Safety
        /// The bytes at the address can be read.
        #[inline(always)]
        unsafe fn $name(address: usize) -> $type {
            #[cfg(target_arch = "bpf")]
            {
                let value: u64;
                // SAFETY: one instruction that reads what the caller vouches for.
                unsafe {
                    core::arch::asm!(
                        $instruction,
                        value = lateout(reg) value,
                        address = in(reg) address,
                        options(pure, readonly, nostack),
                    );
                }
                value as $type
            }
            // SAFETY: the caller vouches for it.
            #[cfg(not(target_arch = "bpf"))]
            unsafe {
                (address as *const $type).read_unaligned()
            }
        }
    };
}

load!(load8, u64, "{value} = *(u64 *)({address} + 0)");
load!(load4, u32, "{value} = *(u32 *)({address} + 0)");
load!(load2, u16, "{value} = *(u16 *)({address} + 0)");

/// `start + N`, in a way that the compiler cannot see through.
///
/// It would turn `start + 1 <= end` into `start < end`, from which the verifier does not learn that
/// there is a byte at `start`: a strict comparison at offset 0 tells it nothing.
#[inline(always)]
fn end_of<const N: usize>(start: usize) -> usize {
    #[cfg(target_arch = "bpf")]
    {
        let end;
        // SAFETY: one addition to a register. (An empty `asm!` would do for the compiler, but leaves
        // a line in the debug information that has no instruction, and the kernel refuses that.)
        unsafe {
            core::arch::asm!(
                "{end} += {n}",
                end = inlateout(reg) start => end,
                n = const N,
                options(pure, nomem, nostack),
            );
        }
        end
    }
    #[cfg(not(target_arch = "bpf"))]
    {
        start + N
    }
}

/// An offset that is at most [`MAX_OFFSET`], in a register of which the verifier knows it.
///
/// The compiler may compare one register, say the offset before an addition, and then use another;
/// the verifier would not connect the two.
#[inline(always)]
pub fn bounded(offset: u64) -> usize {
    #[cfg(target_arch = "bpf")]
    {
        let bounded: usize;
        // SAFETY: one operation on a register, without effect on an offset in bounds.
        unsafe {
            core::arch::asm!(
                "{offset} &= {mask}",
                offset = inlateout(reg) offset as usize => bounded,
                mask = const MAX_OFFSET,
                options(pure, nomem, nostack),
            );
        }
        bounded
    }
    #[cfg(not(target_arch = "bpf"))]
    {
        offset as usize
    }
}
