//! Which CPUs there are, and how many there may be.
#![expect(unsafe_code, reason = "the raw sched_getaffinity(2)")]

use std::{io, num::NonZero, thread};

/// An upper bound of CPU numbers: the bits in the kernel's CPU masks, which are a few dozen more
/// than there are CPUs. Unlike the list in sysfs it can be had where no sysfs is mounted.
pub(super) fn possible() -> io::Result<u32> {
    let mut mask = [0_u64; 1024];
    // SAFETY: the kernel writes at most as many bytes as it is told the buffer has. The raw call
    // returns how many that were: `nr_cpu_ids` bits, rounded up to whole words.
    let bytes = unsafe {
        libc::syscall(libc::SYS_sched_getaffinity, 0, size_of_val(&mask), mask.as_mut_ptr())
    };
    let bytes = u32::try_from(bytes).map_err(|_| io::Error::last_os_error())?;
    Ok(bytes * u8::BITS)
}

/// Those that are at work now. Where no sysfs is mounted all that this thread may run on.
pub(super) fn online() -> Vec<u32> {
    aya::util::online_cpus().unwrap_or_else(|_| {
        let count = thread::available_parallelism().map_or(1, NonZero::get);
        (0..u32::try_from(count).unwrap_or(u32::MAX)).collect()
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn there_is_room_for_every_cpu() {
        let bound = super::possible().unwrap();
        for cpu in aya::util::online_cpus().unwrap() {
            assert!(cpu < bound, "CPU {cpu} of {bound}");
        }
    }
}
