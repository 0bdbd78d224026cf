//! Maps that are shared memory: the epoch, and the totals.
//!
//! After mapping they need no system call and no privilege.
#![expect(unsafe_code, reason = "mmap(2), and reading what the kernel program writes")]

use std::{
    io,
    os::fd::{AsRawFd as _, BorrowedFd},
    ptr::{self, NonNull},
    sync::atomic::{AtomicU32, Ordering},
};

use iftop_common::Totals;

/// A shared mapping of an array map (`BPF_F_MMAPABLE`), unmapped on drop.
struct Mapping {
    start: NonNull<libc::c_void>,
    bytes: usize,
}

// SAFETY: the mapping belongs to the process, not to the thread that made it.
unsafe impl Send for Mapping {}

impl Mapping {
    fn new(map: BorrowedFd<'_>, bytes: usize) -> io::Result<Self> {
        // SAFETY: a new mapping at an address of the kernel's choice touches nothing that exists.
        let start = unsafe {
            libc::mmap(
                ptr::null_mut(),
                bytes,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                map.as_raw_fd(),
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start).ok_or(io::ErrorKind::InvalidData)?;
        Ok(Self { start, bytes })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: exactly what `new` mapped; no reference into it outlives `self`.
        unsafe { libc::munmap(self.start.as_ptr(), self.bytes) };
    }
}

/// The epoch: its lowest bit is the half that is counted into.
pub(super) struct Epoch(Mapping);

impl Epoch {
    pub(super) fn map(map: BorrowedFd<'_>) -> io::Result<Self> {
        Mapping::new(map, size_of::<u32>()).map(Self)
    }

    /// Programs that start after this count into the new half; see `grace` for those that run.
    pub(super) fn store(&self, epoch: u32) {
        // SAFETY: the mapping holds at least one aligned u32 and lives as long as `self`.
        let value = unsafe { self.0.start.cast::<AtomicU32>().as_ref() };
        value.store(epoch, Ordering::SeqCst);
    }
}

/// The totals: for each half, a line per CPU.
pub(super) struct TotalsLines {
    mapping: Mapping,
    cpus: usize,
}

impl TotalsLines {
    pub(super) fn map(map: BorrowedFd<'_>, cpus: u32) -> io::Result<Self> {
        let cpus = cpus as usize;
        let mapping = Mapping::new(map, 2 * cpus * size_of::<Totals>())?;
        Ok(Self { mapping, cpus })
    }

    /// Sums the lines of one half and zeroes them. The half must be quiet: no program uses it.
    pub(super) fn take(&mut self, half: usize) -> Totals {
        assert!(half < 2, "there are two halves");
        let mut sum = Totals::default();
        let lines = self.mapping.start.cast::<Totals>();
        for line in half * self.cpus..(half + 1) * self.cpus {
            // SAFETY: `line` is below 2 × cpus, the length of the mapping; every bit pattern is a
            // `Totals`; nobody else touches a quiet half. Volatile, as the kernel does so otherwise.
            unsafe {
                let line = lines.add(line);
                sum += line.read_volatile();
                line.write_volatile(Totals::default());
            }
        }
        sum
    }
}
