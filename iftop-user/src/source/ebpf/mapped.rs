//! Maps that are shared memory: what each CPU counts with, and tables of lines.
//!
//! After mapping they need no system call and no privilege.
#![expect(unsafe_code, reason = "mmap(2), and reading what the kernel program writes")]

use std::{
    io,
    marker::PhantomData,
    os::fd::{AsRawFd as _, BorrowedFd},
    ptr::{self, NonNull},
    slice,
    sync::atomic::{AtomicU64, Ordering},
};

use iftop_common::{HalfOfCpu, PerCpu, Totals, flat::Bucket};

/// What may be read from shared memory: every bit pattern is a value.
///
/// # Safety
/// `repr(C)`, made of integers.
trait Plain: Copy {}

impl Plain for PerCpu {}
impl Plain for Bucket {}

/// A shared mapping of an array map (`BPF_F_MMAPABLE`) of so many values, unmapped on drop. An
/// array's values stand a multiple of 8 bytes apart, as those of these types do.
pub(super) struct Mapped<T> {
    start: NonNull<libc::c_void>,
    len: usize,
    values: PhantomData<T>,
}

// SAFETY: the mapping belongs to the process, not to the thread that made it.
unsafe impl<T> Send for Mapped<T> {}

#[expect(private_bounds, reason = "for the types above, and no others")]
impl<T: Plain> Mapped<T> {
    pub(super) fn new(map: BorrowedFd<'_>, len: usize) -> io::Result<Self> {
        // SAFETY: a new mapping at an address of the kernel's choice touches nothing that exists.
        let start = unsafe {
            libc::mmap(
                ptr::null_mut(),
                len * size_of::<T>(),
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                map.as_raw_fd(),
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // A process that is forked from this one would keep the map alive.
        // SAFETY: exactly what was mapped just now.
        unsafe { libc::madvise(start, len * size_of::<T>(), libc::MADV_DONTFORK) };
        let start = NonNull::new(start).ok_or(io::ErrorKind::InvalidData)?;
        Ok(Self { start, len, values: PhantomData })
    }

    /// A piece of the values that no program uses: of a half that was retired, or before any
    /// program runs.
    pub(super) fn quiet(&mut self, first: usize, len: usize) -> &mut [T] {
        assert!(first + len <= self.len, "{first} + {len} of {} values", self.len);
        // SAFETY: inside the mapping, which is aligned to pages; every bit pattern is a value;
        // nobody else touches a quiet piece, and `self` is borrowed while it is looked at.
        unsafe { slice::from_raw_parts_mut(self.start.cast::<T>().as_ptr().add(first), len) }
    }
}

impl<T> Drop for Mapped<T> {
    fn drop(&mut self) {
        // SAFETY: exactly what `new` mapped; no reference into it outlives `self`.
        unsafe { libc::munmap(self.start.as_ptr(), self.len * size_of::<T>()) };
    }
}

/// What each CPU counts with.
pub(super) struct Cpus(Mapped<PerCpu>);

impl Cpus {
    pub(super) fn map(map: BorrowedFd<'_>, cpus: usize) -> io::Result<Self> {
        Mapped::new(map, cpus).map(Self)
    }

    fn each(&self) -> impl Iterator<Item = NonNull<PerCpu>> {
        let first = self.0.start.cast::<PerCpu>();
        // SAFETY: inside the mapping.
        (0..self.0.len).map(move |cpu| unsafe { first.add(cpu) })
    }

    /// Where CPUs find their shards; only before any program runs.
    pub(super) fn quiet(&mut self) -> &mut [PerCpu] {
        let cpus = self.0.len;
        self.0.quiet(0, cpus)
    }

    /// Programs that start after this count into the new half; see `grace` for those that run.
    pub(super) fn store_epoch(&self, epoch: u32) {
        for cpu in self.each() {
            // SAFETY: an aligned u64 in the mapping, which lives as long as `self`.
            let value = unsafe { AtomicU64::from_ptr(&raw mut (*cpu.as_ptr()).epoch) };
            value.store(epoch.into(), Ordering::SeqCst);
        }
    }

    /// The totals of a half that no program uses, by CPU.
    pub(super) fn quiet_totals(&mut self, half: usize) -> impl Iterator<Item = &mut Totals> {
        assert!(half < 2, "there are two halves");
        // SAFETY: inside the mapping; every bit pattern is a value; nobody else touches this half of
        // them, and `self` is borrowed while they are looked at.
        self.each().map(move |cpu| unsafe {
            let halves = (&raw mut (*cpu.as_ptr()).halves).cast::<HalfOfCpu>();
            &mut (*halves.add(half)).totals
        })
    }
}
